//! What a purge changes, before it changes anything: every text is read once.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{Array, AsArray};
use duckdb::{Connection, Row};
use lichen_model::{
    AnyId, Id, Kind, MessageId, Owner, PassageKind, Site, TextHash, ToolCall, ToolCallId,
};

use super::ids::{self, MessageKey};
use super::{Rewrite, Rewritten, left};
use crate::error::{Doing, Error, Result};
use crate::open::Store;
use crate::passages::owner_of;
use crate::row::{self, At, Raw};

pub(super) const DOING: &str = "look for what is purged";
/// Rows read at a time.
const STEP: i64 = 16_384;

/// What a purge changes. It holds new texts of what changes, and nothing of the rest.
#[derive(Default)]
pub struct Survey {
    /// New messages of commits.
    pub(super) commits: BTreeMap<u128, Rewritten>,
    pub(super) versions: BTreeMap<u128, Version>,
    pub(super) messages: BTreeMap<u128, Message>,
    pub(super) calls: BTreeMap<u128, Call>,
    pub(super) passages: BTreeMap<u128, Passage>,
    /// New titles of streams.
    pub(super) streams: BTreeMap<u128, String>,
    /// New names and declarations of symbols, by the numbers of their keys: qualified name, name, signature.
    pub(super) keys: BTreeMap<u32, [String; 3]>,
    pub(super) tags: Vec<Tag>,
    /// Ids that come from what changes: the old one and the new one. Ids of two kinds are never equal.
    pub(super) ids: HashMap<u128, u128>,
    /// Hashes of kept vectors that were made from what changes.
    pub(super) vectors: Vec<u128>,
    left: Vec<Left>,
}

/// A changed version of a document.
pub(super) struct Version {
    /// `None` where only what was made of it changes, and where it has none.
    pub(super) text: Option<Rewritten>,
    pub(super) title: String,
    pub(super) meta: String,
}

/// A changed message.
pub(super) struct Message {
    pub(super) text: Option<Rewritten>,
    pub(super) meta: Option<String>,
    /// `None` where they are not counted.
    pub(super) tokens: Option<u32>,
}

/// A changed use of a tool, whole.
pub(super) struct Call {
    message: u128,
    pub(super) paths: Vec<lichen_model::RepoPath>,
    pub(super) command: Option<String>,
    pub(super) patch: Option<String>,
    pub(super) input: String,
}

/// A changed passage, whole but for what never changes.
pub(super) struct Passage {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) line: u32,
    pub(super) context: String,
    pub(super) text_hash: TextHash,
    /// Its words change, not only its place.
    pub(super) remade: bool,
}

/// A changed label: its thing as it is stored, and its new name.
pub(super) struct Tag {
    pub(super) kind: String,
    pub(super) thing: u128,
    pub(super) name: String,
    pub(super) new: String,
}

/// Where something stays that is purged: in names, which are what things are found by and are never rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Rows that hold it.
    pub count: u64,
    /// The first column of one of them, which names the row.
    pub row: String,
}

/// A changed fact: the id that it had, and the one that it has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// Before.
    pub old: AnyId,
    /// After.
    pub new: AnyId,
}

impl Survey {
    /// Whether nothing that can be rewritten changes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many facts and labels change, not counting what is derived from them.
    pub fn len(&self) -> usize {
        self.commits.len()
            + self.versions.len()
            + self.messages.len()
            + self.calls.len()
            + self.streams.len()
            + self.keys.len()
            + self.tags.len()
    }

    /// The facts of which a text changes, in the order of their ids.
    pub fn changed(&self) -> Vec<Renamed> {
        let all = (self.commits.keys().map(|id| (Kind::Commit, *id)))
            .chain(self.versions.keys().map(|id| (Kind::Version, *id)))
            .chain(self.messages.keys().map(|id| (Kind::Message, *id)))
            .chain(self.calls.keys().map(|id| (Kind::ToolCall, *id)))
            .chain(self.streams.keys().map(|id| (Kind::Stream, *id)));
        let id = |kind, raw| AnyId::full(kind, Id::from_u128(raw));
        all.map(|(kind, old)| Renamed { old: id(kind, old), new: id(kind, self.id_now(old)) })
            .collect()
    }

