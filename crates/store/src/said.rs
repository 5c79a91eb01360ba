//! What texts say of code: the references to symbols, commits and files, with the texts that hold them.

use std::collections::HashMap;

use lichen_model::{
    AnyId, CommitId, Detector, MessageId, RepoPath, StreamId, SymbolId, VersionId, Zoned,
};

use crate::error::{Doing, Result};
use crate::reader::Reader;
use crate::row::{self, At, Raw};
use crate::text_symbols::{odd, path_ids};

/// What is spoken of.
#[derive(Clone, Debug, Default)]
pub struct SpokenOf {
    /// These symbols.
    pub symbols: Vec<SymbolId>,
    /// These commits.
    pub commits: Vec<CommitId>,
    /// This file, without lines or symbols in it.
    pub file: Option<RepoPath>,
    /// Of messages only those of these streams; `None` for all.
    pub streams: Option<Vec<StreamId>>,
}

/// How a text speaks of code.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The text: a message, a commit or a document's version; of a tool call its message.
    pub owner: AnyId,
    /// Who said it; empty for documents.
    pub author: String,
    /// When it was said, committed or first seen.
    pub at: Zoned,
    /// The stream's title or name, or the document's path; empty for commits.
    pub place: String,
    /// The whole text that holds it: of a tool call the field.
    pub text: String,
    /// The bytes of it in `text`.
    pub span: (u32, u32),
    /// The words.
    pub raw: String,
    /// What found it.
    pub detector: Detector,
    /// By which rule it was resolved.
    pub rule: String,
    /// How surely it means this.
    pub confidence: f32,
    /// The symbol it speaks of.
    pub symbol: Option<SymbolId>,
    /// The commit it speaks of.
    pub commit: Option<CommitId>,
}

/// A reference before its text is looked up.
struct Reference {
    source: (String, u128),
    field: String,
    said: Said,
}

/// The text that holds references.
struct Holder {
    owner: AnyId,
    author: String,
    at: Zoned,
    place: String,
    /// By field: of all but tool calls there is one, without a name.
    texts: Vec<(&'static str, String)>,
}

const DOING: &str = "read what was said of code";

impl Reader {
    /// What was said of symbols, commits or a file: at most `count` references that were resolved, the surest first and of those the
    /// newest. Thoughts of agents are left out.
    pub fn said(&self, of: &SpokenOf, count: usize) -> Result<Vec<Said>> {
        let mut conditions = Vec::new();
        if !of.symbols.is_empty() {
            let list = row::uuid_list(of.symbols.iter().map(|symbol| symbol.as_u128()));
            conditions.push(format!("symbol_id IN ({list})"));
        }
        if !of.commits.is_empty() {
            let list = row::uuid_list(of.commits.iter().map(|commit| commit.as_u128()));
            conditions.push(format!("(kind = 'commit' AND commit_id IN ({list}))"));
        }
        if let Some(file) = &of.file {
            let paths = path_ids(file);
            conditions.push(format!("(kind IN ('path', 'lines') AND path_id IN ({paths}))"));
        }
        if conditions.is_empty() {
            return Ok(Vec::new());
        }
        let seen = of.streams.as_deref().map_or_else(|| "true".to_owned(), seen_in);
        let sql = format!(
            "SELECT source_kind::VARCHAR, source_id, field, start_byte, end_byte, raw, detector::VARCHAR, rule, confidence,
                 symbol_id, commit_id
             FROM code_references WHERE status = 'resolved' AND ({}) AND ({seen})
             ORDER BY confidence DESC, source_id DESC, ord LIMIT {count}",
            conditions.join(" OR "),
        );
        let references = self.references_by(&sql)?;
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let holders = self.holders(&references)?;
        Ok(references.into_iter().filter_map(|reference| held(reference, &holders)).collect())
    }

    fn references_by(&self, sql: &str) -> Result<Vec<Reference>> {
        let mut statement = self.conn.prepare(sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut references = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let source: String = row.get(0).doing(DOING)?;
            let id = row.get::<_, Raw>(1).doing(DOING)?.0;
            let detector: String = row.get(6).doing(DOING)?;
            let detector = Detector::ALL.into_iter().find(|known| known.as_str() == detector);
            let symbol: Option<Raw> = row.get(9).doing(DOING)?;
            let commit: Option<Raw> = row.get(10).doing(DOING)?;
            let said = Said {
                owner: MessageId::from_u128(id).any(),
                author: String::new(),
                at: Zoned::default(),
                place: String::new(),
                text: String::new(),
                span: (row.get(3).doing(DOING)?, row.get(4).doing(DOING)?),
                raw: row.get(5).doing(DOING)?,
                detector: detector.ok_or_else(|| odd("code_references.detector"))?,
                rule: row.get(7).doing(DOING)?,
                confidence: row.get(8).doing(DOING)?,
                symbol: symbol.map(|raw| SymbolId::from_u128(raw.0)),
                commit: commit.map(|raw| CommitId::from_u128(raw.0)),
            };
            references.push(Reference {
                source: (source, id),
                field: row.get(2).doing(DOING)?,
                said,
            });
        }
        Ok(references)
    }

