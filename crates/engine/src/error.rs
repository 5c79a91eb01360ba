//! What can go wrong, what kind of failure it is, and what to do next.

use std::path::PathBuf;

use lichen_index::embed::EmbedError;

/// A failure of the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no store.
    #[error("no store at `{dir}` or above it")]
    NoStore {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] lichen_store::Error),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] lichen_index::Error),
    /// Texts could not be embedded.
    #[error(transparent)]
    Embed(#[from] lichen_index::embed::EmbedError),
    /// A source could not be read at all.
    #[error(transparent)]
    Source(#[from] lichen_source::Error),
    /// A file could not be read or written; the source names it.
    #[error(transparent)]
    File {
        /// What the system said, with the path.
        source: std::io::Error,
    },
    /// The key of placeholders is not one.
    #[error(
        "`{path}` is not the key that placeholders for secrets were made with: put it back, or delete it, and secrets that are \
         taken in from now on get other placeholders"
    )]
    RedactionKey {
        /// The file.
        path: PathBuf,
    },
    /// A file of labelled data is not of its format.
    #[error("could not read `{path}` as labelled data: {what}")]
    Dataset {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A question cannot be asked so.
    #[error("{what}")]
    Question {
        /// What is wrong with it and how to ask instead.
        what: String,
    },
    /// A text cannot be purged.
    #[error("text {number} {what}")]
    PurgeText {
        /// Its number among those to purge, from 1: the text itself is not told.
        number: usize,
        /// Why not, and what to do instead.
        what: &'static str,
    },
    /// What is to be purged stands in more places than secrets do.
    #[error(
        "what is to be purged stands in {places} places, which is more than secrets usually do; nothing was changed: look at \
         them with `--dry-run`, and give `--yes` where they are meant"
    )]
    PurgeMany {
        /// The places.
        places: u64,
    },
    /// A text names no point in time.
    #[error(
        "`{text}` is not a time: write `2026-03-01`, `2026-03-01T10:00Z`, or an age such as `7d`, `12h`, `3w`"
    )]
    When {
        /// The text.
        text: String,
    },
    /// Several commits match a short revision.
    #[error("`{rev}` is short for several commits: {}", candidates.join(", "))]
    AmbiguousRevision {
        /// The text.
        rev: String,
        /// What it may be short for.
        candidates: Vec<String>,
    },
    /// No commit that was taken in is named so.
    #[error("`{rev}` is neither a time nor a commit or ref that was taken in")]
    UnknownRevision {
        /// The text.
        rev: String,
    },
    /// The repository has no such commit.
    #[error(
        "`{rev}` names no commit of this repository: `git log --all --oneline` lists what does"
    )]
    NoCommit {
        /// The text.
        rev: String,
    },
    /// A path is no file of a commit.
    #[error("`{path}` {what} at commit {commit}{}", did_you_mean(candidates))]
    NoFile {
        /// The path.
        path: String,
        /// The commit.
        commit: String,
        /// What it is instead.
        what: &'static str,
        /// Paths that may have been meant.
        candidates: Vec<String>,
    },
    /// A line is beyond the end of its file.
    #[error("`{path}` has {lines} lines, no line {line}")]
    NoLine {
        /// The file.
        path: String,
        /// The line.
        line: u32,
        /// How many lines it has.
        lines: u32,
    },
    /// Nothing that is followed is called so.
    #[error("no symbol is called `{name}`{}", did_you_mean(candidates))]
    NoSymbol {
        /// The name.
        name: String,
        /// Names that may have been meant.
        candidates: Vec<String>,
    },
    /// Several symbols are called so.
    #[error("`{name}` is the name of several symbols: {}", candidates.join("; "))]
    AmbiguousSymbol {
        /// The name.
        name: String,
        /// What they are, where they stand, and their ids.
        candidates: Vec<String>,
    },
    /// Symbols of the repository are not followed yet.
    #[error("the symbols of this repository are not followed yet, so nothing can be found by name")]
    NotFollowed,
    /// Nothing has that id.
    #[error("nothing has the id `{id}`")]
    UnknownId {
        /// The id as asked for.
        id: String,
    },
    /// No stream is called so.
    #[error("no stream is called `{asked}`: `lichen stream list` names them all")]
    UnknownStream {
        /// The name, title or id as asked for.
        asked: String,
    },
    /// No document was taken in at that path.
    #[error(
        "no document `{path}` was taken in: `lichen sql 'SELECT path FROM current_documents'` names them"
    )]
    UnknownDocument {
        /// The path as asked for.
        path: String,
    },
    /// Several things match a short id.
    #[error("`{id}` is short for several ids: {}", candidates.join(", "))]
    AmbiguousId {
        /// The id as asked for.
        id: String,
        /// What it may be short for.
        candidates: Vec<String>,
    },
    /// No key has that id, or it is revoked already.
    #[error("no key `{id}` is in use: `lichen key list` names them all")]
    UnknownAccessKey {
        /// The id as asked for.
        id: String,
    },
    /// The index searches with a model that the settings do not name.
    #[error("the index searches with the model `{model}`, which the settings do not name")]
    UnknownModel {
        /// The model.
        model: String,
    },
    /// A kept vector has another length than its model's.
    #[error("a kept vector of the model `{model}` has a wrong length; run `lichen doctor`")]
    KeptVector {
        /// The model.
        model: String,
    },
    /// The thread that owns the engine has ended.
    #[error("the engine has stopped: start it again")]
    Stopped,
    /// No run has that id.
    #[error("no run is called `{run}`: `lichen window runs` names them all")]
    UnknownRun {
        /// The run as asked for.
        run: String,
    },
    /// No window was ever claimed under that name.
    #[error("no consumer `{consumer}` ever claimed a window: `lichen window runs` names them all")]
    UnknownConsumer {
        /// The name.
        consumer: String,
    },
    /// A run ends once.
    #[error("run `{run}` {how} before: it cannot end in another way")]
    RunEnded {
        /// The run.
        run: String,
        /// How it ended.
        how: &'static str,
    },
    /// A claim expired, and the window went to another.
    #[error(
        "the claim of run `{run}` expired and run `{by}` has taken its window over: only that one can end now"
    )]
    RunTaken {
        /// The run that expired.
        run: String,
        /// The run that has the window.
        by: String,
    },
    /// The work was stopped on request. What was taken in before stays.
    #[error("stopped on request; what was taken in so far is kept")]
    Cancelled,
}

