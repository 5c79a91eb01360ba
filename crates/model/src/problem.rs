//! Problems: bad input as data.

use std::fmt;

/// A damaged or unusual entry of a source. The entry was skipped, or kept as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The file, repository or stream.
    pub source: String,
    /// Where in it: `line 12`, `commit 1f2e3d`; empty for the whole.
    pub place: String,
    /// What is wrong and what was done about it.
    pub what: String,
}

impl Problem {
    /// A problem at `place` of `source`.
    pub fn new(
        source: impl Into<String>,
        place: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self { source: source.into(), place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            write!(f, "{}: {}", self.source, self.what)
        } else {
            write!(f, "{}: {}: {}", self.source, self.place, self.what)
        }
    }
}
