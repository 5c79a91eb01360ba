//! Runs: pieces of processing over windows, from claim to end.

use crate::{Extent, RunId, Timestamp, WindowId};

/// One attempt of a consumer at a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Derived from consumer, signature, window and attempt.
    pub id: RunId,
    /// Who processes.
    pub consumer: String,
    /// What it processes with: of another signature, every window is new to the consumer. May be empty.
    pub signature: String,
    /// What is processed.
    pub extent: Extent,
    /// The consumer's attempts at the window under this signature, this one included: from 1.
    pub attempt: u32,
    /// When it was claimed.
    pub claimed: Timestamp,
    /// Until when nobody else may claim the window.
    pub lease: Timestamp,
}

impl Run {
    /// The id of the attempt of that number.
    pub fn id(
        consumer: &str,
        signature: &str,
        window: WindowId,
        attempt: u32,
        at: Timestamp,
    ) -> RunId {
        let window = window.as_u128().to_be_bytes();
        let attempt = attempt.to_be_bytes();
        RunId::derive(at, &[consumer.as_bytes(), signature.as_bytes(), &window, &attempt])
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The window is processed.
    Done,
    /// It is not, and is offered again.
    Failed {
        /// Why.
        reason: String,
    },
    /// It proved too large: these are offered in its place, in order.
    Split {
        /// What the window was split in: two at least.
        parts: Vec<Extent>,
    },
}

/// A fact about a run. A run without an end is claimed, or has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEvent {
    /// A consumer took a window on.
    Claimed(Run),
    /// It let go of it. A run ends once, and only while no later attempt at its window was claimed.
    Ended {
        /// The run.
        run: RunId,
        /// When.
        at: Timestamp,
        /// How.
        outcome: Outcome,
    },
}
