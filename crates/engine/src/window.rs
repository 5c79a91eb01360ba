//! Windows: runs of a stream's messages, or of a document's lines, cut to a size that a model can read.

mod cut;
mod run;
mod text;

use std::ops::Range;

use lichen_index::embed::StaticModel;
use lichen_model::{AnyId, Id, Kind, MessageId, Stream, StreamId, VersionId};
pub use lichen_model::{Extent, Standing};
pub use lichen_store::Measure;
use lichen_store::MessageView;

use crate::{Error, Reader};
use cut::{Cut, Cutter, Piece};

pub use run::{Claimed, NextWindow, RunInfo, RunState};

pub use text::{WindowFormat, claimed_text, window_text};

/// How windows are cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowSpec {
    /// What their size counts.
    pub by: Measure,
    /// What a window holds at most: bytes, tokens, messages (lines of a document), or milliseconds.
    pub size: u64,
    /// The share of a window that it has in common with the next: from 0 to below 1.
    pub overlap: f64,
}

/// A window of a stream or a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its number, from 0.
    pub nth: usize,
    /// Where it lies. A document's lines have places from 0; their stream is none.
    pub extent: Extent,
    /// Messages or lines in it.
    pub count: usize,
    /// Its size in the unit that was asked for.
    pub size: u64,
    /// Where one message is larger than a window: which part of it this is.
    pub part: Option<Part>,
}

/// A part of a message that is larger than a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number among the message's parts, from 0.
    pub nth: usize,
    /// How many parts there are.
    pub of: usize,
    /// Bytes of the message's text.
    pub bytes: std::ops::Range<usize>,
}

/// A stream and how much it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// The stream.
    pub stream: Stream,
    /// Its messages, without those that others have taken the place of.
    pub messages: u64,
    /// Bytes of their texts.
    pub bytes: u64,
    /// When the first was sent, in milliseconds since 1970.
    pub first: i64,
    /// When the last was sent.
    pub last: i64,
}

impl Reader {
    /// Every stream, with what it holds.
    pub fn streams(&self) -> Result<Vec<StreamInfo>, Error> {
        let store = &self.store;
        let sizes = store.stream_sizes()?;
        let info = |stream: Stream| {
            let (messages, bytes, first, last) = sizes.get(&stream.id).copied().unwrap_or_default();
            StreamInfo { stream, messages, bytes, first, last }
        };
        Ok(self.seen_streams()?.into_iter().map(info).collect())
    }

