//! Secrets in texts, replaced by typed placeholders before anything is stored.
//!
//! One automaton looks for the words that every rule needs; a rule looks closer only where one of its words stands,
//! and only at a bounded stretch of text from there, so that the time is linear in the length of the text.
//!
//! **Invariant:** redacting twice changes nothing; a placeholder holds as many line breaks as what it replaces (they
//! follow it), so that lines keep their numbers; JSON stays JSON.

mod assignment;
mod credentials;
mod encoded;
mod json;
mod private_key;
mod remembered;
mod rules;
mod scan;
mod shape;
mod split;
mod trace;

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

pub use remembered::{BYTES_MIN, Mark, PURGED};
pub use trace::{Heard, Traced};

/// Raised when rules change: documents are read again then, so that old texts are looked at with the new rules.
pub const VERSION: u32 = 2;

/// How a placeholder begins; the rule's name, a colon, eight hex digits and `>` follow.
const OPENING: &str = "<redacted:";
/// Hex digits of the keyed hash that tell one secret from another.
const TAIL: usize = 8;
/// A placeholder can make room for what was too far away before; more rounds than this are never needed in practice.
const ROUNDS_MAX: usize = 8;

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The name of the rule, as the placeholder tells it.
    pub rule: &'static str,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// Replaces secrets. Equal secrets get equal placeholders under one key, and nobody without the key can tell from a
/// placeholder what stood there.
#[derive(Clone)]
pub struct Redactor {
    key: [u8; 32],
    rules: bool,
    remembered: Option<Arc<remembered::Remembered>>,
    heard: Option<Arc<Heard>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// A redactor whose placeholders are told apart by `key`: one per store, kept with it.
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key, rules: true, remembered: None, heard: None }
    }

    /// The text without its secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.run(text, &mut |_, _| ())
    }

    /// Redacts, and shows each round of what it finds before it is replaced.
    fn run<'a>(&self, text: &'a str, each: &mut dyn FnMut(&str, &[Found])) -> Cow<'a, str> {
        let mut redacted = Cow::Borrowed(text);
        for _ in 0..if self.rules { ROUNDS_MAX } else { 0 } {
            let found = find(&redacted);
            if found.is_empty() {
                break;
            }
            each(&redacted, &found);
            redacted = Cow::Owned(self.replace(&redacted, &found));
        }
        match &self.remembered {
            Some(remembered) => remembered.replace(self, redacted, each),
            None => redacted,
        }
    }

    /// The text of what stands under `name` in some structure, without its secrets.
    pub fn redact_value<'a>(&self, name: &str, text: &'a str) -> Cow<'a, str> {
        match value(name, text).filter(|_| self.rules) {
            Some(rule) => {
                let found = Found { rule, span: 0..text.len() };
                Cow::Owned(self.replace(text, &[found]))
            }
            None => self.redact(text),
        }
    }

    /// JSON whose strings are without secrets. It stays JSON; what is none is redacted as text.
    pub fn redact_json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        if !json.starts_with(['{', '[', '"']) {
            return self.redact(json);
        }
        let redacted = json::redact(self, json);
        match &self.remembered {
            Some(remembered) => remembered.replace_bare(self, redacted),
            None => redacted,
        }
    }

    /// Takes the place of `text` by its redacted form where that differs.
    pub(crate) fn apply(&self, text: &mut String) {
        if let Cow::Owned(redacted) = self.redact(text) {
            *text = redacted;
        }
    }

    /// As [`apply`](Self::apply), for JSON.
    pub(crate) fn apply_json(&self, json: &mut String) {
        if let Cow::Owned(redacted) = self.redact_json(json) {
            *json = redacted;
        }
    }

    fn replace(&self, text: &str, found: &[Found]) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for Found { rule, span } in found {
            let secret = &text[span.clone()];
            if let Some(heard) = &self.heard {
                heard.add(rule, secret);
            }
            out.push_str(&text[at..span.start]);
            out.push_str(&self.placeholder(rule, secret));
            out.extend(line_breaks(secret));
            at = span.end;
        }
        out.push_str(&text[at..]);
        out
    }

    fn placeholder(&self, rule: &str, secret: &str) -> String {
        let hash = blake3::keyed_hash(&self.key, secret.as_bytes()).to_hex();
        let mut placeholder = String::with_capacity(48);
        write!(placeholder, "{OPENING}{rule}:{}>", &hash[..TAIL])
            .expect("writing to a string cannot fail");
        placeholder
    }
}

/// The secrets of a text, in order; none overlaps another or a placeholder.
pub fn find(text: &str) -> Vec<Found> {
    scan::find(text)
}

/// The names of all rules.
pub fn rule_names() -> Vec<&'static str> {
    let shapes = rules::SHAPES.iter().map(|rule| rule.id);
    let named = rules::NAMED.iter().map(|rule| rule.id);
    let mut names: Vec<_> = shapes.chain(named).chain(scan::FURTHER_RULES).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The rule by which what stands under `name` is a secret as a whole.
fn value(name: &str, text: &str) -> Option<&'static str> {
    assignment::value(name, text)
}

fn line_breaks(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut before = None;
    let breaks = text.chars().filter_map(move |char| {
        let breaks = match (before, char) {
            (Some('\r'), '\n') => Some(['\r', '\n']),
            (_, '\n') => Some(['\0', '\n']),
            _ => None,
        };
        before = Some(char);
        breaks
    });
    breaks.flatten().filter(|char| *char != '\0')
}

/// Where a text has placeholders.
pub(crate) fn placeholders(text: &str) -> Vec<Range<usize>> {
    let starts = text.match_indices(OPENING).map(|(start, _)| start);
    starts
        .map(|start| start..start + placeholder_len(&text[start..]))
        .filter(|place| !place.is_empty())
        .collect()
}

/// The length of the placeholder at the start of a text; 0 for none.
fn placeholder_len(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(OPENING) else { return 0 };
    let name = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
        .take(64)
        .count();
    let tail = rest[name..].strip_prefix(':').and_then(|rest| rest.get(..=TAIL));
    let whole = tail.is_some_and(|tail| {
        tail.ends_with('>')
            && tail.bytes().take(TAIL).all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    if whole && name > 0 { OPENING.len() + name + 1 + TAIL + 1 } else { 0 }
}

#[cfg(test)]
mod tests;
