//! The commits behind some tips, each with what it changed against every parent on its own, and the objects they name.
//!
//! Where [`super::commit`] tells a merge by what differs from all its parents, the history of symbols needs to know what it brought
//! to each of them.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use gix::objs::{Exists, Find, Kind, TreeRefIter};
use gix::{ObjectId, OdbHandle};
use lichen_model::{FileChange, Oid, Problem};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::header::{self, Links};
use super::{OBJECT_CACHE_BYTES, Repository, tree, walk};

/// A commit, and what it changed.
pub(crate) struct Ancestor {
    pub(crate) id: ObjectId,
    pub(crate) tree: ObjectId,
    pub(crate) parents: Vec<ObjectId>,
    /// Its parents are not at hand: it is compared with nothing, as if it brought everything.
    pub(crate) boundary: bool,
    /// Against each parent, or against nothing for a root; `None` where trees are missing.
    pub(crate) changes: Vec<Option<Vec<FileChange>>>,
}

/// What is behind some tips.
pub(crate) struct Ancestry {
    /// Parents before children.
    pub(crate) commits: Vec<Ancestor>,
    pub(crate) problems: Vec<Problem>,
}

/// The object database, for several threads.
pub(crate) struct Objects(Vec<Mutex<(OdbHandle, Vec<u8>)>>);

impl Objects {
    /// Runs something with the handle of the thread that this is, among those of a pool of rayon's.
    fn with<T>(&self, run: impl FnOnce(&OdbHandle, &mut Vec<u8>) -> T) -> T {
        let place = rayon::current_thread_index().unwrap_or_default() % self.0.len();
        // What a panic left in a buffer is overwritten by the next read.
        let mut own = self.0[place].lock().unwrap_or_else(PoisonError::into_inner);
        let (odb, buffer) = &mut *own;
        run(odb, buffer)
    }

    /// Looks at a blob; `None` where it is missing or damaged.
    pub(crate) fn blob<T>(&self, id: ObjectId, look: impl FnOnce(&[u8]) -> T) -> Option<T> {
        self.with(|odb, buffer| match odb.try_find(&id, buffer) {
            Ok(Some(data)) if data.kind == Kind::Blob => Some(look(data.data)),
            _ => None,
        })
    }

    /// The file at a path of a tree; links and submodules are none.
    pub(crate) fn file_at(&self, tree: ObjectId, path: &[u8]) -> Option<ObjectId> {
        self.with(|odb, buffer| {
            let mut at = tree;
            let mut names = path.split(|&byte| byte == b'/').peekable();
            while let Some(name) = names.next() {
                let data = odb.try_find(&at, buffer).ok()??;
                if data.kind != Kind::Tree {
                    return None;
                }
                let mut entries = TreeRefIter::from_bytes(data.data, data.object_hash).flatten();
                // A folder and a file of one name cannot both be there but in a damaged tree.
                let is_folder = names.peek().is_some();
                let is_wanted = |mode: gix::objs::tree::EntryMode| {
                    if is_folder { mode.is_tree() } else { mode.is_blob() }
                };
                let entry =
                    entries.find(|entry| entry.filename == name && is_wanted(entry.mode))?;
                at = entry.oid.to_owned();
            }
            Some(at)
        })
    }

    /// What a commit is made of; `None` where it is missing or damaged.
    pub(crate) fn links(&self, commit: ObjectId) -> Option<Links> {
        self.with(|odb, buffer| links(odb, buffer, commit))
    }

    /// The paths that differ between two trees, or between nothing and one; `None` where trees are missing.
    pub(crate) fn changes(&self, new: ObjectId, old: Option<ObjectId>) -> Option<Vec<FileChange>> {
        let old: Vec<_> = old.into_iter().collect();
        let mut changes = self.with(|odb, _| tree::changes(odb, new, &old)).ok()?;
        tree::pair_renames(&mut changes);
        Some(changes)
    }
}

impl Repository {
    /// Handles of the object database for as many threads.
    pub(crate) fn objects(&self, threads: usize) -> Objects {
        let handle = || {
            let mut git = self.git.clone();
            git.object_cache_size(OBJECT_CACHE_BYTES);
            Mutex::new((git.objects, Vec::new()))
        };
        Objects((0..threads.max(1)).map(|_| handle()).collect())
    }

    /// What takes secrets out of what is told.
    pub(crate) fn redactor(&self) -> Option<&crate::redact::Redactor> {
        self.redactor.as_deref()
    }

    /// The commits where the clone is cut.
    pub(crate) fn cuts(&self) -> HashSet<ObjectId> {
        // A list that cannot be read is told where commits are read.
        let cuts = self.git.shallow_commits().ok().flatten();
        cuts.iter().flat_map(|commits| commits.iter().copied()).collect()
    }

    /// The commit that is checked out, or that a bare repository points to.
    pub fn head(&self) -> Option<Oid> {
        self.git.head_id().ok().map(|id| tree::oid(id.detach()))
    }

