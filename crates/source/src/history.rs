//! The history of symbols: what every commit did to them, and how each came to be what it is.
//!
//! A blob is parsed once, two blobs of a file are compared once, and a commit is matched once: all of it a pure function of git's
//! objects. [`Lineage`] replays the first parents of a ref on top of that, [`History::past`] answers for one symbol at any commit.
//!
//! **Invariant:** neither the order in which blobs are read nor the number of threads shows in an answer; what is taken in step by
//! step answers like what is taken in at once.

mod between;
mod catalog;
mod changes;
pub mod eval;
mod leftovers;
mod lineage;
mod pair;
mod past;
mod reading;
mod step;
mod trace;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use lichen_model::{BlobKey, Extraction, ExtractionStatus, Oid, Problem, RepoPath, Symbol};
use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use xxhash_rust::xxh3::Xxh3;

use crate::git::{Ancestor, Objects, Repository};
use crate::redact::Redactor;
use crate::symbols::{self, Job, Language, Limits, Pool};
use crate::{Error, Result};

use catalog::{Catalog, Digest, Hint, NONE};
use pair::Pairing;
use step::{Change, Step};

pub use between::{Between, Changed, Standing};
pub use lineage::Lineage;
pub use past::{Past, PastChange};
pub use reading::{Reading, Source};
pub use trace::{Reached, Trace, TraceLimits};

/// Changes whenever the same extractions may give another history.
pub const MATCHER_VERSION: u32 = 1;

/// The error recovery of some grammars calls itself; a system's usual stack is soon full.
const STACK_BYTES: usize = 64 << 20;
/// Blobs that are parsed while the ones before them are taken in.
const CHUNK_BLOBS: usize = 512;

/// Where blobs are parsed.
pub enum Extractor<'a> {
    /// In this process: a grammar that crashes ends it.
    Here(Limits),
    /// In child processes.
    Apart(&'a mut Pool),
}

/// What is told of a blob as it is read: a path that has it, what it is known by, its language and what it defines.
///
/// A blob may be read twice where it is at paths whose names say different languages.
pub type Told<'a> = dyn FnMut(&RepoPath, &BlobKey, Option<Language>, &Extraction) + Send + 'a;

/// How the name of a file has its texts read: [`BlobKey::read_as`]; `None` for a file that never has symbols.
pub fn read_as(path: &RepoPath) -> Option<&'static str> {
    Hint::of(path).map(Hint::as_str)
}

/// A commit as history knows it.
#[derive(Debug)]
struct Commit {
    id: ObjectId,
    tree: ObjectId,
    /// Numbers of the parents; [`NONE`] for one that is not at hand.
    parents: Box<[u32]>,
    /// Its parents are not at hand.
    boundary: bool,
    /// The files that may have symbols, against each parent, or against nothing; `None` where trees are missing.
    changes: Box<[Option<Arc<[Change]>>]>,
}

/// Everything that is known of the commits taken in.
pub struct History {
    threads: ThreadPool,
    catalog: Catalog,
    commits: Vec<Commit>,
    numbers: HashMap<ObjectId, u32>,
    pairs: HashMap<(u32, u32), Arc<Pairing>>,
    /// Each commit against its first parent.
    steps: Vec<Arc<Step>>,
    /// Blobs that are to be read, each with a path that has it.
    unread: Vec<(u32, u32)>,
    stop: Arc<AtomicBool>,
    /// Merges against their other parents, as they were asked for.
    merges: Mutex<HashMap<(u32, u32), Arc<Step>>>,
    problems: Vec<Problem>,
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("commits", &self.commits.len()).finish_non_exhaustive()
    }
}

impl History {
    /// A history of nothing yet, which computes on `threads` threads.
    pub fn new(threads: usize) -> Result<Self> {
        Ok(Self {
            threads: self::threads(threads)?,
            catalog: Catalog::default(),
            commits: Vec::new(),
            numbers: HashMap::new(),
            pairs: HashMap::new(),
            steps: Vec::new(),
            unread: Vec::new(),
            stop: Arc::default(),
            merges: Mutex::default(),
            problems: Vec::new(),
        })
    }

