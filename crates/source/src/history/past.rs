//! The past of one symbol: from a line of a file at a commit back to where it was introduced, through merges too.

use std::collections::{BinaryHeap, HashSet};

use lichen_model::{Oid, RepoPath, SymbolChangeKind, SymbolChangeKinds, SymbolKey, SymbolMatch};

use super::History;
use super::catalog::NONE;
use super::step::Site;
use crate::git::Repository;

/// A change of a symbol, on the way back.
#[derive(Clone, Debug, PartialEq)]
pub struct PastChange {
    /// The commit.
    pub commit: Oid,
    /// What it did.
    pub kinds: SymbolChangeKinds,
    /// What shows that it is the same symbol before and after.
    pub method: SymbolMatch,
    /// How surely; of one that came, how surely it is new.
    pub score: f32,
    /// What it was called afterwards.
    pub key: SymbolKey,
    /// The file it stood in afterwards.
    pub path: RepoPath,
    /// The line it began on afterwards.
    pub line: u32,
}

/// What is known of how a symbol came to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// What it is called where the question was asked.
    pub key: SymbolKey,
    /// What happened to it, the newest first.
    pub changes: Vec<PastChange>,
}

impl Past {
    /// The commit that introduced it and how surely it did; `None` where history begins with it in place.
    pub fn introduced(&self) -> Option<(&Oid, f32)> {
        let introduced = |change: &&PastChange| change.kinds.has(SymbolChangeKind::Introduced);
        self.changes.iter().rev().find(introduced).map(|change| (&change.commit, change.score))
    }
}

impl History {
    /// The past of the innermost symbol on a line (from 1) of a file at a commit; `None` where there is none, or where commit or
    /// file are not known.
    pub fn past(
        &self,
        repository: &Repository,
        commit: &Oid,
        path: &RepoPath,
        line: u32,
    ) -> Option<Past> {
        let (number, site) = self.find(repository, commit, path, line)?;
        let key = self.catalog.told(self.catalog.entries(site.blob)[site.ord as usize].key);
        Some(Past { key, changes: self.walk_back(number, site) })
    }

    fn find(
        &self,
        repository: &Repository,
        commit: &Oid,
        path: &RepoPath,
        line: u32,
    ) -> Option<(u32, Site)> {
        let number = self.number_of(commit)?;
        let (path_number, hint) = self.catalog.known_path(path)?;
        let tree = self.commits[number as usize].tree;
        let blob = self.catalog.known_blob(repository.objects(1).file_at(tree, &path.0)?, hint?)?;
        let entries = self.catalog.entries(blob);
        let around = (0..)
            .zip(entries.iter())
            .filter(|(_, entry)| (entry.start_line..=entry.end_line).contains(&line));
        // The smallest, and of those on the same lines the one whose name is on the line, and of those the last: it is the innermost.
        let (ord, _) = around.min_by_key(|(ord, entry)| {
            (entry.end_line - entry.start_line, entry.name_line != line, std::cmp::Reverse(*ord))
        })?;
        Some((number, Site { path: path_number, blob, ord }))
    }

    fn walk_back(&self, commit: u32, site: Site) -> Vec<PastChange> {
        // Children are numbered after their parents: what two ways lead to is met once, after both.
        let mut todo = BinaryHeap::from([Place { commit, site }]);
        let mut seen = HashSet::new();
        let mut changes: Vec<PastChange> = Vec::new();
        while let Some(place) = todo.pop() {
            if !seen.insert(place) {
                continue;
            }
            let Place { commit, site } = place;
            let parents = &self.commits[commit as usize].parents;
            let steps: Vec<_> = (0..super::number(parents.len().max(1)))
                .map(|parent| self.back(commit, parent, site))
                .collect();
            // A parent that has it as it is knows the rest; the others only brought it along.
            if let Some((parent, before)) =
                (0..).zip(&steps).find_map(|(parent, back)| match back {
                    Back::Same(before) => Some((parent, *before)),
                    Back::Changed(..) => None,
                })
            {
                todo.extend(at_parent(parents, parent, before));
                continue;
            }
            // Nothing has it as it is: the commit made it so, out of what a parent has, if one has any of it.
            let had = |back: &&Back| matches!(back, Back::Changed(Some(_), ..));
            if let Some(Back::Changed(_, kinds, method, score)) =
                steps.iter().find(had).or(steps.first())
            {
                // What only is called otherwise because of where it stands did not change itself.
                if *kinds != SymbolChangeKinds::NONE.with(SymbolChangeKind::Scope) {
                    changes.push(self.past_change(commit, site, *kinds, *method, *score));
                }
            }
            for (parent, back) in (0..).zip(steps) {
                if let Back::Changed(Some(before), ..) = back {
                    todo.extend(at_parent(parents, parent, before));
                }
            }
        }
        changes
    }

    /// One step back, to one parent.
    fn back(&self, commit: u32, parent: u32, site: Site) -> Back {
        let step = self.step(commit, parent);
        let Some(file) = step.file_at(site.path) else { return self.unknown(commit, parent, site) };
        let (origin, kinds) = self.origin(commit, &step, file, site.ord);
        match origin.old {
            Some(old) if kinds.is_empty() => Back::Same(step.old_site(old)),
            old => {
                Back::Changed(old.map(|old| step.old_site(old)), kinds, origin.method, origin.score)
            }
        }
    }

    /// A step back where the step does not tell the file: it is the same, or what it was is unknown.
    fn unknown(&self, commit: u32, parent: u32, site: Site) -> Back {
        let changes = self.commits[commit as usize].changes.get(parent as usize);
        let Some(files) = changes.and_then(Option::as_ref) else {
            // Trees are missing: whether it changed cannot be told.
            return Back::Same(site);
        };
        if files.iter().any(|file| file.new == site.blob && file.path == site.path) {
            let kinds = SymbolChangeKinds::NONE.with(SymbolChangeKind::Boundary);
            return Back::Changed(None, kinds, SymbolMatch::None, 0.0);
        }
        Back::Same(site)
    }

    fn past_change(
        &self,
        commit: u32,
        site: Site,
        kinds: SymbolChangeKinds,
        method: SymbolMatch,
        score: f32,
    ) -> PastChange {
        let entry = &self.catalog.entries(site.blob)[site.ord as usize];
        PastChange {
            commit: self.oid(commit),
            kinds,
            method,
            score,
            key: self.catalog.told(entry.key),
            path: self.catalog.paths[site.path as usize].clone(),
            line: entry.start_line,
        }
    }
}

fn at_parent(parents: &[u32], parent: usize, site: Site) -> Option<Place> {
    let commit = parents.get(parent).copied().filter(|commit| *commit != NONE)?;
    Some(Place { commit, site })
}

/// What one parent has of a symbol.
pub(super) enum Back {
    Same(Site),
    Changed(Option<Site>, SymbolChangeKinds, SymbolMatch, f32),
}

/// A symbol in a commit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    commit: u32,
    site: Site,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Paths, blobs and places only have to come in some order: what is pushed next does not depend on it.
        let rank = |place: &Self| (place.commit, place.site.path, place.site.blob, place.site.ord);
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
