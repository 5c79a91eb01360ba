//! The changed paths of a commit: its tree against the trees of all its parents in one walk.
//!
//! A subtree that is the same as in any one parent is never opened, so a clean merge costs next to nothing, and no
//! blob is ever read. The entries kept for a merge are those of git's `diff-tree -c`.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};

use gix::objs::{Find, TreeRefIter};
use gix::{ObjectId, OdbHandle};
use lichen_model::{ChangeStatus, FileChange, Oid, RepoPath};

/// More changed paths than any honest commit has: trees can be nested so that they unfold to billions.
const CHANGES_MAX: usize = 2_000_000;
/// How many deleted paths with the same content are looked at for one that was added.
const CANDIDATES_MAX: usize = 100;
const TREE: u32 = 0o040_000;
const TYPE_MASK: u32 = 0o170_000;

/// Why the changes of a commit are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// A tree is not in the object database.
    Missing(ObjectId),
    /// A tree cannot be read.
    Damaged(ObjectId),
    /// More than [`CHANGES_MAX`] paths.
    TooMany,
}

impl Unknown {
    pub(super) fn what(self) -> String {
        match self {
            Self::Missing(tree) => format!("tree {tree} is missing; the changed paths are unknown"),
            Self::Damaged(tree) => {
                format!("tree {tree} cannot be read; the changed paths are unknown")
            }
            Self::TooMany => format!("more than {CHANGES_MAX} changed paths; they are left out"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Node {
    mode: u32,
    oid: ObjectId,
}

impl Node {
    const fn is_tree(self) -> bool {
        self.mode & TYPE_MASK == TREE
    }
}

/// The entries of one tree, in git's order.
#[derive(Debug, Default)]
struct Entries {
    names: Vec<u8>,
    nodes: Vec<(u32, u32, Node)>,
}

impl Entries {
    fn get(&self, at: usize) -> Option<(&[u8], Node)> {
        self.nodes
            .get(at)
            .map(|&(start, end, node)| (&self.names[start as usize..end as usize], node))
    }
}

/// A folder to compare: its tree in the commit and in each parent; `None` where it is not there.
struct Folder {
    path: Vec<u8>,
    new: Option<ObjectId>,
    old: Vec<Option<ObjectId>>,
}

/// The changed paths of the commit with tree `new` whose parents have the trees `old` (none for a root commit), by
/// path.
pub(super) fn changes(
    odb: &OdbHandle,
    new: ObjectId,
    old: &[ObjectId],
) -> Result<Vec<FileChange>, Unknown> {
    let mut walk = Walk { odb, buffer: Vec::new(), folders: Vec::new(), changes: Vec::new() };
    let old: Vec<_> =
        if old.is_empty() { vec![None] } else { old.iter().copied().map(Some).collect() };
    if !old.contains(&Some(new)) {
        walk.folders.push(Folder { path: Vec::new(), new: Some(new), old });
    }
    while let Some(folder) = walk.folders.pop() {
        walk.folder(&folder)?;
    }
    let mut changes = walk.changes;
    changes.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(changes)
}

struct Walk<'a> {
    odb: &'a OdbHandle,
    buffer: Vec<u8>,
    folders: Vec<Folder>,
    changes: Vec<FileChange>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Folder) -> Result<(), Unknown> {
        let new = self.entries(folder.new)?;
        let old =
            folder.old.iter().map(|&tree| self.entries(tree)).collect::<Result<Vec<_>, _>>()?;
        let mut new_at = 0;
        let mut old_at = vec![0; old.len()];
        let mut nodes: Vec<Option<Node>> = vec![None; old.len()];
        loop {
            let heads = old
                .iter()
                .zip(&old_at)
                .filter_map(|(entries, &at)| entries.get(at))
                .chain(new.get(new_at));
            let Some((name, kind)) = heads.min_by(|a, b| order(*a, *b)) else { return Ok(()) };
            let is_next = |head: Option<(&[u8], Node)>| {
                head.filter(|&head| order(head, (name, kind)) == Ordering::Equal)
                    .map(|(_, node)| node)
            };
            let node = is_next(new.get(new_at));
            new_at += usize::from(node.is_some());
            for ((slot, entries), at) in nodes.iter_mut().zip(&old).zip(&mut old_at) {
                *slot = is_next(entries.get(*at));
                *at += usize::from(slot.is_some());
            }
            if !nodes.contains(&node) {
                self.differs(&folder.path, name, node, &nodes)?;
            }
        }
    }

    /// An entry that differs from all parents.
    fn differs(
        &mut self,
        folder: &[u8],
        name: &[u8],
        new: Option<Node>,
        old: &[Option<Node>],
    ) -> Result<(), Unknown> {
        if self.changes.len() + self.folders.len() >= CHANGES_MAX {
            return Err(Unknown::TooMany);
        }
        let mut path = Vec::with_capacity(folder.len() + name.len() + 1);
        path.extend_from_slice(folder);
        path.extend_from_slice(name);
        let is_tree =
            new.or_else(|| old.iter().flatten().next().copied()).is_some_and(Node::is_tree);
        if is_tree {
            path.push(b'/');
            let old = old.iter().map(|node| node.map(|node| node.oid)).collect();
            self.folders.push(Folder { path, new: new.map(|node| node.oid), old });
        } else {
            // Where the first parent lacks what another has, the status is still told against the first.
            self.changes.extend(change(RepoPath(path), new, old.first().copied().flatten()));
        }
        Ok(())
    }

    fn entries(&mut self, tree: Option<ObjectId>) -> Result<Entries, Unknown> {
        let mut entries = Entries::default();
        let Some(tree) = tree.filter(|tree| !tree.is_empty_tree()) else { return Ok(entries) };
        let found =
            self.odb.try_find(&tree, &mut self.buffer).map_err(|_| Unknown::Damaged(tree))?;
        let data = found.ok_or(Unknown::Missing(tree))?;
        if data.kind != gix::objs::Kind::Tree {
            return Err(Unknown::Damaged(tree));
        }
        for entry in TreeRefIter::from_bytes(data.data, data.object_hash) {
            let entry = entry.map_err(|_| Unknown::Damaged(tree))?;
            let start = entries.names.len();
            entries.names.extend_from_slice(entry.filename);
            let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(entries.names.len()))
            else {
                return Err(Unknown::TooMany);
            };
            let node = Node { mode: u32::from(entry.mode.value()), oid: entry.oid.to_owned() };
            entries.nodes.push((start, end, node));
        }
        Ok(entries)
    }
}

/// Git's order of tree entries: by name, a folder as if its name ended in `/`. A folder and a file of one name are
/// two entries.
fn order((a, a_node): (&[u8], Node), (b, b_node): (&[u8], Node)) -> Ordering {
    let shared = a.len().min(b.len());
    a[..shared].cmp(&b[..shared]).then_with(|| {
        let next = |name: &[u8], node: Node| match name.get(shared) {
            Some(&byte) => byte,
            None if node.is_tree() => b'/',
            None => 0,
        };
        next(a, a_node)
            .cmp(&next(b, b_node))
            .then_with(|| a.len().cmp(&b.len()))
            .then_with(|| a_node.is_tree().cmp(&b_node.is_tree()))
    })
}

fn change(path: RepoPath, new: Option<Node>, old: Option<Node>) -> Option<FileChange> {
    let status = match (old, new) {
        (None, None) => return None,
        (None, Some(_)) => ChangeStatus::Added,
        (Some(_), None) => ChangeStatus::Deleted,
        (Some(old), Some(new)) if old.mode & TYPE_MASK != new.mode & TYPE_MASK => {
            ChangeStatus::TypeChanged
        }
        (Some(_), Some(_)) => ChangeStatus::Modified,
    };
    Some(FileChange {
        parent: 0,
        path,
        old_path: None,
        status,
        old_oid: old.map(|node| oid(node.oid)),
        new_oid: new.map(|node| oid(node.oid)),
        old_mode: old.map_or(0, |node| node.mode),
        new_mode: new.map_or(0, |node| node.mode),
    })
}

pub(super) fn oid(oid: ObjectId) -> Oid {
    Oid(oid.as_slice().to_vec())
}

/// Makes one rename of a path that went and a path that came with the very same content, as `git diff -M100%` does:
/// files whatever their mode bits, other entries only with the same mode. Of several candidates one with the same
/// file name is taken first, then the first by path.
pub(super) fn pair_renames(changes: &mut Vec<FileChange>) {
    let pairs = rename_pairs(changes);
    if pairs.is_empty() {
        return;
    }
    let mut taken = vec![false; changes.len()];
    for &(old, new) in &pairs {
        let (old_path, old_mode) = (changes[old].path.clone(), changes[old].old_mode);
        let change = &mut changes[new];
        change.status = ChangeStatus::Renamed;
        change.old_path = Some(old_path);
        change.old_oid.clone_from(&change.new_oid);
        change.old_mode = old_mode;
        taken[old] = true;
    }
    let mut at = 0;
    changes.retain(|_| {
        at += 1;
        !taken[at - 1]
    });
}

/// Places of (a deletion, the addition it became).
fn rename_pairs(changes: &[FileChange]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut used = vec![false; changes.len()];
    for same_name in [true, false] {
        let key = |path, oid| (oid, if same_name { file_name(path) } else { &[][..] });
        let mut gone: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (at, change) in changes.iter().enumerate().filter(|&(at, _)| !used[at]) {
            if let (ChangeStatus::Deleted, Some(oid)) = (change.status, &change.old_oid) {
                gone.entry(key(&change.path, oid)).or_default().push_back(at);
            }
        }
        if gone.is_empty() {
            break;
        }
        for (at, change) in changes.iter().enumerate() {
            let (ChangeStatus::Added, Some(oid), false) =
                (change.status, &change.new_oid, used[at])
            else {
                continue;
            };
            let Some(candidates) = gone.get_mut(&key(&change.path, oid)) else { continue };
            let fits = candidates.iter().take(CANDIDATES_MAX).position(|&old| {
                let mode = changes[old].old_mode;
                mode == change.new_mode || (is_file(mode) && is_file(change.new_mode))
            });
            if let Some(old) = fits.and_then(|fits| candidates.remove(fits)) {
                used[old] = true;
                used[at] = true;
                pairs.push((old, at));
            }
        }
    }
    pairs
}

const fn is_file(mode: u32) -> bool {
    mode & TYPE_MASK == 0o100_000
}

fn file_name(path: &RepoPath) -> &[u8] {
    path.0.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
