//! Commits and the paths they changed.

use std::borrow::Cow;
use std::fmt;

use crate::{CommitId, PersonId, RepoId, Timestamp, Zoned};

/// A git object id: 20 bytes (SHA-1) or 32 (SHA-256).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(pub Vec<u8>);

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A path in a repository: bytes with `/` between names, which need not be UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(pub Vec<u8>);

impl RepoPath {
    /// The path as text; bytes that are not UTF-8 become U+FFFD.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl From<&str> for RepoPath {
    fn from(path: &str) -> Self {
        Self(path.as_bytes().to_vec())
    }
}

/// What a commit did to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeStatus {
    /// It came.
    Added,
    /// Its content or mode changed.
    Modified,
    /// It went.
    Deleted,
    /// It came with the very content of a path that went.
    Renamed,
    /// It became another type of entry: file, link, submodule.
    TypeChanged,
}

/// One changed path of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Which parent it was compared with; 0 for the first, and for the empty tree of a root commit.
    pub parent: u16,
    /// The path after the commit, or before it for a deletion.
    pub path: RepoPath,
    /// The path before a rename.
    pub old_path: Option<RepoPath>,
    /// What happened.
    pub status: ChangeStatus,
    /// The entry before, where there was one.
    pub old_oid: Option<Oid>,
    /// The entry after, where there is one.
    pub new_oid: Option<Oid>,
    /// The mode before (octal, as git writes it); 0 where there was none.
    pub old_mode: u32,
    /// The mode after; `0o160000` is a submodule, whose ids name commits of another repository.
    pub new_mode: u32,
}

/// A git commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Derived from commit time and object id.
    pub id: CommitId,
    /// The repository it was first read from.
    pub repo: RepoId,
    /// Its object id.
    pub oid: Oid,
    /// The object id of its tree.
    pub tree: Oid,
    /// The object ids of its parents, in order, whether or not they are at hand.
    pub parents: Vec<Oid>,
    /// Who wrote it, as recorded (before mailmap).
    pub author: PersonId,
    /// When it was written.
    pub authored: Zoned,
    /// Who committed it, as recorded.
    pub committer: PersonId,
    /// When it was committed.
    pub committed: Zoned,
    /// The whole message, verbatim but for bytes that are not text in its encoding.
    pub message: String,
    /// Parents are missing because the clone is shallow.
    pub boundary: bool,
    /// Changed paths against the first parent; for a merge only those that differ from every parent.
    /// `None` where trees were missing.
    pub changes: Option<Vec<FileChange>>,
}

impl Commit {
    /// The id of the commit `oid` committed at `committed`.
    pub fn id(oid: &Oid, committed: Timestamp) -> CommitId {
        CommitId::derive(committed, &[&oid.0])
    }
}
