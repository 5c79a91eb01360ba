//! Sessions as rows of a database: `session`, `message` and `part`.

use std::path::Path;

use rusqlite::OptionalExtension as _;
use rusqlite::types::ValueRef;

use super::{About, Kept};
use crate::Result;
use crate::messages::sqlite::Database;

/// The database of sessions.
pub(super) struct Tables(Database);

impl Tables {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self(Database::open(path)?))
    }

    /// Whether it is what it is taken for.
    pub(super) fn is_known(&self) -> bool {
        self.0.has_tables(&["session", "message", "part"])
    }

    pub(super) const fn without_log(&self) -> bool {
        self.0.without_log
    }

    pub(super) fn is_whole(&self) -> bool {
        self.0.is_whole()
    }

    /// The ids of all sessions.
    pub(super) fn sessions(&self) -> Result<Vec<String>> {
        self.texts("SELECT id FROM session ORDER BY id", None)
    }

    /// Every session and its working directory.
    pub(super) fn directories(&self) -> Result<Vec<(String, String, u64)>> {
        let sql = "SELECT id, directory, (SELECT count(*) FROM message WHERE session_id = s.id)
                   FROM session AS s ORDER BY id";
        let read = || {
            let mut statement = self.0.connection.prepare(sql)?;
            let rows = statement.query_map([], |row| {
                let count = row.get::<_, i64>(2)?;
                Ok((
                    cell(row.get_ref(0)?),
                    cell(row.get_ref(1)?),
                    u64::try_from(count).unwrap_or(0),
                ))
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|error| self.0.failed(error))
    }

    /// What tells whether anything changed in a session, or in any.
    pub(super) fn fingerprint(&self, session: Option<&str>) -> Result<String> {
        let sql = "SELECT (SELECT concat_ws(' ', max(time_updated), max(title)) FROM session WHERE ?1 IS NULL OR id = ?1),
                   (SELECT concat_ws(' ', count(*), max(time_updated)) FROM message WHERE ?1 IS NULL OR session_id = ?1),
                   (SELECT concat_ws(' ', count(*), max(time_updated)) FROM part WHERE ?1 IS NULL OR session_id = ?1)";
        let read = self.0.connection.query_row(sql, [session], |row| {
            let cells = [0, 1, 2].map(|at| row.get_ref(at).map(cell));
            cells.into_iter().collect::<Result<Vec<_>, _>>()
        });
        let cells = read.map_err(|error| self.0.failed(error))?;
        Ok(blake3::hash(cells.join("\n").as_bytes()).to_hex()[..32].to_owned())
    }

    pub(super) fn about(&self, session: &str) -> Result<Option<About>> {
        let sql = "SELECT id, parent_id, directory, title, version FROM session WHERE id = ?1";
        let read = self.0.connection.query_row(sql, [session], |row| {
            let text = |at| row.get_ref(at).map(cell);
            Ok(About {
                id: text(0)?,
                parent: text(1)?,
                directory: text(2)?,
                title: text(3)?,
                version: text(4)?,
            })
        });
        read.optional().map_err(|error| self.0.failed(error))
    }

    pub(super) fn messages(&self, session: &str) -> Result<Vec<String>> {
        let sql = "SELECT id FROM message WHERE session_id = ?1 ORDER BY id";
        self.texts(sql, Some(session))
    }

    pub(super) fn message(&self, id: &str) -> Result<Option<Kept>> {
        let read = || {
            let sql = "SELECT data FROM message WHERE id = ?1";
            let one = |row: &rusqlite::Row<'_>| row.get_ref(0).map(cell);
            let Some(json) = self.0.connection.query_row(sql, [id], one).optional()? else {
                return Ok(None);
            };
            let sql = "SELECT id, data FROM part WHERE message_id = ?1 ORDER BY id";
            let mut statement = self.0.connection.prepare_cached(sql)?;
            let rows = statement
                .query_map([id], |row| Ok((cell(row.get_ref(0)?), cell(row.get_ref(1)?))))?;
            let parts = rows.collect::<Result<_, _>>()?;
            Ok(Some(Kept { id: id.to_owned(), json, parts }))
        };
        read().map_err(|error| self.0.failed(error))
    }

    fn texts(&self, sql: &str, argument: Option<&str>) -> Result<Vec<String>> {
        let read = || {
            let mut statement = self.0.connection.prepare_cached(sql)?;
            let one = |row: &rusqlite::Row<'_>| row.get_ref(0).map(cell);
            match argument {
                Some(argument) => {
                    statement.query_map([argument], one)?.collect::<Result<Vec<_>, _>>()
                }
                None => statement.query_map([], one)?.collect(),
            }
        };
        read().map_err(|error| self.0.failed(error))
    }
}

/// A cell as text, whatever it holds.
fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}
