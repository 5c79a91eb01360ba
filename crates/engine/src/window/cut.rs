//! Cutting a stream into windows by its running sums.
//!
//! The timely messages are cut first, by searches over their sums alone: their windows never move. A window that late
//! messages have joined, or from which replaced ones are left out, is then cut again within its own bounds; so a late
//! message changes only the windows that it touches.

use std::ops::Range;

use lichen_store::{Measure, Standing, Sums};

/// How a stream is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) measure: Measure,
    /// What a window holds at most, in the unit of the measure; more only where one message alone is larger.
    pub(crate) size: i64,
    /// How much of its end a window shares with the beginning of the next: less than `size`. Late messages between shared
    /// ones are shared with them.
    pub(crate) overlap: i64,
}

/// A run of consecutive messages of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) first: Standing,
    pub(crate) last: Standing,
    /// Messages in it.
    pub(crate) count: usize,
    /// What the measure says of it; for time, from its first message to its last.
    pub(crate) size: i64,
}

/// The windows of a stream, in order. Every message that nothing has taken the place of is in one at least.
pub(crate) fn cut(sums: &Sums, cut: Cut) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for range in ranges(&sums.timely, cut) {
        // Late messages may stand before the first timely one.
        let from = if range.start == 0 { -1 } else { place(range.start) };
        let last = place(range.end - 1);
        let late_start = sums.late.partition_point(|late| late.at.place < from);
        let late_end = sums.late.partition_point(|late| late.at.place <= last);
        let replaced_start = sums.replaced.partition_point(|&replaced| replaced < from);
        let replaced_end = sums.replaced.partition_point(|&replaced| replaced <= last);
        let before = before(&sums.timely, range.start);
        if late_start == late_end && replaced_start == replaced_end {
            let piece = Piece {
                first: timely(range.start),
                last: timely(range.end - 1),
                count: range.len(),
                size: size_of(&sums.timely, before, &range, cut.measure),
            };
            push(piece, &mut pieces);
        } else {
            again(sums, range, late_start..late_end, cut, &mut pieces);
        }
    }
    pieces
}

/// Cuts the window `range` with its late messages and without its replaced ones.
fn again(sums: &Sums, range: Range<usize>, late: Range<usize>, cut: Cut, pieces: &mut Vec<Piece>) {
    let mut sizes: Vec<(Standing, i64)> = Vec::with_capacity(range.len() + late.len());
    for nth in range {
        if sums.replaced.binary_search(&place(nth)).is_err() {
            let size = match cut.measure {
                Measure::Time => sums.timely[nth],
                _ => sums.timely[nth] - before(&sums.timely, nth),
            };
            sizes.push((timely(nth), size));
        }
    }
    sizes.extend(
        sums.late[late].iter().filter(|late| !late.replaced).map(|late| (late.at, late.size)),
    );
    sizes.sort_unstable_by_key(|(at, _)| *at);
    let mut sum = 0;
    let local: Vec<i64> = sizes
        .iter()
        .map(|&(_, size)| {
            sum = if cut.measure == Measure::Time { size } else { sum + size };
            sum
        })
        .collect();
    for range in ranges(&local, cut) {
        let before = before(&local, range.start);
        let piece = Piece {
            first: sizes[range.start].0,
            last: sizes[range.end - 1].0,
            count: range.len(),
            size: size_of(&local, before, &range, cut.measure),
        };
        push(piece, pieces);
    }
}

/// Where windows over `sums` begin and end.
fn ranges(sums: &[i64], cut: Cut) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < sums.len() {
        let from = before(sums, start);
        let end = match cut.measure {
            Measure::Time => search(sums, start, |&at| at < sums[start] + cut.size),
            _ => search(sums, start, |&sum| sum - from <= cut.size).max(start + 1),
        };
        ranges.push(start..end);
        if end == sums.len() {
            break;
        }
        start = next_start(sums, start, end, cut);
    }
    ranges
}

/// Where the window after `start..end` begins: it shares what was asked for with that one, or less where the message that
/// comes next would find no room.
fn next_start(sums: &[i64], start: usize, end: usize, cut: Cut) -> usize {
    let first = if cut.measure == Measure::Time {
        let shared = (sums[start] + cut.size - cut.overlap).max(sums[end] - cut.size + 1);
        search(sums, start, |&at| at < shared)
    } else {
        let shared = (sums[end - 1] - cut.overlap).max(sums[end] - cut.size);
        // The sum before a window's first message is that of the message before it.
        search(sums, start, |&sum| sum < shared) + 1
    };
    first.clamp(start + 1, end)
}

/// Adds a window, unless the one before holds all of it; takes one away that it holds all of.
fn push(piece: Piece, pieces: &mut Vec<Piece>) {
    if pieces.last().is_some_and(|before| piece.last <= before.last) {
        return;
    }
    while pieces.last().is_some_and(|before| before.first >= piece.first) {
        pieces.pop();
    }
    pieces.push(piece);
}

/// The first place from `start` on where `holds` is false, found in steps that double: windows are short beside streams.
fn search(sums: &[i64], start: usize, holds: impl Fn(&i64) -> bool) -> usize {
    let mut step = 1;
    let mut low = start;
    while low + step <= sums.len() && holds(&sums[low + step - 1]) {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(sums.len());
    low + sums[low..high].partition_point(holds)
}

fn size_of(sums: &[i64], before: i64, range: &Range<usize>, measure: Measure) -> i64 {
    match measure {
        Measure::Time => sums[range.end - 1] - sums[range.start],
        _ => sums[range.end - 1] - before,
    }
}

fn before(sums: &[i64], nth: usize) -> i64 {
    nth.checked_sub(1).map_or(0, |before| sums[before])
}

fn place(nth: usize) -> i64 {
    i64::try_from(nth).expect("a stream fits in memory")
}

fn timely(nth: usize) -> Standing {
    Standing { place: place(nth), late: 0 }
}

#[cfg(test)]
mod tests;
