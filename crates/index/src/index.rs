//! The index as a whole: columns, texts and vectors under one manifest.

mod open;
mod seal;
mod search;

use std::collections::HashSet;
use std::path::PathBuf;

use lichen_model::{PassageKind, Site, TextHash, Timestamp};
pub use open::Opened;
use roaring::RoaringBitmap;
pub use seal::Finding;
pub use search::{Query, Search};

use crate::columns::{Columns, Row};
use crate::error::{Error, Result, file};
use crate::manifest::Manifest;
use crate::text::TextIndex;
use crate::vector::VectorSet;
use crate::vector::kernel::Kernel;
use crate::{ModelKey, Vectors};

/// A passage as the index takes it in.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its number: passages are numbered from 0 without gaps.
    pub seq: u32,
    /// What kind of text it is.
    pub kind: PassageKind,
    /// Where it stands: what an answer reads it back by.
    pub site: Site,
    /// Its time.
    pub at: Timestamp,
    /// Its stream or document, for neighbours; 0 for none.
    pub group: u64,
    /// Who said it; empty for nobody.
    pub author: &'a str,
    /// Words that place it and are searched with it.
    pub context: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The text's hash, by which the index is proved against the store.
    pub text_hash: TextHash,
}

/// Everything that can be rebuilt from the store's passages. One process opens it at a time.
///
/// **Invariant:** columns and texts hold the passages `0..watermark`, the vectors of a model a beginning of them.
/// Answers do not depend on how passages were split into appends and seals.
pub struct Index {
    dir: PathBuf,
    columns: Columns,
    texts: TextIndex,
    models: Vec<VectorSet>,
    active: usize,
    dead: RoaringBitmap,
    sealed: Manifest,
    kernel: Kernel,
    /// The earliest and the latest time of any passage.
    times: Option<(Timestamp, Timestamp)>,
    /// Whether no change was begun that did not end well.
    whole: bool,
}

impl Index {
    /// How many passages are indexed; the next to append has this number.
    pub fn watermark(&self) -> u32 {
        self.columns.len()
    }

    /// How many passages a crash would leave to be indexed again.
    pub fn unsealed(&self) -> u32 {
        self.watermark() - self.sealed.watermark
    }

