//! Finding the sessions of one repository, by the first lines of the files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{NAME, packed, rollout};
use crate::Result;
use crate::messages::Found;
use crate::messages::agent::home::{self, Roots};
use crate::messages::agent::{inner, object, text};

/// Bytes of a file that are searched for its first line, which holds the tool's instructions too.
const HEAD_BYTES: u64 = 1 << 20;
/// About how long a line is.
const LINE_BYTES: u64 = 2 << 10;

/// The sessions under `homes` whose working directory is one of `repo_roots` or inside one. A packed session beside
/// its plain file is left out, as the tool itself does.
pub(super) fn discover(homes: &[PathBuf], repo_roots: &[PathBuf]) -> Result<Vec<Found>> {
    let roots = Roots::new(repo_roots);
    let mut found = Vec::new();
    for folder in homes.iter().flat_map(|home| rollout::FOLDERS.map(|name| home.join(name))) {
        for path in home::files(&folder, rollout::DEPTH_MAX, rollout::is_rollout)? {
            let twin = packed::is_packed(&path) && path.with_extension("").exists();
            if !twin && working_directory(&path).is_some_and(|cwd| roots.hold(&cwd)) {
                found.extend(home::found(NAME, &path, None, 0).map(|mut found| {
                    found.messages = (found.bytes / LINE_BYTES).max(1);
                    found
                }));
            }
        }
    }
    Ok(found)
}

fn working_directory(path: &Path) -> Option<PathBuf> {
    let first = object(&rollout::first_line(path, HEAD_BYTES)?).ok()?;
    let meta = inner(&first, "payload").unwrap_or(&first);
    match text(meta, "cwd") {
        Some(cwd) => Some(cwd.into()),
        None => told_to_the_model(path),
    }
}

/// Sessions of before September 2025 tell it only in what the model is told first.
fn told_to_the_model(path: &Path) -> Option<PathBuf> {
    let mut head = Vec::new();
    let file = fs_err::File::open(path).ok()?;
    file.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let between = |start: &str, end: &str| Some(head.split_once(start)?.1.split_once(end)?.0);
    let cwd = between("<cwd>", "</cwd>").or_else(|| between("Current working directory: ", "\\n"));
    // The path as the JSON around it writes it.
    serde_json::from_str(&format!("\"{}\"", cwd?)).ok()
}
