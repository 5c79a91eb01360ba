//! The doctor finds each rule broken, and nothing in a healthy store.

use std::collections::BTreeSet;

use crate::sample::{batch, open};

#[test]
fn a_healthy_store_has_no_findings() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    assert_eq!(store.read().doctor().unwrap(), []);
    store.append(&batch()).unwrap();
    assert_eq!(store.read().doctor().unwrap(), []);
}

/// What breaks a store, and the rules that must be found broken; others may be too.
const BREAKS: &[(&str, &[&str])] = &[
    ("INSERT INTO git_commits SELECT * FROM git_commits LIMIT 1", &["commits are unique"]),
    (
        "UPDATE git_commits SET committed_at = committed_at + INTERVAL 1 SECOND",
        &["ids of commits come from object id and time"],
    ),
    ("UPDATE git_commits SET oid = tree", &["ids of commits come from object id and time"]),
    ("UPDATE git_commits SET author_id = uuid()", &["people of commits exist"]),
    ("UPDATE git_commits SET changes_known = false", &["changed paths belong to commits whose changes are known"]),
    ("UPDATE commit_parents SET ord = 1", &["parents of commits are numbered from 0"]),
    ("INSERT INTO commit_parents SELECT * FROM commit_parents", &["parents of commits are numbered from 0"]),
    ("UPDATE commit_parents SET commit_id = uuid()", &["parents belong to commits"]),
    ("DELETE FROM file_changes WHERE ord = 0", &["changed paths are numbered from 0"]),
    ("UPDATE file_changes SET commit_id = uuid()", &["changed paths belong to commits whose changes are known"]),
    ("DELETE FROM repos", &["repositories of facts exist"]),
    ("UPDATE people SET email = 'other'", &["ids of repositories, people, refs, documents and streams come from their keys"]),
    ("UPDATE git_ref_events SET ord = 3", &["ref events are numbered from 0"]),
    ("DELETE FROM git_refs", &["ref events belong to refs"]),
    ("INSERT INTO document_versions SELECT * FROM document_versions", &["versions are unique"]),
    ("UPDATE document_versions SET ord = 1", &["versions of a document follow each other from 0"]),
    (
        "UPDATE document_versions SET previous_id = uuid()",
        &["versions of a document follow each other from 0", "ids of versions come from document, previous version and text"],
    ),
    ("UPDATE document_versions SET text = text || ' '", &["hashes of versions are those of their texts"]),
    ("DELETE FROM documents", &["versions belong to documents"]),
    ("UPDATE document_versions SET text = NULL", &["owners of passages exist"]),
    ("INSERT INTO messages SELECT * FROM messages LIMIT 1", &["messages are unique"]),
    ("DELETE FROM streams", &["messages belong to streams"]),
    ("UPDATE messages SET byte_len = 1", &["messages of a stream are numbered from 0, with lengths", "timely messages of a stream carry running sums"]),
    ("UPDATE messages SET late = true", &["messages are late where one sent after them had arrived"]),
    (
        "UPDATE messages SET late = true, place = 70 WHERE ordinal = 1",
        &["late messages stand after the last timely one that was sent before them"],
    ),
    (
        "UPDATE messages SET replaces = (SELECT message_id FROM messages AS o WHERE o.sent_at <> messages.sent_at LIMIT 1)",
        &["messages that replace others replace one of their stream and time"],
    ),
    ("UPDATE messages SET cum_bytes = 1", &["timely messages of a stream carry running sums"]),
    (
        "UPDATE messages SET ordinal = ordinal + 1",
        &["messages of a stream are numbered from 0, with lengths"],
    ),
    ("UPDATE messages SET external_id = 'other'", &["ids of messages come from stream, time and their own ids or texts"]),
    (
        "UPDATE messages SET text = '', byte_len = 0, cum_bytes = 0",
        &["spans of passages lie in their owners' texts, on character boundaries"],
    ),
    (
        "UPDATE messages SET text = replace(text, 'a', 'b')",
        &["hashes of passages are those of their spans"],
    ),
    ("DELETE FROM messages", &["owners of passages exist", "tool calls belong to messages"]),
    ("INSERT INTO tool_calls SELECT * FROM tool_calls", &["tool calls are unique", "tool calls are numbered from 0"]),
    ("UPDATE tool_calls SET ord = 1", &["tool calls are numbered from 0", "ids of tool calls come from message and place"]),
    ("DELETE FROM passages WHERE seq = 1", &["passages are numbered 0, 1, 2, ..."]),
    ("UPDATE passages SET seq = 7 WHERE seq = 6", &["passages are numbered 0, 1, 2, ..."]),
    (
        "INSERT INTO passages SELECT * REPLACE ((SELECT count(*) FROM passages) AS seq) FROM passages WHERE seq = 0",
        &["passages are unique", "passages of an owner are numbered from 0"],
    ),
    (
        "UPDATE passages SET ord = 9 WHERE seq = 0",
        &["passages of an owner are numbered from 0", "ids of passages come from owner and place"],
    ),
    ("UPDATE passages SET owner_kind = 'message'", &["owners of passages exist"]),
    ("UPDATE passages SET text_hash = uuid()", &["hashes of passages are those of their spans"]),
    (
        "UPDATE passages SET end_byte = 100000",
        &["spans of passages lie in their owners' texts, on character boundaries"],
    ),
    (
        "UPDATE runs SET stream_id = uuid()",
        &["runs belong to streams", "ids of windows come from where they lie"],
    ),
    (
        "UPDATE runs SET attempt = attempt + 5",
        &["attempts at a window are numbered from 1", "ids of runs come from consumer, signature, window, attempt and time"],
    ),
    (
        "DELETE FROM run_ends WHERE outcome = 'failed'",
        &["a window is claimed again only after the run before failed or expired"],
    ),
    ("UPDATE run_ends SET run_id = uuid() WHERE outcome = 'failed'", &["ends of runs belong to runs that were claimed before"]),
    ("DELETE FROM run_parts WHERE ord = 0", &["split runs have two parts or more, others have none"]),
    ("UPDATE run_parts SET last_place = 9", &["parts of a split window lie in it"]),
    ("INSERT INTO embeddings VALUES (1, uuid(), [1.0])", &["vectors have the dimensions of their model"]),
    (
        "INSERT INTO embedding_models VALUES (1, 'm', 1);
         INSERT INTO embeddings SELECT 1, '00000000-0000-0000-0000-000000000001', [1.0] FROM range(2)",
        &["vectors are unique"],
    ),
];

#[test]
fn each_broken_rule_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.append(&batch()).unwrap();
    store.close().unwrap();
    let data = dir.path().join("lichen.duckdb");
    let healthy = fs_err::read(&data).unwrap();
    let mut found_ever = BTreeSet::new();
    for (sql, rules) in BREAKS {
        let conn = duckdb::Connection::open(&data).unwrap();
        conn.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        drop(conn);
        let store = open(dir.path());
        let findings = store.read().doctor().unwrap();
        let found: BTreeSet<&str> = findings.iter().map(|finding| finding.check).collect();
        for rule in *rules {
            assert!(found.contains(rule), "{sql}: {findings:?}");
        }
        assert!(
            findings.iter().all(|finding| finding.count > 0 && !finding.example.is_empty()),
            "{findings:?}"
        );
        found_ever.extend(found);
        drop(store);
        fs_err::write(&data, &healthy).unwrap();
    }
    assert_eq!(found_ever.len(), 45, "a rule that nothing breaks proves nothing: {found_ever:#?}");
}
