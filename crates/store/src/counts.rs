//! How much there is.

use std::path::PathBuf;

use crate::error::{Doing, Result};
use crate::open::Store;
use crate::reader::Reader;

/// How many rows each table has, and where it matters how many of them count today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Repositories.
    pub repos: u64,
    /// People as recorded.
    pub people: u64,
    /// Commits.
    pub commits: u64,
    /// Documents, those that are gone included.
    pub documents: u64,
    /// Versions of documents.
    pub versions: u64,
    /// Streams.
    pub streams: u64,
    /// Messages.
    pub messages: u64,
    /// Tool calls.
    pub tool_calls: u64,
    /// Passages.
    pub passages: u64,
    /// Labels.
    pub tags: u64,
    /// Kept vectors.
    pub embeddings: u64,
}

impl Reader {
    /// How much there is of everything. Cheap: tables know their sizes.
    pub fn counts(&self) -> Result<Counts> {
        let doing = "count the rows";
        let mut statement = self
            .conn
            .prepare(
                "SELECT (SELECT count(*) FROM repos), (SELECT count(*) FROM people),
                     (SELECT count(*) FROM git_commits), (SELECT count(*) FROM documents),
                     (SELECT count(*) FROM document_versions), (SELECT count(*) FROM streams),
                     (SELECT count(*) FROM messages), (SELECT count(*) FROM tool_calls),
                     (SELECT count(*) FROM passages), (SELECT count(*) FROM tags),
                     (SELECT count(*) FROM embeddings)",
            )
            .doing(doing)?;
        statement
            .query_row([], |row| {
                Ok(Counts {
                    repos: row.get(0)?,
                    people: row.get(1)?,
                    commits: row.get(2)?,
                    documents: row.get(3)?,
                    versions: row.get(4)?,
                    streams: row.get(5)?,
                    messages: row.get(6)?,
                    tool_calls: row.get(7)?,
                    passages: row.get(8)?,
                    tags: row.get(9)?,
                    embeddings: row.get(10)?,
                })
            })
            .doing(doing)
    }
}

impl Store {
    /// The data file and its log with their sizes in bytes.
    pub fn sizes(&self) -> Vec<(PathBuf, u64)> {
        let size = |path: PathBuf| {
            let bytes = fs_err::metadata(&path).ok()?.len();
            Some((path, bytes))
        };
        self.files().into_iter().filter_map(size).collect()
    }
}
