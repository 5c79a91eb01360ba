//! Gemini CLI: the chats of a project under `<home>/tmp/<project>/chats/`, and the prompts in `<home>/tmp/<project>/logs.json`.
//!
//! Until spring 2026 a chat was one JSON document, `session-<time>-<id>.json`, which the tool wrote anew after every
//! turn; since then it is `.jsonl`: a first line about the session, then messages, changes (`$set`) and rewinds
//! (`$rewindTo`). A message comes again, under its id, when its tools have answered. Sub-agents have files of their own
//! in a folder that is named after the session.

mod discover;
mod document;
mod logs;
mod record;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lichen_model::{Message, MessageId, Zoned};
use serde_json::{Map, Value};

use super::agent::growing::{Growing, Told, Transcript};
use super::agent::{Origin, Place, Refused, Session, home, list, object, stem, text};
use super::{Format, Source, parts};

/// The name of the format.
pub const NAME: &str = "gemini";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| {
        Ok(if logs::is_log(&source.path) {
            Box::new(logs::open(source)?)
        } else if home::has_extension(&source.path, "jsonl") {
            Box::new(Growing::open(NAME, source, Chat::new(source))?)
        } else {
            Box::new(document::open(source)?)
        })
    },
    discover: Some(discover::discover),
};

fn sniff(path: &Path, head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    if !head.contains("\"sessionId\"") {
        return false;
    }
    let chat = home::has_extension(path, "json") || home::has_extension(path, "jsonl");
    (chat && head.contains("\"projectHash\""))
        || (logs::is_log(path) && head.contains("\"messageId\""))
}

/// A chat, record by record.
struct Chat {
    source: Source,
    session: Session,
    place: Place,
    begun: bool,
    /// What was said under an id: a hash of it.
    said: HashMap<String, u64>,
    /// What was said before the message of this id.
    before: HashMap<String, Option<(MessageId, Zoned)>>,
}

impl Chat {
    fn new(source: &Source) -> Self {
        Self {
            session: Session::new(NAME, &stem(&source.path), source),
            source: source.clone(),
            place: Place { cwd: discover::project_of(source), ..Place::default() },
            begun: false,
            said: HashMap::new(),
            before: HashMap::new(),
        }
    }

    /// What a record says about the session.
    fn about(&mut self, about: &Map<String, Value>) {
        if let (Some(id), false) = (text(about, "sessionId"), self.begun) {
            self.begun = true;
            self.session = Session::new(NAME, id, &self.source);
            self.session.origin = parent(&self.source, id);
        }
        self.session.entitle(text(about, "summary").unwrap_or_default());
    }

    /// The messages of a record that are news.
    fn message(&mut self, record: &Map<String, Value>, told: &mut Told) {
        let (all, problem) = record::read(record, &self.place.cwd, &self.source.repo_roots);
        told.problems.extend(problem.map(ToOwned::to_owned));
        let id = text(record, "id").unwrap_or_default();
        self.before.entry(id.to_owned()).or_insert(self.session.last());
        for mut said in all {
            let hash = parts::key(&said.text);
            match self.said.insert(said.id.clone(), hash) {
                // A tool's answer is kept as it came first: later ones only leave out more of it.
                Some(_) if said.answers.is_some() => continue,
                Some(before) if before == hash => continue,
                _ => {}
            }
            self.place.tell(&mut said.meta);
            told.messages.push(self.session.say(said));
        }
    }

    /// A record of a chat, in either shape.
    fn record(&mut self, record: &Map<String, Value>, told: &mut Told) -> Result<(), Refused> {
        if let Some(to) = text(record, "$rewindTo") {
            // What was taken back stays; what follows answers what stood before it.
            self.session.go_back(self.before.get(to).copied().flatten());
        } else if let Some(Value::Object(changes)) = record.get("$set") {
            self.about(changes);
            for message in list(changes, "messages").iter().filter_map(Value::as_object) {
                self.message(message, told);
            }
        } else if text(record, "id").is_some() && record.contains_key("type") {
            self.message(record, told);
        } else if record.contains_key("sessionId") {
            self.about(record);
        } else {
            return Err(Refused::Damaged("is neither a message nor about one; skipped".to_owned()));
        }
        Ok(())
    }
}

impl Transcript for Chat {
    fn line(&mut self, line: &str, told: &mut Told) -> Result<(), Refused> {
        let record = object(line)?;
        self.record(&record, told)
    }

    fn session(&self) -> &Session {
        &self.session
    }
}

/// The session that started this one as a sub-agent: its file lies in a folder of that name.
fn parent(source: &Source, agent: &str) -> Option<Origin> {
    let folder = source.path.parent()?;
    let (parent, chats) = (home::name(folder), folder.parent()?);
    if home::name(chats) != "chats" {
        return None;
    }
    let message = chat_of(chats, &parent).and_then(|path| called_for(source, path, agent));
    Some(Origin { relation: "parent", session: parent, message })
}

/// The file of a session.
fn chat_of(chats: &Path, session: &str) -> Option<PathBuf> {
    let short = session.get(..8)?;
    let names = |path: &Path| {
        let stem = stem(path);
        stem.starts_with("session-") && stem.ends_with(&format!("-{short}"))
    };
    home::files(chats, 0, names).ok()?.pop()
}

/// The message of a session that called for the sub-agent.
fn called_for(source: &Source, path: PathBuf, agent: &str) -> Option<MessageId> {
    let source = Source { path, position: None, ..source.clone() };
    let json = fs_err::read_to_string(&source.path).ok()?;
    let mut chat = Chat::new(&source);
    let mut calls: Vec<String> = Vec::new();
    let mut all: Vec<Message> = Vec::new();
    let records: Vec<Map<String, Value>> = match object(&json) {
        Ok(document) => {
            chat.about(&document);
            list(&document, "messages")
                .iter()
                .filter_map(|value| value.as_object().cloned())
                .collect()
        }
        Err(_) => json.lines().filter_map(|line| object(line).ok()).collect(),
    };
    for record in &records {
        let called = list(record, "toolCalls").iter().filter_map(Value::as_object);
        let called = called.filter(|call| text(call, "agentId") == Some(agent));
        calls.extend(called.filter_map(|call| text(call, "id")).map(ToOwned::to_owned));
        let mut told = Told::default();
        // What is wrong with it is told where it is read itself.
        drop(chat.record(record, &mut told));
        all.append(&mut told.messages);
    }
    let holds = |message: &&Message| {
        message.tool_calls.iter().any(|call| calls.contains(&call.external_id))
    };
    all.iter().find(holds).map(|message| message.id)
}
