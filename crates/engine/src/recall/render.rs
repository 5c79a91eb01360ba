//! An answer as text: one line a hit, under a hard cap.

use std::fmt::Write as _;

use super::answer::{Answer, Hit, Scope};
use crate::when::format_date;

/// Bytes that are counted as one token.
pub const TOKEN_BYTES: usize = 4;

/// `answer` as text of at most `budget` tokens, counted at [`TOKEN_BYTES`] bytes each over the whole string. Hits
/// that do not fit are left out, and the header says how many there are. Recalled text stands in quotation marks: it
/// is data, whatever it says.
pub fn answer_text(answer: &Answer, budget: usize) -> String {
    let bytes_max = budget.saturating_mul(TOKEN_BYTES);
    let lines: Vec<String> = answer.hits.iter().map(hit_line).collect();
    let mut shown = lines.len();
    loop {
        let mut text = header(&answer.scope, shown, answer.candidates);
        for line in &lines[..shown] {
            text.push('\n');
            text.push_str(line);
        }
        if text.len() <= bytes_max {
            return text;
        }
        let Some(fewer) = shown.checked_sub(1) else {
            return cut(text, bytes_max);
        };
        shown = fewer;
    }
}

fn header(scope: &Scope, shown: usize, candidates: usize) -> String {
    let kinds: Vec<&str> = scope.kinds.iter().map(|kind| kind.name()).collect();
    let head = scope.head.as_deref().map_or("none", abbreviated);
    let lag = scope.lag.map_or_else(|| "unknown".to_owned(), |lag| lag.to_string());
    let mut text =
        format!("scope={} head={head} lag={lag} hits={shown}/{candidates}", kinds.join(","));
    if candidates == 0 {
        let _ = write!(text, " nothing relevant in {} passages", scope.passages);
    }
    for note in &scope.notes {
        let _ = write!(text, "\nnote: {note}");
    }
    text
}

/// The first eight characters of an object id.
fn abbreviated(oid: &str) -> &str {
    oid.get(..8).unwrap_or(oid)
}

fn hit_line(hit: &Hit) -> String {
    let mut line = format!("{} {} {}", hit.handle(), hit.kind.name(), format_date(hit.at));
    // A handle of a tree has the place in it.
    if !hit.place.is_empty() && hit.revision.is_none() {
        let _ = write!(line, " {}", hit.place);
    }
    if let Some(commit) = &hit.commit {
        let space = if hit.revision.is_none() { "" } else { " " };
        let _ = write!(line, "{space}@{}", abbreviated(commit));
    }
    if !hit.author.is_empty() {
        let _ = write!(line, " {}", one_line(&hit.author));
    }
    for flag in &hit.flags {
        let _ = write!(line, " [{}]", flag.name());
    }
    let _ = write!(line, " \"{}\"", hit.snippet);
    printable(&line)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` without control characters and without characters that hide or turn text around: recalled text must not
/// drive a terminal or deceive its reader.
pub fn printable(text: &str) -> String {
    text.chars().filter(|&char| !deceives(char)).collect()
}

fn deceives(char: char) -> bool {
    (char.is_control() && char != '\n' && char != '\t')
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(char, '\u{e0000}'..='\u{e007f}')
}

fn cut(mut text: String, bytes_max: usize) -> String {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use lichen_model::{AnyId, Id, Kind, PassageKind, Timestamp};

    use super::super::answer::Flag;
    use super::*;

    fn answer(hits: usize) -> Answer {
        let hit = |place: usize| Hit {
            id: AnyId::full(Kind::Passage, Id::from_u128(place as u128)),
            revision: None,
            kind: PassageKind::Doc,
            at: Timestamp(0),
            author: String::new(),
            place: "docs/a.md:3-9".to_owned(),
            commit: Some("0123456789abcdef".to_owned()),
            flags: vec![Flag::Moved],
            score: 1.0,
            snippet: "one owner".to_owned(),
            text: String::new(),
        };
        let scope = Scope {
            kinds: vec![PassageKind::Doc],
            passages: 7,
            head: None,
            lag: Some(0),
            notes: vec![],
        };
        Answer { scope, hits: (0..hits).map(hit).collect(), candidates: hits * 3 }
    }

    #[test]
    fn one_line_a_hit_below_the_header() {
        insta::assert_snapshot!(answer_text(&answer(2), 1000), @r#"
        scope=doc head=none lag=0 hits=2/6
        p0000000000 doc 1970-01-01 docs/a.md:3-9@01234567 [moved] "one owner"
        p0000000001 doc 1970-01-01 docs/a.md:3-9@01234567 [moved] "one owner"
        "#);
    }

    #[test]
    fn the_budget_is_a_hard_cap_on_the_whole_string() {
        for budget in 0..60 {
            let text = answer_text(&answer(3), budget);
            assert!(text.len() <= budget * TOKEN_BYTES, "{budget}: {}", text.len());
        }
        assert!(answer_text(&answer(3), 30).contains("hits=1/9"));
    }

    #[test]
    fn nothing_relevant_costs_little_and_says_where_it_looked() {
        let text = answer_text(&answer(0), 1000);
        assert!(text.contains("nothing relevant in 7 passages"), "{text}");
        assert!(text.len() < 30 * TOKEN_BYTES, "{text}");
    }

    #[test]
    fn recalled_text_cannot_drive_the_terminal_or_hide() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\u{e0041}\u{200b}d\te"), "a[31mbcd\te");
    }
}
