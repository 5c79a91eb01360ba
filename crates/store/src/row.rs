//! Values on their way out of a table.

use std::fmt::Write;

use duckdb::types::{FromSql, FromSqlError, FromSqlResult, TimeUnit, ValueRef};
use lichen_model::{Oid, RepoPath, Timestamp};

/// A UUID column as the number it stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Raw(pub(crate) u128);

impl FromSql for Raw {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => bytes
                .try_into()
                .map(|bytes| Self(u128::from_be_bytes(bytes)))
                .map_err(|_| FromSqlError::InvalidType),
            ValueRef::Text(text) => std::str::from_utf8(text)
                .ok()
                .and_then(|text| u128::from_str_radix(&text.replace('-', ""), 16).ok())
                .map(Self)
                .ok_or(FromSqlError::InvalidType),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A TIMESTAMP column.
#[derive(Clone, Copy)]
pub(crate) struct At(pub(crate) Timestamp);

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Timestamp(TimeUnit::Microsecond, micros) => {
                Ok(Self(Timestamp(micros.div_euclid(1000))))
            }
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A BLOB column that holds an object id.
pub(crate) struct OidBytes(pub(crate) Oid);

impl FromSql for OidBytes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => Ok(Self(Oid(bytes.to_vec()))),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// The path of a text column and the bytes beside it.
pub(crate) fn path(text: String, raw: Option<Vec<u8>>) -> RepoPath {
    RepoPath(raw.unwrap_or_else(|| text.into_bytes()))
}

/// A UUID as SQL reads it.
pub(crate) fn uuid(raw: u128) -> String {
    let hex = format!("{raw:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// UUIDs as the inside of an SQL list; never empty, so that `IN (...)` stays a statement.
pub(crate) fn uuid_list(raws: impl IntoIterator<Item = u128>) -> String {
    let mut list = String::new();
    for raw in raws {
        let comma = if list.is_empty() { "" } else { "," };
        write!(list, "{comma}'{}'::UUID", uuid(raw)).expect("a string takes all that is written");
    }
    if list.is_empty() { "NULL".to_owned() } else { list }
}

/// Numbers as the inside of an SQL list; never empty.
pub(crate) fn number_list(numbers: impl IntoIterator<Item = u64>) -> String {
    let mut list = String::new();
    for number in numbers {
        let comma = if list.is_empty() { "" } else { "," };
        write!(list, "{comma}{number}").expect("a string takes all that is written");
    }
    if list.is_empty() { "NULL".to_owned() } else { list }
}

/// A text as an SQL literal.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Bytes as an SQL literal.
pub(crate) fn blob_literal(bytes: &[u8]) -> String {
    let mut literal = String::from("from_hex('");
    for byte in bytes {
        write!(literal, "{byte:02x}").expect("a string takes all that is written");
    }
    literal.push_str("')");
    literal
}

/// Texts as the inside of an SQL list; never empty.
pub(crate) fn text_list<'a>(texts: impl IntoIterator<Item = std::borrow::Cow<'a, str>>) -> String {
    let literals: Vec<String> = texts.into_iter().map(|text| literal(&text)).collect();
    if literals.is_empty() { "NULL".to_owned() } else { literals.join(",") }
}

/// Bytes as the inside of an SQL list; never empty.
pub(crate) fn blob_list<'a>(blobs: impl IntoIterator<Item = &'a [u8]>) -> String {
    let literals: Vec<String> = blobs.into_iter().map(blob_literal).collect();
    if literals.is_empty() { "NULL".to_owned() } else { literals.join(",") }
}
