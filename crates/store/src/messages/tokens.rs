//! Counting tokens of messages that were stored before they were counted.

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Store;
use crate::row::Raw;

/// Rows of messages looked at a time.
const STEP: usize = 50_000;

impl Store {
    /// Counts the tokens of messages that have none yet, and sums them up anew. Gives how many were counted.
    pub fn count_tokens(&mut self, count: &mut dyn FnMut(&str) -> u32) -> Result<usize> {
        let doing = "count the tokens of messages";
        let rows: Option<i64> = self
            .conn
            .query_row("SELECT max(rowid) + 1 FROM messages WHERE tokens IS NULL", [], |row| {
                row.get(0)
            })
            .doing(doing)?;
        let Some(rows) = rows else { return Ok(0) };
        self.conn
            .execute_batch("CREATE OR REPLACE TEMP TABLE counted (id UUID, tokens UINTEGER)")
            .doing(doing)?;
        let mut counted = 0;
        for first in (0..rows).step_by(STEP) {
            let (ids, tokens) = self.counted(first, count)?;
            counted += ids.len();
            Columns::default()
                .ids("id", ids.into_iter())
                .u32s("tokens", tokens.into_iter())
                .append_to(&self.conn, "temp", "counted")
                .doing(doing)?;
        }
        let staged = "CREATE OR REPLACE TEMP TABLE messages_before AS
             SELECT m.rowid AS row, m.* EXCLUDE (late, place, cum_bytes, cum_tokens)
                 REPLACE (coalesce(m.tokens, c.tokens) AS tokens)
             FROM messages AS m LEFT JOIN temp.counted AS c ON c.id = m.message_id";
        self.restack(staged)?;
        self.conn.execute_batch("DROP TABLE temp.counted").doing(doing)?;
        Ok(counted)
    }

    /// Counts the messages from row `first` on that have no count yet.
    fn counted(
        &self,
        first: i64,
        count: &mut dyn FnMut(&str) -> u32,
    ) -> Result<(Vec<u128>, Vec<u32>)> {
        let doing = "count the tokens of messages";
        let end = first.saturating_add(i64::try_from(STEP).expect("a small number"));
        let sql = format!(
            "SELECT message_id, text FROM messages
             WHERE tokens IS NULL AND rowid >= {first} AND rowid < {end}"
        );
        let mut statement = self.conn.prepare(&sql).doing(doing)?;
        let mut rows = statement.query([]).doing(doing)?;
        let (mut ids, mut tokens) = (Vec::new(), Vec::new());
        while let Some(row) = rows.next().doing(doing)? {
            ids.push(row.get::<_, Raw>(0).doing(doing)?.0);
            tokens.push(count(&row.get::<_, String>(1).doing(doing)?));
        }
        Ok((ids, tokens))
    }

    /// Puts what `staged` makes of all messages, as `temp.messages_before`, in their place, and sums them up anew.
    fn restack(&mut self, staged: &str) -> Result<()> {
        let doing = "sum the messages of streams up";
        self.known = None;
        let transaction = self.conn.unchecked_transaction().doing(doing)?;
        self.conn.execute_batch(staged).doing(doing)?;
        self.conn.execute_batch(include_str!("../../sql/queries/restack.sql")).doing(doing)?;
        self.conn.execute_batch("DROP TABLE temp.messages_before").doing(doing)?;
        transaction.commit().doing(doing)?;
        self.checkpoint()
    }
}
