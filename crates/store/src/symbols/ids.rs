//! Numbers for paths, blobs, keys and bodies: given here, remembered for a run, looked up where they are from before.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use duckdb::Connection;
use lichen_model::{BlobKey, Body, Oid, RepoPath, Symbol, SymbolKind};
use xxhash_rust::xxh3::Xxh3;

use crate::error::{Doing, Error, Result};
use crate::row::{self, OidBytes, Raw};

const DOING: &str = "look up numbers of symbols";
/// Beyond so many at once the whole table is read.
const ASKED_MAX: usize = 2_000;

/// The numbers of one run. It has to be a new one where anything else wrote to the tables of symbols since.
#[derive(Debug, Default)]
pub struct SymbolIds(Option<Numbers>);

impl SymbolIds {
    pub(super) fn numbers(&mut self, conn: &Connection) -> Result<&mut Numbers> {
        if self.0.is_none() {
            self.0 = Some(Numbers::load(conn)?);
        }
        Ok(self.0.as_mut().expect("it was just made"))
    }
}

/// Numbers of one table.
#[derive(Debug)]
pub(super) struct Table<K> {
    next: u32,
    /// Whether every row is known: what is not, is new.
    complete: bool,
    known: HashMap<K, u32>,
}

impl<K: Hash + Eq> Table<K> {
    fn new(rows: u32) -> Self {
        Self { next: rows, complete: rows == 0, known: HashMap::new() }
    }

    pub(super) fn get(&self, key: &K) -> Option<u32> {
        self.known.get(key).copied()
    }

    /// The number of what was looked up before, and whether it is new.
    pub(super) fn number(&mut self, key: K) -> (u32, bool) {
        let next = &mut self.next;
        let mut is_new = false;
        let number = *self.known.entry(key).or_insert_with(|| {
            is_new = true;
            *next += 1;
            *next - 1
        });
        (number, is_new)
    }

    fn learn(&mut self, key: K, number: u32) {
        self.known.insert(key, number);
    }
}

/// A blob, with the keys and bodies of its symbols.
#[derive(Clone, Debug)]
pub(super) struct BlobIds {
    pub(super) number: u32,
    pub(super) symbols: Arc<[(u32, u32)]>,
}

#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) paths: Table<RepoPath>,
    pub(super) keys: Table<u128>,
    pub(super) bodies: Table<u128>,
    pub(super) blobs: HashMap<BlobKey, BlobIds>,
    pub(super) next_blob: u32,
    all_blobs: bool,
    commits: HashMap<Oid, u128>,
}

impl Numbers {
    fn load(conn: &Connection) -> Result<Self> {
        // Numbers run from 0, so that the next is how many there are.
        let sql = "SELECT 0, count(*) FROM paths UNION ALL SELECT 1, count(*) FROM symbol_keys
             UNION ALL SELECT 2, count(*) FROM symbol_bodies UNION ALL SELECT 3, count(*) FROM blobs";
        let mut counts = [0_u32; 4];
        let mut statement = conn.prepare(sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            counts[row.get::<_, usize>(0).doing(DOING)?] = row.get(1).doing(DOING)?;
        }
        let [paths, keys, bodies, blobs] = counts;
        Ok(Self {
            paths: Table::new(paths),
            keys: Table::new(keys),
            bodies: Table::new(bodies),
            blobs: HashMap::new(),
            next_blob: blobs,
            all_blobs: blobs == 0,
            commits: HashMap::new(),
        })
    }

    /// The id of a commit that was looked up.
    pub(super) fn commit(&self, oid: &Oid) -> Result<u128> {
        self.commits.get(oid).copied().ok_or_else(|| Error::NoCommit { oid: oid.to_string() })
    }

    /// The id of a commit that was looked up, if there is one.
    pub(super) fn known_commit(&self, oid: &Oid) -> Option<u128> {
        self.commits.get(oid).copied()
    }

    /// A blob that was looked up or appended.
    pub(super) fn blob(&self, key: &BlobKey) -> Result<&BlobIds> {
        self.blobs.get(key).ok_or_else(|| Error::NoBlob { oid: key.oid.to_string() })
    }

