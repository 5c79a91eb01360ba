//! Opening a data file whose last owner did not close it: DuckDB's log is applied, or put aside where it cannot be.
//!
//! DuckDB 1.5.5 refuses a log in which a bit has changed, or drops the commits behind the change without a word. The
//! journal holds every message since the last checkpoint, and other sources can be read again, so a log is never needed to
//! go on; it is kept nevertheless until it is certain that nothing of it was dropped.

use std::path::{Path, PathBuf};

use duckdb::Connection;

use crate::error::{Doing, Error, Result};
use crate::open::{FILE, is_full, log_bytes, wal};
use crate::{CATALOG, disk, journal, owner, row};

/// Rows per block of statistics: the smallest there is, because look-ups by id are pruned by these blocks and nothing
/// else. On a million messages it made them three times as fast for an eighth more bytes.
const ROW_GROUP: u32 = 2048;
/// The form of the file, of which the log names the file and the checkpoint that it belongs to. With an older one DuckDB
/// 1.5.5 applies the log of another store, or of an earlier time, without a word.
const STORAGE: &str = "v1.4.0";
/// Opens that may die while they apply a log before it is put aside unread.
const TRIES_MAX: u64 = 3;

/// What became of the log that an unclean end left.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    /// A copy of a log that DuckDB took, until it is known that nothing of it was dropped.
    pub(crate) copy: Option<PathBuf>,
    /// What was put aside, and why.
    pub(crate) repair: Option<String>,
}

/// Attaches the file of `dir`. What a crash left in the log is applied and checkpointed at once: the first checkpoint
/// that a replay leads to must be an explicit one, or rows of indexes can be lost (duckdb#26828).
pub(crate) fn attach(conn: &Connection, dir: &Path) -> Result<Replayed> {
    let log = wal(dir);
    let copy = dir.join(format!("{FILE}.wal.copy"));
    if log_bytes(&log) == 0 {
        attach_file(conn, dir).map_err(|source| not_opened(dir, source))?;
        // An opening that was killed after it had applied the log has left a copy, which is not judged yet.
        return Ok(Replayed { copy: copy.exists().then_some(copy), repair: None });
    }
    let tries = Tries::of(dir);
    let mut replayed = Replayed::default();
    if tries.count() >= TRIES_MAX {
        let why = format!("{TRIES_MAX} attempts to apply it ended the process");
        replayed.repair = Some(put_aside(dir, &why)?);
        attach_file(conn, dir).map_err(|source| not_opened(dir, source))?;
    } else {
        copy_log(dir, &log, &copy)?;
        tries.add()?;
        match attach_file(conn, dir) {
            Ok(()) => {
                tracing::info!("the last process did not close the store: its log was applied");
                replayed.copy = Some(copy);
            }
            Err(source) => {
                tries.end()?;
                remove(&copy)?;
                if !is_damage(&source) {
                    return Err(not_opened(dir, source));
                }
                replayed.repair = Some(put_aside(dir, &source.to_string())?);
                attach_file(conn, dir).map_err(|source| not_opened(dir, source))?;
            }
        }
    }
    checkpoint(conn, dir)?;
    tries.end()?;
    Ok(replayed)
}

/// Attaches the file again in the process that wrote its log, which is whole therefore. It may be read then; a [`checkpoint`] has
/// to come before anything is written.
pub(crate) fn attach_again(conn: &Connection, dir: &Path) -> Result<()> {
    attach_file(conn, dir).map_err(|source| not_opened(dir, source))
}

/// Moves what a replay has read from the log into the file.
pub(crate) fn checkpoint(conn: &Connection, dir: &Path) -> Result<()> {
    conn.execute_batch(&format!("CHECKPOINT {CATALOG}")).map_err(|source| {
        if is_full(&source) {
            let free = disk::free_bytes(dir).unwrap_or(0);
            Error::DiskFull { path: dir.to_owned(), free, source: Some(source) }
        } else {
            Error::Query { doing: "write a checkpoint after an unclean end", source }
        }
    })
}

