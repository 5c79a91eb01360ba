//! Forgetting what has to be found out anew: all of it is derived.

use duckdb::Connection;
use lichen_model::{Oid, RefId};

use super::lineage::take_back;
use crate::error::{Doing, Result};
use crate::open::Store;
use crate::row;

const DOING: &str = "forget what was found out of symbols";

/// Tables of code memory that are found out anew as a whole; references are found by others.
const TABLES: [&str; 12] = [
    "symbol_index",
    "file_versions",
    "symbol_versions",
    "code_symbols",
    "ref_commits",
    "ref_chain",
    "symbol_changes",
    "indexed_commits",
    "blob_symbols",
    "symbol_bodies",
    "symbol_keys",
    "blobs",
];

impl Store {
    /// Forgets everything: another version of the extractor or of the matching rules is in force. Numbers of keys begin anew; those of
    /// paths stay.
    pub fn forget_symbols(&mut self) -> Result<()> {
        let tables = TABLES.map(|table| format!("DELETE FROM {table};")).concat();
        let sql = format!(
            "{tables} DELETE FROM ingest_progress WHERE source LIKE 'symbols:%';
             UPDATE code_references SET key_id = NULL WHERE key_id IS NOT NULL"
        );
        self.in_one(|conn| conn.execute_batch(&sql).doing(DOING))
    }

    /// Forgets the symbols of a ref through history.
    pub fn forget_lineage(&mut self, reference: RefId) -> Result<()> {
        let id = row::uuid(reference.as_u128());
        self.in_one(|conn| {
            take_back(conn, &id, 0)?;
            let sql = format!("DELETE FROM symbol_index WHERE ref_id = '{id}'::UUID");
            conn.execute_batch(&sql).doing(DOING)
        })
    }

    /// Forgets what commits did, and with it all that stands on it: more of the history behind them is at hand now.
    pub fn forget_commits(&mut self, commits: &[Oid]) -> Result<()> {
        let list = row::blob_list(commits.iter().map(|oid| &*oid.0));
        let of = format!("commit_id IN (SELECT commit_id FROM git_commits WHERE oid IN ({list}))");
        let sql = format!(
            "DELETE FROM symbol_changes WHERE {of}; DELETE FROM indexed_commits WHERE {of};
             DELETE FROM file_versions; DELETE FROM symbol_versions; DELETE FROM code_symbols; DELETE FROM ref_commits;
             DELETE FROM ref_chain; DELETE FROM symbol_index; DELETE FROM ingest_progress WHERE source LIKE 'symbols:%'"
        );
        self.in_one(|conn| conn.execute_batch(&sql).doing(DOING))
    }

    fn in_one(&mut self, change: impl FnOnce(&Connection) -> Result<()>) -> Result<()> {
        self.ensure_attached()?;
        let done = self.conn.unchecked_transaction().doing("begin a transaction").and_then(
            |transaction| {
                change(&self.conn)?;
                transaction.commit().doing(DOING)
            },
        );
        done.map_err(|error| self.recover(error))
    }
}
