//! Cutting texts into passages: pure functions from a text to spans of it.
//!
//! **Invariant:** the spans lie on character boundaries, in order, without overlap; together they cover every
//! character that is not blank; none is longer than [`MAX_BYTES`]; the same text is always cut the same way.

mod code;
mod definition;
mod markdown;
mod notebook;
mod pack;
mod rst;

use std::ops::Range;

use lichen_model::{DocumentKind, Owner, Passage, PassageKind};

pub use code::cut_code;
pub use markdown::cut_markdown;
pub use notebook::cut_notebook;
pub use rst::cut_rst;

pub(crate) use markdown::{first_heading as first_markdown_heading, front_matter_end};
pub(crate) use notebook::{CODE_CELL, MARKDOWN_CELL};
pub(crate) use rst::first_heading as first_rst_heading;

use pack::{Block, Limits};

/// No span is longer than this.
pub const MAX_BYTES: usize = 2_000;

/// Prose: paragraphs of one section are joined up to about this size.
const PROSE: Limits = Limits { min: 200, target: 1_000, max: MAX_BYTES };
/// A commit's message stays whole where it can: its passages share one context.
const COMMIT: Limits = Limits { min: 200, target: MAX_BYTES, max: MAX_BYTES };

/// A span of a text, and the words above it that place it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// The line on which it starts, from 1.
    pub line: u32,
    /// The headings above, outermost first, or the definitions around; empty for none.
    pub context: String,
    /// It is source code, not prose.
    pub code: bool,
}

/// Plain text, at paragraphs.
pub fn cut_text(text: &str) -> Vec<Piece> {
    cut_paragraphs(text, PROSE)
}

/// A message, at paragraphs; fenced code of it is kept together where it fits.
pub fn cut_message(text: &str) -> Vec<Piece> {
    if text.len() <= PROSE.target {
        return whole(text);
    }
    // A chat's `#` or `---` at the start of a line is rarely a heading, and a heading's words are in the text anyway.
    let blocks =
        markdown::blocks(text).into_iter().map(|block| Block { section: 0, ..block }).collect();
    pack::pieces(text, pack::pack(text, blocks, PROSE), |_| String::new())
}

/// A message of which the `silent` spans, in order, are left out: each stretch between two is cut on its own.
pub fn cut_message_but(text: &str, silent: &[Range<usize>]) -> Vec<Piece> {
    if silent.is_empty() {
        return cut_message(text);
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    let end = text.len()..text.len();
    for span in silent.iter().chain(std::iter::once(&end)) {
        let stretch = start..span.start.max(start);
        start = span.end.max(start);
        let Some(said) = text.get(stretch.clone()) else { continue };
        let above = pack::line_ends(&text[..stretch.start]);
        let lines = u32::try_from(above).unwrap_or(u32::MAX);
        pieces.extend(cut_message(said).into_iter().map(|piece| Piece {
            span: piece.span.start + stretch.start..piece.span.end + stretch.start,
            line: piece.line.saturating_add(lines),
            ..piece
        }));
    }
    pieces
}

/// A commit's message, at paragraphs where it is too long for one passage.
pub fn cut_commit(text: &str) -> Vec<Piece> {
    if text.len() <= COMMIT.target { whole(text) } else { cut_paragraphs(text, COMMIT) }
}

/// A document's text, by its kind.
pub fn cut_document(kind: DocumentKind, text: &str) -> Vec<Piece> {
    match kind {
        DocumentKind::Markdown => cut_markdown(text),
        DocumentKind::Rst => cut_rst(text),
        DocumentKind::Text => cut_text(text),
        DocumentKind::Code => cut_code(text),
        DocumentKind::Notebook => cut_notebook(text),
    }
}

/// The passages of `owner` for the `pieces` of its text, of `kind` but for those that are code. `context` stands before each piece's own. A text without
/// words still gets one passage, over an empty span, where there is a context to find it by.
pub fn passages(
    owner: Owner,
    kind: PassageKind,
    context: &str,
    pieces: Vec<Piece>,
) -> Vec<Passage> {
    if pieces.is_empty() && !context.is_empty() {
        return vec![Passage {
            owner,
            ord: 0,
            kind,
            span: 0..0,
            line: 1,
            context: context.to_owned(),
        }];
    }
    let passage = |(ord, piece): (usize, Piece)| {
        let context = match (context.is_empty(), piece.context.is_empty()) {
            (_, true) => context.to_owned(),
            (true, false) => piece.context,
            (false, false) => format!("{context}\n{}", piece.context),
        };
        // Readers limit what they take in far below 4 GiB; a span beyond it could not be stored.
        let span = u32::try_from(piece.span.start).ok()?..u32::try_from(piece.span.end).ok()?;
        let kind = if piece.code { PassageKind::Code } else { kind };
        Some(Passage {
            owner,
            ord: u32::try_from(ord).ok()?,
            kind,
            span,
            line: piece.line,
            context,
        })
    };
    pieces.into_iter().enumerate().map_while(passage).collect()
}

fn whole(text: &str) -> Vec<Piece> {
    let block = Block { range: 0..text.len(), section: 0 };
    pack::pieces(text, vec![block], |_| String::new())
}

fn cut_paragraphs(text: &str, limits: Limits) -> Vec<Piece> {
    let blocks = pack::paragraphs(text, 0..text.len(), 0);
    pack::pieces(text, pack::pack(text, blocks, limits), |_| String::new())
}

#[cfg(test)]
mod tests;
