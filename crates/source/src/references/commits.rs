//! Commits by their object ids.

use std::sync::LazyLock;

use lichen_model::{Detector, Named};
use regex::Regex;

use super::{Found, after, before};

static HEX: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9a-fA-F]{7,64}\b").expect("the pattern is right"));
/// What people write before a commit.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\bcommits?|\bsha1?|\brev(?:ision)?|\brevert(?:s|ed)?|\bsince|\bpicked from commit)[ :=]*[`(\[]?$|[\w-]@$")
        .expect("the pattern is right")
});
/// Bytes before a hash that are looked at.
const BEFORE_BYTES: usize = 40;

pub(super) fn detect(text: &str, found: &mut Found) {
    for hex in HEX.find_iter(text) {
        let span = hex.range();
        let oid = hex.as_str();
        // Mixed cases are no object id, nor are 41 to 63 digits.
        let lower = oid.bytes().all(|byte| !byte.is_ascii_uppercase());
        let fits = oid.len() <= 40 || oid.len() == 64;
        let glued =
            |char: char| matches!(char, '.' | '/' | '#' | '-' | '_' | '$' | '%' | '+' | '=');
        // A stop ends a sentence, unless something follows it.
        let goes_on = match after(text, span.end) {
            Some('.') => after(text, span.end + 1).is_some_and(char::is_alphanumeric),
            Some(char) => matches!(char, '-' | '_' | '=' | '/'),
            None => false,
        };
        let quoted = before(text, span.start) == Some('`') && after(text, span.end) == Some('`');
        let from = text.floor_char_boundary(span.start.saturating_sub(BEFORE_BYTES));
        let said = quoted || SAID.is_match(&text[from..span.start]);
        let alone = before(text, span.start).is_none_or(|char| !glued(char));
        let has_letter = oid.bytes().any(|byte| byte.is_ascii_alphabetic());
        // Digits alone are numbers nearly always, and letters alone mostly words.
        let has_digit = oid.bytes().any(|byte| byte.is_ascii_digit());
        let plausible = has_letter && (has_digit || oid.len() == 40) || said;
        if lower && fits && alone && !goes_on && plausible {
            found.add(span, Detector::Commit, Named::Commit { oid: oid.to_owned(), said });
        }
    }
}
