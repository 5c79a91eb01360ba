//! The documents of a commit: what an ingest of its work tree would have taken in then.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use lichen_model::{
    Document, DocumentVersion, Oid, Owner, Passage, PassageKind, RepoPath, TextHash,
};
use rayon::prelude::*;

use super::language::{self, Class};
use super::{Options, text, walk};
use crate::git::Repository;
use crate::passage;

/// What leaves files out, beside what git tracks.
const IGNORE_FILE: &str = ".lichenignore";
/// An ignore file that is larger was written by nobody.
const IGNORE_BYTES_MAX: usize = 1 << 20;

/// A document as a commit has it.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitDocument {
    /// The document.
    pub document: Document,
    /// Its text, without secrets.
    pub text: String,
    /// The labels that the text gives itself.
    pub tags: Vec<String>,
    /// The fields that the text gives itself: a JSON object; empty for none.
    pub meta: String,
    /// What is searched.
    pub passages: Vec<Passage>,
}

/// The documents of a commit whose paths `is_wanted`, by path. Files that the commit's `.lichenignore` names, and what is no
/// document, are left out; so is what is missing in a partial clone.
pub fn of_commit(
    git: &Repository,
    commit: &Oid,
    options: &Options,
    is_wanted: &(dyn Fn(&RepoPath) -> bool + Sync),
) -> Vec<CommitDocument> {
    let files = git.files(commit);
    let ignored = Ignored::read(git, &files);
    let chosen: Vec<(&RepoPath, Class, Vec<u8>)> = files
        .iter()
        .filter(|(path, _)| is_wanted(path) && !ignored.holds(path))
        .filter_map(|(path, blob)| Some((path, language::classify(path)?, git.blob(blob)?)))
        .filter(|(_, class, bytes)| bytes.len() as u64 <= options.bytes_max.min(class.bytes_max))
        .collect();
    let read = chosen.into_par_iter().filter_map(|(path, class, bytes)| {
        let read = text::read(&bytes, class.kind, options.redactor.as_deref()).ok()?;
        Some(document(options, path, class, read))
    });
    read.collect()
}

/// One document of a commit, in full; `None` where its path is none of a document, or not there.
pub fn one_of_commit(
    git: &Repository,
    commit: &Oid,
    options: &Options,
    path: &RepoPath,
) -> Option<CommitDocument> {
    let crate::git::Entry::File(blob) = git.entry(commit, path)? else { return None };
    let class = language::classify(path)?;
    let read = text::read(&git.blob(&blob)?, class.kind, options.redactor.as_deref()).ok()?;
    Some(document(options, path, class, read))
}

fn document(
    options: &Options,
    path: &RepoPath,
    class: Class,
    read: text::Document,
) -> CommitDocument {
    let repo = options.repo.id;
    let document = Document {
        id: Document::id(repo, path),
        repo,
        path: path.clone(),
        kind: class.kind,
        language: class.language.map(ToOwned::to_owned),
    };
    let owner = DocumentVersion::id(document.id, None, TextHash::of(&read.text));
    let pieces = passage::cut_document(class.kind, &read.text);
    let passages =
        passage::passages(Owner::Version(owner), PassageKind::Doc, &path.to_text(), pieces);
    CommitDocument { document, text: read.text, tags: read.tags, meta: read.meta, passages }
}

/// The ignore files of a commit, those of outer folders first.
struct Ignored(Vec<(String, Gitignore)>);

impl Ignored {
    fn read(git: &Repository, files: &[(RepoPath, Oid)]) -> Self {
        let mut all = Vec::new();
        for (path, blob) in files {
            let path = path.to_text();
            let Some(folder) = path.strip_suffix(IGNORE_FILE) else { continue };
            if !folder.is_empty() && !folder.ends_with('/') {
                continue;
            }
            let Some(bytes) = git.blob(blob).filter(|bytes| bytes.len() <= IGNORE_BYTES_MAX) else {
                continue;
            };
            let mut rules = GitignoreBuilder::new("");
            for line in String::from_utf8_lossy(&bytes).lines() {
                // A rule that cannot be read leaves nothing out, as in the work tree.
                drop(rules.add_line(None, line));
            }
            if let Ok(rules) = rules.build() {
                all.push((folder.to_owned(), rules));
            }
        }
        all.sort_by_key(|(folder, _)| folder.len());
        Self(all)
    }

    /// Whether a file is left out: the innermost folder that says something of it decides.
    fn holds(&self, path: &RepoPath) -> bool {
        let path = path.to_text();
        let mut is_held = false;
        for (folder, rules) in &self.0 {
            let Some(below) = path.strip_prefix(folder.as_str()) else { continue };
            let found = rules.matched_path_or_any_parents(Path::new(below), false);
            is_held = if found.is_none() { is_held } else { found.is_ignore() };
        }
        is_held || path.split('/').any(|name| name == walk::OWN_FOLDER)
    }
}
