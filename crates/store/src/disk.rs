//! Room on the disk, asked for before it is needed.

use std::path::Path;

use crate::error::{Error, Result};

/// Refuses to go on where fewer than `needed` bytes are free.
pub(crate) fn guard(dir: &Path, needed: u64) -> Result<()> {
    match free_bytes(dir) {
        Some(free) if free < needed => {
            Err(Error::DiskFull { path: dir.to_owned(), free, source: None })
        }
        _ => Ok(()),
    }
}

/// Bytes that this process may still write where `dir` stands; `None` where the system does not tell.
#[cfg(unix)]
pub(crate) fn free_bytes(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Bytes that this process may still write where `dir` stands; `None` where the system does not tell.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_dir: &Path) -> Option<u64> {
    None
}
