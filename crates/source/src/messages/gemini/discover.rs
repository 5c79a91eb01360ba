//! Finding the chats of one repository: a project's folder is named by a hash of its path, or tells the path.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{NAME, logs};
use crate::Result;
use crate::messages::agent::home::{self, Roots};
use crate::messages::agent::{object, text};
use crate::messages::{Found, Source};

/// The file in a project's folder that tells the project's path.
const ROOT_FILE: &str = ".project_root";
/// About how long a message is.
const MESSAGE_BYTES: u64 = 2 << 10;

/// The chats and logs under `homes` of projects that are one of `repo_roots` or lie in one. A project that is only named
/// by a hash is found if it is one of the roots itself.
pub(super) fn discover(homes: &[PathBuf], repo_roots: &[PathBuf]) -> Result<Vec<Found>> {
    let roots = Roots::new(repo_roots);
    let hashes: Vec<String> = roots.names().map(hash).collect();
    let mut found = Vec::new();
    for tool in homes {
        let known = projects(tool);
        for folder in home::folders(&tool.join("tmp"))? {
            let name = home::name(&folder);
            let told = project_root(&folder).or_else(|| {
                known.iter().find(|(_, short)| *short == name).map(|(path, _)| path.clone())
            });
            if !hashes.contains(&name) && !told.is_some_and(|path| roots.hold(&path)) {
                continue;
            }
            let chat = |path: &Path| {
                home::has_extension(path, "json") || home::has_extension(path, "jsonl")
            };
            let mut files = home::files(&folder.join("chats"), 1, chat)?;
            // A chat that was written over in the newer shape.
            let twins = files.clone();
            files.retain(|path| {
                !home::has_extension(path, "json") || !twins.contains(&path.with_extension("jsonl"))
            });
            files.extend(
                Some(folder.join("logs.json")).filter(|log| logs::is_log(log) && log.is_file()),
            );
            found.extend(files.iter().filter_map(|path| home::found(NAME, path, None, 0)).map(
                |mut found| {
                    found.messages = (found.bytes / MESSAGE_BYTES).max(1);
                    found
                },
            ));
        }
    }
    Ok(found)
}

/// Where a chat's project is, as far as its folder tells.
pub(super) fn project_of(source: &Source) -> PathBuf {
    let Some(folder) = source
        .path
        .ancestors()
        .skip(1)
        .find(|folder| folder.parent().is_some_and(|parent| home::name(parent) == "tmp"))
    else {
        return PathBuf::new();
    };
    let name = home::name(folder);
    project_root(folder)
        .or_else(|| source.repo_roots.iter().find(|root| hash(root) == name).cloned())
        .unwrap_or_default()
}

fn project_root(folder: &Path) -> Option<PathBuf> {
    let path = fs::read_to_string(folder.join(ROOT_FILE)).ok()?;
    Some(PathBuf::from(path.trim())).filter(|path| path.is_absolute())
}

/// The paths of projects and the names of their folders, as the tool's own list has them.
fn projects(tool: &Path) -> Vec<(PathBuf, String)> {
    let Ok(json) = fs::read_to_string(tool.join("projects.json")) else { return Vec::new() };
    let Ok(list) = object(&json) else { return Vec::new() };
    let Some(projects) = list.get("projects").and_then(Value::as_object) else { return Vec::new() };
    let named = projects.keys().filter_map(|path| Some((path, text(projects, path)?)));
    named.map(|(path, name)| (PathBuf::from(path), name.to_owned())).collect()
}

/// The name of a project's folder of before 2026.
fn hash(path: &Path) -> String {
    let digest = Sha256::digest(path.to_string_lossy().as_bytes());
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
