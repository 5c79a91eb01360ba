//! How far a source has been taken in.

/// How far a source has been read: kept in the transaction that takes in what was read, so that a stopped ingest
/// goes on where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The source: `git:.`, `jsonl:<path>`, `claude-code:<path>`.
    pub source: String,
    /// What the source's reader needs to go on; only that reader reads it.
    pub position: String,
}
