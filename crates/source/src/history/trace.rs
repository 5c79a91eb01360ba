//! The past of one symbol read back from a commit, commit by commit, with no more texts than that takes.
//!
//! It leads from a commit that was never taken in to one that was, or stands in for a history that nobody took in. It says what
//! [`super::History::past`] says.

use std::collections::{BinaryHeap, HashSet};

use gix::ObjectId;
use lichen_model::{Oid, RepoPath, SymbolChangeKind, SymbolChangeKinds, SymbolKey, SymbolMatch};

use super::catalog::NONE;
use super::changes::origin;
use super::past::{Back, PastChange};
use super::reading::Reading;
use super::step::{Change, Site, Step};
use crate::git::Links;

/// Files of one commit that are read to find where a symbol came from; of more only its own is looked at.
const FILES_MAX: usize = 1_000;

/// How far to read back.
#[derive(Clone, Copy, Debug)]
pub struct TraceLimits {
    /// Commits that are looked at.
    pub commits_max: usize,
    /// Texts that are parsed.
    pub blobs_max: usize,
}

/// What was found on the way back.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// What happened, the newest first.
    pub changes: Vec<PastChange>,
    /// Where the way ended at commits that were asked to be its ends.
    pub reached: Vec<Reached>,
    /// Whether it ended there and where history begins, and nowhere else.
    pub is_whole: bool,
}

/// A symbol at a commit on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The commit.
    pub commit: Oid,
    /// The file it stands in there.
    pub path: RepoPath,
    /// The file's text.
    pub blob: Oid,
    /// Its place among the text's symbols.
    pub ord: u32,
    /// What it is called there.
    pub key: SymbolKey,
}

/// A symbol at a commit, the latest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    committed: i64,
    commit: ObjectId,
    site: (u32, u32, u32),
}

impl Place {
    fn new(committed: i64, commit: ObjectId, Site { path, blob, ord }: Site) -> Self {
        Self { committed, commit, site: (path, blob, ord) }
    }

    const fn site(&self) -> Site {
        let (path, blob, ord) = self.site;
        Site { path, blob, ord }
    }
}