    pub(super) fn find_commits(&mut self, conn: &Connection, asked: HashSet<&Oid>) -> Result<()> {
        let asked: Vec<&Oid> =
            asked.into_iter().filter(|oid| !self.commits.contains_key(*oid)).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let only = only("oid", asked.len(), || row::blob_list(asked.iter().map(|oid| &*oid.0)));
        let sql = format!("SELECT oid, commit_id FROM git_commits {only}");
        each(conn, &sql, |row| {
            self.commits.insert(row.get::<_, OidBytes>(0)?.0, row.get::<_, Raw>(1)?.0);
            Ok(())
        })
    }

    pub(super) fn find_paths<'a>(
        &mut self,
        conn: &Connection,
        asked: impl Iterator<Item = &'a RepoPath>,
    ) -> Result<()> {
        if self.paths.complete {
            return Ok(());
        }
        let asked: HashSet<&RepoPath> =
            asked.filter(|path| self.paths.get(path).is_none()).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let only =
            only("path", asked.len(), || row::text_list(asked.iter().map(|path| path.to_text())));
        self.paths.complete = only.is_empty();
        each(conn, &format!("SELECT path, path_raw, path_id FROM paths {only}"), |row| {
            self.paths.learn(row::path(row.get(0)?, row.get(1)?), row.get(2)?);
            Ok(())
        })
    }

    /// Looks blobs up with what they define.
    pub(super) fn find_blobs(&mut self, conn: &Connection, asked: HashSet<&BlobKey>) -> Result<()> {
        if self.all_blobs {
            return Ok(());
        }
        let asked: HashSet<&BlobKey> =
            asked.into_iter().filter(|key| !self.blobs.contains_key(*key)).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let only = only("oid", asked.len(), || row::blob_list(asked.iter().map(|key| &*key.oid.0)));
        let mut found: HashMap<u32, (BlobKey, Vec<(u32, u32)>)> = HashMap::new();
        each(conn, &format!("SELECT blob_id, oid, read_as, symbols FROM blobs {only}"), |row| {
            let read_as: String = row.get(2)?;
            if let Some(read_as) = read_as_word(&read_as) {
                let key = BlobKey { oid: row.get::<_, OidBytes>(1)?.0, read_as };
                if !self.blobs.contains_key(&key) && (only.is_empty() || asked.contains(&key)) {
                    found.insert(row.get(0)?, (key, Vec::with_capacity(row.get(3)?)));
                }
            }
            Ok(())
        })?;
        if !found.is_empty() {
            let of = if only.is_empty() {
                String::new()
            } else {
                let numbers = found.keys().map(|number| u64::from(*number));
                format!("WHERE blob_id IN ({})", row::number_list(numbers))
            };
            let sql = format!(
                "SELECT blob_id, key_id, body_id FROM blob_symbols {of} ORDER BY blob_id, ord"
            );
            each(conn, &sql, |row| {
                if let Some((_, symbols)) = found.get_mut(&row.get(0)?) {
                    symbols.push((row.get(1)?, row.get(2)?));
                }
                Ok(())
            })?;
        }
        self.all_blobs = only.is_empty();
        for (number, (key, symbols)) in found {
            self.blobs.insert(key, BlobIds { number, symbols: symbols.into() });
        }
        Ok(())
    }

    /// Looks up the keys and bodies of symbols.
    pub(super) fn find_symbols<'a>(
        &mut self,
        conn: &Connection,
        symbols: impl Iterator<Item = (&'static str, &'a Symbol)> + Clone,
    ) -> Result<()> {
        if !self.keys.complete {
            let names: HashSet<String> = symbols
                .clone()
                .filter(|(language, symbol)| self.keys.get(&key_hash(language, symbol)).is_none())
                .map(|(_, symbol)| symbol.qualified_name())
                .collect();
            self.find_keys(conn, &names)?;
        }
        if !self.bodies.complete {
            let hashes: HashSet<u128> = symbols
                .filter(|(_, symbol)| {
                    self.bodies.get(&body_hash(&symbol.body, symbol.doc_hash)).is_none()
                })
                .map(|(_, symbol)| symbol.body.raw_hash)
                .collect();
            self.find_bodies(conn, &hashes)?;
        }
        Ok(())
    }

    fn find_keys(&mut self, conn: &Connection, names: &HashSet<String>) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let only =
            only("qualified_name", names.len(), || row::text_list(names.iter().map(Into::into)));
        let sql = format!(
            "SELECT key_id, language, kind::VARCHAR, qualified_name, name, signature, duplicate FROM symbol_keys {only}"
        );
        self.keys.complete = only.is_empty();
        each(conn, &sql, |row| {
            let (language, kind): (String, String) = (row.get(1)?, row.get(2)?);
            let [qualified, name, signature]: [String; 3] = [row.get(3)?, row.get(4)?, row.get(5)?];
            if let Some(kind) = SymbolKind::parse(&kind) {
                let hash = hash_of_key(&language, kind, &qualified, &name, &signature, row.get(6)?);
                self.keys.learn(hash, row.get(0)?);
            }
            Ok(())
        })
    }

    fn find_bodies(&mut self, conn: &Connection, hashes: &HashSet<u128>) -> Result<()> {
        if hashes.is_empty() {
            return Ok(());
        }
        let only = only("raw_hash", hashes.len(), || row::uuid_list(hashes.iter().copied()));
        let sql = format!(
            "SELECT body_id, raw_hash, norm_hash, anon_hash, own_hash, doc_hash FROM symbol_bodies {only}"
        );
        self.bodies.complete = only.is_empty();
        each(conn, &sql, |row| {
            let hash = |at: usize| row.get::<_, Raw>(at).map(|raw| raw.0);
            let hashes = [hash(1)?, hash(2)?, hash(3)?, hash(4)?, hash(5)?];
            self.bodies.learn(hash_of_body(hashes), row.get(0)?);
            Ok(())
        })
    }

    /// Remembers a blob that was recalled, so that it need not be looked up.
    pub(super) fn remember(&mut self, key: BlobKey, number: u32, symbols: Vec<(u32, u32)>) {
        self.blobs.entry(key).or_insert_with(|| BlobIds { number, symbols: symbols.into() });
    }

    /// Remembers a symbol of a blob that was recalled.
    pub(super) fn remember_symbol(
        &mut self,
        language: &str,
        symbol: &Symbol,
        (key, body): (u32, u32),
    ) {
        self.keys.learn(key_hash(language, symbol), key);
        self.bodies.learn(body_hash(&symbol.body, symbol.doc_hash), body);
    }
}

