//! Passages with all that an answer tells about them.

use std::collections::HashMap;
use std::ops::Range;

use lichen_model::{
    CommitId, Document, DocumentId, MessageId, Oid, Owner, Passage, PassageId, PassageKind, RepoId,
    Role, StreamId, StreamKind, TextHash, VersionId, Zoned,
};

use crate::append::passage_kind;
use crate::documents;
use crate::error::{Doing, Error, Result};
use crate::messages::{kind_of as stream_kind_of, role_of};
use crate::passages::{bytes, owner_of};
use crate::reader::Reader;
use crate::row::{self, At, OidBytes, Raw};

/// A passage and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Its number.
    pub seq: u64,
    /// Its id.
    pub passage: PassageId,
    /// What kind of text it is.
    pub kind: PassageKind,
    /// Whose text it is a span of.
    pub owner: Owner,
    /// Its place among the owner's passages, from 0.
    pub ord: u32,
    /// Bytes of the owner's text.
    pub span: Range<u32>,
    /// First and last line in the owner's text, from 1.
    pub lines: (u32, u32),
    /// Words that place the text.
    pub context: String,
    /// The text.
    pub text: String,
    /// Hash of the text.
    pub text_hash: TextHash,
    /// Who wrote it: a commit's author after the mailmap, a message's author; empty where unknown and for documents.
    pub author: String,
    /// When the message was sent, the commit committed, the version first seen.
    pub at: Zoned,
    /// Where it comes from.
    pub home: Home,
}

/// Where a passage comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Home {
    /// A commit.
    Commit {
        /// The repository it was first read from.
        repo: RepoId,
        /// Its object id.
        oid: Oid,
    },
    /// A message.
    Message {
        /// The stream.
        stream: StreamId,
        /// What the stream's source is.
        source: String,
        /// The stream's name there.
        name: String,
        /// Its title; empty where it has none.
        title: String,
        /// Who speaks in it.
        kind: StreamKind,
        /// Place in the stream in the order of arrival.
        ordinal: u64,
        /// In which part it was said.
        role: Role,
    },
    /// A version of a document.
    Version {
        /// The document.
        document: Document,
        /// The version's title.
        title: String,
        /// Whether it is the document's current version.
        current: bool,
    },
}

/// What an owner gives to the hits in it.
struct Source {
    text: String,
    author: String,
    at: Zoned,
    home: Home,
}

const DOING: &str = "read answers";

impl Reader {
    /// The passages of these numbers with all that answers tell about them, in the order asked for. Numbers that do
    /// not exist are left out.
    pub fn hits(&self, seqs: &[u64]) -> Result<Vec<Hit>> {
        let spans = self.spans(seqs)?;
        let mut sources: HashMap<Owner, Source> = HashMap::new();
        let (mut commits, mut messages, mut versions) = (Vec::new(), Vec::new(), Vec::new());
        for (_, passage) in &spans {
            match passage.owner {
                Owner::Commit(id) => commits.push(id.as_u128()),
                Owner::Message(id) => messages.push(id.as_u128()),
                Owner::Version(id) => versions.push(id.as_u128()),
            }
        }
        self.commit_sources(&commits, &mut sources)?;
        self.message_sources(&messages, &mut sources)?;
        self.version_sources(&versions, &mut sources)?;
        let mut hits = HashMap::with_capacity(spans.len());
        for (seq, passage) in spans {
            let source = sources.get(&passage.owner).ok_or_else(|| odd("passages.owner_id"))?;
            hits.insert(seq, hit(seq, passage, source)?);
        }
        Ok(seqs.iter().filter_map(|seq| hits.get(seq).cloned()).collect())
    }

    /// The numbers of an owner's passages, in order.
    pub fn passages_of(&self, owner: Owner) -> Result<Vec<u64>> {
        let mut statement = self
            .conn
            .prepare("SELECT seq FROM passages WHERE owner_id = ?::UUID ORDER BY seq")
            .doing(DOING)?;
        let rows = statement.query_map([row::uuid(owner.any().id.as_u128())], |row| row.get(0));
        rows.and_then(Iterator::collect).doing(DOING)
    }

