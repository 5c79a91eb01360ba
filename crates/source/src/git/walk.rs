//! The walk over new commits, and their order: parents before children, else by commit time.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, HashSet};

use gix::objs::{Find, Kind};
use gix::{ObjectId, OdbHandle};
use lichen_model::{Oid, Problem};

use super::header::{self, Links};
use super::tree::oid;

/// What the walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The commits to yield, in order.
    pub(super) order: Vec<ObjectId>,
    pub(super) problems: Vec<Problem>,
}

/// What the walk has to know.
pub(super) struct Bounds<'a> {
    /// Commits that need not be yielded, nor their ancestors.
    pub(super) known: &'a dyn Fn(&Oid) -> bool,
    /// Known commits that were read where history was cut; their ancestors may be at hand by now.
    pub(super) cut_before: &'a HashSet<ObjectId>,
    /// Commits where history is cut now.
    pub(super) shallow: &'a HashSet<ObjectId>,
    /// The name of the repository in problems.
    pub(super) key: &'a str,
}

/// Walks from `tips` to the bounds. What is missing or damaged is told and ends the walk there, not elsewhere.
pub(super) fn walk(odb: &OdbHandle, tips: &[ObjectId], bounds: &Bounds<'_>) -> Walked {
    let mut found: HashMap<ObjectId, Option<Links>> = HashMap::new();
    let mut walked = Walked::default();
    // Known commits stand between the tips and where history was cut, so the walk starts there too.
    let mut deepened: Vec<_> = bounds.cut_before.difference(bounds.shallow).collect();
    deepened.sort_unstable();
    let mut stack: Vec<_> = deepened.iter().copied().chain(tips).map(|&id| (id, None)).collect();
    let mut buffer = Vec::new();
    while let Some((id, child)) = stack.pop() {
        let Entry::Vacant(entry) = found.entry(id) else { continue };
        if (bounds.known)(&oid(id)) && deepened.binary_search(&&id).is_err() {
            entry.insert(None);
            continue;
        }
        match links(odb, id, &mut buffer) {
            Ok(links) => {
                if !bounds.shallow.contains(&id) {
                    stack.extend(links.parents.iter().rev().map(|&parent| (parent, Some(id))));
                }
                entry.insert(Some(links));
            }
            Err(what) => {
                let place = format!("commit {id}");
                let what = child
                    .map_or_else(|| what.clone(), |child| format!("{what} (parent of {child})"));
                walked.problems.push(Problem::new(bounds.key, place, what));
                entry.insert(None);
            }
        }
    }
    walked.order = order(&found);
    walked
}

fn links(odb: &OdbHandle, id: ObjectId, buffer: &mut Vec<u8>) -> Result<Links, String> {
    match odb.try_find(&id, buffer) {
        Ok(Some(data)) if data.kind == Kind::Commit => {
            header::links(data.data).map_err(|damage| damage.what().to_owned())
        }
        Ok(Some(data)) => Err(format!("is a {}, no commit; skipped", data.kind)),
        Ok(None) => Err("is missing; history ends there".to_owned()),
        Err(error) => Err(format!("cannot be read ({error}); skipped")),
    }
}

/// Kahn's algorithm with a heap, so that the order depends on nothing but the commits.
fn order(found: &HashMap<ObjectId, Option<Links>>) -> Vec<ObjectId> {
    let mut waits: HashMap<ObjectId, usize> = HashMap::with_capacity(found.len());
    let mut children: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
    let mut ready = BinaryHeap::new();
    let new = found.iter().filter_map(|(id, links)| Some((id, links.as_ref()?)));
    for (&id, links) in new {
        let mut parents: Vec<_> =
            links.parents.iter().filter(|id| matches!(found.get(*id), Some(Some(_)))).collect();
        parents.sort_unstable();
        parents.dedup();
        if parents.is_empty() {
            ready.push(Reverse((links.committed, id)));
        } else {
            waits.insert(id, parents.len());
            for &parent in parents {
                children.entry(parent).or_default().push(id);
            }
        }
    }
    let mut order = Vec::with_capacity(found.len());
    while let Some(Reverse((_, id))) = ready.pop() {
        order.push(id);
        for child in children.remove(&id).unwrap_or_default() {
            let Some(waiting) = waits.get_mut(&child) else { continue };
            *waiting -= 1;
            if *waiting == 0
                && let Some(Some(links)) = found.get(&child)
            {
                ready.push(Reverse((links.committed, child)));
            }
        }
    }
    order
}
