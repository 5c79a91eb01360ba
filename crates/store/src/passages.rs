//! Passages: the spans that are retrieved, numbered in the order in which they came.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType, UInt8Type, UInt32Type};
use duckdb::Connection;
use lichen_model::{
    CommitId, MessageId, Owner, Passage, PassageKind, Problem, Site, TextHash, Timestamp, VersionId,
};

use crate::append::{Known, Owners, Receipt, passage_kind};
use crate::columns::Columns;
use crate::error::{Doing, Error, Result};
use crate::reader::Reader;
use crate::row;

/// What the indexes need of a passage.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Its number: the document number of the indexes.
    pub seq: u64,
    /// What kind of text it is.
    pub kind: PassageKind,
    /// Where it stands.
    pub site: Site,
    /// When the message was sent, the commit committed, the version first seen.
    pub at: Timestamp,
    /// The stream of a message, the document of a version, 0 for a commit.
    pub group: u128,
    /// Who wrote the message or, after the mailmap, the commit; empty for documents and where unknown.
    pub author: Cow<'a, str>,
    /// Words that place the text.
    pub context: Cow<'a, str>,
    /// The text.
    pub text: Cow<'a, str>,
    /// Hash of the text.
    pub text_hash: TextHash,
}

/// The word that `passages.owner_kind` keeps.
pub(crate) const fn owner_word(owner: Owner) -> &'static str {
    match owner {
        Owner::Commit(_) => "commit",
        Owner::Message(_) => "message",
        Owner::Version(_) => "version",
    }
}

/// The owner that `place`, the number of the value of `owner_kind`, and `raw` name.
pub(crate) fn owner_of(place: u8, raw: u128) -> Option<Owner> {
    match place {
        0 => Some(Owner::Commit(CommitId::from_u128(raw))),
        1 => Some(Owner::Message(MessageId::from_u128(raw))),
        2 => Some(Owner::Version(VersionId::from_u128(raw))),
        _ => None,
    }
}

/// A span as an index into a text.
pub(crate) fn bytes(span: &Range<u32>) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// Numbers and appends the passages of new owners.
pub(crate) fn append(
    conn: &Connection,
    passages: &[Passage],
    known: &mut Known,
    owners: &Owners<'_>,
    receipt: &mut Receipt,
) -> Result<()> {
    let mut new: Vec<(usize, &Passage, TextHash)> = Vec::new();
    let mut next: HashMap<Owner, u32> = HashMap::new();
    for (place, passage) in passages.iter().enumerate() {
        let Some(owner) = owners.get(&passage.owner) else { continue };
        let ord = next.entry(passage.owner).or_default();
        if passage.ord < *ord {
            // The batch names the same owner twice, and its passages with it.
            continue;
        }
        match owner.get(bytes(&passage.span)) {
            Some(text) if passage.ord == *ord => {
                *ord += 1;
                new.push((place, passage, TextHash::of(text)));
            }
            _ => {
                let what = format!(
                    "passage {} at bytes {:?} is no span of the text",
                    passage.ord, passage.span
                );
                receipt.problems.push(Problem::new(
                    "passages",
                    passage.owner.any().to_string(),
                    what,
                ));
            }
        }
    }
    let first = known.passages;
    known.passages += new.len() as u64;
    receipt.seqs = first..known.passages;
    receipt.passages = new.iter().map(|(place, ..)| *place).collect();
    let seqs = i64::try_from(first).expect("fewer passages than that")..;
    Columns::default()
        .i64s("seq", seqs.take(new.len()))
        .ids("passage_id", new.iter().map(|(_, passage, _)| passage.id().as_u128()))
        .texts("kind", new.iter().map(|(_, passage, _)| passage.kind.name()))
        .texts("owner_kind", new.iter().map(|(_, passage, _)| owner_word(passage.owner)))
        .ids("owner_id", new.iter().map(|(_, passage, _)| passage.owner.any().id.as_u128()))
        .u32s("ord", new.iter().map(|(_, passage, _)| passage.ord))
        .u32s("start_byte", new.iter().map(|(_, passage, _)| passage.span.start))
        .u32s("end_byte", new.iter().map(|(_, passage, _)| passage.span.end))
        .u32s("line", new.iter().map(|(_, passage, _)| passage.line))
        .texts("context", new.iter().map(|(_, passage, _)| passage.context.as_str()))
        .ids("text_hash", new.iter().map(|(_, _, hash)| hash.0))
        .append(conn, "passages")
        .doing("store passages")
}