    /// The stream that `asked` names: by its id, its name or its title.
    pub fn stream(&self, asked: &str) -> Result<Stream, Error> {
        let streams = self.seen_streams()?;
        let by_id = match asked.parse::<AnyId>() {
            Ok(id) if id.kind == Kind::Stream => Some(id),
            _ => None,
        };
        let matches = |stream: &&Stream| {
            stream.name == asked
                || stream.title == asked
                || by_id.is_some_and(|id| id.matches(Id::from_u128(stream.id.as_u128())))
        };
        let found: Vec<&Stream> = streams.iter().filter(matches).collect();
        match found.as_slice() {
            [stream] => Ok((*stream).clone()),
            [] => Err(Error::UnknownStream { asked: asked.to_owned() }),
            several => Err(Error::Question {
                what: format!(
                    "`{asked}` names several streams; take an id: {}",
                    several
                        .iter()
                        .map(|stream| stream.id.any().to_string())
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            }),
        }
    }

    /// The windows of a stream, in order. Reads sums, no texts but those of messages that are larger than a window.
    pub fn windows(&self, stream: StreamId, spec: &WindowSpec) -> Result<Vec<Window>, Error> {
        let cut = plan(spec)?;
        let mut windows = Vec::new();
        for piece in self.pieces(stream, cut)? {
            if piece.size > cut.size && spec.by != Measure::Time {
                let view = self.messages_between(stream, piece.first, piece.last)?.pop();
                let text = view.map(|view| view.message.text).unwrap_or_default();
                push_parts(stream, &piece, &text, spec, &mut windows)?;
            } else {
                windows.push(window(windows.len(), stream, &piece, None));
            }
        }
        Ok(windows)
    }

    /// The pieces of a stream, in one pass over its sums.
    fn pieces(&self, stream: StreamId, cut: Cut) -> Result<Vec<Piece>, Error> {
        let disorder = self.store.disorder(stream, cut.measure)?;
        let mut cutter = Cutter::new(cut, disorder);
        self.store.measure(stream, cut.measure, &mut |sums| cutter.take(sums))?;
        Ok(cutter.finish())
    }

    /// The messages of a window, in order.
    pub fn messages_of(&self, extent: &Extent) -> Result<Vec<MessageView>, Error> {
        let mut messages = self.messages_between(extent.stream, extent.first, extent.last)?;
        if let (Some(bytes), Some(view)) = (&extent.bytes, messages.first_mut()) {
            let text = view.message.text.get(bytes.start as usize..bytes.end as usize);
            view.message.text = text.unwrap_or_default().to_owned();
        }
        Ok(messages)
    }

    /// The last `count` messages of a stream, in order.
    pub fn tail(&self, stream: StreamId, count: usize) -> Result<Vec<MessageView>, Error> {
        let store = &self.store;
        let Some((end, _)) = store.stream_end(stream)? else { return Ok(Vec::new()) };
        let last = Standing { place: end, late: u32::MAX };
        let mut places = i64::try_from(count).unwrap_or(i64::MAX);
        loop {
            // As many places, or more where the messages of some were deleted or edited.
            let first = Standing { place: end.saturating_sub(places).max(-1), late: 0 };
            let mut ids = store.messages_between(stream, first, last)?;
            if ids.len() >= count || first.place == -1 {
                return Ok(store.messages(&ids.split_off(ids.len().saturating_sub(count)))?);
            }
            places = places.saturating_mul(4);
        }
    }

    fn messages_between(
        &self,
        stream: StreamId,
        first: Standing,
        last: Standing,
    ) -> Result<Vec<MessageView>, Error> {
        let store = &self.store;
        let ids: Vec<MessageId> = store.messages_between(stream, first, last)?;
        Ok(store.messages(&ids)?)
    }

    /// The windows of a version of a document, cut between lines, with their texts.
    pub fn document_windows(
        &self,
        document: VersionId,
        spec: &WindowSpec,
    ) -> Result<Vec<(Window, String)>, Error> {
        let cut = plan(spec)?;
        let text = self.store.version(document)?.and_then(|view| view.version.text);
        let text = text.ok_or_else(|| Error::UnknownId { id: document.any().to_string() })?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut counter = StaticModel::builtin()?.token_counter();
        let mut size = |line: &str| match spec.by {
            Measure::Bytes => Ok(i64::try_from(line.len()).unwrap_or(i64::MAX)),
            Measure::Tokens => Ok(i64::from(counter.count(line))),
            Measure::Count => Ok(1),
            Measure::Time => Err(Error::Question {
                what: "a document has no times: cut it by bytes, tokens or count of lines"
                    .to_owned(),
            }),
        };
        let sizes = lines.iter().map(|line| size(line)).collect::<Result<Vec<i64>, Error>>()?;
        let mut windows = Vec::new();
        let none = StreamId::default();
        for (range, size) in cut::cut_list(sizes.into_iter(), cut) {
            let whole = lines[range.clone()].concat();
            let piece = Piece::of_timely(range, size);
            let mut these = Vec::new();
            if piece.size > cut.size {
                push_parts(none, &piece, &whole, spec, &mut these)?;
            } else {
                these.push(window(0, none, &piece, None));
            }
            for mut one in these {
                one.nth = windows.len();
                let text = match &one.part {
                    Some(part) => whole.get(part.bytes.clone()).unwrap_or_default().to_owned(),
                    None => whole.clone(),
                };
                windows.push((one, text));
            }
        }
        Ok(windows)
    }

    /// The current version of the document at `path`.
    pub fn document_at(&self, path: &str) -> Result<VersionId, Error> {
        let found = self.store.current_version_at(path)?;
        found.ok_or_else(|| Error::UnknownDocument { path: path.to_owned() })
    }
}

/// Adds the parts of a piece that is one text larger than a window.
fn push_parts(
    stream: StreamId,
    piece: &Piece,
    text: &str,
    spec: &WindowSpec,
    windows: &mut Vec<Window>,
) -> Result<(), Error> {
    let limit = usize::try_from(spec.size).unwrap_or(usize::MAX);
    let mut counter = StaticModel::builtin()?.token_counter();
    let mut fits = |part: &str| match spec.by {
        Measure::Tokens => counter.count(part) as usize,
        _ => part.len(),
    };
    let ranges = text::parts(text, limit, &mut fits);
    let of = ranges.len();
    for (nth, bytes) in ranges.into_iter().enumerate() {
        let size = i64::try_from(fits(&text[bytes.clone()])).unwrap_or(i64::MAX);
        let part = Part { nth, of, bytes };
        windows.push(window(windows.len(), stream, &Piece { size, ..*piece }, Some(part)));
    }
    Ok(())
}

fn window(nth: usize, stream: StreamId, piece: &Piece, part: Option<Part>) -> Window {
    Window {
        nth,
        extent: Extent {
            stream,
            first: piece.first,
            last: piece.last,
            late: piece.late,
            replaced: piece.replaced,
            bytes: part.as_ref().map(|part| span(&part.bytes)),
        },
        count: piece.count,
        size: u64::try_from(piece.size).unwrap_or_default(),
        part,
    }
}

/// Bytes of a text, as they are kept.
fn span(bytes: &Range<usize>) -> Range<u32> {
    let byte = |at: usize| u32::try_from(at).expect("texts are shorter than 4 GiB");
    byte(bytes.start)..byte(bytes.end)
}

/// The cut that a specification asks for, checked.
fn plan(spec: &WindowSpec) -> Result<Cut, Error> {
    let wrong = |what: &str| Err(Error::Question { what: what.to_owned() });
    if spec.size == 0 || i64::try_from(spec.size).is_err() {
        return wrong("a window's size is at least 1");
    }
    if !(0.0..1.0).contains(&spec.overlap) {
        return wrong("windows share from 0 % to below 100 %");
    }
    let size = spec.size.cast_signed();
    #[expect(clippy::cast_possible_truncation, reason = "a share of a size is below it")]
    let overlap = (size as f64 * spec.overlap) as i64;
    Ok(Cut { measure: spec.by, size, overlap: overlap.min(size - 1) })
}
