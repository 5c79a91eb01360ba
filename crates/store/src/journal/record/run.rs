//! Runs in records.

use std::borrow::Cow;

use lichen_model::{Extent, Id, Outcome, Run, RunEvent, RunId, Standing, StreamId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{RawId, raw};

#[derive(Serialize, Deserialize)]
pub(super) enum RunRecord<'a> {
    Claimed {
        id: RawId,
        consumer: Cow<'a, str>,
        signature: Cow<'a, str>,
        extent: ExtentRecord,
        attempt: u32,
        claimed: i64,
        lease: i64,
    },
    Done {
        run: RawId,
        at: i64,
    },
    Failed {
        run: RawId,
        at: i64,
        reason: Cow<'a, str>,
    },
    Split {
        run: RawId,
        at: i64,
        parts: Vec<ExtentRecord>,
    },
}

fn id(raw: RawId) -> Id {
    Id::from_u128(u128::from_be_bytes(raw))
}

#[derive(Serialize, Deserialize)]
pub(super) struct ExtentRecord {
    stream: RawId,
    first: (i64, u32),
    last: (i64, u32),
    late: u32,
    replaced: u32,
    bytes: Option<(u32, u32)>,
}

impl<'a> RunRecord<'a> {
    pub(super) fn of(event: &'a RunEvent) -> Self {
        match event {
            RunEvent::Claimed(run) => Self::Claimed {
                id: raw(run.id.as_u128()),
                consumer: Cow::Borrowed(&run.consumer),
                signature: Cow::Borrowed(&run.signature),
                extent: ExtentRecord::of(&run.extent),
                attempt: run.attempt,
                claimed: run.claimed.millis(),
                lease: run.lease.millis(),
            },
            RunEvent::Ended { run, at, outcome } => {
                let (run, at) = (raw(run.as_u128()), at.millis());
                match outcome {
                    Outcome::Done => Self::Done { run, at },
                    Outcome::Failed { reason } => {
                        Self::Failed { run, at, reason: Cow::Borrowed(reason) }
                    }
                    Outcome::Split { parts } => {
                        Self::Split { run, at, parts: parts.iter().map(ExtentRecord::of).collect() }
                    }
                }
            }
        }
    }

    pub(super) fn event(self) -> RunEvent {
        let ended = |run: RawId, at: i64, outcome| RunEvent::Ended {
            run: RunId(id(run)),
            at: Timestamp(at),
            outcome,
        };
        match self {
            Self::Claimed { id: run_id, consumer, signature, extent, attempt, claimed, lease } => {
                RunEvent::Claimed(Run {
                    id: RunId(id(run_id)),
                    consumer: consumer.into_owned(),
                    signature: signature.into_owned(),
                    extent: extent.extent(),
                    attempt,
                    claimed: Timestamp(claimed),
                    lease: Timestamp(lease),
                })
            }
            Self::Done { run, at } => ended(run, at, Outcome::Done),
            Self::Failed { run, at, reason } => {
                ended(run, at, Outcome::Failed { reason: reason.into_owned() })
            }
            Self::Split { run, at, parts } => {
                let parts = parts.into_iter().map(ExtentRecord::extent).collect();
                ended(run, at, Outcome::Split { parts })
            }
        }
    }
}

impl ExtentRecord {
    fn of(extent: &Extent) -> Self {
        Self {
            stream: raw(extent.stream.as_u128()),
            first: (extent.first.place, extent.first.late),
            last: (extent.last.place, extent.last.late),
            late: extent.late,
            replaced: extent.replaced,
            bytes: extent.bytes.as_ref().map(|bytes| (bytes.start, bytes.end)),
        }
    }

    fn extent(self) -> Extent {
        let standing = |(place, late)| Standing { place, late };
        Extent {
            stream: StreamId(id(self.stream)),
            first: standing(self.first),
            last: standing(self.last),
            late: self.late,
            replaced: self.replaced,
            bytes: self.bytes.map(|(start, end)| start..end),
        }
    }
}
