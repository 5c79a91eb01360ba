//! Code memory: what blobs define, what commits did to it, and symbols along the first parents of refs.
//!
//! Numbers stand for paths, blobs, keys and bodies. One process writes, so they are given here: [`SymbolIds`] remembers those of one
//! run, and asks for what it does not know.

mod forget;
mod ground;
mod ids;
mod lineage;
mod recall;
mod references;
mod rows;
mod state;

use std::collections::HashSet;

use lichen_model::{BlobKey, Extraction, LineageStep, Oid, Progress, RefId, RepoId, SymbolChange};

use crate::error::{Doing, Result};
use crate::journal::Step;
use crate::open::Store;
use crate::progress;

pub use ids::SymbolIds;
pub(crate) use ids::each;
pub(crate) use lineage::symbol_id;
pub use recall::Recalled;
pub use references::{
    FoundReference, ReferenceBatch, ReferenceGround, ReferenceSource, StoredReference,
};
pub use state::{BadBlob, IndexedBefore, KnownCommit};

/// What an indexer found out: one transaction.
#[derive(Clone, Debug, Default)]
pub struct SymbolBatch {
    /// Blobs that were read.
    pub blobs: Vec<ReadBlob>,
    /// Commits, parents before children, with what they did to symbols.
    pub commits: Vec<IndexedCommit>,
    /// What it adds to the symbols of a ref.
    pub lineage: Option<RefStep>,
    /// How far indexing has come once this is taken in.
    pub progress: Option<Progress>,
}

/// A blob that was read, or could not be.
#[derive(Clone, Debug)]
pub struct ReadBlob {
    /// Which.
    pub key: BlobKey,
    /// The language it was read as.
    pub language: Option<&'static str>,
    /// What came of it.
    pub extraction: Extraction,
    /// Version of the extractor.
    pub extractor: u16,
}

/// A commit, and what it did to symbols.
#[derive(Clone, Debug)]
pub struct IndexedCommit {
    /// Which.
    pub oid: Oid,
    /// It was compared with nothing, because history is cut there.
    pub boundary: bool,
    /// What it did.
    pub changes: Vec<SymbolChange>,
}

/// What commits add to the symbols of a ref; what the store has of positions behind where it begins is taken back.
#[derive(Clone, Debug)]
pub struct RefStep {
    /// The ref.
    pub reference: RefId,
    /// Its repository.
    pub repo: RepoId,
    /// The commit it points to.
    pub tip: Oid,
    /// What is new.
    pub step: LineageStep,
    /// Version of the extractor.
    pub extractor: u16,
    /// Version of the rules by which symbols are matched.
    pub matcher: u16,
}

/// What was new in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SymbolReceipt {
    /// Blobs.
    pub blobs: usize,
    /// Commits.
    pub commits: usize,
    /// Changes of symbols.
    pub changes: usize,
    /// Versions of symbols.
    pub versions: usize,
}

impl SymbolReceipt {
    /// Adds what was new in the batch that came next.
    pub const fn join(&mut self, next: Self) {
        self.blobs += next.blobs;
        self.commits += next.commits;
        self.changes += next.changes;
        self.versions += next.versions;
    }
}

impl Store {
    /// Takes in what an indexer found out, in one transaction: blobs first, then what names them. Blobs that are there already are left
    /// alone. Blobs, commits and paths that a change or a version names are in this batch, or were in one before.
    pub fn append_symbols(
        &mut self,
        ids: &mut SymbolIds,
        batch: &SymbolBatch,
    ) -> Result<SymbolReceipt> {
        self.ensure_attached()?;
        self.guard(room_for(batch))?;
        match self.write_symbols(ids, batch) {
            Ok(receipt) => Ok(receipt),
            Err(error) => {
                // Numbers that were given may not have been stored.
                *ids = SymbolIds::default();
                Err(self.recover(error))
            }
        }
    }

    fn write_symbols(&self, ids: &mut SymbolIds, batch: &SymbolBatch) -> Result<SymbolReceipt> {
        let conn = &self.conn;
        // Rolls back when dropped before the commit.
        let transaction = conn.unchecked_transaction().doing("begin a transaction")?;
        let numbers = ids.numbers(conn)?;
        numbers.find_commits(conn, commits_of(batch))?;
        numbers.find_blobs(conn, blobs_of(batch))?;
        let blobs = rows::append_blobs(conn, numbers, &batch.blobs)?;
        let changes = rows::append_changes(conn, numbers, &batch.commits)?;
        let now = self.options.clock.now();
        let versions = match &batch.lineage {
            Some(step) => lineage::append(conn, numbers, step, now)?,
            None => 0,
        };
        let receipt = SymbolReceipt { blobs, commits: batch.commits.len(), changes, versions };
        progress::append(conn, batch.progress.as_slice())?;
        self.step(Step::Apply)?;
        transaction.commit().doing("commit what was found out of symbols")?;
        Ok(receipt)
    }
}

/// The commits that a batch names.
fn commits_of(batch: &SymbolBatch) -> HashSet<&Oid> {
    let mut commits: HashSet<&Oid> = batch.commits.iter().map(|commit| &commit.oid).collect();
    if let Some(RefStep { step, .. }) = &batch.lineage {
        commits.extend(&step.chain);
        commits.extend(step.brought.iter().map(|(commit, _)| commit));
        commits.extend(step.versions.iter().map(|version| &version.origin));
        commits.extend(step.symbols.iter().map(|symbol| &symbol.introduced));
    }
    commits
}

/// The blobs that a batch names.
fn blobs_of(batch: &SymbolBatch) -> HashSet<&BlobKey> {
    let mut blobs: HashSet<&BlobKey> = batch.blobs.iter().map(|blob| &blob.key).collect();
    let changes = batch.commits.iter().flat_map(|commit| &commit.changes);
    blobs.extend(
        changes.flat_map(|change| [&change.old, &change.new]).flatten().map(|site| &site.blob),
    );
    if let Some(RefStep { step, .. }) = &batch.lineage {
        blobs.extend(step.versions.iter().map(|version| &version.site.blob));
        blobs.extend(step.files.iter().map(|file| &file.blob));
        blobs.extend(step.files.iter().filter_map(|file| file.known.as_ref()));
    }
    blobs
}

/// About the bytes of a batch.
fn room_for(batch: &SymbolBatch) -> u64 {
    const PER_ROW: usize = 128;
    let symbols: usize = batch.blobs.iter().map(|blob| 1 + blob.extraction.symbols.len()).sum();
    let changes: usize = batch.commits.iter().map(|commit| 1 + commit.changes.len()).sum();
    let versions = batch.lineage.as_ref().map_or(0, |lineage| {
        lineage.step.versions.len() + lineage.step.files.len() + lineage.step.brought.len()
    });
    // A body has its sketch beside.
    (symbols * 3 * PER_ROW + (changes + versions) * PER_ROW) as u64
}
