//! The log of prompts, `logs.json`: all that is left of sessions of which no chat was recorded.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use fs_err as fs;
use lichen_model::{Batch, Progress};
use serde_json::Value;

use super::{NAME, record};
use crate::messages::Source;
use crate::messages::agent::growing::{entitle, take};
use crate::messages::agent::{Session, home, stem, text};
use crate::messages::parts::Draft;
use crate::messages::record::utf8;
use crate::{Error, Estimate, Read, Result, Unit};

/// Whether a file is the log, by its name.
pub(super) fn is_log(path: &Path) -> bool {
    home::name(path) == "logs.json"
}

pub(super) struct Log {
    source: Source,
    entries: Vec<Value>,
    problem: Option<String>,
    /// Entries that were read before: what has a chat today need not have had one then.
    read: usize,
    done: bool,
}

/// Opens a log where the last reading stopped.
pub(super) fn open(source: &Source) -> Result<Log> {
    let bytes = fs::read(&source.path).map_err(Error::ReadFile)?;
    let (json, _) = utf8(&bytes);
    let (entries, problem) = match serde_json::from_str(&json) {
        Ok(Value::Array(entries)) => (entries, None),
        Ok(_) => (Vec::new(), Some("is no log of prompts".to_owned())),
        Err(error) => (Vec::new(), Some(format!("is damaged: {error}"))),
    };
    let position = source.position.as_deref().and_then(|position| {
        let (count, check) = position.split_once(' ')?;
        let count = count.parse().ok().filter(|&count| count <= entries.len())?;
        (checked(&entries[..count]) == check).then_some(count)
    });
    Ok(Log { source: source.clone(), read: position.unwrap_or(0), entries, problem, done: false })
}

fn checked(entries: &[Value]) -> String {
    let mut hasher = blake3::Hasher::new();
    for entry in entries {
        hasher.update(entry.to_string().as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

impl Log {
    /// The sessions that have a chat, by the beginnings of their ids.
    fn chats(&self) -> Result<HashSet<String>> {
        let Some(folder) = self.source.path.parent() else { return Ok(HashSet::new()) };
        let chats = home::files(&folder.join("chats"), 0, |_| true)?;
        let short =
            |path: &std::path::PathBuf| stem(path).rsplit('-').next().map(ToOwned::to_owned);
        Ok(chats.iter().filter_map(short).collect())
    }
}

impl Read for Log {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        if std::mem::replace(&mut self.done, true)
            || (self.read == self.entries.len() && self.problem.is_none())
        {
            return Ok(None);
        }
        let mut draft = Draft::new(&self.source);
        let label = self.source.label.clone();
        if let Some(what) = self.problem.take() {
            draft.problems.at(&label, "", what);
            return Ok(Some(draft.finish(&label, None)));
        }
        let chats = self.chats()?;
        let mut sessions: HashMap<String, Session> = HashMap::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let entry = entry.as_object();
            let prompt = entry.and_then(|entry| {
                Some((text(entry, "sessionId")?.to_owned(), record::prompt(entry)?))
            });
            let Some((name, (said, sent))) = prompt else {
                if at >= self.read {
                    draft.problems.at(&label, format!("entry {}", at + 1), "is no prompt; skipped");
                }
                continue;
            };
            if chats.contains(name.get(..8).unwrap_or(&name)) {
                continue;
            }
            let session = sessions
                .entry(name)
                .or_insert_with_key(|name| Session::new(NAME, name, &self.source));
            let message = session.say(said);
            if at < self.read {
                continue;
            }
            if sent.is_none() {
                let what =
                    "has no time that can be read; taken from the prompt before it, or as 1970";
                draft.problems.at(&label, format!("entry {}", at + 1), what);
            }
            take(&mut draft, session, vec![message]);
            entitle(&mut draft, session);
        }
        let position = format!("{} {}", self.entries.len(), checked(&self.entries));
        let progress = Progress { source: format!("{NAME}:{label}"), position };
        Ok(Some(draft.finish(&label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = (self.entries.len() - self.read) as u64;
        Estimate { total, done: if self.done { total } else { 0 }, unit: Unit::Bytes }
    }
}
