//! A batch: what one `read` of a source yields and one transaction of the store takes.

use crate::{
    Commit, DocumentVersion, Message, Passage, Person, Problem, Progress, RefState, Repo, RunEvent,
    Stream, Tag,
};

/// Facts, the passages cut from them, and how far the source has been read. Order matters only within each list.
///
/// **Invariant:** a passage's owner is in the same batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Repositories that the facts below name.
    pub repos: Vec<Repo>,
    /// People that the commits name.
    pub people: Vec<Person>,
    /// Commits, parents before children.
    pub commits: Vec<Commit>,
    /// Refs as seen now.
    pub refs: Vec<RefState>,
    /// Versions of documents; a version that follows another of the same batch comes after it.
    pub versions: Vec<DocumentVersion>,
    /// Streams that the messages name.
    pub streams: Vec<Stream>,
    /// Messages, in the order of their streams.
    pub messages: Vec<Message>,
    /// Passages of the commits, versions and messages above; those of one owner together, in order.
    pub passages: Vec<Passage>,
    /// Labels on things.
    pub tags: Vec<Tag>,
    /// What befell runs, in order.
    pub runs: Vec<RunEvent>,
    /// How far sources have been read once this is taken in.
    pub progress: Vec<Progress>,
    /// What was wrong in the input.
    pub problems: Vec<Problem>,
}

impl Batch {
    /// Whether it holds no facts, labels or progress. Problems do not count.
    pub fn is_empty(&self) -> bool {
        self.repos.is_empty()
            && self.people.is_empty()
            && self.commits.is_empty()
            && self.refs.is_empty()
            && self.versions.is_empty()
            && self.streams.is_empty()
            && self.messages.is_empty()
            && self.tags.is_empty()
            && self.runs.is_empty()
            && self.progress.is_empty()
    }

    /// How many facts of the countable kinds it holds: commits, versions and messages.
    pub fn len(&self) -> usize {
        self.commits.len() + self.versions.len() + self.messages.len()
    }
}
