//! OpenCode: sessions, their messages and the parts of those, in `<home>/storage/` as JSON files, and since version 1.2
//! in the database `<home>/opencode.db` (`opencode-<channel>.db` for other channels).
//!
//! Every part is a message of its own: a text, a thought, a tool's call with its answer. Both stores keep the same ids,
//! so a session that was moved from one to the other is the same session.

mod database;
mod discover;
mod files;
mod part;

use std::path::Path;

use lichen_model::{Message, MessageId, Role, Zoned};
use serde_json::{Map, Value};

use super::agent::growing::{entitle, take};
use super::agent::{Origin, Place, Refused, Said, Session, inner, note, object, text};
use super::parts::Draft;
use super::whole::{Export, Whole};
use super::{Format, Source, sqlite, time};
use crate::{Error, Result};

use database::Tables;
use files::Folder;

/// The name of the format.
pub const NAME: &str = "opencode";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| Ok(Box::new(open(source)?)),
    discover: Some(discover::discover),
};

fn sniff(path: &Path, head: &[u8]) -> bool {
    if sqlite::is_database(head) {
        return Tables::open(path).is_ok_and(|tables| tables.is_known());
    }
    files::is_session(path) && {
        let head = String::from_utf8_lossy(head);
        head.contains("\"projectID\"") || head.contains("\"directory\"")
    }
}

/// Where sessions are kept.
enum Store {
    Folder(Folder),
    Tables(Tables),
}

/// A message as it is kept: its JSON, and that of its parts.
struct Kept {
    id: String,
    json: String,
    parts: Vec<(String, String)>,
}

/// A session as it is kept, without its messages.
struct About {
    id: String,
    parent: String,
    directory: String,
    title: String,
    version: String,
}

impl Store {
    fn open(path: &Path) -> Result<Self> {
        Ok(if files::is_session(path) {
            Self::Folder(Folder::open(path))
        } else {
            let tables = Tables::open(path)?;
            if !tables.is_known() {
                let what = "has no sessions of a known shape".to_owned();
                return Err(Error::Archive { path: path.to_owned(), what });
            }
            Self::Tables(tables)
        })
    }

    fn about(&self, session: &str) -> Result<Option<About>> {
        match self {
            Self::Folder(folder) => Ok(folder.about(session)),
            Self::Tables(tables) => tables.about(session),
        }
    }

    /// The ids of a session's messages, in order.
    fn messages(&self, session: &str) -> Result<Vec<String>> {
        match self {
            Self::Folder(folder) => folder.messages(session),
            Self::Tables(tables) => tables.messages(session),
        }
    }

    fn message(&self, session: &str, id: &str) -> Result<Option<Kept>> {
        match self {
            Self::Folder(folder) => folder.message(session, id),
            Self::Tables(tables) => tables.message(id),
        }
    }
}

fn open(source: &Source) -> Result<Whole<Sessions>> {
    let store = Store::open(&source.path)?;
    let (sessions, fingerprint) = match (&store, &source.part) {
        (Store::Folder(folder), _) => (vec![folder.session()], folder.fingerprint()?),
        (Store::Tables(tables), Some(part)) => {
            (vec![part.clone()], tables.fingerprint(Some(part))?)
        }
        (Store::Tables(tables), None) => (tables.sessions()?, tables.fingerprint(None)?),
    };
    let bytes = fs_err::metadata(&source.path).map_err(Error::ReadFile)?.len();
    let sessions = Sessions {
        source: source.clone(),
        store,
        waiting: sessions.into_iter().rev().collect(),
        open: None,
    };
    Ok(Whole::new(NAME, source, bytes, fingerprint, sessions))
}

/// Sessions, message by message.
struct Sessions {
    source: Source,
    store: Store,
    /// Sessions still to read, the next one last.
    waiting: Vec<String>,
    open: Option<Open>,
}

/// The session that is being read.
struct Open {
    session: Session,
    place: Place,
    version: String,
    /// Messages still to read, the next one last.
    waiting: Vec<String>,
}

impl Sessions {
    fn next_session(&mut self, draft: &mut Draft) -> Result<bool> {
        let Some(id) = self.waiting.pop() else { return Ok(false) };
        let Some(about) = self.store.about(&id)? else {
            draft.problems.at(&self.source.label, id, "is no session that can be read; skipped");
            return Ok(true);
        };
        let mut open = self.begin(&about)?;
        if !about.parent.is_empty() {
            let message = self.called_for(&about)?;
            open.session.origin =
                Some(Origin { relation: "parent", session: about.parent, message });
        }
        self.open = Some(open);
        Ok(true)
    }

    fn begin(&self, about: &About) -> Result<Open> {
        let mut session = Session::new(NAME, &about.id, &self.source);
        session.entitle(&about.title);
        let mut waiting = self.store.messages(&about.id)?;
        waiting.reverse();
        let place = Place { cwd: about.directory.clone().into(), ..Place::default() };
        Ok(Open { session, place, version: about.version.clone(), waiting })
    }