impl Reading<'_> {
    /// The past of the symbol at place `ord` of a file of a commit, back to commits of which `until` says so: what is told of those
    /// is known already. `None` where commit, file or symbol are not there.
    pub fn trace(
        &mut self,
        commit: &Oid,
        path: &RepoPath,
        ord: u32,
        until: &dyn Fn(&Oid) -> bool,
        limits: TraceLimits,
    ) -> Option<Trace> {
        let start = ObjectId::try_from(commit.0.as_slice()).ok()?;
        let links = self.objects.links(start)?;
        let site = self.site(&links, path, ord)?;
        let cuts = self.repository.cuts();
        let mut todo = BinaryHeap::from([Place::new(links.committed, start, site)]);
        let mut seen = HashSet::new();
        let mut trace = Trace { changes: Vec::new(), reached: Vec::new(), is_whole: true };
        while let Some(place) = todo.pop() {
            if !seen.insert(place) {
                continue;
            }
            let oid = Oid(place.commit.as_slice().to_vec());
            if until(&oid) {
                trace.reached.push(self.reached(oid, place.site()));
                continue;
            }
            if seen.len() > limits.commits_max || self.parsed > limits.blobs_max {
                trace.is_whole = false;
                break;
            }
            let Some(links) = self.objects.links(place.commit) else {
                trace.is_whole = false;
                continue;
            };
            let is_cut = cuts.contains(&place.commit);
            self.walk_on(place, &links, is_cut, &mut todo, &mut trace);
        }
        Some(trace)
    }

    /// One commit further back.
    fn walk_on(
        &mut self,
        place: Place,
        links: &Links,
        is_cut: bool,
        todo: &mut BinaryHeap<Place>,
        trace: &mut Trace,
    ) {
        let site = place.site();
        let parents: Vec<(ObjectId, Links)> = if is_cut {
            Vec::new()
        } else {
            let parent = |id: &ObjectId| Some((*id, self.objects.links(*id)?));
            links.parents.iter().filter_map(parent).collect()
        };
        let is_boundary = parents.is_empty() && !links.parents.is_empty();
        let mut steps = Vec::new();
        for (id, parent) in &parents {
            let back = self.back(links, Some(parent.tree), site, false);
            // A parent that has it as it is knows the rest; the others only brought it along.
            if let Back::Same(before) = back {
                todo.push(Place::new(parent.committed, *id, before));
                return;
            }
            steps.push(back);
        }
        if parents.is_empty() {
            steps.push(self.back(links, None, site, is_boundary));
        }
        let had = |back: &&Back| matches!(back, Back::Changed(Some(_), ..));
        if let Some(Back::Changed(_, kinds, method, score)) =
            steps.iter().find(had).or(steps.first())
            && *kinds != SymbolChangeKinds::NONE.with(SymbolChangeKind::Scope)
        {
            trace.changes.push(self.change(place, *kinds, *method, *score));
        }
        for ((id, parent), back) in parents.iter().zip(steps) {
            if let Back::Changed(Some(before), ..) = back {
                todo.push(Place::new(parent.committed, *id, before));
            }
        }
    }

    /// What the tree of a parent has of a symbol.
    fn back(
        &mut self,
        links: &Links,
        old: Option<ObjectId>,
        site: Site,
        is_boundary: bool,
    ) -> Back {
        let Some(old) = old else {
            // Nothing is before it, or nothing that is at hand.
            let first = SymbolChangeKind::Introduced;
            let first = if is_boundary { SymbolChangeKind::Boundary } else { first };
            let kinds = SymbolChangeKinds::NONE.with(first);
            return Back::Changed(None, kinds, SymbolMatch::None, 1.0);
        };
        let path = self.catalog.paths[site.path as usize].clone();
        let (_, hint) = self.catalog.path(&path);
        let new_id = self.catalog.blobs[site.blob as usize].id;
        let old_id = self.objects.file_at(old, &path.0);
        if old_id == Some(new_id) {
            return Back::Same(site);
        }
        let old_blob = old_id.zip(hint).map_or(NONE, |(id, hint)| self.catalog.blob(id, hint));
        let own = Change { old_path: site.path, old: old_blob, path: site.path, new: site.blob };
        if old_blob != NONE {
            self.read(&[own]);
            if !self.catalog.is_known(&own) {
                return Self::nothing_known();
            }
            // What is called the same in the same file is the same, whatever else the commit did.
            if self.pair(old_blob, site.blob).old(site.ord).is_some() {
                return self.told(&self.step(&[own]), 0, site.ord);
            }
        }
        let Some(changes) = self.objects.changes(links.tree, Some(old)) else {
            return Self::nothing_known();
        };
        let mut files = self.catalog.files(&changes).to_vec();
        let is_own = |file: &Change| file.path == site.path && file.new == site.blob;
        let Some(whole) = files.iter().copied().find(is_own) else { return Self::nothing_known() };
        if whole.old == whole.new {
            // The file has another name, and that is all.
            return self.told(&self.step(&[whole]), 0, site.ord);
        }
        if files.len() > FILES_MAX {
            files = vec![whole];
        }
        self.read(&files);
        let step = self.step(&files);
        let Some(file) = step.file_at(site.path) else { return Self::nothing_known() };
        self.told(&step, file, site.ord)
    }

    fn told(&self, step: &Step, file: u32, ord: u32) -> Back {
        let (origin, kinds) = origin(&self.catalog, step, (file, ord), false);
        match origin.old {
            Some(old) if kinds.is_empty() => Back::Same(step.old_site(old)),
            old => {
                Back::Changed(old.map(|old| step.old_site(old)), kinds, origin.method, origin.score)
            }
        }
    }

    /// What is said where a text or a tree that would tell is missing.
    const fn nothing_known() -> Back {
        let kinds = SymbolChangeKinds::NONE.with(SymbolChangeKind::Boundary);
        Back::Changed(None, kinds, SymbolMatch::None, 0.0)
    }

    fn site(&mut self, links: &Links, path: &RepoPath, ord: u32) -> Option<Site> {
        let (number, hint) = self.catalog.path(path);
        let id = self.objects.file_at(links.tree, &path.0)?;
        let blob = self.catalog.blob(id, hint?);
        let own = Change { old_path: number, old: NONE, path: number, new: blob };
        self.read(&[own]);
        let is_there = (ord as usize) < self.catalog.entries(blob).len();
        is_there.then_some(Site { path: number, blob, ord })
    }

    fn reached(&self, commit: Oid, site: Site) -> Reached {
        let entry = &self.catalog.entries(site.blob)[site.ord as usize];
        Reached {
            commit,
            path: self.catalog.paths[site.path as usize].clone(),
            blob: Oid(self.catalog.blobs[site.blob as usize].id.as_slice().to_vec()),
            ord: site.ord,
            key: self.catalog.told(entry.key),
        }
    }

    fn change(
        &self,
        place: Place,
        kinds: SymbolChangeKinds,
        method: SymbolMatch,
        score: f32,
    ) -> PastChange {
        let site = place.site();
        let entry = &self.catalog.entries(site.blob)[site.ord as usize];
        PastChange {
            commit: Oid(place.commit.as_slice().to_vec()),
            kinds,
            method,
            score,
            key: self.catalog.told(entry.key),
            path: self.catalog.paths[site.path as usize].clone(),
            line: entry.start_line,
        }
    }
}
