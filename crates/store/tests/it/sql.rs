//! SQL of users: reads come back typed, everything else is refused.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lichen_model::{Owner, Passage, PassageKind};
use lichen_store::{Column, Error, ExportFormat, RecallRow, SqlLimits, Store, Table, Value};
use tempfile::TempDir;

use crate::sample::{batch, message_id, open};

const LIMITS: SqlLimits = SqlLimits { rows: 1000, timeout: Duration::from_mins(1) };

fn filled() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.append(&batch()).unwrap();
    (dir, store)
}

fn one(store: &mut Store, query: &str) -> Value {
    let Table { rows, .. } =
        store.sql(query, LIMITS).unwrap_or_else(|error| panic!("{query}: {error}"));
    rows[0][0].clone()
}

#[test]
fn values_come_back_typed() {
    let (dir, mut store) = filled();
    let text = |text: &str| Value::Text(text.into());
    let cases = [
        ("SELECT NULL", Value::Null),
        ("SELECT true", Value::Bool(true)),
        ("SELECT count(*) FROM git_commits", Value::Int(4)),
        ("SELECT sum(byte_len) FROM messages", Value::Int(32 + 27 + 14)),
        ("SELECT 1.5::DOUBLE", Value::Float(1.5)),
        ("SELECT 1.25", Value::Float(1.25)),
        (
            "SELECT text FROM messages ORDER BY sent_at LIMIT 1",
            text("why does the parser refuse tabs?"),
        ),
        ("SELECT role FROM messages LIMIT 1", text("user")),
        ("SELECT paths FROM tool_calls", text(r#"["src/part1.rs"]"#)),
        ("SELECT {'a': 1}", text(r#"{"a":1}"#)),
        (
            "SELECT oid_text(oid) FROM git_commits ORDER BY committed_at LIMIT 1",
            text(&crate::sample::oid(0).to_string()),
        ),
        (
            "SELECT oid FROM git_commits ORDER BY committed_at LIMIT 1",
            text(&crate::sample::oid(0).to_string()),
        ),
        ("SELECT committed_at FROM git_commits ORDER BY 1 LIMIT 1", text("2023-11-14 22:13:20")),
        ("FROM (VALUES (7)) -- a comment at the end", Value::Int(7)),
        ("SELECT 1;", Value::Int(1)),
        ("WITH t AS (SELECT 2 AS x) FROM t", Value::Int(2)),
        ("SELECT count(*) FROM range(5)", Value::Int(5)),
        (
            "SELECT text FROM passage_texts WHERE kind = 'chat' AND line = 2",
            text("the naïve lexer"),
        ),
        ("SELECT count(*) FROM current_documents", Value::Int(2)),
    ];
    for (query, value) in cases {
        assert_eq!(one(&mut store, query), value, "{query}");
    }
    // What was defined survives in the file.
    store.close().unwrap();
    let mut store = open(dir.path());
    let id = message_id("ops", 2).any().to_string();
    assert_eq!(
        one(&mut store, "SELECT id_text('m', message_id) FROM messages WHERE text LIKE 'deploy%'"),
        text(&id)
    );
}

#[test]
fn columns_keep_their_names_and_types() {
    let (_dir, mut store) = filled();
    let table = store.sql("SELECT 1 AS a, 'x' AS a, message_id FROM messages", LIMITS).unwrap();
    let column = |name: &str, kind: &str| Column { name: name.into(), kind: kind.into() };
    assert_eq!(
        table.columns,
        [column("a", "INTEGER"), column("a_1", "VARCHAR"), column("message_id", "UUID")]
    );
    let described = store.sql("DESCRIBE messages", LIMITS).unwrap();
    assert_eq!(described.rows[0][0], Value::Text("message_id".into()));
    assert!(!store.sql("SHOW TABLES", LIMITS).unwrap().rows.is_empty());
}

#[test]
fn rows_beyond_the_limit_are_cut_and_said_so() {
    let (_dir, mut store) = filled();
    for (rows, truncated) in [(0, true), (4, true), (5, false), (6, false), (usize::MAX, false)] {
        let table = store.sql("FROM range(5)", SqlLimits { rows, ..LIMITS }).unwrap();
        assert_eq!((table.rows.len(), table.truncated), (rows.min(5), truncated));
    }
}

#[test]
fn a_statement_that_takes_too_long_is_stopped() {
    let (_dir, mut store) = filled();
    let limits = SqlLimits { timeout: Duration::from_millis(50), ..LIMITS };
    let endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range % 7 = 3";
    assert!(matches!(store.sql(endless, limits), Err(Error::SqlTimeout(_))));
    assert_eq!(one(&mut store, "SELECT 1"), Value::Int(1));
}

#[test]
fn whatever_does_more_than_read_the_store_is_refused() {
    let (dir, mut store) = filled();
    let outside = dir.path().join("outside.txt");
    fs_err::write(&outside, "zebra").unwrap();
    let data = dir.path().join("lichen.duckdb");
    let path = outside.to_str().unwrap();
    let attempts = [
        "DELETE FROM messages",
        "INSERT INTO tags VALUES ('commit', uuid(), 'x')",
        "UPDATE people SET name = 'x'",
        "DROP TABLE messages",
        "CREATE TABLE x AS SELECT 1",
        "CREATE TEMP TABLE x AS SELECT 1",
        "CREATE VIEW x AS SELECT 1",
        "ALTER TABLE tags ADD COLUMN x INTEGER",
        "TRUNCATE messages",
        "COPY messages TO 'PATH.csv'",
        "COPY tags FROM 'PATH'",
        "EXPORT DATABASE 'PATH.d'",
        "IMPORT DATABASE 'PATH.d'",
        "ATTACH 'PATH.db'",
        "DETACH lichen",
        "USE memory",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "RESET threads",
        "SET VARIABLE x = 1",
        "PRAGMA threads = 1",
        "PRAGMA database_list",
        "CALL checkpoint()",
        "CHECKPOINT",
        "VACUUM",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "PREPARE x AS SELECT 1",
        "EXECUTE x",
        "EXPLAIN ANALYZE DELETE FROM messages",
        "CREATE SECRET x (TYPE s3)",
        "SELECT 1; DELETE FROM messages",
        "COMMIT; DELETE FROM messages; SELECT 1",
        "SELECT 1) AS t; DELETE FROM messages; --",
        "SELECT 1'); DELETE FROM messages; --",
        "WITH x AS (DELETE FROM messages RETURNING *) SELECT * FROM x",
        "SELECT * FROM read_text('PATH')",
        "SELECT * FROM read_blob('PATH')",
        "SELECT * FROM read_csv('PATH')",
        "SELECT * FROM \"read_csv\"('PATH')",
        "SELECT * FROM READ_CSV_AUTO('PATH')",
        "SELECT * FROM 'PATH'",
        "SELECT * FROM 'PATH.csv'",
        "SELECT * FROM 'DATA'",
        "SELECT * FROM 'DATA.wal'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM sniff_csv('PATH')",
        "SELECT * FROM read_parquet('PATH')",
        "SELECT * FROM parquet_metadata('PATH')",
        "SELECT * FROM read_duckdb('DATA', table_name := 'tags')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('messages')",
        "SELECT * FROM checkpoint()",
        "SELECT * FROM force_checkpoint()",
        "SELECT * FROM enable_logging('QueryLog', storage = 'file', storage_path = 'PATH.d')",
        "SELECT * FROM main.enable_logging()",
        "SELECT * FROM system.main.enable_logging()",
        "SELECT (SELECT max(x) FROM (SELECT 1 AS x FROM enable_logging()))",
        "SELECT * FROM enable_profiling()",
        "SELECT * FROM disable_logging()",
        "SELECT * FROM truncate_duckdb_logs()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "SELECT write_log('x')",
        "SELECT sleep_ms(100000)",
        "SELECT getenv('HOME')",
        "SELECT nextval('x')",
        "SELECT * FROM nowhere",
        "SELECT ?",
        "SELECT $1",
        "",
        ";",
        "-- nothing",
    ];
    for attempt in attempts {
        let query = attempt.replace("PATH", path).replace("DATA", data.to_str().unwrap());
        let error = store.sql(&query, LIMITS).map(|table| table.rows).expect_err(&query);
        assert!(error.is_user(), "{query}: {error:?}");
        assert!(!error.to_string().contains("zebra"), "{query}: {error}");
    }
    let names: Vec<_> =
        fs_err::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        names.iter().all(|name| !name.to_string_lossy().starts_with("outside.txt.")),
        "{names:?}"
    );
    // The store goes on: it writes, checkpoints, and is what it was.
    assert_eq!(store.append(&batch()).unwrap().messages, 0);
    store.checkpoint().unwrap();
    assert_eq!(one(&mut store, "SELECT count(*) FROM messages"), Value::Int(3));
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn writing_and_exporting_go_on_after_sql() {
    let (dir, mut store) = filled();
    assert_eq!(one(&mut store, "SELECT 1"), Value::Int(1));
    let more = crate::sample::message("ops", 50, "later");
    let batch = lichen_model::Batch { messages: vec![more], ..Default::default() };
    assert_eq!(store.append(&batch).unwrap().messages, 1);
    let target = dir.path().join("out");
    let files = store.export(&target, ExportFormat::Jsonl, &mut |_| {}).unwrap();
    assert!(files.iter().any(|file| file.table == "messages" && file.rows == 4));
    assert_eq!(one(&mut store, "SELECT count(*) FROM messages"), Value::Int(4));
    assert!(files.iter().all(|file| file.path.starts_with(&target) && file.path.exists()));
    assert!(!dir.path().join("export").exists());
}

#[test]
fn recall_is_a_table_that_joins() {
    let (_dir, mut store) = filled();
    assert!(store.sql("SELECT * FROM recall('x', 1)", LIMITS).is_err());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let reader = Mutex::new(store.reader().unwrap());
    let log = Arc::clone(&asked);
    let search = move |query: &str, wanted: usize| {
        if query == "bad" {
            return Err("no index".into());
        }
        log.lock().unwrap().push((query.to_owned(), wanted));
        // It reads the store while SQL runs on it.
        let entries = reader.lock().unwrap().entries(0, 1000)?;
        let chats = entries.iter().filter(|entry| entry.kind == PassageKind::Chat).take(wanted);
        let row = |entry: &lichen_store::Entry<'_>| {
            let Owner::Message(id) = entry.site.owner else { panic!("a chat is a message's") };
            let passage = Passage {
                owner: Owner::Message(id),
                ord: 0,
                kind: entry.kind,
                span: 0..0,
                line: 1,
                context: String::new(),
            };
            RecallRow {
                score: 1.0 / (1.0 + entry.seq as f64),
                kind: entry.kind,
                passage: passage.id(),
                seq: entry.seq,
                owner: entry.site.owner,
                text: entry.text.to_string(),
            }
        };
        Ok(chats.map(row).collect())
    };
    store.register_recall(Arc::new(search)).unwrap();
    let table = store
        .sql("SELECT r.rank, m.author, r.text FROM recall('tabs?', 2) r JOIN messages m ON m.message_id = r.owner_id ORDER BY rank", LIMITS)
        .unwrap();
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(
        table.rows,
        [
            vec![Value::Int(1), text("ada"), text("why does the parser refuse tabs?")],
            vec![Value::Int(2), text("bob"), text("because of\n")],
        ]
    );
    assert_eq!(*asked.lock().unwrap(), [("tabs?".to_owned(), 2)]);
    let kinds = "SELECT typeof(passage_id), kind, owner_kind FROM recall('x', 1)";
    assert_eq!(
        store.sql(kinds, LIMITS).unwrap().rows,
        [vec![text("UUID"), text("chat"), text("message")]]
    );
    assert_eq!(one(&mut store, "SELECT count(*) FROM recall('x', 0)"), Value::Int(0));
    for query in ["SELECT * FROM recall('bad', 1)", "SELECT * FROM recall('x', -1)"] {
        assert!(matches!(store.sql(query, LIMITS), Err(Error::Sql(_))), "{query}");
    }
    let target = tempfile::tempdir().unwrap();
    store.export(target.path(), ExportFormat::Parquet, &mut |_| {}).unwrap();
    assert_eq!(one(&mut store, "SELECT count(*) FROM recall('x', 2)"), Value::Int(2));
}
