//! From text to terms: identifiers whole and in parts, words stemmed, stop words dropped from prose.
//!
//! A word is a run of letters, digits and underscores, accents stripped; a Chinese or Japanese character is a word
//! of its own. A word of several parts (`HttpServer2`, `read_to_end`) gives itself in lower case and its parts,
//! which stand one position apart; the whole stands where its first part does. Parts are stemmed (Snowball,
//! English), wholes are exact.

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use xxhash_rust::xxh3::xxh3_64;

use super::stop_words::is_stop_word;

/// Longer terms are not words and are dropped.
const TERM_BYTES_MAX: usize = 64;
/// Places for stems already computed, for an analyzer of many texts.
pub(crate) const MANY: usize = 1 << 13;
/// The same for an analyzer of one query.
pub(crate) const FEW: usize = 16;

/// Cuts texts into terms. Keeps stems it has computed, so one is used for many texts.
pub(crate) struct Analyzer {
    stemmer: Stemmer,
    stop: bool,
    /// Words and their stems, each where its hash says.
    stems: Vec<(Box<str>, Box<str>)>,
    lower: String,
    whole: String,
}

impl Analyzer {
    /// An analyzer that drops stop words, or not, with places for so many stems.
    pub(crate) fn new(stop: bool, stems: usize) -> Self {
        Self {
            stemmer: Stemmer::create(Algorithm::English),
            stop,
            stems: vec![Default::default(); stems],
            lower: String::new(),
            whole: String::new(),
        }
    }

    /// Whether it drops stop words.
    pub(crate) fn stops(&self) -> bool {
        self.stop
    }

    /// Calls `each` with every term and its position.
    pub(crate) fn analyze(&mut self, text: &str, mut each: impl FnMut(&str, u32)) {
        let mut position = 0;
        if text.is_ascii() {
            for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                self.word(word, &mut position, &mut each);
            }
            return;
        }
        let plain: String = text.nfd().filter(|c| !is_combining_mark(*c)).collect();
        for word in plain.split(|c: char| !c.is_alphanumeric() && c != '_') {
            let mut rest = word;
            while let Some(at) = rest.find(stands_alone) {
                self.word(&rest[..at], &mut position, &mut each);
                let after = at + rest[at..].chars().next().map_or(1, char::len_utf8);
                self.word(&rest[at..after], &mut position, &mut each);
                rest = &rest[after..];
            }
            self.word(rest, &mut position, &mut each);
        }
    }

    fn word(&mut self, word: &str, position: &mut u32, each: &mut impl FnMut(&str, u32)) {
        let word = word.trim_matches('_');
        if word.is_empty() {
            return;
        }
        let mut parts = parts(word);
        let first = parts.next().unwrap_or(word);
        if first.len() < word.len() && word.len() <= TERM_BYTES_MAX {
            self.whole.clear();
            push_lower(&mut self.whole, word);
            each(&self.whole, *position);
        }
        for part in std::iter::once(first).chain(parts) {
            self.part(part, *position, each);
            *position += 1;
        }
    }

    fn part(&mut self, part: &str, position: u32, each: &mut impl FnMut(&str, u32)) {
        self.lower.clear();
        push_lower(&mut self.lower, part);
        if self.lower.len() > TERM_BYTES_MAX || (self.stop && is_stop_word(&self.lower)) {
            return;
        }
        #[expect(clippy::cast_possible_truncation, reason = "only the low bits are wanted")]
        let slot = xxh3_64(self.lower.as_bytes()) as usize % self.stems.len();
        let (word, stem) = &mut self.stems[slot];
        if **word != *self.lower {
            *stem = self.stemmer.stem(&self.lower).into();
            *word = self.lower.as_str().into();
        }
        each(stem, position);
    }
}

fn push_lower(to: &mut String, word: &str) {
    if word.is_ascii() {
        let start = to.len();
        to.push_str(word);
        to[start..].make_ascii_lowercase();
    } else {
        to.extend(word.chars().flat_map(char::to_lowercase));
    }
}

/// A character of a script written without spaces.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x2_fa1f)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CharKind {
    Upper,
    Lower,
    Digit,
    Underscore,
}

fn char_kind(c: char) -> CharKind {
    if c == '_' {
        CharKind::Underscore
    } else if c.is_numeric() {
        CharKind::Digit
    } else if c.is_uppercase() {
        CharKind::Upper
    } else {
        CharKind::Lower
    }
}

/// The parts of a word: cut at underscores, between letters and digits, at humps (`camelCase`), and before the last
/// capital of an acronym that a word follows (`HTTPServer`).
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('_');
        let mut chars = rest.char_indices();
        let (_, first) = chars.next()?;
        let mut kind = char_kind(first);
        let mut last_upper = (kind == CharKind::Upper).then_some(0);
        let mut end = rest.len();
        let mut uppers = usize::from(kind == CharKind::Upper);
        for (at, c) in chars {
            let here = char_kind(c);
            match (kind, here) {
                (CharKind::Upper, CharKind::Upper) => {
                    uppers += 1;
                    last_upper = Some(at);
                }
                (CharKind::Upper, CharKind::Lower) if uppers > 1 => {
                    end = last_upper.unwrap_or(at);
                    break;
                }
                (CharKind::Upper, CharKind::Lower) => kind = here,
                (before, here) if before == here => {}
                _ => {
                    end = at;
                    break;
                }
            }
        }
        let part;
        (part, rest) = rest.split_at(end);
        Some(part)
    })
}

#[cfg(test)]
mod tests;
