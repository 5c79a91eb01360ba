//! Derived state in memory, shared by the one engine that writes and all that read beside it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use lichen_index::Index;

use crate::directory::Directory;
use crate::recall::Speakers;

/// The index and what was gathered from the store for every answer.
///
/// **Invariant:** whoever holds the index to change it waits for nothing else, so that questions wait for it shortly.
pub(crate) struct Derived {
    index: RwLock<Index>,
    /// Why the index that was found could not be used; it has been emptied.
    damage: Mutex<Option<String>>,
    gathered: Mutex<Gathered>,
}

/// Read at the first question, and again when it is no longer true.
#[derive(Default)]
struct Gathered {
    directory: Option<Arc<Directory>>,
    speakers: Option<Arc<Speakers>>,
}

impl Derived {
    pub(crate) fn new(index: Index, damage: Option<String>) -> Self {
        Self { index: RwLock::new(index), damage: Mutex::new(damage), gathered: Mutex::default() }
    }

    /// The index, to ask it.
    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index, to change it.
    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the index that was found could not be used; `None` where it could.
    pub(crate) fn damage(&self) -> Option<String> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the index that was found could not be used.
    pub(crate) fn set_damage(&self, why: String) {
        *self.damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// Takes the damage as repaired, and tells what it was.
    pub(crate) fn take_damage(&self) -> Option<String> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The directory, read by `read` where it is not known.
    pub(crate) fn directory<E>(
        &self,
        read: impl FnOnce() -> Result<Directory, E>,
    ) -> Result<Arc<Directory>, E> {
        if let Some(directory) = &self.gathered().directory {
            return Ok(Arc::clone(directory));
        }
        // Not under the lock: others that read meanwhile read the same.
        let read = Arc::new(read()?);
        self.gathered().directory = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Has the directory read again, as after streams or refs have changed.
    pub(crate) fn forget_directory(&self) {
        self.gathered().directory = None;
    }

    /// Who speaks in `index`.
    pub(crate) fn speakers(&self, index: &Index) -> Arc<Speakers> {
        let (first, last) = index.times().unwrap_or_default();
        let years = crate::when::year(first)..=crate::when::year(last);
        let mut gathered = self.gathered();
        match &gathered.speakers {
            Some(speakers) if speakers.are_of(index.authors().len(), &years) => {
                Arc::clone(speakers)
            }
            _ => {
                let names = index.authors().iter().map(String::as_str);
                let speakers = Arc::new(Speakers::new(names, years));
                gathered.speakers = Some(Arc::clone(&speakers));
                speakers
            }
        }
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
