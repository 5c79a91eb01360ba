//! JSON lines from a pipe: standard input, or anything else that ends.
//!
//! A pipe has no position: what has gone through it is gone. Sent again, messages are known by their ids.

use lichen_engine::{Mapping, Repeats};
use tokio::io::{AsyncRead, BufReader};

use super::lines::{Line, next_line};
use super::queue::queue;
use super::{Feeder, QueueLimits};
use crate::{Error, Result};

/// Bytes that are read from a pipe at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A pipe of JSON lines.
#[derive(Clone, Debug)]
pub struct Stdin {
    /// Its name, and that of the stream of lines that name none.
    pub name: String,
    /// Names of fields.
    pub mapping: Mapping,
    /// Longest line that is read, in bytes; 0 for the default.
    pub line_bytes_max: usize,
    /// Bounds of what waits.
    pub queue: QueueLimits,
}

impl Stdin {
    /// A pipe with the usual names and bounds.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mapping: Mapping::default(),
            line_bytes_max: 0,
            queue: QueueLimits::default(),
        }
    }
}

/// What came through a pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Lines that were read.
    pub lines: u64,
    /// Messages that cannot be lost any more.
    pub messages: usize,
    /// The last record of the journal that holds some.
    pub seq: u64,
    /// Lines that were read, but not stored before it was to end.
    pub lost: u64,
}

/// Takes what comes through `input` until it ends, or is to end. What is there is taken at once: a line does not wait for
/// others, and many that came meanwhile go together.
pub async fn stdin(
    spec: &Stdin,
    input: impl AsyncRead + Unpin + Send,
    feeder: &Feeder,
) -> Result<Taken> {
    let feed = format!("stdin:{}", spec.name);
    let mut intake = feeder
        .read({
            let (spec, feed) = (spec.clone(), feed.clone());
            move |reader| {
                Ok(reader.intake(
                    &feed,
                    &spec.name,
                    "line",
                    spec.mapping.clone(),
                    Repeats::Counted,
                    spec.line_bytes_max,
                ))
            }
        })
        .await?;
    let limit = intake.line_bytes_max();
    let (send, mut receive) = queue::<Line>(spec.queue);
    let read = async {
        // Ends the other half when it is dropped.
        let send = send;
        let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
        let mut lines = 0_u64;
        loop {
            let line = tokio::select! {
                biased;
                () = feeder.stop().stopped() => break,
                line = next_line(&mut input, limit) => line,
            };
            let Some(line) = line.map_err(|source| Error::read(&feed, source))? else { break };
            lines += 1;
            let bytes = if let Line::Read(line) = &line { line.len() } else { 0 };
            if send.send(line, bytes).await.is_err() {
                break;
            }
        }
        Ok::<u64, Error>(lines)
    };
    let write = async {
        let mut taken = Taken::default();
        while let Some(line) = receive.next().await {
            let mut line = Some(line);
            while let Some(one) = line.take() {
                match one {
                    Line::Read(text) => intake.line(&text),
                    Line::TooLong => intake.too_long(),
                }
                line = if intake.is_full() { None } else { receive.try_next() };
            }
            let lines = intake.waiting() as u64;
            match feeder.append(&feed, intake.batch(None)).await? {
                Some(acknowledged) => {
                    taken.messages += acknowledged.messages;
                    taken.seq = taken.seq.max(acknowledged.seq);
                }
                None => taken.lost += lines,
            }
        }
        Ok::<Taken, Error>(taken)
    };
    let (lines, taken) = tokio::try_join!(read, write)?;
    if taken.lost > 0 {
        let lost = taken.lost;
        feeder
            .report()
            .note(&format!("{feed}: {lost} lines were read and not stored: send them again"));
    }
    Ok(Taken { lines, ..taken })
}
