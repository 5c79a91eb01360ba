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
        let reader = Self::idle(conn)?;
        reader.conn.execute_batch(&format!("USE {CATALOG}")).doing("prepare a reader")?;
        Ok(reader)
    }

    /// A reader with no store attached.
    pub(crate) fn idle(conn: &Connection) -> Result<Self> {
        Ok(Self { conn: conn.try_clone().doing("open another connection")? })
    }
}