/// Texts of owners, kept in the chunks in which DuckDB gave them.
#[derive(Default)]
struct Texts {
    chunks: Vec<RecordBatch>,
    /// Owner → chunk and row.
    places: HashMap<u128, (usize, usize)>,
}

impl Reader {
    /// How many passages there are: the numbers run from 0 to one below it.
    pub fn passage_count(&self) -> Result<u64> {
        let mut statement =
            self.conn.prepare("SELECT count(*) FROM passages").doing("count the passages")?;
        statement.query_row([], |row| row.get(0)).doing("count the passages")
    }

    /// The entries of the passages `from`, `from` + 1, ..., at most `limit` of them, in order.
    pub fn entries(&self, from: u64, limit: usize) -> Result<Vec<Entry<'static>>> {
        let doing = "read passages for the index";
        let to = from.saturating_add(limit as u64);
        let range = format!("p.seq >= {from} AND p.seq < {to}");
        let sql = format!(
            "SELECT p.seq, enum_code(p.kind), enum_code(p.owner_kind), p.owner_id, p.start_byte, p.end_byte,
                 p.context, p.text_hash, p.ord, p.line
             FROM passages AS p WHERE {range}"
        );
        let mut statement = self.conn.prepare(&sql).doing(doing)?;
        let chunks: Vec<RecordBatch> = statement.query_arrow([]).doing(doing)?.collect();
        let mut bounds = [None; 3];
        for chunk in &chunks {
            for row in 0..chunk.num_rows() {
                let (place, owner) = (byte(chunk, 2, row)?, raw(chunk, 3, row)?);
                let bounds: &mut Option<(u128, u128)> =
                    bounds.get_mut(usize::from(place)).ok_or_else(|| odd("owner_kind"))?;
                let (low, high) = bounds.unwrap_or((owner, owner));
                *bounds = Some((low.min(owner), high.max(owner)));
            }
        }
        let mut texts = [Texts::default(), Texts::default(), Texts::default()];
        for ((texts, table), bounds) in texts.iter_mut().zip(&OWNER_TABLES).zip(bounds) {
            if let Some((low, high)) = bounds {
                *texts = self.texts(&table.query(&range, low, high))?;
            }
        }
        let mut entries = Vec::with_capacity(chunks.iter().map(RecordBatch::num_rows).sum());
        for chunk in &chunks {
            for row in 0..chunk.num_rows() {
                entries.push(entry(chunk, row, &texts)?);
            }
        }
        entries.sort_by_key(|entry| entry.seq);
        Ok(entries)
    }

    fn texts(&self, sql: &str) -> Result<Texts> {
        let doing = "read the texts of passages";
        let mut statement = self.conn.prepare(sql).doing(doing)?;
        let chunks: Vec<RecordBatch> = statement.query_arrow([]).doing(doing)?.collect();
        let mut places = HashMap::with_capacity(chunks.iter().map(RecordBatch::num_rows).sum());
        for (at, chunk) in chunks.iter().enumerate() {
            for row in 0..chunk.num_rows() {
                places.insert(raw(chunk, 0, row)?, (at, row));
            }
        }
        Ok(Texts { chunks, places })
    }
}

/// Where the texts of one kind of owner stand.
struct OwnerTable {
    name: &'static str,
    id: &'static str,
    /// What the owner belongs to.
    group: &'static str,
    at: &'static str,
    text: &'static str,
    author: &'static str,
}

/// The tables of owners, as the enum `owner_kind` numbers them.
const OWNER_TABLES: [OwnerTable; 3] = [
    OwnerTable {
        name: "git_commits",
        id: "commit_id",
        group: "NULL::UUID",
        at: "committed_at",
        text: "message",
        // After the mailmap.
        author: "coalesce((SELECT k.name FROM people AS p JOIN people AS k ON k.person_id = p.canonical_id \
                 WHERE p.person_id = o.author_id), '')",
    },
    OwnerTable {
        name: "messages",
        id: "message_id",
        group: "o.stream_id",
        at: "sent_at",
        text: "text",
        author: "o.author",
    },
    OwnerTable {
        name: "document_versions",
        id: "version_id",
        group: "o.document_id",
        at: "seen_at",
        text: "text",
        author: "''",
    },
];

