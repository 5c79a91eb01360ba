//! What was said about code, as answers quote it: one quotation for each text, the surest.

use std::collections::HashSet;

use lichen_store::{Said, SpokenOf};

use super::answer::Conversation;
use crate::{Error, Reader};

/// Characters of a quotation.
const QUOTE_CHARS: usize = 200;
/// References that are looked at for one answer: a text may hold many.
const REFERENCES_MAX: usize = 200;

impl Reader {
    /// What was said of `of`: at most `count` texts, the surest first and of those the newest.
    pub(super) fn conversations(
        &self,
        of: SpokenOf,
        count: usize,
    ) -> Result<Vec<Conversation>, Error> {
        let said = self.said(of, REFERENCES_MAX)?;
        Ok(each_text_once(said.iter()).take(count).map(conversation).collect())
    }
}

/// The first reference of each text.
pub(super) fn each_text_once<'a>(
    said: impl Iterator<Item = &'a Said>,
) -> impl Iterator<Item = &'a Said> {
    let mut seen = HashSet::new();
    said.filter(move |said| seen.insert(said.owner))
}

/// A reference as answers show it.
pub(super) fn conversation(said: &Said) -> Conversation {
    let of = if said.symbol.is_some() {
        "symbol"
    } else if said.commit.is_some() {
        "commit"
    } else {
        "file"
    };
    Conversation {
        id: said.owner,
        author: said.author.clone(),
        at: said.at,
        place: said.place.clone(),
        quote: quote(&said.text, said.span),
        raw: said.raw.clone(),
        of,
        detector: said.detector.as_str(),
        rule: said.rule.clone(),
        confidence: said.confidence,
    }
}

/// The words around a span, on one line.
fn quote(text: &str, (start, end): (u32, u32)) -> String {
    let boundary = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (boundary(start), boundary(end));
    let room = QUOTE_CHARS.saturating_sub(text[start..end.max(start)].chars().count());
    let mut first = start;
    for (at, char) in text[..start].char_indices().rev().take(room / 2) {
        // A paragraph is what belongs together.
        if char == '\n' && text[..at].ends_with('\n') {
            break;
        }
        first = at;
    }
    let mut line = String::new();
    if first > 0 {
        line.push_str("... ");
    }
    let mut rest = text[first..].chars();
    let shown: String = rest.by_ref().take(QUOTE_CHARS).collect();
    let shown = shown.split("\n\n").next().map_or("", |paragraph| {
        if text[first..].find("\n\n").is_some_and(|at| first + at < end) {
            &shown
        } else {
            paragraph
        }
    });
    line.push_str(&shown.split_whitespace().collect::<Vec<_>>().join(" "));
    if rest.next().is_some() {
        line.push_str(" ...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_shows_the_paragraph_around() {
        let text = "First things.\n\nWhy does `parse` drop\nthe last line?\n\nBecause.";
        let start = u32::try_from(text.find("`parse`").unwrap()).unwrap();
        assert_eq!(quote(text, (start, start + 7)), "... Why does `parse` drop the last line?");
        let long = format!("{} marker {}", "word ".repeat(100), "more ".repeat(100));
        let at = u32::try_from(long.find("marker").unwrap()).unwrap();
        let quoted = quote(&long, (at, at + 6));
        assert!(
            quoted.contains("marker") && quoted.starts_with("... ") && quoted.ends_with(" ...")
        );
        assert!(quoted.chars().count() <= QUOTE_CHARS + 10);
        assert_eq!(quote("é", (1, 9)), "é");
        assert_eq!(quote("", (0, 0)), "");
    }
}
