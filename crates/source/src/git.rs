//! Git: commits that are not known yet, with people, changed paths and refs.
//!
//! Opening walks from every ref to the commits already known and puts the new ones in order, parents before
//! children; each batch then reads a bounded number of them, trees compared on several threads. No blob is read.
//!
//! **Invariant:** replacement refs and grafts are not followed: a commit is what its object id names.

mod ancestry;
mod commit;
mod file;
mod header;
mod look;
mod people;
mod refs;
mod revision;
mod tree;
mod walk;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::mailmap::Snapshot;
use gix::sec::trust::Mapping;
use gix::{ObjectId, OdbHandle};
use lichen_model::{Batch, Oid, Person, Problem, Progress, RefState, Repo};

pub(crate) use ancestry::{Ancestor, Objects};
pub use file::{Entry, WorkFile};
pub(crate) use header::Links;
pub(crate) use look::{Brief, Life};
pub use revision::{CommitHead, Revision};

use crate::redact::Redactor;
use crate::{Error, Estimate, Read, Result, Unit};

/// A batch ends after this many commits,
const BATCH_COMMITS: usize = 2_000;
/// or this many changed paths, whichever comes first.
const BATCH_CHANGES: usize = 100_000;
/// Decoded trees that each thread keeps: neighbouring commits share most of theirs.
const OBJECT_CACHE_BYTES: usize = 32 << 20;

/// What is known of a repository before it is read; empty for the first time.
pub struct Known<'a> {
    /// Whether a commit has been taken in. With it all of its ancestors are, unless it is in `boundary`.
    pub commit: &'a dyn Fn(&Oid) -> bool,
    /// Known commits that were read where a shallow clone cuts history. Where history goes on behind one by now, it
    /// is yielded again, whole.
    pub boundary: &'a [Oid],
    /// Full names of the refs seen before: those gone by now are told with no target.
    pub refs: &'a [String],
    /// The people seen before: those whom the mailmap takes for someone else by now are yielded again.
    pub people: &'a [Person],
    /// The position of the last progress: where refs and mailmap are still the same, there is nothing to read.
    pub position: Option<&'a str>,
}

impl Known<'_> {
    /// Nothing is known.
    pub const NOTHING: Known<'static> =
        Known { commit: &|_| false, boundary: &[], refs: &[], people: &[], position: None };
}

/// A repository that has been found and opened.
pub struct Repository {
    git: gix::Repository,
    key: String,
    redactor: Option<Arc<Redactor>>,
}

impl Repository {
    /// Opens the repository that holds `folder`: a work tree (linked ones and submodules too), a bare repository, or
    /// any folder inside. `key` is what the store calls it.
    pub fn open(folder: &Path, key: &str) -> Result<Self> {
        let options = gix::open::Options::isolated();
        let trust = Mapping { full: options.clone(), reduced: options };
        let found = gix::ThreadSafeRepository::discover_opts(
            folder,
            gix::discover::upwards::Options::default(),
            trust,
        );
        let git = found.map_err(|error| open_error(folder, error))?;
        let mut git = git.to_thread_local();
        git.objects.ignore_replacements = true;
        // A partial clone lacks objects; looking for new packs at each of them would take forever.
        git.objects.refresh_never();
        Ok(Self { git, key: key.to_owned(), redactor: None })
    }

    /// Takes secrets out of the messages of commits; `None` keeps them as they are.
    #[must_use]
    pub fn redacted(self, redactor: Option<Arc<Redactor>>) -> Self {
        Self { redactor, ..self }
    }

    /// The repository as a fact.
    pub fn repo(&self) -> Repo {
        Repo {
            id: Repo::id(&self.key),
            key: self.key.clone(),
            name: refs::name(&self.git),
            object_format: Some(self.git.object_hash().to_string()),
            shallow: self.git.is_shallow().unwrap_or(false),
        }
    }

    /// The root of the work tree; `None` for a bare repository.
    pub fn work_tree(&self) -> Option<PathBuf> {
        self.git.workdir().map(Path::to_owned)
    }

    /// The roots of all its work trees, the main one first; those that are gone are left out.
    pub fn work_trees(&self) -> Vec<PathBuf> {
        let main = self.git.main_repo().ok().and_then(|main| main.workdir().map(Path::to_owned));
        let linked = self.git.worktrees().unwrap_or_default();
        let linked = linked.iter().filter_map(|linked| linked.base().ok());
        main.into_iter().chain(linked).filter(|root| root.is_dir()).collect()
    }

    /// The git directory that all its work trees share.
    pub fn common_dir(&self) -> PathBuf {
        self.git.common_dir().to_owned()
    }

    /// How many commits of `HEAD` are not among those that `seen` is built on; `None` where that cannot be told, as when
    /// `seen` is gone.
    pub fn behind(&self, seen: &Oid) -> Option<u64> {
        let head = self.git.head_id().ok()?.detach();
        let seen = ObjectId::try_from(seen.0.as_slice()).ok()?;
        if head == seen {
            return Some(0);
        }
        let walk = self.git.rev_walk([head]).with_hidden([seen]).all().ok()?;
        let mut count = 0;
        for commit in walk {
            commit.ok()?;
            count += 1;
        }
        Some(count)
    }

    /// What tells this state of refs and mailmap from another: changes with every commit. Reads no object.
    pub fn state(&self) -> Result<String> {
        let refs = refs::read(&self.git, Repo::id(&self.key), &self.key, &[])?;
        let shallow = self.git.shallow_commits().ok().flatten();
        let shallow = shallow.iter().flat_map(|commits| commits.iter().copied()).collect();
        Ok(position(&refs.states, &self.git.open_mailmap(), &shallow))
    }

