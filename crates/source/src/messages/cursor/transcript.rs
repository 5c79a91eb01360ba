//! Transcripts of agents: one message a line, without ids and times.
//!
//! The time of the whole is the file's: when it was made, or else when it was last written to, as the first reading saw
//! it. The position keeps it, so that a file that grows stays of one time.

use std::path::Path;
use std::time::UNIX_EPOCH;

use fs_err as fs;
use lichen_model::{Role, Timestamp, Zoned};
use serde_json::{Map, Value};

use super::NAME;
use crate::messages::Source;
use crate::messages::agent::growing::{Told, Transcript as Lines};
use crate::messages::agent::{
    Origin, Place, Refused, Said, Session, append, home, inner, list, note, object, stem, text,
    tools,
};
use crate::messages::time;
use crate::{Error, Result};

/// The folder of a project's transcripts.
const FOLDER: &str = "agent-transcripts";

/// Whether a file has the place of a transcript.
pub(super) fn is_transcript(path: &Path) -> bool {
    home::has_extension(path, "jsonl")
        && path.ancestors().any(|folder| home::name(folder) == FOLDER)
}

/// A transcript, line by line.
pub(super) struct Transcript {
    source: Source,
    session: Session,
    place: Place,
    sent: Zoned,
    lines: u64,
}

impl Transcript {
    pub(super) fn open(source: &Source) -> Result<Self> {
        let mut session = Session::new(NAME, &stem(&source.path), source);
        let folder = source.path.parent().filter(|folder| home::name(folder) == "subagents");
        if let Some(parent) = folder.and_then(Path::parent) {
            let session_above = home::name(parent);
            session.origin =
                Some(Origin { relation: "parent", session: session_above, message: None });
        }
        let cwd = source.repo_roots.first().cloned().unwrap_or_default();
        Ok(Self {
            session,
            place: Place { cwd, ..Place::default() },
            sent: sent(source)?,
            source: source.clone(),
            lines: 0,
        })
    }

    fn said(&self, role: Role, content: Option<&Value>) -> Vec<Said> {
        let line = self.lines;
        let mut words = String::new();
        let mut all = Vec::new();
        match content {
            Some(Value::String(text)) => words.clone_from(text),
            Some(Value::Array(parts)) => {
                for (place, part) in parts.iter().enumerate() {
                    let Some(part) = part.as_object() else { continue };
                    let id = format!("{line}#{place}");
                    match text(part, "type").unwrap_or_default() {
                        "text" => append(&mut words, text(part, "text").unwrap_or_default()),
                        "thinking" | "reasoning" => {
                            let thought = text(part, "thinking").or_else(|| text(part, "text"));
                            all.extend(thought.map(|text| Said::new(Role::Thinking, id, text)));
                        }
                        "tool_use" => all.push(self.called(id, part)),
                        "tool_result" => all.push(answered(id, part)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        if !words.is_empty() {
            let (words, when) = asked(&words);
            let mut said = Said::new(role, line.to_string(), words);
            note(&mut said.meta, "timestamp", when);
            // Words stand before the tools that they announce, and after the thoughts that led to them.
            let at = all.iter().take_while(|said| said.role == Role::Thinking).count();
            all.insert(at, said);
        }
        all
    }

    fn called(&self, id: String, part: &Map<String, Value>) -> Said {
        let input = part.get("input").cloned().unwrap_or(Value::Null);
        let call = text(part, "id").unwrap_or(&id).to_owned();
        let tool = text(part, "name").unwrap_or_default();
        let mut said = Said::new(Role::Assistant, id, "");
        let (roots, cwd) = (&self.source.repo_roots, &self.place.cwd);
        said.calls.push(tools::call(&call, tool, &input, roots, cwd));
        said
    }
}

fn answered(id: String, part: &Map<String, Value>) -> Said {
    let mut printed = text(part, "content").unwrap_or_default().to_owned();
    for part in list(part, "content").iter().filter_map(Value::as_object) {
        append(&mut printed, text(part, "text").unwrap_or_default());
    }
    let mut said = Said::new(Role::Tool, id, printed);
    said.answers = text(part, "tool_use_id").map(ToOwned::to_owned);
    said
}

/// A person's words without the frame that the editor puts around them, and the time it tells.
fn asked(words: &str) -> (&str, Option<&str>) {
    let between = |start: &str, end: &str| {
        let (_, rest) = words.split_once(start)?;
        rest.rsplit_once(end).map(|(inner, _)| inner.trim())
    };
    let framed = words.trim_start();
    if !framed.starts_with("<user_query>") && !framed.starts_with("<timestamp>") {
        return (words, None);
    }
    let query = between("<user_query>", "</user_query>");
    (query.unwrap_or(words), between("<timestamp>", "</timestamp>"))
}

/// The time of the whole.
fn sent(source: &Source) -> Result<Zoned> {
    // Also of a position whose file was rewritten since: the time is the session's.
    let kept = source.position.as_deref().and_then(|position| position.split(' ').nth(3));
    if let Some(kept) = kept.and_then(time::number) {
        return Ok(kept);
    }
    let metadata = fs::metadata(&source.path).map_err(Error::ReadFile)?;
    let at = metadata.created().or_else(|_| metadata.modified()).ok();
    let since = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or_default();
    Ok(Zoned { at: Timestamp(millis), offset_minutes: 0 })
}

impl Lines for Transcript {
    fn line(&mut self, line: &str, told: &mut Told) -> Result<(), Refused> {
        self.lines += 1;
        let line = object(line)?;
        let message = inner(&line, "message").unwrap_or(&line);
        let role = match text(&line, "role").or_else(|| text(message, "role")) {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("system") => Role::System,
            Some("tool") => Role::Tool,
            Some(other) => return Err(Refused::Unknown(other.to_owned())),
            None => {
                return match text(&line, "type") {
                    Some("turn_ended") => Ok(()),
                    Some(kind) => Err(Refused::Unknown(kind.to_owned())),
                    None => Err(Refused::Damaged("has no role; skipped".to_owned())),
                };
            }
        };
        for mut said in self.said(role, message.get("content")) {
            said.sent = Some(self.sent);
            self.place.tell(&mut said.meta);
            told.messages.push(self.session.say(said));
        }
        Ok(())
    }

    fn session(&self) -> &Session {
        &self.session
    }

    fn extra(&self) -> String {
        self.sent.at.0.to_string()
    }
}
