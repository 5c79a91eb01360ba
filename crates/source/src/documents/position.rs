//! What the last reading saw of each file, so that the next one opens only what may have changed.
//!
//! **Invariant:** a file is trusted only if it was last written before the last reading began: a file written in the
//! same moment may have changed again without a trace (git calls such entries racy).

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use lichen_model::{RepoPath, Timestamp};

/// Raised when the rules of what is a document change: then every file is looked at again.
const RULES: u32 = 1;
/// Stands between those rules and the rules of secrets.
const RULES_EACH: u32 = 1000;
const NANOS: i128 = 1_000_000_000;

/// What is seen of a file without opening it, and whether it is a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) bytes: u64,
    /// Nanoseconds since 1970.
    pub(super) modified: i128,
    pub(super) document: bool,
}

/// The files of one reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    bytes_max: u64,
    /// The rules of what is a document, and of secrets.
    rules: u32,
    at: Timestamp,
    files: BTreeMap<RepoPath, Stamp>,
}

impl Position {
    pub(super) const fn new(bytes_max: u64, secrets: u32, at: Timestamp) -> Self {
        Self { bytes_max, rules: RULES + RULES_EACH * secrets, at, files: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, path: RepoPath, stamp: Stamp) {
        self.files.insert(path, stamp);
    }

    pub(super) fn contains(&self, path: &RepoPath) -> bool {
        self.files.get(path).is_some_and(|stamp| stamp.document)
    }

    pub(super) fn same_files(&self, other: &Self) -> bool {
        self.files == other.files
    }

    /// Whether a file is still what it was: `alive` says that the store has a document of it.
    pub(super) fn trusts(&self, path: &RepoPath, now: Stamp, alive: bool) -> bool {
        let Some(then) = self.files.get(path) else { return false };
        let at = i128::from(self.at.millis()) * 1_000_000;
        // File systems that keep whole seconds may be late by one.
        let resolution = if now.modified % NANOS == 0 { 2 * NANOS } else { 0 };
        then.document == alive
            && then.bytes == now.bytes
            && then.modified == now.modified
            && now.modified + resolution < at
    }

    /// Reads a position; `None` for one of other rules or settings.
    pub(super) fn parse(text: &str, bytes_max: u64, secrets: u32) -> Option<Self> {
        let mut lines = text.lines();
        let mut head = lines.next()?.split(' ');
        if head.next()?.parse() != Ok(RULES + RULES_EACH * secrets)
            || head.next()?.parse() != Ok(bytes_max)
        {
            return None;
        }
        let mut position = Self::new(bytes_max, secrets, Timestamp(head.next()?.parse().ok()?));
        for line in lines {
            let mut words = line.splitn(4, ' ');
            let bytes = words.next()?.parse().ok()?;
            let modified = words.next()?.parse().ok()?;
            let document = words.next()? == "d";
            position.insert(unescape(words.next()?)?, Stamp { bytes, modified, document });
        }
        Some(position)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rules, self.bytes_max, self.at.millis())?;
        for (path, stamp) in &self.files {
            let kind = if stamp.document { 'd' } else { '-' };
            write!(f, "\n{} {} {kind} {}", stamp.bytes, stamp.modified, escape(path))?;
        }
        Ok(())
    }
}

/// A path as one line of text, whatever its bytes are.
fn escape(path: &RepoPath) -> String {
    let mut text = String::with_capacity(path.0.len());
    for chunk in path.0.utf8_chunks() {
        for char in chunk.valid().chars() {
            if char.is_control() || char == '%' {
                let mut bytes = [0; 4];
                char.encode_utf8(&mut bytes).bytes().for_each(|byte| escape_byte(&mut text, byte));
            } else {
                text.push(char);
            }
        }
        chunk.invalid().iter().for_each(|&byte| escape_byte(&mut text, byte));
    }
    text
}

fn escape_byte(text: &mut String, byte: u8) {
    write!(text, "%{byte:02x}").expect("writing to a string cannot fail");
}

fn unescape(text: &str) -> Option<RepoPath> {
    let mut parts = text.split('%');
    let mut path = parts.next()?.as_bytes().to_vec();
    for part in parts {
        path.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        path.extend_from_slice(&part.as_bytes()[2..]);
    }
    Some(RepoPath(path))
}

#[cfg(test)]
mod tests;
