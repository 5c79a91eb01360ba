//! Looking things up in a repository: commits by the beginnings of their ids, what refs name, what was checked out when,
//! what was pushed where.

use std::collections::{HashMap, HashSet};

use gix::ObjectId;
use gix::hash::Prefix;
use gix::objs::{Find, Kind};
use lichen_model::{FileChange, Oid, Timestamp};

use super::{Repository, header, tree, walk};

/// Refs that a name may stand for, in the order in which git tries them.
const NAMESPACES: [&str; 5] = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];

/// A commit in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Brief {
    pub(crate) tree: ObjectId,
    pub(crate) parent: Option<ObjectId>,
    pub(crate) committed: Timestamp,
}

impl Repository {
    /// The commits whose object ids begin with some hexadecimal digits.
    pub(crate) fn commits_beginning(&self, digits: &str) -> Vec<ObjectId> {
        // Of more digits than its ids have the library makes a panic.
        if digits.len() > self.git.object_hash().len_in_hex() {
            return Vec::new();
        }
        let Ok(prefix) = Prefix::from_hex(digits) else { return Vec::new() };
        let mut found = HashSet::new();
        if self.git.objects.lookup_prefix(prefix, Some(&mut found)).is_err() {
            return Vec::new();
        }
        let mut commits: Vec<_> =
            found.into_iter().filter(|id| self.brief(*id).is_some()).collect();
        commits.sort_unstable();
        commits
    }

    /// A commit, if it is one and can be read.
    pub(crate) fn brief(&self, id: ObjectId) -> Option<Brief> {
        let mut buffer = Vec::new();
        let data = self.git.objects.try_find(&id, &mut buffer).ok()??;
        if data.kind != Kind::Commit {
            return None;
        }
        let links = header::links(data.data).ok()?;
        Some(Brief {
            tree: links.tree,
            parent: links.parents.first().copied(),
            committed: Timestamp::from_secs(links.committed),
        })
    }

    /// The message of a commit, as commits are told.
    pub fn message(&self, commit: &Oid) -> Option<String> {
        let id = ObjectId::try_from(commit.0.as_slice()).ok()?;
        let mut buffer = Vec::new();
        let data = self.git.objects.try_find(&id, &mut buffer).ok()??;
        let header = (data.kind == Kind::Commit).then(|| header::header(data.data).ok())??;
        Some(header.message)
    }

    /// The one commit whose object id begins so.
    pub fn commit(&self, digits: &str) -> Option<Oid> {
        match self.commits_beginning(digits)[..] {
            [id] => Some(tree::oid(id)),
            _ => None,
        }
    }

    /// The commit that a branch, a tag or another ref names.
    pub(crate) fn named(&self, name: &str) -> Option<ObjectId> {
        let mut names = NAMESPACES.iter().map(|space| format!("{space}{name}"));
        let mut reference = names.find_map(|name| self.git.try_find_reference(&name).ok()?)?;
        let id = reference.peel_to_id().ok()?.detach();
        self.brief(id).is_some().then_some(id)
    }

    /// What changed from one tree to another, or to nothing.
    pub(crate) fn between(&self, old: Option<ObjectId>, new: ObjectId) -> Option<Vec<FileChange>> {
        let old: Vec<_> = old.into_iter().collect();
        tree::changes(&self.git.objects, new, &old).ok()
    }

    /// What a commit changed against its first parent, files that were moved as such.
    pub(crate) fn changes_of(&self, commit: &Brief) -> Option<Vec<FileChange>> {
        let old = match commit.parent {
            Some(parent) => Some(self.brief(parent)?.tree),
            None => None,
        };
        let mut changes = self.between(old, commit.tree)?;
        tree::pair_renames(&mut changes);
        Some(changes)
    }

    /// What was checked out in this work tree, and from when on, the oldest first; git forgets it after some months.
    pub fn checked_out(&self) -> Vec<(Timestamp, Oid)> {
        let log = fs_err::read(self.git.git_dir().join("logs/HEAD")).unwrap_or_default();
        let entries = log.split(|&byte| byte == b'\n').filter_map(reflog_entry);
        let mut checked_out: Vec<_> = entries.collect();
        checked_out.sort_by_key(|(at, _)| *at);
        checked_out
    }

