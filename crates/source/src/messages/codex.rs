//! Codex: one session per file, `<home>/sessions/YYYY/MM/DD/rollout-<time>-<session>.jsonl`, which the tool may pack
//! into `.jsonl.zst` once it is old.
//!
//! The first line tells the session: its id, working directory and commit. `response_item` lines are the conversation as
//! the model sees it; most `event_msg` lines say the same once more for the screen. Sessions of before September 2025
//! have bare items without a time of their own. A forked session, and a sub-agent that knows its parent's talk, begins
//! with a copy of it: what was copied stays in the session where it was said.

mod copied;
mod discover;
mod item;
mod packed;
mod rollout;

use std::path::Path;

use lichen_model::{Role, Zoned};
use serde_json::{Map, Value};

use super::agent::growing::{Growing, Told, Transcript};
use super::agent::{self, Origin, Place, Refused, Said, Session, inner, note, object, text};
use super::parts::Meta;
use super::{Format, Source, time};

use copied::{Copied, Known};

/// The name of the format.
pub const NAME: &str = "codex";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| {
        let rollout = Rollout::new(source, 0);
        Ok(if packed::is_packed(&source.path) {
            Box::new(packed::open(source, rollout)?)
        } else {
            Box::new(Growing::open(NAME, source, rollout)?)
        })
    },
    discover: Some(discover::discover),
};

fn sniff(path: &Path, head: &[u8]) -> bool {
    if !rollout::is_rollout(path) {
        return false;
    }
    let head = if packed::is_packed(path) { packed::head(head) } else { head.to_vec() };
    let first = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    first.contains("\"session_meta\"")
        || (first.contains("\"timestamp\"") && first.contains("\"id\""))
}

/// A session of Codex, line by line.
pub(super) struct Rollout {
    source: Source,
    session: Session,
    place: Place,
    model: String,
    version: String,
    /// The session's first line has been read.
    begun: bool,
    /// When it began: what is said in sessions without times.
    began: Option<Zoned>,
    copied: Option<Copied>,
    /// What it has from other sessions, for one that is read as the origin of another.
    taken: Vec<Known>,
    /// How many sessions this one is the origin of, one through the other.
    depth: u8,
}

impl Rollout {
    fn new(source: &Source, depth: u8) -> Self {
        Self {
            session: Session::new(NAME, &rollout::session_of(&source.path), source),
            source: source.clone(),
            place: Place::default(),
            model: String::new(),
            version: String::new(),
            begun: false,
            began: None,
            copied: None,
            taken: Vec::new(),
            depth,
        }
    }

    /// The first line of a session; those that follow are copies of other sessions' first lines.
    fn begin(&mut self, meta: &Map<String, Value>, sent: Option<Zoned>) {
        if self.begun {
            return;
        }
        self.begun = true;
        if let Some(id) = text(meta, "id").or_else(|| text(meta, "session_id")) {
            self.session = Session::new(NAME, id, &self.source);
        }
        self.began = text(meta, "timestamp").and_then(time::parse).or(sent);
        self.place.cwd = text(meta, "cwd").unwrap_or_default().into();
        text(meta, "cli_version").unwrap_or_default().clone_into(&mut self.version);
        if let Some(git) = inner(meta, "git") {
            text(git, "branch").unwrap_or_default().clone_into(&mut self.place.branch);
            text(git, "commit_hash").unwrap_or_default().clone_into(&mut self.place.commit);
        }
        let parent = parent(meta).map(ToOwned::to_owned);
        let forked = text(meta, "forked_from_id").map(ToOwned::to_owned);
        let Some(before) = forked.as_ref().or(parent.as_ref()) else { return };
        let relation = if parent.is_some() { "parent" } else { "continues" };
        self.copied = Copied::of(before, &self.source, self.began, self.depth).map(|mut copied| {
            copied.named = forked.is_some();
            copied
        });
        let started = self.copied.as_ref().and_then(|copied| copied.start_of(&self.session.name));
        self.session.origin = Some(Origin { relation, session: before.clone(), message: started });
    }

    /// Says it, unless another session did.
    fn say(&mut self, mut said: Said, sent: Option<Zoned>, told: &mut Told) {
        said.sent = sent.or(self.began);
        if let Some(copied) = &mut self.copied {
            if let Some(known) = copied.find(&said) {
                self.session.recall(known.id, known.sent, &known.calls);
                if self.depth > 0 {
                    self.taken.push(known.clone());
                }
                return;
            }
            self.copied = None;
        }
        if said.role != Role::User && said.role != Role::System {
            note(&mut said.meta, "model", Some(&self.model));
        }
        note(&mut said.meta, "version", Some(&self.version));
        self.place.tell(&mut said.meta);
        told.messages.push(self.session.say(said));
    }

