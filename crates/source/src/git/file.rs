//! Files of a commit and of the work tree: what stands at a path, its bytes, and which paths a wrong one may have meant.

use std::path::{Component, Path, PathBuf};

use gix::ObjectId;
use gix::objs::{Find, Kind, TreeRefIter};
use lichen_model::{Oid, RepoPath};

use super::{Repository, header, tree};
use crate::documents;

/// A file name that differs by so much may have been meant.
const TYPING_ERRORS_MAX: usize = 2;
/// Folders that are searched for what was meant: trees can be nested so that they unfold to billions.
const FOLDERS_MAX: usize = 200_000;

/// What stands at a path of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file with this text.
    File(Oid),
    /// A symbolic link.
    Link(Oid),
    /// A folder.
    Folder,
    /// Another repository at a commit of its own; `path` is where it is, and may be above the path that was asked for.
    Submodule {
        /// Where the other repository stands.
        path: RepoPath,
        /// The commit of it.
        commit: Oid,
    },
}

/// What stands at a path of the work tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkFile {
    /// A file with these bytes.
    File(Vec<u8>),
    /// A symbolic link, a folder or something stranger.
    Other,
    /// Nothing, or there is no work tree.
    None,
}

impl Repository {
    /// What stands at a path of a commit; `None` where nothing does, or where the commit or its trees are not there.
    pub fn entry(&self, commit: &Oid, path: &RepoPath) -> Option<Entry> {
        let mut buffer = Vec::new();
        let mut at = self.tree_of(commit, &mut buffer)?;
        let mut walked = 0;
        let mut names = path.0.split(|&byte| byte == b'/').peekable();
        while let Some(name) = names.next() {
            let data = self.git.objects.try_find(&at, &mut buffer).ok()??;
            if data.kind != Kind::Tree {
                return None;
            }
            let is_last = names.peek().is_none();
            walked += name.len();
            // A folder and a file of one name cannot both be there but in a damaged tree.
            let entry =
                TreeRefIter::from_bytes(data.data, data.object_hash).flatten().find(|entry| {
                    entry.filename == name && (is_last || !entry.mode.is_blob_or_symlink())
                })?;
            if entry.mode.is_commit() {
                let path = RepoPath(path.0[..walked].to_vec());
                return Some(Entry::Submodule { path, commit: tree::oid(entry.oid.to_owned()) });
            }
            if is_last {
                let oid = tree::oid(entry.oid.to_owned());
                return Some(if entry.mode.is_tree() {
                    Entry::Folder
                } else if entry.mode.is_link() {
                    Entry::Link(oid)
                } else {
                    Entry::File(oid)
                });
            }
            at = entry.oid.to_owned();
            walked += 1;
        }
        None
    }

    /// The bytes of a blob; `None` where it is not there.
    pub fn blob(&self, blob: &Oid) -> Option<Vec<u8>> {
        let id = ObjectId::try_from(blob.0.as_slice()).ok()?;
        let mut buffer = Vec::new();
        let data = self.git.objects.try_find(&id, &mut buffer).ok()??;
        (data.kind == Kind::Blob).then(|| data.data.to_vec())
    }

    /// Every file of a commit with its blob, in the order of paths; links and submodules are left out.
    pub fn files(&self, commit: &Oid) -> Vec<(RepoPath, Oid)> {
        let mut files = Vec::new();
        self.each_file(commit, &mut |path, blob| files.push((path, blob)));
        files.sort_unstable();
        files
    }

    /// Paths of a commit that a wrong one may have meant, the likeliest first: those that end in it, then those whose name is
    /// the same, then those whose name is nearly the same.
    pub fn paths_like(&self, commit: &Oid, wrong: &RepoPath, count: usize) -> Vec<RepoPath> {
        let mut ranked = Vec::new();
        self.each_file(commit, &mut |path, _| {
            if let Some(rank) = likeness(&path, wrong) {
                ranked.push((rank, path.0.len(), path));
            }
        });
        ranked.sort_unstable();
        // Where something fits as it is, what is only similar was not meant.
        let best = ranked.first().map_or(0, |(rank, ..)| *rank / 2);
        let kept = ranked.into_iter().filter(|(rank, ..)| rank / 2 == best);
        kept.take(count).map(|(.., path)| path).collect()
    }

    /// What stands at a path of the work tree now. Nothing stands at one that leads out of it, by its own parts or by links.
    pub fn work_file(&self, path: &RepoPath) -> WorkFile {
        let Some(root) = self.git.workdir() else { return WorkFile::None };
        let file = documents::file_path(root, path);
        if !is_inside(root, &file) {
            return WorkFile::None;
        }
        let Ok(metadata) = fs_err::symlink_metadata(&file) else { return WorkFile::None };
        if !metadata.is_file() {
            return WorkFile::Other;
        }
        fs_err::read(&file).map_or(WorkFile::None, WorkFile::File)
    }

