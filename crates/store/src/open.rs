//! Opening, closing and repairing the connection to the data file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use duckdb::{Config, Connection};
use lichen_model::Clock;

use crate::append::Known;
use crate::error::{Doing, Error, Result};
use crate::migrate;
use crate::owner::{self, Owner};
use crate::reader::Reader;
use crate::{CATALOG, disk, row};

/// The data file's name in the store's folder.
const FILE: &str = "lichen.duckdb";

/// Rows per block of statistics: the smallest there is, because look-ups by id are pruned by these blocks and nothing
/// else. On a million messages it made them three times as fast for an eighth more bytes.
const ROW_GROUP: u32 = 2048;

/// How a store is opened. Everything comes from the caller; the store reads no environment.
#[derive(Clone)]
pub struct Options {
    /// Bytes that DuckDB may use for its buffers.
    pub memory_limit_bytes: u64,
    /// Threads of DuckDB; 0 for one per core. One serves best: what is asked is small, and handing it between threads
    /// costs more than a second one brings.
    pub threads: u32,
    /// Where DuckDB spills; `None` for `tmp` in the store's folder.
    pub temp_dir: Option<PathBuf>,
    /// How long to wait for another owner to finish.
    pub wait: Duration,
    /// What this process is doing, told to others who want the store.
    pub command: String,
    /// Free bytes below which nothing is written.
    pub reserve_bytes: u64,
    /// Bytes of write-ahead log at which DuckDB checkpoints by itself.
    pub checkpoint_bytes: u64,
    /// Where the time comes from at which a ref was seen.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// The usual settings: 1 GiB, one thread, no waiting, 64 MiB of reserve.
    pub fn new(command: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            memory_limit_bytes: 1 << 30,
            threads: 1,
            temp_dir: None,
            wait: Duration::ZERO,
            command: command.into(),
            reserve_bytes: 64 << 20,
            checkpoint_bytes: 256 << 20,
            clock,
        }
    }
}

/// The ground state of one folder, and the only connection that writes to it.
///
/// **Invariant:** the data file is attached to an in-memory database and never opened as the first database, so that
/// a failed checkpoint takes down only the attachment, which `Store::recover` renews.
pub struct Store {
    pub(crate) reader: Reader,
    pub(crate) conn: Connection,
    pub(crate) known: Option<Known>,
    pub(crate) locked_down: bool,
    pub(crate) dir: PathBuf,
    pub(crate) options: Options,
    /// After the connections: the lock is let go when DuckDB has closed the file.
    _owner: Owner,
}

impl Store {
    /// Opens the store in `dir`, making it where there is none, and takes ownership of it.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self> {
        let dir = dir.as_ref().to_owned();
        fs_err::create_dir_all(&dir).doing("create the store's folder")?;
        let owner = Owner::take(&dir, &options.command, options.wait)?;
        let conn = connect(&dir, &options)?;
        let reader = Reader::over(&conn)?;
        Ok(Self { reader, conn, known: None, locked_down: false, dir, options, _owner: owner })
    }

    /// Whether `dir` holds a store.
    pub fn exists(dir: impl AsRef<Path>) -> bool {
        dir.as_ref().join(FILE).exists()
    }

    /// The store's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The data file and the log beside it, which exists while there is something in it.
    pub fn files(&self) -> [PathBuf; 2] {
        [self.dir.join(FILE), wal(&self.dir)]
    }

    /// Reads of the store, on a connection of its own.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Another reader, for another thread or for use while this store is borrowed.
    pub fn reader(&self) -> Result<Reader> {
        Reader::over(&self.conn)
    }

    /// Refuses to write `bytes` more where the disk could not take them, in the log and then in the data file, beside
    /// the checkpoint of what the log holds already.
    pub(crate) fn guard(&self, bytes: u64) -> Result<()> {
        let log = log_bytes(&wal(&self.dir));
        disk::guard(
            &self.dir,
            self.options.reserve_bytes.saturating_add(log).saturating_add(bytes.saturating_mul(2)),
        )
    }

    /// Moves what the log holds into the data file.
    pub fn checkpoint(&mut self) -> Result<()> {
        let log = log_bytes(&wal(&self.dir));
        if log == 0 {
            return Ok(());
        }
        // The reserve is kept for this.
        disk::guard(&self.dir, log)?;
        match self.conn.execute_batch(&format!("CHECKPOINT {CATALOG}")) {
            Ok(()) => Ok(()),
            Err(source) => Err(self.recover(Error::Query { doing: "write a checkpoint", source })),
        }
    }

    /// Checkpoints and lets the store go.
    pub fn close(mut self) -> Result<()> {
        self.checkpoint()
    }

    /// After `error`: forgets what was cached and, where DuckDB has given the attachment up, attaches the file anew.
    /// Returns the error to report.
    pub(crate) fn recover(&mut self, error: Error) -> Error {
        self.known = None;
        let Error::Query { doing, source } = error else { return error };
        let text = source.to_string();
        let full = is_full(&source);
        if text.contains("has been invalidated")
            || text.contains("FATAL")
            || text.contains("autocheckpoint failed")
        {
            tracing::warn!(error = %text, "attaching the store anew");
            if let Err(error) = self.reattach() {
                return error;
            }
        }
        if full {
            return Error::DiskFull {
                path: self.dir.clone(),
                free: disk::free_bytes(&self.dir).unwrap_or(0),
                source: Some(source),
            };
        }
        Error::Query { doing, source }
    }

    fn reattach(&mut self) -> Result<()> {
        self.conn
            .execute_batch(&format!("USE memory; DETACH {CATALOG}"))
            .doing("detach the store")?;
        attach(&self.conn, &self.dir)?;
        self.reader = Reader::over(&self.conn)?;
        Ok(())
    }

    /// Takes access to files away from DuckDB and locks its settings, for good: what a user's SQL may run beside. It
    /// keeps the data file, which [`Self::recover`] attaches anew, and a folder of its own that exports go through.
    pub(crate) fn lock_down(&mut self) -> Result<()> {
        if self.locked_down {
            return Ok(());
        }
        let files: Vec<String> =
            self.files().iter().map(|path| row::literal(&path.to_string_lossy())).collect();
        let passage = row::literal(&self.export_dir().to_string_lossy());
        let sql = format!(
            "SET GLOBAL allowed_paths = [{}]; SET GLOBAL allowed_directories = [{passage}];
             SET GLOBAL enable_external_access = false; SET GLOBAL lock_configuration = true",
            files.join(", ")
        );
        self.conn.execute_batch(&sql).doing("take access to files away")?;
        self.locked_down = true;
        Ok(())
    }

    /// Where exports are written once access to other folders was taken away.
    pub(crate) fn export_dir(&self) -> PathBuf {
        self.dir.join("export")
    }
}