    /// The commits from a tip along first parents, the newest first, up to one that `is_known` holds for, or to where history begins; and
    /// that one.
    pub fn first_parents(
        &self,
        tip: &Oid,
        is_known: &dyn Fn(&Oid) -> bool,
    ) -> (Vec<Oid>, Option<Oid>) {
        let cuts = self.cuts();
        let (mut commits, mut buffer) = (Vec::new(), Vec::new());
        let mut next = ObjectId::try_from(tip.0.as_slice()).ok();
        while let Some(id) = next {
            let commit = tree::oid(id);
            if is_known(&commit) {
                return (commits, Some(commit));
            }
            let Some(links) = links(&self.git.objects, &mut buffer, id) else { break };
            commits.push(commit);
            next = links.parents.first().copied().filter(|_| !cuts.contains(&id));
        }
        (commits, None)
    }

    /// Whether an object is at hand.
    pub fn has(&self, oid: &Oid) -> bool {
        ObjectId::try_from(oid.0.as_slice()).is_ok_and(|id| self.git.objects.exists(&id))
    }

    /// Whether history begins at a commit although it has parents: the clone is cut there, or the first parent is lost.
    pub fn is_boundary(&self, commit: &Oid) -> bool {
        let Ok(id) = ObjectId::try_from(commit.0.as_slice()) else { return false };
        let Some(links) = links(&self.git.objects, &mut Vec::new(), id) else { return false };
        let first = links.parents.first();
        first.is_some_and(|first| self.cuts().contains(&id) || !self.git.objects.exists(first))
    }

    /// What is behind the tips but not behind a known commit.
    pub(crate) fn ancestry(
        &self,
        threads: &rayon::ThreadPool,
        objects: &Objects,
        tips: &[ObjectId],
        known: &(dyn Fn(&ObjectId) -> bool + Sync),
    ) -> Ancestry {
        let shallow = self.cuts();
        let is_known = |oid: &Oid| ObjectId::try_from(oid.0.as_slice()).is_ok_and(|id| known(&id));
        let cut_before = HashSet::new();
        let bounds = walk::Bounds {
            known: &is_known,
            cut_before: &cut_before,
            shallow: &shallow,
            key: &self.key,
        };
        let walked = walk::walk(&self.git.objects, tips, &bounds);
        let at_hand: HashSet<ObjectId> = walked.order.iter().copied().collect();
        let is_there = |id: &ObjectId| at_hand.contains(id) || known(id);
        let read: Vec<_> = threads.install(|| {
            let one = |&id: &ObjectId| {
                objects.with(|odb, buffer| ancestor(odb, buffer, id, &shallow, &is_there))
            };
            walked.order.par_iter().with_min_len(16).map(one).collect()
        });
        let mut ancestry =
            Ancestry { commits: Vec::with_capacity(read.len()), problems: walked.problems };
        for (&id, (ancestor, problem)) in walked.order.iter().zip(read) {
            ancestry.commits.extend(ancestor);
            let place = format!("commit {id}");
            ancestry
                .problems
                .extend(problem.map(|what| Problem::new(self.key.as_str(), place, what)));
        }
        ancestry
    }
}

fn ancestor(
    odb: &OdbHandle,
    buffer: &mut Vec<u8>,
    id: ObjectId,
    shallow: &HashSet<ObjectId>,
    is_there: &(dyn Fn(&ObjectId) -> bool + Sync),
) -> (Option<Ancestor>, Option<String>) {
    let Some(links) = links(odb, buffer, id) else {
        return (None, Some("cannot be read any more; skipped".to_owned()));
    };
    let has_parents = !links.parents.is_empty();
    // Without its first parent a commit stands at the start of a chain, whatever else it merged.
    let boundary = has_parents && (shallow.contains(&id) || !is_there(&links.parents[0]));
    let parents = if boundary { Vec::new() } else { links.parents };
    let compared = if parents.is_empty() {
        vec![tree::changes(odb, links.tree, &[])]
    } else {
        let old =
            parents.iter().map(|&parent| self::links(odb, buffer, parent).map(|links| links.tree));
        let old: Vec<_> = old.collect();
        let against = |old: Option<ObjectId>| match old {
            Some(old) => tree::changes(odb, links.tree, &[old]),
            None => Err(tree::Unknown::Missing(links.tree)),
        };
        old.into_iter().map(against).collect()
    };
    let mut problem = None;
    let changes = compared
        .into_iter()
        .map(|compared| match compared {
            Ok(mut changes) => {
                tree::pair_renames(&mut changes);
                Some(changes)
            }
            Err(unknown) => {
                problem.get_or_insert_with(|| unknown.what());
                None
            }
        })
        .collect();
    (Some(Ancestor { id, tree: links.tree, parents, boundary, changes }), problem)
}

fn links(odb: &OdbHandle, buffer: &mut Vec<u8>, id: ObjectId) -> Option<Links> {
    match odb.try_find(&id, buffer) {
        Ok(Some(data)) if data.kind == Kind::Commit => header::links(data.data).ok(),
        _ => None,
    }
}
