//! Conversations as rows of the database.

use std::path::{Path, PathBuf};

use lichen_model::Zoned;
use rusqlite::OptionalExtension as _;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

use super::{NAME, bubble};
use crate::messages::Source;
use crate::messages::agent::growing::{entitle, take};
use crate::messages::agent::{Origin, Place, Session, inner, list, object, text};
use crate::messages::parts::Draft;
use crate::messages::sqlite::Database;
use crate::messages::time;
use crate::messages::whole::{Export, Whole};
use crate::{Error, Result};

const CONVERSATION: &str = "composerData:";

/// The rows of a database of Cursor.
pub(super) struct Rows(Database);

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self(Database::open(path)?))
    }

    /// Whether it is what it is taken for.
    pub(super) fn is_known(&self) -> bool {
        self.0.has_tables(&["cursorDiskKV"])
    }

    /// A row's value.
    pub(super) fn value(&self, key: &str) -> Result<Option<String>> {
        self.cell("SELECT value FROM cursorDiskKV WHERE key = ?1", key)
    }

    /// A value of the editor's own table.
    pub(super) fn item(&self, key: &str) -> Result<Option<String>> {
        if !self.0.has_tables(&["ItemTable"]) {
            return Ok(None);
        }
        self.cell("SELECT value FROM ItemTable WHERE key = ?1", key)
    }

    fn cell(&self, sql: &str, key: &str) -> Result<Option<String>> {
        let read = || {
            let mut statement = self.0.connection.prepare_cached(sql)?;
            statement.query_row([key], |row| row.get_ref(0).map(cell)).optional()
        };
        read().map_err(|error| self.0.failed(error))
    }

    /// The ids of all conversations.
    pub(super) fn conversations(&self) -> Result<Vec<String>> {
        let read = || {
            let sql = "SELECT key FROM cursorDiskKV WHERE key >= ?1 AND key < ?2 ORDER BY key";
            let mut statement = self.0.connection.prepare(sql)?;
            let rows = statement
                .query_map([CONVERSATION, "composerData;"], |row| row.get_ref(0).map(cell))?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        let keys = read().map_err(|error| self.0.failed(error))?;
        Ok(keys
            .iter()
            .filter_map(|key| key.strip_prefix(CONVERSATION))
            .map(ToOwned::to_owned)
            .collect())
    }

    /// What tells whether anything changed in a conversation.
    fn fingerprint(&self, id: &str, hasher: &mut blake3::Hasher) -> Result<()> {
        hasher.update(id.as_bytes());
        hasher.update(self.value(&format!("{CONVERSATION}{id}"))?.unwrap_or_default().as_bytes());
        let read = || {
            let sql = "SELECT concat_ws(' ', count(*), sum(length(value))) FROM cursorDiskKV
                       WHERE key >= ?1 AND key < ?2";
            let mut statement = self.0.connection.prepare_cached(sql)?;
            let range = [format!("bubbleId:{id}:"), format!("bubbleId:{id};")];
            statement.query_row(range, |row| row.get_ref(0).map(cell))
        };
        hasher.update(read().map_err(|error| self.0.failed(error))?.as_bytes());
        Ok(())
    }
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

/// Opens a database, or one conversation in it.
pub(super) fn open(source: &Source) -> Result<Whole<Conversations>> {
    let rows = Rows::open(&source.path)?;
    if !rows.is_known() {
        let what = "has no conversations of a known shape".to_owned();
        return Err(Error::Archive { path: source.path.clone(), what });
    }
    let mut waiting = match &source.part {
        Some(part) => vec![part.clone()],
        None => rows.conversations()?,
    };
    let mut hasher = blake3::Hasher::new();
    for id in &waiting {
        rows.fingerprint(id, &mut hasher)?;
    }
    waiting.reverse();
    let fingerprint = hasher.finalize().to_hex()[..32].to_owned();
    let bytes = fs_err::metadata(&source.path).map_err(Error::ReadFile)?.len();
    let conversations =
        Conversations { source: source.clone(), rows, waiting, open: None, told: false };
    Ok(Whole::new(NAME, source, bytes, fingerprint, conversations))
}

/// Conversations, bubble by bubble.
pub(super) struct Conversations {
    source: Source,
    rows: Rows,
    /// Conversations still to read, the next one last.
    waiting: Vec<String>,
    open: Option<Open>,
    told: bool,
}

/// The conversation that is being read.
struct Open {
    session: Session,
    place: Place,
    began: Option<Zoned>,
    /// Bubbles still to read, the next one last.
    waiting: Vec<Bubble>,
}

/// A bubble: in a row of its own, or in that of its conversation.
enum Bubble {
    Row(String),
    Here(Map<String, Value>),
}

impl Conversations {
    fn next_conversation(&mut self, draft: &mut Draft) -> Result<bool> {
        let Some(id) = self.waiting.pop() else { return Ok(false) };
        let Some(json) = self.rows.value(&format!("{CONVERSATION}{id}"))? else { return Ok(true) };
        let about = match object(&json) {
            Ok(about) => about,
            Err(refused) => {
                draft.problems.at(&self.source.label, id, told(refused));
                return Ok(true);
            }
        };
        let mut session = Session::new(NAME, &id, &self.source);
        session.entitle(text(&about, "name").unwrap_or_default());
        let parent = inner(&about, "subagentInfo").and_then(|info| text(info, "parentComposerId"));
        session.origin = parent.map(|parent| Origin {
            relation: "parent",
            session: parent.to_owned(),
            message: None,
        });
        let began = about.get("createdAt").and_then(|at| time::number(&at.to_string()));
        let branch = text(&about, "createdOnBranch").unwrap_or_default().to_owned();
        let cwd = folder_of(&about).unwrap_or_else(|| self.one_root());
        let place = Place { cwd, branch, ..Place::default() };
        self.open = Some(Open { session, place, began, waiting: bubbles(&about) });
        Ok(true)
    }

    /// A conversation that was found tells no folder: it is the repository's.
    fn one_root(&self) -> PathBuf {
        match (&self.source.part, self.source.repo_roots.first()) {
            (Some(_), Some(root)) => root.clone(),
            _ => PathBuf::new(),
        }
    }

    fn next_bubble(&mut self, draft: &mut Draft) -> Result<bool> {
        let Some(mut open) = self.open.take() else { return Ok(false) };
        let Some(next) = open.waiting.pop() else {
            entitle(draft, &open.session);
            return Ok(true);
        };
        let bubble = match next {
            Bubble::Here(bubble) => Ok(bubble),
            Bubble::Row(id) => {
                let key = format!("bubbleId:{}:{id}", open.session.name);
                match self.rows.value(&key)? {
                    Some(json) => {
                        draft.bytes += json.len() as u64;
                        object(&json).map_err(|refused| (id, told(refused)))
                    }
                    None => Err((id, "is gone; skipped".to_owned())),
                }
            }
        };
        match bubble {
            Ok(bubble) => {
                for mut said in bubble::read(&bubble, &open.place.cwd, &self.source.repo_roots) {
                    said.sent = said.sent.or_else(|| open.session.last().map(|(_, sent)| sent));
                    said.sent = said.sent.or(open.began);
                    open.place.tell(&mut said.meta);
                    let message = open.session.say(said);
                    take(draft, &open.session, vec![message]);
                }
            }
            Err((id, what)) => {
                let place = format!("{}, bubble {id}", open.session.name);
                draft.problems.at(&self.source.label, place, what);
            }
        }
        self.open = Some(open);
        Ok(true)
    }
}

fn told(refused: crate::messages::agent::Refused) -> String {
    let (crate::messages::agent::Refused::Damaged(what)
    | crate::messages::agent::Refused::Unknown(what)) = refused;
    what
}

/// The bubbles of a conversation, the last one first; none of those that are still being written.
fn bubbles(about: &Map<String, Value>) -> Vec<Bubble> {
    let unfinished: Vec<&str> =
        list(about, "generatingBubbleIds").iter().filter_map(Value::as_str).collect();
    let id = |bubble: &Map<String, Value>| text(bubble, "bubbleId").unwrap_or_default().to_owned();
    let finished = |id: &str| !id.is_empty() && !unfinished.contains(&id);
    let headers = list(about, "fullConversationHeadersOnly").iter().filter_map(Value::as_object);
    let mut bubbles: Vec<Bubble> =
        headers.map(id).filter(|id| finished(id)).map(Bubble::Row).collect();
    if bubbles.is_empty() {
        let here = list(about, "conversation").iter().filter_map(Value::as_object);
        bubbles = here.filter(|bubble| finished(&id(bubble))).cloned().map(Bubble::Here).collect();
    }
    bubbles.reverse();
    bubbles
}

/// How many bubbles a conversation lists.
pub(super) fn len(about: &Map<String, Value>) -> usize {
    bubbles(about).len()
}

/// The folder that a conversation, or an entry of the list of them, says it is about.
pub(super) fn folder_of(about: &Map<String, Value>) -> Option<PathBuf> {
    let uri = inner(inner(about, "workspaceIdentifier")?, "uri")?;
    text(uri, "fsPath").or_else(|| text(uri, "path")).map(PathBuf::from)
}

impl Export for Conversations {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        if !std::mem::replace(&mut self.told, true) && self.rows.0.without_log {
            let what = "is too large to be copied with its log: it is read as of its tool's last checkpoint";
            draft.problems.at(&self.source.label, "", what);
        }
        Ok(self.next_bubble(draft)? || self.next_conversation(draft)?)
    }

    fn offset(&self) -> u64 {
        0
    }

    fn is_whole(&self) -> bool {
        self.rows.0.is_whole()
    }
}
