//! Which branch of a repository is followed, and which other commits are looked at.

use std::collections::HashMap;

use lichen_model::{Oid, RefId, RefKind};
use lichen_store::{IndexedBefore, SeenRef};

/// Names that default branches have, the likeliest first.
const USUAL: [&str; 4] =
    ["refs/heads/main", "refs/heads/master", "refs/heads/trunk", "refs/heads/develop"];

/// The branch that is followed, and the tips of all others.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Branches {
    pub(super) reference: RefId,
    pub(super) tip: Oid,
    /// Tips of branches and tags: what commits behind them did is known too.
    pub(super) others: Vec<Oid>,
    /// All refs of the repository.
    all: Vec<RefId>,
}

impl Branches {
    /// `None` where no ref leads to a commit.
    pub(super) fn of(
        refs: &[SeenRef],
        before: &HashMap<RefId, IndexedBefore>,
        is_bare: bool,
    ) -> Option<Self> {
        let followed = followed(refs, before, is_bare)?;
        let tip = followed.state.target.clone()?;
        // Refs of other kinds are a forge's: the heads of requests, which may be thousands.
        let told = |seen: &&SeenRef| seen.state.reference.kind != RefKind::Other;
        let mut others: Vec<Oid> =
            refs.iter().filter(told).filter_map(|seen| seen.state.target.clone()).collect();
        others.sort_unstable();
        others.dedup();
        let all = refs.iter().map(|seen| seen.state.reference.id).collect();
        Some(Self { reference: followed.state.reference.id, tip, others, all })
    }

    /// Whether a ref is one of the repository's and not the one that is followed.
    pub(super) fn is_left(&self, reference: RefId) -> bool {
        reference != self.reference && self.all.contains(&reference)
    }
}

/// The default branch: the one that the remote says, else the one that was followed before, else the one that is called like one, else
/// the one that is checked out. A bare repository says itself which.
fn followed<'a>(
    refs: &'a [SeenRef],
    before: &HashMap<RefId, IndexedBefore>,
    is_bare: bool,
) -> Option<&'a SeenRef> {
    let named = |name: &str| {
        refs.iter().find(|seen| seen.state.reference.name == name && seen.state.target.is_some())
    };
    let leads_to = |name: &str| named(name)?.state.symbolic.as_deref();
    let remote = leads_to("refs/remotes/origin/HEAD").and_then(|to| {
        let branch = to.strip_prefix("refs/remotes/origin/")?;
        named(&format!("refs/heads/{branch}")).or_else(|| named(to))
    });
    let head = || leads_to("HEAD").and_then(named);
    let usual = || USUAL.into_iter().find_map(named);
    remote
        .or_else(|| head().filter(|_| is_bare))
        .or_else(|| {
            let before = |seen: &&SeenRef| {
                before.contains_key(&seen.state.reference.id) && seen.state.target.is_some()
            };
            refs.iter().find(before)
        })
        .or_else(usual)
        .or_else(head)
        .or_else(|| named("HEAD"))
        .or_else(|| refs.iter().find(|seen| seen.state.target.is_some()))
}

#[cfg(test)]
mod tests;
