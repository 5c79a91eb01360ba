//! Passages with the little that a line of an answer shows: every statement and column costs time, and who spoke, when
//! and where the passage stands is in the index.

use std::collections::HashMap;

use lichen_model::{Document, DocumentId, Oid, Owner, PassageId, RepoId, Site, StreamId};

use crate::documents;
use crate::error::{Doing, Error, Result};
use crate::passages::owner_of;
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
    /// Words that place the passage, where it has no text; else empty.
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

const DOING: &str = "read answers";

impl Reader {
    /// The passages of these numbers that stand at these sites, in the order given.
    pub fn shown(&self, sites: &[(u64, Site)]) -> Result<Vec<Shown>> {
        let mut texts: HashMap<Owner, (String, Place)> = HashMap::new();
        let of = |kind: fn(&Owner) -> bool| {
            let owners = sites.iter().map(|(_, site)| site.owner).filter(kind);
            row::uuid_list(owners.map(|owner| owner.any().id.as_u128()))
        };
        self.shown_messages(&of(|owner| matches!(owner, Owner::Message(_))), &mut texts)?;
        self.shown_commits(&of(|owner| matches!(owner, Owner::Commit(_))), &mut texts)?;
        self.shown_versions(&of(|owner| matches!(owner, Owner::Version(_))), &mut texts)?;
        let mut all =
            sites.iter().map(|site| shown(site, &texts)).collect::<Result<Vec<Shown>>>()?;
        self.shown_contexts(&mut all)?;
        Ok(all)
    }

    /// Reads the contexts of those that show nothing else.
    fn shown_contexts(&self, all: &mut [Shown]) -> Result<()> {
        let mut blank: HashMap<u64, &mut Shown> = all
            .iter_mut()
            .filter(|shown| shown.text.trim().is_empty())
            .map(|shown| (shown.seq, shown))
            .collect();
        if blank.is_empty() {
            return Ok(());
        }
        let seqs = row::number_list(blank.keys().copied());
        let sql = format!("SELECT seq, context FROM passages WHERE seq IN ({seqs})");
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            if let Some(shown) = blank.get_mut(&row.get(0).doing(DOING)?) {
                shown.context = row.get(1).doing(DOING)?;
            }
        }
        Ok(())
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

fn shown((seq, site): &(u64, Site), texts: &HashMap<Owner, (String, Place)>) -> Result<Shown> {
    let (whole, place) = texts.get(&site.owner).ok_or_else(|| odd("passages.owner_id"))?;
    let text = whole.get(site.bytes()).ok_or_else(|| odd("passages.end_byte"))?.to_owned();
    let breaks = text.trim_end_matches('\n').matches('\n').count();
    let last = site.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
    Ok(Shown {
        seq: *seq,
        passage: site.id(),
        owner: site.owner,
        lines: (site.line, last),
        context: String::new(),
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
