//! Columns that a purge does not rewrite: what they hold of what is purged is told.

use duckdb::Connection;
use duckdb::types::ValueRef;

use super::Rewrite;
use super::survey::{DOING, Left, every};
use crate::error::{Doing, Result};
use crate::export::TABLES;
use crate::{CATALOG, row};

/// Columns of text that a purge rewrites.
pub(super) const REWRITTEN: &[(&str, &str)] = &[
    ("git_commits", "message"),
    ("document_versions", "text"),
    ("document_versions", "title"),
    ("document_versions", "meta"),
    ("streams", "title"),
    ("symbol_keys", "qualified_name"),
    ("symbol_keys", "name"),
    ("symbol_keys", "signature"),
    ("messages", "text"),
    ("messages", "meta"),
    ("tool_calls", "paths"),
    ("tool_calls", "command"),
    ("tool_calls", "patch"),
    ("tool_calls", "input"),
    ("passages", "context"),
    ("tags", "name"),
    // Its rows go with the texts whose words they are.
    ("code_references", "raw"),
];

/// Rows whose other columns hold what is purged.
pub(super) fn scan(conn: &Connection, rewrite: &dyn Rewrite) -> Result<Vec<Left>> {
    let mut all = Vec::new();
    for (table, _) in TABLES {
        let columns = columns(conn, table)?;
        let Some((first, _)) = columns.first() else { continue };
        let looked_at: Vec<&str> = columns
            .iter()
            .filter(|(name, kind)| {
                matches!(kind.as_str(), "VARCHAR" | "BLOB")
                    && !REWRITTEN.contains(&(*table, name.as_str()))
            })
            .map(|(name, _)| name.as_str())
            .collect();
        if looked_at.is_empty() {
            continue;
        }
        let mut counts: Vec<(u64, String)> = vec![(0, String::new()); looked_at.len()];
        let sql = format!("{first}::VARCHAR, {}", looked_at.join(", "));
        every(conn, table, &sql, |row| {
            for (place, count) in counts.iter_mut().enumerate() {
                let holds = match row.get_ref(place + 1).doing(DOING)? {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => rewrite.holds(bytes),
                    _ => false,
                };
                if holds {
                    if count.0 == 0 {
                        count.1 = row.get(0).doing(DOING)?;
                    }
                    count.0 += 1;
                }
            }
            Ok(())
        })?;
        for (column, (count, row)) in looked_at.into_iter().zip(counts) {
            if count > 0 {
                // A row that is named by what is purged is not named here.
                let row = if rewrite.holds(row.as_bytes()) { String::new() } else { row };
                all.push(Left {
                    table: (*table).to_owned(),
                    column: column.to_owned(),
                    count,
                    row,
                });
            }
        }
    }
    Ok(all)
}

/// The columns of a table and their types, in order.
pub(super) fn columns(conn: &Connection, table: &str) -> Result<Vec<(String, String)>> {
    let sql = format!(
        "SELECT column_name, data_type FROM duckdb_columns()
         WHERE database_name = '{CATALOG}' AND table_name = {} ORDER BY column_index",
        row::literal(table)
    );
    let mut statement = conn.prepare(&sql).doing(DOING)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.and_then(Iterator::collect).doing(DOING)
}
