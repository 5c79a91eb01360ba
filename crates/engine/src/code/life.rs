//! The life of a symbol from any commit: through git to a commit that the store follows, and from there as it is stored.

use std::collections::{HashMap, HashSet};

use lichen_model::{CommitId, Oid, RefId, RepoPath, SymbolChangeKind, SymbolChangeKinds};
use lichen_source::history::{PastChange, Trace, TraceLimits};
use lichen_store::{FollowedRef, StoredKey, StoredVersion, SymbolLife};

use super::answer::{CommitInfo, Introduced, Life, LifeChange};
use super::ground::{Ground, stored_key};
use crate::{Error, Reader};

/// Below this it is said to be first seen, not introduced.
const SURE: f32 = 0.6;
/// How far the way back through git may be: to what is followed it is short, without that it may be all of history.
const LIMITS: TraceLimits = TraceLimits { commits_max: 50_000, blobs_max: 2_000 };

/// A life before commits are looked up.
pub(super) struct Found {
    /// What is stored of it, and the position that it is told up to.
    pub(super) stored: Option<Stored>,
    /// What git told of the way to it.
    trace: Option<Trace>,
}

/// A stored life, the ref it is of, and the position of the question.
pub(super) struct Stored {
    pub(super) life: SymbolLife,
    followed: RefId,
    pos: u32,
}

impl Found {
    /// A life that is stored.
    pub(super) const fn stored(stored: Stored) -> Self {
        Self { stored: Some(stored), trace: None }
    }

    pub(super) fn is_off_chain(&self) -> bool {
        self.trace.is_some()
    }

    /// The commits that made the symbol what it was, the newest first.
    pub(super) fn makers(&self) -> Vec<CommitId> {
        let versions = self.stored.iter().flat_map(Stored::versions);
        versions.map(|version| version.origin).collect()
    }
}

impl Stored {
    /// Versions up to the position of the question, the newest first.
    fn versions(&self) -> impl Iterator<Item = &StoredVersion> {
        self.life.versions.iter().filter(|version| version.from <= self.pos)
    }
}

impl Ground<'_> {
    /// The life of the symbol at place `ord` of a file of a commit.
    pub(super) fn life_of(
        &self,
        commit: &Oid,
        path: &RepoPath,
        ord: u32,
        key: &StoredKey,
    ) -> Result<Found, Error> {
        if let Some((followed, position)) = self.position(commit)?
            && position.on_chain
        {
            let stored = self.stored(followed, position.pos, path, key)?;
            if stored.is_some() {
                return Ok(Found { stored, trace: None });
            }
        }
        self.traced(commit, path, ord)
    }

    /// The way back through git to what is followed.
    fn traced(&self, commit: &Oid, path: &RepoPath, ord: u32) -> Result<Found, Error> {
        let mut chains = Vec::new();
        for followed in &self.followed {
            let chain = self.reader.store.chain(followed.id)?;
            let chain: HashMap<Oid, u32> = chain.into_iter().zip(0..).collect();
            chains.push((followed, chain));
        }
        // What the chain has and the store does not know is what is asked: it is no end.
        let is_end =
            |end: &Oid| end != commit && chains.iter().any(|(_, chain)| chain.contains_key(end));
        let trace = self.reading(1)?.trace(commit, path, ord, &is_end, LIMITS);
        let mut stored = None;
        if let Some(reached) = trace.as_ref().and_then(|trace| trace.reached.first()) {
            let found = chains.iter().find_map(|(followed, chain)| {
                chain.get(&reached.commit).map(|pos| (*followed, *pos))
            });
            if let Some((followed, pos)) = found {
                stored = self.stored(followed, pos, &reached.path, &stored_key(&reached.key))?;
            }
        }
        Ok(Found { stored, trace })
    }

    fn stored(
        &self,
        followed: &FollowedRef,
        pos: u32,
        path: &RepoPath,
        key: &StoredKey,
    ) -> Result<Option<Stored>, Error> {
        let symbols = self.reader.store.symbols_of(followed.id, pos, path)?;
        let Some(symbol) = symbols.iter().find(|symbol| symbol.key == *key) else {
            return Ok(None);
        };
        self.stored_life(followed.id, symbol.symbol, pos)
    }

    /// A stored life as it was at a position.
    pub(super) fn stored_life(
        &self,
        followed: RefId,
        symbol: u32,
        pos: u32,
    ) -> Result<Option<Stored>, Error> {
        let life = self.reader.store.lives(followed, &[symbol])?.pop();
        Ok(life.map(|life| Stored { life, followed, pos }))
    }

    /// The life as it is told, with at most so many changes.
    pub(super) fn told(&self, found: &Found, changes_max: usize) -> Result<Life, Error> {
        let wanted = found.stored.iter().flat_map(|stored| {
            stored.life.versions.iter().flat_map(|version| [version.origin, version.landed])
        });
        let mut wanted: Vec<CommitId> = wanted.collect();
        wanted.extend(found.stored.as_ref().map(|stored| stored.life.introduced));
        wanted.sort_unstable();
        wanted.dedup();
        let commits = self.known_commits(&wanted)?;
        let mut changes = Vec::new();
        let traced = found.trace.iter().flat_map(|trace| &trace.changes);
        changes.extend(traced.map(|change| self.traced_change(change)));
        if let Some(stored) = &found.stored {
            changes.extend(stored.versions().map(|version| stored_change(version, &commits)));
        }
        let authors = authors(&changes);
        let change_count = changes.len();
        let is_whole = found.trace.as_ref().is_none_or(|trace| trace.is_whole)
            && changes.last().is_some_and(|first| first.kinds.contains(&"introduced"));
        let introduced = match &found.stored {
            Some(stored) => commits.get(&stored.life.introduced).map(|commit| Introduced {
                commit: commit.clone(),
                confidence: stored.life.introduced_confidence,
                is_sure: stored.life.introduced_confidence >= SURE,
            }),
            None => changes.last().filter(|_| is_whole).map(|first| Introduced {
                commit: first.commit.clone(),
                confidence: first.score,
                is_sure: first.score >= SURE,
            }),
        };
        let later = found.stored.as_ref().map(later).unwrap_or_default();
        let made_from = match &found.stored {
            Some(stored) => self.reader.made_from(stored)?,
            None => None,
        };
        changes.truncate(changes_max);
        Ok(Life {
            symbol: found.stored.as_ref().map(|stored| stored.life.id.any()),
            introduced,
            changes,
            change_count,
            authors,
            made_from,
            later,
            is_whole,
        })
    }

    fn traced_change(&self, change: &PastChange) -> LifeChange {
        LifeChange {
            commit: self.commit_info(&change.commit),
            landed: None,
            kinds: words(change.kinds),
            method: change.method.as_str(),
            score: change.score,
            name: change.key.qualified_name.clone(),
            signature: change.key.signature.clone(),
            path: change.path.to_text().into_owned(),
            diff: None,
        }
    }
}