    /// Takes in what a blob defines without reading it: what was told of it before.
    pub fn recall(&mut self, blob: &BlobKey, language: Option<Language>, extraction: Extraction) {
        let Ok(id) = ObjectId::try_from(blob.oid.0.as_slice()) else { return };
        if let Some(hint) = Hint::parse(blob.read_as) {
            let number = self.catalog.blob(id, hint);
            self.catalog.learn(number, Digest::new(language, extraction));
        }
    }

    /// Takes in the commits behind the tips that are new, and returns how many those are.
    ///
    /// Where a shallow clone was deepened, everything is taken in again; no blob is read twice for that.
    pub fn extend(
        &mut self,
        repository: &Repository,
        tips: &[Oid],
        extractor: &mut Extractor<'_>,
        told: &mut Told<'_>,
    ) -> Result<usize> {
        let new = self.walk(repository, tips, &|_| false);
        self.read(repository, extractor, told)?;
        Ok(new)
    }

    /// The first half of [`History::extend`]: commits and what files they changed. What is in `ground` is known elsewhere: neither it nor
    /// what is behind it is taken in. The blobs that [`History::unread`] tells can be recalled before [`History::read`] reads the rest.
    pub fn walk(
        &mut self,
        repository: &Repository,
        tips: &[Oid],
        ground: &(dyn Fn(&Oid) -> bool + Sync),
    ) -> usize {
        let tips: Vec<_> =
            tips.iter().filter_map(|tip| ObjectId::try_from(tip.0.as_slice()).ok()).collect();
        let cuts = repository.cuts();
        if self.commits.iter().any(|commit| commit.boundary && !cuts.contains(&commit.id)) {
            self.forget_commits();
        }
        let objects = repository.objects(self.threads.current_num_threads());
        let numbers = &self.numbers;
        let known = |id: &ObjectId| numbers.contains_key(id) || ground(&oid(id));
        let ancestry = repository.ancestry(&self.threads, &objects, &tips, &known);
        self.problems.extend(ancestry.problems);
        let first = self.commits.len();
        for ancestor in ancestry.commits {
            self.add(ancestor);
        }
        self.find_unread(first);
        self.commits.len() - first
    }

    /// The blobs that are not read yet.
    pub fn unread(&self) -> Vec<BlobKey> {
        self.unread
            .iter()
            .filter(|(_, blob)| self.catalog.blobs[*blob as usize].status.is_none())
            .map(|(_, blob)| self.catalog.blob_key(*blob))
            .collect()
    }

    /// Has a blob read, too, that is at `path`.
    pub fn want(&mut self, path: &RepoPath, blob: &BlobKey) {
        let (Ok(id), Some(hint)) =
            (ObjectId::try_from(blob.oid.0.as_slice()), Hint::parse(blob.read_as))
        else {
            return;
        };
        let (path, _) = self.catalog.path(path);
        let blob = self.catalog.blob(id, hint);
        if self.catalog.blobs[blob as usize].status.is_none() {
            self.unread.push((path, blob));
        }
    }

    /// The paths of files that may have symbols and that these commits changed, against their first parents, before and after.
    pub fn changed_paths(&self, commits: &[Oid]) -> BTreeSet<RepoPath> {
        let commits = commits.iter().filter_map(|commit| self.number_of(commit));
        let files = commits
            .filter_map(|commit| self.commits[commit as usize].changes.first()?.as_ref())
            .flat_map(|files| files.iter());
        let paths: BTreeSet<u32> = files.flat_map(|file| [file.old_path, file.path]).collect();
        paths.into_iter().map(|path| self.catalog.paths[path as usize].clone()).collect()
    }

    /// The second half of [`History::extend`]: reads the blobs that are not known yet, and finds out what commits did. Returns whether it
    /// came to its end: see [`History::stop_when`].
    pub fn read(
        &mut self,
        repository: &Repository,
        extractor: &mut Extractor<'_>,
        told: &mut Told<'_>,
    ) -> Result<bool> {
        let objects = repository.objects(self.threads.current_num_threads());
        self.read_blobs(&objects, extractor, repository.redactor(), told)?;
        if self.is_stopped() {
            return Ok(false);
        }
        self.compare(self.steps.len());
        Ok(true)
    }

