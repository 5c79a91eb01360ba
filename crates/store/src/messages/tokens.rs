//! Counting tokens of messages that were stored before they were counted.

use lichen_model::MessageId;

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::open::Store;
use crate::row::Raw;

/// Messages counted at a time.
const STEP: usize = 50_000;

impl Store {
    /// Counts the tokens of messages that have none yet, and sums them up anew. Gives how many were counted.
    pub fn count_tokens(&mut self, count: &mut dyn FnMut(&str) -> u32) -> Result<usize> {
        let doing = "count the tokens of messages";
        let uncounted: Vec<u128> = {
            let mut statement = self
                .conn
                .prepare("SELECT message_id FROM messages WHERE tokens IS NULL")
                .doing(doing)?;
            let rows = statement.query_map([], |row| Ok(row.get::<_, Raw>(0)?.0)).doing(doing)?;
            rows.collect::<duckdb::Result<_>>().doing(doing)?
        };
        if uncounted.is_empty() {
            return Ok(0);
        }
        self.conn
            .execute_batch("CREATE OR REPLACE TEMP TABLE counted (id UUID, tokens UINTEGER)")
            .doing(doing)?;
        for step in uncounted.chunks(STEP) {
            let mut tokens = Vec::with_capacity(step.len());
            for &id in step {
                let text = self.reader.message(MessageId::from_u128(id))?;
                tokens.push(text.map_or(0, |view| count(&view.message.text)));
            }
            Columns::default()
                .ids("id", step.iter().copied())
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
        Ok(uncounted.len())
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
