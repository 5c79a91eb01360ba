//! The keys that are in use, as they were read from the store: what decides who is let in.
//!
//! **Invariant:** the owner of a store is the only process that changes its keys, so what is kept here is what the store holds: a
//! revocation counts from the next request on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

use lichen_engine::{AccessKey, AccessScope, Timestamp};
use subtle::ConstantTimeEq as _;

use super::{Caller, key};

/// Uses of a key closer together than this are noted once, in milliseconds.
const USE_MILLIS: i64 = 60_000;

/// Lets in who shows a key that is in use.
#[derive(Default)]
pub(crate) struct Guard {
    keys: RwLock<HashMap<String, AccessKey>>,
    /// Uses that the store has not noted yet.
    used: Mutex<HashMap<String, Timestamp>>,
}

impl Guard {
    /// Takes over what the store holds.
    pub(crate) fn reload(&self, keys: Vec<AccessKey>) {
        let keys = keys.into_iter().map(|key| (key.id.clone(), key)).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Who shows this key at this time; `None` where it is none that is in use. Why is not told, and takes as long whatever the
    /// reason is: what is compared is always a hash.
    pub(crate) fn caller(&self, text: &str, now: Timestamp) -> Option<Caller> {
        let id = key::id_of(text)?;
        let hash = key::hash(text);
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let known = keys.get(id);
        // An id that is not there is compared, too.
        let expected = known.map_or([0; 32], |key| key.hash);
        let is_same: bool = hash.ct_eq(&expected).into();
        let known = known.filter(|key| is_same && key.is_valid(now))?;
        let caller = Caller {
            key: Some(known.id.clone()),
            scopes: known.scopes.clone(),
            streams: known.streams.clone(),
        };
        let noted = known.used.map_or(i64::MIN, Timestamp::millis);
        if now.millis() >= noted.saturating_add(USE_MILLIS) {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            used.insert(known.id.clone(), now);
        }
        Some(caller)
    }

    /// Whether who was let in before would still be.
    pub(crate) fn admits(&self, caller: &Caller, now: Timestamp) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let is_in_use = |id: &String| keys.get(id).is_some_and(|key| key.is_valid(now));
        caller.key.as_ref().is_none_or(is_in_use)
    }

    /// The uses to be noted in the store, which from now on count as noted.
    pub(crate) fn take_used(&self) -> Vec<(String, Timestamp)> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used: Vec<(String, Timestamp)> = used.drain().collect();
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for (id, at) in &used {
            if let Some(key) = keys.get_mut(id) {
                key.used = Some(*at);
            }
        }
        used
    }

    /// Whether any key allows anything at this time.
    pub(crate) fn is_empty(&self, now: Timestamp) -> bool {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let opens = |key: &AccessKey| {
            key.is_valid(now) && AccessScope::ALL.iter().any(|scope| key.scopes.contains(scope))
        };
        !keys.values().any(opens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(expires: Option<i64>) -> (AccessKey, String) {
        let times = (Timestamp(0), expires.map(Timestamp));
        key::make("x", vec![AccessScope::Read], None, times, &[]).unwrap()
    }

    #[test]
    fn only_keys_in_use_are_let_in() {
        let guard = Guard::default();
        let (key, text) = made(Some(100));
        assert!(guard.caller(&text, Timestamp(1)).is_none() && guard.is_empty(Timestamp(1)));
        guard.reload(vec![key.clone()]);
        let caller = guard.caller(&text, Timestamp(1)).unwrap();
        assert!(caller.may(AccessScope::Read) && !caller.may(AccessScope::Write));
        assert_eq!((caller.actor(), caller.is_local()), (key.id.as_str(), false));
        assert!(guard.caller(&text, Timestamp(100)).is_none(), "it has expired");
        let (_, other) = made(None);
        assert!(guard.caller(&other, Timestamp(1)).is_none());
        assert!(guard.admits(&caller, Timestamp(99)) && !guard.admits(&caller, Timestamp(100)));
        guard.reload(vec![AccessKey { revoked: Some(Timestamp(2)), ..key.clone() }]);
        assert!(guard.caller(&text, Timestamp(3)).is_none(), "it is revoked");
        assert!(
            !guard.admits(&caller, Timestamp(3)) && guard.admits(&Caller::local(), Timestamp(3))
        );
        guard.reload(vec![AccessKey { hash: [0; 32], ..key }]);
        assert!(guard.caller(&text, Timestamp(1)).is_none(), "another key of that id");
    }

    #[test]
    fn uses_are_noted_about_once_a_minute() {
        let guard = Guard::default();
        let (key, text) = made(None);
        guard.reload(vec![key.clone()]);
        for (at, noted) in [(1, true), (2, false), (59_999, false), (60_001, true)] {
            guard.caller(&text, Timestamp(at)).unwrap();
            let used = guard.take_used();
            assert_eq!(used.len(), usize::from(noted), "{at}");
        }
    }
}
