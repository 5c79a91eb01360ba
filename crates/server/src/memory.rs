//! The memory that a program asks: the store that it has opened itself, or one that another process owns.

use lichen_engine::{Engine, Observer};

use crate::access::Caller;
use crate::ask::Ask;
use crate::{Result, local};

/// The feed of messages that are handed in, and the stream of those that name none.
pub(crate) const FEED: &str = "post:api";
pub(crate) const STREAM: &str = "api";

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// For programs.
    Json,
    /// For people and models.
    Text,
}

/// How an ask went that did not fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered.
    #[default]
    Answered,
    /// There is nothing to do.
    Nothing,
    /// Something is broken.
    Damaged,
}

/// An answer, written as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The answer.
    pub body: String,
    /// What else a person should know, which is not part of the answer.
    pub notes: Vec<String>,
    /// How it went.
    pub verdict: Verdict,
}

/// What was taken of messages that were handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Messages, those that were known before included.
    pub messages: usize,
    /// What was wrong in the input; the rest was taken.
    pub problems: Vec<String>,
}

/// Answers the product's verbs.
pub trait Memory {
    /// Answers, or does what is asked.
    ///
    /// # Errors
    /// [`crate::Error::kind`] tells what kind of failure it is, wherever the store is open.
    fn ask(&mut self, ask: &Ask, shape: Shape) -> Result<Reply>;

    /// Takes JSON lines, one message each, and returns once they cannot be lost. `key` names the batch: sent again under the same
    /// key, it is taken once.
    fn append(&mut self, lines: &[u8], key: Option<&str>) -> Result<Taken>;
}

/// The memory that this process has opened itself.
pub struct Local {
    engine: Engine,
    observer: Box<dyn Observer>,
}

impl Local {
    /// Over an open store; long work tells `observer` where it is.
    pub fn new(engine: Engine, observer: Box<dyn Observer>) -> Self {
        Self { engine, observer }
    }
}

impl Memory for Local {
    fn ask(&mut self, ask: &Ask, shape: Shape) -> Result<Reply> {
        if ask.needs_engine() {
            local::act(&mut self.engine, ask, shape, &Caller::local(), &mut *self.observer)
        } else {
            local::answer(self.engine.read(), ask, shape)
        }
    }

    fn append(&mut self, lines: &[u8], _key: Option<&str>) -> Result<Taken> {
        // Messages are known by their ids, so nothing more is needed to take a batch once.
        let appended = self.engine.append_lines(FEED, STREAM, lines)?;
        Ok(Taken {
            messages: appended.messages,
            problems: appended.problems.iter().map(ToString::to_string).collect(),
        })
    }
}
