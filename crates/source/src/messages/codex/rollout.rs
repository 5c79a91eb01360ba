//! The files of sessions: what their names tell, and where one of another session is.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use super::packed;
use crate::Result;
use crate::messages::Source;
use crate::messages::agent::home;
use crate::messages::lines::{Line, Lines};

/// Folders of sessions in the tool's home.
pub(super) const FOLDERS: [&str; 2] = ["sessions", "archived_sessions"];
/// Folders below them: the year, the month, the day.
pub(super) const DEPTH_MAX: usize = 4;
/// Letters of a session's id.
const ID_LEN: usize = 36;

/// Whether a file has the name of a session's.
pub(super) fn is_rollout(path: &Path) -> bool {
    let name = home::name(path);
    name.starts_with("rollout-") && home::has_extension(Path::new(plain(&name)), "jsonl")
}

fn plain(name: &str) -> &str {
    name.strip_suffix(".zst").unwrap_or(name)
}

/// The session that a file's name tells.
pub(super) fn session_of(path: &Path) -> String {
    let name = home::name(path);
    let stem = plain(&name).strip_suffix(".jsonl").unwrap_or(&name);
    let id = stem.len().checked_sub(ID_LEN).and_then(|at| stem.get(at..));
    let is_id = |id: &&str| id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    id.filter(is_id).unwrap_or(stem).to_owned()
}

/// The file of another session of the same home.
pub(super) fn find(path: &Path, session: &str) -> Option<PathBuf> {
    let names = |path: &Path| is_rollout(path) && session_of(path) == session;
    let kept = path.ancestors().find(|folder| FOLDERS.contains(&home::name(folder).as_str()));
    let folders: Vec<PathBuf> = match kept.and_then(Path::parent) {
        Some(home) => FOLDERS.iter().map(|name| home.join(name)).collect(),
        // A file that was taken out of its home: beside it.
        None => path.parent().map(ToOwned::to_owned).into_iter().collect(),
    };
    folders.iter().find_map(|folder| home::files(folder, DEPTH_MAX, names).ok()?.into_iter().next())
}

/// Every whole line of a session's file.
pub(super) fn each_line(source: &Source, take: &mut dyn FnMut(&str)) -> Result<()> {
    let mut buffer = Vec::new();
    if packed::is_packed(&source.path) {
        let mut input = BufReader::new(packed::unpack(&source.path)?);
        while packed::line(&mut input, &mut buffer, packed::line_bytes_max(source))?.is_some() {
            take(&String::from_utf8_lossy(&buffer));
        }
        return Ok(());
    }
    let mut lines = Lines::open(&source.path, None, source.line_bytes_max)?;
    while let Some(line) = lines.next(&mut buffer)? {
        if line == Line::Read {
            take(&String::from_utf8_lossy(&buffer));
        }
    }
    Ok(())
}

/// The first line of a session's file, if it is whole within `limit` bytes.
pub(super) fn first_line(path: &Path, limit: u64) -> Option<String> {
    use std::io::Read as _;
    let file: Box<dyn std::io::Read> = if packed::is_packed(path) {
        Box::new(packed::unpack(path).ok()?)
    } else {
        Box::new(fs_err::File::open(path).ok()?)
    };
    let mut line = String::new();
    BufReader::new(file.take(limit)).read_line(&mut line).ok()?;
    Some(line)
}