/// Starts DuckDB in memory, attaches the file of `dir`, and brings its schema up to date.
fn connect(dir: &Path, options: &Options) -> Result<Connection> {
    let path = dir.join(FILE);
    let opening = |source| Error::Open { path: path.clone(), source };
    let temp = options.temp_dir.clone().unwrap_or_else(|| dir.join("tmp"));
    let mut config = Config::default()
        .with("memory_limit", format!("{}B", options.memory_limit_bytes))
        .and_then(|config| config.with("temp_directory", temp.to_string_lossy()))
        .and_then(|config| config.enable_autoload_extension(false))
        .and_then(|config| config.with("autoinstall_known_extensions", "false"))
        .and_then(|config| config.with("arrow_lossless_conversion", "true"))
        .and_then(|config| {
            config.with("checkpoint_threshold", format!("{}B", options.checkpoint_bytes))
        })
        // A commit above this many rows would skip the log and checkpoint at once.
        .and_then(|config| config.with("auto_checkpoint_skip_wal_threshold", u64::MAX.to_string()))
        .map_err(opening)?;
    if options.threads > 0 {
        config = config.threads(options.threads.into()).map_err(opening)?;
    }
    let conn = Connection::open_in_memory_with_flags(config).map_err(opening)?;
    attach(&conn, dir)?;
    migrate::bring_up(&conn, &path)?;
    Ok(conn)
}

/// Attaches the file. What a crash left in the log is applied and checkpointed at once: the first checkpoint that a
/// replay leads to must be an explicit one, or rows of indexes can be lost (duckdb#26828).
fn attach(conn: &Connection, dir: &Path) -> Result<()> {
    let (path, wal) = (dir.join(FILE), wal(dir));
    let unclean = log_bytes(&wal) > 0;
    let target = row::literal(&path.to_string_lossy());
    conn.execute_batch(&format!(
        "ATTACH {target} AS {CATALOG} (ROW_GROUP_SIZE {ROW_GROUP}); USE {CATALOG}"
    ))
    .map_err(|source| {
        let text = source.to_string();
        if let Some(busy) = owner::from_duckdb(dir, &text) {
            busy
        } else if unclean && text.to_ascii_lowercase().contains("wal") {
            Error::Replay { wal: wal.clone(), source }
        } else {
            Error::Open { path: path.clone(), source }
        }
    })?;
    if unclean {
        tracing::info!("the last process did not close the store: its log was applied");
        conn.execute_batch(&format!("CHECKPOINT {CATALOG}")).map_err(|source| {
            if is_full(&source) {
                let free = disk::free_bytes(dir).unwrap_or(0);
                Error::DiskFull { path: dir.to_owned(), free, source: Some(source) }
            } else {
                Error::Query { doing: "write a checkpoint after an unclean end", source }
            }
        })?;
    }
    Ok(())
}

fn wal(dir: &Path) -> PathBuf {
    dir.join(format!("{FILE}.wal"))
}

fn log_bytes(path: &Path) -> u64 {
    fs_err::metadata(path).map_or(0, |meta| meta.len())
}

/// Whether a statement failed because the disk is full.
fn is_full(error: &duckdb::Error) -> bool {
    let text = error.to_string();
    ["No space left", "not enough space", "disk is full"].iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests;
