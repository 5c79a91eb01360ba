//! Cutting a stream into windows by its running sums, as they are read.
//!
//! The timely messages are cut first, by searches over their sums alone: their windows never move. A window that late
//! messages have joined, or from which replaced ones are left out, is then cut again within its own bounds; so a late
//! message changes only the windows that it touches.

use std::ops::Range;

use lichen_model::Standing;
use lichen_store::{Disorder, Measure};

/// Sums that are held at least, so that they are moved seldom.
const HELD: usize = 1 << 12;

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
    /// Late messages at its places, replaced ones included.
    pub(crate) late: u32,
    /// Replaced messages at its places.
    pub(crate) replaced: u32,
}

impl Piece {
    /// A piece of nothing but timely messages.
    pub(crate) fn of_timely(range: Range<usize>, size: i64) -> Self {
        let (first, last) = (timely(range.start), timely(range.end - 1));
        Self { first, last, count: range.len(), size, late: 0, replaced: 0 }
    }
}

/// Cuts what it is handed. Memory goes with the windows, the late messages and [`HELD`], not with the messages.
pub(crate) struct Cutter {
    cut: Cut,
    disorder: Disorder,
    /// Sums of the timely messages from place `base` on.
    sums: Vec<i64>,
    base: usize,
    /// Where the window begins whose end is looked for, and from where on it is.
    start: usize,
    probed: usize,
    pieces: Vec<Piece>,
}

impl Cutter {
    /// A cutter of a stream of which `disorder` is late or replaced.
    pub(crate) fn new(cut: Cut, disorder: Disorder) -> Self {
        let (sums, pieces) = (Vec::new(), Vec::new());
        Self { cut, disorder, sums, base: 0, start: 0, probed: 0, pieces }
    }

    /// Takes the sums up to and including each of the next timely messages.
    pub(crate) fn take(&mut self, sums: &[i64]) {
        self.sums.extend_from_slice(sums);
        while let Some(end) = self.end() {
            let next = self.next_start(end);
            self.settle(self.start..end);
            self.start = next;
            self.probed = next;
        }
        // A window's size is told by the sum before it.
        let needed = self.start.saturating_sub(1).max(self.base) - self.base;
        if needed > HELD {
            self.sums.drain(..needed);
            self.base += needed;
        }
    }

    /// The windows of the stream, in order: every message that nothing has taken the place of is in one at least.
    pub(crate) fn finish(mut self) -> Vec<Piece> {
        let end = self.base + self.sums.len();
        if self.start < end {
            self.settle(self.start..end);
        }
        self.pieces
    }

    /// The sum up to and including the timely message of a place.
    fn sum(&self, place: usize) -> i64 {
        self.sums[place - self.base]
    }

    /// The sum before a place.
    fn before(&self, place: usize) -> i64 {
        place.checked_sub(1).map_or(0, |before| self.sum(before))
    }

    /// The end of the window that begins at `start`, where the sums so far tell it.
    fn end(&mut self) -> Option<usize> {
        let known = self.base + self.sums.len();
        if self.start >= known {
            return None;
        }
        let sums = &self.sums[self.probed - self.base..];
        let end = if self.cut.measure == Measure::Time {
            let until = self.sum(self.start).saturating_add(self.cut.size);
            self.probed + search(sums, |&at| at < until)
        } else {
            let until = self.before(self.start).saturating_add(self.cut.size);
            (self.probed + search(sums, |&sum| sum <= until)).max(self.start + 1)
        };
        self.probed = end.min(known);
        (end < known).then_some(end)
    }

    /// Where the window after the one to `end` begins: see [`next_start`].
    fn next_start(&self, end: usize) -> usize {
        let from = self.start - self.base;
        self.base + next_start(&self.sums, from, end - self.base, self.cut)
    }

    /// Makes a window of timely messages final: as it is, or cut again where late or replaced messages touch it.
    fn settle(&mut self, range: Range<usize>) {
        // Late messages may stand before the first timely one.
        let from = if range.start == 0 { -1 } else { place(range.start) };
        let last = place(range.end - 1);
        let late = late_at(&self.disorder, from, last);
        let replaced = replaced_at(&self.disorder, from, last);
        if late.is_empty() && replaced.is_empty() {
            let size = match self.cut.measure {
                Measure::Time => self.sum(range.end - 1) - self.sum(range.start),
                _ => self.sum(range.end - 1) - self.before(range.start),
            };
            self.push(Piece::of_timely(range, size));
        } else {
            self.again(range, late, replaced);
        }
    }

