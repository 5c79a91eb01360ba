//! A group: the records that are written and synced at once, and what became of them.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result};

/// What those who wait for one write share.
#[derive(Clone, Debug, Default)]
pub(super) struct Group(Arc<OnceLock<Result<(), Failure>>>);

/// Why a group was not written.
#[derive(Debug)]
pub(super) enum Failure {
    /// The disk has no room; nothing was written.
    Full { path: PathBuf, free: u64 },
    /// The disk failed; what was written was taken back.
    Refused(io::Error),
    /// The disk failed, and whether the group will be there after the next start is not known.
    Unknown(io::Error),
}

impl Group {
    /// Tells all who wait.
    pub(super) fn end(&self, outcome: Result<(), Failure>) {
        let first = self.0.set(outcome).is_ok();
        debug_assert!(first, "a group is written once");
    }

    /// What became of it; `None` while it waits.
    pub(super) fn outcome(&self) -> Option<Result<()>> {
        let outcome = self.0.get()?;
        Some(match outcome {
            Ok(()) => Ok(()),
            Err(Failure::Full { path, free }) => {
                Err(Error::DiskFull { path: path.clone(), free: *free, source: None })
            }
            Err(Failure::Refused(error)) => {
                Err(Error::File { doing: "write to the journal", source: again(error) })
            }
            Err(Failure::Unknown(error)) => Err(Error::Unknown { source: again(error) }),
        })
    }
}

/// The same error for another who waits.
fn again(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}