/// The condition for `asked` values, or none where they are so many that the whole table is read.
fn only(column: &str, asked: usize, list: impl FnOnce() -> String) -> String {
    if asked > ASKED_MAX { String::new() } else { format!("WHERE {column} IN ({})", list()) }
}

/// Calls `take` with every row.
pub(crate) fn each(
    conn: &Connection,
    sql: &str,
    mut take: impl FnMut(&duckdb::Row<'_>) -> duckdb::Result<()>,
) -> Result<()> {
    let mut statement = conn.prepare(sql).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        take(row).doing(DOING)?;
    }
    Ok(())
}

/// The word that names of files are read by, as it is kept.
pub(super) fn read_as_word(word: &str) -> Option<&'static str> {
    lichen_model::language_word(word)
        .or_else(|| ["header", "script"].into_iter().find(|other| *other == word))
}

pub(super) fn key_hash(language: &str, symbol: &Symbol) -> u128 {
    let Symbol { kind, name, signature, duplicate, .. } = symbol;
    hash_of_key(language, *kind, &symbol.qualified_name(), name, signature, *duplicate)
}

fn hash_of_key(
    language: &str,
    kind: SymbolKind,
    qualified_name: &str,
    name: &str,
    signature: &str,
    duplicate: u32,
) -> u128 {
    let mut hasher = Xxh3::new();
    for part in [language, kind.as_str(), qualified_name, name, signature] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(&duplicate.to_le_bytes());
    hasher.digest128()
}

pub(super) fn body_hash(body: &Body, doc_hash: u128) -> u128 {
    let Body { raw_hash, norm_hash, anon_hash, own_hash, .. } = body;
    hash_of_body([*raw_hash, *norm_hash, *anon_hash, *own_hash, doc_hash])
}

fn hash_of_body(hashes: [u128; 5]) -> u128 {
    let mut hasher = Xxh3::new();
    for hash in hashes {
        hasher.update(&hash.to_le_bytes());
    }
    hasher.digest128()
}
