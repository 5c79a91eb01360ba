//! Finding the conversations of one repository: by the folders that the editor's workspaces have open, and by the names
//! of projects.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde_json::{Map, Value};

use super::composer::{self, Rows};
use super::{NAME, transcript};
use crate::Result;
use crate::messages::Found;
use crate::messages::agent::home::{self, Roots};
use crate::messages::agent::{list, object, stem, text};

/// Folders below one of transcripts: the conversation's, and that of its sub-agents.
const DEPTH_MAX: usize = 2;
/// About how long a message is.
const MESSAGE_BYTES: u64 = 1 << 10;

/// The conversations under `homes` that belong to the repository: of an editor's folder `User`, those of workspaces
/// whose folder is one of `repo_roots` or inside one; of `~/.cursor`, the transcripts of such projects.
pub(super) fn discover(homes: &[PathBuf], repo_roots: &[PathBuf]) -> Result<Vec<Found>> {
    let roots = Roots::new(repo_roots);
    let mut found = Vec::new();
    for tool in homes {
        let database = tool.join("globalStorage").join("state.vscdb");
        if database.is_file() {
            conversations(tool, &database, &roots, &mut found)?;
        }
    }
    let known: BTreeSet<String> = found.iter().filter_map(|found| found.part.clone()).collect();
    for tool in homes {
        for project in home::folders(&tool.join("projects"))? {
            if !is_project(&project, &roots) {
                continue;
            }
            let folder = project.join("agent-transcripts");
            for path in home::files(&folder, DEPTH_MAX, transcript::is_transcript)? {
                if !known.contains(&stem(&path)) {
                    found.extend(home::found(NAME, &path, None, 0).map(|mut found| {
                        found.messages = (found.bytes / MESSAGE_BYTES).max(1);
                        found
                    }));
                }
            }
        }
    }
    Ok(found)
}

/// The conversations of the editor's workspaces in the repository that say anything.
fn conversations(
    user: &Path,
    database: &Path,
    roots: &Roots,
    found: &mut Vec<Found>,
) -> Result<()> {
    let mut ids = BTreeSet::new();
    for workspace in home::folders(&user.join("workspaceStorage"))? {
        if folder_of(&workspace).is_some_and(|folder| roots.hold(&folder)) {
            // A workspace whose database cannot be read lists nothing; its conversations may be listed elsewhere.
            if let Ok(rows) = Rows::open(&workspace.join("state.vscdb"))
                && let Ok(Some(json)) = rows.item("composer.composerData")
            {
                ids.extend(listed(&json, |_| true));
            }
        }
    }
    let lengths = Rows::open(database).and_then(|rows| {
        if let Some(json) = rows.item("composer.composerHeaders")? {
            ids.extend(listed(&json, |entry| {
                composer::folder_of(entry).is_some_and(|folder| roots.hold(&folder))
            }));
        }
        let mut lengths = Vec::new();
        for id in ids {
            let json = rows.value(&format!("composerData:{id}"))?;
            let about = json.and_then(|json| object(&json).ok());
            let len = about.map_or(0, |about| composer::len(&about));
            lengths.extend((len > 0).then_some((id, len as u64)));
        }
        Ok(lengths)
    });
    match lengths {
        Ok(lengths) => found.extend(
            lengths.into_iter().filter_map(|(id, len)| home::found(NAME, database, Some(id), len)),
        ),
        // Its reader says why.
        Err(_) => found.extend(home::found(NAME, database, None, 0)),
    }
    Ok(())
}

/// The conversations of a list that are wanted.
fn listed(json: &str, wanted: impl Fn(&Map<String, Value>) -> bool) -> Vec<String> {
    let Ok(list_of) = object(json) else { return Vec::new() };
    let entries = list(&list_of, "allComposers").iter().filter_map(Value::as_object);
    let ids = entries.filter(|entry| wanted(entry)).filter_map(|entry| text(entry, "composerId"));
    ids.map(ToOwned::to_owned).collect()
}

/// The folder that a workspace has open.
fn folder_of(workspace: &Path) -> Option<PathBuf> {
    let json = fs::read_to_string(workspace.join("workspace.json")).ok()?;
    let uri = object(&json).ok()?;
    let path = text(&uri, "folder")?.strip_prefix("file://")?;
    // `file:///c%3A/x` is `c:/x`.
    let path = decoded(path);
    let drive = path.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':'));
    Some(PathBuf::from(drive.unwrap_or(&path)))
}

/// A part of a URI without its escapes.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        if let (b'%', Some(byte)) = (first, tail.get(..2).and_then(hex)) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether a folder of `projects` is of the repository: it tells the path, or is named after it.
fn is_project(project: &Path, roots: &Roots) -> bool {
    let told = fs::read_to_string(project.join(".workspace-trusted")).ok();
    let told = told.and_then(|json| object(&json).ok());
    if let Some(path) = told.as_ref().and_then(|about| text(about, "workspacePath")) {
        return roots.hold(Path::new(path));
    }
    let name = home::name(project);
    roots.names().any(|root| named(root) == name)
}

/// The name of a project's folder: its path with a dash for whatever is no letter or digit.
fn named(path: &Path) -> String {
    let path = path.to_string_lossy();
    let dashed =
        path.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let dashed: String = dashed.collect();
    dashed.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