    /// How many labels change their name.
    pub fn labels(&self) -> usize {
        self.tags.len()
    }

    /// How many passages have other words.
    pub fn passages(&self) -> usize {
        self.passages.values().filter(|passage| passage.remade).count()
    }

    /// How many vectors that were paid for go.
    pub fn vectors(&self) -> usize {
        self.vectors.len()
    }

    /// Where something stays.
    pub fn left(&self) -> &[Left] {
        &self.left
    }

    pub(super) fn id_now(&self, id: u128) -> u128 {
        self.ids.get(&id).copied().unwrap_or(id)
    }
}

impl Store {
    /// Finds out what a purge changes. What waits in the journal is taken in before.
    pub fn survey(&mut self, rewrite: &mut dyn Rewrite) -> Result<Survey> {
        self.ensure_attached()?;
        while self.apply_journal()?.is_some() {}
        self.checkpoint()?;
        let conn = &self.conn;
        let mut survey = Survey::default();
        commits(conn, rewrite, &mut survey)?;
        versions(conn, rewrite, &mut survey)?;
        messages(conn, rewrite, &mut survey)?;
        calls(conn, rewrite, &mut survey)?;
        rewrite.settle();
        words(conn, rewrite, &mut survey)?;
        passages(conn, rewrite, &mut survey)?;
        survey.left.extend(left::scan(conn, rewrite)?);
        Ok(survey)
    }
}

/// Calls `each` with `columns` of every row of `table`, a bounded number of them in memory at a time.
pub(super) fn every(
    conn: &Connection,
    table: &str,
    columns: &str,
    mut each: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let rows: i64 = conn
        .query_row(&format!("SELECT coalesce(max(rowid) + 1, 0) FROM {table}"), [], |row| {
            row.get(0)
        })
        .doing(DOING)?;
    for first in (0..rows).step_by(usize::try_from(STEP).expect("a small number")) {
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE rowid >= {first} AND rowid < {}",
            first + STEP
        );
        let mut statement = conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        while let Some(row) = rows.next().doing(DOING)? {
            each(row)?;
        }
    }
    Ok(())
}

/// The text in a column, where it is read.
pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str> {
    row.get_ref(column).doing(DOING)?.as_str().map_err(|_| odd(row, column))
}

pub(super) fn text_opt<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a str>> {
    match row.get_ref(column).doing(DOING)? {
        duckdb::types::ValueRef::Null => Ok(None),
        value => value.as_str().map(Some).map_err(|_| odd(row, column)),
    }
}

fn odd(row: &Row<'_>, column: usize) -> Error {
    let name = row.as_ref().column_name(column).map_or_else(|_| column.to_string(), String::clone);
    Error::Value { column: name }
}

fn id(row: &Row<'_>, column: usize) -> Result<u128> {
    row.get::<_, Raw>(column).map(|raw| raw.0).doing(DOING)
}

fn commits(conn: &Connection, rewrite: &mut dyn Rewrite, survey: &mut Survey) -> Result<()> {
    every(conn, "git_commits", "commit_id, message", |row| {
        if let Some(new) = rewrite.text(text(row, 1)?) {
            survey.keep("git_commits", "message", id(row, 0)?, &new.text, rewrite);
            survey.commits.insert(id(row, 0)?, new);
        }
        Ok(())
    })
}

fn versions(conn: &Connection, rewrite: &mut dyn Rewrite, survey: &mut Survey) -> Result<()> {
    let mut texts: HashSet<u128> = HashSet::new();
    let columns = "version_id, document_id, text, title, meta";
    every(conn, "document_versions", columns, |row| {
        let stored = text_opt(row, 2)?;
        let new = stored.and_then(|text| rewrite.text(text));
        let (title, meta) = (text(row, 3)?, text(row, 4)?);
        let new_title = rewrite.words(title, new.is_some());
        let new_meta = rewrite.json(meta);
        let id = id(row, 0)?;
        if let Some(new) = &new {
            texts.insert(self::id(row, 1)?);
            survey.keep("document_versions", "text", id, &new.text, rewrite);
        }
        survey.keep("document_versions", "meta", id, new_meta.as_deref().unwrap_or(meta), rewrite);
        if new.is_some() || new_title.is_some() || new_meta.is_some() {
            let title = new_title.unwrap_or_else(|| title.to_owned());
            let meta = new_meta.unwrap_or_else(|| meta.to_owned());
            survey.versions.insert(id, Version { text: new, title, meta });
        }
        Ok(())
    })?;
    ids::versions(conn, &texts, survey)
}

