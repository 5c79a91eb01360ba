//! What blobs define, as it was told: so that no blob is read twice.

use std::collections::{HashMap, HashSet};

use duckdb::Connection;
use lichen_model::{
    BlobKey, Body, Encoding, Extraction, ExtractionStatus, Sketch, Span, Symbol, SymbolKind,
};

use super::SymbolIds;
use super::ids::{Numbers, each, read_as_word};
use crate::error::Result;
use crate::open::Store;
use crate::row::{self, OidBytes, Raw};

/// Blobs looked up at a time.
const STEP: usize = 1_000;

/// A blob as it was read before.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// Which.
    pub key: BlobKey,
    /// The language it was read as.
    pub language: Option<&'static str>,
    /// What came of it.
    pub extraction: Extraction,
}

impl Store {
    /// Tells `each` those of the blobs whose symbols are kept, or that have none to keep; the others have to be read again.
    pub fn recall_blobs(
        &self,
        ids: &mut SymbolIds,
        keys: &[BlobKey],
        tell: &mut dyn FnMut(Recalled),
    ) -> Result<()> {
        let numbers = ids.numbers(&self.conn)?;
        if numbers.next_blob == 0 {
            return Ok(());
        }
        keys.chunks(STEP).try_for_each(|keys| recall(&self.conn, numbers, keys, tell))
    }
}

/// A blob on its way: its symbols, and the numbers of their keys and bodies.
struct Found {
    recalled: Recalled,
    symbols: usize,
    numbers: Vec<(u32, u32)>,
    is_whole: bool,
}

fn recall(
    conn: &Connection,
    numbers: &mut Numbers,
    keys: &[BlobKey],
    tell: &mut dyn FnMut(Recalled),
) -> Result<()> {
    let wanted: HashSet<&BlobKey> = keys.iter().collect();
    let mut found: HashMap<u32, Found> = HashMap::new();
    let sql = format!(
        "SELECT blob_id, oid, read_as, language, status::VARCHAR, encoding, lines, symbols, kept FROM blobs
         WHERE oid IN ({})",
        row::blob_list(keys.iter().map(|key| &*key.oid.0))
    );
    each(conn, &sql, |row| {
        let oid = row.get::<_, OidBytes>(1)?.0;
        let words: [Option<String>; 4] = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
        let [read_as, language, status, encoding] = words.each_ref().map(Option::as_deref);
        let Some(read_as) = read_as.and_then(read_as_word) else { return Ok(()) };
        let key = BlobKey { oid, read_as };
        let (status, encoding) =
            (status.and_then(ExtractionStatus::parse), encoding.and_then(Encoding::parse));
        if let (true, Some(status), Some(encoding)) = (wanted.contains(&key), status, encoding) {
            let language = language.and_then(lichen_model::language_word);
            let extraction =
                Extraction { status, encoding, lines: row.get(6)?, symbols: Vec::new() };
            let (symbols, kept): (usize, bool) = (row.get(7)?, row.get(8)?);
            let found_one = Found {
                recalled: Recalled { key, language, extraction },
                symbols,
                numbers: Vec::with_capacity(symbols),
                is_whole: kept || symbols == 0,
            };
            found.insert(row.get(0)?, found_one);
        }
        Ok(())
    })?;
    symbols(conn, numbers, &mut found)?;
    for (number, one) in found {
        if one.is_whole && one.numbers.len() == one.symbols {
            numbers.remember(one.recalled.key.clone(), number, one.numbers);
            tell(one.recalled);
        }
    }
    Ok(())
}

