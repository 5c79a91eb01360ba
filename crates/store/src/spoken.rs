//! Texts in which references are looked for, page by page in the order of arrival, and what helps to resolve them.

use std::collections::{HashMap, HashSet};

use lichen_model::{
    CommitId, MessageId, Oid, RepoId, RepoPath, StreamId, Timestamp, ToolCall, ToolCallId,
    VersionId,
};

use crate::error::Result;
use crate::reader::Reader;
use crate::row::{self, At, OidBytes, Raw};
use crate::symbols::each;

/// Beyond so many at once the whole table is read.
const ASKED_MAX: usize = 2_000;

/// How many rows the tables of texts have: references were looked for in so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextRows {
    /// Commits.
    pub commits: u64,
    /// Messages.
    pub messages: u64,
    /// Calls of tools.
    pub calls: u64,
    /// Versions of documents.
    pub versions: u64,
}

/// Which rows of a table: those of a page that are new, or of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The first row, from 0.
    pub from: u64,
    /// The row behind the last.
    pub to: u64,
    /// Rows from this one on are new.
    pub new_from: u64,
    /// Others count where they are from this time or later.
    pub since: Timestamp,
}

impl Page {
    fn condition(&self, table: &str, time: &str) -> String {
        let Self { from, to, new_from, since } = self;
        let old = match since {
            Timestamp(i64::MAX) => String::new(),
            since => {
                format!(" OR {time} >= make_timestamp({})", crate::columns::micros(*since))
            }
        };
        format!(
            "{table}.rowid >= {from} AND {table}.rowid < {to} AND ({table}.rowid >= {new_from}{old})"
        )
    }
}

/// A commit's message.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitText {
    /// The commit.
    pub id: CommitId,
    /// Its object id.
    pub oid: Oid,
    /// When it was committed.
    pub at: Timestamp,
    /// The message.
    pub text: String,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageText {
    /// The message.
    pub id: MessageId,
    /// Its stream.
    pub stream: StreamId,
    /// When it was sent.
    pub at: Timestamp,
    /// The text.
    pub text: String,
    /// Further fields, as a JSON object.
    pub meta: String,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct CallText {
    /// The message that it stands in.
    pub message: MessageId,
    /// The stream of that.
    pub stream: StreamId,
    /// When it was called.
    pub at: Timestamp,
    /// The call, without its input.
    pub call: ToolCall,
    /// Further fields of the message, as a JSON object.
    pub meta: String,
}

/// A version of a document that is no code.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionText {
    /// The version.
    pub id: VersionId,
    /// When it was first seen.
    pub at: Timestamp,
    /// The text.
    pub text: String,
}

/// What a tool answered that may tell which commit is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolAnswer {
    /// The stream.
    pub stream: StreamId,
    /// The message that called the tool.
    pub call: MessageId,
    /// The message that holds the answer.
    pub message: MessageId,
    /// When it came.
    pub at: Timestamp,
    /// What was run.
    pub command: String,
    /// The answer.
    pub text: String,
}

/// That a commit changed a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedFile {
    /// The commit.
    pub commit: Oid,
    /// When it was committed.
    pub at: Timestamp,
    /// The file, as it is called afterwards.
    pub path: RepoPath,
    /// Its text before, where there was one.
    pub old: Option<Oid>,
    /// Its text after, where there is one.
    pub new: Option<Oid>,
}

/// Which calls of tools made changes that a commit may have brought.
#[derive(Clone, Copy, Debug)]
pub enum Edited<'a> {
    /// Those from this row on, or from this time on.
    New(u64, Timestamp),
    /// Those before this row and this time that name one of these files.
    Old(u64, Timestamp, &'a [RepoPath]),
}