    /// Whether no change was begun that did not end well: else it refuses all but to be opened anew.
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// Takes in the next passages with their vectors of the active model, of which none may be missing before them.
    /// They are found at once, and kept once [`Self::seal`] has returned.
    pub fn append(&mut self, entries: &[Entry<'_>], vectors: &Vectors) -> Result<()> {
        if vectors.len() != entries.len() {
            return Err(Error::Count { vectors: vectors.len(), passages: entries.len() });
        }
        let model = self.model().clone();
        self.check_vectors(self.active, self.watermark(), vectors)?;
        self.append_without_vectors(entries)?;
        if let Some(first) = entries.first() {
            self.append_vectors(&model, first.seq, vectors)?;
        }
        Ok(())
    }

    /// Takes in the next passages; their vectors come later, by [`Self::append_vectors`].
    pub fn append_without_vectors(&mut self, entries: &[Entry<'_>]) -> Result<()> {
        for (held, entry) in (self.watermark()..).zip(entries) {
            if entry.seq != held {
                return Err(Error::Sequence { held, got: entry.seq });
            }
        }
        self.change(|index| {
            index.texts.append(entries)?;
            for entry in entries {
                index.times = Some(widened(index.times, entry.at));
            }
            let mut pushed = entries.iter().map(|entry| index.columns.push(entry));
            pushed.try_for_each(|pushed| pushed.map_err(file("write columns of the index")))
        })
    }

    /// Takes in the vectors of `model` of the passages from `first` on, which must be the first without one.
    pub fn append_vectors(
        &mut self,
        model: &ModelKey,
        first: u32,
        vectors: &Vectors,
    ) -> Result<()> {
        let at = self.place(model)?;
        self.check_vectors(at, first, vectors)?;
        let set = &self.models[at];
        let room = self.columns.len() - set.len();
        if vectors.len() > room as usize {
            return Err(Error::VectorSequence {
                model: model.clone(),
                held: set.len(),
                passages: self.columns.len(),
                got: first,
            });
        }
        self.change(|index| {
            let set = &mut index.models[at];
            vectors
                .rows()
                .try_for_each(|vector| set.push(vector))
                .map_err(file("write vectors of the index"))
        })
    }

    /// The model that is searched.
    pub fn model(&self) -> &ModelKey {
        self.models[self.active].model()
    }

    /// Every model with the number of passages that have vectors of it.
    pub fn models(&self) -> impl Iterator<Item = (&ModelKey, u32)> {
        self.models.iter().map(|set| (set.model(), set.len()))
    }

    /// How many passages have vectors of `model`: where its building goes on. `None` where it was not begun.
    pub fn vectors(&self, model: &ModelKey) -> Option<u32> {
        self.models.iter().find(|set| set.model() == model).map(VectorSet::len)
    }

    /// Begins the vectors of another model beside those there are, or goes on with them; gives how many passages
    /// have them already.
    pub fn begin_model(&mut self, model: &ModelKey) -> u32 {
        if let Some(len) = self.vectors(model) {
            return len;
        }
        self.models.push(VectorSet::new(model.clone(), open::model_dir(&self.dir, model)));
        0
    }

    /// Searches `model` from now on, which must have vectors of all passages, and seals.
    pub fn switch_model(&mut self, model: &ModelKey) -> Result<()> {
        let at = self.place(model)?;
        let (held, passages) = (self.models[at].len(), self.watermark());
        if held < passages {
            let why = format!("{held} of {passages} passages have vectors of it");
            return Err(Error::Model { doing: "switch to", model: model.clone(), why });
        }
        self.active = at;
        self.seal()
    }

    /// Forgets the vectors of a model other than the active one, and seals.
    pub fn drop_model(&mut self, model: &ModelKey) -> Result<()> {
        let at = self.place(model)?;
        if at == self.active {
            let why = "it is the one that is searched".to_owned();
            return Err(Error::Model { doing: "drop", model: model.clone(), why });
        }
        self.models.remove(at);
        if at < self.active {
            self.active -= 1;
        }
        self.seal()
    }

    /// Names the passages that no search finds: those of versions that others follow. Replaces what was named before;
    /// it is not kept on disk.
    pub fn set_dead(&mut self, dead: RoaringBitmap) {
        self.dead = dead;
    }

    /// What the index knows of a passage; `None` from the watermark on.
    pub fn row(&self, seq: u32) -> Option<Row> {
        self.columns.row(seq)
    }

    /// The active model's vector of a passage, of length one or all zeros; `None` where it has none yet.
    pub fn vector(&self, seq: u32) -> Option<Vec<f32>> {
        self.models[self.active].vector(seq)
    }

    /// How many passages there are of a kind.
    pub fn count_of(&self, kind: PassageKind) -> u32 {
        self.columns.kinds()[kind as usize]
    }

    /// Distinct authors by number, in the order in which they were first seen.
    pub fn authors(&self) -> &[String] {
        self.columns.authors()
    }

    /// Up to `count` passages before `seq` and as many after it that are of its group, the nearest first. Looks at
    /// some thousand passages in each direction.
    pub fn neighbours(&self, seq: u32, count: usize) -> (Vec<u32>, Vec<u32>) {
        self.columns.neighbours(seq, count)
    }

    /// The earliest and the latest time of any passage; `None` without passages.
    pub fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.times
    }

    /// The groups in which any of `authors` (numbers, ascending) wrote something.
    pub fn groups_of(&self, authors: &[u32]) -> HashSet<u64> {
        self.columns.groups_of(authors)
    }

    /// Scans with other instructions than the best of this machine, to compare them.
    pub fn set_kernel(&mut self, kernel: Kernel) {
        self.kernel = kernel;
    }

    /// Does what must be done whole. After a failure within it the index refuses all but to be dropped.
    fn change<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if !std::mem::replace(&mut self.whole, false) {
            return Err(Error::Broken);
        }
        let done = work(self)?;
        self.whole = true;
        Ok(done)
    }

    fn place(&self, model: &ModelKey) -> Result<usize> {
        let at = self.models.iter().position(|set| set.model() == model);
        at.ok_or_else(|| Error::UnknownModel(model.clone()))
    }

    fn check_vectors(&self, model: usize, first: u32, vectors: &Vectors) -> Result<()> {
        let set = &self.models[model];
        if vectors.dims() != set.model().dims {
            return Err(Error::Dimensions { model: set.model().clone(), got: vectors.dims() });
        }
        if first != set.len() {
            return Err(Error::VectorSequence {
                model: set.model().clone(),
                held: set.len(),
                passages: self.watermark(),
                got: first,
            });
        }
        Ok(())
    }
}

/// The times with `at` among them.
fn widened(times: Option<(Timestamp, Timestamp)>, at: Timestamp) -> (Timestamp, Timestamp) {
    let (first, last) = times.unwrap_or((at, at));
    (first.min(at), last.max(at))
}
