//! One owner: the lock that keeps a second process off the store.

use std::fs::TryLockError;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use fs_err::{File, OpenOptions};

use crate::error::{Doing, Error, Result};

const POLL: Duration = Duration::from_millis(50);

/// The kernel's lock on `owner.lock`, held while this value lives.
///
/// **Invariant:** the lock is the kernel's, so it ends with its process however that ends; the file's content only
/// tells people who holds it, and a file left behind by a dead process locks nobody out.
#[derive(Debug)]
pub(crate) struct Owner {
    /// Held for its lock.
    _file: File,
}

impl Owner {
    /// Takes the lock of the store in `dir`, trying again for as long as `wait`.
    pub(crate) fn take(dir: &Path, command: &str, wait: Duration) -> Result<Self> {
        let path = dir.join("owner.lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .doing("open the owner's lock file")?;
        let mut left = wait;
        loop {
            match file.file().try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if left.is_zero() => {
                    return Err(busy(dir, &mut file));
                }
                Err(TryLockError::WouldBlock) => {
                    pause(POLL.min(left));
                    left = left.saturating_sub(POLL);
                }
                Err(TryLockError::Error(source)) => {
                    return Err(Error::File { doing: "lock the store", source });
                }
            }
        }
        file.set_len(0).doing("write the owner's lock file")?;
        file.seek(SeekFrom::Start(0)).doing("write the owner's lock file")?;
        let line = command.replace(['\n', '\r'], " ");
        write!(file, "{}\n{line}\n", std::process::id()).doing("write the owner's lock file")?;
        Ok(Self { _file: file })
    }
}

/// Waits without a clock: nothing is ever sent on the channel.
fn pause(time: Duration) {
    let (sender, receiver) = mpsc::channel::<()>();
    // The only outcome is the time-out: the sender lives until then.
    let _timed_out = receiver.recv_timeout(time);
    drop(sender);
}

fn busy(dir: &Path, file: &mut File) -> Error {
    let mut text = String::new();
    // Windows keeps others from reading a locked file; then the owner stays unnamed.
    if file.read_to_string(&mut text).is_err() {
        text.clear();
    }
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.parse().ok()).unwrap_or(0);
    let command = lines.next().unwrap_or("unknown").to_owned();
    Error::Busy { pid, command, path: dir.to_owned() }
}

/// The owner named in DuckDB's own lock error, for a file that a program other than ours has open.
pub(crate) fn from_duckdb(dir: &Path, message: &str) -> Option<Error> {
    if !message.contains("Conflicting lock is held") {
        return None;
    }
    let pid = message
        .split_once("PID ")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .unwrap_or(0);
    let command = message
        .split_once("lock is held in ")
        .and_then(|(_, rest)| rest.split_once(" (PID"))
        .map_or_else(|| "unknown".to_owned(), |(command, _)| command.to_owned());
    Some(Error::Busy { pid, command, path: dir.to_owned() })
}