    fn event(&mut self, event: &Map<String, Value>, sent: Option<Zoned>, told: &mut Told) {
        match text(event, "type").unwrap_or_default() {
            "thread_name_updated" => {
                self.session.entitle(text(event, "thread_name").unwrap_or_default());
            }
            "error" => {
                if let Some(what) = text(event, "message") {
                    let mut said = Said::new(Role::System, "", what);
                    said.meta.raw("is_error", "true");
                    self.say(said, sent, told);
                }
            }
            // A plan is told in no other way.
            "item_completed" => {
                let item = inner(event, "item");
                if let Some((plan, item)) = item.and_then(|item| Some((text(item, "text")?, item)))
                {
                    let id = text(item, "id").unwrap_or_default();
                    self.say(Said::new(Role::Assistant, id, plan), sent, told);
                }
            }
            // The rest says again what the items say, or how long it took.
            _ => {}
        }
    }

    fn compacted(&mut self, payload: &Map<String, Value>, sent: Option<Zoned>, told: &mut Told) {
        if let Some(summary) = text(payload, "message") {
            let mut said = Said::new(Role::System, "", summary);
            said.meta.raw("isCompactSummary", "true");
            self.say(said, sent, told);
        }
    }
}

impl Transcript for Rollout {
    fn line(&mut self, line: &str, told: &mut Told) -> Result<(), Refused> {
        let mut line = object(line)?;
        let stamp = text(&line, "timestamp").map(ToOwned::to_owned);
        let sent = stamp.as_deref().and_then(time::parse);
        let Some(kind) = text(&line, "type").map(ToOwned::to_owned) else {
            // Sessions of before September 2025: a first line, and notes of a state.
            if text(&line, "id").is_some() {
                self.begin(&line, sent);
            } else if !line.contains_key("record_type") {
                return Err(Refused::Damaged("has no type; skipped".to_owned()));
            }
            return Ok(());
        };
        let payload = match line.remove("payload") {
            Some(Value::Object(payload)) => payload,
            // A bare item.
            None => line,
            Some(_) => {
                return Err(Refused::Damaged(
                    "has a payload that is no object; skipped".to_owned(),
                ));
            }
        };
        if stamp.is_some() && sent.is_none() {
            let what = "has a time that cannot be read; taken from the session's beginning";
            told.problems.push(what.to_owned());
        }
        match kind.as_str() {
            "session_meta" => self.begin(&payload, sent),
            "turn_context" => {
                if let Some(cwd) = text(&payload, "cwd") {
                    self.place.cwd = cwd.into();
                }
                if let Some(model) = text(&payload, "model") {
                    model.clone_into(&mut self.model);
                }
            }
            "response_item" => {
                if let Some(said) = item::read(&payload, &self.place, &self.source.repo_roots)? {
                    self.say(said, sent, told);
                }
            }
            "compacted" => self.compacted(&payload, sent, told),
            "event_msg" => self.event(&payload, sent, told),
            "inter_agent_communication" => {
                if let Some(said) = item::between_agents(&payload) {
                    self.say(said, sent, told);
                }
            }
            "inter_agent_communication_metadata" | "world_state" | "state" => {}
            _ if item::is_item(&kind) => {
                if let Some(said) = item::read(&payload, &self.place, &self.source.repo_roots)? {
                    self.say(said, sent, told);
                }
            }
            _ => return Err(Refused::Unknown(kind)),
        }
        Ok(())
    }

    fn session(&self) -> &Session {
        &self.session
    }
}

/// The session that started this one as a sub-agent.
fn parent(meta: &Map<String, Value>) -> Option<&str> {
    let source = inner(meta, "source")?;
    let agent = inner(source, "subagent").or_else(|| inner(source, "sub_agent"))?;
    text(inner(agent, "thread_spawn")?, "parent_thread_id")
}

/// What hangs on a tool's result.
fn result_meta(exit_code: Option<i64>, failed: bool) -> Meta {
    let mut meta = Meta::default();
    if let Some(code) = exit_code {
        meta.raw("exit_code", &code.to_string());
    }
    if failed {
        meta.raw("is_error", "true");
    }
    meta
}

/// The text of content: of a string, or of the parts of a list; and how many images it holds.
fn content(content: Option<&Value>) -> (String, u32) {
    let (mut all, mut images) = (String::new(), 0);
    match content {
        Some(Value::String(text)) => all.clone_from(text),
        Some(Value::Array(parts)) => {
            for part in parts {
                match part {
                    Value::String(text) => agent::append(&mut all, text),
                    Value::Object(part) => match text(part, "text") {
                        Some(text) => agent::append(&mut all, text),
                        None => {
                            images += u32::from(
                                text(part, "type").is_some_and(|kind| kind.contains("image")),
                            );
                        }
                    },
                    _ => {}
                }
            }
        }
        _ => {}
    }
    (all, images)
}
