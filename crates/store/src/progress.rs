//! How far sources have been read.

use std::collections::BTreeMap;

use duckdb::{Connection, OptionalExt, params};
use lichen_model::Progress;

use crate::error::{Doing, Result};
use crate::reader::Reader;

/// Notes positions, in the transaction that takes in what was read up to there.
pub(crate) fn append(conn: &Connection, progress: &[Progress]) -> Result<()> {
    // Only the last position of a source stays: records that were joined repeat them.
    let last: BTreeMap<&str, &str> =
        progress.iter().map(|one| (one.source.as_str(), one.position.as_str())).collect();
    for (source, position) in last {
        conn.execute(
            "INSERT INTO ingest_progress (source, position) VALUES (?, ?)
             ON CONFLICT (source) DO UPDATE SET position = excluded.position
             WHERE ingest_progress.position <> excluded.position",
            params![source, position],
        )
        .doing("note how far a source was read")?;
    }
    Ok(())
}

impl Reader {
    /// How far `source` was read; `None` where it never was.
    pub fn progress(&self, source: &str) -> Result<Option<String>> {
        let doing = "read how far a source was read";
        let mut statement = self
            .conn
            .prepare("SELECT position FROM ingest_progress WHERE source = ?")
            .doing(doing)?;
        statement.query_row([source], |row| row.get(0)).optional().doing(doing)
    }

    /// How far every source was read, by source.
    pub fn progress_all(&self) -> Result<Vec<Progress>> {
        let doing = "read how far sources were read";
        let mut statement = self
            .conn
            .prepare("SELECT source, position FROM ingest_progress ORDER BY source")
            .doing(doing)?;
        let rows = statement
            .query_map([], |row| Ok(Progress { source: row.get(0)?, position: row.get(1)? }));
        rows.and_then(Iterator::collect).doing(doing)
    }
}
