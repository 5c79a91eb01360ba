//! The doctor: every rule that `schema.sql` states and DuckDB does not enforce, asked of the rows.

mod symbols;

use std::collections::HashMap;

use lichen_model::{
    Commit, Document, DocumentVersion, Kind, Message, MessageId, Owner, Passage, Person, Ref, Repo,
    RepoId, Run, Stream, StreamId, TextHash, Timestamp, ToolCall, VersionId,
};

use crate::append::passage_kind;
use crate::error::{Doing, Result};
use crate::passages::{bytes, owner_of};
use crate::reader::Reader;
use crate::row::{self, At, OidBytes, Raw};
use crate::runs::RunView;

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub check: &'static str,
    /// How many rows break it.
    pub count: u64,
    /// One of them.
    pub example: String,
}

/// Rules that a query can check: it gives one text for each row that breaks the rule.
const QUERIES: &[(&str, &str)] = &[
    ("commits are unique", "SELECT commit_id::VARCHAR FROM git_commits GROUP BY ALL HAVING count(*) > 1"),
    (
        "parents of commits are numbered from 0",
        "SELECT commit_id::VARCHAR FROM commit_parents GROUP BY commit_id
         HAVING count(*) <> count(DISTINCT ord) OR max(ord) <> count(*) - 1",
    ),
    (
        "parents belong to commits",
        "SELECT DISTINCT commit_id::VARCHAR FROM commit_parents WHERE commit_id NOT IN (SELECT commit_id FROM git_commits)",
    ),
    (
        "changed paths are numbered from 0",
        "SELECT commit_id::VARCHAR FROM file_changes GROUP BY commit_id
         HAVING count(*) <> count(DISTINCT ord) OR max(ord) <> count(*) - 1",
    ),
    (
        "changed paths belong to commits whose changes are known",
        "SELECT DISTINCT commit_id::VARCHAR FROM file_changes
         WHERE commit_id NOT IN (SELECT commit_id FROM git_commits WHERE changes_known)",
    ),
    (
        "people of commits exist",
        "SELECT DISTINCT commit_id::VARCHAR FROM git_commits
         WHERE author_id NOT IN (SELECT person_id FROM people) OR committer_id NOT IN (SELECT person_id FROM people)",
    ),
    (
        "repositories of facts exist",
        "SELECT commit_id::VARCHAR FROM git_commits WHERE repo_id NOT IN (SELECT repo_id FROM repos)
         UNION ALL SELECT ref_id::VARCHAR FROM git_refs WHERE repo_id NOT IN (SELECT repo_id FROM repos)
         UNION ALL SELECT document_id::VARCHAR FROM documents WHERE repo_id NOT IN (SELECT repo_id FROM repos)",
    ),
    (
        "ref events are numbered from 0",
        "SELECT ref_id::VARCHAR FROM git_ref_events GROUP BY ref_id
         HAVING count(*) <> count(DISTINCT ord) OR max(ord) <> count(*) - 1",
    ),
    (
        "ref events belong to refs",
        "SELECT DISTINCT ref_id::VARCHAR FROM git_ref_events WHERE ref_id NOT IN (SELECT ref_id FROM git_refs)",
    ),
    ("versions are unique", "SELECT version_id::VARCHAR FROM document_versions GROUP BY ALL HAVING count(*) > 1"),
    (
        "versions of a document follow each other from 0",
        "SELECT version_id::VARCHAR FROM (
             SELECT version_id, ord, previous_id,
                 row_number() OVER w - 1 AS place, lag(version_id) OVER w AS before
             FROM document_versions WINDOW w AS (PARTITION BY document_id ORDER BY ord)
         ) WHERE ord <> place OR previous_id IS DISTINCT FROM before",
    ),
    (
        "versions belong to documents",
        "SELECT version_id::VARCHAR FROM document_versions WHERE document_id NOT IN (SELECT document_id FROM documents)",
    ),
    ("messages are unique", "SELECT message_id::VARCHAR FROM messages GROUP BY ALL HAVING count(*) > 1"),
    (
        "messages belong to streams",
        "SELECT message_id::VARCHAR FROM messages WHERE stream_id NOT IN (SELECT stream_id FROM streams)",
    ),
    (
        "messages of a stream are numbered from 0, with lengths",
        "SELECT message_id::VARCHAR FROM (
             SELECT message_id, ordinal, byte_len, octet_length(encode(text)) AS len,
                 row_number() OVER (PARTITION BY stream_id ORDER BY ordinal) - 1 AS number
             FROM messages
         ) WHERE ordinal <> number OR byte_len <> len",
    ),
    (
        "messages are late where one sent after them had arrived",
        "SELECT message_id::VARCHAR FROM (
             SELECT message_id, late, coalesce(sent_at < max(sent_at) OVER w, false) AS is_late
             FROM messages WINDOW w AS
                 (PARTITION BY stream_id ORDER BY ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
         ) WHERE late <> is_late",
    ),
    (
        "timely messages of a stream carry running sums",
        "SELECT message_id::VARCHAR FROM (
             SELECT message_id, place, cum_bytes, cum_tokens, row_number() OVER w - 1 AS number,
                 sum(byte_len) OVER w AS bytes,
                 CASE WHEN bool_and(tokens IS NOT NULL) OVER w THEN sum(tokens) OVER w END AS all_tokens
             FROM messages WHERE NOT late
             WINDOW w AS (PARTITION BY stream_id ORDER BY ordinal ROWS UNBOUNDED PRECEDING)
         ) WHERE place <> number OR cum_bytes <> bytes OR cum_tokens IS DISTINCT FROM all_tokens",
    ),
    (
        "late messages stand after the last timely one that was sent before them",
        "WITH timely AS (
             SELECT stream_id, sent_at, max(place) AS place, max(cum_bytes) AS cum_bytes
             FROM messages WHERE NOT late GROUP BY ALL
         )
         SELECT m.message_id::VARCHAR FROM (SELECT * FROM messages WHERE late) AS m
         ASOF LEFT JOIN timely AS t ON m.stream_id = t.stream_id AND m.sent_at >= t.sent_at
         WHERE m.place <> coalesce(t.place, -1) OR m.cum_bytes <> coalesce(t.cum_bytes, 0)",
    ),
    (
        "messages that replace others replace one of their stream and time",
        "SELECT m.message_id::VARCHAR FROM messages AS m LEFT JOIN messages AS o ON o.message_id = m.replaces
         WHERE m.replaces IS NOT NULL AND o.message_id IS NOT NULL
             AND (o.stream_id <> m.stream_id OR o.sent_at <> m.sent_at)",
    ),
    ("tool calls are unique", "SELECT tool_call_id::VARCHAR FROM tool_calls GROUP BY ALL HAVING count(*) > 1"),
    (
        "tool calls are numbered from 0",
        "SELECT message_id::VARCHAR FROM tool_calls GROUP BY message_id
         HAVING count(*) <> count(DISTINCT ord) OR max(ord) <> count(*) - 1",
    ),
    (
        "tool calls belong to messages",
        "SELECT tool_call_id::VARCHAR FROM tool_calls WHERE message_id NOT IN (SELECT message_id FROM messages)",
    ),
    (
        "passages are numbered 0, 1, 2, ...",
        "SELECT seq::VARCHAR FROM (SELECT seq, row_number() OVER (ORDER BY seq) - 1 AS place FROM passages)
         WHERE seq <> place",
    ),
    ("passages are unique", "SELECT passage_id::VARCHAR FROM passages GROUP BY ALL HAVING count(*) > 1"),
    (
        "passages of an owner are numbered from 0",
        "SELECT owner_id::VARCHAR FROM passages GROUP BY owner_kind, owner_id
         HAVING count(*) <> count(DISTINCT ord) OR max(ord) <> count(*) - 1",
    ),
    (
        "owners of passages exist",
        // A CASE over subqueries would compare every passage with every owner.
        "SELECT seq::VARCHAR FROM passages
         WHERE owner_kind = 'commit' AND owner_id NOT IN (SELECT commit_id FROM git_commits)
         UNION ALL SELECT seq::VARCHAR FROM passages
         WHERE owner_kind = 'message' AND owner_id NOT IN (SELECT message_id FROM messages)
         UNION ALL SELECT seq::VARCHAR FROM passages
         WHERE owner_kind = 'version'
             AND owner_id NOT IN (SELECT version_id FROM document_versions WHERE text IS NOT NULL)",
    ),
    (
        "runs belong to streams",
        "SELECT run_id::VARCHAR FROM runs WHERE stream_id NOT IN (SELECT stream_id FROM streams)",
    ),
    (
        "attempts at a window are numbered from 1",
        "SELECT min(run_id)::VARCHAR FROM runs GROUP BY window_id, consumer, signature
         HAVING min(attempt) <> 1 OR max(attempt) <> count(*)",
    ),
    (
        "a window is claimed again only after the run before failed or expired",
        "SELECT n.run_id::VARCHAR FROM runs AS n
         JOIN runs AS r ON r.window_id = n.window_id AND r.consumer = n.consumer AND r.signature = n.signature
             AND r.attempt = n.attempt - 1
         LEFT JOIN run_ends AS e ON e.run_id = r.run_id
         WHERE CASE WHEN e.run_id IS NULL THEN r.lease_until > n.claimed_at
             ELSE e.outcome <> 'failed' OR e.ended_at > n.claimed_at END",
    ),
    (
        "ends of runs belong to runs that were claimed before",
        "SELECT e.run_id::VARCHAR FROM run_ends AS e LEFT JOIN runs AS r USING (run_id)
         WHERE r.run_id IS NULL OR e.ended_at < r.claimed_at",
    ),
    (
        "split runs have two parts or more, others have none",
        "SELECT coalesce(e.run_id, p.run_id)::VARCHAR FROM (SELECT run_id FROM run_ends WHERE outcome = 'split') AS e
         FULL JOIN (SELECT run_id, count(*) AS parts, max(ord) AS last FROM run_parts GROUP BY run_id) AS p USING (run_id)
         WHERE e.run_id IS NULL OR p.run_id IS NULL OR p.parts < 2 OR p.last <> p.parts - 1",
    ),
    (
        "parts of a split window lie in it",
        "SELECT p.run_id::VARCHAR FROM run_parts AS p JOIN runs AS r USING (run_id)
         WHERE p.first_place < r.first_place OR p.last_place > r.last_place OR p.first_place > p.last_place
             OR p.late > r.late OR p.replaced > r.replaced",
    ),
    (
        "vectors are unique",
        "SELECT text_hash::VARCHAR FROM embeddings GROUP BY model_id, text_hash HAVING count(*) > 1",
    ),
    (
        "vectors have the dimensions of their model",
        "SELECT text_hash::VARCHAR FROM embeddings LEFT JOIN embedding_models USING (model_id)
         WHERE dimensions IS NULL OR len(vector) <> dimensions",
    ),
];

