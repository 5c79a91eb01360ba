//! Steps: they lead to `schema.sql`, each whole or not at all.

use std::collections::BTreeSet;
use std::path::Path;

use duckdb::Connection;

use super::{SCHEMA, STEPS, State, Step, apply, bring_up, create, state};
use crate::CATALOG;
use crate::error::Error;

const SECOND: Step = Step {
    name: "29000101T0000_second",
    sql: "CREATE TABLE progress_new (source VARCHAR PRIMARY KEY, position VARCHAR NOT NULL, tries INTEGER NOT NULL);
          INSERT INTO progress_new SELECT source, position, 0 FROM ingest_progress ORDER BY rowid;
          DROP TABLE ingest_progress;
          ALTER TABLE progress_new RENAME TO ingest_progress",
};

fn attached(dir: &Path) -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    let path = dir.join("lichen.duckdb");
    conn.execute_batch(&format!("ATTACH '{}' AS {CATALOG}; USE {CATALOG}", path.display()))
        .unwrap();
    conn
}

/// Everything that the catalog says about the file.
fn catalog(conn: &Connection) -> BTreeSet<String> {
    let queries = [
        "SELECT 'table ' || table_name || sql FROM duckdb_tables()",
        "SELECT 'column ' || table_name || column_index || column_name || data_type || coalesce(column_default, '')
             || is_nullable FROM duckdb_columns()",
        "SELECT 'constraint ' || table_name || constraint_text FROM duckdb_constraints()",
        "SELECT 'view ' || view_name || sql FROM duckdb_views()",
        "SELECT 'type ' || type_name || coalesce(array_to_string(labels, ','), '') FROM duckdb_types()",
        "SELECT 'macro ' || function_name || macro_definition FROM duckdb_functions()",
        "SELECT 'index ' || index_name || sql FROM duckdb_indexes()",
    ];
    let mut all = BTreeSet::new();
    for query in queries {
        let mut statement =
            conn.prepare(&format!("{query} WHERE database_name = '{CATALOG}'")).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
        all.extend(rows.map(|row| row.unwrap().unwrap_or_default()));
    }
    all
}

#[test]
fn steps_from_empty_lead_to_the_schema() {
    let (by_steps, at_once) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (stepped, made) = (attached(by_steps.path()), attached(at_once.path()));
    apply(&stepped, STEPS).unwrap();
    create(&made).unwrap();
    let catalogs = (catalog(&stepped), catalog(&made));
    assert!(catalogs.0.len() > 100);
    assert_eq!(catalogs.0, catalogs.1);
    for conn in [stepped, made] {
        assert!(
            matches!(state(&conn, Path::new("x"), STEPS), Ok(State::Steps(count)) if count == STEPS.len())
        );
        bring_up(&conn, Path::new("x")).unwrap();
    }
}

#[test]
fn a_store_of_the_first_schema_comes_up_with_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let conn = attached(dir.path());
    apply(&conn, &STEPS[..1]).unwrap();
    conn.execute_batch(include_str!("../../sql/fixtures/20261123T0600_first.sql")).unwrap();
    drop(conn);
    let conn = attached(dir.path());
    bring_up(&conn, Path::new("x")).unwrap();
    let ask = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(
        ask(
            "SELECT concat_ws(' ', external_id, role, late, place, cum_bytes, tokens, reply_to IS NULL, meta) FROM messages"
        ),
        [
            "a user false 0 3 true ",
            "b assistant false 1 7 false {\"k\": 1}",
            "c tool true 0 3 true ",
            "d system false 2 8 true ",
        ]
    );
    assert_eq!(ask("SELECT seq || kind FROM passages"), ["0chat", "1agent"]);
    assert_eq!(ask("SELECT text FROM passage_texts ORDER BY seq"), ["one", "four"]);
}

#[test]
fn a_store_from_before_code_memory_keeps_its_labels() {
    let dir = tempfile::tempdir().unwrap();
    let conn = attached(dir.path());
    let before = STEPS.iter().position(|step| step.name == "20261128T1700_code_memory").unwrap();
    apply(&conn, &STEPS[..before]).unwrap();
    conn.execute_batch(include_str!("../../sql/fixtures/20261128T1500_purged.sql")).unwrap();
    assert!(
        conn.execute_batch("INSERT INTO tags VALUES ('symbol', uuid(), 'new')").is_err(),
        "the step adds nothing"
    );
    drop(conn);
    let conn = attached(dir.path());
    bring_up(&conn, Path::new("x")).unwrap();
    conn.execute_batch("INSERT INTO tags VALUES ('symbol', uuid(), 'new')").unwrap();
    assert!(conn.execute_batch("INSERT INTO tags SELECT * FROM tags").is_err(), "the key was lost");
    let mut statement =
        conn.prepare("SELECT thing_kind || ' ' || name FROM tags ORDER BY ALL").unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let rows: Vec<String> = rows.map(Result::unwrap).collect();
    assert_eq!(rows, ["stream kept", "symbol new", "window too"]);
}