    /// The commits along the first parents of a branch, or of what is checked out, the oldest first, each with when it was
    /// committed.
    pub fn chain(&self, branch: Option<&str>) -> Vec<(Timestamp, Oid)> {
        let named = branch.and_then(|name| {
            let places = ["refs/heads/", "refs/remotes/origin/"];
            places.iter().find_map(|place| self.named(&format!("{place}{name}")))
        });
        let mut next = named.or_else(|| self.git.head_id().ok().map(gix::Id::detach));
        let cuts = self.cuts();
        let mut chain = Vec::new();
        let mut seen = HashSet::new();
        while let Some(id) = next
            && seen.insert(id)
            && let Some(brief) = self.brief(id)
        {
            chain.push((brief.committed, tree::oid(id)));
            next = brief.parent.filter(|_| !cuts.contains(&id));
        }
        chain.reverse();
        chain
    }

    /// The commits that some remote is known to have.
    pub fn pushed(&self) -> HashSet<Oid> {
        let Ok(platform) = self.git.references() else { return HashSet::new() };
        let Ok(remotes) = platform.remote_branches() else { return HashSet::new() };
        let tips =
            remotes.flatten().filter_map(|mut remote| Some(remote.peel_to_id().ok()?.detach()));
        let tips: Vec<_> = tips.collect();
        let (cuts, none) = (self.cuts(), HashSet::new());
        let bounds =
            walk::Bounds { known: &|_| false, cut_before: &none, shallow: &cuts, key: &self.key };
        walk::walk(&self.git.objects, &tips, &bounds).order.into_iter().map(tree::oid).collect()
    }

    /// The addresses of the remotes by their names, `origin` first.
    pub fn remotes(&self) -> Vec<(String, String)> {
        let config = self.git.config_snapshot();
        let url =
            |name: &str| Some(config.string(format!("remote.{name}.url").as_str())?.to_string());
        let names = self.git.remote_names();
        let mut remotes: Vec<_> = names
            .iter()
            .map(ToString::to_string)
            .filter_map(|name| url(&name).map(|url| (name, url)))
            .collect();
        remotes.sort_by_key(|(name, _)| name != "origin");
        remotes
    }

    /// Every path that some commit behind the refs brought, with one commit that has it and when that was made: for
    /// looking up what is there no more, or not yet.
    pub(crate) fn all_paths(&self, threads: usize) -> crate::Result<HashMap<Vec<u8>, Vec<Life>>> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .build()
            .map_err(|source| crate::Error::StartThreads(Box::new(source)))?;
        let objects = self.objects(threads);
        let tips: Vec<ObjectId> =
            self.git.head_id().ok().map(gix::Id::detach).into_iter().collect();
        let ancestry = self.ancestry(&pool, &objects, &tips, &|_| false);
        let mut lives: HashMap<Vec<u8>, Vec<Life>> = HashMap::new();
        for commit in ancestry.commits {
            for change in commit.changes.into_iter().next().flatten().into_iter().flatten() {
                if change.new_oid.is_some() && change.status != lichen_model::ChangeStatus::Modified
                {
                    let name =
                        change.path.0.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
                    lives
                        .entry(name.to_vec())
                        .or_default()
                        .push(Life { path: change.path.0.clone(), at: commit.id });
                }
            }
        }
        Ok(lives)
    }
}

/// That a commit brought a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) path: Vec<u8>,
    pub(crate) at: ObjectId,
}

/// When an entry of a reflog was made, and what was checked out from then on.
fn reflog_entry(line: &[u8]) -> Option<(Timestamp, Oid)> {
    let line = line.split(|&byte| byte == b'\t').next()?;
    let new = ObjectId::from_hex(line.split(|&byte| byte == b' ').nth(1)?).ok()?;
    // A name need not be UTF-8, what is behind the address is.
    let behind = line.iter().rposition(|&byte| byte == b'>')? + 1;
    let when = std::str::from_utf8(&line[behind..]).ok()?;
    let seconds = when.split_whitespace().next()?.parse().ok()?;
    (!new.is_null()).then(|| (Timestamp::from_secs(seconds), tree::oid(new)))
}
