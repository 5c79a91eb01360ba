//! What a commit did to symbols, told with paths and object ids.

use lichen_model::{
    Oid, SymbolChange, SymbolChangeKind, SymbolChangeKinds, SymbolKind, SymbolSite,
};

use super::History;
use super::catalog::{Catalog, Entry, NONE};
use super::leftovers::Made;
use super::step::{self, Origin, Site, Step};

impl History {
    /// What a commit did to symbols, by where they are afterwards; `None` for a commit that is not known.
    ///
    /// Of a merge it is what differs from all its parents.
    pub fn changes(&self, commit: &Oid) -> Option<Vec<SymbolChange>> {
        let number = self.number_of(commit)?;
        let parents = self.commits[number as usize].parents.len();
        let step = self.step(number, 0);
        let mut changes = Vec::new();
        for file in (0..).take(step.files.len()) {
            for ord in self.ords(&step, file) {
                let (origin, kinds) = self.origin(number, &step, file, ord);
                if kinds.is_empty()
                    || !(1..parents).all(|parent| self.differs(number, parent, &step, file, ord))
                {
                    continue;
                }
                let made = origin.made.map(|(file, ord, _)| (file, ord));
                changes.push(SymbolChange {
                    commit: commit.clone(),
                    parent: 0,
                    old: origin.old.or(made).map(|old| self.told(step.old_site(old))),
                    new: Some(self.told(Site { ord, ..Self::new_site(&step, file) })),
                    kinds,
                    method: origin.method,
                    score: origin.score,
                });
            }
        }
        for &(file, ord) in &step.deleted {
            if (1..parents).all(|parent| self.deleted_from(number, parent, &step, file, ord)) {
                changes.push(SymbolChange {
                    commit: commit.clone(),
                    parent: 0,
                    old: Some(self.told(step.old_site((file, ord)))),
                    new: None,
                    kinds: SymbolChangeKinds::NONE.with(SymbolChangeKind::Deleted),
                    method: lichen_model::SymbolMatch::None,
                    score: 1.0,
                });
            }
        }
        Some(changes)
    }

    /// The places of a changed file's symbols.
    pub(super) fn ords(&self, step: &Step, file: u32) -> std::ops::Range<u32> {
        let blob = step.files[file as usize].new;
        let entries = if blob == NONE { 0 } else { self.catalog.entries(blob).len() };
        0..super::number(entries)
    }

    /// Where a symbol comes from, and what happened to it.
    pub(super) fn origin(
        &self,
        commit: u32,
        step: &Step,
        file: u32,
        ord: u32,
    ) -> (Origin, SymbolChangeKinds) {
        origin(&self.catalog, step, (file, ord), self.commits[commit as usize].boundary)
    }

    /// Whether a symbol of a merge differs from what it is in one of the other parents.
    fn differs(&self, commit: u32, parent: usize, step: &Step, file: u32, ord: u32) -> bool {
        let other = self.step(commit, super::number(parent));
        // A file that did not change is the same, unless it is one whose blobs are unknown.
        let Some(other_file) = other.file_at(step.files[file as usize].path) else { return false };
        !self.origin(commit, &other, other_file, ord).1.is_empty()
    }

    /// Whether a symbol that a merge deleted was deleted from one of the other parents too.
    fn deleted_from(&self, commit: u32, parent: usize, step: &Step, file: u32, ord: u32) -> bool {
        let gone = step.old_site((file, ord));
        let key = self.catalog.entries(gone.blob)[gone.ord as usize].key;
        let other = self.step(commit, super::number(parent));
        other.deleted.iter().any(|&old| {
            let site = other.old_site(old);
            site.path == gone.path && self.catalog.entries(site.blob)[site.ord as usize].key == key
        })
    }

    fn new_site(step: &Step, file: u32) -> Site {
        let change = &step.files[file as usize];
        Site { path: change.path, blob: change.new, ord: 0 }
    }

    pub(super) fn told(&self, site: Site) -> SymbolSite {
        SymbolSite {
            path: self.catalog.paths[site.path as usize].clone(),
            blob: self.catalog.blob_key(site.blob),
            ord: site.ord,
        }
    }
}

/// Where a symbol comes from, and what happened to it.
///
/// `is_boundary` says that what was before is not at hand, so that nothing can be said to be new.
pub(super) fn origin(
    catalog: &Catalog,
    step: &Step,
    (file, ord): (u32, u32),
    is_boundary: bool,
) -> (Origin, SymbolChangeKinds) {
    use SymbolChangeKind as Kind;
    let origin = step.origin(file, ord);
    let change = &step.files[file as usize];
    let Some(old) = origin.old else {
        let made = origin.made.map(|(.., made)| match made {
            Made::Copied => Kind::Copied,
            Made::Split => Kind::Split,
        });
        let first = if is_boundary { Kind::Boundary } else { Kind::Introduced };
        let kinds = SymbolChangeKinds::NONE.with(first);
        return (origin, made.map_or(kinds, |made| kinds.with(made)));
    };
    let old = step.old_site(old);
    let old_entry = &catalog.entries(old.blob)[old.ord as usize];
    let new_entry = &catalog.entries(change.new)[ord as usize];
    let container = |entry: &Entry| (entry.parent != NONE).then_some(entry.parent);
    let came_along = match (container(old_entry), container(new_entry)) {
        (None, None) => true,
        (Some(before), Some(now)) => {
            let was = step.origin(file, now).old;
            let kind = |blob: u32, ord: u32| {
                let entry = &catalog.entries(blob)[ord as usize];
                catalog.key_of(entry).kind
            };
            // A package says nothing that could tell it from another: a file has one.
            let package = SymbolKind::Module;
            was.is_some_and(|was| step.old_site(was) == Site { ord: before, ..old })
                || (kind(old.blob, before) == package && kind(change.new, now) == package)
        }
        _ => false,
    };
    let sides = ((old_entry, old.path), (new_entry, change.path));
    (origin, step::kinds(catalog, sides.0, sides.1, came_along))
}
