//! One commit against one parent: which symbol of a changed file is which, and what happened to it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use lichen_model::{SymbolChangeKind, SymbolChangeKinds, SymbolMatch};

use super::catalog::{Catalog, Entry, NONE};
use super::leftovers::{Item, Kept, Leftovers, Made, made_from};
use super::pair::Pairing;

/// Symbols that went on and are looked at for what a new one was made from.
const KEPT_MAX: usize = 5_000;
/// New symbols for which that is done.
const MADE_MAX: usize = 500;

/// A file that a commit changed: path and blob before and after, numbers or [`NONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) old_path: u32,
    pub(super) old: u32,
    pub(super) path: u32,
    pub(super) new: u32,
}

/// A symbol at a place: path and blob by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Site {
    pub(super) path: u32,
    pub(super) blob: u32,
    pub(super) ord: u32,
}

/// Where a symbol of a changed file comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Origin {
    /// What it was: the changed file's place and the place in its old blob; `None` for one that came.
    pub(super) old: Option<(u32, u32)>,
    pub(super) method: SymbolMatch,
    /// How surely it is the same; of one that came, how surely it is new.
    pub(super) score: f32,
    /// What it was made from, where it came.
    pub(super) made: Option<(u32, u32, Made)>,
}

/// What became of the files that a commit changed.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) files: Box<[Change]>,
    /// For each file with both sides; `None` also where the blob is the same.
    pairs: Box<[Option<Arc<Pairing>>]>,
    /// Symbols that no symbol of the same name in the same file explains: by file and place.
    other: HashMap<(u32, u32), Origin>,
    /// Symbols that went, and are nowhere else: by file and place in the old blob.
    pub(super) deleted: Box<[(u32, u32)]>,
}

impl Step {
    /// Matches what a commit changed; `pair` compares two blobs.
    pub(super) fn new(
        files: &[Change],
        catalog: &Catalog,
        pair: impl Fn(u32, u32) -> Arc<Pairing>,
    ) -> Self {
        let is_pair = |file: &Change| file.old != NONE && file.new != NONE && file.old != file.new;
        let pairs: Box<[_]> =
            files.iter().map(|file| is_pair(file).then(|| pair(file.old, file.new))).collect();
        let mut step = Self { files: files.into(), pairs, ..Self::default() };
        step.match_leftovers(catalog);
        step
    }

    fn match_leftovers(&mut self, catalog: &Catalog) {
        let mut left = Leftovers {
            catalog,
            gone: Vec::new(),
            came: Vec::new(),
            heirs: HashMap::new(),
            gone_paths: HashSet::new(),
            new_paths: HashSet::new(),
        };
        for ((at, file), pair) in (0_u32..).zip(&self.files).zip(&self.pairs) {
            if file.old != NONE && file.old == file.new {
                continue;
            }
            let entries = |blob: u32| if blob == NONE { &[][..] } else { catalog.entries(blob) };
            let (old, new) = (entries(file.old), entries(file.new));
            let gone: Vec<u32> = match pair {
                Some(pair) => pair.gone.to_vec(),
                None => (0..).take(old.len()).collect(),
            };
            let item = |path, ord: u32, entry| Item { file: at, ord, path, entry };
            left.gone
                .extend(gone.into_iter().map(|ord| item(file.old_path, ord, &old[ord as usize])));
            let came = (0..)
                .take(new.len())
                .filter(|&ord| pair.as_ref().is_none_or(|pair| pair.old(ord).is_none()));
            left.came.extend(came.map(|ord| item(file.path, ord, &new[ord as usize])));
            if file.new == NONE {
                left.gone_paths.insert(file.old_path);
            }
            if file.old == NONE {
                left.new_paths.insert(file.path);
            }
        }
        let (links, best) = left.link();
        let mut moved = vec![false; left.gone.len()];
        let mut linked = vec![false; left.came.len()];
        for link in links {
            let (gone, came) = (&left.gone[link.gone as usize], &left.came[link.came as usize]);
            moved[link.gone as usize] = true;
            linked[link.came as usize] = true;
            let origin = Origin {
                old: Some((gone.file, gone.ord)),
                method: link.method,
                score: link.score,
                made: None,
            };
            self.other.insert((came.file, came.ord), origin);
        }
        let new: Vec<_> = (0..left.came.len()).filter(|at| !linked[*at]).collect();
        let kept =
            if new.is_empty() || new.len() > MADE_MAX { Vec::new() } else { self.kept(catalog) };
        for at in new {
            let item = &left.came[at];
            let made = made_from(catalog, item, &kept).map(|(at, made)| {
                let old = kept[at].old;
                (old.file, old.ord, made)
            });
            let score = if made.is_some() { 1.0 } else { 1.0 - best[at] };
            let origin = Origin { old: None, method: SymbolMatch::None, score, made };
            self.other.insert((item.file, item.ord), origin);
        }
        let deleted = left.gone.iter().zip(moved).filter(|(_, moved)| !moved);
        self.deleted = deleted.map(|(item, _)| (item.file, item.ord)).collect();
    }