impl Replayed {
    /// Ends with the copy: kept where the log turned out to have lost commits, else removed.
    pub(crate) fn end(self, dir: &Path, lost: bool) -> Result<Option<String>> {
        let Some(copy) = self.copy else { return Ok(self.repair) };
        if !lost {
            remove(&copy)?;
            return Ok(self.repair);
        }
        let kept = keep(dir, &copy)?;
        Ok(Some(format!(
            "database: its log dropped commits when it was applied: a damage that DuckDB does not tell; kept as `{}`; \
             what was ingested since the last checkpoint is read again by `lichen ingest`",
            kept.display()
        )))
    }
}

fn attach_file(conn: &Connection, dir: &Path) -> duckdb::Result<()> {
    attach_as(conn, &dir.join(FILE), CATALOG)
}

/// Attaches a data file under a name and makes it the one that statements mean.
pub(crate) fn attach_as(conn: &Connection, file: &Path, catalog: &str) -> duckdb::Result<()> {
    let target = row::literal(&file.to_string_lossy());
    conn.execute_batch(&format!(
        "ATTACH {target} AS {catalog} (ROW_GROUP_SIZE {ROW_GROUP}, STORAGE_VERSION '{STORAGE}'); USE {catalog}"
    ))
}

fn not_opened(dir: &Path, source: duckdb::Error) -> Error {
    if let Some(busy) = owner::from_duckdb(dir, &source.to_string()) {
        busy
    } else if is_full(&source) {
        let free = disk::free_bytes(dir).unwrap_or(0);
        Error::DiskFull { path: dir.to_owned(), free, source: Some(source) }
    } else {
        Error::Open { path: dir.join(FILE), source }
    }
}

/// Whether a log was refused for what is in it, and not for the state that the machine is in.
fn is_damage(error: &duckdb::Error) -> bool {
    const OF_THE_MACHINE: [&str; 8] = [
        "Out of Memory",
        "out of memory",
        "Permission denied",
        "Conflicting lock",
        "Too many open files",
        "Interrupt",
        "newer version",
        "Read-only file system",
    ];
    let text = error.to_string();
    !is_full(error) && !OF_THE_MACHINE.iter().any(|sign| text.contains(sign))
}

/// Moves a log aside that cannot be applied.
fn put_aside(dir: &Path, why: &str) -> Result<String> {
    let kept = keep(dir, &wal(dir))?;
    let why = why.lines().next().unwrap_or_default();
    Ok(format!(
        "database: its log could not be applied ({why}): the store is open as of its last checkpoint, and messages are \
         restored from the journal; the log is kept as `{}`; what was ingested since is read again by `lichen ingest`",
        kept.display()
    ))
}

/// Moves a file to where damaged ones are kept, under a name that is free.
fn keep(dir: &Path, file: &Path) -> Result<PathBuf> {
    let doing = "keep a damaged log";
    let folder = dir.join(journal::DAMAGED);
    fs_err::create_dir_all(&folder).doing(doing)?;
    let kept = (1..=u32::MAX)
        .map(|nth| folder.join(format!("{FILE}-{nth}.wal")))
        .find(|path| !path.exists())
        .expect("numbers do not end");
    fs_err::rename(file, &kept).doing(doing)?;
    Ok(kept)
}

fn copy_log(dir: &Path, log: &Path, copy: &Path) -> Result<()> {
    // Twice the log: the copy, and the checkpoint of what it holds.
    disk::guard(dir, log_bytes(log).saturating_mul(2))?;
    fs_err::copy(log, copy).doing("copy the log before it is applied")?;
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing("remove the copy of an applied log")
        }
        _ => Ok(()),
    }
}

/// How many opens began to apply the log and did not come to an end: the length of a file.
struct Tries(PathBuf);

impl Tries {
    fn of(dir: &Path) -> Self {
        Self(dir.join("replay.tries"))
    }

    fn count(&self) -> u64 {
        log_bytes(&self.0)
    }

    fn add(&self) -> Result<()> {
        use std::io::Write as _;
        let mut file = fs_err::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.0)
            .doing("count the attempts to apply the log")?;
        file.write_all(b".").doing("count the attempts to apply the log")
    }

    fn end(&self) -> Result<()> {
        remove(&self.0)
    }
}
