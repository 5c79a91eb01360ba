//! Indexing symbols: what the commits of a repository did to them, and what each was from when to when on its default branch.
//!
//! Only what is new is looked at: commits that are not indexed yet, the blobs that they brought, and of the default branch what stands in
//! the files that they changed. All of it is derived from the repository, so that whatever does not fit is found out anew.

mod branch;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lichen_model::{BlobKey, Extraction, LineageGround, Oid, Problem, Progress, Repo, RepoPath};
use lichen_source::git::Repository;
use lichen_source::history::{Extractor, History, Lineage, MATCHER_VERSION};
use lichen_source::symbols::{Allowance, EXTRACTOR_VERSION, Language, Limits, Pool};
use lichen_store::{
    IndexedCommit, KnownCommit, ReadBlob, RefStep, Store, SymbolBatch, SymbolIds, SymbolReceipt,
};

use crate::{Engine, Error, Observer};
use branch::Branches;

/// Serves blobs to be parsed: what the processes of [`crate::SymbolsConfig::worker`] do.
pub fn serve_symbols(
    input: impl std::io::Read + Send,
    output: impl std::io::Write + Send,
) -> std::io::Result<()> {
    lichen_source::symbols::worker::serve(input, output)
}

/// What indexing did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indexed {
    pub(crate) receipt: SymbolReceipt,
    pub(crate) problems: Vec<Problem>,
}

impl Engine {
    /// Brings the symbols of the repository at `folder` up to its commits and refs as they were taken in.
    pub(crate) fn index_symbols(
        &mut self,
        folder: &Path,
        key: &str,
        observer: &mut dyn Observer,
    ) -> Result<Indexed, Error> {
        let repository =
            Repository::open(folder, key)?.redacted(Some(Arc::clone(&self.reader.redactor)));
        let store = self.store.read();
        let source = format!("symbols:{key}");
        let Some(taken_in) = store.progress(&format!("git:{key}"))? else {
            return Ok(Indexed::default());
        };
        let position = format!("{EXTRACTOR_VERSION}.{MATCHER_VERSION} {taken_in}");
        // Of a partial clone, blobs may come later.
        let appeared = store.missing_blobs()?.iter().any(|blob| repository.has(blob));
        if !appeared && store.progress(&source)?.as_ref() == Some(&position) {
            return Ok(Indexed::default());
        }
        let before = store.symbol_index()?;
        let other_version = |indexed: &lichen_store::IndexedBefore| {
            (u32::from(indexed.extractor), u32::from(indexed.matcher))
                != (EXTRACTOR_VERSION, MATCHER_VERSION)
        };
        if appeared || before.values().any(other_version) {
            self.store.forget_symbols()?;
        }
        let refs = self.store.read().refs(Repo::id(key))?;
        let is_bare = repository.work_tree().is_none();
        let Some(branches) = Branches::of(&refs, &before, is_bare) else {
            return Ok(Indexed::default());
        };
        for other in before.keys().filter(|reference| branches.is_left(**reference)) {
            self.store.forget_lineage(*other)?;
        }
        let progress = Progress { source, position };
        let mut run = Run {
            repository,
            repo: Repo::id(key),
            branches,
            ids: SymbolIds::default(),
            indexed: Indexed::default(),
        };
        let done = match run.index(self, &progress, false, observer) {
            // What is stored does not fit to what is there: everything of the branch is found out anew.
            Ok(false) => run.index(self, &progress, true, observer).map(drop),
            other => other.map(drop),
        };
        done.map(|()| run.indexed)
    }

    /// Child processes that read blobs; `None` where they are read in this one.
    fn start_workers(&mut self) -> Result<(), Error> {
        let symbols = &self.reader.config.symbols;
        if let (None, Some(program)) = (&self.symbol_pool, &symbols.worker) {
            let pool = Pool::start(program.clone(), symbols.threads, Allowance::default())?;
            self.symbol_pool = Some(pool);
        }
        Ok(())
    }
}

/// One run over one repository.
struct Run {
    repository: Repository,
    repo: lichen_model::RepoId,
    branches: Branches,
    ids: SymbolIds,
    indexed: Indexed,
}

