//! Rows of blobs, symbols and their changes.

use std::collections::HashSet;

use duckdb::Connection;
use lichen_model::{BlobKey, RepoPath, Span, Symbol, SymbolChange, SymbolSite};

use super::ids::{BlobIds, Numbers, body_hash, key_hash};
use super::{IndexedCommit, ReadBlob};
use crate::columns::Columns;
use crate::error::{Doing, Result};

const DOING: &str = "store symbols";

/// Appends the blobs that are new, and returns how many those are.
pub(super) fn append_blobs(
    conn: &Connection,
    numbers: &mut Numbers,
    blobs: &[ReadBlob],
) -> Result<usize> {
    let mut seen = HashSet::new();
    let new: Vec<&ReadBlob> = blobs
        .iter()
        .filter(|blob| !numbers.blobs.contains_key(&blob.key) && seen.insert(&blob.key))
        .collect();
    let symbols = new.iter().flat_map(|blob| {
        let language = blob.language.unwrap_or_default();
        blob.extraction.symbols.iter().map(move |symbol| (language, symbol))
    });
    numbers.find_symbols(conn, symbols)?;
    let mut rows = Rows::default();
    for blob in &new {
        let number = numbers.next_blob;
        numbers.next_blob += 1;
        let language = blob.language.unwrap_or_default();
        let mut ids = Vec::with_capacity(blob.extraction.symbols.len());
        for (ord, symbol) in (0_u32..).zip(&blob.extraction.symbols) {
            let (key, is_new) = numbers.keys.number(key_hash(language, symbol));
            if is_new {
                rows.keys.push((key, language, symbol));
            }
            let (body, is_new) = numbers.bodies.number(body_hash(&symbol.body, symbol.doc_hash));
            if is_new {
                rows.bodies.push((body, symbol));
            }
            ids.push((key, body));
            rows.symbols.push(Place { blob: number, ord, key, body, symbol });
        }
        rows.blobs.push((number, blob));
        numbers.blobs.insert(blob.key.clone(), BlobIds { number, symbols: ids.into() });
    }
    rows.append(conn)?;
    Ok(new.len())
}

/// A symbol in a blob.
struct Place<'a> {
    blob: u32,
    ord: u32,
    key: u32,
    body: u32,
    symbol: &'a Symbol,
}

