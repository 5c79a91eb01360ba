//! Databases in which tools keep conversations: opened without a trace, while the tool may be running.
//!
//! A database without a write-ahead log is read where it lies, as `immutable`: no lock is taken and no file is made. One
//! whose log holds anything is copied with its log and read from the copy, so that what the tool has written counts. One
//! that is too large to copy is read without its log: as of the tool's last checkpoint. Whether the file changed
//! meanwhile is seen at the end: then the reading does not count, and is done again next time.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::{Error, Result};

/// How a database begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// What the name of a database's log ends in.
const LOG: &str = "-wal";
/// The name of a copy in its folder.
const COPY: &str = "db";
/// How often files are copied that change meanwhile.
const COPIES_MAX: usize = 3;
/// Databases with a log that are larger than this are read without it.
const COPY_BYTES_MAX: u64 = 512 << 20;

/// Whether these are the first bytes of a database.
pub(super) fn is_database(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// A database that is only read.
pub(super) struct Database {
    path: PathBuf,
    pub(super) connection: Connection,
    /// What the files were when they were opened.
    seen: Stamps,
    /// The log is not part of what is read.
    pub(super) without_log: bool,
    copy: Option<Copy>,
}

/// Sizes and times of change of the database and its log.
type Stamps = [Option<(u64, Option<SystemTime>)>; 2];

/// A copy of a database and its log, in a folder that is deleted with it.
struct Copy {
    folder: TempDir,
    /// Neither file changed while they were copied.
    whole: bool,
}

impl Database {
    /// Opens the database at `path`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let bytes = fs::metadata(path).map_err(Error::ReadFile)?.len();
        let seen = stamps(path);
        let has_log = seen[1].is_some_and(|(bytes, _)| bytes > 0);
        let copied = has_log && bytes <= COPY_BYTES_MAX;
        let copy = if copied { Some(copy(path)?) } else { None };
        let opened = match &copy {
            Some(copy) => Connection::open_with_flags(
                copy.folder.path().join(COPY),
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            ),
            None => Connection::open_with_flags(
                immutable(path),
                OpenFlags::SQLITE_OPEN_READ_ONLY
                    | OpenFlags::SQLITE_OPEN_URI
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            ),
        };
        let connection = opened.and_then(|connection| {
            // What a file says of itself must not make this program do anything but read tables.
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        });
        let connection = connection.map_err(|source| failed(path, source))?;
        let without_log = has_log && !copied;
        Ok(Self { path: path.to_owned(), connection, seen, without_log, copy })
    }

    /// Whether it has all of these tables; a view is none.
    pub(super) fn has_tables(&self, names: &[&str]) -> bool {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        names.iter().all(|name| {
            self.connection
                .query_row(sql, [name], |row| row.get::<_, i64>(0))
                .is_ok_and(|count| count == 1)
        })
    }

    /// An error with the database's path.
    pub(super) fn failed(&self, source: rusqlite::Error) -> Error {
        failed(&self.path, source)
    }

    /// Whether what was read is of one point in time: ask when all of it has been read.
    pub(super) fn is_whole(&self) -> bool {
        self.copy.as_ref().map_or_else(|| stamps(&self.path) == self.seen, |copy| copy.whole)
    }
}

fn failed(path: &Path, source: rusqlite::Error) -> Error {
    Error::Database { path: path.to_owned(), source: Box::new(source) }
}

fn stamps(path: &Path) -> Stamps {
    [path.to_owned(), with_suffix(path, LOG)].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.len(), metadata.modified().ok()))
    })
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The database and its log, in a folder that nobody else can read; again while the tool writes to them.
fn copy(path: &Path) -> Result<Copy> {
    let folder = tempfile::tempdir().map_err(Error::ReadFile)?;
    let target = folder.path().join(COPY);
    let mut whole = false;
    for _ in 0..COPIES_MAX {
        let before = stamps(path);
        fs::copy(path, &target).map_err(Error::ReadFile)?;
        match fs::copy(with_suffix(path, LOG), with_suffix(&target, LOG)) {
            Ok(_) => {}
            // The tool has ended, and taken its log into the database.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::ReadFile(error)),
        }
        whole = stamps(path) == before;
        if whole {
            break;
        }
    }
    Ok(Copy { folder, whole })
}

/// The path as a URI that says that nobody writes the file.
fn immutable(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    let text = path.to_string_lossy();
    if cfg!(windows) {
        uri.push('/');
    }
    for byte in text.bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b':' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push_str("?immutable=1&mode=ro");
    uri
}
