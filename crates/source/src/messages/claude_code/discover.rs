//! Finding the transcripts of one repository among all of them, by the heads of the files alone.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde_json::Value;

use super::NAME;
use crate::Result;
use crate::messages::Found;
use crate::messages::agent::home::{self, Roots};

/// Bytes of a file that are searched for the working directory.
const HEAD_BYTES: u64 = 1 << 20;
/// Folders below the root: `projects`, the project, the session, `subagents`.
const DEPTH_MAX: usize = 6;

/// The transcripts in `homes` whose working directory is one of `repo_roots` or inside one: pass the roots of the
/// repository's main and linked work trees. A home that is not there holds nothing. Symbolic links are not followed.
pub fn discover(homes: &[PathBuf], repo_roots: &[PathBuf]) -> Result<Vec<Found>> {
    let roots = Roots::new(repo_roots);
    let mut found = Vec::new();
    for tool in homes {
        let projects = tool.join("projects");
        let start = if projects.is_dir() { &projects } else { tool };
        let files = home::files(start, DEPTH_MAX, is_transcript)?;
        found.extend(files.iter().filter_map(|path| belongs(path, &roots)));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup();
    Ok(found)
}

fn is_transcript(path: &Path) -> bool {
    home::has_extension(path, "jsonl")
        && path.file_name().is_some_and(|name| name != "journal.jsonl")
}

/// The file, if the first working directory it tells lies in the repository.
fn belongs(path: &Path, roots: &Roots) -> Option<Found> {
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
    let messages = bytes.saturating_mul(lines).checked_div(read).unwrap_or_default().max(1);
    let path = path.to_owned();
    roots.hold(&cwd?).then_some(Found { path, format: NAME, part: None, bytes, messages })
}