const DOING: &str = "check the store";

/// Passages checked at a time.
const STEP: u64 = 50_000;

/// Gathers what breaks one rule.
struct Rule {
    check: &'static str,
    count: u64,
    example: Option<String>,
}

impl Rule {
    const fn new(check: &'static str) -> Self {
        Self { check, count: 0, example: None }
    }

    fn hold(&mut self, holds: bool, example: impl FnOnce() -> String) {
        if !holds {
            self.count += 1;
            self.example.get_or_insert_with(example);
        }
    }

    fn finding(self) -> Option<Finding> {
        Some(Finding { check: self.check, count: self.count, example: self.example? })
    }
}

impl Reader {
    /// The rules of the store that do not hold; empty for a healthy one. Reads everything.
    pub fn doctor(&self) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (check, query) in QUERIES.iter().chain(symbols::QUERIES) {
            let sql = format!("SELECT count(*), min(broken) FROM ({query}) AS t(broken)");
            let (count, example): (u64, Option<String>) =
                self.conn.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).doing(DOING)?;
            if count > 0 {
                findings.push(Finding { check, count, example: example.unwrap_or_default() });
            }
        }
        findings.extend(self.small_ids()?);
        findings.extend(self.commit_ids()?);
        findings.extend(self.version_ids()?);
        findings.extend(self.message_ids()?);
        findings.extend(self.tool_call_ids()?);
        findings.extend(self.run_ids()?);
        findings.extend(self.symbol_ids()?);
        findings.extend(self.passage_rules()?);
        Ok(findings)
    }

    /// Calls `each` with every row of `sql`.
    fn every(
        &self,
        sql: &str,
        mut each: impl FnMut(&duckdb::Row<'_>) -> duckdb::Result<()>,
    ) -> Result<()> {
        let mut statement = self.conn.prepare(sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            each(row).doing(DOING)?;
        }
        Ok(())
    }

    fn small_ids(&self) -> Result<Option<Finding>> {
        let mut rule = Rule::new(
            "ids of repositories, people, refs, documents and streams come from their keys",
        );
        let mut hold = |kind: Kind, stored: u128, derived: u128| {
            rule.hold(stored == derived, || format!("{} {}", kind.name(), row::uuid(stored)));
        };
        self.every("SELECT repo_id, key FROM repos", |row| {
            let key: String = row.get(1)?;
            hold(Kind::Repo, row.get::<_, Raw>(0)?.0, Repo::id(&key).as_u128());
            Ok(())
        })?;
        self.every("SELECT person_id, name, email FROM people", |row| {
            let (name, email): (String, String) = (row.get(1)?, row.get(2)?);
            hold(Kind::Person, row.get::<_, Raw>(0)?.0, Person::id(&name, &email).as_u128());
            Ok(())
        })?;
        self.every("SELECT ref_id, repo_id, name FROM git_refs", |row| {
            let (repo, name) =
                (RepoId::from_u128(row.get::<_, Raw>(1)?.0), row.get::<_, String>(2)?);
            hold(Kind::Ref, row.get::<_, Raw>(0)?.0, Ref::id(repo, &name).as_u128());
            Ok(())
        })?;
        self.every("SELECT document_id, repo_id, path, path_raw FROM documents", |row| {
            let repo = RepoId::from_u128(row.get::<_, Raw>(1)?.0);
            let path = row::path(row.get(2)?, row.get(3)?);
            hold(Kind::Document, row.get::<_, Raw>(0)?.0, Document::id(repo, &path).as_u128());
            Ok(())
        })?;
        self.every("SELECT stream_id, source, name FROM streams", |row| {
            let (source, name): (String, String) = (row.get(1)?, row.get(2)?);
            hold(Kind::Stream, row.get::<_, Raw>(0)?.0, Stream::id(&source, &name).as_u128());
            Ok(())
        })?;
        Ok(rule.finding())
    }

    fn commit_ids(&self) -> Result<Option<Finding>> {
        let mut rule = Rule::new("ids of commits come from object id and time");
        self.every("SELECT commit_id, oid, committed_at FROM git_commits", |row| {
            let (id, oid, At(at)) =
                (row.get::<_, Raw>(0)?.0, row.get::<_, OidBytes>(1)?.0, row.get(2)?);
            rule.hold(Commit::id(&oid, at).as_u128() == id, || format!("{oid}"));
            Ok(())
        })?;
        Ok(rule.finding())
    }

    fn version_ids(&self) -> Result<Vec<Finding>> {
        let mut ids = Rule::new("ids of versions come from document, previous version and text");
        let mut hashes = Rule::new("hashes of versions are those of their texts");
        self.every(
            "SELECT version_id, document_id, previous_id, text, text_hash FROM document_versions",
            |row| {
                let (id, hash) = (row.get::<_, Raw>(0)?.0, TextHash(row.get::<_, Raw>(4)?.0));
                let document = lichen_model::DocumentId::from_u128(row.get::<_, Raw>(1)?.0);
                let previous = row.get::<_, Option<Raw>>(2)?.map(|raw| VersionId::from_u128(raw.0));
                let text: Option<String> = row.get(3)?;
                let derived = text.as_deref().map(TextHash::of).unwrap_or_default();
                hashes.hold(derived == hash, || row::uuid(id));
                ids.hold(DocumentVersion::id(document, previous, hash).as_u128() == id, || {
                    row::uuid(id)
                });
                Ok(())
            },
        )?;
        Ok([ids, hashes].into_iter().filter_map(Rule::finding).collect())
    }

    fn message_ids(&self) -> Result<Option<Finding>> {
        let mut rule =
            Rule::new("ids of messages come from stream, time and their own ids or texts");
        // How many messages without an id of their own are equal in all that their ids come from.
        let mut equals: HashMap<(u128, i64, String, TextHash), Vec<u128>> = HashMap::new();
        let sql = "SELECT message_id, stream_id, external_id, sent_at, author, text, replaces FROM messages";
        self.every(sql, |row| {
            let (id, stream) =
                (row.get::<_, Raw>(0)?.0, StreamId::from_u128(row.get::<_, Raw>(1)?.0));
            let (external, At(at)): (String, At) = (row.get(2)?, row.get(3)?);
            if let Some(Raw(replaced)) = row.get::<_, Option<Raw>>(6)? {
                let text: String = row.get(5)?;
                let edit = |text| {
                    Message::id_of_edit(MessageId::from_u128(replaced), text).as_u128() == id
                };
                rule.hold(edit(Some(&text)) || text.is_empty() && edit(None), || row::uuid(id));
                return Ok(());
            }
            if !external.is_empty() && Message::id(stream, &external, at).as_u128() == id {
                return Ok(());
            }
            let (author, text): (String, String) = (row.get(4)?, row.get(5)?);
            if Message::id_by_content(stream, &author, &text, 0, at).as_u128() == id {
                return Ok(());
            }
            equals
                .entry((stream.as_u128(), at.millis(), author, TextHash::of(&text)))
                .or_default()
                .push(id);
            if !external.is_empty() {
                rule.hold(false, || row::uuid(id));
            }
            Ok(())
        })?;
        // The second and later of equals: derived with the number of those before.
        for ((stream, at, author, _), ids) in &equals {
            for &id in ids {
                let found = self.text_of(id)?.is_some_and(|text| {
                    let stream = StreamId::from_u128(*stream);
                    (1..=u32::try_from(ids.len()).unwrap_or(u32::MAX)).any(|nth| {
                        Message::id_by_content(stream, author, &text, nth, Timestamp(*at)).as_u128()
                            == id
                    })
                });
                rule.hold(found, || row::uuid(id));
            }
        }
        Ok(rule.finding())
    }

    fn text_of(&self, message: u128) -> Result<Option<String>> {
        Ok(self.message(MessageId::from_u128(message))?.map(|view| view.message.text))
    }

    fn tool_call_ids(&self) -> Result<Option<Finding>> {
        let mut rule = Rule::new("ids of tool calls come from message and place");
        self.every("SELECT tool_call_id, message_id, ord FROM tool_calls", |row| {
            let (id, message) =
                (row.get::<_, Raw>(0)?.0, MessageId::from_u128(row.get::<_, Raw>(1)?.0));
            rule.hold(ToolCall::id(message, row.get(2)?).as_u128() == id, || row::uuid(id));
            Ok(())
        })?;
        Ok(rule.finding())
    }

    fn run_ids(&self) -> Result<Vec<Finding>> {
        let mut runs =
            Rule::new("ids of runs come from consumer, signature, window, attempt and time");
        let mut windows = Rule::new("ids of windows come from where they lie");
        let mut stored = HashMap::new();
        self.every("SELECT run_id, window_id FROM runs", |row| {
            stored.insert(row.get::<_, Raw>(0)?.0, row.get::<_, Raw>(1)?.0);
            Ok(())
        })?;
        for RunView { run, .. } in self.runs(None, None)? {
            let name = || row::uuid(run.id.as_u128());
            let window = run.extent.id();
            let id = Run::id(&run.consumer, &run.signature, window, run.attempt, run.claimed);
            runs.hold(id == run.id, name);
            windows.hold(stored.get(&run.id.as_u128()) == Some(&window.as_u128()), name);
        }
        Ok([runs, windows].into_iter().filter_map(Rule::finding).collect())
    }

    /// Ids, spans and hashes of passages, with their owners' texts at hand.
    fn passage_rules(&self) -> Result<Vec<Finding>> {
        let mut ids = Rule::new("ids of passages come from owner and place");
        let mut spans =
            Rule::new("spans of passages lie in their owners' texts, on character boundaries");
        let mut hashes = Rule::new("hashes of passages are those of their spans");
        let count = self.passage_count()?;
        for from in (0..count).step_by(usize::try_from(STEP).expect("a step fits")) {
            let sql = format!(
                "SELECT p.seq, p.passage_id, enum_code(p.kind), enum_code(p.owner_kind), p.owner_id, p.ord,
                     p.start_byte, p.end_byte, p.text_hash, coalesce(m.text, c.message, v.text)
                 FROM passages AS p
                 LEFT JOIN messages AS m ON m.message_id = p.owner_id AND p.owner_kind = 'message'
                 LEFT JOIN git_commits AS c ON c.commit_id = p.owner_id AND p.owner_kind = 'commit'
                 LEFT JOIN document_versions AS v ON v.version_id = p.owner_id AND p.owner_kind = 'version'
                 WHERE p.seq >= {from} AND p.seq < {}",
                from + STEP
            );
            self.every(&sql, |row| {
                let seq: u64 = row.get(0)?;
                let name = || format!("passage number {seq}");
                let kind = passage_kind(row.get(2)?);
                let owner: Option<Owner> = owner_of(row.get(3)?, row.get::<_, Raw>(4)?.0);
                let (Some(kind), Some(owner)) = (kind, owner) else {
                    ids.hold(false, name);
                    return Ok(());
                };
                let span = row.get(6)?..row.get(7)?;
                let passage = Passage {
                    owner,
                    ord: row.get(5)?,
                    kind,
                    span,
                    line: 1,
                    context: String::new(),
                };
                ids.hold(passage.id().as_u128() == row.get::<_, Raw>(1)?.0, name);
                // That the owner exists is another rule.
                if let Some(text) = row.get::<_, Option<String>>(9)? {
                    let text = text.get(bytes(&passage.span));
                    spans.hold(text.is_some(), name);
                    let hash = row.get::<_, Raw>(8)?.0;
                    hashes.hold(text.is_none_or(|text| TextHash::of(text).0 == hash), name);
                }
                Ok(())
            })?;
        }
        Ok([ids, spans, hashes].into_iter().filter_map(Rule::finding).collect())
    }
}
