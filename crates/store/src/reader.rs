//! A reader: one connection that only reads.

use duckdb::Connection;

use crate::CATALOG;
use crate::error::{Doing, Result};

/// Reads of a store. Each statement sees all that was committed before it.
pub struct Reader {
    pub(crate) conn: Connection,
}

impl Reader {
    /// Statements kept prepared.
    const STATEMENTS: usize = 64;

    /// A reader beside `conn`.
    pub(crate) fn over(conn: &Connection) -> Result<Self> {
        let reader = Self::idle(conn)?;
        reader.conn.execute_batch(&format!("USE {CATALOG}")).doing("prepare a reader")?;
        Ok(reader)
    }

    /// A reader with no store attached.
    pub(crate) fn idle(conn: &Connection) -> Result<Self> {
        let conn = conn.try_clone().doing("open another connection")?;
        conn.set_prepared_statement_cache_capacity(Self::STATEMENTS);
        Ok(Self { conn })
    }
}
