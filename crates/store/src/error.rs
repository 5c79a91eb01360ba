//! What can go wrong in the store, each with the step that leads on.

use std::path::PathBuf;

use crate::CATALOG;

/// The result of the store's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the store was doing when it failed, and to what.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process owns the store.
    #[error(
        "the store at `{path}` is in use by process {pid} (`{command}`): wait for it to end, or stop it"
    )]
    Busy {
        /// The owner's process id; 0 where it did not say.
        pid: u32,
        /// The owner's command.
        command: String,
        /// The store's folder.
        path: PathBuf,
    },
    /// A file or folder of the store could not be made, read or written.
    #[error("could not {doing}")]
    File {
        /// What was being done, with the path.
        doing: &'static str,
        /// Why; names the path.
        #[source]
        source: std::io::Error,
    },
    /// DuckDB could not start or attach the file.
    #[error(
        "could not open the store at `{path}`: if the file is damaged, restore it from a copy or ingest anew"
    )]
    Open {
        /// The data file.
        path: PathBuf,
        /// Why.
        #[source]
        source: duckdb::Error,
    },
    /// The file was written by a later version of this program.
    #[error(
        "the store at `{path}` has schema `{found}`, which this version does not know: use a newer `lichen`"
    )]
    Newer {
        /// The data file.
        path: PathBuf,
        /// Its newest migration.
        found: String,
    },
    /// A commit is named that was not taken in.
    #[error("commit `{oid}` was not taken in: run `lichen ingest` again")]
    NoCommit {
        /// Its object id.
        oid: String,
    },
    /// A blob is named whose symbols were not taken in.
    #[error("the symbols of blob `{oid}` were not taken in: run `lichen ingest` again")]
    NoBlob {
        /// Its object id.
        oid: String,
    },
    /// The file is a DuckDB database of something else.
    #[error(
        "`{path}` is a DuckDB database, but no store: it has tables and no record of migrations"
    )]
    Foreign {
        /// The data file.
        path: PathBuf,
    },
    /// A forward step of the schema failed; the file is as it was before the step.
    #[error("migration `{name}` failed and was rolled back")]
    Migration {
        /// The step.
        name: String,
        /// Why.
        #[source]
        source: duckdb::Error,
    },
    /// A statement failed.
    #[error("could not {doing}")]
    Query {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: duckdb::Error,
    },
    /// The database gave a value that the schema rules out.
    #[error("column `{column}` holds a value that its table forbids: run `lichen doctor`")]
    Value {
        /// The column.
        column: String,
    },
    /// Messages were stored before their tokens were counted.
    #[error(
        "some messages of the stream have no count of tokens yet: run `lichen ingest`, which counts them"
    )]
    Uncounted,
    /// No room is left. Nothing that was acknowledged is lost.
    #[error(
        "the disk of `{path}` is full ({free} bytes free): make room and run the command again; nothing that was \
         stored before is lost"
    )]
    DiskFull {
        /// The store's folder.
        path: PathBuf,
        /// Free bytes.
        free: u64,
        /// The statement's error, where it came that far.
        #[source]
        source: Option<duckdb::Error>,
    },
    /// More waits to be taken in than may.
    #[error(
        "the store is behind: {bytes} bytes of messages wait to be taken in, and {limit} may: send again in a moment"
    )]
    Backlog {
        /// Bytes that wait.
        bytes: u64,
        /// Bytes that may.
        limit: u64,
    },
    /// The disk failed, and what was written may be there after the next start or not.
    #[error(
        "the disk failed, and whether the messages are stored is not known: send them again, which stores none twice"
    )]
    Unknown {
        /// What the disk said.
        #[source]
        source: std::io::Error,
    },
    /// A batch holds what does not go through the journal.
    #[error(
        "only messages go through the journal: commits and documents are read again from their sources"
    )]
    NotLive,
    /// A batch is too large for one record.
    #[error(
        "{bytes} bytes of messages are too many for one batch, of which {limit} may be sent: send fewer at a time"
    )]
    RecordTooLarge {
        /// Bytes of the record.
        bytes: usize,
        /// Bytes that one may have.
        limit: usize,
    },
    /// A record of the journal has a form that cannot be read.
    #[error("a record of the journal cannot be read: {what}")]
    Record {
        /// Why.
        what: String,
    },
    /// A record of the journal was written by a later version of this program.
    #[error(
        "the journal holds records of form {version}, which this version does not know: use a newer `lichen`"
    )]
    NewerRecord {
        /// The form.
        version: u8,
    },
    /// A statement of the user cannot be run.
    #[error("{0}")]
    Sql(String),
    /// A statement of the user asks for what is not allowed.
    #[error("{0} is not allowed here: `sql` reads the store and nothing else")]
    SqlForbidden(String),
    /// A statement of the user took too long.
    #[error("the query was stopped after {0:?}: ask for less, or raise the time limit")]
    SqlTimeout(std::time::Duration),
    /// A path pattern cannot be read.
    #[error("`{0}` is not a path pattern: a `[` has no `]`")]
    Pattern(String),
    /// A purge did not come out whole; the store is as it was before.
    #[error(
        "the store was left as it was: the purged copy of it is not right ({what}); run `lichen doctor`"
    )]
    PurgeCheck {
        /// What is not right.
        what: String,
    },
    /// The instance serves SQL of users and has given up access to files.
    #[error("a store that has served SQL of users cannot be purged: open it anew")]
    LockedDown,
    /// An export would write over files.
    #[error("`{0}` is not an empty folder: name one that is, or one that does not exist yet")]
    ExportTarget(PathBuf),
    /// An export came out other than what the table holds.
    #[error(
        "the export of table `{table}` holds {found} rows where the table holds {wanted}: export again"
    )]
    ExportCheck {
        /// The table.
        table: &'static str,
        /// Rows of the table.
        wanted: u64,
        /// Rows of the file.
        found: u64,
    },
}

