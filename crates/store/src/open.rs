//! Opening, closing and repairing the connection to the data file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use duckdb::{Config, Connection};
use lichen_model::Clock;

use crate::append::Known;
use crate::apply::{self, Applier};
use crate::error::{Doing, Error, Result, gave_up};
use crate::journal::{self, AtStep, Journal, Settings, Step};
use crate::migrate;
use crate::owner::Owner;
use crate::reader::Reader;
use crate::recovery::{self, Replayed};
use crate::{CATALOG, disk, purge, row};

/// The data file's name in the store's folder.
pub(crate) const FILE: &str = "lichen.duckdb";

/// Bytes of a segment of the journal, about: the next group begins another.
const SEGMENT_BYTES: u64 = 16 << 20;

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
    /// Bytes of journal that may wait to be applied; above that writers are told to come again.
    pub backlog_bytes_max: u64,
    /// What is called at each step of writing and applying the journal: for tests and proofs.
    pub at_step: AtStep,
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
            backlog_bytes_max: 4 << 30,
            at_step: Arc::new(|_| Ok(())),
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
    pub(crate) applier: Applier,
    repairs: Vec<String>,
    /// Whether DuckDB has the file: not where it gave it up and could not take it again, as on a full disk.
    pub(crate) attached: bool,
    /// After the connections: the lock is let go when DuckDB has closed the file.
    _owner: Owner,
}