impl Reader {
    /// What a symbol was copied or split from, in words.
    fn made_from(&self, stored: &Stored) -> Result<Option<String>, Error> {
        let Some(before) = stored.life.predecessor else { return Ok(None) };
        let life = self.store.lives(stored.followed, &[before])?.pop();
        Ok(life.and_then(|life| {
            let version = life.versions.first()?;
            let path = version.path.to_text();
            Some(format!("{} ({path}) {}", version.key.qualified_name, life.id.any().short()))
        }))
    }
}

/// The words for what happened.
pub(super) fn words(kinds: SymbolChangeKinds) -> Vec<&'static str> {
    kinds.iter().map(SymbolChangeKind::as_str).collect()
}

fn stored_change(version: &StoredVersion, commits: &HashMap<CommitId, CommitInfo>) -> LifeChange {
    let info = |id: CommitId| {
        commits.get(&id).cloned().unwrap_or_else(|| CommitInfo {
            id: Some(id.any()),
            oid: String::new(),
            author: String::new(),
            at: lichen_model::Zoned::default(),
            subject: String::new(),
        })
    };
    let landed = (version.landed != version.origin).then(|| info(version.landed));
    LifeChange {
        commit: info(version.origin),
        landed,
        kinds: words(version.kinds),
        method: version.method.as_str(),
        score: version.score,
        name: version.key.qualified_name.clone(),
        signature: version.key.signature.clone(),
        path: version.path.to_text().into_owned(),
        diff: None,
    }
}

fn authors(changes: &[LifeChange]) -> Vec<(String, usize)> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut seen = HashSet::new();
    for change in changes.iter().filter(|change| !change.commit.author.is_empty()) {
        // One commit is one change of it, however many versions it made.
        if seen.insert(&change.commit.oid) {
            *counts.entry(&change.commit.author).or_default() += 1;
        }
    }
    let mut authors: Vec<(String, usize)> =
        counts.into_iter().map(|(author, count)| (author.to_owned(), count)).collect();
    authors.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    authors
}

/// What became of a symbol after the position of the question.
fn later(stored: &Stored) -> String {
    let versions = &stored.life.versions;
    let after = versions.iter().filter(|version| version.from > stored.pos).count();
    let Some(last) = versions.first() else { return String::new() };
    let now = versions.iter().find(|version| version.from <= stored.pos).unwrap_or(last);
    let mut words = Vec::new();
    if after > 0 {
        words.push(format!("changed {after} times since"));
    }
    if last.to.is_some() {
        words.push("gone by now".to_owned());
    } else if last.key.qualified_name != now.key.qualified_name || last.path != now.path {
        words.push(format!("now {} in {}", last.key.qualified_name, last.path.to_text()));
    }
    words.join("; ")
}
