//! Which session a line was said in first: a resumed or forked session begins with a copy of the one before.
//!
//! Forks say so in every copied line, but name only the session that they were made of, which may be a fork itself. Older versions copied the lines with their ids and nothing else, or left the old
//! session's id in them. A copy is told by its first line being that of an older file in the same folder.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;
use serde::Deserialize;

use super::entry::Entry;
use crate::messages::Source;
use crate::messages::agent::{home, stem};
use crate::messages::lines::{Line, Lines};

/// Bytes of a file that are searched for its first line with an id.
const HEAD_BYTES: u64 = 256 << 10;
/// A file that was made this soon after its first line was said holds no copy.
const SOON_SECS: i64 = 60;
/// Forks that are followed back, one from the other.
const DEPTH_MAX: usize = 16;
/// Letters of a session's id.
const ID_LEN: usize = 36;

/// The sessions whose lines a file may hold.
pub(super) struct Origins {
    path: PathBuf,
    own: String,
    /// Sessions by the ids of lines that were said in them, once they were looked for.
    copied: Option<HashMap<String, String>>,
    /// Of forks that were met: where their lines were copied from.
    forks: HashMap<String, HashMap<String, (String, String)>>,
}

#[derive(Deserialize)]
struct Id {
    uuid: Option<String>,
    #[serde(rename = "forkedFrom")]
    forked: Option<Forked>,
}

#[derive(Deserialize)]
struct Forked {
    #[serde(rename = "sessionId")]
    session: String,
    #[serde(rename = "messageUuid")]
    line: String,
}

impl Origins {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), own: stem(path), copied: None, forks: HashMap::new() }
    }

    /// Whether the file is a sub-agent's transcript: what it holds is its own.
    pub(super) fn is_agent(&self) -> bool {
        let folder = self.path.parent().map(home::name).unwrap_or_default();
        folder == "subagents" || self.own.starts_with("agent-")
    }

    /// The session that a line was said in first, and its id there, if that is another session.
    pub(super) fn of(&mut self, entry: &Entry, source: &Source) -> Option<(String, String)> {
        if self.is_agent() || entry.uuid.is_empty() {
            return None;
        }
        if let Some((session, uuid)) = &entry.forked {
            let first = self.first((session.clone(), uuid.clone()), source);
            return Some(first).filter(|(session, _)| *session != self.own);
        }
        let told = &entry.session;
        if !told.is_empty() && *told != self.own && self.knows(told) {
            return Some((told.clone(), entry.uuid.clone()));
        }
        if self.copied.is_none() {
            self.copied = Some(self.look(entry, source));
        }
        let session = self.copied.as_ref()?.get(&entry.uuid)?;
        Some((session.clone(), entry.uuid.clone()))
    }

    /// Follows a line from fork to fork.
    fn first(&mut self, mut at: (String, String), source: &Source) -> (String, String) {
        for _ in 0..DEPTH_MAX {
            let path = self.path.with_file_name(format!("{}.jsonl", at.0));
            let fork = self.forks.entry(at.0.clone()).or_insert_with(|| {
                let mut fork = HashMap::new();
                each_id(&path, source, &mut |id| {
                    if let Id { uuid: Some(uuid), forked: Some(forked) } = id {
                        fork.insert(uuid, (forked.session, forked.line));
                    }
                });
                fork
            });
            match fork.get(&at.1) {
                Some(before) if *before != at => at.clone_from(before),
                _ => break,
            }
        }
        at
    }

    /// Whether a session's id in a line means another session, and not that the file has another name.
    fn knows(&self, session: &str) -> bool {
        let is_id = |name: &str| name.len() == ID_LEN && name.matches('-').count() == 4;
        (is_id(session) && is_id(&self.own))
            || self.path.with_file_name(format!("{session}.jsonl")).is_file()
    }

    /// The lines of older files that begin with the same line.
    fn look(&self, entry: &Entry, source: &Source) -> HashMap<String, String> {
        let mut lines = HashMap::new();
        let Some(own) = age(&self.path) else { return lines };
        let said = entry.sent.at.0 / 1000;
        if let (true, Some(made)) = (entry.parent.is_none(), made(&self.path))
            && made - said <= SOON_SECS
        {
            return lines;
        }
        let (Some(first), Some(folder)) = (first_id(&self.path), self.path.parent()) else {
            return lines;
        };
        let is_session = |path: &Path| home::has_extension(path, "jsonl") && path != self.path;
        let files = home::files(folder, 0, is_session).unwrap_or_default();
        let mut older: Vec<_> = files
            .into_iter()
            .filter_map(|path| Some((age(&path)?, path)))
            .filter(|(age, path)| *age < own && first_id(path).as_ref() == Some(&first))
            .collect();
        older.sort();
        for (_, path) in older {
            let session = stem(&path);
            each_id(&path, source, &mut |id| {
                if let Some(uuid) = id.uuid.filter(|uuid| !uuid.is_empty()) {
                    lines.entry(uuid).or_insert_with(|| session.clone());
                }
            });
        }
        lines
    }
}

/// What files are ordered by: when they were made, or else last written to; then their names.
fn age(path: &Path) -> Option<(SystemTime, PathBuf)> {
    let metadata = fs::metadata(path).ok()?;
    let time = metadata.created().or_else(|_| metadata.modified()).ok()?;
    Some((time, path.to_owned()))
}

/// When a file was made, in seconds since 1970, where the file system tells.
fn made(path: &Path) -> Option<i64> {
    let time = fs::metadata(path).ok()?.created().ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

fn first_id(path: &Path) -> Option<String> {
    let head = BufReader::new(fs::File::open(path).ok()?.take(HEAD_BYTES));
    head.split(b'\n').map_while(Result::ok).find_map(|line| {
        serde_json::from_slice::<Id>(&line).ok()?.uuid.filter(|uuid| !uuid.is_empty())
    })
}

fn each_id(path: &Path, source: &Source, take: &mut dyn FnMut(Id)) {
    let Ok(mut lines) = Lines::open(path, None, source.line_bytes_max) else { return };
    let mut buffer = Vec::new();
    while let Ok(Some(line)) = lines.next(&mut buffer) {
        if line != Line::TooLong
            && let Ok(id) = serde_json::from_slice(&buffer)
        {
            take(id);
        }
    }
}
