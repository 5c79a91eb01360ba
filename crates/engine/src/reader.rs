//! A reader: answers questions beside the engine that writes, on a thread of its own where it is asked to.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLockReadGuard};

use lichen_index::Index;
use lichen_model::{Clock, StreamLimits, Timestamp};
use lichen_source::redact::Redactor;

use crate::Config;
use crate::derived::Derived;
use crate::models::Embedders;

/// Answers questions. Any number of them can be used side by side, each by one thread at a time; all see what the engine
/// has taken in as soon as it has.
pub struct Reader {
    pub(crate) dir: PathBuf,
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: lichen_store::Reader,
    pub(crate) derived: Arc<Derived>,
    pub(crate) embedders: Arc<Embedders>,
    /// What takes secrets out of all that is read.
    pub(crate) redactor: Arc<Redactor>,
    /// The streams of which it sees the conversations; `None` for all.
    pub(crate) sight: Option<StreamLimits>,
}

impl Reader {
    /// Another one over `store`.
    pub(crate) fn beside(&self, store: lichen_store::Reader) -> Self {
        Self {
            dir: self.dir.clone(),
            config: Arc::clone(&self.config),
            clock: Arc::clone(&self.clock),
            store,
            derived: Arc::clone(&self.derived),
            embedders: Arc::clone(&self.embedders),
            redactor: Arc::clone(&self.redactor),
            sight: self.sight.clone(),
        }
    }

    /// The store's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder whose memory this is: that around the store.
    pub fn home(&self) -> PathBuf {
        self.folder_of(".")
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.derived.index()
    }
}
