//! Commits: read and compared with their parents on several threads, then made into facts and passages.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use gix::mailmap::Snapshot;
use gix::objs::{Find, Kind};
use gix::{ObjectId, OdbHandle};
use lichen_model::{Batch, Commit, FileChange, Owner, PassageKind, Problem, Repo};

use super::header::{self, Header};
use super::people::{self, People};
use super::tree::{self, Unknown};
use crate::passage;
use crate::redact::Redactor;

/// Commits that one thread gets on average before results are put together.
pub(super) const CHUNK: usize = 250;
/// Neighbouring commits that a thread takes at once, so that it meets the same trees again.
const RUN: usize = 16;
/// Changed paths that go into the words of a commit's passage.
const CONTEXT_PATHS_MAX: usize = 20;

/// A commit as read, before it is a fact.
pub(super) struct Read {
    id: ObjectId,
    header: Header,
    boundary: bool,
    pub(super) changes: Option<Vec<FileChange>>,
    problems: Vec<String>,
}

impl Read {
    /// Takes the secrets out of the message.
    pub(super) fn redact(&mut self, redactor: &Redactor) {
        redactor.apply(&mut self.header.message);
    }
}

/// Reads commits on as many threads as there are workers; the results are in the order of `ids`.
pub(super) fn read_all(
    workers: &mut [OdbHandle],
    ids: &[ObjectId],
    shallow: &HashSet<ObjectId>,
) -> Vec<(ObjectId, Result<Read, String>)> {
    let next = AtomicUsize::new(0);
    let run = |odb: &mut OdbHandle| {
        let mut reader = Trees { odb, known: HashMap::new(), buffer: Vec::new() };
        let mut results = Vec::new();
        loop {
            let start = next.fetch_add(RUN, Ordering::Relaxed);
            let Some(some) =
                ids.get(start..ids.len().min(start + RUN)).filter(|some| !some.is_empty())
            else {
                return results;
            };
            results.extend(
                some.iter().enumerate().map(|(at, &id)| (start + at, reader.read(id, shallow))),
            );
        }
    };
    let mut results = if let [only] = workers {
        run(only)
    } else {
        std::thread::scope(|scope| {
            let threads: Vec<_> = workers.iter_mut().map(|odb| scope.spawn(|| run(odb))).collect();
            let joined = threads
                .into_iter()
                .map(|thread| thread.join().expect("a reading thread does not panic"));
            joined.flatten().collect()
        })
    };
    results.sort_unstable_by_key(|(at, _)| *at);
    results.into_iter().map(|(at, read)| (ids[at], read)).collect()
}

struct Trees<'a> {
    odb: &'a mut OdbHandle,
    /// The trees of commits met before.
    known: HashMap<ObjectId, ObjectId>,
    buffer: Vec<u8>,
}

impl Trees<'_> {
    fn read(&mut self, id: ObjectId, shallow: &HashSet<ObjectId>) -> Result<Read, String> {
        let data = match self.odb.try_find(&id, &mut self.buffer) {
            Ok(Some(data)) if data.kind == Kind::Commit => data.data,
            Ok(_) => return Err("is missing; skipped".to_owned()),
            Err(error) => return Err(format!("cannot be read ({error}); skipped")),
        };
        let header = header::header(data).map_err(|damage| damage.what().to_owned())?;
        self.known.insert(id, header.links.tree);
        let boundary = shallow.contains(&id) && !header.links.parents.is_empty();
        let mut problems = Vec::new();
        for (who, signature) in [("author", &header.author), ("committer", &header.committer)] {
            problems.extend(signature.problem.map(|problem| format!("the {who} {problem}")));
        }
        if header.lossy {
            problems.push(
                "the message is not text in its encoding; unreadable bytes were replaced"
                    .to_owned(),
            );
        }
        // Behind a boundary the parents are not at hand: what the commit changed is not known, which is no problem.
        let changes = match self.changes(&header) {
            _ if boundary => None,
            Ok(changes) => Some(changes),
            Err(what) => {
                problems.push(what);
                None
            }
        };
        Ok(Read { id, header, boundary, changes, problems })
    }

    fn changes(&mut self, header: &Header) -> Result<Vec<FileChange>, String> {
        let parents = &header.links.parents;
        let old = parents.iter().map(|&parent| self.tree(parent)).collect::<Result<Vec<_>, _>>()?;
        let mut changes =
            tree::changes(self.odb, header.links.tree, &old).map_err(Unknown::what)?;
        if parents.len() < 2 {
            tree::pair_renames(&mut changes);
        }
        Ok(changes)
    }

    fn tree(&mut self, parent: ObjectId) -> Result<ObjectId, String> {
        if let Some(&tree) = self.known.get(&parent) {
            return Ok(tree);
        }
        let unknown = |why: &str| format!("parent {parent} {why}; the changed paths are unknown");
        let tree = match self.odb.try_find(&parent, &mut self.buffer) {
            Ok(Some(data)) if data.kind == Kind::Commit => {
                header::links(data.data).map_err(|_| unknown("cannot be read"))?.tree
            }
            Ok(Some(_)) => return Err(unknown("is no commit")),
            Ok(None) => return Err(unknown("is missing")),
            Err(_) => return Err(unknown("cannot be read")),
        };
        self.known.insert(parent, tree);
        Ok(tree)
    }
}

/// Adds a commit, its people, passages and problems to a batch.
pub(super) fn add(
    batch: &mut Batch,
    people: &mut People<'_>,
    repo: &Repo,
    mailmap: &Snapshot,
    read: Read,
) {
    let Read { id, header, boundary, changes, problems } = read;
    let place = format!("commit {id}");
    batch.problems.extend(
        problems.into_iter().map(|what| Problem::new(repo.key.as_str(), place.as_str(), what)),
    );
    let oid = tree::oid(id);
    let (author, committer) = (header.author, header.committer);
    let commit_id = Commit::id(&oid, committer.when.at);
    let mut context = people::canonical(mailmap, &author.name, &author.email).0;
    for change in changes.iter().flatten().take(CONTEXT_PATHS_MAX) {
        context.push('\n');
        context.push_str(&change.path.to_text());
    }
    let pieces = passage::cut_commit(&header.message);
    batch.passages.extend(passage::passages(
        Owner::Commit(commit_id),
        PassageKind::Commit,
        &context,
        pieces,
    ));
    batch.commits.push(Commit {
        id: commit_id,
        repo: repo.id,
        oid,
        tree: tree::oid(header.links.tree),
        parents: header.links.parents.into_iter().map(tree::oid).collect(),
        author: people.id(&author.name, &author.email),
        authored: author.when,
        committer: people.id(&committer.name, &committer.email),
        committed: committer.when,
        message: header.message,
        boundary,
        changes,
    });
}
