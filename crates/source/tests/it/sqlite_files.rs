//! Databases as tools write them.

use std::path::Path;

use rusqlite::Connection;

/// A database in which these statements were run.
pub(crate) fn write(path: &Path, statements: &[String]) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(&statements.join(";\n")).unwrap();
}

/// Runs statements as a tool does that keeps a log, and is still running as long as what is returned lives.
pub(crate) fn at_work(path: &Path, statements: &[&str]) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    connection.execute_batch(&statements.join(";\n")).unwrap();
    connection
}
