//! What commits add to the symbols of a ref: positions, symbols, versions, and what of them ended.

use std::fmt::Write as _;

use duckdb::{Connection, params};
use lichen_model::{Id, LineageStep, Oid, RefId, RepoPath, SymbolId, Timestamp};

use super::RefStep;
use super::ids::Numbers;
use super::rows::{append_paths, path, symbol};
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::row;

const DOING: &str = "store the history of symbols";

/// The id of a symbol of a ref: where it stood when it was first seen is known by the commit that introduced it, its path, and its
/// place among the symbols of the text that was there.
pub(crate) fn symbol_id(
    reference: RefId,
    introduced: (u128, &Oid),
    path: &RepoPath,
    ord: u32,
) -> SymbolId {
    let at = Id::from_u128(introduced.0).at();
    let reference = reference.as_u128().to_be_bytes();
    SymbolId::derive(at, &[&reference, &introduced.1.0, &path.0, &ord.to_be_bytes()])
}

/// Appends a step, and returns how many versions began.
pub(super) fn append(
    conn: &Connection,
    numbers: &mut Numbers,
    of: &RefStep,
    now: Timestamp,
) -> Result<usize> {
    let RefStep { reference, step, .. } = of;
    let id = row::uuid(reference.as_u128());
    take_back(conn, &id, step.positions)?;
    end(conn, numbers, &id, step)?;
    append_positions(conn, numbers, *reference, step)?;
    append_files(conn, numbers, *reference, step)?;
    append_symbols(conn, numbers, *reference, step)?;
    append_versions(conn, numbers, *reference, step)?;
    let len = |before: u32, new: usize| before + u32::try_from(new).expect("they are numbered");
    conn.execute(
        "INSERT OR REPLACE INTO symbol_index
             (ref_id, repo_id, tip, positions, symbols, extractor, matcher, finished_at)
         VALUES (?::UUID, ?::UUID, ?, ?, ?, ?, ?, make_timestamp(?))",
        params![
            id,
            row::uuid(of.repo.as_u128()),
            of.tip.0,
            len(step.positions, step.chain.len()),
            len(step.symbols_before, step.symbols.len()),
            of.extractor,
            of.matcher,
            crate::columns::micros(now),
        ],
    )
    .doing(DOING)?;
    Ok(step.versions.len())
}

/// Takes back what positions from `len` on did.
pub(super) fn take_back(conn: &Connection, id: &str, len: u32) -> Result<()> {
    let stored: u32 = conn
        .query_row(
            &format!("SELECT coalesce(max(pos) + 1, 0) FROM ref_chain WHERE ref_id = '{id}'::UUID"),
            [],
            |row| row.get(0),
        )
        .doing(DOING)?;
    if stored <= len {
        return Ok(());
    }
    let mut sql = String::new();
    for (table, pos) in [
        ("ref_chain", "pos"),
        ("ref_commits", "pos"),
        ("code_symbols", "from_pos"),
        ("symbol_versions", "from_pos"),
        ("file_versions", "from_pos"),
    ] {
        write!(sql, "DELETE FROM {table} WHERE ref_id = '{id}'::UUID AND {pos} >= {len};")
            .expect("a string takes all that is written");
    }
    for table in ["symbol_versions", "file_versions"] {
        write!(
            sql,
            "UPDATE {table} SET to_pos = NULL WHERE ref_id = '{id}'::UUID AND to_pos >= {len};"
        )
        .expect("a string takes all that is written");
    }
    conn.execute_batch(&sql).doing("take back what a ref no longer leads to")
}

/// Ends versions and texts from before.
fn end(conn: &Connection, numbers: &mut Numbers, id: &str, step: &LineageStep) -> Result<()> {
    if !step.ended.is_empty() {
        let ended: Vec<String> =
            step.ended.iter().map(|(symbol, from, to)| format!("({symbol},{from},{to})")).collect();
        conn.execute_batch(&format!(
            "UPDATE symbol_versions AS v SET to_pos = e.to_pos
             FROM (VALUES {}) AS e(symbol, from_pos, to_pos)
             WHERE v.ref_id = '{id}'::UUID AND v.symbol = e.symbol AND v.from_pos = e.from_pos",
            ended.join(",")
        ))
        .doing(DOING)?;
    }
    if !step.files_ended.is_empty() {
        append_paths(conn, numbers, step.files_ended.iter().map(|(path, ..)| path))?;
        let ended = step.files_ended.iter();
        let ended: Vec<String> =
            ended.map(|(of, from, to)| format!("({},{from},{to})", path(numbers, of))).collect();
        conn.execute_batch(&format!(
            "UPDATE file_versions AS v SET to_pos = e.to_pos
             FROM (VALUES {}) AS e(path_id, from_pos, to_pos)
             WHERE v.ref_id = '{id}'::UUID AND v.path_id = e.path_id AND v.from_pos = e.from_pos",
            ended.join(",")
        ))
        .doing(DOING)?;
    }
    Ok(())
}

