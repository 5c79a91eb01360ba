//! Tags: free labels on things.

use crate::AnyId;

/// A free label on a thing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// The thing: a full id.
    pub thing: AnyId,
    /// The label, trimmed, never empty.
    pub name: String,
}
