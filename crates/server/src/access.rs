//! Who asks: the owner of the store's files through the socket, or whoever shows a key.

mod bucket;
mod guard;
mod key;

use lichen_engine::{AccessScope, StreamLimits};

pub(crate) use bucket::Buckets;
pub(crate) use guard::Guard;
pub(crate) use key::make;

/// The name of the owner of the store's files in the audit log.
pub(crate) const LOCAL: &str = "local";

/// Who asks, and what that one may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The key that was shown; `None` for the owner of the store's files.
    key: Option<String>,
    scopes: Vec<AccessScope>,
    /// The streams that are seen; `None` for all.
    streams: Option<StreamLimits>,
}

impl Caller {
    /// The owner of the store's files, who could open them as well.
    pub(crate) fn local() -> Self {
        Self { key: None, scopes: AccessScope::ALL.to_vec(), streams: None }
    }

    /// Whether it is the owner of the store's files.
    pub(crate) const fn is_local(&self) -> bool {
        self.key.is_none()
    }

    /// Its name in the audit log.
    pub(crate) fn actor(&self) -> &str {
        self.key.as_deref().unwrap_or(LOCAL)
    }

    /// The streams that it sees; `None` for all.
    pub(crate) const fn limits(&self) -> Option<&StreamLimits> {
        self.streams.as_ref()
    }

    /// Whether it may do what needs this scope.
    pub(crate) fn may(&self, scope: AccessScope) -> bool {
        self.scopes.contains(&scope)
    }
}
