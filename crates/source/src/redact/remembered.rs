//! Texts that were purged from a store: recognised wherever they are read again, and kept nowhere.
//!
//! Of each text stays a [`Mark`]: its length, a keyed hash, and sixteen bits over its first six bytes, by which one pass
//! over a text rules out nearly every place. No more than sixteen: a hash that can be rolled over a text is easily
//! inverted, so whoever has the key learns no more of a text than those bits, and has to guess the rest.
//!
//! **Invariant:** what was purged together is replaced together, and after what was purged before: a text that is read
//! again comes out as the stored one did.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::{Found, ROUNDS_MAX, Redactor, json, placeholders};

/// The name under which placeholders tell that a text was purged.
pub const PURGED: &str = "purged";
/// Shorter texts are no secrets that could be told from words.
pub const BYTES_MIN: usize = 6;
/// Bits of the first bytes of a text.
const HEAD: u64 = (1 << (8 * BYTES_MIN)) - 1;
/// What the two keys are derived with.
const CONTEXT: &str = "lichen 2026-11-28 marks of purged texts";

/// What is kept of a purged text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Which purge it belongs to, from 0.
    pub purge: u32,
    /// Bytes of the text.
    pub bytes: u32,
    /// Sixteen keyed bits of its first bytes.
    pub head: u16,
    /// The first half of a keyed BLAKE3 of it.
    pub hash: u128,
}

/// How marks are made: two keys that are derived from the store's.
#[derive(Clone)]
struct Marker {
    hash: [u8; 32],
    factor: u64,
}

impl Marker {
    fn new(key: &[u8; 32]) -> Self {
        let mut derived = blake3::Hasher::new_derive_key(CONTEXT);
        derived.update(key);
        let mut bytes = [0; 40];
        derived.finalize_xof().fill(&mut bytes);
        let (hash, factor) = bytes.split_at(32);
        Self {
            hash: hash.try_into().expect("32 of 40 bytes"),
            factor: u64::from_le_bytes(factor.try_into().expect("the other eight")) | 1,
        }
    }

    /// The bits of the six bytes in `window`: multiply-shift hashing.
    fn head(&self, window: u64) -> u16 {
        u16::try_from(window.wrapping_mul(self.factor) >> 48).expect("sixteen bits are left")
    }

    fn hash(&self, text: &[u8]) -> u128 {
        let hash = blake3::keyed_hash(&self.hash, text);
        u128::from_be_bytes(hash.as_bytes()[..16].try_into().expect("16 of 32 bytes"))
    }
}

/// The texts that a store remembers.
#[derive(Clone)]
pub(super) struct Remembered {
    marker: Marker,
    /// Which heads there are, a bit each.
    heads: Vec<u64>,
    marks: HashMap<u16, Vec<Mark>>,
    /// Every purge once, in order.
    purges: Vec<u32>,
}

impl Remembered {
    fn new(key: &[u8; 32], marks: &[Mark]) -> Self {
        let mut all = Self {
            marker: Marker::new(key),
            heads: vec![0; (1 << 16) / 64],
            marks: HashMap::new(),
            purges: marks.iter().map(|mark| mark.purge).collect(),
        };
        all.purges.sort_unstable();
        all.purges.dedup();
        for mark in marks {
            all.heads[usize::from(mark.head >> 6)] |= 1 << (mark.head & 63);
            all.marks.entry(mark.head).or_default().push(*mark);
        }
        // Marks of one length need one hash of the text.
        all.marks.values_mut().for_each(|marks| marks.sort_unstable_by_key(|mark| mark.bytes));
        all
    }

    /// Where purged texts stand: the purge, and the bytes of the text.
    fn hits(&self, text: &[u8]) -> Vec<(u32, Range<usize>)> {
        let mut hits = Vec::new();
        let mut window = 0;
        for (end, &byte) in text.iter().enumerate() {
            window = (window << 8 | u64::from(byte)) & HEAD;
            let head = self.marker.head(window);
            if self.heads[usize::from(head >> 6)] >> (head & 63) & 1 == 1 && end + 1 >= BYTES_MIN {
                self.at(head, text, end + 1 - BYTES_MIN, &mut hits);
            }
        }
        hits
    }

