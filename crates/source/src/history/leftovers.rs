//! What a commit took out of its files and what it put in, matched over all of them: moves, renames, copies and splits.
//!
//! **Invariant:** the answer depends on what the symbols say and where they stand, not on the order or the numbers in which they come.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use lichen_model::SymbolMatch;

use super::catalog::{Catalog, Entry, score};

/// What is shorter says too little to be told apart by what it says: words and marks.
const TELLING_TOKENS: u32 = 8;
/// The same in another file, under another name.
const TELLING_TOKENS_FAR: u32 = 20;
/// Pairs compared within one group, such as all of one name.
const GROUP_PAIRS_MAX: usize = 10_000;
/// Pairs compared over all files of a commit before only the same names and texts are.
const ALL_PAIRS_MAX: usize = 250_000;

/// Likeness from which on two symbols are one: of the same name in the same file, and so on.
const SAME_NAME_NEAR: f64 = 0.3;
const OTHER_NAME_NEAR: f64 = 0.6;
const SAME_NAME_FAR: f64 = 0.5;
const OTHER_NAME_FAR: f64 = 0.75;

/// What a name adds to the likeness when candidates are ranked,
const NAME_WEIGHT: f64 = 0.25;
/// and what standing in the same file, or the one that it became, does,
const NEAR_WEIGHT: f64 = 0.15;
/// and what the same container does.
const SCOPE_WEIGHT: f64 = 0.05;

/// How much of a symbol has to come from another for it to be split off,
const SPLIT_MIN: f64 = 0.8;
/// of which so much is not in the other any more.
const SPLIT_GONE_MIN: f64 = 0.4;

/// A symbol of a file that a commit changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    /// The file's place among the commit's changes.
    pub(super) file: u32,
    pub(super) ord: u32,
    pub(super) path: u32,
    pub(super) entry: &'a Entry,
}

/// Two that are one: places among those that went and those that came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Link {
    pub(super) gone: u32,
    pub(super) came: u32,
    pub(super) method: SymbolMatch,
    pub(super) score: f32,
}

/// What is alike, and how much.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    gone: u32,
    came: u32,
    method: SymbolMatch,
    alike: f64,
    rank: f64,
}

pub(super) struct Leftovers<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) gone: Vec<Item<'a>>,
    pub(super) came: Vec<Item<'a>>,
    /// For the path of each new file: the old file whose heir it is.
    pub(super) heirs: HashMap<u32, u32>,
    /// Paths of files that are gone and that are new.
    pub(super) gone_paths: HashSet<u32>,
    pub(super) new_paths: HashSet<u32>,
}

impl<'a> Leftovers<'a> {
    /// Matches what went with what came.
    pub(super) fn link(&mut self) -> (Vec<Link>, Vec<f32>) {
        let mut best = vec![0.0_f32; self.came.len()];
        if self.gone.is_empty() || self.came.is_empty() {
            return (Vec::new(), best);
        }
        self.inherit();
        // Of what is too little to be one no order matters, and there is much of it.
        let (mut candidates, doubts): (Vec<_>, Vec<_>) =
            self.candidates().into_iter().partition(|candidate| candidate.rank.is_finite());
        candidates.sort_by(|a, b| self.order(a, b));
        let mut gone_taken = vec![false; self.gone.len()];
        let mut came_taken = vec![false; self.came.len()];
        let mut links = Vec::new();
        for Candidate { gone, came, method, alike, .. } in candidates {
            let (gone_at, came_at) = (gone as usize, came as usize);
            if gone_taken[gone_at] || came_taken[came_at] {
                continue;
            }
            gone_taken[gone_at] = true;
            came_taken[came_at] = true;
            links.push(Link { gone, came, method, score: score(alike) });
        }
        for Candidate { gone, came, alike, .. } in doubts {
            if !gone_taken[gone as usize] && !came_taken[came as usize] {
                // Enough to doubt that it is new.
                let best = &mut best[came as usize];
                *best = best.max(score(alike));
            }
        }
        (links, best)
    }