impl Error {
    /// Whether another process has the store, or it has more to do than it can: it is worth asking again.
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Backlog { .. })
    }

    /// Whether DuckDB has given the data file up, or it is just being taken again: the same can be asked once the store has
    /// recovered.
    pub fn is_given_up(&self) -> bool {
        matches!(self, Self::Query { source, .. } if gave_up(&source.to_string()))
    }

    /// Whether what was asked for is at fault.
    pub const fn is_user(&self) -> bool {
        matches!(
            self,
            Self::Sql(_)
                | Self::SqlForbidden(_)
                | Self::SqlTimeout(_)
                | Self::Pattern(_)
                | Self::ExportTarget(_)
                | Self::LockedDown
                | Self::NotLive
                | Self::RecordTooLarge { .. }
        )
    }

    /// Whether the surroundings are at fault: the disk, the file, the version of the program.
    pub const fn is_config(&self) -> bool {
        matches!(
            self,
            Self::File { .. }
                | Self::Open { .. }
                | Self::Newer { .. }
                | Self::Foreign { .. }
                | Self::DiskFull { .. }
                | Self::Unknown { .. }
                | Self::NewerRecord { .. }
        )
    }
}

/// Whether DuckDB's words say that it has given a file up, or does not have it at the moment.
pub(crate) fn gave_up(text: &str) -> bool {
    let gone = format!("Catalog \"{CATALOG}\" does not exist");
    ["has been invalidated", "FATAL", "autocheckpoint failed", &gone]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Tells what a failed statement was for.
pub(crate) trait Doing<T> {
    /// Names what was being done.
    fn doing(self, doing: &'static str) -> Result<T>;
}

impl<T> Doing<T> for Result<T, duckdb::Error> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|source| Error::Query { doing, source })
    }
}

impl<T> Doing<T> for Result<T, std::io::Error> {
    fn doing(self, doing: &'static str) -> Result<T> {
        self.map_err(|source| Error::File { doing, source })
    }
}
