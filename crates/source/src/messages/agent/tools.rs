//! Tool calls: the paths they name, the command they run, the change they make.

use std::path::{Component, Path, PathBuf};

use lichen_model::{Id, RepoPath, ToolCall, ToolCallId};
use serde_json::{Map, Value};

use super::apply_patch;

/// Lines around a change that a diff shows.
const CONTEXT_LINES: usize = 3;

/// A call as structured as its input tells it. Its id is set once its message's is known.
pub(in crate::messages) fn call(
    id: &str,
    tool: &str,
    input: &Value,
    roots: &[PathBuf],
    cwd: &Path,
) -> ToolCall {
    let none = Map::new();
    let object = input.as_object().unwrap_or(&none);
    let command = command(object);
    let name = |path: &str| relative(path, roots, cwd);
    let mut paths: Vec<RepoPath> = named_paths(object).into_iter().map(name).collect();
    let applied = [object.get("patch"), object.get("patchText"), object.get("input"), Some(input)]
        .into_iter()
        .filter_map(|value| value?.as_str())
        .chain(command.as_deref())
        .find_map(|text| apply_patch::parse(text, &|path| name(path).to_text().into_owned()));
    let patch = match applied {
        Some(applied) => {
            for path in applied.paths.iter().map(|path| name(path)) {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            Some(applied.diff)
        }
        None => patch(object, paths.first()),
    };
    ToolCall {
        id: ToolCallId(Id::default()),
        external_id: id.to_owned(),
        tool: tool.to_owned(),
        command,
        patch,
        paths,
        input: input.to_string(),
    }
}

/// The command line: as it was written, or of its words.
fn command(object: &Map<String, Value>) -> Option<String> {
    let command = object.get("command").or_else(|| object.get("cmd"))?;
    if let Some(line) = command.as_str() {
        return Some(line.to_owned());
    }
    let words: Vec<&str> = command.as_array()?.iter().filter_map(Value::as_str).collect();
    match words[..] {
        [] => None,
        // What a shell is told to run is the command.
        [_, "-c" | "-lc" | "-Command" | "/c", line] => Some(line.to_owned()),
        _ => Some(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")),
    }
}

/// A word as a shell needs it.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

fn named_paths(object: &Map<String, Value>) -> Vec<&str> {
    const KEYS: [&str; 12] = [
        "file_path",
        "filePath",
        "notebook_path",
        "path",
        "paths",
        "file_paths",
        "absolute_path",
        "dir_path",
        "target_file",
        "targetFile",
        "relativeWorkspacePath",
        "relative_workspace_path",
    ];
    let mut paths = Vec::new();
    for key in KEYS {
        match object.get(key) {
            Some(Value::String(path)) => paths.push(path.as_str()),
            Some(Value::Array(items)) => paths.extend(items.iter().filter_map(Value::as_str)),
            _ => {}
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}

/// The path seen from the root it lies in; as written where it lies in none.
pub(in crate::messages) fn relative(path: &str, roots: &[PathBuf], cwd: &Path) -> RepoPath {
    let absolute = normal(&cwd.join(path));
    let inside = roots
        .iter()
        .filter_map(|root| absolute.strip_prefix(root).ok())
        .min_by_key(|path| path.as_os_str().len());
    match inside {
        Some(inside) if inside.as_os_str().is_empty() => RepoPath::from("."),
        Some(inside) => {
            let names: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
            RepoPath::from(names.join("/").as_str())
        }
        None => RepoPath::from(path),
    }
}

/// Without `.` and `..`, by the names alone: the files of a transcript may be gone.
pub(in crate::messages) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    normal
}

/// The change in unified diff form. Line numbers count from the start of the replaced text: a transcript does not
/// tell where in the file it stands.
fn patch(object: &Map<String, Value>, path: Option<&RepoPath>) -> Option<String> {
    let path = path?.to_text();
    let edits: Vec<(&str, &str)> =
        if let Some(edits) = object.get("edits").and_then(Value::as_array) {
            edits.iter().filter_map(Value::as_object).filter_map(edit).collect()
        } else if let Some(edit) = edit(object) {
            vec![edit]
        } else {
            let content = ["content", "new_source", "contents", "code_edit"]
                .into_iter()
                .find_map(|key| text(object, key))?;
            return hunk("", content).map(|hunk| format!("--- /dev/null\n+++ b/{path}\n{hunk}"));
        };
    let hunks: String = edits.into_iter().filter_map(|(old, new)| hunk(old, new)).collect();
    (!hunks.is_empty()).then(|| format!("--- a/{path}\n+++ b/{path}\n{hunks}"))
}

fn edit(object: &Map<String, Value>) -> Option<(&str, &str)> {
    const KEYS: [(&str, &str); 3] =
        [("old_string", "new_string"), ("oldString", "newString"), ("old_str", "new_str")];
    KEYS.into_iter().find_map(|(old, new)| Some((text(object, old)?, text(object, new)?)))
}

/// One hunk: equal lines at both ends are context, what lies between is replaced as a whole. An edit names a
/// fragment that it replaces, so there is little to gain from a minimal diff within it.
pub(in crate::messages) fn hunk(old: &str, new: &str) -> Option<String> {
    let (old, new): (Vec<_>, Vec<_>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    if old == new {
        return None;
    }
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(rest)
        .take_while(|(old, new)| old == new)
        .count();
    let first = head.saturating_sub(CONTEXT_LINES);
    let after = tail.min(CONTEXT_LINES);
    let mut body = String::new();
    let mut add = |mark: char, lines: &[&str]| {
        for line in lines {
            body.push(mark);
            body.push_str(line);
            if !line.ends_with('\n') {
                body.push_str("\n\\ No newline at end of file\n");
            }
        }
    };
    add(' ', &old[first..head]);
    add('-', &old[head..old.len() - tail]);
    add('+', &new[head..new.len() - tail]);
    add(' ', &old[old.len() - tail..old.len() - tail + after]);
    let range = |len: usize| {
        let count = len - first - (tail - after);
        format!("{},{count}", if count == 0 { first } else { first + 1 })
    };
    Some(format!("@@ -{} +{} @@\n{body}", range(old.len()), range(new.len())))
}
