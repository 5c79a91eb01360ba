//! Two blobs of one file compared: symbols that are called the same are the same.

use std::collections::BTreeMap;

use super::catalog::{Catalog, Entry, NONE, score};

/// Symbols that are called the same but are declared otherwise are one from this likeness on.
const SIGNATURE_MIN: f64 = 0.2;
/// Pairs of symbols that are called the same and compared one by one; where there are more, they pair up in order.
const COMPARED_MAX: usize = 4_096;

/// Which symbols of two blobs are the same.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Pairing {
    /// For each symbol of the new blob its place in the old one, or [`NONE`].
    pub(super) old_of: Box<[u32]>,
    /// How surely, for those that are declared otherwise: by place in the new blob.
    pub(super) scores: Box<[(u32, f32)]>,
    /// Symbols of the old blob that are not in the new one.
    pub(super) gone: Box<[u32]>,
}

impl Pairing {
    /// The place in the old blob, and how surely.
    pub(super) fn old(&self, new: u32) -> Option<(u32, f32)> {
        let old = *self.old_of.get(new as usize)?;
        let score =
            self.scores.iter().find(|(place, _)| *place == new).map_or(1.0, |(_, score)| *score);
        (old != NONE).then_some((old, score))
    }
}

/// Compares two blobs.
pub(super) fn pair(old: &[Entry], new: &[Entry], catalog: &Catalog) -> Pairing {
    let mut state = State {
        catalog,
        old,
        new,
        old_of: vec![NONE; new.len()],
        taken: vec![false; old.len()],
        scores: Vec::new(),
    };
    state.round(|entry| catalog.key_of(entry).stem, None);
    state.round(|entry| catalog.key_of(entry).qualified, Some(SIGNATURE_MIN));
    state.scores.sort_unstable_by_key(|(new, _)| *new);
    let gone = state.taken.iter().enumerate().filter(|(_, taken)| !**taken);
    Pairing {
        gone: gone.map(|(at, _)| number(at)).collect(),
        old_of: state.old_of.into(),
        scores: state.scores.into(),
    }
}

struct State<'a> {
    catalog: &'a Catalog,
    old: &'a [Entry],
    new: &'a [Entry],
    old_of: Vec<u32>,
    taken: Vec<bool>,
    scores: Vec<(u32, f32)>,
}

impl State<'_> {
    /// Pairs what is left and has the same word; with `least` only what is as alike as that.
    fn round(&mut self, word: impl Fn(&Entry) -> u32, least: Option<f64>) {
        let mut groups: BTreeMap<u32, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
        for (at, entry) in self.old.iter().enumerate().filter(|(at, _)| !self.taken[*at]) {
            groups.entry(word(entry)).or_default().0.push(number(at));
        }
        if groups.is_empty() {
            return;
        }
        for (at, entry) in self.new.iter().enumerate().filter(|(at, _)| self.old_of[*at] == NONE) {
            // What was in no old group has nobody to pair with.
            if let Some((_, new)) = groups.get_mut(&word(entry)) {
                new.push(number(at));
            }
        }
        for (old, new) in groups.into_values().filter(|(_, new)| !new.is_empty()) {
            self.group(&old, &new, least);
        }
    }

    fn group(&mut self, old: &[u32], new: &[u32], least: Option<f64>) {
        if let ([old], [new], None) = (old, new, least) {
            return self.take(*old, *new, None);
        }
        if old.len() * new.len() > COMPARED_MAX {
            if least.is_none() {
                old.iter().zip(new).for_each(|(&old, &new)| self.take(old, new, None));
            }
            return;
        }
        let mut candidates = Vec::with_capacity(old.len() * new.len());
        for (old_rank, &old) in old.iter().enumerate() {
            for (new_rank, &new) in new.iter().enumerate() {
                let (old_entry, new_entry) = (&self.old[old as usize], &self.new[new as usize]);
                let alike = self.catalog.similarity(old_entry, new_entry);
                if least.is_some_and(|least| alike < least) {
                    continue;
                }
                let same = old_entry.body == new_entry.body;
                candidates.push((same, alike, old_rank.abs_diff(new_rank), old, new));
            }
        }
        candidates.sort_by(|a, b| {
            b.0.cmp(&a.0)
                .then(b.1.total_cmp(&a.1))
                .then(a.2.cmp(&b.2))
                .then((a.3, a.4).cmp(&(b.3, b.4)))
        });
        for (_, alike, _, old, new) in candidates {
            if !self.taken[old as usize] && self.old_of[new as usize] == NONE {
                self.take(old, new, least.map(|_| alike));
            }
        }
    }

    fn take(&mut self, old: u32, new: u32, score: Option<f64>) {
        self.taken[old as usize] = true;
        self.old_of[new as usize] = old;
        // Half of it is the name, which is the same.
        self.scores.extend(score.map(|score| (new, self::score(0.5 + score / 2.0))));
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("a blob has fewer symbols")
}