impl OwnerTable {
    /// The owners of the passages of `range`, whose ids lie from `low` to `high`: by these bounds DuckDB skips blocks.
    fn query(&self, range: &str, low: u128, high: u128) -> String {
        let Self { name, id, group, at, text, author } = self;
        let (low, high) = (row::uuid(low), row::uuid(high));
        format!(
            "SELECT o.{id}, {group}, o.{at}, o.{text}, {author} FROM {name} AS o
             WHERE o.{id} BETWEEN '{low}'::UUID AND '{high}'::UUID
                 AND o.{id} IN (SELECT p.owner_id FROM passages AS p WHERE {range})"
        )
    }
}

fn entry(chunk: &RecordBatch, row: usize, texts: &[Texts; 3]) -> Result<Entry<'static>> {
    let number = |column: usize| {
        chunk.column(column).as_primitive_opt::<UInt32Type>().map(|values| values.value(row))
    };
    let seq = chunk.column(0).as_primitive_opt::<Int64Type>().map(|values| values.value(row));
    let seq = seq.and_then(|seq| u64::try_from(seq).ok()).ok_or_else(|| odd("seq"))?;
    let kind = passage_kind(byte(chunk, 1, row)?).ok_or_else(|| odd("kind"))?;
    let place = byte(chunk, 2, row)?;
    let raw_owner = raw(chunk, 3, row)?;
    let owner = owner_of(place, raw_owner).ok_or_else(|| odd("owner_kind"))?;
    let site = Site {
        owner,
        ord: number(8).ok_or_else(|| odd("ord"))?,
        start: number(4).ok_or_else(|| odd("start_byte"))?,
        end: number(5).ok_or_else(|| odd("end_byte"))?,
        line: number(9).ok_or_else(|| odd("line"))?,
    };
    let context = chunk.column(6).as_string_opt::<i32>().ok_or_else(|| odd("context"))?.value(row);
    let texts = &texts[usize::from(place)];
    let &(at, place) = texts.places.get(&raw_owner).ok_or_else(|| odd("owner_id"))?;
    let owners = &texts.chunks[at];
    let group = if owners.column(1).is_null(place) { 0 } else { raw(owners, 1, place)? };
    let at = owners
        .column(2)
        .as_primitive_opt::<TimestampMicrosecondType>()
        .ok_or_else(|| odd("owner_id"))?;
    let text = owners.column(3).as_string_opt::<i32>().ok_or_else(|| odd("owner_id"))?.value(place);
    let text = text.get(site.bytes()).ok_or_else(|| odd("end_byte"))?;
    let author =
        owners.column(4).as_string_opt::<i32>().ok_or_else(|| odd("owner_id"))?.value(place);
    Ok(Entry {
        seq,
        kind,
        site,
        at: Timestamp(at.value(place).div_euclid(1000)),
        group,
        author: Cow::Owned(author.to_owned()),
        context: Cow::Owned(context.to_owned()),
        text: Cow::Owned(text.to_owned()),
        text_hash: TextHash(raw(chunk, 7, row)?),
    })
}

/// The UUID at `row` of `column`.
pub(crate) fn raw(chunk: &RecordBatch, column: usize, row: usize) -> Result<u128> {
    let odd = || Error::Value { column: chunk.schema().field(column).name().clone() };
    let values = chunk.column(column).as_fixed_size_binary_opt().ok_or_else(odd)?;
    Ok(u128::from_be_bytes(values.value(row).try_into().map_err(|_| odd())?))
}

/// The number of an enum's value at `row` of `column`.
fn byte(chunk: &RecordBatch, column: usize, row: usize) -> Result<u8> {
    let bytes = chunk.column(column).as_primitive_opt::<UInt8Type>();
    Ok(bytes.ok_or_else(|| odd(chunk.schema().field(column).name()))?.value(row))
}

fn odd(column: &str) -> Error {
    Error::Value { column: format!("passages.{column}") }
}
