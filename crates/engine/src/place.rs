//! Where a store stands: `.lichen` in a repository or a folder.

use std::path::{Path, PathBuf};

use lichen_source::git;

use crate::Error;

/// The name of a store's folder.
const STORE: &str = ".lichen";

/// The store in `here` or in the nearest folder above it.
///
/// # Errors
/// [`Error::NoStore`] where there is none.
pub fn find_store(here: &Path) -> Result<PathBuf, Error> {
    here.ancestors()
        .map(|folder| folder.join(STORE))
        .find(|dir| dir.is_dir())
        .ok_or_else(|| Error::NoStore { dir: here.to_owned() })
}

/// Where a new store belongs, seen from `here`: in the work tree of the repository around, else right here.
pub fn new_store_dir(here: &Path) -> PathBuf {
    repository_root(here).unwrap_or_else(|| here.to_owned()).join(STORE)
}

/// The work tree of the repository around `here`, or its folder where it is bare; `None` outside of one.
pub fn repository_root(here: &Path) -> Option<PathBuf> {
    let repository = git::Repository::open(here, "").ok()?;
    Some(repository.work_tree().unwrap_or_else(|| repository.common_dir()))
}

/// Makes the folder of a store at `dir` and keeps git away from it. Tells whether there was none.
///
/// # Errors
/// [`Error::File`] where the folder cannot be made.
pub fn init(dir: &Path) -> Result<bool, Error> {
    let made = !dir.is_dir();
    let file = |source| Error::File { source };
    fs_err::create_dir_all(dir).map_err(file)?;
    let ignore = dir.join(".gitignore");
    if !ignore.exists() {
        fs_err::write(ignore, "*\n").map_err(file)?;
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_found_from_any_folder_below() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs_err::create_dir_all(&deep).unwrap();
        assert!(matches!(find_store(&deep), Err(Error::NoStore { .. })));
        let dir = new_store_dir(folder.path());
        assert!(init(&dir).unwrap() && !init(&dir).unwrap());
        assert_eq!(find_store(&deep).unwrap(), dir);
        assert_eq!(fs_err::read_to_string(dir.join(".gitignore")).unwrap(), "*\n");
    }
}