    /// Has [`History::read`] read no further blob once this is set; the history is of no use then.
    pub fn stop_when(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The commits that were taken in, parents before children, each with whether it was compared with nothing because history is cut
    /// there.
    pub fn commits(&self) -> impl Iterator<Item = (Oid, bool)> + '_ {
        self.commits.iter().map(|commit| (oid(&commit.id), commit.boundary))
    }

    /// What was wrong with the repository, since this was asked last.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// How many commits are known.
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// Whether nothing is known yet.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    fn forget_commits(&mut self) {
        self.commits.clear();
        self.numbers.clear();
        self.steps.clear();
        self.merges.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn add(&mut self, ancestor: Ancestor) {
        let Ancestor { id, tree, parents, boundary, changes } = ancestor;
        let parents = parents
            .iter()
            .map(|parent| self.numbers.get(parent).copied().unwrap_or(NONE))
            .collect();
        let changes = changes
            .into_iter()
            .map(|changes| changes.map(|changes| self.catalog.files(&changes)))
            .collect();
        self.numbers.insert(id, number(self.commits.len()));
        self.commits.push(Commit { id, tree, parents, boundary, changes });
    }

    /// Notes the blobs that the commits from `first` on name and that were not read yet.
    fn find_unread(&mut self, first: usize) {
        let mut seen = HashSet::new();
        for commit in self.commits[first..].iter().rev() {
            for file in commit.changes.iter().flatten().flat_map(|files| files.iter()) {
                for (path, blob) in [(file.path, file.new), (file.old_path, file.old)] {
                    if blob != NONE
                        && self.catalog.blobs[blob as usize].status.is_none()
                        && seen.insert(blob)
                    {
                        self.unread.push((path, blob));
                    }
                }
            }
        }
    }

    /// Reads every blob that is wanted and was not read yet.
    fn read_blobs(
        &mut self,
        objects: &Objects,
        extractor: &mut Extractor<'_>,
        redactor: Option<&Redactor>,
        told: &mut Told<'_>,
    ) -> Result<()> {
        let mut wanted = std::mem::take(&mut self.unread);
        let mut seen = HashSet::new();
        wanted.retain(|(_, blob)| {
            self.catalog.blobs[*blob as usize].status.is_none() && seen.insert(*blob)
        });
        // Texts of one file, the newest first, are how git stores them: each on top of the one before.
        wanted.sort_by(|a, b| {
            self.catalog.paths[a.0 as usize].cmp(&self.catalog.paths[b.0 as usize])
        });
        match extractor {
            Extractor::Here(limits) => self.read_here(objects, &wanted, limits, redactor, told),
            Extractor::Apart(pool) => self.read_apart(objects, &wanted, pool, redactor, told)?,
        }
        Ok(())
    }

    fn read_here(
        &mut self,
        objects: &Objects,
        wanted: &[(u32, u32)],
        limits: &Limits,
        redactor: Option<&Redactor>,
        told: &mut Told<'_>,
    ) {
        let mut parsed: Vec<((u32, u32), Digest)> = Vec::new();
        let mut chunks = wanted.chunks(CHUNK_BLOBS);
        loop {
            let chunk: Vec<_> = chunks
                .next()
                .unwrap_or_default()
                .iter()
                .map(|&place| {
                    let Blob { id, hint } = self.blob(place.1);
                    (place, id, hint, self.catalog.paths[place.0 as usize].clone())
                })
                .collect();
            if (chunk.is_empty() && parsed.is_empty()) || self.is_stopped() {
                return;
            }
            let before = std::mem::take(&mut parsed);
            let catalog = &mut self.catalog;
            let parse = || {
                let one = |(place, id, hint, path): &((u32, u32), ObjectId, Hint, RepoPath)| {
                    let found = objects.blob(*id, |bytes| match hint.language(path, bytes) {
                        Some(language) => {
                            digest(language, symbols::extract(bytes, language, limits), redactor)
                        }
                        None => without(ExtractionStatus::Unsupported),
                    });
                    (*place, found.unwrap_or_else(|| without(ExtractionStatus::Missing)))
                };
                chunk.par_iter().with_max_len(1).map(one).collect::<Vec<_>>()
            };
            let take_in = || {
                for (place, digest) in before {
                    take_in(catalog, place, digest, told);
                }
            };
            (parsed, ()) = self.threads.install(|| rayon::join(parse, take_in));
        }
    }

