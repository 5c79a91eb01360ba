//! Where a lineage goes on: what stands at a position, and what stood there before, as far as somebody asks.

use std::collections::BTreeSet;

use lichen_model::{
    BlobKey, FileVersion, GoneSymbol, LineageGround, RefId, RepoPath, StandingVersion, SymbolKey,
    SymbolKind,
};

use super::ids::{each, read_as_word};
use crate::error::{Doing, Error, Result};
use crate::open::Store;
use crate::row::{self, OidBytes};

impl Store {
    /// What a ref had when it had so many positions, in the files of these paths.
    pub fn lineage_ground(
        &self,
        reference: RefId,
        positions: u32,
        paths: &BTreeSet<RepoPath>,
    ) -> Result<LineageGround> {
        let id = row::uuid(reference.as_u128());
        let symbols: u32 = self
            .conn
            .query_row(
                &format!(
                    "SELECT count(*) FROM code_symbols WHERE ref_id = '{id}'::UUID AND from_pos < {positions}"
                ),
                [],
                |row| row.get(0),
            )
            .doing("count the symbols of a ref")?;
        let mut ground = LineageGround { positions, symbols, ..LineageGround::default() };
        if paths.is_empty() {
            return Ok(ground);
        }
        let list = row::text_list(paths.iter().map(RepoPath::to_text));
        let begun = format!("v.ref_id = '{id}'::UUID AND v.from_pos < {positions}");
        let open = format!("(v.to_pos IS NULL OR v.to_pos >= {positions})");
        let of = format!("FROM paths AS p WHERE p.path IN ({list})");
        self.standing_files(&format!("{begun} AND {open}"), &of, &mut ground)?;
        let columns = "v.symbol, v.from_pos, p.path, p.path_raw, k.language, k.kind::VARCHAR, k.qualified_name, k.name,
             k.signature, k.duplicate";
        let standing = format!(
            "SELECT {columns} FROM symbol_versions AS v JOIN symbol_keys AS k ON k.key_id = v.key_id
             JOIN (SELECT p.* {of}) AS p ON p.path_id = v.path_id WHERE {begun} AND {open}"
        );
        each(&self.conn, &standing, |row| {
            let (path, key) = (row::path(row.get(2)?, row.get(3)?), key(row)?);
            if let Some(key) = key {
                let (symbol, from) = (row.get(0)?, row.get(1)?);
                ground.versions.push(StandingVersion { symbol, key, path, from });
            }
            Ok(())
        })?;
        // Of those that ever stood there, the symbols whose last version ended.
        let gone = format!(
            "SELECT {columns} FROM (
                 SELECT v.* FROM symbol_versions AS v
                 WHERE {begun} AND v.symbol IN (
                     SELECT v.symbol FROM symbol_versions AS v
                     WHERE {begun} AND v.to_pos < {positions} AND v.path_id IN (SELECT p.path_id {of}))
                 QUALIFY row_number() OVER (PARTITION BY v.symbol ORDER BY v.from_pos DESC) = 1
             ) AS v JOIN symbol_keys AS k ON k.key_id = v.key_id JOIN (SELECT p.* {of}) AS p ON p.path_id = v.path_id
             WHERE v.to_pos < {positions} ORDER BY v.to_pos, v.symbol"
        );
        each(&self.conn, &gone, |row| {
            if let Some(key) = key(row)? {
                let path = row::path(row.get(2)?, row.get(3)?);
                ground.gone.push(GoneSymbol { symbol: row.get(0)?, key, path });
            }
            Ok(())
        })?;
        // Two paths may have one text where they are no UTF-8.
        ground.files.retain(|file| paths.contains(&file.path));
        ground.versions.retain(|version| paths.contains(&version.path));
        ground.gone.retain(|gone| paths.contains(&gone.path));
        Ok(ground)
    }

    fn standing_files(&self, open: &str, of: &str, ground: &mut LineageGround) -> Result<()> {
        let sql = format!(
            "SELECT p.path, p.path_raw, b.oid, b.read_as, k.oid, k.read_as, v.from_pos FROM file_versions AS v
             JOIN (SELECT p.* {of}) AS p ON p.path_id = v.path_id JOIN blobs AS b ON b.blob_id = v.blob_id
             LEFT JOIN blobs AS k ON k.blob_id = v.known_blob_id WHERE {open}"
        );
        let mut is_known = true;
        each(&self.conn, &sql, |row| {
            let word = |at: usize| -> duckdb::Result<Option<&'static str>> {
                Ok(row.get::<_, Option<String>>(at)?.as_deref().and_then(read_as_word))
            };
            let oid = row.get::<_, Option<OidBytes>>(4)?.map(|oid| oid.0);
            let known = oid.zip(word(5)?).map(|(oid, read_as)| BlobKey { oid, read_as });
            match word(3)? {
                Some(read_as) => ground.files.push(FileVersion {
                    path: row::path(row.get(0)?, row.get(1)?),
                    blob: BlobKey { oid: row.get::<_, OidBytes>(2)?.0, read_as },
                    known,
                    from: row.get(6)?,
                    to: None,
                }),
                None => is_known = false,
            }
            Ok(())
        })?;
        if is_known { Ok(()) } else { Err(Error::Value { column: "blobs.read_as".to_owned() }) }
    }
}

/// The key in the columns from the fifth on; `None` for one of a language that is not known.
fn key(row: &duckdb::Row<'_>) -> duckdb::Result<Option<SymbolKey>> {
    let (language, kind): (String, String) = (row.get(4)?, row.get(5)?);
    let (Some(language), Some(kind)) =
        (lichen_model::language_word(&language), SymbolKind::parse(&kind))
    else {
        return Ok(None);
    };
    Ok(Some(SymbolKey {
        language,
        kind,
        qualified_name: row.get(6)?,
        name: row.get(7)?,
        signature: row.get(8)?,
        duplicate: row.get(9)?,
    }))
}
