//! What can go wrong with a whole source; damaged entries are problems instead.

use std::path::PathBuf;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a source could not be read at all, or not any further.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no git repository at or above a folder.
    #[error(
        "no git repository at or above `{path}`; give the path of one, or run `git init` there"
    )]
    NoRepository {
        /// The folder.
        path: PathBuf,
    },
    /// There is a repository, but it cannot be opened.
    #[error("could not open the git repository at `{path}`")]
    OpenRepository {
        /// Where it was looked for.
        path: PathBuf,
        /// What git's files say.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The refs of a repository cannot be listed.
    #[error("could not list the refs of the git repository at `{path}`")]
    ListRefs {
        /// Its git directory.
        path: PathBuf,
        /// What git's files say.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system gives no more threads.
    #[error("could not start threads; is a limit on processes in force?")]
    StartThreads(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file or folder cannot be opened or read. The operating system's error names the path.
    #[error("could not read a source")]
    ReadFile(#[source] std::io::Error),
    /// An archive breaks a limit or a rule, or is damaged as a whole.
    #[error("could not read the archive `{path}`: {what}")]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A database of a tool cannot be read.
    #[error("could not read the database `{path}`; if its tool is at work on it, try again")]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Discovery or an ingest names a file of no known format.
    #[error("`{path}` is in no known format of messages; known are: {known}")]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The names of the formats.
        known: String,
    },
    /// A mapping of field names cannot be read.
    #[error("`{given}` is no mapping: write `field=path`, with a field of {known}")]
    Mapping {
        /// What was given.
        given: String,
        /// The fields that can be mapped.
        known: String,
    },
    /// A table has no column for what every message needs.
    #[error(
        "`{path}` has no column `{column}` for the {field}; it has `{columns}`: name one with `--map {field}=NAME`"
    )]
    Column {
        /// The file.
        path: PathBuf,
        /// What is looked for.
        field: &'static str,
        /// Under which name.
        column: String,
        /// The names of the columns.
        columns: String,
    },
    /// A process that reads symbols cannot be started.
    #[error("could not start `{path}` to read symbols")]
    StartWorker {
        /// The program.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
}
