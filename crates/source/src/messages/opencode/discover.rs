//! Finding the sessions of one repository, by the working directory that each was begun in.

use std::path::{Path, PathBuf};

use super::database::Tables;
use super::{NAME, files};
use crate::Result;
use crate::messages::Found;
use crate::messages::agent::home::{self, Roots};

/// The sessions under `homes` whose directory is one of `repo_roots` or inside one. Of a session that is in a database
/// and in files, the database counts.
pub(super) fn discover(homes: &[PathBuf], repo_roots: &[PathBuf]) -> Result<Vec<Found>> {
    let roots = Roots::new(repo_roots);
    let mut found = Vec::new();
    for tool in homes {
        let start = found.len();
        for path in home::files(tool, 0, is_database)? {
            match Tables::open(&path).and_then(|tables| tables.directories()) {
                Ok(sessions) => {
                    let here = sessions.into_iter().filter(|(_, directory, messages)| {
                        *messages > 0 && roots.hold(Path::new(directory))
                    });
                    found.extend(here.filter_map(|(id, _, messages)| {
                        home::found(NAME, &path, Some(id), messages)
                    }));
                }
                // Its reader says why.
                Err(_) => found.extend(home::found(NAME, &path, None, 0)),
            }
        }
        let known: Vec<String> =
            found[start..].iter().filter_map(|found| found.part.clone()).collect();
        for path in home::files(&tool.join("storage").join("session"), 1, files::is_session)? {
            let Some(about) = files::about(&path) else { continue };
            if known.contains(&about.id) || !roots.hold(Path::new(&about.directory)) {
                continue;
            }
            let messages = tool.join("storage").join("message").join(&about.id);
            let count = home::files(&messages, 0, |_| true)?.len();
            if count > 0 {
                found.extend(home::found(NAME, &path, None, count as u64));
            }
        }
    }
    Ok(found)
}

fn is_database(path: &Path) -> bool {
    let name = home::name(path);
    home::has_extension(path, "db") && (name == "opencode.db" || name.starts_with("opencode-"))
}