    /// Walks to what is known and returns the reader of the rest, which uses `threads` threads for each batch.
    pub fn read(&self, known: &Known<'_>, threads: usize) -> Result<Reader> {
        let repo = self.repo();
        let mailmap = self.git.open_mailmap();
        let refs = refs::read(&self.git, repo.id, &self.key, known.refs)?;
        let mut problems = refs.problems;
        let shallow: HashSet<ObjectId> = match self.git.shallow_commits() {
            Ok(commits) => commits.iter().flat_map(|commits| commits.iter().copied()).collect(),
            Err(error) => {
                let what =
                    format!("the list of shallow commits cannot be read ({error}); taken as empty");
                problems.push(Problem::new(self.key.as_str(), "shallow", what));
                HashSet::new()
            }
        };
        let position = position(&refs.states, &mailmap, &shallow);
        let unchanged = known.position == Some(position.as_str());
        let cut_before = known
            .boundary
            .iter()
            .filter_map(|oid| ObjectId::try_from(oid.0.as_slice()).ok())
            .collect();
        let bounds = walk::Bounds {
            known: known.commit,
            cut_before: &cut_before,
            shallow: &shallow,
            key: &self.key,
        };
        let walked = if unchanged {
            walk::Walked::default()
        } else {
            walk::walk(&self.git.objects, &refs.tips, &bounds)
        };
        problems.extend(walked.problems);
        let people = people::changed(&mailmap, known.people);
        let mut workers = vec![self.git.clone(); threads.max(1)];
        for worker in &mut workers {
            worker.object_cache_size(OBJECT_CACHE_BYTES);
        }
        Ok(Reader {
            redactor: self.redactor.clone(),
            repo,
            mailmap,
            shallow,
            workers: workers.into_iter().map(|worker| worker.objects).collect(),
            order: walked.order,
            done: 0,
            last: (!unchanged).then_some(Last { refs: refs.states, people, position, problems }),
        })
    }
}

fn open_error(folder: &Path, error: gix::Error) -> Error {
    let path = folder.to_owned();
    let none = error.downcast_any_ref::<gix::discover::upwards::Error>().is_some();
    if none {
        Error::NoRepository { path }
    } else {
        Error::OpenRepository { path, source: Box::new(error) }
    }
}

/// What tells one state of a repository from another, but for its objects.
fn position(refs: &[RefState], mailmap: &Snapshot, shallow: &HashSet<ObjectId>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |part: &[u8]| {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    };
    for state in refs {
        add(state.reference.name.as_bytes());
        add(state.target.as_ref().map_or(&[], |oid| &oid.0));
        add(state.symbolic.as_deref().unwrap_or_default().as_bytes());
    }
    for entry in mailmap.iter() {
        for part in [entry.new_name(), entry.new_email(), entry.old_name(), Some(entry.old_email())]
        {
            add(part.map_or(&[], |part| part));
        }
    }
    let mut shallow: Vec<_> = shallow.iter().collect();
    shallow.sort_unstable();
    for id in shallow {
        add(id.as_slice());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// What only the last batch carries: refs point to commits that are taken in by then.
struct Last {
    refs: Vec<RefState>,
    people: Vec<Person>,
    position: String,
    problems: Vec<Problem>,
}

/// The new commits of a repository, batch by batch.
pub struct Reader {
    redactor: Option<Arc<Redactor>>,
    repo: Repo,
    mailmap: Snapshot,
    shallow: HashSet<ObjectId>,
    workers: Vec<OdbHandle>,
    order: Vec<ObjectId>,
    done: usize,
    last: Option<Last>,
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        if self.last.is_none() {
            return Ok(None);
        }
        let mut batch = Batch { repos: vec![self.repo.clone()], ..Batch::default() };
        let mut people = people::People::new(&self.mailmap);
        let mut changes = 0;
        while batch.commits.len() < BATCH_COMMITS
            && changes < BATCH_CHANGES
            && self.done < self.order.len()
        {
            let end = self.order.len().min(self.done + commit::CHUNK * self.workers.len());
            let end = end.min(self.done + BATCH_COMMITS - batch.commits.len());
            for (id, read) in
                commit::read_all(&mut self.workers, &self.order[self.done..end], &self.shallow)
            {
                match read {
                    Ok(mut read) => {
                        if let Some(redactor) = &self.redactor {
                            read.redact(redactor);
                        }
                        changes += read.changes.as_ref().map_or(0, Vec::len);
                        commit::add(&mut batch, &mut people, &self.repo, &self.mailmap, read);
                    }
                    Err(what) => {
                        batch.problems.push(Problem::new(
                            self.repo.key.as_str(),
                            format!("commit {id}"),
                            what,
                        ));
                    }
                }
            }
            self.done = end;
        }
        batch.people = people.list;
        if self.done == self.order.len()
            && let Some(last) = self.last.take()
        {
            batch
                .people
                .retain(|person| !last.people.iter().any(|changed| changed.id == person.id));
            batch.people.extend(last.people);
            batch.refs = last.refs;
            batch.problems.extend(last.problems);
            batch.progress.push(Progress {
                source: format!("git:{}", self.repo.key),
                position: last.position,
            });
        }
        Ok(Some(batch))
    }

    fn estimate(&self) -> Estimate {
        Estimate { total: self.order.len() as u64, done: self.done as u64, unit: Unit::Commits }
    }
}