/// Reads the symbols of the blobs.
fn symbols(
    conn: &Connection,
    numbers: &mut Numbers,
    found: &mut HashMap<u32, Found>,
) -> Result<()> {
    let with: Vec<u64> = found
        .iter()
        .filter(|(_, one)| one.is_whole && one.symbols > 0)
        .map(|(number, _)| u64::from(*number))
        .collect();
    if with.is_empty() {
        return Ok(());
    }
    let list = row::number_list(with);
    let (keys, bodies) = (keys(conn, &list)?, bodies(conn, &list)?);
    let sql = format!(
        "SELECT blob_id, parent, key_id, body_id, start_byte, end_byte, start_line, end_line, definition_start_byte,
             definition_end_byte, definition_start_line, definition_end_line, doc_start_byte, doc_end_byte,
             doc_start_line, doc_end_line, name_line, name_column, is_test
         FROM blob_symbols WHERE blob_id IN ({list}) ORDER BY blob_id, ord"
    );
    each(conn, &sql, |row| {
        let one = found.get_mut(&row.get(0)?).expect("only these were asked for");
        let ids: (u32, u32) = (row.get(2)?, row.get(3)?);
        let (Some(key), Some((body, doc_hash))) = (keys.get(&ids.0), bodies.get(&ids.1)) else {
            one.is_whole = false;
            return Ok(());
        };
        let span = |at: usize| -> duckdb::Result<Span> {
            Ok(Span {
                start_byte: row.get(at)?,
                end_byte: row.get(at + 1)?,
                start_line: row.get(at + 2)?,
                end_line: row.get(at + 3)?,
            })
        };
        let doc = row.get::<_, Option<u32>>(12)?.map(|_| span(12)).transpose()?;
        let symbol = Symbol {
            kind: key.kind,
            name: key.name.clone(),
            scope: key.scope.clone(),
            signature: key.signature.clone(),
            duplicate: key.duplicate,
            parent: row.get(1)?,
            span: span(4)?,
            definition: span(8)?,
            doc,
            doc_hash: *doc_hash,
            name_line: row.get(16)?,
            name_column: row.get(17)?,
            is_test: row.get(18)?,
            body: body.clone(),
        };
        numbers.remember_symbol(key.language, &symbol, ids);
        one.numbers.push(ids);
        one.recalled.extraction.symbols.push(symbol);
        Ok(())
    })
}

struct Key {
    language: &'static str,
    kind: SymbolKind,
    name: String,
    /// As one part: how its parts were told apart is not kept, and nothing asks for it.
    scope: Vec<String>,
    signature: String,
    duplicate: u32,
}

fn keys(conn: &Connection, list: &str) -> Result<HashMap<u32, Key>> {
    let sql = format!(
        "SELECT key_id, language, kind::VARCHAR, qualified_name, name, signature, duplicate FROM symbol_keys
         WHERE key_id IN (SELECT key_id FROM blob_symbols WHERE blob_id IN ({list}))"
    );
    let mut keys = HashMap::new();
    each(conn, &sql, |row| {
        let (language, kind): (String, String) = (row.get(1)?, row.get(2)?);
        let (qualified, name): (String, String) = (row.get(3)?, row.get(4)?);
        let scope = qualified.strip_suffix(&name).unwrap_or_default();
        let scope = scope.strip_suffix('.').unwrap_or(scope);
        if let (Some(language), Some(kind)) =
            (lichen_model::language_word(&language), SymbolKind::parse(&kind))
        {
            let scope = if scope.is_empty() { Vec::new() } else { vec![scope.to_owned()] };
            let (signature, duplicate) = (row.get(5)?, row.get(6)?);
            keys.insert(row.get(0)?, Key { language, kind, name, scope, signature, duplicate });
        }
        Ok(())
    })?;
    Ok(keys)
}

fn bodies(conn: &Connection, list: &str) -> Result<HashMap<u32, (Body, u128)>> {
    let sql = format!(
        "SELECT body_id, raw_hash, norm_hash, anon_hash, own_hash, doc_hash, tokens, lines, sketch FROM symbol_bodies
         WHERE body_id IN (SELECT body_id FROM blob_symbols WHERE blob_id IN ({list})) AND sketch IS NOT NULL"
    );
    let mut bodies = HashMap::new();
    each(conn, &sql, |row| {
        let hash = |at: usize| row.get::<_, Raw>(at).map(|raw| raw.0);
        if let Some(sketch) = Sketch::from_bytes(&row.get::<_, Vec<u8>>(8)?) {
            let body = Body {
                raw_hash: hash(1)?,
                norm_hash: hash(2)?,
                anon_hash: hash(3)?,
                own_hash: hash(4)?,
                tokens: row.get(6)?,
                lines: row.get(7)?,
                sketch,
            };
            bodies.insert(row.get(0)?, (body, hash(5)?));
        }
        Ok(())
    })?;
    Ok(bodies)
}
