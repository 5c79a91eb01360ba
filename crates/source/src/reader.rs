//! What all readers have in common: they are pulled, batch by batch, and can say how far they are.

use lichen_model::Batch;

use crate::Result;

/// A source that is being read.
///
/// Nothing is read ahead of a call, so that a caller may stop after any batch. The last batch of a source carries its
/// final progress; readers whose position moves entry by entry carry it in every batch.
pub trait Read {
    /// The next batch; `None` once everything has been read. Batches have a bounded size.
    fn next_batch(&mut self) -> Result<Option<Batch>>;

    /// How much there is and how much has been read.
    fn estimate(&self) -> Estimate;

    /// Looks, at the end, whether the source has grown, to read on from there; `false` where it is to be opened anew.
    fn grown(&mut self) -> Result<bool> {
        Ok(false)
    }
}

impl<R: Read + ?Sized> Read for Box<R> {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        (**self).next_batch()
    }

    fn estimate(&self) -> Estimate {
        (**self).estimate()
    }

    fn grown(&mut self) -> Result<bool> {
        (**self).grown()
    }
}

/// What an [`Estimate`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Commits that are not known yet.
    Commits,
    /// Files of a work tree.
    Files,
    /// Bytes of a file.
    Bytes,
}

/// How far a reader is: for progress bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Everything this reader is going to read.
    pub total: u64,
    /// What it has yielded.
    pub done: u64,
    /// What the two numbers count.
    pub unit: Unit,
}
