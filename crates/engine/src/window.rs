//! Windows: runs of a stream's messages, or of a document's lines, cut to a size that a model can read.

mod cut;
mod text;

use lichen_index::embed::StaticModel;
use lichen_model::{AnyId, Id, Kind, MessageId, Stream, StreamId, VersionId};
pub use lichen_store::{Measure, Standing};
use lichen_store::{MessageView, Sums};

use crate::{Engine, Error};
use cut::{Cut, Piece};

pub use text::{WindowFormat, window_text};

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
    /// Its first message, or line from place 0.
    pub first: Standing,
    /// Its last message, or line.
    pub last: Standing,
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

impl Engine {
    /// Every stream, with what it holds.
    pub fn streams(&self) -> Result<Vec<StreamInfo>, Error> {
        let store = self.store.read();
        let sizes = store.stream_sizes()?;
        let info = |stream: Stream| {
            let (messages, bytes, first, last) = sizes.get(&stream.id).copied().unwrap_or_default();
            StreamInfo { stream, messages, bytes, first, last }
        };
        Ok(store.streams()?.into_iter().map(info).collect())
    }

    /// The stream that `asked` names: by its id, its name or its title.
    pub fn stream(&self, asked: &str) -> Result<Stream, Error> {
        let streams = self.store.read().streams()?;
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
            [] => Err(Error::Question {
                what: format!("no stream is called `{asked}`: `lichen stream list` names them all"),
            }),
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
        let sums = self.store.read().sums(stream, spec.by)?;
        let mut windows = Vec::new();
        for piece in cut::cut(&sums, cut) {
            if piece.size > cut.size && spec.by != Measure::Time {
                let view = self.messages_between(stream, piece.first, piece.last)?.pop();
                let text = view.map(|view| view.message.text).unwrap_or_default();
                push_parts(&piece, &text, spec, &mut windows)?;
            } else {
                windows.push(window(windows.len(), &piece, None));
            }
        }
        Ok(windows)
    }

    /// The messages of a window, in order.
    pub fn messages_of(
        &self,
        stream: StreamId,
        window: &Window,
    ) -> Result<Vec<MessageView>, Error> {
        let mut messages = self.messages_between(stream, window.first, window.last)?;
        if let (Some(part), Some(view)) = (&window.part, messages.first_mut()) {
            let text = view.message.text.get(part.bytes.clone()).unwrap_or_default();
            view.message.text = text.to_owned();
        }
        Ok(messages)
    }

    /// The last `count` messages of a stream, in order.
    pub fn tail(&self, stream: StreamId, count: usize) -> Result<Vec<MessageView>, Error> {
        let spec = WindowSpec { by: Measure::Count, size: count.max(1) as u64, overlap: 0.0 };
        let sums = self.store.read().sums(stream, Measure::Count)?;
        let whole = cut::cut(&sums, Cut { size: i64::MAX / 2, ..plan(&spec)? });
        let Some(all) = whole.last() else { return Ok(Vec::new()) };
        let places = i64::try_from(count).unwrap_or(i64::MAX);
        let first = Standing { place: (all.last.place - places).max(-1), late: 0 };
        let last = Standing { late: u32::MAX, ..all.last };
        let mut messages = self.messages_between(stream, first, last)?;
        Ok(messages.split_off(messages.len().saturating_sub(count)))
    }

    fn messages_between(
        &self,
        stream: StreamId,
        first: Standing,
        last: Standing,
    ) -> Result<Vec<MessageView>, Error> {
        let store = self.store.read();
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
        let text = self.store.read().version(document)?.and_then(|view| view.version.text);
        let text = text.ok_or_else(|| Error::UnknownId { id: document.any().to_string() })?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut counter = StaticModel::builtin()?.token_counter();
        let mut sum = 0;
        let mut size = |line: &str| match spec.by {
            Measure::Bytes => Ok(i64::try_from(line.len()).unwrap_or(i64::MAX)),
            Measure::Tokens => Ok(i64::from(counter.count(line))),
            Measure::Count => Ok(1),
            Measure::Time => Err(Error::Question {
                what: "a document has no times: cut it by bytes, tokens or count of lines"
                    .to_owned(),
            }),
        };
        let timely = lines
            .iter()
            .map(|line| {
                sum += size(line)?;
                Ok(sum)
            })
            .collect::<Result<Vec<i64>, Error>>()?;
        let mut windows = Vec::new();
        for piece in cut::cut(&Sums { timely, ..Sums::default() }, cut) {
            let line = |at: Standing| usize::try_from(at.place).unwrap_or_default();
            let whole = lines[line(piece.first)..=line(piece.last)].concat();
            let mut these = Vec::new();
            if piece.size > cut.size {
                push_parts(&piece, &whole, spec, &mut these)?;
            } else {
                these.push(window(0, &piece, None));
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
        let found = self.store.read().current_version_at(path)?;
        found.ok_or_else(|| Error::Question {
            what: format!("no document `{path}` was taken in: `lichen sql 'SELECT path FROM current_documents'` names them"),
        })
    }
}

/// Adds the parts of a piece that is one text larger than a window.
fn push_parts(
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
        windows.push(window(windows.len(), &Piece { size, ..*piece }, Some(part)));
    }
    Ok(())
}

fn window(nth: usize, piece: &Piece, part: Option<Part>) -> Window {
    Window {
        nth,
        first: piece.first,
        last: piece.last,
        count: piece.count,
        size: u64::try_from(piece.size).unwrap_or_default(),
        part,
    }
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
