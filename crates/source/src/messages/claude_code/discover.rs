//! Finding the transcripts of one repository among all of them, by the heads of the files alone.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde_json::Value;

use super::{NAME, tools};
use crate::messages::Found;
use crate::{Error, Result};

/// Bytes of a file that are searched for the working directory.
const HEAD_BYTES: u64 = 1 << 20;
/// Folders below the root: `projects`, the project, the session, `subagents`.
const DEPTH_MAX: usize = 6;

/// The transcripts under `roots` whose working directory is one of `repo_roots` or inside one: pass the roots of the
/// repository's main and linked work trees. A root that is not there holds nothing. Symbolic links are not followed.
pub fn discover(roots: &[PathBuf], repo_roots: &[PathBuf]) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for root in roots {
        let projects = root.join("projects");
        let start = if projects.is_dir() { projects } else { root.clone() };
        let mut folders = vec![(start, 0)];
        while let Some((folder, depth)) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::PermissionDenied
                    ) =>
                {
                    continue;
                }
                Err(error) => return Err(Error::ReadFile(error)),
            };
            for entry in entries.filter_map(Result::<_, std::io::Error>::ok) {
                let Ok(kind) = entry.file_type() else { continue };
                let path = entry.path();
                if kind.is_dir() && depth < DEPTH_MAX {
                    folders.push((path, depth + 1));
                } else if kind.is_file() && is_transcript(&path) {
                    found.extend(belongs(&path, repo_roots));
                }
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup();
    Ok(found)
}

fn is_transcript(path: &Path) -> bool {
    path.extension().is_some_and(|name| name == "jsonl")
        && path.file_name().is_some_and(|name| name != "journal.jsonl")
}

/// The file, if the first working directory it tells lies in the repository.
fn belongs(path: &Path, repo_roots: &[PathBuf]) -> Option<Found> {
    let file = fs::File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    let mut head = BufReader::new(file.take(HEAD_BYTES));
    let (mut lines, mut read) = (0_u64, 0_u64);
    let mut line = Vec::new();
    let mut cwd = None;
    while cwd.is_none() {
        line.clear();
        let len = head.read_until(b'\n', &mut line).ok()?;
        if len == 0 {
            return None;
        }
        lines += 1;
        read += len as u64;
        cwd = serde_json::from_slice::<Value>(&line)
            .ok()
            .and_then(|line| Some(PathBuf::from(line.get("cwd")?.as_str()?)));
    }
    let cwd = tools::normal(&cwd?);
    let real = cwd.canonicalize().unwrap_or_else(|_| cwd.clone());
    let inside = |root: &PathBuf| {
        let real_root = root.canonicalize().unwrap_or_else(|_| root.clone());
        cwd.starts_with(root) || real.starts_with(real_root)
    };
    let messages = bytes.saturating_mul(lines).checked_div(read).unwrap_or_default().max(1);
    repo_roots.iter().any(inside).then(|| Found {
        path: path.to_owned(),
        format: NAME,
        bytes,
        messages,
    })
}
