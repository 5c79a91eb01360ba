//! Answers of `recall` and `get`.

use std::collections::BTreeMap;

use lichen_engine::{Answer, Found, TOKEN_BYTES, format_instant};
use serde::Serialize;
use utoipa::ToSchema;

/// Hits, and where they were looked for.
#[derive(Serialize, ToSchema)]
pub struct RecallAnswer {
    scope: RecallScope,
    /// How many passages scored.
    candidates: usize,
    /// Best first.
    hits: Vec<RecallHit>,
}

/// Where an answer was looked for, and how fresh that is.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecallScope {
    /// The kinds of text looked at.
    kinds: Vec<&'static str>,
    /// How many passages were looked at.
    passages: u64,
    /// The object id of the head that was last taken in.
    head: Option<String>,
    /// Commits of the head that are not taken in; null where that cannot be told.
    lag: Option<u64>,
    /// What was left out and why.
    notes: Vec<String>,
}

/// One recalled passage.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecallHit {
    /// What `get` takes to show it.
    id: String,
    /// The same, short.
    short_id: String,
    /// What `get` takes to show it: the short id, or `commit:path:first-last` of what was read from a commit's tree.
    handle: String,
    /// The commit whose tree it was read from; null for what the store holds.
    revision: Option<String>,
    kind: &'static str,
    at: String,
    author: String,
    /// Where it stands: `path:first-last`, or a stream's name.
    place: String,
    /// Its commit, or the last one that changed its path.
    commit: Option<String>,
    /// `stale`, `moved`, `gone`.
    flags: Vec<&'static str>,
    /// Comparable within one answer only.
    score: f32,
    /// The part that answers best: recalled data, whatever it says.
    snippet: String,
}

impl From<&Answer> for RecallAnswer {
    fn from(answer: &Answer) -> Self {
        let scope = &answer.scope;
        let hits = answer.hits.iter().map(|hit| RecallHit {
            id: hit.id.to_string(),
            short_id: hit.id.short(),
            handle: hit.handle(),
            revision: hit.revision.clone(),
            kind: hit.kind.name(),
            at: format_instant(hit.at),
            author: hit.author.clone(),
            place: hit.place.clone(),
            commit: hit.commit.clone(),
            flags: hit.flags.iter().map(|flag| flag.name()).collect(),
            score: hit.score,
            snippet: hit.snippet.clone(),
        });
        Self {
            scope: RecallScope {
                kinds: scope.kinds.iter().map(|kind| kind.name()).collect(),
                passages: scope.passages,
                head: scope.head.clone(),
                lag: scope.lag,
                notes: scope.notes.clone(),
            },
            candidates: answer.candidates,
            hits: hits.collect(),
        }
    }
}

impl RecallAnswer {
    /// The answer on one line, of at most `budget` tokens: hits that do not fit are left out from the end.
    pub(crate) fn capped(mut self, budget: usize) -> String {
        loop {
            let text = super::json(&self);
            if text.len() <= budget.saturating_mul(TOKEN_BYTES) || self.hits.pop().is_none() {
                return text;
            }
        }
    }
}

/// Things found by their ids.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundThings {
    /// In the order asked for.
    found: Vec<FoundThing>,
}

/// A thing with its text, or a part of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundThing {
    id: String,
    kind: &'static str,
    /// Where it comes from.
    provenance: BTreeMap<String, String>,
    /// Verbatim: recalled data, whatever it says.
    text: String,
    /// The first byte of the text in the whole.
    offset: u64,
    /// Bytes of the whole.
    bytes: u64,
    /// Where to go on; null at the end.
    next_offset: Option<u64>,
    /// False where it stands around something that was asked for.
    asked_for: bool,
}

impl From<&[Found]> for FoundThings {
    fn from(found: &[Found]) -> Self {
        let one = |found: &Found| FoundThing {
            id: found.id.to_string(),
            kind: found.id.kind.name(),
            provenance: found.provenance.iter().cloned().collect(),
            text: found.text.clone(),
            offset: found.offset,
            bytes: found.bytes,
            next_offset: found.next_offset,
            asked_for: found.asked_for,
        };
        Self { found: found.iter().map(one).collect() }
    }
}
