//! What one consumer did under one signature, and which windows that leaves to offer.

use std::collections::HashMap;

use lichen_model::{Extent, Outcome, Timestamp, WindowId};
use lichen_store::RunView;

/// A window that may be claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) extent: Extent,
    /// Claims of it before.
    pub(super) attempts: u32,
}

/// How the last attempt at a window stands.
enum Last {
    /// Processed, or being processed.
    Taken,
    /// Failed or expired.
    Free,
    Split(Vec<Extent>),
}

/// The last attempts at windows, and their numbers.
pub(super) struct Ledger(HashMap<WindowId, (u32, Last)>);

impl Ledger {
    /// Of runs in the order of their claims.
    pub(super) fn new(runs: Vec<RunView>, now: Timestamp) -> Self {
        let mut ledger = HashMap::new();
        for RunView { run, end } in runs {
            let last = match end {
                None if run.lease > now => Last::Taken,
                None | Some((_, Outcome::Failed { .. })) => Last::Free,
                Some((_, Outcome::Done)) => Last::Taken,
                Some((_, Outcome::Split { parts })) => Last::Split(parts),
            };
            let entry = ledger.entry(run.extent.id()).or_insert((0, Last::Free));
            if run.attempt > entry.0 {
                *entry = (run.attempt, last);
            }
        }
        Self(ledger)
    }

    /// What there is to do of a window: itself, or of those it was split in the one with the fewest attempts.
    pub(super) fn offer(&self, extent: Extent, attempts_max: Option<u32>) -> Option<Offer> {
        match self.0.get(&extent.id()) {
            None => Some(Offer { extent, attempts: 0 }),
            Some((_, Last::Taken)) => None,
            Some((attempts, Last::Free)) => {
                let left = attempts_max.is_none_or(|max| *attempts < max);
                left.then_some(Offer { extent, attempts: *attempts })
            }
            Some((_, Last::Split(parts))) => {
                let offers = parts.iter().filter_map(|part| self.offer(part.clone(), attempts_max));
                offers.min_by_key(|offer| offer.attempts)
            }
        }
    }
}