/// What is new.
#[derive(Default)]
struct Rows<'a> {
    blobs: Vec<(u32, &'a ReadBlob)>,
    keys: Vec<(u32, &'a str, &'a Symbol)>,
    bodies: Vec<(u32, &'a Symbol)>,
    symbols: Vec<Place<'a>>,
}

impl Rows<'_> {
    fn append(&self, conn: &Connection) -> Result<()> {
        self.append_keys(conn)?;
        self.append_bodies(conn)?;
        self.append_symbols(conn)?;
        let blobs = || self.blobs.iter().map(|(_, blob)| &blob.extraction);
        let count = |symbols: usize| u32::try_from(symbols).expect("a blob is small");
        Columns::default()
            .u32s("blob_id", self.blobs.iter().map(|(number, _)| *number))
            .blobs("oid", self.blobs.iter().map(|(_, blob)| blob.key.oid.0.as_slice()))
            .texts("read_as", self.blobs.iter().map(|(_, blob)| blob.key.read_as))
            .texts_opt("language", self.blobs.iter().map(|(_, blob)| blob.language))
            .texts("status", blobs().map(|extraction| extraction.status.as_str()))
            .texts("encoding", blobs().map(|extraction| extraction.encoding.as_str()))
            .u32s("lines", blobs().map(|extraction| extraction.lines))
            .u32s("symbols", blobs().map(|extraction| count(extraction.symbols.len())))
            .bools("kept", blobs().map(|_| true))
            .u16s("extractor", self.blobs.iter().map(|(_, blob)| blob.extractor))
            .append(conn, "blobs")
            .doing(DOING)
    }

    fn append_keys(&self, conn: &Connection) -> Result<()> {
        let names: Vec<String> =
            self.keys.iter().map(|(.., symbol)| symbol.qualified_name()).collect();
        let symbols = || self.keys.iter().map(|(.., symbol)| *symbol);
        Columns::default()
            .u32s("key_id", self.keys.iter().map(|(number, ..)| *number))
            .texts("language", self.keys.iter().map(|(_, language, _)| *language))
            .texts("kind", symbols().map(|symbol| symbol.kind.as_str()))
            .texts("qualified_name", names.iter().map(String::as_str))
            .texts("name", symbols().map(|symbol| symbol.name.as_str()))
            .texts("signature", symbols().map(|symbol| symbol.signature.as_str()))
            .u32s("duplicate", symbols().map(|symbol| symbol.duplicate))
            .append(conn, "symbol_keys")
            .doing(DOING)
    }

    fn append_bodies(&self, conn: &Connection) -> Result<()> {
        let bodies = || self.bodies.iter().map(|(_, symbol)| &symbol.body);
        let sketches: Vec<Vec<u8>> = bodies().map(|body| body.sketch.to_bytes()).collect();
        Columns::default()
            .u32s("body_id", self.bodies.iter().map(|(number, _)| *number))
            .ids("raw_hash", bodies().map(|body| body.raw_hash))
            .ids("norm_hash", bodies().map(|body| body.norm_hash))
            .ids("anon_hash", bodies().map(|body| body.anon_hash))
            .ids("own_hash", bodies().map(|body| body.own_hash))
            .ids("doc_hash", self.bodies.iter().map(|(_, symbol)| symbol.doc_hash))
            .u32s("tokens", bodies().map(|body| body.tokens))
            .u32s("lines", bodies().map(|body| body.lines))
            .blobs("sketch", sketches.iter().map(Vec::as_slice))
            .append(conn, "symbol_bodies")
            .doing(DOING)
    }

    fn append_symbols(&self, conn: &Connection) -> Result<()> {
        let places = &self.symbols;
        let symbols = || places.iter().map(|place| place.symbol);
        let docs = |of: fn(&Span) -> u32| symbols().map(move |symbol| symbol.doc.as_ref().map(of));
        Columns::default()
            .u32s("blob_id", places.iter().map(|place| place.blob))
            .u32s("ord", places.iter().map(|place| place.ord))
            .u32s_opt("parent", symbols().map(|symbol| symbol.parent))
            .u32s("key_id", places.iter().map(|place| place.key))
            .u32s("body_id", places.iter().map(|place| place.body))
            .u32s("start_byte", symbols().map(|symbol| symbol.span.start_byte))
            .u32s("end_byte", symbols().map(|symbol| symbol.span.end_byte))
            .u32s("start_line", symbols().map(|symbol| symbol.span.start_line))
            .u32s("end_line", symbols().map(|symbol| symbol.span.end_line))
            .u32s("definition_start_byte", symbols().map(|symbol| symbol.definition.start_byte))
            .u32s("definition_end_byte", symbols().map(|symbol| symbol.definition.end_byte))
            .u32s("definition_start_line", symbols().map(|symbol| symbol.definition.start_line))
            .u32s("definition_end_line", symbols().map(|symbol| symbol.definition.end_line))
            .u32s_opt("doc_start_byte", docs(|doc| doc.start_byte))
            .u32s_opt("doc_end_byte", docs(|doc| doc.end_byte))
            .u32s_opt("doc_start_line", docs(|doc| doc.start_line))
            .u32s_opt("doc_end_line", docs(|doc| doc.end_line))
            .u32s("name_line", symbols().map(|symbol| symbol.name_line))
            .u32s("name_column", symbols().map(|symbol| symbol.name_column))
            .bools("is_test", symbols().map(|symbol| symbol.is_test))
            .append(conn, "blob_symbols")
            .doing(DOING)
    }
}

