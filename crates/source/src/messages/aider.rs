//! Aider: the Markdown file `.aider.chat.history.md` in the root of a repository, to which every session is appended.
//!
//! A session begins with `# aider chat started at <local time>`; what a person typed stands behind `####`, what the tool
//! says behind `>`, and the rest is the model's. Only a session's beginning has a time: all that is said in it has that
//! one, kept with offset 0 as it tells no zone. The file is told apart by these marks alone, so an answer that quotes is
//! taken for the tool's words, unless it quotes within a fence.

mod edits;

use std::path::{Path, PathBuf};

use lichen_model::{Batch, Message, Progress, Role, Zoned};

use super::agent::growing::{entitle, take};
use super::agent::home::found;
use super::agent::{Place, Said, Session, note};
use super::lines::{Line, Lines};
use super::parts::Draft;
use super::record::utf8;
use super::{Format, Found, Source, time};
use crate::{Estimate, Read, Result, Unit};

/// The name of the format.
pub const NAME: &str = "aider";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| Ok(Box::new(Reader::open(source)?)),
    discover: Some(discover),
};

/// How a session begins.
const SESSION: &str = "# aider chat started at ";
/// About how long a message is.
const MESSAGE_BYTES: u64 = 1 << 9;

fn sniff(_: &Path, head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&head[..head.len().min(4096)]);
    head.trim_start_matches('\u{feff}').trim_start().starts_with(SESSION)
}

/// The history files of the work trees: `files` are their paths, from the root of each.
#[expect(clippy::unnecessary_wraps, reason = "what a format fills in")]
fn discover(files: &[PathBuf], repo_roots: &[PathBuf]) -> Result<Vec<Found>> {
    let mut all: Vec<Found> = repo_roots
        .iter()
        .flat_map(|root| files.iter().map(move |file| root.join(file)))
        .filter(|path| path.is_file())
        // One work tree may have several names.
        .filter_map(|path| found(NAME, &path.canonicalize().ok()?, None, 0))
        .collect();
    for found in &mut all {
        found.messages = (found.bytes / MESSAGE_BYTES).max(1);
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all.dedup();
    Ok(all)
}

/// Who speaks in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Person,
    Model,
    Tool,
}

/// Lines that one voice says.
#[derive(Default)]
struct Block {
    voice: Option<Voice>,
    text: String,
    /// An open fence of the model's.
    fence: Option<String>,
}

/// The sessions of a history, block by block.
///
/// The last block may not be whole yet. It is told as it is, and the position stays before it: with more of it, it is
/// read as an edit.
struct Reader {
    source: Source,
    lines: Lines,
    session: Option<Open>,
    block: Block,
    start: u64,
    /// Bytes of the file that were read, the last session's included.
    seen: u64,
    /// The number of the session that the last reading stopped in.
    resumed: Option<u32>,
    done: bool,
}

/// The session that is being read.
struct Open {
    session: Session,
    /// As the file writes it: the session's name, with a number where the same second begins several.
    began: String,
    sent: Option<Zoned>,
    /// Blocks before the one that is being read.
    blocks: u64,
    /// Bytes before the session's first line, and lines.
    start: (u64, u64),
}

impl Reader {
    fn open(source: &Source) -> Result<Self> {
        // The position is the start of the last session: what stands before it is not needed any more.
        let lines = Lines::of(source)?;
        let start = lines.at.offset;
        let (len, resumed) = match lines.at.extra.split_once(' ') {
            Some((len, nth)) => (len.parse().ok(), nth.parse().ok()),
            None => (None, None),
        };
        let done = start > 0 && len == Some(lines.len());
        Ok(Self {
            source: source.clone(),
            lines,
            session: None,
            block: Block::default(),
            start,
            seen: start,
            resumed,
            done,
        })
    }

    fn line(&mut self, line: &str, at: (u64, u64), draft: &mut Draft) {
        if let Some(began) = line.strip_prefix(SESSION) {
            self.end_block(draft);
            self.begin(began.trim(), at, draft);
            return;
        }
        let voice = self.voice(line);
        if let Some(voice) = voice
            && self.block.voice != Some(voice)
        {
            self.end_block(draft);
            self.block = Block { voice: Some(voice), ..Block::default() };
        }
        let words = match voice {
            Some(Voice::Person) => line.strip_prefix("####").unwrap_or(line).trim(),
            Some(Voice::Tool) => line.strip_prefix('>').unwrap_or(line).trim(),
            Some(Voice::Model) | None => line,
        };
        if voice == Some(Voice::Model) {
            self.block.follow_fence(line);
        }
        self.block.text.push_str(words);
        self.block.text.push('\n');
    }

    /// Who says a line; `None` for an empty one, which belongs to whoever spoke last.
    fn voice(&self, line: &str) -> Option<Voice> {
        let fenced = self.block.voice == Some(Voice::Model) && self.block.fence.is_some();
        if line.trim().is_empty() {
            None
        } else if fenced {
            Some(Voice::Model)
        } else if line == "####" || line.starts_with("#### ") {
            Some(Voice::Person)
        } else if line == ">" || line.starts_with("> ") {
            Some(Voice::Tool)
        } else {
            Some(Voice::Model)
        }
    }