/// What kind of failure an error is: the one table behind exit codes, and later HTTP statuses and MCP errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request cannot be carried out as it was made.
    User,
    /// A setting or the surroundings are wrong.
    Config,
    /// Another process has the store.
    Busy,
    /// The thing asked for is not there.
    NotFound,
    /// Stopped on request.
    Cancelled,
    /// Anything else.
    Internal,
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoStore { .. }
            | Self::UnknownId { .. }
            | Self::UnknownStream { .. }
            | Self::UnknownDocument { .. }
            | Self::UnknownRevision { .. }
            | Self::NoCommit { .. }
            | Self::NoFile { .. }
            | Self::NoLine { .. }
            | Self::NoSymbol { .. }
            | Self::NotFollowed
            | Self::UnknownRun { .. }
            | Self::UnknownAccessKey { .. }
            | Self::UnknownConsumer { .. } => ErrorKind::NotFound,
            Self::Dataset { .. }
            | Self::PurgeText { .. }
            | Self::PurgeMany { .. }
            | Self::Question { .. }
            | Self::When { .. }
            | Self::AmbiguousId { .. }
            | Self::AmbiguousRevision { .. }
            | Self::AmbiguousSymbol { .. }
            | Self::RunEnded { .. }
            | Self::RunTaken { .. } => ErrorKind::User,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::UnknownModel { .. } | Self::RedactionKey { .. } => ErrorKind::Config,
            Self::KeptVector { .. } | Self::Stopped => ErrorKind::Internal,
            Self::File { source } if source.kind() == std::io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            Self::File { .. } => ErrorKind::Config,
            Self::Store(error) => store_kind(error),
            Self::Index(lichen_index::Error::File { .. }) => ErrorKind::Config,
            Self::Index(_) => ErrorKind::Internal,
            Self::Embed(error) => embed_kind(error),
            Self::Source(_) => ErrorKind::User,
        }
    }

    /// Whether the same may succeed when it is tried again in a while: the store is behind, or the disk is full or failed.
    pub fn may_pass(&self) -> bool {
        use lichen_store::Error as Store;
        matches!(
            self,
            Self::Store(Store::Backlog { .. } | Store::DiskFull { .. } | Store::Unknown { .. })
        )
    }

    /// The next step, where there is one that the message itself does not name.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoStore { .. } => Some(
                "make one with `lichen ingest` inside a repository, or name one with `--store`",
            ),
            Self::UnknownModel { .. } => Some(
                "name it in the settings again, or move over with `lichen index rebuild --model`",
            ),
            Self::RunTaken { .. } => {
                Some("claim longer with `--lease`, or take smaller windows with `--size`")
            }
            Self::NotFollowed => {
                Some("run `lichen ingest` in the repository, or ask by place: `FILE:LINE`")
            }
            Self::AmbiguousSymbol { .. } => Some(
                "ask with more of the name (`Type.method`), with the id, or by place (`FILE:LINE`)",
            ),
            Self::UnknownId { .. } => Some("ids come from the answers of `lichen recall`"),
            _ if self.kind() == ErrorKind::Busy => {
                Some("wait for it to end, or allow more time with `--wait SECONDS`")
            }
            _ => None,
        }
    }
}

/// The end of a message that names what may have been meant.
fn did_you_mean(candidates: &[String]) -> String {
    if candidates.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = candidates.iter().map(|candidate| format!("`{candidate}`")).collect();
    format!("; did you mean {}?", quoted.join(", "))
}

fn store_kind(error: &lichen_store::Error) -> ErrorKind {
    if error.is_busy() {
        ErrorKind::Busy
    } else if error.is_user() {
        ErrorKind::User
    } else if error.is_config() {
        ErrorKind::Config
    } else {
        ErrorKind::Internal
    }
}

fn embed_kind(error: &EmbedError) -> ErrorKind {
    match error {
        EmbedError::Refused { .. } | EmbedError::NoModel { .. } | EmbedError::Dimensions { .. } => {
            ErrorKind::Config
        }
        EmbedError::Busy { .. } => ErrorKind::Busy,
        _ => ErrorKind::Internal,
    }
}
