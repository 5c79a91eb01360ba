//! What texts of files define, as it was read from them.

use lichen_model::{Encoding, ExtractionStatus, Oid, RefId, RepoPath, Span, SymbolKind};

use crate::error::{Doing, Error, Result};
use crate::reader::Reader;
use crate::row;

/// How a text of a file could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownText {
    /// Its number.
    pub number: u32,
    /// The language it was read as.
    pub language: Option<String>,
    /// How it could be read.
    pub status: ExtractionStatus,
    /// How its bytes are text.
    pub encoding: Encoding,
    /// Its lines.
    pub lines: u32,
    /// Whether what it defines is at hand; else it has to be read again.
    pub kept: bool,
}

/// What tells a symbol from the others of its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredKey {
    /// The language, by its word.
    pub language: String,
    /// What it is.
    pub kind: SymbolKind,
    /// What it stands in and its name, joined by dots.
    pub qualified_name: String,
    /// Its own name.
    pub name: String,
    /// Its declaration.
    pub signature: String,
    /// Counts symbols that say the same of themselves.
    pub duplicate: u32,
}

/// A symbol of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextSymbol {
    /// Its place among the text's symbols.
    pub ord: u32,
    /// The place of what it stands in.
    pub parent: Option<u32>,
    /// What it is called.
    pub key: StoredKey,
    /// Where it stands, with documentation and attributes.
    pub span: Span,
    /// The line of its name.
    pub name_line: u32,
    /// Whether it is a test, or stands in one.
    pub is_test: bool,
}

const DOING: &str = "read what a text defines";

/// The columns of a key, as [`stored_key`] reads them; the table is called `k`.
pub(crate) const KEY_COLUMNS: &str =
    "k.language, k.kind::VARCHAR, k.qualified_name, k.name, k.signature, k.duplicate";

/// Reads the columns of a key from column `at` on.
pub(crate) fn stored_key(row: &duckdb::Row<'_>, at: usize) -> Result<StoredKey> {
    let kind: String = row.get(at + 1).doing(DOING)?;
    Ok(StoredKey {
        language: row.get(at).doing(DOING)?,
        kind: SymbolKind::parse(&kind).ok_or_else(|| odd("symbol_keys.kind"))?,
        qualified_name: row.get(at + 2).doing(DOING)?,
        name: row.get(at + 3).doing(DOING)?,
        signature: row.get(at + 4).doing(DOING)?,
        duplicate: row.get(at + 5).doing(DOING)?,
    })
}

impl Reader {
    /// How a text could be read that is read as `read_as` for its file's name; `None` where nobody read it.
    pub fn known_text(&self, blob: &Oid, read_as: &str) -> Result<Option<KnownText>> {
        let sql = format!(
            "SELECT blob_id, language, status::VARCHAR, encoding, lines, kept FROM blobs
             WHERE oid = {} AND read_as = {}",
            row::blob_literal(&blob.0),
            row::literal(read_as),
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let Some(row) = rows.next().doing(DOING)? else { return Ok(None) };
        let (status, encoding): (String, String) =
            (row.get(2).doing(DOING)?, row.get(3).doing(DOING)?);
        let encoding = Encoding::ALL.into_iter().find(|known| known.as_str() == encoding);
        Ok(Some(KnownText {
            number: row.get(0).doing(DOING)?,
            language: row.get(1).doing(DOING)?,
            status: ExtractionStatus::parse(&status).ok_or_else(|| odd("blobs.status"))?,
            encoding: encoding.ok_or_else(|| odd("blobs.encoding"))?,
            lines: row.get(4).doing(DOING)?,
            kept: row.get(5).doing(DOING)?,
        }))
    }

    /// What a text defines that is kept, in order.
    pub fn text_symbols(&self, number: u32) -> Result<Vec<TextSymbol>> {
        let sql = format!(
            "SELECT b.ord, b.parent, b.start_byte, b.end_byte, b.start_line, b.end_line, b.name_line, b.is_test, {KEY_COLUMNS}
             FROM blob_symbols AS b JOIN symbol_keys AS k USING (key_id) WHERE b.blob_id = {number} ORDER BY b.ord"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut symbols = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            symbols.push(TextSymbol {
                ord: row.get(0).doing(DOING)?,
                parent: row.get(1).doing(DOING)?,
                span: Span {
                    start_byte: row.get(2).doing(DOING)?,
                    end_byte: row.get(3).doing(DOING)?,
                    start_line: row.get(4).doing(DOING)?,
                    end_line: row.get(5).doing(DOING)?,
                },
                name_line: row.get(6).doing(DOING)?,
                is_test: row.get(7).doing(DOING)?,
                key: stored_key(row, 8)?,
            });
        }
        Ok(symbols)
    }

    /// The text that a path had at a position of a followed ref, without asking git.
    pub fn text_at(&self, followed: RefId, pos: u32, path: &RepoPath) -> Result<Option<Oid>> {
        let sql = format!(
            "SELECT b.oid FROM file_versions AS f JOIN blobs AS b USING (blob_id)
             WHERE f.ref_id = '{}'::UUID AND f.path_id IN ({}) AND {}",
            row::uuid(followed.as_u128()),
            path_ids(path),
            open_at("f", pos),
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let Some(row) = rows.next().doing(DOING)? else { return Ok(None) };
        Ok(Some(row.get::<_, row::OidBytes>(0).doing(DOING)?.0))
    }
}

/// The query for the number of a path.
pub(crate) fn path_ids(path: &RepoPath) -> String {
    let raw = match std::str::from_utf8(&path.0) {
        Ok(_) => "path_raw IS NULL".to_owned(),
        Err(_) => format!("path_raw = {}", row::blob_literal(&path.0)),
    };
    format!("SELECT path_id FROM paths WHERE path = {} AND {raw}", row::literal(&path.to_text()))
}

/// The condition that a row of `table` is open at a position.
pub(crate) fn open_at(table: &str, pos: u32) -> String {
    format!("{table}.from_pos <= {pos} AND ({table}.to_pos IS NULL OR {table}.to_pos > {pos})")
}

pub(crate) fn odd(column: &str) -> Error {
    Error::Value { column: column.to_owned() }
}
