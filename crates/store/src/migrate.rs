//! Bringing a data file to the current schema, in forward steps.
//!
//! A step is one file of `sql/migrations/`, run in one transaction together with the row that records it and followed
//! by a checkpoint. A table whose shape changes goes by Create-Copy-Swap inside its step: create the new table under
//! another name, `INSERT INTO new SELECT ... FROM old ORDER BY rowid`, drop the old one, rename the new one. DuckDB
//! runs all of that transactionally, and big tables carry no index that could forbid the rename.

use std::path::Path;

use duckdb::Connection;

use crate::CATALOG;
use crate::error::{Doing, Error, Result};

/// The whole current schema.
pub(crate) const SCHEMA: &str = include_str!("../sql/schema.sql");

/// A forward step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Sorts by time.
    pub(crate) name: &'static str,
    /// Its statements.
    pub(crate) sql: &'static str,
}

macro_rules! steps {
    ($($name:literal),* $(,)?) => {
        &[$(Step { name: $name, sql: include_str!(concat!("../sql/migrations/", $name, ".sql")) }),*]
    };
}

/// Every step, oldest first.
pub(crate) const STEPS: &[Step] = steps![
    "20261123T0600_first",
    "20261123T1000_conversations",
    "20261128T0115_runs",
    "20261128T1500_purged",
    "20261128T1700_code_memory",
    "20261128T2000_access_keys"
];

/// What a data file turns out to be.
enum State {
    /// Nothing in it yet.
    Fresh,
    /// A store that went through this many steps.
    Steps(usize),
}

/// Brings the attached file to the current schema.
pub(crate) fn bring_up(conn: &Connection, path: &Path) -> Result<()> {
    match state(conn, path, STEPS)? {
        State::Fresh => create(conn),
        State::Steps(done) => apply(conn, &STEPS[done..]),
    }
}

/// One short query where the file is current, which is nearly always.
fn state(conn: &Connection, path: &Path, steps: &[Step]) -> Result<State> {
    let newest = conn.query_row(
        &format!("SELECT max(name), count(*) FROM {CATALOG}.main.schema_migrations"),
        [],
        |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, usize>(1)?)),
    );
    match newest {
        Ok((Some(name), count)) => match steps.iter().position(|step| step.name == name) {
            Some(place) if place + 1 == count => Ok(State::Steps(count)),
            _ => Err(Error::Newer { path: path.to_owned(), found: name }),
        },
        Ok((None, _)) => Err(Error::Foreign { path: path.to_owned() }),
        Err(error) => {
            let tables: usize = conn
                .query_row(
                    "SELECT count(*) FROM duckdb_tables() WHERE database_name = ?",
                    [CATALOG],
                    |row| row.get(0),
                )
                .doing("read the catalog")?;
            let missing = error.to_string().contains("does not exist");
            match tables {
                0 => Ok(State::Fresh),
                _ if missing => Err(Error::Foreign { path: path.to_owned() }),
                _ => {
                    Err(Error::Query { doing: "read which migrations were applied", source: error })
                }
            }
        }
    }
}

/// Makes an empty file a store of the current schema at once.
fn create(conn: &Connection) -> Result<()> {
    create_as(conn, CATALOG)
}

/// As [`create`], for the file that is attached as `catalog` and that statements mean.
pub(crate) fn create_as(conn: &Connection, catalog: &str) -> Result<()> {
    let names: Vec<String> = STEPS.iter().map(|step| format!("('{}')", step.name)).collect();
    let record = format!("INSERT INTO schema_migrations VALUES {}", names.join(", "));
    in_transaction(conn, &format!("{SCHEMA};{record}"))
        .map_err(|source| Error::Migration { name: "schema".to_owned(), source })?;
    checkpoint(conn, catalog)
}

/// Applies `steps` in order, each in its own transaction.
pub(crate) fn apply(conn: &Connection, steps: &[Step]) -> Result<()> {
    for step in steps {
        tracing::info!(step = step.name, "migrating the store");
        let record = format!("INSERT INTO schema_migrations VALUES ('{}')", step.name);
        in_transaction(conn, &format!("{};{record}", step.sql))
            .map_err(|source| Error::Migration { name: step.name.to_owned(), source })?;
        checkpoint(conn, CATALOG)?;
    }
    Ok(())
}

fn in_transaction(conn: &Connection, sql: &str) -> duckdb::Result<()> {
    let transaction = conn.unchecked_transaction()?;
    conn.execute_batch(sql)?;
    transaction.commit()
}

fn checkpoint(conn: &Connection, catalog: &str) -> Result<()> {
    conn.execute_batch(&format!("CHECKPOINT {catalog}"))
        .doing("write a checkpoint after a migration")
}

#[cfg(test)]
mod tests;