    fn begin(&mut self, began: &str, start: (u64, u64), draft: &mut Draft) {
        let sent = time::parse(began);
        if sent.is_none() {
            let what = "a session begins at a time that cannot be read; taken as 1970";
            draft.problems.line(&self.source.label, start.1 + 1, what);
        }
        let again = self.session.as_ref().filter(|open| open.began == began);
        let nth = match self.resumed.take() {
            Some(nth) => nth,
            None => again.map_or(1, |open| nth(&open.session.name) + 1),
        };
        let name = if nth == 1 { began.to_owned() } else { format!("{began} #{nth}") };
        let session = Session::new(NAME, &name, &self.source);
        self.session = Some(Open { session, began: began.to_owned(), sent, blocks: 0, start });
        self.block = Block::default();
    }

    /// Tells the block.
    fn end_block(&mut self, draft: &mut Draft) {
        let block = std::mem::take(&mut self.block);
        let (Some(voice), Some(open)) = (block.voice, &mut self.session) else { return };
        if let Some(message) = open.say(voice, &block.text, &self.source) {
            take(draft, &open.session, vec![message]);
            entitle(draft, &open.session);
        }
    }
}

/// The number in a session's name.
fn nth(name: &str) -> u32 {
    name.rsplit_once('#').and_then(|(_, nth)| nth.parse().ok()).unwrap_or(1)
}

impl Open {
    fn say(&mut self, voice: Voice, text: &str, source: &Source) -> Option<Message> {
        let text = text.trim_matches('\n');
        if text.trim().is_empty() {
            return None;
        }
        self.blocks += 1;
        let role = match voice {
            Voice::Person => Role::User,
            Voice::Model => Role::Assistant,
            Voice::Tool => Role::System,
        };
        let mut said = Said::new(role, self.blocks.to_string(), text);
        said.sent = self.sent;
        let root = source.path.parent().unwrap_or(Path::new("")).to_owned();
        match voice {
            Voice::Person if self.session.title.is_empty() => {
                let first = text.lines().next().unwrap_or_default();
                // A command is no title.
                if !first.starts_with('/') {
                    self.session.entitle(&source.redact(first.into()));
                }
            }
            Voice::Model => said.calls = edits::read(text, &source.repo_roots, &root),
            Voice::Tool => {
                let commit = text.lines().rev().find_map(|line| line.strip_prefix("Commit "));
                let commit = commit.and_then(|rest| rest.split_whitespace().next());
                note(&mut said.meta, "gitCommit", commit);
            }
            Voice::Person => {}
        }
        Place { cwd: root, ..Place::default() }.tell(&mut said.meta);
        Some(self.session.say(said))
    }
}

impl Block {
    fn follow_fence(&mut self, line: &str) {
        let ticks: String = line.chars().take_while(|letter| *letter == '`').collect();
        if ticks.len() < 3 {
            return;
        }
        match &self.fence {
            Some(open) if line.trim() == open => self.fence = None,
            Some(_) => {}
            None => self.fence = Some(ticks),
        }
    }
}

impl Read for Reader {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        let mut buffer = Vec::new();
        let start = self.seen;
        let label = self.source.label.clone();
        while !self.done && !draft.is_full() {
            let at = (self.lines.at.offset, self.lines.at.lines);
            let Some(line) = self.lines.next(&mut buffer)? else {
                self.done = true;
                break;
            };
            self.seen = self.lines.at.offset;
            draft.bytes = self.seen - start;
            if line == Line::TooLong {
                let what = "is longer than the limit; skipped";
                draft.problems.line(&label, at.1 + 1, what);
                continue;
            }
            let (text, whole) = utf8(&buffer);
            if !whole {
                let what = "is not UTF-8; unreadable bytes were replaced";
                draft.problems.line(&label, at.1 + 1, what);
            }
            let text = text.trim_start_matches('\u{feff}').trim_end_matches('\r');
            self.line(text, at, &mut draft);
        }
        if self.done {
            self.end_block(&mut draft);
        }
        if self.seen == start {
            return Ok(None);
        }
        // Numbers of blocks count from the session's beginning, so the position is there.
        let Some(open) = &self.session else {
            draft.problems.at(&label, "", "holds no session; skipped");
            return Ok(Some(draft.finish(&label, None)));
        };
        let here = (self.lines.at.offset, self.lines.at.lines);
        (self.lines.at.offset, self.lines.at.lines) = open.start;
        let extra = format!("{} {}", self.seen, nth(&open.session.name));
        let position = self.lines.position(&extra)?;
        (self.lines.at.offset, self.lines.at.lines) = here;
        let progress = Progress { source: format!("{NAME}:{label}"), position };
        Ok(Some(draft.finish(&label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        Estimate { total, done: self.seen - self.start, unit: Unit::Bytes }
    }
}
