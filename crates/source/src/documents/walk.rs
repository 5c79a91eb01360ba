//! The files of a folder that are not ignored.

#[cfg(unix)]
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use ignore::{DirEntry, WalkBuilder};
use lichen_model::{Problem, RepoPath};

use super::position::Stamp;
use crate::{Error, Result};

/// The store's own folder.
pub(super) const OWN_FOLDER: &str = ".lichen";

/// A file, seen but not opened.
pub(super) struct Found {
    pub(super) path: RepoPath,
    pub(super) file: PathBuf,
    pub(super) stamp: Stamp,
}

#[derive(Default)]
pub(super) struct Listed {
    /// By path.
    pub(super) files: Vec<Found>,
    /// Folders and files that could not be looked at: what is known of them is still so, for all we can tell.
    pub(super) unreadable: Vec<RepoPath>,
    pub(super) problems: Vec<Problem>,
}

/// Lists the files under `root`.
pub(super) fn files(root: &Path, key: &str) -> Result<Listed> {
    fs_err::read_dir(root).map_err(Error::ReadFile)?;
    let mut listed = Listed::default();
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(true)
        .git_exclude(true)
        .require_git(false)
        .add_custom_ignore_filename(".lichenignore")
        .filter_entry(|entry| entry.depth() == 0 || !is_foreign(entry))
        .build();
    for entry in walk {
        match entry {
            Ok(entry) => {
                if let Some(error) = entry.error() {
                    listed.problems.push(Problem::new(
                        key,
                        place(root, entry.path()),
                        format!("{error}"),
                    ));
                }
                if entry.file_type().is_some_and(|kind| kind.is_file()) {
                    listed.add(root, &entry, key);
                }
            }
            Err(error) => listed.failed(root, key, &error),
        }
    }
    listed.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(listed)
}

/// Git's own folder, the store's, and other repositories inside this one.
fn is_foreign(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    name == ".git" || name == OWN_FOLDER || (folder && entry.path().join(".git").exists())
}

impl Listed {
    fn add(&mut self, root: &Path, entry: &DirEntry, key: &str) {
        let metadata = match entry.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return self.failed(root, key, &error),
        };
        let modified =
            metadata.modified().map_or(0, |modified| match modified.duration_since(UNIX_EPOCH) {
                Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX),
                Err(before) => {
                    i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |nanos| -nanos)
                }
            });
        let path = repo_path(root, entry.path());
        let stamp = Stamp { bytes: metadata.len(), modified, document: false };
        self.files.push(Found { path, file: entry.path().to_owned(), stamp });
    }

    fn failed(&mut self, root: &Path, key: &str, error: &ignore::Error) {
        // A file that went while the folder was listed is simply gone.
        if error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return;
        }
        let path = error_path(error);
        let what = format!("cannot be read ({error}); what is known of it is left as it was");
        self.problems.push(Problem::new(
            key,
            path.map_or_else(String::new, |path| place(root, path)),
            what,
        ));
        self.unreadable.extend(path.map(|path| repo_path(root, path)));
    }
}

fn error_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            error_path(err)
        }
        _ => None,
    }
}

fn place(root: &Path, path: &Path) -> String {
    repo_path(root, path).to_text().into_owned()
}

/// Where a path of the repository stands in the file system.
pub(crate) fn file_path(root: &Path, path: &RepoPath) -> PathBuf {
    #[cfg(unix)]
    let relative = std::ffi::OsStr::from_bytes(&path.0);
    #[cfg(not(unix))]
    let relative = path.to_text().into_owned();
    root.join(relative)
}

/// The path seen from the root, with `/` between names.
pub(crate) fn repo_path(root: &Path, path: &Path) -> RepoPath {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let mut bytes = Vec::new();
    for name in relative.components() {
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name.as_os_str().as_encoded_bytes());
    }
    RepoPath(bytes)
}
