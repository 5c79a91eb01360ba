//! Repositories, the people in them, and their refs.

use crate::{Oid, PersonId, RefId, RepoId, Timestamp};

/// A git repository, or a plain folder of documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repo {
    /// Derived from its key.
    pub id: RepoId,
    /// Where it stands, seen from the store: `.` for the repository that holds the store, else a path.
    pub key: String,
    /// A short name for people.
    pub name: String,
    /// `sha1` or `sha256`; `None` for a folder without git.
    pub object_format: Option<String>,
    /// Whether history is cut.
    pub shallow: bool,
}

impl Repo {
    /// The id of the repository that stands at `key`.
    pub fn id(key: &str) -> RepoId {
        RepoId::derive(Timestamp(0), &[key.as_bytes()])
    }
}

/// A person as commits name them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    /// Derived from name and address.
    pub id: PersonId,
    /// The name as recorded.
    pub name: String,
    /// The e-mail address as recorded.
    pub email: String,
    /// Who it is after the repository's mailmap; itself where the mailmap says nothing.
    pub canonical: PersonId,
}

impl Person {
    /// The id of the person recorded as `name <email>`.
    pub fn id(name: &str, email: &str) -> PersonId {
        PersonId::derive(Timestamp(0), &[name.as_bytes(), email.as_bytes()])
    }
}

/// What a ref is by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefKind {
    /// `refs/heads/`.
    Branch,
    /// `refs/tags/`.
    Tag,
    /// `refs/remotes/`.
    Remote,
    /// `HEAD`.
    Head,
    /// Anything else.
    Other,
}

/// A ref of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// Derived from repository and name.
    pub id: RefId,
    /// Whose it is.
    pub repo: RepoId,
    /// The full name; bytes that are not UTF-8 become U+FFFD.
    pub name: String,
    /// What it is by its place.
    pub kind: RefKind,
}

impl Ref {
    /// The id of the ref `name` of `repo`.
    pub fn id(repo: RepoId, name: &str) -> RefId {
        RefId::derive(Timestamp(0), &[&repo.as_u128().to_be_bytes(), name.as_bytes()])
    }
}

/// Where a ref was seen to point. The store keeps it only where it differs from what was seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefState {
    /// The ref.
    pub reference: Ref,
    /// The commit it points to, tags peeled; `None` when it is gone or points to no commit.
    pub target: Option<Oid>,
    /// The ref that it names, where it is symbolic (`HEAD`).
    pub symbolic: Option<String>,
}
