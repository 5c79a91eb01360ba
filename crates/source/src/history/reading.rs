//! Texts read on the spot: what files of single commits define, and which of it is the same, without a whole history.

use std::sync::Arc;

use gix::ObjectId;
use lichen_model::{Extraction, ExtractionStatus, Oid, RepoPath};
use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::catalog::{Catalog, Digest, Hint, NONE};
use super::pair::{self, Pairing};
use super::step::{Change, Step};
use super::{CHUNK_BLOBS, digest, threads, without};
use crate::Result;
use crate::git::{Objects, Repository};
use crate::redact::Redactor;
use crate::symbols::{self, Language, Limits};

/// A file of a commit with what it defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: RepoPath,
    /// Its text.
    pub blob: Oid,
    /// Its language; `None` for one without symbols.
    pub language: Option<Language>,
    /// What it defines.
    pub extraction: Extraction,
}

/// Reads single texts of a repository.
///
/// **Invariant:** what it says of two texts is what [`super::History`] says of a commit that makes the one of the other.
pub struct Reading<'a> {
    pub(super) repository: &'a Repository,
    pub(super) objects: Objects,
    pub(super) catalog: Catalog,
    threads: ThreadPool,
    limits: Limits,
    /// Blobs that were parsed.
    pub(super) parsed: usize,
}

impl<'a> Reading<'a> {
    /// Reads in this process, on `threads` threads with room for the deepest recovery of a grammar.
    pub fn new(repository: &'a Repository, limits: Limits, threads: usize) -> Result<Self> {
        let threads = self::threads(threads)?;
        Ok(Self {
            repository,
            objects: repository.objects(threads.current_num_threads()),
            catalog: Catalog::default(),
            threads,
            limits,
            parsed: 0,
        })
    }

    /// What a text at a path defines.
    pub fn extract(&self, path: &RepoPath, bytes: &[u8]) -> (Option<Language>, Extraction) {
        let (limits, redactor) = (&self.limits, self.repository.redactor());
        let digest = self.threads.install(|| match Language::detect(path, bytes) {
            Some(language) => digest(language, symbols::extract(bytes, language, limits), redactor),
            None => without(ExtractionStatus::Unsupported),
        });
        let (language, extraction) = digest.extraction();
        (language, extraction.clone())
    }

    /// What files of a commit define, in their order; files without symbols by their name alone are left out.
    pub fn sources(&self, files: &[(RepoPath, Oid)]) -> Vec<Source> {
        let reader = self.reader();
        let one = |(path, blob): &(RepoPath, Oid)| {
            let hint = Hint::of(path)?;
            let id = ObjectId::try_from(blob.0.as_slice()).ok()?;
            let digest = reader.read(path, id, hint);
            let (language, extraction) = digest.extraction();
            Some(Source {
                path: path.clone(),
                blob: blob.clone(),
                language,
                extraction: extraction.clone(),
            })
        };
        self.threads.install(|| files.par_iter().with_max_len(1).filter_map(one).collect())
    }

    /// For each symbol of a file's new text its place among those of the old one, if it was there.
    pub fn same(&mut self, path: &RepoPath, old: &[u8], new: &[u8]) -> Vec<Option<u32>> {
        let (number, Some(_)) = self.catalog.path(path) else { return Vec::new() };
        let (Some(old), Some(new)) = (self.take_in(path, old), self.take_in(path, new)) else {
            return Vec::new();
        };
        let step = self.step(&[Change { old_path: number, old, path: number, new }]);
        let ords = 0..super::number(self.catalog.entries(new).len());
        ords.map(|ord| step.origin(0, ord).old.map(|(_, old)| old)).collect()
    }

    fn take_in(&mut self, path: &RepoPath, bytes: &[u8]) -> Option<u32> {
        let (_, hint) = self.catalog.path(path);
        let id = self.repository.blob_id(bytes)?;
        let number = self.catalog.blob(ObjectId::try_from(id.0.as_slice()).ok()?, hint?);
        let (language, extraction) = self.extract(path, bytes);
        self.catalog.learn(number, Digest::new(language, extraction));
        Some(number)
    }

    fn reader(&self) -> BlobReader<'_> {
        BlobReader {
            objects: &self.objects,
            limits: &self.limits,
            redactor: self.repository.redactor(),
        }
    }

    /// Reads both sides of changes, as far as they were not read yet.
    pub(super) fn read(&mut self, files: &[Change]) {
        let sides =
            files.iter().flat_map(|file| [(file.old_path, file.old), (file.path, file.new)]);
        let mut wanted: Vec<(u32, u32)> = sides
            .filter(|(_, blob)| {
                *blob != NONE && self.catalog.blobs[*blob as usize].status.is_none()
            })
            .collect();
        wanted.sort_unstable_by_key(|(_, blob)| *blob);
        wanted.dedup_by_key(|(_, blob)| *blob);
        self.parsed += wanted.len();
        for chunk in wanted.chunks(CHUNK_BLOBS) {
            let (reader, catalog) = (self.reader(), &self.catalog);
            let one = |&(path, blob): &(u32, u32)| {
                let known = &catalog.blobs[blob as usize];
                reader.read(&catalog.paths[path as usize], known.id, known.hint)
            };
            let digests: Vec<_> =
                self.threads.install(|| chunk.par_iter().with_max_len(1).map(one).collect());
            for ((_, blob), digest) in chunk.iter().zip(digests) {
                self.catalog.learn(*blob, digest);
            }
        }
    }

    /// Matches changes whose sides were read; those with a side that is unknown are left out.
    pub(super) fn step(&self, files: &[Change]) -> Step {
        let known: Vec<_> =
            files.iter().copied().filter(|file| self.catalog.is_known(file)).collect();
        Step::new(&known, &self.catalog, |old, new| Arc::new(self.pair(old, new)))
    }

    pub(super) fn pair(&self, old: u32, new: u32) -> Pairing {
        pair::pair(self.catalog.entries(old), self.catalog.entries(new), &self.catalog)
    }
}

/// What reading blobs on several threads takes.
struct BlobReader<'a> {
    objects: &'a Objects,
    limits: &'a Limits,
    redactor: Option<&'a Redactor>,
}

impl BlobReader<'_> {
    fn read(&self, path: &RepoPath, id: ObjectId, hint: Hint) -> Digest {
        let found = self.objects.blob(id, |bytes| match hint.language(path, bytes) {
            Some(language) => {
                digest(language, symbols::extract(bytes, language, self.limits), self.redactor)
            }
            None => without(ExtractionStatus::Unsupported),
        });
        found.unwrap_or_else(|| without(ExtractionStatus::Missing))
    }
}
