//! What a recall answers.

use lichen_model::{AnyId, PassageKind, Timestamp};

/// What to recall, and where to look.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// The question, in plain words; quotes ask for a phrase.
    pub query: String,
    /// Only these kinds of text; empty for all but thinking.
    pub kinds: Vec<PassageKind>,
    /// Only what touches this path: a file, a folder, or a glob with `*`, `?` and `**`.
    pub path: Option<String>,
    /// Only things with this tag.
    pub tag: Option<String>,
    /// Only the stream of this name.
    pub stream: Option<String>,
    /// Only things whose further fields have these values.
    pub fields: Vec<(String, String)>,
    /// Only what is not older.
    pub since: Option<Timestamp>,
    /// Only what is older than this.
    pub until: Option<Timestamp>,
    /// As of a revision or a time: nothing younger, commits only where that revision has them, and documents and code as its
    /// tree has them.
    pub as_of: Option<String>,
    /// At most so many hits.
    pub limit: usize,
}

/// Hits, and where they were looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Where it was looked for, and how fresh that is.
    pub scope: Scope,
    /// Best first.
    pub hits: Vec<Hit>,
    /// How many passages scored; at least the number of hits.
    pub candidates: usize,
}

/// Where an answer was looked for, and how fresh that is.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    /// The kinds of text looked at.
    pub kinds: Vec<PassageKind>,
    /// How many passages the store holds.
    pub passages: u64,
    /// The object id of the head that was last taken in.
    pub head: Option<String>,
    /// Commits of the repository's head that are not taken in; `None` where the repository cannot be asked.
    pub lag: Option<u64>,
    /// What was left out of the search and why, such as a model that does not answer.
    pub notes: Vec<String>,
}

/// How a passage of a document stands to the work tree now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// The text is no longer in the file.
    Stale,
    /// The text is in the file at other lines.
    Moved,
    /// The file is gone.
    Gone,
}

impl Flag {
    /// Its word in answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Moved => "moved",
            Self::Gone => "gone",
        }
    }
}

/// One recalled passage.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// What `get` takes to show it: a message, a commit, or a passage of a document.
    pub id: AnyId,
    /// The commit whose state it is, where it was read from its tree and is not in the store: `get` takes [`Self::handle`] then.
    pub revision: Option<String>,
    /// What kind of text it is.
    pub kind: PassageKind,
    /// When it was said or committed; for a document when its path last changed.
    pub at: Timestamp,
    /// Who said or wrote it; empty for documents.
    pub author: String,
    /// Where it stands: `path:first-last`, a stream's name, or a commit's abbreviated id.
    pub place: String,
    /// The commit: its own, or the last one that changed the document's path.
    pub commit: Option<String>,
    /// How it stands to the work tree now.
    pub flags: Vec<Flag>,
    /// The fused score; comparable within one answer only.
    pub score: f32,
    /// The part of the text that answers best, on one line.
    pub snippet: String,
    /// The passage, verbatim.
    pub text: String,
}

impl Hit {
    /// What `get` takes to show it: a short id, or `commit:path:first-last`.
    pub fn handle(&self) -> String {
        match &self.revision {
            Some(commit) => format!("{}:{}", commit.get(..12).unwrap_or(commit), self.place),
            None => self.id.short(),
        }
    }
}
