//! Passages with the little that a line of an answer shows: every column that is read costs time, and who spoke and when
//! stands in the index.

use std::collections::HashMap;
use std::ops::Range;

use lichen_model::{
    Document, DocumentId, Oid, Owner, Passage, PassageId, PassageKind, RepoId, StreamId,
};

use crate::documents;
use crate::error::{Doing, Error, Result};
use crate::passages::{bytes, owner_of};
use crate::reader::Reader;
use crate::row::{self, OidBytes, Raw};

/// A passage as a line of an answer shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its number.
    pub seq: u64,
    /// Its id.
    pub passage: PassageId,
    /// Whose text it is a span of.
    pub owner: Owner,
    /// First and last line in the owner's text, from 1.
    pub lines: (u32, u32),
    /// Words that place the text.
    pub context: String,
    /// The text.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// Where a shown passage stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// In the message of this commit.
    Commit(Oid),
    /// In this stream.
    Stream(StreamId),
    /// In this document.
    Document(Document),
}

struct Span {
    seq: u64,
    owner: Owner,
    ord: u32,
    range: Range<u32>,
    line: u32,
    context: String,
}

const DOING: &str = "read answers";

impl Reader {
    /// The passages of these numbers, in the order asked for. Numbers that do not exist are left out.
    pub fn shown(&self, seqs: &[u64]) -> Result<Vec<Shown>> {
        let spans = self.shown_spans(seqs)?;
        let mut texts: HashMap<Owner, (String, Place)> = HashMap::new();
        let of = |kind: fn(&Owner) -> bool| {
            let owners = spans.values().map(|span| span.owner).filter(kind);
            row::uuid_list(owners.map(|owner| owner.any().id.as_u128()))
        };
        self.shown_messages(&of(|owner| matches!(owner, Owner::Message(_))), &mut texts)?;
        self.shown_commits(&of(|owner| matches!(owner, Owner::Commit(_))), &mut texts)?;
        self.shown_versions(&of(|owner| matches!(owner, Owner::Version(_))), &mut texts)?;
        seqs.iter().filter_map(|seq| spans.get(seq)).map(|span| shown(span, &texts)).collect()
    }

    fn shown_spans(&self, seqs: &[u64]) -> Result<HashMap<u64, Span>> {
        let sql = format!(
            "SELECT seq, enum_code(owner_kind), owner_id, ord, start_byte, end_byte, line, context
             FROM passages WHERE seq IN ({})",
            row::number_list(seqs.iter().copied())
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut spans = HashMap::with_capacity(seqs.len());
        while let Some(row) = rows.next().doing(DOING)? {
            let seq: u64 = row.get(0).doing(DOING)?;
            let owner = owner_of(row.get(1).doing(DOING)?, row.get::<_, Raw>(2).doing(DOING)?.0);
            let span = Span {
                seq,
                owner: owner.ok_or_else(|| odd("passages.owner_kind"))?,
                ord: row.get(3).doing(DOING)?,
                range: row.get(4).doing(DOING)?..row.get(5).doing(DOING)?,
                line: row.get(6).doing(DOING)?,
                context: row.get(7).doing(DOING)?,
            };
            spans.insert(seq, span);
        }
        Ok(spans)
    }

    fn shown_messages(&self, ids: &str, texts: &mut HashMap<Owner, (String, Place)>) -> Result<()> {
        self.shown_texts(
            "SELECT message_id, text, stream_id FROM messages WHERE message_id IN",
            ids,
            |row| {
                let stream = StreamId::from_u128(row.get::<_, Raw>(2).doing(DOING)?.0);
                Ok((1, Place::Stream(stream)))
            },
            texts,
        )
    }

    fn shown_commits(&self, ids: &str, texts: &mut HashMap<Owner, (String, Place)>) -> Result<()> {
        self.shown_texts(
            "SELECT commit_id, message, oid FROM git_commits WHERE commit_id IN",
            ids,
            |row| Ok((0, Place::Commit(row.get::<_, OidBytes>(2).doing(DOING)?.0))),
            texts,
        )
    }

    fn shown_versions(&self, ids: &str, texts: &mut HashMap<Owner, (String, Place)>) -> Result<()> {
        let sql = "SELECT v.version_id, v.text, d.repo_id, d.document_id, d.path, d.path_raw, d.kind::VARCHAR, d.language
             FROM document_versions AS v JOIN documents AS d USING (document_id) WHERE v.version_id IN";
        self.shown_texts(
            sql,
            ids,
            |row| {
                let repo = RepoId::from_u128(row.get::<_, Raw>(2).doing(DOING)?.0);
                Ok((2, Place::Document(documents::document(row, 3, repo)?)))
            },
            texts,
        )
    }

    /// Reads ids, texts and places; `place` also tells the number of the owner's kind.
    fn shown_texts(
        &self,
        select: &str,
        ids: &str,
        place: impl Fn(&duckdb::Row<'_>) -> Result<(u8, Place)>,
        texts: &mut HashMap<Owner, (String, Place)>,
    ) -> Result<()> {
        if ids == "NULL" {
            return Ok(());
        }
        let mut statement = self.conn.prepare(&format!("{select} ({ids})")).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            let (kind, place) = place(row)?;
            let owner = owner_of(kind, row.get::<_, Raw>(0).doing(DOING)?.0);
            let text: Option<String> = row.get(1).doing(DOING)?;
            texts.insert(
                owner.ok_or_else(|| odd("passages.owner_kind"))?,
                (text.unwrap_or_default(), place),
            );
        }
        Ok(())
    }
}

fn shown(span: &Span, texts: &HashMap<Owner, (String, Place)>) -> Result<Shown> {
    let (whole, place) = texts.get(&span.owner).ok_or_else(|| odd("passages.owner_id"))?;
    let text = whole.get(bytes(&span.range)).ok_or_else(|| odd("passages.end_byte"))?.to_owned();
    let breaks = text.trim_end_matches('\n').matches('\n').count();
    let last = span.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
    // A passage's id depends on its owner and its place there alone.
    let named = Passage {
        owner: span.owner,
        ord: span.ord,
        kind: PassageKind::Doc,
        span: span.range.clone(),
        line: span.line,
        context: String::new(),
    };
    Ok(Shown {
        seq: span.seq,
        passage: named.id(),
        owner: span.owner,
        lines: (span.line, last),
        context: span.context.clone(),
        text,
        place: place.clone(),
    })
}

impl Shown {
    /// The document that the passage stands in, for documents.
    pub fn document(&self) -> Option<DocumentId> {
        match &self.place {
            Place::Document(document) => Some(document.id),
            Place::Commit(_) | Place::Stream(_) => None,
        }
    }
}

fn odd(column: &str) -> Error {
    Error::Value { column: column.to_owned() }
}