impl Store {
    /// Opens the store in `dir`, making it where there is none, and takes ownership of it. What an unclean end left is
    /// applied: DuckDB's log, then the journal. [`Self::repairs`] tells what was damaged.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self> {
        let dir = dir.as_ref().to_owned();
        fs_err::create_dir_all(&dir).doing("create the store's folder")?;
        let owner = Owner::take(&dir, &options.command, options.wait)?;
        purge::sweep(&dir)?;
        let (conn, replayed) = connect(&dir, &options)?;
        let reader = Reader::over(&conn)?;
        let position = reader.progress(apply::SOURCE)?;
        let known = position.as_deref().and_then(journal::parse_position);
        let settings = Settings {
            reserve_bytes: options.reserve_bytes,
            segment_bytes: SEGMENT_BYTES,
            backlog_bytes_max: options.backlog_bytes_max,
            at_step: Arc::clone(&options.at_step),
        };
        let opened = Journal::open(&dir, known, settings)?;
        let applied = known.map_or(0, |(_, applied)| applied);
        let applier = Applier::new(opened.journal, applied);
        let mut store = Self {
            reader,
            conn,
            known: None,
            locked_down: false,
            dir,
            options,
            applier,
            repairs: opened.repairs,
            attached: true,
            _owner: owner,
        };
        store.take_over(replayed, applied, opened.marked)?;
        Ok(store)
    }

    /// Applies what the journal holds and the database does not.
    fn take_over(&mut self, replayed: Replayed, applied: u64, marked: u64) -> Result<()> {
        let mut records = 0;
        while let Some(applied) = self.apply_journal()? {
            records += applied.records;
            self.repairs.extend(applied.refused);
        }
        let lost = applied < marked;
        let put_aside = replayed.repair.is_some();
        self.repairs.extend(replayed.end(&self.dir, lost)?);
        if lost || put_aside {
            self.repairs
                .push(format!("journal: {records} records were taken into the database again"));
        } else if records > 0 {
            tracing::info!(records, "the journal was applied");
        }
        for repair in &self.repairs {
            tracing::warn!("{repair}");
        }
        // Nothing is left to be told of at the next open.
        if records > 0 || self.applier.journal.bytes() > 0 {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// What an unclean end had damaged, and what was done about it; empty where nothing was.
    pub fn repairs(&self) -> &[String] {
        &self.repairs
    }

    /// What damage left in the store in `dir`, kept so that a person can look at it: see [`Self::repairs`].
    pub fn kept(dir: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs_err::read_dir(dir.join(journal::DAMAGED)) else { return Vec::new() };
        let mut kept: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        kept.sort();
        kept
    }

    /// Bytes of DuckDB's log.
    pub fn log_bytes(&self) -> u64 {
        log_bytes(&wal(&self.dir))
    }

    /// The journal, to write messages that must not be lost: what it acknowledged is taken into the tables by
    /// [`Self::apply_journal`].
    pub fn journal(&self) -> Journal {
        self.applier.journal.clone()
    }

    /// Comes to a step of which tests and proofs decide whether it is gone beyond.
    pub(crate) fn step(&self, step: Step) -> Result<()> {
        (self.options.at_step)(step).doing("go on")
    }

    /// Whether `dir` holds a store.
    pub fn exists(dir: impl AsRef<Path>) -> bool {
        dir.as_ref().join(FILE).exists()
    }

    /// The store's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The data file of the store in `dir` and the log beside it, which exists while there is something in it.
    pub fn files(dir: &Path) -> [PathBuf; 2] {
        [dir.join(FILE), wal(dir)]
    }

    /// Reads of the store, on a connection of its own.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Another reader, for another thread or for use while this store is borrowed.
    pub fn reader(&self) -> Result<Reader> {
        Reader::over(&self.conn)
    }

    /// Takes the file again that DuckDB gave up, where it can be taken by now.
    pub(crate) fn ensure_attached(&mut self) -> Result<()> {
        if self.attached {
            return Ok(());
        }
        // Without room for the checkpoint nobody who reads need be disturbed.
        disk::guard(&self.dir, log_bytes(&wal(&self.dir)))?;
        self.reattach()
    }

    /// Takes the file again that DuckDB gave up, to be read; the next write folds its log.
    pub fn ensure_readable(&mut self) -> Result<()> {
        if self.is_given_up() {
            self.attached = false;
            self.attach_again()?;
        }
        Ok(())
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

    /// Moves what the log holds into the data file, and removes the parts of the journal that are in it then.
    pub fn checkpoint(&mut self) -> Result<()> {
        self.ensure_attached()?;
        let log = log_bytes(&wal(&self.dir));
        if log > 0 {
            // The reserve is kept for this.
            disk::guard(&self.dir, log)?;
            self.step(Step::Checkpoint)?;
            if let Err(source) = self.conn.execute_batch(&format!("CHECKPOINT {CATALOG}")) {
                return Err(self.recover(Error::Query { doing: "write a checkpoint", source }));
            }
        }
        let journal = self.journal();
        journal.forget(journal.applied())
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
        // A checkpoint that fails says why it failed, and not that the file is given up with it.
        if gave_up(&text) || self.is_given_up() {
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

    /// Whether DuckDB refuses every question by now.
    fn is_given_up(&self) -> bool {
        let asked = self.conn.execute_batch(&format!("FROM {CATALOG}.main.repos LIMIT 0"));
        asked.is_err_and(|error| gave_up(&error.to_string()))
    }

    /// Takes the file again. Where the disk has no room for the checkpoint that has to follow, it is there to be read, and writing
    /// is refused until there is.
    pub(crate) fn reattach(&mut self) -> Result<()> {
        self.attached = false;
        self.attach_again()?;
        let folded = disk::guard(&self.dir, log_bytes(&wal(&self.dir)))
            .and_then(|()| recovery::checkpoint(&self.conn, &self.dir));
        if let Err(error) = folded {
            // A checkpoint that fails has given the file up again.
            if self.is_given_up() {
                self.attach_again()?;
            }
            return Err(error);
        }
        self.attached = true;
        Ok(())
    }

    fn attach_again(&mut self) -> Result<()> {
        // A connection that uses a file that was given up cannot even turn to another one: each of its statements begins a transaction
        // of that file. A new connection uses none.
        let other = self.conn.try_clone().doing("connect to DuckDB")?;
        other
            .execute_batch(&format!("DETACH DATABASE IF EXISTS {CATALOG}"))
            .doing("detach the store")?;
        recovery::attach_again(&other, &self.dir)?;
        self.conn.execute_batch(&format!("USE {CATALOG}")).doing("use the store")?;
        self.reader = Reader::over(&self.conn)?;
        Ok(())
    }

    /// Takes access to files away from DuckDB and locks its settings, for good: what a user's SQL may run beside. It
    /// keeps the data file, which [`Self::recover`] attaches anew, and a folder of its own that exports go through.
    pub(crate) fn lock_down(&mut self) -> Result<()> {
        if self.locked_down {
            return Ok(());
        }
        let files: Vec<String> = Self::files(&self.dir)
            .iter()
            .map(|path| row::literal(&path.to_string_lossy()))
            .collect();
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
fn connect(dir: &Path, options: &Options) -> Result<(Connection, Replayed)> {
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
        // They halve the bytes of texts, and double the time of reading some of them back.
        .and_then(|config| config.with("disabled_compression_methods", "dict_fsst,zstd"))
        // A commit above this many rows would skip the log and checkpoint at once.
        .and_then(|config| config.with("auto_checkpoint_skip_wal_threshold", u64::MAX.to_string()))
        .map_err(opening)?;
    if options.threads > 0 {
        config = config.threads(options.threads.into()).map_err(opening)?;
    }
    let conn = Connection::open_in_memory_with_flags(config).map_err(opening)?;
    let replayed = recovery::attach(&conn, dir)?;
    migrate::bring_up(&conn, &path)?;
    Ok((conn, replayed))
}

pub(crate) fn wal(dir: &Path) -> PathBuf {
    dir.join(format!("{FILE}.wal"))
}

pub(crate) fn log_bytes(path: &Path) -> u64 {
    fs_err::metadata(path).map_or(0, |meta| meta.len())
}

/// Whether a statement failed because the disk is full.
pub(crate) fn is_full(error: &duckdb::Error) -> bool {
    let text = error.to_string();
    ["No space left", "not enough space", "disk is full"].iter().any(|sign| text.contains(sign))
}

#[cfg(test)]
mod tests;