    fn at(&self, head: u16, text: &[u8], start: usize, hits: &mut Vec<(u32, Range<usize>)>) {
        let mut last = None;
        for mark in self.marks.get(&head).into_iter().flatten() {
            let end = start + mark.bytes as usize;
            let Some(bytes) = text.get(start..end) else { break };
            let hash = match last {
                Some((len, hash)) if len == mark.bytes => hash,
                _ => self.marker.hash(bytes),
            };
            last = Some((mark.bytes, hash));
            if hash == mark.hash {
                hits.push((mark.purge, start..end));
            }
        }
    }

    /// What one purge replaces: hits that overlap go together, and placeholders stay.
    fn found(&self, purge: u32, text: &str) -> Vec<Found> {
        let hits = self.hits(text.as_bytes());
        if hits.is_empty() {
            return Vec::new();
        }
        let placeholders = placeholders(text);
        let apart = |span: &Range<usize>| {
            let next = placeholders.partition_point(|place| place.end <= span.start);
            placeholders.get(next).is_none_or(|place| place.start >= span.end)
        };
        let mut found: Vec<Found> = Vec::new();
        for (_, span) in hits.into_iter().filter(|(of, span)| *of == purge && apart(span)) {
            match found.last_mut() {
                Some(before) if span.start < before.span.end => {
                    before.span.end = before.span.end.max(span.end);
                }
                _ => found.push(Found { rule: PURGED, span }),
            }
        }
        found
    }

    /// Replaces what was purged, purge by purge, and shows each round of what it finds before it is replaced.
    pub(super) fn replace<'a>(
        &self,
        redactor: &Redactor,
        text: Cow<'a, str>,
        each: &mut dyn FnMut(&str, &[Found]),
    ) -> Cow<'a, str> {
        if self.hits(text.as_bytes()).is_empty() {
            return text;
        }
        let mut text = text;
        for purge in &self.purges {
            for _ in 0..ROUNDS_MAX {
                let found = self.found(*purge, &text);
                if found.is_empty() {
                    break;
                }
                each(&text, &found);
                text = Cow::Owned(redactor.replace(&text, &found));
            }
        }
        text
    }

    /// JSON of which the strings are without purged texts: numbers hold none either then. What only looks like JSON is
    /// taken as text.
    pub(super) fn replace_bare<'a>(&self, redactor: &Redactor, json: Cow<'a, str>) -> Cow<'a, str> {
        if self.hits(json.as_bytes()).is_empty() {
            return json;
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(&json).is_err() {
            return self.replace(redactor, json, &mut |_, _| ());
        }
        let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let bytes = json.as_bytes();
        let mut out = String::with_capacity(json.len());
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            if *byte == b'"' {
                at = json::end_of_string(bytes, at).unwrap_or(bytes.len());
                out.push_str(&json[start..at]);
            } else if is_bare(byte) {
                at += bytes[at..].iter().take_while(|byte| is_bare(byte)).count();
                match self.replace(redactor, Cow::Borrowed(&json[start..at]), &mut |_, _| ()) {
                    Cow::Borrowed(value) => out.push_str(value),
                    Cow::Owned(value) => {
                        out.push_str(
                            &serde_json::to_string(&value).expect("a string is always JSON"),
                        );
                    }
                }
            } else {
                at += json[at..].chars().next().map_or(1, char::len_utf8);
                out.push_str(&json[start..at]);
            }
        }
        Cow::Owned(out)
    }
}

impl Redactor {
    /// The mark of `text`, which `purge` takes out; `None` for a text that is too short or holds a placeholder.
    pub fn mark(&self, purge: u32, text: &str) -> Option<Mark> {
        let head = text.as_bytes().get(..BYTES_MIN)?;
        let window = head.iter().fold(0, |window, &byte| window << 8 | u64::from(byte));
        let marker = Marker::new(&self.key);
        let bytes = u32::try_from(text.len()).ok()?;
        placeholders(text).is_empty().then(|| Mark {
            purge,
            bytes,
            head: marker.head(window),
            hash: marker.hash(text.as_bytes()),
        })
    }

    /// This redactor, which replaces the texts of these marks too.
    #[must_use]
    pub fn remembering(mut self, marks: &[Mark]) -> Self {
        let remembered = || Arc::new(Remembered::new(&self.key, marks));
        self.remembered = (!marks.is_empty()).then(remembered);
        self
    }

    /// Where texts stand that were purged.
    pub fn remembered(&self, text: &str) -> Vec<Range<usize>> {
        let hits = self.remembered.iter().flat_map(|all| all.hits(text.as_bytes()));
        hits.map(|(_, span)| span).collect()
    }
}

#[cfg(test)]
mod tests;
