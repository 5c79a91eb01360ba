//! Access keys, handed through to the store that keeps them.

use lichen_model::{AccessKey, AuditEntry, Timestamp};

use crate::{Engine, Error, Reader};

impl Engine {
    /// Adds a key. Where it takes the place of another, that one ends at `overlap`, unless it ends before.
    pub fn add_access_key(
        &mut self,
        key: &AccessKey,
        overlap: Option<Timestamp>,
        actor: &str,
    ) -> Result<(), Error> {
        Ok(self.store.add_access_key(key, overlap, actor)?)
    }

    /// Revokes a key from now on.
    ///
    /// # Errors
    /// No key of that id, or one that is revoked already.
    pub fn revoke_access_key(&mut self, id: &str, actor: &str) -> Result<(), Error> {
        let now = self.reader.clock.now();
        if self.store.revoke_access_key(id, now, actor)? {
            Ok(())
        } else {
            Err(Error::UnknownAccessKey { id: id.to_owned() })
        }
    }

    /// Notes when keys were used last.
    pub fn note_access(&mut self, used: &[(String, Timestamp)]) -> Result<(), Error> {
        Ok(self.store.note_access(used)?)
    }
}

impl Reader {
    /// Every key, in the order they were made.
    pub fn access_keys(&self) -> Result<Vec<AccessKey>, Error> {
        Ok(self.store.access_keys()?)
    }

    /// The last `count` rows of the audit log, the newest first.
    pub fn audit_log(&self, count: usize) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.store.audit_log(count)?)
    }
}