    /// The object id that these bytes have as a blob.
    pub fn blob_id(&self, bytes: &[u8]) -> Option<Oid> {
        let id = gix::objs::compute_hash(self.git.object_hash(), Kind::Blob, bytes).ok()?;
        Some(tree::oid(id))
    }

    /// The path in the repository that `file` names in the work tree, seen from `folder`; `None` for one outside of it.
    pub fn path_in(&self, folder: &Path, file: &Path) -> Option<RepoPath> {
        let root = fs_err::canonicalize(self.git.workdir()?).ok()?;
        let folder = fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let mut whole = PathBuf::new();
        // Without asking the file system: the file need not be there any more, and a link is a file to git.
        for part in folder.join(file).components() {
            match part {
                Component::ParentDir => {
                    whole.pop();
                }
                Component::CurDir => {}
                other => whole.push(other),
            }
        }
        let path = whole.starts_with(&root).then(|| documents::repo_path(&root, &whole));
        path.filter(|path| !path.0.is_empty())
    }

    fn tree_of(&self, commit: &Oid, buffer: &mut Vec<u8>) -> Option<ObjectId> {
        let id = ObjectId::try_from(commit.0.as_slice()).ok()?;
        let data = self.git.objects.try_find(&id, buffer).ok()??;
        (data.kind == Kind::Commit).then(|| header::links(data.data).ok())?.map(|links| links.tree)
    }

    fn each_file(&self, commit: &Oid, tell: &mut dyn FnMut(RepoPath, Oid)) {
        let mut buffer = Vec::new();
        let Some(root) = self.tree_of(commit, &mut buffer) else { return };
        let mut folders = vec![(Vec::new(), root)];
        let mut opened = 0;
        while let Some((folder, at)) = folders.pop() {
            opened += 1;
            if opened > FOLDERS_MAX {
                return;
            }
            let Ok(Some(data)) = self.git.objects.try_find(&at, &mut buffer) else { continue };
            if data.kind != Kind::Tree {
                continue;
            }
            for entry in TreeRefIter::from_bytes(data.data, data.object_hash).flatten() {
                let mut path: Vec<u8> = folder.clone();
                path.extend_from_slice(entry.filename);
                if entry.mode.is_tree() {
                    path.push(b'/');
                    folders.push((path, entry.oid.to_owned()));
                } else if entry.mode.is_blob() {
                    tell(RepoPath(path), tree::oid(entry.oid.to_owned()));
                }
            }
        }
    }
}

/// Whether a file of the work tree at `root` lies in it, however its path is written and wherever links in it lead; what git keeps for
/// itself is no part of it.
fn is_inside(root: &Path, file: &Path) -> bool {
    let Some(folder) = file.parent() else { return false };
    let is_name =
        |part| matches!(part, Component::Normal(name) if !name.eq_ignore_ascii_case(".git"));
    file.strip_prefix(root).is_ok_and(|path| path.components().all(is_name))
        && match (fs_err::canonicalize(root), fs_err::canonicalize(folder)) {
            (Ok(root), Ok(folder)) => folder.starts_with(root),
            _ => false,
        }
}

/// How little `path` is like the wrong one, in pairs of which the first half is exact but for case; `None` for not at all.
fn likeness(path: &RepoPath, wrong: &RepoPath) -> Option<u8> {
    let trimmed: &[u8] = wrong.0.strip_prefix(b"./").unwrap_or(&wrong.0);
    let ends = |path: &[u8], end: &[u8]| {
        path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
    };
    if ends(&path.0, trimmed) {
        return Some(0);
    }
    let (lower, wrong_lower) = (path.0.to_ascii_lowercase(), trimmed.to_ascii_lowercase());
    if ends(&lower, &wrong_lower) {
        return Some(1);
    }
    let (name, wrong_name) = (file_name(&lower), file_name(&wrong_lower));
    if name == wrong_name {
        return Some(2);
    }
    let (name, wrong_name) = (String::from_utf8_lossy(name), String::from_utf8_lossy(wrong_name));
    let wrong = strsim::osa_distance(&name, &wrong_name);
    let is_near = wrong <= TYPING_ERRORS_MAX && wrong * 3 <= wrong_name.chars().count();
    is_near.then(|| 4 + 2 * u8::try_from(wrong).unwrap_or(u8::MAX / 4))
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}
