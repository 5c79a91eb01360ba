//! One owner, and files that are no store.

use std::path::Path;
use std::time::Duration;

use lichen_store::{Error, Options, Store};

use crate::sample::{batch, open, options};

#[test]
fn a_second_opener_is_told_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = Store::open(dir.path(), options()).err().unwrap();
    assert!(error.is_busy());
    let Error::Busy { pid, command, path } = error else { panic!("{error}") };
    assert_eq!((pid, command.as_str(), path.as_path()), (std::process::id(), "a test", dir.path()));
    store.close().unwrap();
    open(dir.path()).close().unwrap();
}

#[test]
fn a_lock_file_of_a_dead_process_locks_nobody_out() {
    let dir = tempfile::tempdir().unwrap();
    fs_err::write(dir.path().join("owner.lock"), "4194305\nlichen ingest --and-more\n").unwrap();
    let store = open(dir.path());
    let text = fs_err::read_to_string(dir.path().join("owner.lock")).unwrap();
    assert_eq!(text, format!("{}\na test\n", std::process::id()));
    store.close().unwrap();
}

#[test]
fn one_may_wait_for_the_owner_to_finish() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let path = dir.path().to_owned();
    let (sender, receiver) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || {
        sender.send(()).unwrap();
        Store::open(path, Options { wait: Duration::from_mins(10), ..options() }).map(drop)
    });
    receiver.recv().unwrap();
    store.close().unwrap();
    waiting.join().unwrap().unwrap();
}

#[test]
fn a_file_that_another_program_has_open_is_busy() {
    // DuckDB's own lock does not keep one process from opening a file twice, so another process has to hold it.
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close().unwrap();
    let mut child = crate::crash::child("hold", dir.path());
    let error = Store::open(dir.path(), options()).err().unwrap();
    let pid = child.id();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(error, Error::Busy { pid: owner, .. } if owner == pid), "{error:?}");
}

#[test]
fn files_that_are_no_store_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |path: &Path| Store::open(path, options()).err().unwrap();
    let data = dir.path().join("lichen.duckdb");
    fs_err::write(&data, "this is no database at all, but it is long enough to have a header")
        .unwrap();
    assert!(matches!(refused(dir.path()), Error::Open { .. }));
    fs_err::remove_file(&data).unwrap();
    duckdb::Connection::open(&data)
        .unwrap()
        .execute_batch("CREATE TABLE mine (x INTEGER)")
        .unwrap();
    assert!(matches!(refused(dir.path()), Error::Foreign { .. }));
    fs_err::remove_file(&data).unwrap();
    // An empty database is one that was being made when its process died.
    duckdb::Connection::open(&data).unwrap().execute_batch("CHECKPOINT").unwrap();
    open(dir.path()).append(&batch()).unwrap();
}

#[test]
fn a_newer_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close().unwrap();
    let conn = duckdb::Connection::open(dir.path().join("lichen.duckdb")).unwrap();
    conn.execute_batch("INSERT INTO schema_migrations VALUES ('29990101T0000_later')").unwrap();
    drop(conn);
    let error = Store::open(dir.path(), options()).err().unwrap();
    assert!(
        matches!(&error, Error::Newer { found, .. } if found == "29990101T0000_later"),
        "{error:?}"
    );
    assert!(error.is_config());
}

#[test]
fn a_folder_is_a_store_once_it_was_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/.lichen");
    assert!(!Store::exists(&path));
    open(&path).close().unwrap();
    assert!(Store::exists(&path));
}
