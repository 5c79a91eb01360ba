//! A reader: answers questions beside the engine that writes, on a thread of its own where it is asked to.

use std::path::PathBuf;
use std::sync::{Arc, RwLockReadGuard};

use lichen_index::Index;
use lichen_model::Clock;
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
        }
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.derived.index()
    }
}
