//! How places move, and that no column of the schema was forgotten.

use std::collections::BTreeSet;

use duckdb::Connection;

use super::*;
use crate::CATALOG;
use crate::export::TABLES;

#[test]
fn places_move_with_what_was_replaced() {
    // "abcdefghij": "cd" became "XYZ", "gh" became nothing, then the first two bytes became one.
    let rounds = vec![vec![(2..4, 3), (6..8, 0)], vec![(0..2, 1)]];
    let new = Rewritten { text: "aXYZefij".to_owned(), rounds };
    let moved: Vec<usize> = (0..=10).map(|at| new.place_of(at)).collect();
    assert_eq!(moved, [0, 1, 1, 4, 4, 5, 6, 6, 6, 7, 8]);
}

/// Ids that never come from a text, nor from anything that does.
const STEADY_IDS: [&str; 22] = [
    "author_id",
    "canonical_id",
    "commit_id",
    "committer_id",
    "document_id",
    "hash",
    "person_id",
    "ref_id",
    "repo_id",
    "stream_id",
    // Of code memory: commits and symbols by another name, hashes of what stays in the repository.
    "as_of_commit",
    "introduced_commit",
    "origin_commit",
    "symbol_id",
    "anon_hash",
    "doc_hash",
    "norm_hash",
    "own_hash",
    "raw_hash",
    // Attempts at windows name places of a stream, which stay; parts of a message are those of the text that they saw.
    "run_id",
    "window_id",
    // Left out as whole rows where they change.
    "embeddings.text_hash",
];

/// A new table or column makes this fail: say then what a purge does with it.
#[test]
fn every_column_of_ids_is_known() {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(&format!("ATTACH ':memory:' AS {CATALOG}; USE {CATALOG}")).unwrap();
    conn.execute_batch(crate::migrate::SCHEMA).unwrap();
    let mut forgotten = BTreeSet::new();
    for (table, _) in TABLES {
        let columns = left::columns(&conn, table).unwrap();
        assert!(!columns.is_empty(), "{table}");
        for (name, kind) in columns {
            let whole = format!("{table}.{name}");
            let steady =
                STEADY_IDS.contains(&name.as_str()) || STEADY_IDS.contains(&whole.as_str());
            if kind == "UUID" && !steady && !copy::planned(table, &name) {
                forgotten.insert(whole);
            }
        }
    }
    assert_eq!(forgotten, BTreeSet::new());
    for (table, column) in left::REWRITTEN {
        assert!(copy::planned(table, column), "{table}.{column} is surveyed and not copied");
    }
}
