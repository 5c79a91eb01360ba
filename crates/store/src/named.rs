//! Symbols that people may name, by the texts of files that define them: no headings, no tests.

use std::collections::{HashMap, HashSet};

use duckdb::Row;
use lichen_model::{Oid, SymbolKind};

use crate::error::Result;
use crate::reader::Reader;
use crate::row::{self, OidBytes};
use crate::symbols::each;

/// A symbol as people name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedSymbol {
    /// Its own name.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Scope and name, joined by dots.
    pub qualified_name: String,
    /// The line of its name.
    pub line: u32,
    /// Whether it is a test, or stands in one.
    pub is_test: bool,
}

/// The symbols of some texts, or of all. What all texts say of themselves is kept once: of a large repository that is a tenth.
#[derive(Debug, Default)]
pub struct NamedSymbols {
    keys: HashMap<u32, Key>,
    texts: HashMap<Oid, Text>,
}

#[derive(Debug)]
struct Key {
    kind: SymbolKind,
    name: String,
    qualified_name: String,
}

/// A text that names of files had read in two ways counts as it was read first.
#[derive(Debug)]
struct Text {
    blob: u32,
    places: Vec<Place>,
}

/// Where a symbol stands among those of its text, and which it is.
#[derive(Debug)]
struct Place {
    ord: u32,
    key: u32,
    line: u32,
    is_test: bool,
}

impl NamedSymbols {
    /// The symbols of a text, in order; none for one that is not known.
    pub fn of(&self, blob: &Oid) -> impl Iterator<Item = NamedSymbol> {
        let places = self.texts.get(blob).into_iter().flat_map(|text| &text.places);
        places.filter_map(|place| {
            let Key { kind, name, qualified_name } = self.keys.get(&place.key)?;
            Some(NamedSymbol {
                name: name.clone(),
                kind: *kind,
                qualified_name: qualified_name.clone(),
                line: place.line,
                is_test: place.is_test,
            })
        })
    }

    fn key(&mut self, row: &Row<'_>) -> duckdb::Result<()> {
        let kind: String = row.get(1)?;
        if let Some(kind) = SymbolKind::parse(&kind) {
            let key = Key { kind, name: row.get(2)?, qualified_name: row.get(3)? };
            self.keys.insert(row.get(0)?, key);
        }
        Ok(())
    }

    fn place(&mut self, oid: &Oid, row: &Row<'_>) -> duckdb::Result<()> {
        let blob: u32 = row.get(0)?;
        let text = self.texts.entry(oid.clone()).or_insert(Text { blob, places: Vec::new() });
        if blob < text.blob {
            *text = Text { blob, places: Vec::new() };
        }
        if blob == text.blob {
            text.places.push(Place {
                ord: row.get(1)?,
                key: row.get(2)?,
                line: row.get(3)?,
                is_test: row.get(4)?,
            });
        }
        Ok(())
    }
}

impl Reader {
    /// The symbols of texts of files that people may name; of all texts where none are told.
    pub fn named_symbols(&self, blobs: Option<&HashSet<&Oid>>) -> Result<NamedSymbols> {
        let only = blobs.map_or_else(String::new, |blobs| {
            let list = row::blob_list(blobs.iter().map(|oid| &*oid.0));
            format!("WHERE oid IN ({list})")
        });
        let mut oids: HashMap<u32, Oid> = HashMap::new();
        each(&self.conn, &format!("SELECT blob_id, oid FROM blobs {only}"), |row| {
            oids.insert(row.get(0)?, row.get::<_, OidBytes>(1)?.0);
            Ok(())
        })?;
        let mut named = NamedSymbols::default();
        if oids.is_empty() {
            return Ok(named);
        }
        let (in_blobs, of_blobs) = match blobs {
            Some(_) => {
                let list: Vec<String> = oids.keys().map(ToString::to_string).collect();
                let list = list.join(",");
                let keys = format!(
                    "AND key_id IN (SELECT key_id FROM blob_symbols WHERE blob_id IN ({list}))"
                );
                (format!("WHERE blob_id IN ({list})"), keys)
            }
            None => Default::default(),
        };
        let sql = format!(
            "SELECT key_id, kind::VARCHAR, name, qualified_name FROM symbol_keys
             WHERE kind NOT IN ('section', 'test') {of_blobs}"
        );
        each(&self.conn, &sql, |row| named.key(row))?;
        let sql =
            format!("SELECT blob_id, ord, key_id, name_line, is_test FROM blob_symbols {in_blobs}");
        each(&self.conn, &sql, |row| {
            let oid = oids.get(&row.get(0)?);
            // Headings and tests have no key here.
            match oid.filter(|_| row.get(2).is_ok_and(|key: u32| named.keys.contains_key(&key))) {
                Some(oid) => named.place(oid, row),
                None => Ok(()),
            }
        })?;
        for text in named.texts.values_mut() {
            text.places.sort_unstable_by_key(|place| place.ord);
        }
        Ok(named)
    }
}