impl Reader {
    /// How many texts there are.
    pub fn text_rows(&self) -> Result<TextRows> {
        let mut rows = TextRows::default();
        let sql = "SELECT 0, coalesce(max(rowid) + 1, 0) FROM git_commits
             UNION ALL SELECT 1, coalesce(max(rowid) + 1, 0) FROM messages
             UNION ALL SELECT 2, coalesce(max(rowid) + 1, 0) FROM tool_calls
             UNION ALL SELECT 3, coalesce(max(rowid) + 1, 0) FROM document_versions";
        each(&self.conn, sql, |row| {
            let count = row.get(1)?;
            match row.get::<_, u8>(0)? {
                0 => rows.commits = count,
                1 => rows.messages = count,
                2 => rows.calls = count,
                _ => rows.versions = count,
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// Messages of commits of a repository: those of `page`, and those that a position of a followed ref from `landed` on brought.
    pub fn commit_texts(
        &self,
        repo: RepoId,
        page: Page,
        landed: Option<(lichen_model::RefId, u32)>,
    ) -> Result<Vec<CommitText>> {
        let landed = match landed {
            Some((reference, position)) => format!(
                " OR (c.rowid >= {} AND c.rowid < {} AND c.commit_id IN (
                     SELECT commit_id FROM ref_commits WHERE ref_id = '{}'::UUID AND pos >= {position}))",
                page.from,
                page.to,
                row::uuid(reference.as_u128()),
            ),
            None => String::new(),
        };
        let sql = format!(
            "SELECT c.commit_id, c.oid, c.committed_at, c.message FROM git_commits AS c
             WHERE c.repo_id = '{}'::UUID AND ({}{landed})",
            row::uuid(repo.as_u128()),
            Page { since: Timestamp(i64::MAX), ..page }.condition("c", ""),
        );
        let mut texts = Vec::new();
        each(&self.conn, &sql, |row| {
            texts.push(CommitText {
                id: CommitId::from_u128(row.get::<_, Raw>(0)?.0),
                oid: row.get::<_, OidBytes>(1)?.0,
                at: row.get::<_, At>(2)?.0,
                text: row.get(3)?,
            });
            Ok(())
        })?;
        Ok(texts)
    }

    /// Messages of a page.
    pub fn message_texts(&self, page: Page) -> Result<Vec<MessageText>> {
        let sql = format!(
            "SELECT m.message_id, m.stream_id, m.sent_at, m.text, m.meta FROM messages AS m WHERE {}",
            page.condition("m", "m.sent_at"),
        );
        let mut texts = Vec::new();
        each(&self.conn, &sql, |row| {
            texts.push(MessageText {
                id: MessageId::from_u128(row.get::<_, Raw>(0)?.0),
                stream: StreamId::from_u128(row.get::<_, Raw>(1)?.0),
                at: row.get::<_, At>(2)?.0,
                text: row.get(3)?,
                meta: row.get(4)?,
            });
            Ok(())
        })?;
        Ok(texts)
    }

    /// Calls of tools of a page.
    pub fn call_texts(&self, page: Page) -> Result<Vec<CallText>> {
        self.calls(&page.condition("t", "m.sent_at"))
    }

    /// Calls of tools that changed files.
    pub fn edits(&self, edited: Edited<'_>) -> Result<Vec<CallText>> {
        let time = |at: Timestamp| format!("make_timestamp({})", crate::columns::micros(at));
        let which = match edited {
            Edited::New(row, Timestamp(i64::MAX)) => format!("t.rowid >= {row}"),
            Edited::New(row, since) => {
                format!("(t.rowid >= {row} OR m.sent_at >= {})", time(since))
            }
            Edited::Old(row, since, paths) => {
                let list = row::text_list(paths.iter().map(RepoPath::to_text));
                format!(
                    "t.rowid < {row} AND m.sent_at < {} AND list_has_any(t.paths, [{list}])",
                    time(since)
                )
            }
        };
        self.calls(&format!("t.patch IS NOT NULL AND {which}"))
    }

    fn calls(&self, which: &str) -> Result<Vec<CallText>> {
        let sql = format!(
            "SELECT t.tool_call_id, m.message_id, m.stream_id, m.sent_at, t.tool, array_to_string(t.paths, chr(10)), t.command,
                 t.patch, m.meta
             FROM tool_calls AS t JOIN messages AS m USING (message_id) WHERE {which}"
        );
        let mut texts = Vec::new();
        each(&self.conn, &sql, |row| {
            let paths: String = row.get(5)?;
            texts.push(CallText {
                message: MessageId::from_u128(row.get::<_, Raw>(1)?.0),
                stream: StreamId::from_u128(row.get::<_, Raw>(2)?.0),
                at: row.get::<_, At>(3)?.0,
                call: ToolCall {
                    id: ToolCallId::from_u128(row.get::<_, Raw>(0)?.0),
                    external_id: String::new(),
                    tool: row.get(4)?,
                    paths: paths.lines().map(RepoPath::from).collect(),
                    command: row.get(6)?,
                    patch: row.get(7)?,
                    input: String::new(),
                },
                meta: row.get(8)?,
            });
            Ok(())
        })?;
        Ok(texts)
    }

    /// Versions of a page of documents of a repository that are no code.
    pub fn version_texts(&self, repo: RepoId, page: Page) -> Result<Vec<VersionText>> {
        let sql = format!(
            "SELECT v.version_id, v.seen_at, v.text FROM document_versions AS v JOIN documents AS d USING (document_id)
             WHERE d.repo_id = '{}'::UUID AND d.kind <> 'code' AND v.text IS NOT NULL AND {}",
            row::uuid(repo.as_u128()),
            page.condition("v", "v.seen_at"),
        );
        let mut texts = Vec::new();
        each(&self.conn, &sql, |row| {
            texts.push(VersionText {
                id: VersionId::from_u128(row.get::<_, Raw>(0)?.0),
                at: row.get::<_, At>(1)?.0,
                text: row.get(2)?,
            });
            Ok(())
        })?;
        Ok(texts)
    }

    /// Answers of tools that may tell which commit is checked out, of some streams or of all, in the order of their times.
    pub fn tool_answers(&self, streams: Option<&HashSet<StreamId>>) -> Result<Vec<ToolAnswer>> {
        let sql = format!(
            "SELECT m.stream_id, m.reply_to, m.message_id, m.sent_at, string_agg(t.command, chr(10) ORDER BY t.ord), any_value(m.text)
             FROM messages AS m JOIN tool_calls AS t ON t.message_id = m.reply_to
             WHERE m.role = 'tool' AND t.command LIKE '%git%' AND {}
                 AND (length(m.text) <= 66 OR contains(m.text, 'HEAD is now at ') OR starts_with(m.text, '[')
                     OR contains(m.text, chr(10) || '['))
             GROUP BY ALL ORDER BY m.sent_at, m.message_id",
            in_streams(streams),
        );
        let mut answers = Vec::new();
        each(&self.conn, &sql, |row| {
            answers.push(ToolAnswer {
                stream: StreamId::from_u128(row.get::<_, Raw>(0)?.0),
                call: MessageId::from_u128(row.get::<_, Raw>(1)?.0),
                message: MessageId::from_u128(row.get::<_, Raw>(2)?.0),
                at: row.get::<_, At>(3)?.0,
                command: row.get(4)?,
                text: row.get(5)?,
            });
            Ok(())
        })?;
        Ok(answers)
    }

    /// Files that tools were told to work on, of some streams or of all, in the order of their times.
    pub fn touched(
        &self,
        streams: Option<&HashSet<StreamId>>,
    ) -> Result<HashMap<StreamId, Vec<(Timestamp, RepoPath)>>> {
        let sql = format!(
            "SELECT m.stream_id, m.sent_at, unnest(t.paths) FROM tool_calls AS t JOIN messages AS m USING (message_id)
             WHERE len(t.paths) > 0 AND {} ORDER BY m.sent_at, t.tool_call_id",
            in_streams(streams),
        );
        let mut touched: HashMap<StreamId, Vec<(Timestamp, RepoPath)>> = HashMap::new();
        each(&self.conn, &sql, |row| {
            let stream = StreamId::from_u128(row.get::<_, Raw>(0)?.0);
            let path: String = row.get(2)?;
            let at = row.get::<_, At>(1)?.0;
            touched.entry(stream).or_default().push((at, RepoPath::from(path.as_str())));
            Ok(())
        })?;
        Ok(touched)
    }

    /// The commits of a repository, with when they were committed, in the order of their object ids.
    pub fn commit_times(&self, repo: RepoId) -> Result<Vec<(Oid, Timestamp)>> {
        let sql = format!(
            "SELECT oid, committed_at FROM git_commits WHERE repo_id = '{}'::UUID ORDER BY oid",
            row::uuid(repo.as_u128()),
        );
        let mut commits = Vec::new();
        each(&self.conn, &sql, |row| {
            commits.push((row.get::<_, OidBytes>(0)?.0, row.get::<_, At>(1)?.0));
            Ok(())
        })?;
        Ok(commits)
    }

    /// Paths that commits of a repository brought, with the commits, the oldest first.
    pub fn brought_paths(&self, repo: RepoId) -> Result<Vec<(RepoPath, Oid)>> {
        let sql = format!(
            "SELECT f.path, f.path_raw, c.oid FROM file_changes AS f JOIN git_commits AS c USING (commit_id)
             WHERE c.repo_id = '{}'::UUID AND f.status IN ('added', 'renamed') ORDER BY c.committed_at, c.commit_id, f.ord",
            row::uuid(repo.as_u128()),
        );
        let mut paths = Vec::new();
        each(&self.conn, &sql, |row| {
            paths.push((row::path(row.get(0)?, row.get(1)?), row.get::<_, OidBytes>(2)?.0));
            Ok(())
        })?;
        Ok(paths)
    }

    /// Changes that commits of a repository made to files, in the order of their times: commits from a row on, or committed
    /// since a time; with `paths` only to these.
    pub fn changed_files(
        &self,
        repo: RepoId,
        (from, since): (u64, Timestamp),
        paths: Option<&HashSet<RepoPath>>,
    ) -> Result<Vec<ChangedFile>> {
        let only = match paths {
            Some(paths) if paths.len() <= ASKED_MAX => {
                format!("AND f.path IN ({})", row::text_list(paths.iter().map(RepoPath::to_text)))
            }
            _ => String::new(),
        };
        let sql = format!(
            "SELECT c.oid, c.committed_at, f.path, f.path_raw, f.old_oid, f.new_oid
             FROM git_commits AS c JOIN file_changes AS f USING (commit_id)
             WHERE c.repo_id = '{}'::UUID AND c.rowid >= {from} AND c.committed_at >= make_timestamp({})
                 AND f.old_mode <> 57344 AND f.new_mode <> 57344 {only}
             ORDER BY c.committed_at, c.commit_id, f.ord",
            row::uuid(repo.as_u128()),
            crate::columns::micros(since),
        );
        let mut changed = Vec::new();
        each(&self.conn, &sql, |row| {
            let path = row::path(row.get(2)?, row.get(3)?);
            if paths.is_none_or(|paths| paths.contains(&path)) {
                changed.push(ChangedFile {
                    commit: row.get::<_, OidBytes>(0)?.0,
                    at: row.get::<_, At>(1)?.0,
                    path,
                    old: row.get::<_, Option<OidBytes>>(4)?.map(|oid| oid.0),
                    new: row.get::<_, Option<OidBytes>>(5)?.map(|oid| oid.0),
                });
            }
            Ok(())
        })?;
        Ok(changed)
    }
}

fn in_streams(streams: Option<&HashSet<StreamId>>) -> String {
    match streams {
        Some(streams) if streams.len() <= ASKED_MAX => {
            let list = row::uuid_list(streams.iter().map(|stream| stream.as_u128()));
            format!("m.stream_id IN ({list})")
        }
        _ => "true".to_owned(),
    }
}