fn messages(conn: &Connection, rewrite: &mut dyn Rewrite, survey: &mut Survey) -> Result<()> {
    let columns =
        "message_id, stream_id, external_id, author, sent_at, text, meta, tokens, replaces";
    let mut keys: Vec<MessageKey> = Vec::new();
    let mut edits: Vec<(u128, u128)> = Vec::new();
    every(conn, "messages", columns, |row| {
        let (message, stored, fields) = (id(row, 0)?, text(row, 5)?, text(row, 6)?);
        let replaces = row.get::<_, Option<Raw>>(8).doing(DOING)?.map(|raw| raw.0);
        edits.extend(replaces.map(|replaced| (message, replaced)));
        let new = rewrite.text(stored);
        let meta = rewrite.fields(fields, new.as_ref());
        survey.keep("messages", "meta", message, meta.as_deref().unwrap_or(fields), rewrite);
        let Some(new) = new else {
            if meta.is_some() {
                let tokens = row.get(7).doing(DOING)?;
                survey.messages.insert(message, Message { text: None, meta, tokens });
            }
            return Ok(());
        };
        survey.keep("messages", "text", message, &new.text, rewrite);
        if replaces.is_none() {
            let (stream, At(at)) = (id(row, 1)?, row.get::<_, At>(4).doing(DOING)?);
            keys.extend(MessageKey::by_content(
                message,
                (stream, text(row, 2)?, text(row, 3)?, at),
                stored,
            ));
        }
        let counted: Option<u32> = row.get(7).doing(DOING)?;
        let tokens = counted.map(|_| rewrite.tokens(&new.text));
        survey.messages.insert(message, Message { text: Some(new), meta, tokens });
        Ok(())
    })?;
    ids::messages(conn, keys, survey)?;
    ids::edits(conn, &edits, survey)
}

fn calls(conn: &Connection, rewrite: &mut dyn Rewrite, survey: &mut Survey) -> Result<()> {
    let columns = "tool_call_id, message_id, ord, command, patch, input";
    let mut changed: BTreeMap<u128, Call> = BTreeMap::new();
    every(conn, "tool_calls", columns, |row| {
        let (call, message) = (id(row, 0)?, id(row, 1)?);
        if let Some(&message) = survey.ids.get(&message) {
            let ord = row.get(2).doing(DOING)?;
            let new = ToolCall::id(MessageId::from_u128(message), ord);
            survey.ids.insert(call, ToolCallId::as_u128(new));
        }
        let part = |column| -> Result<(Option<String>, bool)> {
            let stored = text_opt(row, column)?;
            let new = stored.and_then(|text| rewrite.text(text)).map(|new| new.text);
            Ok((new.clone().or_else(|| stored.map(str::to_owned)), new.is_some()))
        };
        let ((command, first), (patch, second)) = (part(3)?, part(4)?);
        let input = text(row, 5)?;
        let new = rewrite.json(input);
        survey.keep("tool_calls", "input", call, new.as_deref().unwrap_or(input), rewrite);
        if first || second || new.is_some() {
            let input = new.unwrap_or_else(|| input.to_owned());
            changed.insert(call, Call { message, paths: Vec::new(), command, patch, input });
        }
        Ok(())
    })?;
    paths_of_calls(conn, rewrite, &mut changed)?;
    survey.calls = changed;
    Ok(())
}

