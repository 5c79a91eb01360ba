//! Exports: every table, every row, ids exact.

use std::collections::BTreeSet;

use lichen_store::{Error, ExportFormat};

use crate::sample::{batch, message_id, open};

#[test]
fn every_table_is_written_and_reads_back_equal() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir.path().join("store"));
    store.append(&batch()).unwrap();
    store.put_embeddings("remote/a", 2, &[(lichen_model::TextHash(7), vec![0.5, 0.25])]).unwrap();
    let target = dir.path().join("out");
    let mut told = Vec::new();
    let files = store
        .export(&target, ExportFormat::Parquet, &mut |table| told.push(table.to_owned()))
        .unwrap();
    assert_eq!(told, files.iter().map(|file| file.table).collect::<Vec<_>>());
    let found: BTreeSet<String> = files.iter().map(|file| file.table.to_owned()).collect();
    store.close().unwrap();

    let conn = duckdb::Connection::open_in_memory().unwrap();
    let attach = format!(
        "ATTACH '{}' AS lichen (READ_ONLY)",
        dir.path().join("store/lichen.duckdb").display()
    );
    conn.execute_batch(&attach).unwrap();
    let mut names = conn
        .prepare("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lichen'")
        .unwrap();
    let tables: BTreeSet<String> =
        names.query_map([], |row| row.get(0)).unwrap().collect::<duckdb::Result<_>>().unwrap();
    assert_eq!(found, tables);
    for file in &files {
        let source = format!("read_parquet('{}')", file.path.display());
        let table = format!("lichen.main.{}", file.table);
        let differing: u64 = conn
            .query_row(
                &format!("SELECT count(*) FROM ((FROM {table} EXCEPT ALL FROM {source}) UNION ALL (FROM {source} EXCEPT ALL FROM {table}))"),
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(differing, 0, "{}", file.table);
        let rows: u64 =
            conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(rows, file.rows, "{}", file.table);
    }
    let kind: String = conn
        .query_row(
            &format!(
                "SELECT typeof(message_id) FROM read_parquet('{}/messages.parquet') LIMIT 1",
                target.display()
            ),
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kind, "UUID");
}

#[test]
fn lines_of_json_hold_every_row() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir.path().join("store"));
    store.append(&batch()).unwrap();
    let target = dir.path().join("out");
    let files = store.export(&target, ExportFormat::Jsonl, &mut |_| {}).unwrap();
    for file in &files {
        let text = fs_err::read_to_string(&file.path).unwrap();
        assert_eq!(
            (text.lines().count() as u64, text.len() as u64),
            (file.rows, file.bytes),
            "{}",
            file.table
        );
    }
    let messages = fs_err::read_to_string(target.join("messages.jsonl")).unwrap();
    let id = format!("{:032x}", message_id("ops", 2).as_u128());
    assert!(messages.replace('-', "").contains(&id));
    let commits = fs_err::read_to_string(target.join("git_commits.jsonl")).unwrap();
    assert!(commits.contains(&format!("\"oid\":\"{}\"", crate::sample::oid(2))), "{commits}");
}

#[test]
fn a_folder_with_files_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir.path().join("store"));
    fs_err::write(dir.path().join("mine.txt"), "mine").unwrap();
    let refused = store.export(dir.path(), ExportFormat::Parquet, &mut |_| {});
    assert!(matches!(refused, Err(Error::ExportTarget(_))));
}
