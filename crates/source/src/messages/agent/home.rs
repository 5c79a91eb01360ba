//! A tool's home: the files in it, and whether a working directory is one of the repository's.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::tools::normal;
use crate::messages::Found;
use crate::{Error, Result};

/// The files below `folder` that are wanted, at most `depth_max` folders deep, in order. A folder that is not there, or
/// that must not be read, holds nothing. Symbolic links are not followed.
pub(in crate::messages) fn files(
    folder: &Path,
    depth_max: usize,
    wanted: impl Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for (path, kind) in entries(&folder)? {
            if kind.is_dir() && depth < depth_max {
                folders.push((path, depth + 1));
            } else if kind.is_file() && wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The folders in `folder`, in order.
pub(in crate::messages) fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<_> = entries(folder)?
        .into_iter()
        .filter(|(_, kind)| kind.is_dir())
        .map(|(path, _)| path)
        .collect();
    folders.sort();
    Ok(folders)
}

fn entries(folder: &Path) -> Result<Vec<(PathBuf, std::fs::FileType)>> {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | PermissionDenied) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(Error::ReadFile(error)),
    };
    let known = entries.filter_map(io::Result::ok);
    Ok(known.filter_map(|entry| Some((entry.path(), entry.file_type().ok()?))).collect())
}

/// Whether a file has this extension.
pub(in crate::messages) fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension() == Some(OsStr::new(extension))
}

/// The name of a file or folder; empty for none.
pub(in crate::messages) fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// A file or a session in it that was found; `None` if it is gone already.
pub(in crate::messages) fn found(
    format: &'static str,
    path: &Path,
    part: Option<String>,
    messages: u64,
) -> Option<Found> {
    let bytes = fs::metadata(path).ok()?.len();
    Some(Found { path: path.to_owned(), format, part, bytes, messages })
}

/// The roots of the repository's work trees, as given and as the file system knows them.
pub(in crate::messages) struct Roots(Vec<(PathBuf, PathBuf)>);

impl Roots {
    pub(in crate::messages) fn new(roots: &[PathBuf]) -> Self {
        Self(roots.iter().map(|root| (root.clone(), real(root))).collect())
    }

    /// Whether the folder is one of the roots, or lies in one.
    pub(in crate::messages) fn hold(&self, folder: &Path) -> bool {
        if !folder.is_absolute() {
            return false;
        }
        let folder = normal(folder);
        let real = real(&folder);
        self.0
            .iter()
            .any(|(root, real_root)| folder.starts_with(root) || real.starts_with(real_root))
    }

    /// Every root, under each of its names.
    pub(in crate::messages) fn names(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().flat_map(|(root, real)| {
            let other = (root != real).then_some(real.as_path());
            std::iter::once(root.as_path()).chain(other)
        })
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