/// Where the new chain of the branch leaves the one that is stored.
struct Fork {
    /// How many positions stay.
    positions: u32,
    /// The commits of the positions that follow, the oldest first.
    chain: Vec<Oid>,
}

impl Run {
    /// Indexes what is new. `false` where the branch has to be followed from its beginning.
    fn index(
        &mut self,
        engine: &mut Engine,
        progress: &Progress,
        anew: bool,
        observer: &mut dyn Observer,
    ) -> Result<bool, Error> {
        let mut known = engine.store.read().indexed_commits(self.branches.reference)?;
        let deepened = self.forget_deepened(&mut engine.store, &mut known)?;
        let fork = self.fork(&known, anew);
        let mut history = History::new(engine.reader.config.symbols.threads)?;
        self.walk(&mut history, &known, &fork, &deepened);
        let paths = history.changed_paths(&fork.chain);
        let ground = match fork.positions {
            0 => LineageGround::default(),
            positions => engine.store.lineage_ground(self.branches.reference, positions, &paths)?,
        };
        for file in &ground.files {
            history.want(&file.path, &file.blob);
            file.known.iter().for_each(|known| history.want(&file.path, known));
        }
        engine.store.recall_blobs(&mut self.ids, &history.unread(), &mut |recalled| {
            let language = recalled.language.and_then(Language::parse);
            history.recall(&recalled.key, language, recalled.extraction);
        })?;
        let Some(blobs) = self.read(engine, &mut history, observer)? else { return Ok(true) };
        self.indexed.problems.extend(history.take_problems());
        let Some(lineage) = self.follow(&history, &fork, &ground) else { return Ok(false) };
        self.write(engine, &history, &known, (blobs, lineage, progress), observer)?;
        Ok(true)
    }

    /// Forgets commits at which history was cut and is no longer, and returns them.
    fn forget_deepened(
        &self,
        store: &mut Store,
        known: &mut HashMap<Oid, KnownCommit>,
    ) -> Result<Vec<Oid>, Error> {
        let boundary = known.iter().filter(|(_, commit)| commit.boundary);
        let deepened: Vec<Oid> = boundary
            .map(|(commit, _)| commit.clone())
            .filter(|commit| !self.repository.is_boundary(commit))
            .collect();
        if !deepened.is_empty() {
            store.forget_commits(&deepened)?;
            known.retain(|commit, _| !deepened.contains(commit));
            // Positions begin elsewhere.
            for commit in known.values_mut() {
                (commit.landed, commit.position) = (None, None);
            }
        }
        Ok(deepened)
    }

    fn fork(&self, known: &HashMap<Oid, KnownCommit>, anew: bool) -> Fork {
        let position =
            |commit: &Oid| known.get(commit).and_then(|commit| commit.position).filter(|_| !anew);
        let is_known = |commit: &Oid| position(commit).is_some();
        let (mut chain, base) = self.repository.first_parents(&self.branches.tip, &is_known);
        chain.reverse();
        let positions = base.and_then(|base| position(&base)).map_or(0, |position| position + 1);
        Fork { positions, chain }
    }

    /// Takes in the commits that the branch's new positions brought, then all others that are not indexed.
    fn walk(
        &self,
        history: &mut History,
        known: &HashMap<Oid, KnownCommit>,
        fork: &Fork,
        deepened: &[Oid],
    ) {
        let landed = |commit: &Oid| {
            let landed = known.get(commit).and_then(|commit| commit.landed);
            landed.is_some_and(|landed| landed < fork.positions)
        };
        history.walk(&self.repository, std::slice::from_ref(&self.branches.tip), &landed);
        let others: Vec<Oid> = self.branches.others.iter().chain(deepened).cloned().collect();
        history.walk(&self.repository, &others, &|commit| known.contains_key(commit));
    }

