//! Rules about `ARCHITECTURE.md`: every crate has an entry, every path it names exists.

use super::Finding;
use super::tree::Tree;

const DOCUMENT: &str = "ARCHITECTURE.md";

/// Endings that make a word without a slash the name of a file.
const ENDINGS: &[&str] = &[".rs", ".sql", ".md", ".toml", ".py", ".json", ".jsonl", ".bin", ".yml"];

/// Every crate of the workspace is named, in backticks or in a heading.
pub(super) fn names_every_crate(tree: &Tree) -> Vec<Finding> {
    let Some(document) = tree.get(DOCUMENT) else {
        return vec![Finding::new(DOCUMENT, "is missing")];
    };
    let mut named: Vec<String> =
        code_words(&document.text).into_iter().map(|(_, word)| word.to_owned()).collect();
    for heading in document.text.lines().filter(|line| line.starts_with('#')) {
        named.extend(
            heading.split(|c: char| !c.is_alphanumeric() && !"/-_".contains(c)).map(str::to_owned),
        );
    }
    let is_named = |folder: &str| {
        let short = folder.trim_start_matches("crates/");
        let package = format!("lichen-{short}");
        named.iter().any(|word| {
            let word = word.trim_end_matches('/');
            word == folder || word == short || word == package
        })
    };
    tree.crates()
        .filter(|folder| !is_named(folder))
        .map(|folder| Finding::new(DOCUMENT, format!("has no entry for the crate `{folder}`")))
        .collect()
}

/// Every path in backticks exists, from the workspace's root or from `crates/`.
pub(super) fn names_only_what_exists(tree: &Tree) -> Vec<Finding> {
    let Some(document) = tree.get(DOCUMENT) else { return Vec::new() };
    let mut findings = Vec::new();
    for (line, word) in code_words(&document.text) {
        let exists = if word.contains('/') {
            tree.has(word) || tree.has(&format!("crates/{word}"))
        } else {
            tree.files.iter().any(|file| file.name() == word)
        };
        if is_path(tree, word) && !exists {
            findings.push(Finding::at(
                DOCUMENT,
                line,
                format!("names `{word}`, which does not exist"),
            ));
        }
    }
    findings
}

/// A word that claims to be a path of this repository: it ends like a file, or begins with a folder that exists.
fn is_path(tree: &Tree, word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
    // A memory's own files, and absolute paths such as routes, are not in the repository.
    if !plain || word.starts_with(['/', '-']) || word.starts_with(".lichen") {
        return false;
    }
    let stem_is_real = |ending: &&&str| word.len() > ending.len() && !word.ends_with('/');
    if ENDINGS.iter().filter(stem_is_real).any(|ending| word.ends_with(*ending)) {
        return true;
    }
    let first = word.split('/').next().unwrap_or_default();
    word.contains('/')
        && !first.is_empty()
        && (tree.has(first) || tree.has(&format!("crates/{first}")))
}

/// The words in backticks outside of fenced blocks, with their line numbers.
fn code_words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let inside = line.split('`').skip(1).step_by(2);
            words.extend(inside.filter(|word| !word.is_empty()).map(|word| (number, word)));
        }
    }
    words
}
