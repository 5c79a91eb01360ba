//! A map that forgets: of a conversation without an end, only what was said last is kept at hand.

use std::collections::HashMap;
use std::mem;

/// The newest entries: at least `max` of them, at most twice as many.
///
/// **Invariant:** an entry is forgotten only when `max` others were made or touched after it.
pub(super) struct Recent<V> {
    young: HashMap<u64, V>,
    old: HashMap<u64, V>,
    max: usize,
}

impl<V: Copy> Recent<V> {
    pub(super) fn new(max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), max }
    }

    pub(super) fn get(&self, key: u64) -> Option<V> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    /// Sets an entry; gives what it was.
    pub(super) fn insert(&mut self, key: u64, value: V) -> Option<V> {
        let before = self.get(key);
        if self.young.len() >= self.max && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
        before
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Recent;

    proptest! {
        #[test]
        fn keeps_the_newest_and_no_more_than_twice_as_many(
            keys in prop::collection::vec(0_u64..40, 0..200),
            max in 1_usize..12,
        ) {
            let mut recent = Recent::new(max);
            for (place, &key) in keys.iter().enumerate() {
                recent.insert(key, place);
                prop_assert!(recent.len() <= 2 * max);
                let mut newest: Vec<u64> = Vec::new();
                for &key in keys[..=place].iter().rev() {
                    if newest.len() < max && !newest.contains(&key) {
                        newest.push(key);
                    }
                }
                for key in newest {
                    let last = keys[..=place].iter().rposition(|&other| other == key);
                    prop_assert_eq!(recent.get(key), last);
                }
            }
        }
    }
}