    /// The message of the session above that called for this one.
    fn called_for(&self, agent: &About) -> Result<Option<MessageId>> {
        let Some(parent) = self.store.about(&agent.parent)? else { return Ok(None) };
        let mut open = self.begin(&parent)?;
        while let Some(id) = open.waiting.pop() {
            let Some(kept) = self.store.message(&parent.id, &id)? else { continue };
            if !kept.parts.iter().any(|(_, json)| json.contains(&agent.id)) {
                continue;
            }
            // What is wrong with it is told where it is read itself.
            let said = open.read(&kept, &self.source, &mut Vec::new()).unwrap_or_default();
            let calls = kept.parts.iter().filter_map(|(_, json)| object(json).ok());
            let call = calls
                .filter(|part| {
                    let about = inner(part, "state").and_then(|state| inner(state, "metadata"));
                    let session = about.and_then(|about| {
                        text(about, "sessionId").or_else(|| text(about, "sessionID"))
                    });
                    session == Some(agent.id.as_str())
                })
                .find_map(|part| text(&part, "callID").map(ToOwned::to_owned));
            let holds = |message: &&Message| {
                message.tool_calls.iter().any(|held| Some(&held.external_id) == call.as_ref())
            };
            if let Some(message) = said.iter().find(holds) {
                return Ok(Some(message.id));
            }
        }
        Ok(None)
    }

    fn next_message(&mut self, draft: &mut Draft) -> Result<bool> {
        let Some(mut open) = self.open.take() else { return Ok(false) };
        let Some(id) = open.waiting.pop() else {
            entitle(draft, &open.session);
            return Ok(true);
        };
        let mut problems = Vec::new();
        match self.store.message(&open.session.name, &id)? {
            Some(kept) => {
                draft.bytes += (kept.json.len()
                    + kept.parts.iter().map(|(_, json)| json.len()).sum::<usize>())
                    as u64;
                match open.read(&kept, &self.source, &mut problems) {
                    Ok(messages) => take(draft, &open.session, messages),
                    Err(Refused::Damaged(what) | Refused::Unknown(what)) => problems.push(what),
                }
            }
            None => problems.push("is gone, or cannot be read; skipped".to_owned()),
        }
        for what in problems {
            draft.problems.at(&self.source.label, id.clone(), what);
        }
        self.open = Some(open);
        Ok(true)
    }
}

impl Open {
    /// What a message says.
    fn read(
        &mut self,
        kept: &Kept,
        source: &Source,
        problems: &mut Vec<String>,
    ) -> Result<Vec<Message>, Refused> {
        let message = object(&kept.json)?;
        let when = inner(&message, "time");
        let sent = when.and_then(|when| moment(when, "created"));
        if sent.is_none() {
            let what = "has no time that can be read; taken from the message before it, or as 1970";
            problems.push(what.to_owned());
        }
        let role = match text(&message, "role") {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => Role::System,
        };
        if let Some(cwd) = inner(&message, "path").and_then(|path| text(path, "cwd")) {
            self.place.cwd = cwd.into();
        }
        // A message that is still being written is read once it is whole.
        let ended = role != Role::Assistant
            || when.is_some_and(|when| when.contains_key("completed"))
            || message.contains_key("error");
        let mut messages = Vec::new();
        for (id, json) in &kept.parts {
            let part = match object(json) {
                Ok(part) => part,
                Err(Refused::Damaged(what) | Refused::Unknown(what)) => {
                    problems.push(format!("part `{id}` {what}"));
                    continue;
                }
            };
            let about =
                part::About { role, ended, cwd: &self.place.cwd, roots: &source.repo_roots };
            for mut said in part::read(id, &part, &about) {
                said.sent = said.sent.or(sent);
                if said.role != Role::User {
                    note(&mut said.meta, "model", text(&message, "modelID"));
                }
                let mode = text(&message, "agent").or_else(|| text(&message, "mode"));
                note(&mut said.meta, "agent", mode);
                note(&mut said.meta, "version", Some(&self.version));
                self.place.tell(&mut said.meta);
                messages.push(self.session.say(said));
            }
        }
        if let Some(failure) = failure(&message) {
            let mut said = Said::new(Role::System, format!("{}#error", kept.id), failure);
            said.sent = when.and_then(|when| moment(when, "completed")).or(sent);
            said.meta.raw("is_error", "true");
            self.place.tell(&mut said.meta);
            messages.push(self.session.say(said));
        }
        Ok(messages)
    }
}

/// Why a message ended early.
fn failure(message: &Map<String, Value>) -> Option<String> {
    let error = inner(message, "error")?;
    let name = text(error, "name").unwrap_or("error");
    let why = inner(error, "data").and_then(|data| text(data, "message"));
    Some(why.map_or_else(|| name.to_owned(), |why| format!("{name}: {why}")))
}

/// A number of milliseconds under `key`.
fn moment(when: &Map<String, Value>, key: &str) -> Option<Zoned> {
    time::number(&when.get(key)?.to_string())
}

impl Export for Sessions {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        if let (Store::Tables(tables), true) = (&self.store, self.open.is_none())
            && tables.without_log()
            && self.source.position.is_none()
        {
            let what = "is too large to be copied with its log: it is read as of its tool's last checkpoint";
            draft.problems.at(&self.source.label, "", what);
        }
        Ok(self.next_message(draft)? || self.next_session(draft)?)
    }

    fn offset(&self) -> u64 {
        0
    }

    fn is_whole(&self) -> bool {
        match &self.store {
            Store::Folder(_) => true,
            Store::Tables(tables) => tables.is_whole(),
        }
    }
}