    fn read_apart(
        &mut self,
        objects: &Objects,
        wanted: &[(u32, u32)],
        pool: &mut Pool,
        redactor: Option<&Redactor>,
        told: &mut Told<'_>,
    ) -> Result<()> {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|&place| {
                let Blob { id, hint } = self.blob(place.1);
                (place, id, hint, self.catalog.paths[place.0 as usize].clone())
            })
            .collect();
        // What has no bytes or no language never gets to the pool.
        let at_once = Mutex::new(Vec::new());
        let leave_out = |place, status| {
            at_once.lock().unwrap_or_else(PoisonError::into_inner).push((place, status));
        };
        // Blobs are taken out of their packs while others are parsed.
        let stop = Arc::clone(&self.stop);
        let going_on = wanted.iter().take_while(move |_| !stop.load(Ordering::Relaxed));
        let jobs = going_on.filter_map(|(place, id, hint, path)| {
            let found = objects.blob(*id, |bytes| {
                hint.language(path, bytes).map(|language| (language, bytes.to_vec()))
            });
            match found {
                None => leave_out(*place, ExtractionStatus::Missing),
                Some(None) => leave_out(*place, ExtractionStatus::Unsupported),
                Some(Some((language, bytes))) => {
                    return Some(Job { key: (*place, language), language, bytes });
                }
            }
            None
        });
        let catalog = &mut self.catalog;
        let mut clean = redactor.map(Clean::new);
        pool.extract(jobs, |outcome| {
            let (place, language) = outcome.key;
            let mut extraction = outcome.extraction;
            if let Some(clean) = &mut clean {
                clean.redact(&mut extraction);
            }
            take_in(catalog, place, Digest::new(Some(language), extraction), told);
        })?;
        for (place, status) in at_once.into_inner().unwrap_or_else(PoisonError::into_inner) {
            take_in(&mut self.catalog, place, without(status), told);
        }
        Ok(())
    }

    fn blob(&self, blob: u32) -> Blob {
        let catalog::Blob { id, hint, .. } = self.catalog.blobs[blob as usize];
        Blob { id, hint }
    }

    /// Compares blobs and matches commits from `first` on.
    fn compare(&mut self, first: usize) {
        let mut wanted = Vec::new();
        let mut seen = HashSet::new();
        for commit in &self.commits[first..] {
            let files = commit.changes.first().and_then(Option::as_ref);
            for file in files.into_iter().flat_map(|files| files.iter()) {
                let pair = (file.old, file.new);
                let is_pair = file.old != NONE && file.new != NONE && file.old != file.new;
                if is_pair && !self.pairs.contains_key(&pair) && seen.insert(pair) {
                    wanted.push(pair);
                }
            }
        }
        let catalog = &self.catalog;
        let compared: Vec<_> = self.threads.install(|| {
            let one = |&(old, new): &(u32, u32)| {
                (
                    (old, new),
                    Arc::new(pair::pair(catalog.entries(old), catalog.entries(new), catalog)),
                )
            };
            wanted.par_iter().map(one).collect()
        });
        self.pairs.extend(compared);
        let steps: Vec<_> = self.threads.install(|| {
            let one = |commit: &Commit| Arc::new(self.matched(commit, 0));
            self.commits[first..].par_iter().with_max_len(16).map(one).collect()
        });
        self.steps.extend(steps);
    }

    /// A commit against one of its parents, as far as blobs are known.
    fn matched(&self, commit: &Commit, parent: usize) -> Step {
        let files = commit.changes.get(parent).and_then(Option::as_ref);
        let files: Vec<_> = files
            .into_iter()
            .flat_map(|files| files.iter().copied())
            .filter(|file| self.catalog.is_known(file))
            .collect();
        self.step_of(&files)
    }

    fn step_of(&self, files: &[Change]) -> Step {
        Step::new(files, &self.catalog, |old, new| {
            let known = self.pairs.get(&(old, new)).cloned();
            known.unwrap_or_else(|| {
                let (old, new) = (self.catalog.entries(old), self.catalog.entries(new));
                Arc::new(pair::pair(old, new, &self.catalog))
            })
        })
    }

    /// A commit against one of its parents.
    fn step(&self, commit: u32, parent: u32) -> Arc<Step> {
        if parent == 0 {
            return Arc::clone(&self.steps[commit as usize]);
        }
        let merges = || self.merges.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(step) = merges().get(&(commit, parent)) {
            return Arc::clone(step);
        }
        let step = Arc::new(self.matched(&self.commits[commit as usize], parent as usize));
        merges().insert((commit, parent), Arc::clone(&step));
        step
    }

    fn oid(&self, commit: u32) -> Oid {
        oid(&self.commits[commit as usize].id)
    }

    fn number_of(&self, commit: &Oid) -> Option<u32> {
        let id = ObjectId::try_from(commit.0.as_slice()).ok()?;
        self.numbers.get(&id).copied()
    }

    /// The commits from a tip along first parents, the oldest first.
    fn chain(&self, tip: u32) -> Vec<u32> {
        let next = |commit: &u32| self.commits[*commit as usize].parents.first().copied();
        let mut chain: Vec<_> =
            std::iter::successors(Some(tip), |commit| next(commit).filter(|next| *next != NONE))
                .collect();
        chain.reverse();
        chain
    }
}

