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
    /// Runs of consumers over windows.
    pub runs: u64,
    /// Kept vectors.
    pub embeddings: u64,
    /// Blobs whose symbols were read, or could not be.
    pub blobs: u64,
    /// What commits did to symbols.
    pub symbol_changes: u64,
    /// Symbols of the refs that are followed, those that are gone included.
    pub symbols: u64,
    /// Versions of symbols.
    pub symbol_versions: u64,
    /// Places in texts that speak of code.
    pub references: u64,
}

impl Reader {
    /// How much there is of everything. Cheap: tables know their sizes.
    pub fn counts(&self) -> Result<Counts> {
        let doing = "count the rows";
        let mut counts = Counts::default();
        let places = [
            ("repos", &mut counts.repos),
            ("people", &mut counts.people),
            ("git_commits", &mut counts.commits),
            ("documents", &mut counts.documents),
            ("document_versions", &mut counts.versions),
            ("streams", &mut counts.streams),
            ("messages", &mut counts.messages),
            ("tool_calls", &mut counts.tool_calls),
            ("passages", &mut counts.passages),
            ("tags", &mut counts.tags),
            ("runs", &mut counts.runs),
            ("embeddings", &mut counts.embeddings),
            ("blobs", &mut counts.blobs),
            ("symbol_changes", &mut counts.symbol_changes),
            ("code_symbols", &mut counts.symbols),
            ("symbol_versions", &mut counts.symbol_versions),
            ("code_references", &mut counts.references),
        ];
        // A union: as many subqueries in one SELECT would take thirty times as long to plan.
        let selects: Vec<String> = (0..)
            .zip(&places)
            .map(|(place, (table, _)): (usize, _)| format!("SELECT {place}, count(*) FROM {table}"))
            .collect();
        let mut statement = self.conn.prepare(&selects.join(" UNION ALL ")).doing(doing)?;
        let mut rows = statement.query([]).doing(doing)?;
        while let Some(row) = rows.next().doing(doing)? {
            let place: usize = row.get(0).doing(doing)?;
            *places[place].1 = row.get(1).doing(doing)?;
        }
        Ok(counts)
    }
}

impl Store {
    /// The data file and its log with their sizes in bytes.
    pub fn sizes(&self) -> Vec<(PathBuf, u64)> {
        let size = |path: PathBuf| {
            let bytes = fs_err::metadata(&path).ok()?.len();
            Some((path, bytes))
        };
        Self::files(&self.dir).into_iter().filter_map(size).collect()
    }
}
