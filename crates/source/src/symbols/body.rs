//! Hashes and sketch of a definition's text.

use std::ops::Range;

use lichen_model::{Body, Sketch};
use xxhash_rust::xxh3::{self, Xxh3};

use super::tokens::{self, Tokens};

/// What stands for a symbol's own name.
const MASK: u64 = 0x5bd1_e995_7b7d_159d;

/// A definition's stretches of a file's syntax.
pub(super) struct Stretch<'a> {
    /// Attributes and definition.
    pub(super) whole: Range<usize>,
    /// Documentation in it.
    pub(super) doc: Range<usize>,
    /// Symbols in it that change on their own, in order.
    pub(super) holes: &'a [Range<usize>],
}

/// Measures a definition; `raw` are its bytes, without documentation.
pub(super) fn measure(
    tokens: &Tokens,
    stretch: &Stretch<'_>,
    name: &str,
    raw: &[&[u8]],
    lines: u32,
) -> Body {
    let parts = without(&stretch.whole, std::slice::from_ref(&stretch.doc));
    let name = tokens::hash(name.as_bytes());
    let masked = |hash: u64| if hash == name { MASK } else { hash };
    let mut all: Vec<u64> = Vec::with_capacity(stretch.whole.len());
    let mut words: Vec<u64> = Vec::new();
    let mut count = 0;
    for part in parts {
        all.extend_from_slice(tokens.hashes(part.clone()));
        words.extend(tokens.words(part.clone()).map(masked));
        count += tokens.count(part);
    }
    let norm_hash = hash(&all);
    let own_hash = if stretch.holes.is_empty() {
        norm_hash
    } else {
        let mut holes = stretch.holes.to_vec();
        holes.push(stretch.doc.clone());
        holes.sort_by_key(|hole| hole.start);
        let own: Vec<u64> = without(&stretch.whole, &holes)
            .into_iter()
            .flat_map(|part| tokens.hashes(part).iter().copied())
            .collect();
        hash(&own)
    };
    for hash in &mut all {
        *hash = masked(*hash);
    }
    let mut raw_hasher = Xxh3::new();
    for part in raw {
        update_lines(&mut raw_hasher, part);
    }
    Body {
        raw_hash: raw_hasher.digest128(),
        norm_hash,
        anon_hash: hash(&all),
        own_hash,
        tokens: u32::try_from(count).unwrap_or(u32::MAX),
        lines,
        sketch: sketch(words),
    }
}

/// Hashes text as if its lines all ended in the same way.
fn update_lines(hasher: &mut Xxh3, text: &[u8]) {
    let mut rest = text;
    while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
        hasher.update(&rest[..end]);
        rest = &rest[end + 1..];
    }
    hasher.update(rest);
}

/// The hash of a documentation's words and lines: neither indentation nor how lines end counts, but blanks left at their ends do.
pub(super) fn doc_hash<'a>(parts: impl Iterator<Item = &'a [u8]>) -> u128 {
    let mut hasher = Xxh3::new();
    for line in parts.flat_map(|part| part.split(|&byte| byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        for word in line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            hasher.update(word);
            hasher.update(b" ");
        }
        let ends_blank = line.last().is_some_and(u8::is_ascii_whitespace);
        hasher.update(if ends_blank { b"\t\n".as_slice() } else { b"\n" });
    }
    hasher.digest128()
}

/// A stretch without the holes in it; they are in order, and those that lie outside do not count.
fn without(whole: &Range<usize>, holes: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut parts = Vec::with_capacity(holes.len() + 1);
    let mut at = whole.start;
    for hole in holes {
        let (start, end) = (hole.start.clamp(at, whole.end), hole.end.clamp(at, whole.end));
        if start > at {
            parts.push(at..start);
        }
        at = at.max(end);
    }
    if at < whole.end {
        parts.push(at..whole.end);
    }
    parts
}

fn hash(hashes: &[u64]) -> u128 {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    xxh3::xxh3_128(&bytes)
}

/// The n-th occurrence of a word is an element of its own.
fn sketch(mut words: Vec<u64>) -> Sketch {
    words.sort_unstable();
    let mut elements = Vec::with_capacity(words.len());
    for run in words.chunk_by(|a, b| a == b) {
        elements.extend((0_u64..).zip(run).map(|(nth, &word)| element(word, nth)));
    }
    Sketch::new(elements)
}

/// Mixes a word and a count: the finalizer of `MurmurHash3`.
const fn element(word: u64, nth: u64) -> u32 {
    let mut mixed = word.wrapping_add(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed ^= mixed >> 33;
    mixed = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^= mixed >> 33;
    mixed = mixed.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests;