/// Threads with room for the deepest recovery of a grammar.
fn threads(count: usize) -> Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(count.max(1))
        .stack_size(STACK_BYTES)
        .build()
        .map_err(|source| Error::StartThreads(Box::new(source)))
}

/// What reading a blob needs.
struct Blob {
    id: ObjectId,
    hint: Hint,
}

fn digest(language: Language, mut extraction: Extraction, redactor: Option<&Redactor>) -> Digest {
    if let Some(redactor) = redactor {
        symbols::redact(&mut extraction, redactor);
    }
    Digest::new(Some(language), extraction)
}

fn without(status: ExtractionStatus) -> Digest {
    Digest::new(None, Extraction::without_symbols(status))
}

/// Tells what a blob defines and takes it in; its place is path and blob.
fn take_in(catalog: &mut Catalog, (path, blob): (u32, u32), digest: Digest, told: &mut Told<'_>) {
    let (language, extraction) = digest.extraction();
    told(&catalog.paths[path as usize], &catalog.blob_key(blob), language, extraction);
    catalog.learn(blob, digest);
}

/// Redaction that looks at each text once: names and declarations come again with every version of a file.
struct Clean<'a> {
    redactor: &'a Redactor,
    /// Hashes of texts that hold nothing to be taken out.
    texts: HashSet<u128>,
}

impl<'a> Clean<'a> {
    fn new(redactor: &'a Redactor) -> Self {
        Self { redactor, texts: HashSet::new() }
    }

    fn redact(&mut self, extraction: &mut Extraction) {
        let hash = |symbol: &Symbol| {
            let mut hasher = Xxh3::new();
            for text in symbol.scope.iter().chain([&symbol.name, &symbol.signature]) {
                hasher.update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
            hasher.digest128()
        };
        for symbol in &mut extraction.symbols {
            let before = hash(symbol);
            if !self.texts.contains(&before) {
                symbols::redact_symbol(symbol, self.redactor);
                if hash(symbol) == before {
                    self.texts.insert(before);
                }
            }
        }
    }
}

fn oid(id: &ObjectId) -> Oid {
    Oid(id.as_slice().to_vec())
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("memory ends before")
}