#[test]
fn words_of_changes_are_those_of_the_model() {
    use lichen_model::{SymbolChangeKind, SymbolChangeKinds};
    let dir = tempfile::tempdir().unwrap();
    let conn = attached(dir.path());
    create(&conn).unwrap();
    for kind in SymbolChangeKind::ALL {
        let both = SymbolChangeKinds::NONE.with(kind).with(SymbolChangeKind::Boundary);
        let words: String = conn
            .query_row("SELECT array_to_string(change_words(?), ' ')", [both.bits()], |row| {
                row.get(0)
            })
            .unwrap();
        let expected: Vec<&str> = both.iter().map(SymbolChangeKind::as_str).collect();
        assert_eq!(words, expected.join(" "));
    }
}

#[test]
fn enums_of_code_memory_are_those_of_the_model() {
    use lichen_model::{Detector, ExtractionStatus, SymbolKind, SymbolMatch};
    let dir = tempfile::tempdir().unwrap();
    let conn = attached(dir.path());
    create(&conn).unwrap();
    let stored = |name: &str| -> String {
        let sql = format!("SELECT array_to_string(enum_range(NULL::{name})::VARCHAR[], ' ')");
        conn.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(stored("symbol_kind"), SymbolKind::ALL.map(SymbolKind::as_str).join(" "));
    assert_eq!(stored("symbol_match"), SymbolMatch::ALL.map(SymbolMatch::as_str).join(" "));
    assert_eq!(stored("reference_detector"), Detector::ALL.map(Detector::as_str).join(" "));
    let statuses = ExtractionStatus::ALL.map(ExtractionStatus::as_str);
    assert_eq!(stored("extraction_status"), statuses.join(" "));
}

#[test]
fn names_of_steps_are_unique_and_ascend() {
    let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
    assert!(names.is_sorted() && names.len() == names.iter().collect::<BTreeSet<_>>().len());
    let files: BTreeSet<String> =
        fs_err::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/migrations"))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
    assert_eq!(files, names.iter().map(|&name| name.to_owned()).collect());
}

#[test]
fn every_table_of_the_schema_is_exported() {
    let dir = tempfile::tempdir().unwrap();
    let conn = attached(dir.path());
    create(&conn).unwrap();
    let exported: BTreeSet<String> =
        crate::export::TABLES.iter().map(|(table, _)| (*table).to_owned()).collect();
    let tables = catalog(&conn).into_iter().filter(|line| line.starts_with("table ")).count();
    assert_eq!(exported.len(), tables);
    assert!(exported.iter().all(|table| SCHEMA.contains(&format!("CREATE TABLE {table} ("))));
}

#[test]
fn a_table_changes_its_shape_and_keeps_its_rows() {
    let dir = tempfile::tempdir().unwrap();
    let conn = attached(dir.path());
    create(&conn).unwrap();
    conn.execute_batch("INSERT INTO ingest_progress VALUES ('a', '1'), ('b', '2')").unwrap();
    apply(&conn, &[SECOND]).unwrap();
    drop(conn);
    let conn = attached(dir.path());
    let rows: String = conn
        .query_row("SELECT string_agg(source || position || tries, ',' ORDER BY source) FROM ingest_progress", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(rows, "a10,b20");
    assert!(
        conn.execute_batch("INSERT INTO ingest_progress VALUES ('a', '1', 0)").is_err(),
        "the key was lost"
    );
    // To a program of the second step it is current, to this one it is newer.
    let steps: Vec<Step> = STEPS.iter().copied().chain([SECOND]).collect();
    assert!(
        matches!(state(&conn, Path::new("x"), &steps), Ok(State::Steps(count)) if count == steps.len())
    );
    assert!(
        matches!(state(&conn, Path::new("x"), STEPS), Err(Error::Newer { found, .. }) if found == SECOND.name)
    );
}

#[test]
fn a_failing_step_leaves_the_file_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let conn = attached(dir.path());
    create(&conn).unwrap();
    conn.execute_batch("INSERT INTO ingest_progress VALUES ('a', '1')").unwrap();
    // What is read from a file is written a little differently from what was just made.
    drop(conn);
    let conn = attached(dir.path());
    let before = catalog(&conn);
    let failing = [
        "DELETE FROM ingest_progress; DROP TABLE tags; SELECT * FROM nowhere",
        "DROP TABLE ingest_progress; INSERT INTO schema_migrations SELECT name FROM schema_migrations",
    ];
    for sql in failing {
        let step = Step { name: "29000101T0000_broken", sql };
        let error = apply(&conn, &[step, SECOND]).unwrap_err();
        assert!(matches!(error, Error::Migration { name, .. } if name == step.name));
        assert_eq!(catalog(&conn), before);
        let rows: u64 =
            conn.query_row("SELECT count(*) FROM ingest_progress", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }
    drop(conn);
    let conn = attached(dir.path());
    assert_eq!(catalog(&conn), before);
    bring_up(&conn, Path::new("x")).unwrap();
}

#[test]
fn a_store_whose_steps_have_a_gap_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let conn = attached(dir.path());
    create(&conn).unwrap();
    conn.execute_batch("INSERT INTO schema_migrations VALUES ('00000101T0000_unknown')").unwrap();
    assert!(matches!(bring_up(&conn, Path::new("x")), Err(Error::Newer { .. })));
    conn.execute_batch("DELETE FROM schema_migrations").unwrap();
    assert!(matches!(bring_up(&conn, Path::new("x")), Err(Error::Foreign { .. })));
}
