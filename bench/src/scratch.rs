//! Folders for what is measured and for what is remembered about it, on two file systems where there are two.

use std::path::{Path, PathBuf};

use anyhow::Result;

/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";

/// A folder in memory, where the system has such; else one on the disk.
pub(crate) fn in_memory() -> Result<tempfile::TempDir> {
    let memory = Path::new(MEMORY);
    Ok(if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? })
}

/// A folder in `dir`, by default where temporary files are kept.
pub(crate) fn on_disk(dir: Option<&PathBuf>) -> Result<tempfile::TempDir> {
    Ok(match dir {
        Some(dir) => {
            fs_err::create_dir_all(dir)?;
            tempfile::tempdir_in(dir)?
        }
        None => tempfile::tempdir()?,
    })
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs_err::copy(&path, &target)?;
        }
    }
    Ok(())
}