    fn texts(
        &self,
        items: &[Item<'a>],
        text: impl Fn(&Item<'a>) -> u128,
    ) -> HashMap<(u8, u128), Vec<u32>> {
        grouped(items, |item| {
            let telling = self.catalog.body_of(item.entry).tokens >= TELLING_TOKENS;
            telling.then(|| (self.catalog.key_of(item.entry).family, text(item)))
        })
    }

    /// Finds out which file is the heir of which: the one that took most of what says the same in no other place.
    fn inherit(&mut self) {
        let norm = |item: &Item<'a>| self.catalog.body_of(item.entry).norm_hash;
        let gone = self.texts(&self.gone, norm);
        let came = self.texts(&self.came, norm);
        let mut votes: HashMap<(u32, u32), u32> = HashMap::new();
        for (text, came) in &came {
            if let ([came], Some([gone])) = (came.as_slice(), gone.get(text).map(Vec::as_slice)) {
                let (came, gone) = (self.came[*came as usize].path, self.gone[*gone as usize].path);
                *votes.entry((came, gone)).or_default() += 1;
            }
        }
        // A file that went and one that came with the same name: heirs before anything else was looked at.
        let file_names = |paths: &HashSet<u32>| {
            let mut named: HashMap<&[u8], Vec<u32>> = HashMap::new();
            for &path in paths {
                named
                    .entry(file_name(&self.catalog.paths[path as usize].0))
                    .or_default()
                    .push(path);
            }
            named
        };
        let new_named = file_names(&self.new_paths);
        for (name, gone) in file_names(&self.gone_paths) {
            if let ([gone], Some([new])) = (gone.as_slice(), new_named.get(name).map(Vec::as_slice))
            {
                *votes.entry((*new, *gone)).or_default() += 3;
            }
        }
        let mut best: HashMap<u32, (u32, u32)> = HashMap::new();
        for ((new, gone), count) in votes {
            let path = |path: u32| &self.catalog.paths[path as usize];
            let found = best.entry(new).or_insert((count, gone));
            if count > found.0 || (count == found.0 && path(gone) < path(found.1)) {
                *found = (count, gone);
            }
        }
        self.heirs = best.into_iter().map(|(new, (_, gone))| (new, gone)).collect();
    }

    fn is_near(&self, gone: &Item<'_>, came: &Item<'_>) -> bool {
        gone.path == came.path || self.heirs.get(&came.path) == Some(&gone.path)
    }

    fn candidates(&self) -> Vec<Candidate> {
        let catalog = self.catalog;
        let mut pairs: HashSet<(u32, u32)> = HashSet::new();
        let called = |item: &Item<'a>| Some(catalog.key_of(item.entry).called);
        self.cross(&mut pairs, &grouped(&self.gone, called), &grouped(&self.came, called));
        let norm = |item: &Item<'a>| catalog.body_of(item.entry).norm_hash;
        self.cross(&mut pairs, &self.texts(&self.gone, norm), &self.texts(&self.came, norm));
        let anon = |item: &Item<'a>| catalog.body_of(item.entry).anon_hash;
        self.cross(&mut pairs, &self.texts(&self.gone, anon), &self.texts(&self.came, anon));
        // Within a file and its heir everything is compared.
        let gone_at = |item: &Item<'a>| Some((item.path, catalog.key_of(item.entry).family));
        let came_at = |item: &Item<'a>| Some((item.path, catalog.key_of(item.entry).family));
        self.cross(&mut pairs, &grouped(&self.gone, gone_at), &grouped(&self.came, came_at));
        let came_at = |item: &Item<'a>| {
            Some((*self.heirs.get(&item.path)?, catalog.key_of(item.entry).family))
        };
        self.cross(&mut pairs, &grouped(&self.gone, gone_at), &grouped(&self.came, came_at));
        if self.gone.len() * self.came.len() <= ALL_PAIRS_MAX {
            self.cross_bands(&mut pairs);
        }
        pairs.into_iter().filter_map(|(gone, came)| self.candidate(gone, came)).collect()
    }

    /// Adds the pairs of each group; of a group with too many those of the same file and the same container.
    fn cross<K: Eq + Hash>(
        &self,
        pairs: &mut HashSet<(u32, u32)>,
        gone: &HashMap<K, Vec<u32>>,
        came: &HashMap<K, Vec<u32>>,
    ) {
        for (group, came) in came {
            let Some(gone) = gone.get(group) else { continue };
            if gone.len() * came.len() <= GROUP_PAIRS_MAX {
                pairs.extend(
                    came.iter().flat_map(|&came| gone.iter().map(move |&gone| (gone, came))),
                );
                continue;
            }
            let mut by_place: HashMap<(u32, u32), Vec<u32>> = HashMap::new();
            for &gone in gone {
                let Item { path, entry, .. } = self.gone[gone as usize];
                by_place.entry((path, self.catalog.key_of(entry).called)).or_default().push(gone);
            }
            for &came in came {
                let Item { path, entry, .. } = self.came[came as usize];
                let called = self.catalog.key_of(entry).called;
                for path in [Some(path), self.heirs.get(&path).copied()].into_iter().flatten() {
                    let near = by_place.get(&(path, called)).into_iter().flatten();
                    pairs.extend(near.take(100).map(|&gone| (gone, came)));
                }
            }
        }
    }

    /// Adds pairs whose sketches have a band in common.
    fn cross_bands(&self, pairs: &mut HashSet<(u32, u32)>) {
        let banded = |items: &[Item<'a>]| {
            let mut bands: HashMap<(usize, u8, u64), Vec<u32>> = HashMap::new();
            for (at, item) in (0..).zip(items) {
                let body = self.catalog.body_of(item.entry);
                if body.tokens < TELLING_TOKENS_FAR {
                    continue;
                }
                let family = self.catalog.key_of(item.entry).family;
                for (place, band) in body.sketch.bands().into_iter().enumerate() {
                    bands.entry((place, family, band)).or_default().push(at);
                }
            }
            bands
        };
        self.cross(pairs, &banded(&self.gone), &banded(&self.came));
    }

    /// How alike two are, and whether that is enough; `None` for what is not alike at all.
    fn candidate(&self, gone: u32, came: u32) -> Option<Candidate> {
        let (gone_item, came_item) = (&self.gone[gone as usize], &self.came[came as usize]);
        let catalog = self.catalog;
        let (gone_key, came_key) =
            (catalog.key_of(gone_item.entry), catalog.key_of(came_item.entry));
        if gone_key.family != came_key.family {
            return None;
        }
        let (gone_body, came_body) =
            (catalog.body_of(gone_item.entry), catalog.body_of(came_item.entry));
        let near = self.is_near(gone_item, came_item);
        let same_name = gone_key.called == came_key.called;
        let scopes = shared_tail(&gone_key.scope, &came_key.scope);
        let same_scope = gone_key.scope == came_key.scope;
        let least_tokens = gone_body.tokens.min(came_body.tokens);
        let method = if gone_body.raw_hash == came_body.raw_hash {
            SymbolMatch::Body
        } else if gone_body.norm_hash == came_body.norm_hash {
            SymbolMatch::Norm
        } else if gone_body.anon_hash == came_body.anon_hash {
            SymbolMatch::Anon
        } else {
            SymbolMatch::Similarity
        };
        let alike = match method {
            SymbolMatch::Similarity => catalog.similarity(gone_item.entry, came_item.entry),
            _ => 1.0,
        };
        let enough = match (same_name, near) {
            (true, true) => alike >= SAME_NAME_NEAR,
            (true, false) => {
                alike >= SAME_NAME_FAR && (least_tokens >= TELLING_TOKENS_FAR || scopes > 0)
            }
            (false, true) => {
                alike >= OTHER_NAME_NEAR
                    && (least_tokens >= TELLING_TOKENS
                        || (same_scope && method != SymbolMatch::Similarity))
            }
            (false, false) => alike >= OTHER_NAME_FAR && least_tokens >= TELLING_TOKENS_FAR,
        };
        if !(enough || same_name || near) {
            return None;
        }
        let rank = alike
            + if same_name { NAME_WEIGHT } else { 0.0 }
            + if near { NEAR_WEIGHT } else { 0.0 }
            + SCOPE_WEIGHT * f64::from(scopes.min(4)) / 4.0;
        let rank = if enough { rank } else { f64::NEG_INFINITY };
        Some(Candidate { gone, came, method, alike, rank })
    }

    fn order(&self, a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
        let (a_gone, a_came) = (&self.gone[a.gone as usize], &self.came[a.came as usize]);
        let (b_gone, b_came) = (&self.gone[b.gone as usize], &self.came[b.came as usize]);
        let path = |item: &Item<'_>| &self.catalog.paths[item.path as usize];
        let shared = |gone, came| shared_folders(&path(gone).0, &path(came).0);
        b.rank
            .total_cmp(&a.rank)
            .then(a.method.cmp(&b.method))
            .then_with(|| shared(b_gone, b_came).cmp(&shared(a_gone, a_came)))
            .then_with(|| a_gone.ord.abs_diff(a_came.ord).cmp(&b_gone.ord.abs_diff(b_came.ord)))
            .then_with(|| (path(a_came), a_came.ord).cmp(&(path(b_came), b_came.ord)))
            .then_with(|| (path(a_gone), a_gone.ord).cmp(&(path(b_gone), b_gone.ord)))
    }
}

/// What a symbol that is new was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// It says what another says that went on.
    Copied,
    /// It says what another said before.
    Split,
}