fn append_positions(
    conn: &Connection,
    numbers: &Numbers,
    reference: RefId,
    step: &LineageStep,
) -> Result<()> {
    let id = reference.as_u128();
    let commit = |oid: &Oid| numbers.commit(oid);
    let chain = step.chain.iter().map(commit).collect::<Result<Vec<u128>>>()?;
    Columns::default()
        .ids("ref_id", chain.iter().map(|_| id))
        .u32s("pos", (step.positions..).take(chain.len()))
        .ids("commit_id", chain.iter().copied())
        .append(conn, "ref_chain")
        .doing(DOING)?;
    let brought = step.brought.iter();
    let brought = brought.map(|(oid, _)| commit(oid)).collect::<Result<Vec<u128>>>()?;
    Columns::default()
        .ids("ref_id", brought.iter().map(|_| id))
        .ids("commit_id", brought.iter().copied())
        .u32s("pos", step.brought.iter().map(|(_, pos)| *pos))
        .append(conn, "ref_commits")
        .doing(DOING)
}

fn append_files(
    conn: &Connection,
    numbers: &mut Numbers,
    reference: RefId,
    step: &LineageStep,
) -> Result<()> {
    let paths = step.files.iter().map(|file| &file.path);
    append_paths(
        conn,
        numbers,
        paths.chain(step.versions.iter().map(|version| &version.site.path)),
    )?;
    let mut blobs = Vec::with_capacity(step.files.len());
    for file in &step.files {
        let known = file.known.as_ref().map(|known| numbers.blob(known)).transpose()?;
        blobs.push((numbers.blob(&file.blob)?.number, known.map(|known| known.number)));
    }
    Columns::default()
        .ids("ref_id", step.files.iter().map(|_| reference.as_u128()))
        .u32s("path_id", step.files.iter().map(|file| path(numbers, &file.path)))
        .u32s("blob_id", blobs.iter().map(|(blob, _)| *blob))
        .u32s_opt("known_blob_id", blobs.iter().map(|(_, known)| *known))
        .u32s("from_pos", step.files.iter().map(|file| file.from))
        .u32s_opt("to_pos", step.files.iter().map(|file| file.to))
        .append(conn, "file_versions")
        .doing(DOING)
}

fn append_symbols(
    conn: &Connection,
    numbers: &Numbers,
    reference: RefId,
    step: &LineageStep,
) -> Result<()> {
    let mut first = vec![None; step.symbols.len()];
    for version in &step.versions {
        // Symbols from before go on; of a new one the first version is the first here.
        if let Some(at) = version.symbol.checked_sub(step.symbols_before)
            && let Some(first) = first.get_mut(at as usize)
        {
            first.get_or_insert(version);
        }
    }
    let first: Vec<_> =
        first.into_iter().map(|first| first.expect("a symbol that came has a version")).collect();
    let mut ids = Vec::with_capacity(first.len());
    let mut keys = Vec::with_capacity(first.len());
    let mut introduced = Vec::with_capacity(first.len());
    for (symbol, version) in step.symbols.iter().zip(&first) {
        let commit = numbers.commit(&symbol.introduced)?;
        let site = &version.site;
        ids.push(
            symbol_id(reference, (commit, &symbol.introduced), &site.path, site.ord).as_u128(),
        );
        keys.push(self::symbol(numbers, &site.blob, site.ord)?.0);
        introduced.push(commit);
    }
    Columns::default()
        .ids("ref_id", ids.iter().map(|_| reference.as_u128()))
        .u32s("symbol", (step.symbols_before..).take(ids.len()))
        .ids("symbol_id", ids.iter().copied())
        .u32s("first_key_id", keys.iter().copied())
        .u32s("first_path_id", first.iter().map(|version| path(numbers, &version.site.path)))
        .u32s("first_ord", first.iter().map(|version| version.site.ord))
        .u32s("from_pos", step.symbols.iter().map(|symbol| symbol.from))
        .ids("introduced_commit", introduced.iter().copied())
        .f32s("introduced_confidence", step.symbols.iter().map(|new| new.introduced_confidence))
        .u32s_opt("predecessor", step.symbols.iter().map(|symbol| symbol.predecessor))
        .append(conn, "code_symbols")
        .doing(DOING)
}

fn append_versions(
    conn: &Connection,
    numbers: &Numbers,
    reference: RefId,
    step: &LineageStep,
) -> Result<()> {
    let versions = &step.versions;
    let mut ids = Vec::with_capacity(versions.len());
    for version in versions {
        let site = &version.site;
        let (key, body) = symbol(numbers, &site.blob, site.ord)?;
        ids.push((key, body, numbers.commit(&version.origin)?));
    }
    Columns::default()
        .ids("ref_id", versions.iter().map(|_| reference.as_u128()))
        .u32s("symbol", versions.iter().map(|version| version.symbol))
        .u32s("key_id", ids.iter().map(|id| id.0))
        .u32s("path_id", versions.iter().map(|version| path(numbers, &version.site.path)))
        .u32s("body_id", ids.iter().map(|id| id.1))
        .u32s("from_pos", versions.iter().map(|version| version.from))
        .u32s_opt("to_pos", versions.iter().map(|version| version.to))
        .ids("origin_commit", ids.iter().map(|id| id.2))
        .u16s("changes", versions.iter().map(|version| version.kinds.bits()))
        .texts("method", versions.iter().map(|version| version.method.as_str()))
        .f32s("score", versions.iter().map(|version| version.score))
        .append(conn, "symbol_versions")
        .doing(DOING)
}
