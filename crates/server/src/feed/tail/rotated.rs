//! Where the rest of a file may be that has lost its name, and how a folder tells that something in it has changed.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use super::Stamp;

/// Files that are looked at for the rest of one.
const CANDIDATES_MAX: usize = 64;
/// Folders below a folder that are looked into.
const DEPTH_MAX: usize = 4;

/// The file beside `path` in which `position` was reached: what a rotation has renamed it to, or copied it to before it was
/// truncated. The newest where there are several. `None` too where the folder cannot be listed.
pub(super) fn find(path: &Path, position: &str) -> Option<fs_err::File> {
    let mut candidates = beside(path).unwrap_or_default();
    candidates.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.modified().ok()));
    candidates.truncate(CANDIDATES_MAX);
    candidates.into_iter().find_map(|(path, _)| {
        let file = fs_err::File::open(path).ok()?;
        matches!(lichen_engine::continues(&file, position), Ok(Some(true))).then_some(file)
    })
}

/// Files of the same folder whose names begin like that of `path`: `chat.jsonl.1`, `chat-20260101.jsonl`.
fn beside(path: &Path) -> Option<Vec<(PathBuf, Metadata)>> {
    let stem = path.file_stem()?.to_string_lossy().into_owned();
    let entries = fs_err::read_dir(path.parent()?).ok()?;
    let found = entries.filter_map(Result::ok).filter_map(|entry| {
        let other = entry.path();
        let similar = entry.file_name().to_string_lossy().starts_with(&stem) && other != path;
        let metadata = similar.then(|| entry.metadata().ok()).flatten()?;
        metadata.is_file().then_some((other, metadata))
    });
    Some(found.collect())
}

/// What changes when a file in a folder of messages is written, made or removed.
pub(super) fn stamp_of_folder(path: &Path) -> io::Result<Stamp> {
    let mut folders = vec![(path.to_owned(), 0)];
    let mut all = Stamp { bytes: 0, seconds: i64::MIN, nanos: 0 };
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs_err::read_dir(&folder)? {
            let entry = entry?;
            // Gone meanwhile: the next look sees it.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() && depth < DEPTH_MAX {
                folders.push((entry.path(), depth + 1));
            }
            let one = Stamp::of(&metadata);
            all.bytes = all.bytes.wrapping_add(one.bytes).wrapping_add(1);
            (all.seconds, all.nanos) = (all.seconds, all.nanos).max((one.seconds, one.nanos));
        }
    }
    Ok(all)
}
