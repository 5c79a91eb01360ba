//! Source code of any language: at the blank lines between top-level items, told by indentation alone.
//!
//! A text that is too long is cut where indentation is least and a blank line goes before; parts that are still too
//! long are cut one level deeper. Comments, attributes and decorators stay with the line that follows them.

use std::ops::Range;

use super::pack::{self, Block, Limits};
use super::{MAX_BYTES, Piece, definition};

/// Items of about this size stand alone; smaller neighbours are joined.
const CODE: Limits = Limits { min: 200, target: 1_000, max: MAX_BYTES };
/// Joining stops here: one item is found better alone than among others.
const ENOUGH: usize = 400;
/// Deeper nesting than people write: what is left is cut at lines.
const DEPTH_MAX: usize = 40;
/// Columns of a tab.
const TAB: usize = 4;
/// Definitions told around a piece, and bytes of each.
const AROUND_MAX: usize = 2;
const AROUND_BYTES: usize = 160;

/// A line that is not blank.
struct Line<'a> {
    start: usize,
    text: &'a str,
    indent: usize,
    /// How good a place to cut before it is, less is better; `None` for a bad one.
    cut: Option<usize>,
}

/// Cuts source code; the context is the outermost and the innermost line that a piece stands under, then the names it
/// defines and what it says of them first.
pub fn cut_code(text: &str) -> Vec<Piece> {
    let lines = lines(text);
    let mut parts = Vec::new();
    split(&lines, 0..text.len(), 0, &mut parts);
    let blocks = parts.into_iter().map(|range| Block { range, section: 0 }).collect();
    let around = Limits { target: 0, ..CODE };
    let mut pieces = pack::pieces(text, pack::pack(text, blocks, around), |_| String::new());
    place(text, &lines, &mut pieces);
    pieces
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut blank_before = true;
    for (range, line) in pack::lines(text, 0..text.len()) {
        let content = line.trim();
        if content.is_empty() {
            blank_before = true;
            continue;
        }
        let lead = &line[..line.len() - line.trim_start().len()];
        let indent = lead.chars().map(|char| if char == '\t' { TAB } else { 1 }).sum();
        let introduced = !blank_before && lines.last().is_some_and(|last| introduces(last.text));
        let cut = !introduced && !continues(content) && (blank_before || !content.starts_with('#'));
        let cut = cut.then(|| indent * 2 + usize::from(!blank_before));
        lines.push(Line { start: range.start, text: content, indent, cut });
        blank_before = false;
    }
    lines
}

/// Whether a line belongs to what stands before it.
fn continues(line: &str) -> bool {
    const WORDS: [&str; 9] =
        ["end", "else", "elif", "elsif", "except", "finally", "catch", "rescue", "then"];
    let word = line.split(|char: char| !char.is_alphanumeric()).next().unwrap_or_default();
    line.starts_with(['}', ')', ']', '{', '.', ',', ';']) || WORDS.contains(&word)
}

/// Whether a line belongs to what stands after it: comments, attributes, decorators.
fn introduces(line: &str) -> bool {
    const MARKS: [&str; 9] = ["//", "/*", "*", "#", "@", "--", ";;", "\"\"\"", "'''"];
    MARKS.iter().any(|mark| line.starts_with(mark)) || line.ends_with("*/")
}

/// Cuts `range` where it is best, deeper where parts are still too long, and joins small neighbours of one level.
fn split(lines: &[Line<'_>], range: Range<usize>, depth: usize, parts: &mut Vec<Range<usize>>) {
    let inside = &lines[lines.partition_point(|line| line.start <= range.start)..];
    let inside = &inside[..inside.partition_point(|line| line.start < range.end)];
    let best = inside.iter().filter_map(|line| line.cut).min();
    let (Some(best), true) = (best.filter(|_| range.len() > CODE.target), depth < DEPTH_MAX) else {
        parts.push(range);
        return;
    };
    let starts = inside.iter().filter(|line| line.cut == Some(best)).map(|line| line.start);
    let mut small: Option<Range<usize>> = None;
    let mut start = range.start;
    for end in starts.chain([range.end]) {
        let item = start..end;
        start = end;
        if item.len() > CODE.target {
            // What introduces a long item is part of it only where it stands in the way of nothing else.
            parts.extend(small.take());
            split(lines, item, depth + 1, parts);
        } else if let Some(open) = small.as_mut().filter(|open| {
            let little = open.len() < ENOUGH || item.len() < CODE.min / 2;
            little && item.end - open.start <= CODE.target
        }) {
            open.end = item.end;
        } else {
            parts.extend(small.replace(item));
        }
    }
    parts.extend(small);
}

/// Tells each piece the lines it stands under, those before it with less indentation than its first line, and what it
/// defines itself.
fn place(text: &str, lines: &[Line<'_>], pieces: &mut [Piece]) {
    let mut stack: Vec<&Line<'_>> = Vec::new();
    let mut next = 0;
    for piece in pieces {
        piece.code = true;
        while let Some(line) = lines.get(next).filter(|line| line.start < piece.span.start) {
            next += 1;
            if !continues(line.text) && !introduces(line.text) {
                stack.retain(|above| above.indent < line.indent);
                stack.push(line);
            }
        }
        let Some(first) = lines.get(next) else { continue };
        let mut around: Vec<_> = stack
            .iter()
            .filter(|above| above.indent < first.indent)
            .map(|above| above.text)
            .collect();
        if around.len() > AROUND_MAX {
            around.drain(1..around.len() - 1);
        }
        let short = around.into_iter().map(|line| &line[..line.floor_char_boundary(AROUND_BYTES)]);
        let mut context: Vec<&str> = short.collect();
        let about = definition::about(&text[piece.span.clone()]);
        if !about.is_empty() {
            context.push(&about);
        }
        piece.context = context.join("\n");
    }
}