/// Adds the paths of changed calls, and the calls of which only a path changes.
fn paths_of_calls(
    conn: &Connection,
    rewrite: &mut dyn Rewrite,
    changed: &mut BTreeMap<u128, Call>,
) -> Result<()> {
    let rows: i64 = conn
        .query_row("SELECT coalesce(max(rowid) + 1, 0) FROM tool_calls", [], |row| row.get(0))
        .doing(DOING)?;
    for first in (0..rows).step_by(usize::try_from(STEP).expect("a small number")) {
        let sql = format!(
            "SELECT tool_call_id, message_id, paths, command, patch, input FROM tool_calls
             WHERE rowid >= {first} AND rowid < {}",
            first + STEP
        );
        let mut statement = conn.prepare(&sql).doing(DOING)?;
        for chunk in statement.query_arrow([]).doing(DOING)? {
            let odd = |column: &str| Error::Value { column: format!("tool_calls.{column}") };
            let lists = chunk.column(2).as_list_opt::<i32>().ok_or_else(|| odd("paths"))?;
            let texts = |column: usize| {
                let texts = chunk.column(column).as_string_opt::<i32>();
                texts.ok_or_else(|| odd(chunk.schema().field(column).name()))
            };
            for at in 0..chunk.num_rows() {
                let list = lists.value(at);
                let list = list.as_string_opt::<i32>().ok_or_else(|| odd("paths"))?;
                let stored: Vec<&str> = list.iter().flatten().collect();
                let new: Vec<Option<String>> =
                    stored.iter().map(|path| rewrite.text(path).map(|new| new.text)).collect();
                let call = crate::passages::raw(&chunk, 0, at)?;
                if !changed.contains_key(&call) && new.iter().all(Option::is_none) {
                    continue;
                }
                let paths = new.into_iter().zip(stored);
                let paths = paths.map(|(new, stored)| new.unwrap_or_else(|| stored.to_owned()));
                let paths = paths.map(|path| path.as_str().into()).collect();
                if let Some(call) = changed.get_mut(&call) {
                    call.paths = paths;
                } else {
                    let part = |column: usize| -> Result<Option<String>> {
                        let texts = texts(column)?;
                        Ok((!texts.is_null(at)).then(|| texts.value(at).to_owned()))
                    };
                    let message = crate::passages::raw(&chunk, 1, at)?;
                    let (command, patch) = (part(3)?, part(4)?);
                    let input = part(5)?.unwrap_or_default();
                    changed.insert(call, Call { message, paths, command, patch, input });
                }
            }
        }
    }
    Ok(())
}

/// Titles of streams, and labels.
fn words(conn: &Connection, rewrite: &mut dyn Rewrite, survey: &mut Survey) -> Result<()> {
    every(conn, "streams", "stream_id, title", |row| {
        if let Some(title) = rewrite.words(text(row, 1)?, false) {
            survey.streams.insert(id(row, 0)?, title);
        }
        Ok(())
    })?;
    every(conn, "symbol_keys", "key_id, qualified_name, name, signature", |row| {
        let stored = [text(row, 1)?, text(row, 2)?, text(row, 3)?];
        let new = stored.map(|text| rewrite.words(text, false));
        if new.iter().any(Option::is_some) {
            let number: u32 = row.get(0).doing(DOING)?;
            let [qualified, name, signature] = new;
            let or = |new: Option<String>, stored: &str| new.unwrap_or_else(|| stored.to_owned());
            let new = [or(qualified, stored[0]), or(name, stored[1]), or(signature, stored[2])];
            survey.keys.insert(number, new);
        }
        Ok(())
    })?;
    every(conn, "tags", "thing_kind::VARCHAR, thing_id, name", |row| {
        let (kind, thing, name) = (text(row, 0)?, id(row, 1)?, text(row, 2)?);
        if let Some(new) = rewrite.text(name) {
            let (kind, name) = (kind.to_owned(), name.to_owned());
            survey.tags.push(Tag { kind, thing, name, new: new.text.trim().to_owned() });
        }
        Ok(())
    })
}