/// A symbol that went on, before and after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<'a> {
    pub(super) old: Item<'a>,
    pub(super) new: &'a Entry,
}

/// What a new symbol was copied or split from: the place among what was kept.
pub(super) fn made_from(
    catalog: &Catalog,
    new: &Item<'_>,
    kept: &[Kept<'_>],
) -> Option<(usize, Made)> {
    let body = catalog.body_of(new.entry);
    if body.tokens < TELLING_TOKENS_FAR {
        return None;
    }
    let family = catalog.key_of(new.entry).family;
    let mut best: Option<(f64, usize, Made)> = None;
    for (at, kept) in kept.iter().enumerate() {
        let old = catalog.body_of(kept.old.entry);
        if catalog.key_of(kept.old.entry).family != family {
            continue;
        }
        let found = if old.anon_hash == body.anon_hash {
            Some((2.0, Made::Copied))
        } else {
            let after = catalog.body_of(kept.new);
            (family == 0 && old.tokens > body.tokens && after.tokens < old.tokens)
                .then(|| {
                    (held(catalog, new.entry, kept.old.entry), held(catalog, new.entry, kept.new))
                })
                .filter(|(before, after)| *before >= SPLIT_MIN && before - after >= SPLIT_GONE_MIN)
                .map(|(before, _)| (before, Made::Split))
        };
        // What is kept is in order of paths and places: of two that are as good the first is taken.
        if let Some((score, made)) = found
            && best.is_none_or(|(than, ..)| score > than)
        {
            best = Some((score, at, made));
        }
    }
    best.map(|(_, at, made)| (at, made))
}

/// How much of one is in another, by how alike they are and how large.
fn held(catalog: &Catalog, part: &Entry, whole: &Entry) -> f64 {
    let alike = catalog.similarity(part, whole);
    let tokens = |entry: &Entry| f64::from(catalog.body_of(entry).tokens);
    alike * (tokens(part) + tokens(whole)) / ((1.0 + alike) * tokens(part))
}

fn grouped<'a, K: Eq + Hash>(
    items: &[Item<'a>],
    key: impl Fn(&Item<'a>) -> Option<K>,
) -> HashMap<K, Vec<u32>> {
    let mut groups: HashMap<K, Vec<u32>> = HashMap::new();
    for (at, item) in (0..).zip(items) {
        if let Some(key) = key(item) {
            groups.entry(key).or_default().push(at);
        }
    }
    groups
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

fn shared_folders(a: &[u8], b: &[u8]) -> usize {
    let folders = |path| <[u8]>::split(path, |&byte| byte == b'/');
    folders(a).zip(folders(b)).take_while(|(a, b)| a == b).count()
}

/// How many of the innermost containers are called the same.
fn shared_tail(a: &str, b: &str) -> u8 {
    let same =
        a.rsplit('.').zip(b.rsplit('.')).take(4).take_while(|(a, b)| a == b && !a.is_empty());
    u8::try_from(same.count()).unwrap_or(u8::MAX)
}
