//! Rules about single files: how they open, what they are called, how long they are, what they must not mention.

use std::path::Path;

use super::Finding;
use super::tree::{File, Tree};

/// Names that say nothing about what is inside; the noun that a file owns is its name.
const DRAWERS: &[&str] = &[
    "util",
    "utils",
    "common",
    "helper",
    "helpers",
    "misc",
    "miscellaneous",
    "manager",
    "stuff",
    "shared",
];

/// Lines without tests from which on a file wants to be split.
const LINES_MAX: usize = 800;

/// Files over [`LINES_MAX`] that are accepted, with their length. The numbers may only fall; a flat table may be long.
const LONG_FILES: &[(&str, usize)] = &[];

/// Every Rust file opens with `//!` and a sentence on what it owns.
pub(super) fn opens_with_its_sentence(tree: &Tree) -> Vec<Finding> {
    let opens = |file: &&File| {
        let first =
            file.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!/"));
        first.and_then(|line| line.strip_prefix("//!")).is_some_and(|rest| !rest.trim().is_empty())
    };
    // A fixture is what a test reads, damaged on purpose at times.
    let is_fixture = |file: &File| file.path.split('/').any(|part| part == "fixtures");
    rust(tree)
        .filter(|file| !is_fixture(file) && !opens(file))
        .map(|file| Finding::at(&file.path, 1, "does not open with `//!` and what it owns"))
        .collect()
}

/// No file or folder is called after a drawer.
pub(super) fn no_drawers(tree: &Tree) -> Vec<Finding> {
    let is_drawer = |part: &str| DRAWERS.contains(&part.split('.').next().unwrap_or_default());
    tree.files
        .iter()
        .filter(|file| file.path.split('/').any(is_drawer))
        .map(|file| {
            Finding::new(&file.path, "is named after a drawer: name it after the noun it owns")
        })
        .collect()
}

/// No Rust file is longer than it should be.
pub(super) fn short_enough(tree: &Tree) -> Vec<Finding> {
    ratchet(tree, LONG_FILES)
}

/// [`short_enough`] with a given list.
pub(super) fn ratchet(tree: &Tree, long_files: &[(&str, usize)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in rust(tree).filter(|file| !file.is_for_tests()) {
        let lines = lines_without_tests(&file.text);
        let accepted =
            long_files.iter().find(|(path, _)| *path == file.path).map(|(_, lines)| *lines);
        match accepted {
            Some(accepted) if lines > accepted => {
                let text = format!(
                    "has {lines} lines, {accepted} are accepted and the number may only fall"
                );
                findings.push(Finding::new(&file.path, text));
            }
            Some(accepted) if lines + 50 < accepted || lines <= LINES_MAX => {
                let text = format!(
                    "has {lines} lines: lower its number in the list of long files, or remove it"
                );
                findings.push(Finding::new(&file.path, text));
            }
            None if lines > LINES_MAX => {
                let text = format!(
                    "has {lines} lines without tests: look for the noun that wants its own file"
                );
                findings.push(Finding::new(&file.path, text));
            }
            Some(_) | None => {}
        }
    }
    findings
}

/// Lines up to the first `#[cfg(test)]` that opens a module in the same file.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let opens_tests = |pair: &[&str]| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    };
    lines.windows(2).position(opens_tests).unwrap_or(lines.len())
}

/// Every crate takes the workspace's lints.
pub(super) fn workspace_lints(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in tree.crates() {
        let path = format!("{folder}/Cargo.toml");
        let manifest = tree.get(&path).map(|file| file.text.as_str()).unwrap_or_default();
        let mut section =
            manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
        if !section.any(|line| line == "workspace = true") {
            findings.push(Finding::new(
                path,
                "does not take the workspace's lints: `[lints] workspace = true`",
            ));
        }
    }
    findings
}

/// No committed text names a path that exists on one machine only.
///
/// Tests and their data may use made-up ones; no file may name this checkout's own.
pub(super) fn no_machine_paths(tree: &Tree, root: &Path) -> Vec<Finding> {
    let root = root.to_string_lossy();
    let root = if root.matches(['/', '\\']).count() > 1 { Some(root.as_ref()) } else { None };
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in (1..).zip(file.text.lines()) {
            if root.is_some_and(|root| line.contains(root)) {
                findings.push(Finding::at(&file.path, number, "names the path of this checkout"));
            } else if !file.is_for_tests() {
                let found = personal_path(line);
                findings.extend(
                    found.map(|path| Finding::at(&file.path, number, format!("names `{path}`"))),
                );
            }
        }
    }
    findings
}

/// A path below a home or temporary folder; example users that documentation needs are fine.
fn personal_path(line: &str) -> Option<&str> {
    // With its first slash apart, so that this file passes.
    let folders = ["home/", "Users/", "root/", "tmp/", "var/folders/"];
    let examples = ["you/", "user/", "me/", "ada/", "alice/", "bob/"];
    for (slash, _) in line.match_indices('/') {
        let is_start =
            !line[..slash].ends_with(|c: char| c.is_alphanumeric() || "._-/~*}>)".contains(c));
        let rest = &line[slash + 1..];
        let Some(folder) = folders.iter().find(|folder| is_start && rest.starts_with(**folder))
        else {
            continue;
        };
        let below = &rest[folder.len()..];
        let starts_a_name = below.starts_with(|c: char| c.is_alphanumeric() || "._-".contains(c));
        if starts_a_name && !examples.iter().any(|user| below.starts_with(user)) {
            let end = below
                .find(|c: char| c.is_whitespace() || "\"'`)>,;".contains(c))
                .unwrap_or(below.len());
            return Some(&line[slash..slash + 1 + folder.len() + end]);
        }
    }
    None
}

fn rust(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files.iter().filter(|file| file.is_rust())
}
