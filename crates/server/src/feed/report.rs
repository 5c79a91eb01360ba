//! What feeds tell while they run.

use lichen_model::Problem;

/// Something was taken in and cannot be lost any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Where it came from: the feed's name in the store, or the folder.
    pub feed: String,
    /// Messages, those that were known before included.
    pub messages: usize,
    /// New commits.
    pub commits: usize,
    /// New versions of documents.
    pub versions: usize,
}

/// Listens to feeds.
pub trait Report: Send + Sync {
    /// Something was taken in.
    fn taken(&self, taken: &Taken);
    /// Something in the input was wrong; the rest was kept.
    fn problem(&self, problem: &Problem);
    /// A feed waits, goes on, or cannot be read at the moment.
    fn note(&self, text: &str);
}

/// Listens to nothing.
#[derive(Debug, Default)]
pub struct Silent;

impl Report for Silent {
    fn taken(&self, _taken: &Taken) {}
    fn problem(&self, _problem: &Problem) {}
    fn note(&self, _text: &str) {}
}
