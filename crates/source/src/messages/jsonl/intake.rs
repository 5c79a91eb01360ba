//! Lines from anywhere on their way into batches: from a pipe, a request, a stream of events.
//!
//! **Invariant:** memory does not grow with the number of lines: a batch has a size, and of the messages before only the
//! newest are remembered.

use std::borrow::Cow;
use std::mem;

use lichen_model::{Batch, Progress};
use serde_json::value::RawValue;

use super::recent::Recent;
use super::told::{Kinds, Told};
use super::{Repeats, content};
use crate::messages::Source;
use crate::messages::lines::LINE_BYTES_MAX;
use crate::messages::parts::Draft;

/// Messages that later ones can refer to.
const REMEMBERED: usize = 1 << 17;
/// Streams of which it is known who speaks in them.
const STREAMS: usize = 1 << 14;
/// Bytes of lines after which a batch is full.
const BATCH_BYTES: u64 = 4 << 20;

/// Turns lines of JSON into batches of messages.
///
/// A reply to a message that is not remembered keeps what its source said of it.
pub struct Intake {
    told: Told,
    draft: Draft,
    /// What a line is called where it is told of: `line`, `event`.
    unit: &'static str,
    number: u64,
    /// Lines in the draft, damaged ones included.
    lines: usize,
    line_bytes_max: usize,
}

impl Intake {
    /// An intake for what comes from `source`, of which label, mapping, limit of a line and redactor count. Lines that
    /// name no stream belong to the one called `stream`.
    pub fn new(source: Source, stream: &str, unit: &'static str, repeats: Repeats) -> Self {
        let limit = source.line_bytes_max;
        Self {
            draft: Draft::new(&source),
            told: Told::new(
                source,
                stream.to_owned(),
                Kinds::OfStreams(Recent::new(STREAMS)),
                repeats,
                REMEMBERED,
            ),
            unit,
            number: 0,
            lines: 0,
            line_bytes_max: if limit == 0 { LINE_BYTES_MAX } else { limit },
        }
    }

    /// The longest line that is read, in bytes.
    pub const fn line_bytes_max(&self) -> usize {
        self.line_bytes_max
    }

    /// Takes a line. One that is damaged becomes a problem of the batch.
    pub fn line(&mut self, line: &[u8]) {
        self.number += 1;
        self.lines += 1;
        let line = content(line, self.number);
        if line.len() > self.line_bytes_max {
            return self.problem("is longer than the limit; skipped");
        }
        if line.is_empty() {
            return;
        }
        self.draft.bytes += line.len() as u64;
        let text = String::from_utf8_lossy(line);
        let place = format!("{} {}", self.unit, self.number);
        let added = match self.told.parse(&text) {
            Ok(fields) => self.told.add(fields, &place, &mut self.draft),
            Err(what) => Err(what),
        };
        match added {
            Err(what) => self.problem(&what),
            Ok(()) if matches!(text, Cow::Owned(_)) => {
                self.problem("is not UTF-8; unreadable bytes were replaced");
            }
            Ok(()) => {}
        }
    }

    /// Takes the lines of a text, or the elements where it is a JSON array.
    pub fn lines(&mut self, text: &[u8]) {
        if !self.elements(text) {
            text.split(|&byte| byte == b'\n').for_each(|line| self.line(line));
        }
    }

    /// Takes one JSON object, which may stretch over lines, or the elements of an array.
    pub fn value(&mut self, json: &[u8]) {
        if !self.elements(json) {
            self.line(json);
        }
    }

    fn elements(&mut self, json: &[u8]) -> bool {
        let json = content(json, 1);
        if json.first() != Some(&b'[') {
            return false;
        }
        let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(json) else { return false };
        for item in items {
            self.line(item.get().as_bytes());
        }
        true
    }

    /// Notes a line that was not even kept for being too long.
    pub fn too_long(&mut self) {
        self.number += 1;
        self.lines += 1;
        self.problem("is longer than the limit; skipped");
    }

    fn problem(&mut self, what: &str) {
        let place = format!("{} {}", self.unit, self.number);
        self.draft.problems.at(&self.told.source.label, place, what);
    }

    /// Whether the next line is for the next batch.
    pub fn is_full(&self) -> bool {
        self.draft.is_full() || self.draft.bytes >= BATCH_BYTES
    }

    /// Lines taken since the last batch.
    pub const fn waiting(&self) -> usize {
        self.lines
    }

    /// The batch of what was taken since the last one.
    pub fn batch(&mut self, progress: Option<Progress>) -> Batch {
        self.lines = 0;
        let draft = mem::replace(&mut self.draft, Draft::new(&self.told.source));
        draft.finish(&self.told.source.label, progress)
    }
}

#[cfg(test)]
mod tests;
