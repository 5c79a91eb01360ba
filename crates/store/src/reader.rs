//! A reader: one connection that only reads.

use duckdb::Connection;

use crate::CATALOG;
use crate::error::{Doing, Result};

/// Reads of a store. Each statement sees all that was committed before it.
///
/// **Invariant:** no statement is kept prepared. DuckDB 1.5.5 plans with statistics of the moment, down to answering
/// `count(*)` with a constant, and does not plan a prepared statement again when rows come.
pub struct Reader {
    pub(crate) conn: Connection,
}

impl Reader {
    /// A reader beside `conn`.
    pub(crate) fn over(conn: &Connection) -> Result<Self> {
        Self::over_catalog(conn, CATALOG)
    }

    /// Another one, for another thread.
    pub fn beside(&self) -> Result<Self> {
        Self::over(&self.conn)
    }

    /// A reader of the file that is attached as `catalog`.
    pub(crate) fn over_catalog(conn: &Connection, catalog: &str) -> Result<Self> {
        let conn = conn.try_clone().doing("open another connection")?;
        conn.execute_batch(&format!("USE {catalog}")).doing("prepare a reader")?;
        Ok(Self { conn })
    }
}
