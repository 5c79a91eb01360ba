//! Documents: texts with a home, and the versions they had.

use crate::{DocumentId, RepoId, RepoPath, TextHash, Timestamp, VersionId};

/// How a document's text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Markdown.
    Markdown,
    /// reStructuredText.
    Rst,
    /// Plain text.
    Text,
    /// Source code.
    Code,
    /// A notebook: its cells' text, without outputs.
    Notebook,
}

/// A text's home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Derived from repository and path.
    pub id: DocumentId,
    /// The repository.
    pub repo: RepoId,
    /// Where it stands in the repository.
    pub path: RepoPath,
    /// How its text is read.
    pub kind: DocumentKind,
    /// The programming language (`rust`, `python`, ...), for code.
    pub language: Option<String>,
}

impl Document {
    /// The id of the document at `path` of `repo`.
    pub fn id(repo: RepoId, path: &RepoPath) -> DocumentId {
        DocumentId::derive(Timestamp(0), &[&repo.as_u128().to_be_bytes(), &path.0])
    }
}

/// One text that a document had, or its end. The last version of a document is the current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentVersion {
    /// Derived from the document, the version before and the text's hash.
    pub id: VersionId,
    /// The document.
    pub document: Document,
    /// The version it follows; `None` for the first.
    pub previous: Option<VersionId>,
    /// The text; `None` says that the document is gone.
    pub text: Option<String>,
    /// Hash of the text; zero where the document is gone.
    pub text_hash: TextHash,
    /// A title: the first heading, or the file's name.
    pub title: String,
    /// Further fields (front matter) as a JSON object; empty for none.
    pub meta: String,
    /// When it was first seen so.
    pub seen: Timestamp,
}

impl DocumentVersion {
    /// The id of the version of `document` that follows `previous` and has the text of `hash`.
    pub fn id(document: DocumentId, previous: Option<VersionId>, hash: TextHash) -> VersionId {
        let previous = previous.map_or(0, VersionId::as_u128).to_be_bytes();
        VersionId::derive(
            Timestamp(0),
            &[&document.as_u128().to_be_bytes(), &previous, &hash.0.to_be_bytes()],
        )
    }
}
