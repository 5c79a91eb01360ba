//! Blocks into passages: what is too long is cut, small neighbours are joined.

use std::ops::Range;

use super::Piece;

/// Sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Smaller ones are joined with a neighbour, even beyond the target or across a heading.
    pub(super) min: usize,
    /// Neighbours are joined up to this.
    pub(super) target: usize,
    /// Nothing is longer.
    pub(super) max: usize,
}

/// A part of the text that belongs together, and the number of the section it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) range: Range<usize>,
    pub(super) section: usize,
}

impl Block {
    const fn len(&self) -> usize {
        self.range.end - self.range.start
    }
}

/// The lines of `text` within `range`, line ends included.
pub(super) fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = range.start;
    text[range].split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start..at, line)
    })
}

/// Paragraphs: runs of lines that are not blank.
pub(super) fn paragraphs(text: &str, range: Range<usize>, section: usize) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (range, line) in lines(text, range) {
        if line.trim().is_empty() {
            open = false;
        } else if let Some(block) = blocks.last_mut().filter(|_| open) {
            block.range.end = range.end;
        } else {
            blocks.push(Block { range, section });
            open = true;
        }
    }
    blocks
}

/// Cuts long blocks and joins small ones.
pub(super) fn pack(text: &str, blocks: Vec<Block>, limits: Limits) -> Vec<Block> {
    let mut packed: Vec<Block> = Vec::new();
    let parts = blocks.into_iter().flat_map(|block| split(text, &block, limits));
    for next in parts {
        if let Some(last) = packed.last_mut() {
            let joined = next.range.end - last.range.start;
            let small = last.len() < limits.min || next.len() < limits.min;
            let join = if last.section == next.section {
                joined <= limits.target || (small && joined <= limits.max)
            } else {
                // A heading with hardly any text goes with what follows.
                last.len() < limits.min && joined <= limits.target
            };
            if join {
                last.range.end = next.range.end;
                continue;
            }
        }
        packed.push(next);
    }
    packed
}

/// Cuts a block that is longer than the limit, at the best places there are.
fn split(text: &str, block: &Block, limits: Limits) -> Vec<Block> {
    let section = block.section;
    let mut parts = Vec::new();
    let mut start = block.range.start;
    while block.range.end - start > limits.max {
        let cut = start + best_cut(&text[start..block.range.end], limits);
        parts.push(Block { range: start..cut, section });
        start = cut;
    }
    parts.push(Block { range: start..block.range.end, section });
    parts
}

/// Where to cut a text longer than the limit: after a blank line, a line, a sentence, a word; else anywhere.
fn best_cut(text: &str, limits: Limits) -> usize {
    let window = &text[..text.floor_char_boundary(limits.max)];
    let early = window.floor_char_boundary(limits.max / 4);
    let late = &window[early..];
    let after = |mark: &str| late.rfind(mark).map(|at| early + at + mark.len());
    after("\n\n")
        .or_else(|| after("\n\r\n"))
        .or_else(|| after("\n"))
        .or_else(|| after(". "))
        .or_else(|| late.rfind(char::is_whitespace).map(|at| early + at + char_len(late, at)))
        .unwrap_or(window.len())
}

fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Trims the blocks, drops blank ones, counts lines, and gives each the context of its section.
pub(super) fn pieces(
    text: &str,
    blocks: Vec<Block>,
    context: impl Fn(usize) -> String,
) -> Vec<Piece> {
    let mut line = 1;
    let mut counted = 0;
    let mut pieces = Vec::with_capacity(blocks.len());
    for block in blocks {
        let Some(span) = trim(text, block.range) else { continue };
        line += line_ends(&text[counted..span.start]);
        counted = span.start;
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        pieces.push(Piece { span, line, context: context(block.section), code: false });
    }
    pieces
}

pub(super) fn line_ends(text: &str) -> usize {
    text.matches('\n').count()
}

/// Without blank lines before it and blanks after it; the indentation of its first line stays.
fn trim(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let body = &text[range.clone()];
    let end = range.start + body.trim_end().len();
    let lead = body.len() - body.trim_start().len();
    let start = body[..lead].rfind('\n').map_or(range.start, |at| range.start + at + 1);
    (start < end).then_some(start..end)
}
