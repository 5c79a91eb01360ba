//! Everything out of the store, in open formats.

use std::path::{Path, PathBuf};

use duckdb::Connection;

use crate::error::{Doing, Error, Result};
use crate::open::Store;
use crate::row;

/// The format of exported files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Parquet: ids as UUID, times as timestamps in UTC, bytes as they are.
    Parquet,
    /// JSON, one object a line: ids with hyphens, times as text in UTC, bytes as hexadecimal digits.
    Jsonl,
}

/// One exported table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The table.
    pub table: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Its rows, counted in the file.
    pub rows: u64,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Every table, and how its rows are ordered in an export.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("schema_migrations", "name"),
    ("repos", "repo_id"),
    ("people", "person_id"),
    ("git_commits", "commit_id"),
    ("commit_parents", "commit_id, ord"),
    ("file_changes", "commit_id, ord"),
    ("git_refs", "ref_id"),
    ("git_ref_events", "ref_id, ord"),
    ("documents", "document_id"),
    ("document_versions", "document_id, ord"),
    ("streams", "stream_id"),
    ("messages", "message_id"),
    ("tool_calls", "message_id, ord"),
    ("passages", "seq"),
    ("tags", "thing_kind, thing_id, name"),
    ("runs", "claimed_at, run_id"),
    ("run_ends", "run_id"),
    ("run_parts", "run_id, ord"),
    ("paths", "path_id"),
    ("blobs", "blob_id"),
    ("symbol_keys", "key_id"),
    ("symbol_bodies", "body_id"),
    ("blob_symbols", "blob_id, ord"),
    ("indexed_commits", "commit_id"),
    ("symbol_changes", "commit_id, ord"),
    ("ref_chain", "ref_id, pos"),
    ("ref_commits", "ref_id, pos, commit_id"),
    ("code_symbols", "ref_id, symbol"),
    ("symbol_versions", "ref_id, symbol, from_pos"),
    ("file_versions", "ref_id, path_id, from_pos"),
    ("symbol_index", "ref_id"),
    ("code_references", "source_kind, source_id, ord"),
    ("embedding_models", "model_id"),
    ("embeddings", "model_id, text_hash"),
    ("ingest_progress", "source"),
    ("purged", "purge, hash"),
    ("access_keys", "key_id"),
    ("audit_log", "done_at, actor, action, object"),
];

const DOING: &str = "export a table";

impl Store {
    /// Writes every table to a file of `dir`, an empty folder or one to be made, tells `progress` each table as it
    /// begins, and counts the rows of every file afterwards.
    pub fn export(
        &mut self,
        dir: &Path,
        format: ExportFormat,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Vec<Exported>> {
        fs_err::create_dir_all(dir).doing("create the folder of an export")?;
        if fs_err::read_dir(dir).doing("read the folder of an export")?.next().is_some() {
            return Err(Error::ExportTarget(dir.to_owned()));
        }
        // SQL of a user took access to other folders away; then files are written inside the store and moved.
        let place = if self.locked_down { self.export_dir() } else { dir.to_owned() };
        fs_err::create_dir_all(&place).doing("create the folder of an export")?;
        // One snapshot for all tables.
        let transaction = self.conn.unchecked_transaction().doing(DOING)?;
        let files = TABLES.iter().map(|&(table, order)| {
            progress(table);
            write(&self.conn, &place, format, table, order)
        });
        let mut files: Vec<Exported> = files.collect::<Result<_>>()?;
        transaction.commit().doing(DOING)?;
        if place != dir {
            for file in &mut files {
                let target = dir.join(file.path.file_name().expect("an exported file has a name"));
                shift(&file.path, &target).doing("move an exported file")?;
                file.path = target;
            }
            fs_err::remove_dir_all(&place)
                .doing("remove the folder that an export went through")?;
        }
        Ok(files)
    }
}

/// Moves a file, to another file system too.
fn shift(from: &Path, to: &Path) -> std::io::Result<()> {
    fs_err::rename(from, to)
        .or_else(|_| fs_err::copy(from, to).and_then(|_| fs_err::remove_file(from)))
}

fn write(
    conn: &Connection,
    dir: &Path,
    format: ExportFormat,
    table: &'static str,
    order: &str,
) -> Result<Exported> {
    let (ending, copy, read) = match format {
        ExportFormat::Parquet => ("parquet", "FORMAT parquet, COMPRESSION zstd", "read_parquet"),
        ExportFormat::Jsonl => ("jsonl", "FORMAT json", "read_ndjson_objects"),
    };
    let path = dir.join(format!("{table}.{ending}"));
    let target = row::literal(&path.to_string_lossy());
    let columns = match format {
        ExportFormat::Parquet => "*".to_owned(),
        ExportFormat::Jsonl => hex_blobs(conn, table)?,
    };
    conn.execute_batch(&format!(
        "COPY (SELECT {columns} FROM {table} ORDER BY {order}) TO {target} ({copy})"
    ))
    .doing(DOING)?;
    let count = |source: &str| -> Result<u64> {
        conn.query_row(&format!("SELECT count(*) FROM {source}"), [], |row| row.get(0)).doing(DOING)
    };
    let wanted = count(table)?;
    let bytes = fs_err::metadata(&path).doing("read an exported file")?.len();
    let rows = if bytes == 0 { 0 } else { count(&format!("{read}({target})"))? };
    if rows != wanted {
        return Err(Error::ExportCheck { table, wanted, found: rows });
    }
    Ok(Exported { table, path, rows, bytes })
}

/// All columns, blobs as hexadecimal digits: DuckDB's JSON would write escapes of its own.
fn hex_blobs(conn: &Connection, table: &str) -> Result<String> {
    let mut statement = conn
        .prepare("SELECT name FROM pragma_table_info(?) WHERE type = 'BLOB' ORDER BY cid")
        .doing(DOING)?;
    let rows = statement.query_map([table], |row| row.get::<_, String>(0));
    let names: Vec<String> = rows.and_then(Iterator::collect).doing(DOING)?;
    if names.is_empty() {
        return Ok("*".to_owned());
    }
    let replaced: Vec<String> =
        names.iter().map(|name| format!("lower(hex({name})) AS {name}")).collect();
    Ok(format!("* REPLACE ({})", replaced.join(", ")))
}
