//! The syntax of a file as a run of hashes: its tokens in order, between marks for the nodes they stand in.
//!
//! Layout and comments are not in it. A stretch of it says what a stretch of the file means: the same hashes, the same
//! syntax.

use std::ops::Range;

use xxhash_rust::xxh3;

/// What stands for a node's end.
const CLOSE: u64 = 0x9e37_79b9_7f4a_7c15;
/// Marks that say nothing about what a text is about.
const PUNCTUATION: [&[u8]; 10] = [b"(", b")", b"[", b"]", b"{", b"}", b",", b";", b".", b":"];

/// A file's syntax.
#[derive(Default)]
pub(super) struct Tokens {
    hashes: Vec<u64>,
    spans: Vec<(u32, u32)>,
    kinds: Vec<Kind>,
    /// Whether it is a part of a literal.
    in_string: Vec<bool>,
    /// Whether the last one is a comma: before a closing bracket it is a matter of layout.
    comma: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Punctuation,
    Mark,
}

/// The hash of a token's text.
pub(super) fn hash(text: &[u8]) -> u64 {
    if text.contains(&b'\r') {
        let text: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'\r').collect();
        return xxh3::xxh3_64(&text);
    }
    xxh3::xxh3_64(text)
}

impl Tokens {
    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn token(&mut self, source: &[u8], range: Range<usize>, in_string: bool) {
        let text = &source[range.clone()];
        if self.comma && matches!(text, b")" | b"]" | b"}" | b">") {
            self.hashes.pop();
            self.spans.pop();
            self.kinds.pop();
            self.in_string.pop();
        }
        self.comma = text == b",";
        let kind = if PUNCTUATION.contains(&text) { Kind::Punctuation } else { Kind::Word };
        self.push(hash(text), range, kind, in_string);
    }

    /// A node with children begins.
    pub(super) fn open(&mut self, kind_id: u16, at: usize) {
        self.comma = false;
        let hash = CLOSE.wrapping_mul(u64::from(kind_id) + 2);
        self.push(hash, at..at, Kind::Mark, false);
    }

    /// A node with children ends. Its mark stands on its last byte, so that it is within the node.
    pub(super) fn close(&mut self, end: usize) {
        self.comma = false;
        let last = self.spans.last().map_or(0, |&(start, _)| start as usize);
        let at = end.saturating_sub(1).max(last);
        self.push(CLOSE, at..at, Kind::Mark, false);
    }

    fn push(&mut self, hash: u64, range: Range<usize>, kind: Kind, in_string: bool) {
        let at = |at: usize| u32::try_from(at).expect("blobs are smaller than 4 GiB");
        self.hashes.push(hash);
        self.spans.push((at(range.start), at(range.end)));
        self.kinds.push(kind);
        self.in_string.push(in_string);
    }

    pub(super) fn hashes(&self, range: Range<usize>) -> &[u64] {
        &self.hashes[range]
    }

    /// How many tokens there are in a stretch.
    pub(super) fn count(&self, range: Range<usize>) -> usize {
        self.kinds[range].iter().filter(|&&kind| kind != Kind::Mark).count()
    }

    /// The hashes of the words of a stretch.
    pub(super) fn words(&self, range: Range<usize>) -> impl Iterator<Item = u64> {
        let kinds = &self.kinds[range.clone()];
        self.hashes[range]
            .iter()
            .zip(kinds)
            .filter(|(_, kind)| **kind == Kind::Word)
            .map(|(hash, _)| *hash)
    }

    /// Where the tokens of a stretch stand, and whether each is part of a literal.
    pub(super) fn spans(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, bool)> {
        let tokens = range.filter(|&at| self.kinds[at] != Kind::Mark);
        tokens.map(|at| {
            let (start, end) = self.spans[at];
            (start as usize..end as usize, self.in_string[at])
        })
    }

    /// The stretch that stands in these bytes.
    pub(super) fn within(&self, bytes: Range<usize>) -> Range<usize> {
        let before = |at: usize| self.spans.partition_point(|&(start, _)| (start as usize) < at);
        before(bytes.start)..before(bytes.end)
    }
}
