//! A file's bytes as a document's text, with its title, fields and labels.

use std::borrow::Cow;

use lichen_model::DocumentKind;

use super::{encoding, front_matter, notebook};
use crate::passage;
use crate::redact::Redactor;

/// Code whose lines are longer than this on average was written by a machine for a machine.
const CODE_LINE_BYTES_MAX: usize = 500;
/// Prose may have a paragraph on a line; longer ones are data.
const PROSE_LINE_BYTES_MAX: usize = 5_000;
/// Lines at the start in which generators leave their mark.
const GENERATED_LINES: usize = 8;

/// Why a file is no document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is binary, generated or minified.
    NoText,
    /// It is not what its name says.
    Damaged(String),
}

/// A document's text and what it says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) text: String,
    pub(super) title: Option<String>,
    /// A JSON object; empty for none.
    pub(super) meta: String,
    pub(super) tags: Vec<String>,
    pub(super) problems: Vec<String>,
}

/// Secrets leave the text before anything is made of it: its hash, title, fields and passages tell none.
pub(super) fn read(
    bytes: &[u8],
    kind: DocumentKind,
    redactor: Option<&Redactor>,
) -> Result<Document, Refused> {
    let (mut text, problem) = encoding::decode(bytes).ok_or(Refused::NoText)?;
    if kind != DocumentKind::Notebook
        && let Some(Cow::Owned(redacted)) = redactor.map(|redactor| redactor.redact(&text))
    {
        text = Cow::Owned(redacted);
    }
    let mut document = Document {
        problems: problem.into_iter().map(ToOwned::to_owned).collect(),
        ..Document::default()
    };
    if kind == DocumentKind::Notebook {
        document.text = notebook::text(&text).map_err(Refused::Damaged)?;
        if let Some(redactor) = redactor {
            redactor.apply(&mut document.text);
        }
        document.title = notebook::title(&document.text);
        return Ok(document);
    }
    let limit = if kind == DocumentKind::Code { CODE_LINE_BYTES_MAX } else { PROSE_LINE_BYTES_MAX };
    if text.len() / text.lines().count().max(1) > limit
        || (kind == DocumentKind::Code && is_generated(&text))
    {
        return Err(Refused::NoText);
    }
    match kind {
        DocumentKind::Markdown => {
            let front = front_matter::read(&text);
            document.title = front.title.or_else(|| passage::first_markdown_heading(&text));
            document.meta = front.meta;
            document.tags = front.tags;
            document.problems.extend(front.problem);
        }
        DocumentKind::Rst => document.title = passage::first_rst_heading(&text),
        DocumentKind::Text | DocumentKind::Code | DocumentKind::Notebook => {}
    }
    document.text = text.into_owned();
    Ok(document)
}

/// The marks that tools agree on: `@generated`, and Go's `Code generated ... DO NOT EDIT.`
pub(crate) fn is_generated(text: &str) -> bool {
    text.lines().take(GENERATED_LINES).any(|line| {
        line.contains("@generated") || (line.contains("generated") && line.contains("DO NOT EDIT"))
    })
}

#[cfg(test)]
mod tests;
