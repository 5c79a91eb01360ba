//! What looking up a mention asks of a repository.

use lichen_model::{Oid, RepoPath, SymbolKind, Timestamp};

use super::Remote;

/// A repository as mentions are looked up in it. Every answer is in an order that depends on nothing but the repository.
pub trait Code {
    /// The commits whose object ids begin with some digits.
    fn commits(&mut self, digits: &str) -> Vec<Oid>;

    /// When a commit was committed.
    fn committed(&mut self, commit: &Oid) -> Option<Timestamp>;

    /// The commit that a branch or a tag names.
    fn named(&mut self, name: &str) -> Option<Oid>;

    /// What stands at a path of a commit.
    fn entry(&mut self, commit: &Oid, path: &RepoPath) -> Option<Entry>;

    /// The files and folders of a commit whose paths end with some names, but are longer.
    fn ending(&mut self, commit: &Oid, names: &str) -> Vec<RepoPath>;

    /// The files that some commit had whose paths are or end with some names, and a commit that has each.
    fn ever(&mut self, names: &str) -> Vec<(RepoPath, Oid)>;

    /// How many lines a file of a commit has.
    fn lines(&mut self, commit: &Oid, path: &RepoPath) -> Option<u32>;

    /// The symbols that a commit has under a name.
    fn symbols(&mut self, commit: &Oid, name: &str) -> Vec<Definition>;

    /// What a commit changed against its first parent.
    fn change(&mut self, commit: &Oid) -> Option<Changed>;

    /// The symbols of a name that were in the files a commit changed, as they were before.
    fn symbols_before(&mut self, commit: &Oid, name: &str) -> Vec<Definition>;

    /// Where the repository stands on forges.
    fn remotes(&self) -> &[Remote];
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File,
    /// A folder, or a submodule.
    Folder,
}

/// Files that a commit changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Its first parent.
    pub parent: Option<Oid>,
    /// The files that it leaves, changed or new.
    pub after: Vec<RepoPath>,
    /// The files that it found, as they were called.
    pub before: Vec<RepoPath>,
}

/// A symbol where it is defined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Definition {
    /// The file.
    pub path: RepoPath,
    /// What it is.
    pub kind: SymbolKind,
    /// Scope and name, joined by dots.
    pub qualified_name: String,
    /// The line of its name.
    pub line: u32,
    /// Whether it is a test, or stands in one.
    pub is_test: bool,
}
