//! What a store remembers of purged texts: their marks, never the texts.

use duckdb::{Connection, params};

use crate::error::{Doing, Result};
use crate::purge::copy::CATALOG_FRESH;
use crate::reader::Reader;
use crate::row::{self, Raw};

/// The mark of a purged text, made with a key that the store does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurgedText {
    /// Which purge took it out, from 0.
    pub purge: u32,
    /// Bytes of the text.
    pub bytes: u32,
    /// Some bits of its first bytes.
    pub head: u16,
    /// A hash of it.
    pub hash: u128,
}

impl Reader {
    /// The marks of all purged texts, in the order of purges.
    pub fn purged(&self) -> Result<Vec<PurgedText>> {
        let doing = "read the marks of purged texts";
        let mut statement = self
            .conn
            .prepare("SELECT purge, byte_len, head, hash FROM purged ORDER BY purge, hash")
            .doing(doing)?;
        let rows = statement.query_map([], |row| {
            let (purge, bytes, head) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(PurgedText { purge, bytes, head, hash: row.get::<_, Raw>(3)?.0 })
        });
        rows.and_then(Iterator::collect).doing(doing)
    }
}

/// Adds marks to the copy; those that are there already stay.
pub(super) fn add(conn: &Connection, marks: &[PurgedText], now_micros: i64) -> Result<()> {
    for mark in marks {
        conn.execute(
            &format!(
                "INSERT INTO {CATALOG_FRESH}.main.purged
                 SELECT ?, ?, ?, ?::UUID, make_timestamp(?) ON CONFLICT DO NOTHING"
            ),
            params![mark.purge, mark.bytes, mark.head, row::uuid(mark.hash), now_micros],
        )
        .doing("note the marks of purged texts")?;
    }
    Ok(())
}