    /// Symbols of the changed files that went on.
    fn kept<'a>(&self, catalog: &'a Catalog) -> Vec<Kept<'a>> {
        let mut kept = Vec::new();
        for ((at, file), pair) in (0..).zip(&self.files).zip(&self.pairs) {
            let Some(pair) = pair else { continue };
            let (old, new) = (catalog.entries(file.old), catalog.entries(file.new));
            for (ord, new) in (0..).zip(new.iter()) {
                let Some((old_ord, _)) = pair.old(ord) else { continue };
                let entry = &old[old_ord as usize];
                kept.push(Kept {
                    old: Item { file: at, ord: old_ord, path: file.old_path, entry },
                    new,
                });
                if kept.len() == KEPT_MAX {
                    return kept;
                }
            }
        }
        kept
    }

    /// Where a symbol of a changed file comes from.
    pub(super) fn origin(&self, file: u32, ord: u32) -> Origin {
        let change = &self.files[file as usize];
        if change.old != NONE && change.old == change.new {
            return Origin {
                old: Some((file, ord)),
                method: SymbolMatch::Key,
                score: 1.0,
                made: None,
            };
        }
        if let Some(origin) = self.other.get(&(file, ord)) {
            return *origin;
        }
        let pair = self.pairs[file as usize].as_ref().expect("what no pair explains is told apart");
        let (old, score) = pair.old(ord).expect("what its pair does not explain is told apart");
        Origin { old: Some((file, old)), method: SymbolMatch::Key, score, made: None }
    }

    /// The symbol that an origin names.
    pub(super) fn old_site(&self, old: (u32, u32)) -> Site {
        let change = &self.files[old.0 as usize];
        Site { path: change.old_path, blob: change.old, ord: old.1 }
    }

    /// The changed file at a path, if the path is there afterwards.
    pub(super) fn file_at(&self, path: u32) -> Option<u32> {
        let at = self.files.iter().position(|file| file.new != NONE && file.path == path)?;
        u32::try_from(at).ok()
    }
}

/// What tells one version of a symbol from the next; where it stands within the file does not.
pub(super) fn is_same(old: &Entry, new: &Entry) -> bool {
    old.key == new.key && old.body == new.body && old.doc == new.doc
}

/// What happened to a symbol that went on; one that came along stands where it stood, whatever that is called now.
pub(super) fn kinds(
    catalog: &Catalog,
    (old, old_path): (&Entry, u32),
    (new, path): (&Entry, u32),
    came_along: bool,
) -> SymbolChangeKinds {
    use SymbolChangeKind as Kind;
    let file_moved = old_path != path;
    let mut kinds = SymbolChangeKinds::NONE.with_if(file_moved, Kind::FileMoved);
    if is_same(old, new) {
        return kinds;
    }
    let (old_key, new_key) = (catalog.key_of(old), catalog.key_of(new));
    let (old_body, new_body) = (catalog.body_of(old), catalog.body_of(new));
    let renamed = old_key.name != new_key.name;
    let signature = old_key.shape != new_key.shape;
    kinds = kinds
        .with_if(renamed, Kind::Renamed)
        .with_if(
            !file_moved && old_key.scope != new_key.scope,
            if came_along { Kind::Scope } else { Kind::Moved },
        )
        .with_if(signature, Kind::Signature)
        .with_if(old.doc != new.doc, Kind::Doc);
    let text = if old_body.raw_hash == new_body.raw_hash {
        None
    } else if old_body.norm_hash == new_body.norm_hash {
        // A declaration may differ by what is no syntax of it, such as the container's name.
        (!signature).then_some(Kind::Format)
    } else if renamed && old_body.anon_hash == new_body.anon_hash {
        None
    } else if old_body.own_hash == new_body.own_hash {
        Some(Kind::Member)
    } else {
        (!signature || changed_beside_signature(catalog, old, new)).then_some(Kind::Body)
    };
    if let Some(kind) = text {
        kinds = kinds.with(kind);
    }
    if kinds.is_empty() && old.key != new.key {
        // Only its number among its likes, or its language, is another.
        return kinds.with(if old_key.language == new_key.language {
            Kind::Moved
        } else {
            Kind::Body
        });
    }
    kinds
}

/// Whether more words differ than the declarations account for.
fn changed_beside_signature(catalog: &Catalog, old: &Entry, new: &Entry) -> bool {
    let words = |entry: &Entry| {
        let signature = &catalog.key_of(entry).signature;
        let is_mark = |char: char| !(char.is_alphanumeric() || char == '_');
        signature.split(is_mark).filter(|word| !word.is_empty()).count()
    };
    let tokens = |entry: &Entry| catalog.body_of(entry).tokens as usize;
    let alike = catalog.similarity(old, new);
    let union = (tokens(old) + tokens(new)) as f64 / (1.0 + alike);
    let differ = union * (1.0 - alike);
    differ > (words(old) + words(new)) as f64
}
