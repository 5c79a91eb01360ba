//! The reader of transcripts with one JSON object a line, to which their tool appends.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lichen_model::{Batch, Message, Progress};

use super::{Refused, Session};
use crate::messages::Source;
use crate::messages::lines::{Line, Lines};
use crate::messages::parts::Draft;
use crate::{Estimate, Read, Result, Unit};

/// What a line told.
#[derive(Default)]
pub(in crate::messages) struct Told {
    /// What was said, in order.
    pub(in crate::messages) messages: Vec<Message>,
    /// What was wrong with it.
    pub(in crate::messages) problems: Vec<String>,
}

/// A transcript that is read line by line.
pub(in crate::messages) trait Transcript {
    /// Reads the next line.
    fn line(&mut self, line: &str, told: &mut Told) -> Result<(), Refused>;

    /// The session, as far as it is known.
    fn session(&self) -> &Session;

    /// What the position keeps besides.
    fn extra(&self) -> String {
        String::new()
    }
}

/// Lines of unknown types, by type.
#[derive(Default)]
pub(in crate::messages) struct Unknown(BTreeMap<String, u64>);

impl Unknown {
    pub(in crate::messages) fn add(&mut self, kind: String) {
        *self.0.entry(kind).or_default() += 1;
    }

    /// What is to be told of them at the end of a batch.
    pub(in crate::messages) fn told(&self, things: &str) -> Option<String> {
        let kinds: Vec<_> =
            self.0.iter().map(|(kind, count)| format!("{count} of `{kind}`")).collect();
        let kinds = kinds.join(", ");
        (!kinds.is_empty()).then(|| format!("has {things} of unknown types, skipped: {kinds}"))
    }
}

/// Adds what a line or an object of a session told to a batch.
pub(in crate::messages) fn take(draft: &mut Draft, session: &Session, messages: Vec<Message>) {
    for message in messages {
        draft.stream(session.stream, || session.stream());
        draft.push(message);
    }
}

/// Lets the batch tell the session's title, if it has one.
pub(in crate::messages) fn entitle(draft: &mut Draft, session: &Session) {
    if !session.title.is_empty() {
        let stream = draft.stream(session.stream, || session.stream());
        stream.title.clone_from(&session.title);
    }
}

/// Reads a transcript where the last reading stopped.
pub(in crate::messages) struct Growing<T> {
    name: &'static str,
    source: Source,
    lines: Lines,
    transcript: T,
    /// Where this reading began, until the lines before it have been read for what they told.
    unread_before: Option<u64>,
    start: u64,
    done: bool,
}

impl<T: Transcript> Growing<T> {
    pub(in crate::messages) fn open(
        name: &'static str,
        source: &Source,
        transcript: T,
    ) -> Result<Self> {
        let lines = Lines::of(source)?;
        let start = lines.at.offset;
        Ok(Self {
            name,
            source: source.clone(),
            lines,
            transcript,
            unread_before: (start > 0).then_some(start),
            start,
            done: false,
        })
    }

    /// What a line means depends on those before it: a file that has grown is read twice, but told once.
    fn read_before(&mut self) -> Result<()> {
        let Some(end) = self.unread_before.take() else { return Ok(()) };
        let mut lines = self.lines.told_before(end)?;
        let mut buffer = Vec::new();
        while let Some(line) = lines.next(&mut buffer)? {
            if line != Line::TooLong {
                // What was wrong with it was told when it was read first.
                drop(self.transcript.line(&String::from_utf8_lossy(&buffer), &mut Told::default()));
            }
        }
        Ok(())
    }
}

impl<T: Transcript> Read for Growing<T> {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        let mut unknown = Unknown::default();
        let mut buffer = Vec::new();
        let start = self.lines.at.offset;
        let label = self.source.label.clone();
        while !self.done && !draft.is_full() {
            let Some(line) = self.lines.next(&mut buffer)? else {
                self.done = true;
                break;
            };
            self.read_before()?;
            draft.bytes = self.lines.at.offset - start;
            let number = self.lines.at.lines;
            if line == Line::TooLong {
                draft.problems.line(&label, number, "is longer than the limit; skipped");
                continue;
            }
            if buffer.trim_ascii().is_empty() {
                continue;
            }
            let text = String::from_utf8_lossy(&buffer);
            let mut told = Told::default();
            match self.transcript.line(&text, &mut told) {
                Ok(()) => {}
                Err(Refused::Unknown(kind)) => unknown.add(kind),
                // The file may still grow: a line that is not whole yet is read once it is.
                Err(Refused::Damaged(_)) if line == Line::Unended => {
                    self.lines.unread();
                    self.done = true;
                    break;
                }
                Err(Refused::Damaged(what)) => draft.problems.line(&label, number, what),
            }
            for what in told.problems {
                draft.problems.line(&label, number, what);
            }
            take(&mut draft, self.transcript.session(), told.messages);
            if matches!(text, Cow::Owned(_)) {
                let what = "is not UTF-8; unreadable bytes were replaced";
                draft.problems.line(&label, number, what);
            }
        }
        if self.lines.at.offset == start {
            return Ok(None);
        }
        if let Some(what) = unknown.told("lines") {
            draft.problems.line(&label, self.lines.at.lines, what);
        }
        entitle(&mut draft, self.transcript.session());
        let progress = Progress {
            source: format!("{}:{label}", self.name),
            position: self.lines.position(&self.transcript.extra())?,
        };
        Ok(Some(draft.finish(&label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        Estimate { total, done: self.lines.at.offset - self.start, unit: Unit::Bytes }
    }

    fn grown(&mut self) -> Result<bool> {
        self.done = !self.lines.grown()?;
        Ok(!self.done)
    }
}