    /// The passages of these numbers. Their ids and hashes are derived again, which costs less than reading them.
    fn spans(&self, seqs: &[u64]) -> Result<Vec<(u64, Passage)>> {
        let list = row::number_list(seqs.iter().copied());
        let sql = format!(
            "SELECT seq, enum_code(kind), enum_code(owner_kind), owner_id, ord, start_byte, end_byte, line, context
             FROM passages WHERE seq IN ({list})"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut spans = Vec::with_capacity(seqs.len());
        while let Some(row) = rows.next().doing(DOING)? {
            let kind = passage_kind(row.get(1).doing(DOING)?);
            let owner = owner_of(row.get(2).doing(DOING)?, row.get::<_, Raw>(3).doing(DOING)?.0);
            let passage = Passage {
                owner: owner.ok_or_else(|| odd("passages.owner_kind"))?,
                ord: row.get(4).doing(DOING)?,
                kind: kind.ok_or_else(|| odd("passages.kind"))?,
                span: row.get(5).doing(DOING)?..row.get(6).doing(DOING)?,
                line: row.get(7).doing(DOING)?,
                context: row.get(8).doing(DOING)?,
            };
            spans.push((row.get(0).doing(DOING)?, passage));
        }
        Ok(spans)
    }

    fn commit_sources(&self, ids: &[u128], sources: &mut HashMap<Owner, Source>) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let list = row::uuid_list(ids.iter().copied());
        let sql = format!(
            "SELECT c.commit_id, c.repo_id, c.oid, c.message, coalesce(k.name, p.name, ''), c.committed_at,
                 c.committed_offset
             FROM git_commits AS c
             LEFT JOIN people AS p ON p.person_id = c.author_id
             LEFT JOIN people AS k ON k.person_id = p.canonical_id
             WHERE c.commit_id IN ({list})"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| {
            let id = CommitId::from_u128(row.get::<_, Raw>(0)?.0);
            let repo = RepoId::from_u128(row.get::<_, Raw>(1)?.0);
            let home = Home::Commit { repo, oid: row.get::<_, OidBytes>(2)?.0 };
            let at = Zoned { at: row.get::<_, At>(5)?.0, offset_minutes: row.get(6)? };
            Ok((Owner::Commit(id), Source { text: row.get(3)?, author: row.get(4)?, at, home }))
        });
        for source in rows.doing(DOING)? {
            let (owner, source) = source.doing(DOING)?;
            sources.insert(owner, source);
        }
        Ok(())
    }

    fn message_sources(&self, ids: &[u128], sources: &mut HashMap<Owner, Source>) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let list = row::uuid_list(ids.iter().copied());
        let sql = format!(
            "SELECT m.message_id, m.text, m.author, m.sent_at, m.sent_offset, m.stream_id, m.ordinal, m.role::VARCHAR,
                 s.source, s.name, s.title, s.kind::VARCHAR
             FROM messages AS m JOIN streams AS s USING (stream_id) WHERE m.message_id IN ({list})"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            let id = MessageId::from_u128(row.get::<_, Raw>(0).doing(DOING)?.0);
            let (role, kind): (String, String) =
                (row.get(7).doing(DOING)?, row.get(11).doing(DOING)?);
            let home = Home::Message {
                stream: StreamId::from_u128(row.get::<_, Raw>(5).doing(DOING)?.0),
                source: row.get(8).doing(DOING)?,
                name: row.get(9).doing(DOING)?,
                title: row.get(10).doing(DOING)?,
                kind: stream_kind_of(&kind).ok_or_else(|| odd("streams.kind"))?,
                ordinal: row.get(6).doing(DOING)?,
                role: role_of(&role).ok_or_else(|| odd("messages.role"))?,
            };
            let at = Zoned {
                at: row.get::<_, At>(3).doing(DOING)?.0,
                offset_minutes: row.get(4).doing(DOING)?,
            };
            let (text, author) = (row.get(1).doing(DOING)?, row.get(2).doing(DOING)?);
            sources.insert(Owner::Message(id), Source { text, author, at, home });
        }
        Ok(())
    }

    fn version_sources(&self, ids: &[u128], sources: &mut HashMap<Owner, Source>) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let list = row::uuid_list(ids.iter().copied());
        let sql = format!(
            "SELECT v.version_id, v.text, v.title, v.seen_at, d.repo_id, d.document_id, d.path, d.path_raw,
                 d.kind::VARCHAR, d.language,
                 v.ord = (SELECT max(l.ord) FROM document_versions AS l WHERE l.document_id = v.document_id)
             FROM document_versions AS v JOIN documents AS d USING (document_id) WHERE v.version_id IN ({list})"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            let id = VersionId::from_u128(row.get::<_, Raw>(0).doing(DOING)?.0);
            let repo = RepoId::from_u128(row.get::<_, Raw>(4).doing(DOING)?.0);
            let home = Home::Version {
                document: documents::document(row, 5, repo)?,
                title: row.get(2).doing(DOING)?,
                current: row.get(10).doing(DOING)?,
            };
            let at = Zoned { at: row.get::<_, At>(3).doing(DOING)?.0, offset_minutes: 0 };
            let text: Option<String> = row.get(1).doing(DOING)?;
            let source = Source { text: text.unwrap_or_default(), author: String::new(), at, home };
            sources.insert(Owner::Version(id), source);
        }
        Ok(())
    }
}

impl Hit {
    /// The document that the passage stands in, for documents.
    pub fn document(&self) -> Option<DocumentId> {
        match &self.home {
            Home::Version { document, .. } => Some(document.id),
            Home::Commit { .. } | Home::Message { .. } => None,
        }
    }
}

fn hit(seq: u64, passage: Passage, source: &Source) -> Result<Hit> {
    let text = source.text.get(bytes(&passage.span)).ok_or_else(|| odd("passages.end_byte"))?;
    let breaks = text.trim_end_matches('\n').matches('\n').count();
    let last = passage.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
    Ok(Hit {
        seq,
        passage: passage.id(),
        kind: passage.kind,
        owner: passage.owner,
        ord: passage.ord,
        span: passage.span,
        lines: (passage.line, last),
        context: passage.context,
        text: text.to_owned(),
        text_hash: TextHash::of(text),
        author: source.author.clone(),
        at: source.at,
        home: source.home.clone(),
    })
}

fn odd(column: &str) -> Error {
    Error::Value { column: column.to_owned() }
}