    /// Reads the blobs that are new, and returns those that are not stored yet; `None` where it was stopped.
    fn read(
        &mut self,
        engine: &mut Engine,
        history: &mut History,
        observer: &mut dyn Observer,
    ) -> Result<Option<Vec<ReadBlob>>, Error> {
        let unread = history.unread().len();
        if unread > 0 {
            observer.stage_total(unread as u64);
            engine.start_workers()?;
        }
        let stop = Arc::new(AtomicBool::new(false));
        history.stop_when(Arc::clone(&stop));
        let batch_symbols = engine.reader.config.symbols.batch;
        let Engine { store, symbol_pool, .. } = engine;
        let mut extractor = match symbol_pool {
            Some(pool) => Extractor::Apart(pool),
            None => Extractor::Here(Limits::default()),
        };
        let ids = &mut self.ids;
        let mut blobs = Blobs { store, ids, batch: Vec::new(), symbols: 0, batch_symbols };
        let (mut failure, mut done) = (None, 0);
        let receipt = &mut self.indexed.receipt;
        let ended = history.read(
            &self.repository,
            &mut extractor,
            &mut |_: &RepoPath,
                  key: &BlobKey,
                  language: Option<Language>,
                  extraction: &Extraction| {
                if failure.is_none() {
                    match blobs.add(key, language, extraction) {
                        Ok(stored) => receipt.join(stored),
                        Err(error) => failure = Some(error),
                    }
                }
                done += 1;
                observer.done(done);
                if failure.is_some() || observer.cancelled() {
                    stop.store(true, Ordering::Relaxed);
                }
            },
        );
        match failure {
            Some(error) => Err(error),
            None => Ok(ended?.then_some(blobs.batch)),
        }
    }

    fn follow(&self, history: &History, fork: &Fork, ground: &LineageGround) -> Option<Lineage> {
        let mut lineage = match fork.positions {
            0 => Lineage::default(),
            _ => Lineage::resume(history, ground)?,
        };
        // A tip that is known already leads nowhere new.
        if !fork.chain.is_empty() {
            lineage.follow(history, &self.branches.tip)?;
        }
        Some(lineage)
    }

    /// Stores what commits did, in batches, and with the last one the branch.
    fn write(
        &mut self,
        engine: &mut Engine,
        history: &History,
        known: &HashMap<Oid, KnownCommit>,
        (blobs, lineage, progress): (Vec<ReadBlob>, Lineage, &Progress),
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        let mut batch = SymbolBatch { blobs, ..SymbolBatch::default() };
        let mut changes = 0;
        for (oid, boundary) in history.commits().filter(|(oid, _)| !known.contains_key(oid)) {
            let done = history.changes(&oid).expect("it is one of the history");
            changes += done.len();
            batch.commits.push(IndexedCommit { oid, boundary, changes: done });
            if changes >= engine.reader.config.symbols.batch {
                if observer.cancelled() {
                    return Ok(());
                }
                let stored = engine.store.append_symbols(&mut self.ids, &batch)?;
                self.indexed.receipt.join(stored);
                (batch, changes) = (SymbolBatch::default(), 0);
            }
        }
        batch.lineage = Some(RefStep {
            reference: self.branches.reference,
            repo: self.repo,
            tip: self.branches.tip.clone(),
            step: lineage.step(history),
            extractor: version(EXTRACTOR_VERSION),
            matcher: version(MATCHER_VERSION),
        });
        batch.progress = Some(progress.clone());
        let stored = engine.store.append_symbols(&mut self.ids, &batch)?;
        self.indexed.receipt.join(stored);
        Ok(())
    }
}

/// Blobs on their way into the store.
struct Blobs<'a> {
    store: &'a mut Store,
    ids: &'a mut SymbolIds,
    batch: Vec<ReadBlob>,
    symbols: usize,
    batch_symbols: usize,
}

impl Blobs<'_> {
    fn add(
        &mut self,
        key: &BlobKey,
        language: Option<Language>,
        extraction: &Extraction,
    ) -> Result<SymbolReceipt, Error> {
        self.symbols += 1 + extraction.symbols.len();
        self.batch.push(ReadBlob {
            key: key.clone(),
            language: language.map(Language::as_str),
            extraction: extraction.clone(),
            extractor: version(EXTRACTOR_VERSION),
        });
        if self.symbols < self.batch_symbols {
            return Ok(SymbolReceipt::default());
        }
        self.symbols = 0;
        let blobs = std::mem::take(&mut self.batch);
        let batch = SymbolBatch { blobs, ..SymbolBatch::default() };
        Ok(self.store.append_symbols(self.ids, &batch)?)
    }
}

fn version(version: u32) -> u16 {
    u16::try_from(version).expect("versions are small")
}