    /// The texts that hold references, by kind and id of their sources.
    fn holders(&self, references: &[Reference]) -> Result<HashMap<(String, u128), Holder>> {
        let mut holders = HashMap::new();
        let speaker = "m.message_id, m.author, m.sent_at, m.sent_offset, coalesce(nullif(s.title, ''), s.name)";
        let queries = [
            (
                "message",
                format!(
                    "SELECT m.message_id, {speaker}, m.text FROM messages AS m JOIN streams AS s USING (stream_id)
                     WHERE m.role <> 'thinking' AND m.message_id IN"
                ),
                &[""][..],
            ),
            (
                "tool_call",
                format!(
                    "SELECT t.tool_call_id, {speaker}, array_to_string(t.paths, chr(10)), coalesce(t.command, ''),
                         coalesce(t.patch, ''), t.input
                     FROM tool_calls AS t JOIN messages AS m USING (message_id) JOIN streams AS s USING (stream_id)
                     WHERE t.tool_call_id IN"
                ),
                &["paths", "command", "patch", "input"],
            ),
            (
                "commit",
                "SELECT c.commit_id, c.commit_id, coalesce(p.name, ''), c.committed_at, c.committed_offset, '', c.message
                 FROM git_commits AS c LEFT JOIN people AS r ON r.person_id = c.author_id
                 LEFT JOIN people AS p ON p.person_id = r.canonical_id WHERE c.commit_id IN"
                    .to_owned(),
                &[""],
            ),
            (
                "version",
                "SELECT v.version_id, v.version_id, '', v.seen_at, 0::SMALLINT, d.path, coalesce(v.text, '')
                 FROM document_versions AS v JOIN documents AS d USING (document_id) WHERE v.version_id IN"
                    .to_owned(),
                &[""],
            ),
        ];
        for (kind, select, fields) in queries {
            let ids = references.iter().filter(|reference| reference.source.0 == kind);
            let list = row::uuid_list(ids.map(|reference| reference.source.1));
            if list == "NULL" {
                continue;
            }
            let mut statement = self.conn.prepare(&format!("{select} ({list})")).doing(DOING)?;
            let mut rows = statement.query([]).doing(DOING)?;
            while let Some(row) = rows.next().doing(DOING)? {
                let id = row.get::<_, Raw>(0).doing(DOING)?.0;
                let owner = row.get::<_, Raw>(1).doing(DOING)?.0;
                let at: At = row.get(3).doing(DOING)?;
                let mut texts = Vec::new();
                for (place, field) in fields.iter().enumerate() {
                    texts.push((*field, row.get(6 + place).doing(DOING)?));
                }
                let holder = Holder {
                    owner: owner_of(kind, owner),
                    author: row.get(2).doing(DOING)?,
                    at: Zoned { at: at.0, offset_minutes: row.get(4).doing(DOING)? },
                    place: row.get(5).doing(DOING)?,
                    texts,
                };
                holders.insert((kind.to_owned(), id), holder);
            }
        }
        Ok(holders)
    }
}

/// That a reference stands in no message, or in one of these streams.
fn seen_in(streams: &[StreamId]) -> String {
    let list = row::uuid_list(streams.iter().map(|stream| stream.as_u128()));
    format!(
        "CASE source_kind
             WHEN 'message' THEN source_id IN (SELECT message_id FROM messages WHERE stream_id IN ({list}))
             WHEN 'tool_call' THEN source_id IN (
                 SELECT tool_call_id FROM tool_calls JOIN messages USING (message_id) WHERE stream_id IN ({list}))
             ELSE true END"
    )
}

fn owner_of(kind: &str, id: u128) -> AnyId {
    match kind {
        "commit" => CommitId::from_u128(id).any(),
        "version" => VersionId::from_u128(id).any(),
        _ => MessageId::from_u128(id).any(),
    }
}

/// The reference in its text; `None` where that is not to be shown.
fn held(reference: Reference, holders: &HashMap<(String, u128), Holder>) -> Option<Said> {
    let holder = holders.get(&reference.source)?;
    let text = holder.texts.iter().find(|(field, _)| *field == reference.field);
    Some(Said {
        owner: holder.owner,
        author: holder.author.clone(),
        at: holder.at,
        place: holder.place.clone(),
        text: text.map(|(_, text)| text.clone()).unwrap_or_default(),
        ..reference.said
    })
}
