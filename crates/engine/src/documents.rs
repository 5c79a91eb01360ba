//! The documents that are there.

use lichen_model::{AnyId, DocumentId, Kind, Timestamp};
use lichen_store::CurrentDocument;

use crate::{Error, Reader};

/// A document as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentInfo {
    /// The document.
    pub id: AnyId,
    /// Its current version: what `get` takes to show it as it is.
    pub version: AnyId,
    /// Its path in the repository.
    pub path: String,
    /// Its title; empty where it tells none.
    pub title: String,
    /// Its language; empty where none is known.
    pub language: String,
    /// When the version was first seen.
    pub seen: Timestamp,
    /// Bytes of its text.
    pub bytes: u64,
}

impl Reader {
    /// The documents that are there, by path: only those in `path` (a file, a folder, or a glob), behind the document `after`, at most
    /// `limit`.
    pub fn documents(
        &self,
        path: Option<&str>,
        after: Option<AnyId>,
        limit: usize,
    ) -> Result<Vec<DocumentInfo>, Error> {
        let after = after.filter(|id| id.kind == Kind::Document).map(|id| DocumentId(id.id));
        let info = |found: CurrentDocument| DocumentInfo {
            id: found.document.id.any(),
            version: found.version.any(),
            path: found.document.path.to_text().into_owned(),
            title: found.title,
            language: found.document.language.unwrap_or_default(),
            seen: found.seen,
            bytes: found.bytes,
        };
        Ok(self.store.current_documents(path, after, limit)?.into_iter().map(info).collect())
    }
}
