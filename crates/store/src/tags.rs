//! Tags: free labels on things.

use duckdb::{Connection, params};
use lichen_model::{AnyId, Id, Kind, Tag};

use crate::append::Receipt;
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::row::{self, Raw};

/// The word that `tags.thing_kind` keeps for `kind`.
pub(crate) const fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Commit => "commit",
        Kind::Document => "document",
        Kind::Message => "message",
        Kind::Passage => "passage",
        Kind::Person => "person",
        Kind::Ref => "ref",
        Kind::Repo => "repo",
        Kind::Run => "run",
        Kind::Stream => "stream",
        Kind::Symbol => "symbol",
        Kind::ToolCall => "tool_call",
        Kind::Version => "version",
        Kind::Window => "window",
    }
}

/// Adds the labels that are not there yet.
pub(crate) fn append(conn: &Connection, tags: &[Tag], receipt: &mut Receipt) -> Result<()> {
    let doing = "store labels";
    if tags.is_empty() {
        return Ok(());
    }
    conn.execute_batch(
        "CREATE OR REPLACE TEMP TABLE labels (thing_kind VARCHAR, thing_id UUID, name VARCHAR)",
    )
    .doing(doing)?;
    Columns::default()
        .texts("thing_kind", tags.iter().map(|tag| kind_word(tag.thing.kind)))
        .ids("thing_id", tags.iter().map(|tag| tag.thing.id.as_u128()))
        .texts("name", tags.iter().map(|tag| tag.name.as_str()))
        .append_to(conn, "temp", "labels")
        .doing(doing)?;
    receipt.tags += conn
        .execute(
            "INSERT INTO tags (thing_kind, thing_id, name) SELECT DISTINCT thing_kind, thing_id, name FROM temp.labels
             ON CONFLICT DO NOTHING",
            [],
        )
        .doing(doing)?;
    Ok(())
}

impl Reader {
    /// The labels of a thing, by name.
    pub fn tags_of(&self, thing: AnyId) -> Result<Vec<String>> {
        let doing = "read the labels of a thing";
        let mut statement = self
            .conn
            .prepare(
                "SELECT name FROM tags WHERE thing_kind = ? AND thing_id = ?::UUID ORDER BY name",
            )
            .doing(doing)?;
        let rows = statement
            .query_map(params![kind_word(thing.kind), row::uuid(thing.id.as_u128())], |row| {
                row.get(0)
            });
        rows.and_then(Iterator::collect).doing(doing)
    }

    /// The things labelled `name`.
    pub fn tagged(&self, name: &str) -> Result<Vec<AnyId>> {
        let doing = "read the things of a label";
        let mut statement = self
            .conn
            .prepare("SELECT thing_kind::VARCHAR, thing_id FROM tags WHERE name = ? ORDER BY ALL")
            .doing(doing)?;
        let rows = statement
            .query_map([name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Raw>(1)?.0)));
        let rows: Vec<(String, u128)> = rows.and_then(Iterator::collect).doing(doing)?;
        let thing = |(word, raw): (String, u128)| {
            let kind = Kind::ALL.into_iter().find(|&kind| kind_word(kind) == word)?;
            Some(AnyId::full(kind, Id::from_u128(raw)))
        };
        Ok(rows.into_iter().filter_map(thing).collect())
    }
}
