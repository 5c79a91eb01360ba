//! Messages: chats and agents' transcripts, in whatever format they come.
//!
//! A format is one file that fills a [`Format`] and is listed in [`FORMATS`]; nothing else names it.

pub mod aider;
pub mod claude_code;
pub mod codex;
pub mod csv;
pub mod cursor;
pub mod discord;
pub mod gemini;
pub mod github;
pub mod gitlab;
pub mod irc;
pub mod jsonl;
pub mod maildir;
pub mod matrix;
pub mod mbox;
pub mod opencode;
pub mod slack;
pub mod telegram;
pub mod whatsapp;
pub mod zulip;

mod agent;
mod folder;
mod forge;
mod json_stream;
mod lines;
mod mail;
mod mapping;
mod packed;
mod parts;
mod record;
mod references;
mod sqlite;
mod time;
mod whole;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use std::io::Read as _;

use crate::redact::Redactor;
use crate::{Error, Read, Result, zip_file};

pub use mapping::{Field, Mapping};

/// Bytes of a file that are enough to tell its format.
const HEAD_BYTES: u64 = 64 << 10;

/// A format of messages.
pub struct Format {
    /// Its name: what [`Stream::source`](lichen_model::Stream) and the keys of its progress carry.
    pub name: &'static str,
    /// Whether a file with this path and these first bytes is in the format. Asked in the order of [`FORMATS`].
    pub sniff: fn(path: &Path, head: &[u8]) -> bool,
    /// Opens a file in the format.
    pub open: fn(source: &Source) -> Result<Box<dyn Read + Send>>,
    /// Looks for files in the homes where the format's tool keeps them; `None` for a format without a home.
    pub discover: Option<Discover>,
}

/// Finds what is in `homes`, the folders of the format's own tool, and belongs to the repository whose work trees are
/// `repo_roots`.
pub type Discover = fn(homes: &[PathBuf], repo_roots: &[PathBuf]) -> Result<Vec<Found>>;

/// Every format, the most particular first.
pub static FORMATS: &[Format] = &[
    claude_code::FORMAT,
    codex::FORMAT,
    gemini::FORMAT,
    opencode::FORMAT,
    cursor::FORMAT,
    aider::FORMAT,
    slack::FORMAT,
    zulip::FORMAT,
    telegram::FORMAT,
    discord::FORMAT,
    matrix::FORMAT,
    whatsapp::FORMAT,
    github::FORMAT,
    gitlab::FORMAT,
    irc::FORMAT,
    csv::FORMAT,
    maildir::FORMAT,
    mbox::FORMAT,
    jsonl::FORMAT,
];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// The format of a file, told by its path and first bytes; of a folder, told by its path.
pub fn sniff(path: &Path) -> Result<&'static Format> {
    let mut head = Vec::new();
    // A folder has no first bytes: what it is, its names tell.
    if !path.is_dir() {
        let file = fs::File::open(path).map_err(Error::ReadFile)?;
        file.take(HEAD_BYTES).read_to_end(&mut head).map_err(Error::ReadFile)?;
    }
    if zip_file::is_zip(&head) {
        // An archive that is refused tells why, instead of being in no known format.
        zip_file::ZipFile::open(path)?;
    }
    FORMATS.iter().find(|format| (format.sniff)(path, &head)).ok_or_else(|| Error::UnknownFormat {
        path: path.to_owned(),
        known: FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", "),
    })
}

/// Whether `position`, of a format that is read by lines, was reached in this file; `None` where it tells nothing of the
/// kind.
pub fn continues(file: &fs::File, position: &str) -> Result<Option<bool>> {
    lines::continues(file, position)
}

/// A file of messages, and what is known about it.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The file where it is open already: it is read even if another one has its path by now. `None`: it is opened.
    pub opened: Option<Arc<fs::File>>,
    /// The session within it that is read, for a file that holds many; `None` for all of them.
    pub part: Option<String>,
    /// What the store calls it: the name in problems and, after the format's name and a colon, in progress.
    pub label: String,
    /// The position of the last progress: a file that has grown goes on there, one that was rewritten is read again.
    pub position: Option<String>,
    /// The roots of the repository's work trees: paths of tools that lie in one are told relative to it.
    pub repo_roots: Vec<PathBuf>,
    /// Names of fields, for formats whose names vary.
    pub mapping: Mapping,
    /// Longest line that is read, in bytes; 0 for the default.
    pub line_bytes_max: usize,
    /// Takes secrets out of everything that is read; `None` keeps texts as they are.
    pub redactor: Option<Arc<Redactor>>,
}

impl Source {
    /// The file, opened where it is not yet.
    pub(crate) fn file(&self) -> Result<Arc<fs::File>> {
        match &self.opened {
            Some(file) => Ok(Arc::clone(file)),
            None => fs::File::open(&self.path).map(Arc::new).map_err(Error::ReadFile),
        }
    }

    /// The text without its secrets, for what a format derives from it before the message is made.
    pub(crate) fn redact<'a>(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        match &self.redactor {
            Some(redactor) => match redactor.redact(&text) {
                Cow::Owned(redacted) => Cow::Owned(redacted),
                Cow::Borrowed(_) => text,
            },
            None => text,
        }
    }
}

/// A file that discovery found to belong to a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// The name of its format.
    pub format: &'static str,
    /// The session within it, for a file that holds many.
    pub part: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// About how many messages it holds.
    pub messages: u64,
}