fn passages(conn: &Connection, rewrite: &mut dyn Rewrite, survey: &mut Survey) -> Result<()> {
    let callers: HashSet<u128> = survey.calls.values().map(|call| call.message).collect();
    let columns = "passage_id, enum_code(owner_kind), owner_id, ord, start_byte, end_byte, line, context, text_hash";
    let mut renamed = Vec::new();
    every(conn, "passages", columns, |row| {
        let owner = id(row, 2)?;
        let new_owner = survey.id_now(owner);
        let passage = id(row, 0)?;
        let number = |column| row.get::<_, u32>(column).doing(DOING);
        let (start, end, line) = (number(4)?, number(5)?, number(6)?);
        if new_owner != owner {
            let odd = || Error::Value { column: "passages.owner_kind".to_owned() };
            let owner: Owner = owner_of(row.get(1).doing(DOING)?, new_owner).ok_or_else(odd)?;
            let site = Site { owner, ord: number(3)?, start, end, line };
            renamed.push((passage, site.id().as_u128()));
        }
        let new = survey.text_of(owner);
        let context = text(row, 7)?;
        let new_context = rewrite.words(context, new.is_some() || callers.contains(&owner));
        if new.is_none() && new_context.is_none() {
            return Ok(());
        }
        let stored = TextHash(id(row, 8)?);
        let placed = new_context.is_some();
        let context = new_context.unwrap_or_else(|| context.to_owned());
        let unmoved = Passage { start, end, line, context, text_hash: stored, remade: placed };
        let new = match new {
            Some(new) => moved(unmoved, new)
                .ok_or_else(|| Error::Value { column: "passages.end_byte".to_owned() })?,
            None => unmoved,
        };
        survey.passages.insert(passage, new);
        Ok(())
    })?;
    survey.ids.extend(renamed);
    vectors(conn, rewrite, survey)
}

/// A passage as a span of its owner's new text; `None` where it was none of the stored one.
fn moved(stored: Passage, new: &Rewritten) -> Option<Passage> {
    let (from, to) = (new.place_of(stored.start as usize), new.place_of(stored.end as usize));
    let text_hash = TextHash::of(new.text.get(from..to)?);
    // Replacing keeps line ends, so that only a passage that begins behind what was replaced has another first line.
    let lines = new.text.get(..from)?.bytes().filter(|&byte| byte == b'\n').count() + 1;
    Some(Passage {
        start: u32::try_from(from).ok()?,
        end: u32::try_from(to).ok()?,
        line: stored.line.max(u32::try_from(lines).ok()?),
        remade: stored.remade || text_hash != stored.text_hash,
        text_hash,
        ..stored
    })
}

/// Kept vectors of passages that change.
fn vectors(conn: &Connection, rewrite: &mut dyn Rewrite, survey: &mut Survey) -> Result<()> {
    let kept: u64 =
        conn.query_row("SELECT count(*) FROM embeddings", [], |row| row.get(0)).doing(DOING)?;
    if kept == 0 || survey.passages.is_empty() {
        return Ok(());
    }
    let remade = survey.passages.iter().filter(|(_, passage)| passage.remade);
    crate::append::stage(conn, remade.map(|(id, _)| *id))?;
    let mut statement = conn
        .prepare(
            "SELECT kind::VARCHAR, context, text FROM passage_texts
             WHERE passage_id IN (SELECT id FROM temp.staged)",
        )
        .doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let odd = || Error::Value { column: "passages.kind".to_owned() };
        let kind = PassageKind::from_name(text(row, 0)?).ok_or_else(odd)?;
        survey.vectors.push(rewrite.embedded(kind, text(row, 1)?, text(row, 2)?).0);
    }
    Ok(())
}

impl Survey {
    /// The new text of an owner of passages, where it changes.
    fn text_of(&self, owner: u128) -> Option<&Rewritten> {
        self.messages
            .get(&owner)
            .and_then(|message| message.text.as_ref())
            .or_else(|| self.versions.get(&owner).and_then(|version| version.text.as_ref()))
            .or_else(|| self.commits.get(&owner))
    }

    /// Notes where a new value still holds what was to go.
    fn keep(&mut self, table: &str, column: &str, row: u128, new: &str, rewrite: &dyn Rewrite) {
        if new.is_empty() || !rewrite.holds(new.as_bytes()) {
            return;
        }
        let found = self.left.iter_mut().find(|left| left.table == table && left.column == column);
        if let Some(left) = found {
            left.count += 1;
        } else {
            let (table, column, row) = (table.to_owned(), column.to_owned(), row::uuid(row));
            self.left.push(Left { table, column, count: 1, row });
        }
    }
}