/// Appends the paths that are new: what names them can ask for their numbers then.
pub(super) fn append_paths<'a>(
    conn: &Connection,
    numbers: &mut Numbers,
    paths: impl Iterator<Item = &'a RepoPath> + Clone,
) -> Result<()> {
    numbers.find_paths(conn, paths.clone())?;
    let mut new: Vec<(u32, &RepoPath)> = Vec::new();
    for path in paths {
        if numbers.paths.get(path).is_none() {
            let (number, _) = numbers.paths.number(path.clone());
            new.push((number, path));
        }
    }
    Columns::default()
        .u32s("path_id", new.iter().map(|(number, _)| *number))
        .paths("path", new.iter().map(|(_, path)| Some(*path)))
        .append(conn, "paths")
        .doing("store paths")
}

/// The number of a path that was appended.
pub(super) fn path(numbers: &Numbers, path: &RepoPath) -> u32 {
    numbers.paths.get(path).expect("it was appended before what names it")
}

/// A side of a change, by numbers: path, blob, place, key, body.
type Side = Option<[u32; 5]>;

fn side(numbers: &Numbers, site: Option<&SymbolSite>) -> Result<Side> {
    let Some(SymbolSite { path, blob, ord }) = site else { return Ok(None) };
    let (key, body) = symbol(numbers, blob, *ord)?;
    Ok(Some([self::path(numbers, path), numbers.blob(blob)?.number, *ord, key, body]))
}

/// Key and body of a symbol of a blob.
pub(super) fn symbol(numbers: &Numbers, blob: &BlobKey, ord: u32) -> Result<(u32, u32)> {
    let no_symbol = || crate::Error::NoBlob { oid: blob.oid.to_string() };
    numbers.blob(blob)?.symbols.get(ord as usize).copied().ok_or_else(no_symbol)
}

/// Appends commits and what they did, and returns how many changes those are.
pub(super) fn append_changes(
    conn: &Connection,
    numbers: &mut Numbers,
    commits: &[IndexedCommit],
) -> Result<usize> {
    let sites = commits
        .iter()
        .flat_map(|commit| &commit.changes)
        .flat_map(|change| [&change.old, &change.new])
        .flatten();
    append_paths(conn, numbers, sites.map(|site| &site.path))?;
    let ids =
        commits.iter().map(|commit| numbers.commit(&commit.oid)).collect::<Result<Vec<u128>>>()?;
    Columns::default()
        .ids("commit_id", ids.iter().copied())
        .bools("boundary", commits.iter().map(|commit| commit.boundary))
        .append(conn, "indexed_commits")
        .doing(DOING)?;
    let mut rows: Vec<(u128, u32, &SymbolChange, Side, Side)> = Vec::new();
    for (id, commit) in ids.into_iter().zip(commits) {
        for (ord, change) in (0..).zip(&commit.changes) {
            let old = side(numbers, change.old.as_ref())?;
            let new = side(numbers, change.new.as_ref())?;
            rows.push((id, ord, change, old, new));
        }
    }
    let mut columns = Columns::default()
        .ids("commit_id", rows.iter().map(|row| row.0))
        .u32s("ord", rows.iter().map(|row| row.1));
    for (at, name) in ["path_id", "blob_id", "ord", "key_id", "body_id"].into_iter().enumerate() {
        let part = |side: Side| side.map(|side| side[at]);
        columns = columns
            .u32s_opt(&format!("old_{name}"), rows.iter().map(|row| part(row.3)))
            .u32s_opt(&format!("new_{name}"), rows.iter().map(|row| part(row.4)));
    }
    columns
        .u16s("changes", rows.iter().map(|row| row.2.kinds.bits()))
        .texts("method", rows.iter().map(|row| row.2.method.as_str()))
        .f32s("score", rows.iter().map(|row| row.2.score))
        .append(conn, "symbol_changes")
        .doing(DOING)?;
    Ok(rows.len())
}