    /// Cuts the window `range` with its late messages and without its replaced ones.
    fn again(&mut self, range: Range<usize>, late: Range<usize>, replaced: Range<usize>) {
        let mut sizes: Vec<(Standing, i64)> = Vec::with_capacity(range.len() + late.len());
        let mut late = self.disorder.late[late].iter().filter(|late| !late.replaced).peekable();
        let mut replaced = self.disorder.replaced[replaced].iter().peekable();
        for nth in range {
            let at = timely(nth);
            while let Some(late) = late.next_if(|late| late.at < at) {
                sizes.push((late.at, late.size));
            }
            if replaced.next_if(|gone| **gone == at.place).is_some() {
                continue;
            }
            let size = match self.cut.measure {
                Measure::Time => self.sum(nth),
                _ => self.sum(nth) - self.before(nth),
            };
            sizes.push((at, size));
        }
        sizes.extend(late.map(|late| (late.at, late.size)));
        for (range, size) in cut_list(sizes.iter().map(|&(_, size)| size), self.cut) {
            let (first, last) = (sizes[range.start].0, sizes[range.end - 1].0);
            let late = late_at(&self.disorder, first.place, last.place);
            let timely = replaced_at(&self.disorder, first.place, last.place).len();
            let replaced = self.disorder.late[late.clone()].iter().filter(|late| late.replaced);
            let piece = Piece {
                first,
                last,
                count: range.len(),
                size,
                late: number(late.len()),
                replaced: number(timely + replaced.count()),
            };
            self.push(piece);
        }
    }

    /// Adds a window, unless the one before holds all of it; takes one away that it holds all of.
    fn push(&mut self, piece: Piece) {
        if self.pieces.last().is_some_and(|before| piece.last <= before.last) {
            return;
        }
        while self.pieces.pop_if(|before| before.first >= piece.first).is_some() {}
        self.pieces.push(piece);
    }
}

/// Where windows over a list of sizes begin and end, and what they come to; for time, over times.
pub(crate) fn cut_list(sizes: impl Iterator<Item = i64>, cut: Cut) -> Vec<(Range<usize>, i64)> {
    let mut sum = 0;
    let sums: Vec<i64> = sizes
        .map(|size| {
            sum = if cut.measure == Measure::Time { size } else { sum + size };
            sum
        })
        .collect();
    let before = |nth: usize| nth.checked_sub(1).map_or(0, |before| sums[before]);
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < sums.len() {
        let rest = &sums[start..];
        let (end, from) = if cut.measure == Measure::Time {
            (start + search(rest, |&at| at < sums[start].saturating_add(cut.size)), sums[start])
        } else {
            let from = before(start);
            let end = start + search(rest, |&sum| sum - from <= cut.size);
            (end.max(start + 1), from)
        };
        ranges.push((start..end, sums[end - 1] - from));
        if end == sums.len() {
            break;
        }
        start = next_start(&sums, start, end, cut);
    }
    ranges
}

/// Where the window after `start..end` begins: it shares what was asked for with that one, or less where the message that
/// comes next would find no room.
fn next_start(sums: &[i64], start: usize, end: usize, cut: Cut) -> usize {
    let rest = &sums[start..];
    let first = if cut.measure == Measure::Time {
        let shared = (sums[start] + cut.size - cut.overlap).max(sums[end] - cut.size + 1);
        start + search(rest, |&at| at < shared)
    } else {
        let shared = (sums[end - 1] - cut.overlap).max(sums[end] - cut.size);
        // The sum before a window's first message is that of the message before it.
        start + search(rest, |&sum| sum < shared) + 1
    };
    first.clamp(start + 1, end)
}

/// The first place for which `holds` is false, found in steps that double: windows are short beside streams.
fn search(sums: &[i64], holds: impl Fn(&i64) -> bool) -> usize {
    let mut step = 1;
    let mut low = 0;
    while low + step <= sums.len() && holds(&sums[low + step - 1]) {
        low += step;
        step *= 2;
    }
    let high = (low + step).min(sums.len());
    low + sums[low..high].partition_point(holds)
}

/// The late messages at places from `first` to `last`.
fn late_at(disorder: &Disorder, first: i64, last: i64) -> Range<usize> {
    let late = &disorder.late;
    late.partition_point(|late| late.at.place < first)
        ..late.partition_point(|late| late.at.place <= last)
}

/// The replaced timely messages at places from `first` to `last`.
fn replaced_at(disorder: &Disorder, first: i64, last: i64) -> Range<usize> {
    let replaced = &disorder.replaced;
    replaced.partition_point(|&place| place < first)
        ..replaced.partition_point(|&place| place <= last)
}

fn place(nth: usize) -> i64 {
    i64::try_from(nth).expect("a stream fits in memory")
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn timely(nth: usize) -> Standing {
    Standing { place: place(nth), late: 0 }
}

#[cfg(test)]
mod tests;
