//! How well the past of symbols is told, measured against pasts that people validated.

use std::collections::{BTreeMap, BTreeSet};

use lichen_model::{Oid, RepoPath};
use serde::Deserialize;

use super::History;
use crate::git::Repository;

/// A method, and the commits that made it what it is.
#[derive(Clone, Debug, Deserialize)]
pub struct Method {
    /// The name of the repository.
    pub repository: String,
    /// Where its past is asked for.
    pub start_commit: String,
    /// The file it stands in there.
    pub file: String,
    /// Its name.
    pub method: String,
    /// Its first line.
    pub start_line: u32,
    /// Its last line.
    pub end_line: u32,
    /// The commits, the newest first.
    pub commits: Vec<Expected>,
}

/// A commit that people say is part of a method's past.
#[derive(Clone, Debug, Deserialize)]
pub struct Expected {
    /// Its object id.
    pub commit: String,
    /// What it did to the method.
    pub changes: Vec<String>,
}

impl Method {
    /// The commits of its past.
    pub fn expected(&self) -> BTreeSet<&str> {
        self.commits.iter().map(|expected| expected.commit.as_str()).collect()
    }

    /// The commit that introduced it.
    pub fn introduced(&self) -> Option<&str> {
        let introduced =
            |expected: &&Expected| expected.changes.iter().any(|change| change == "INTRODUCTION");
        self.commits.iter().rev().find(introduced).map(|expected| expected.commit.as_str())
    }

    /// The commit that it is asked for.
    pub fn start(&self) -> Option<Oid> {
        let id = gix::ObjectId::from_hex(self.start_commit.as_bytes()).ok()?;
        Some(Oid(id.as_slice().to_vec()))
    }
}

/// The past of a method as it was told.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The commits, each with the words for what it did.
    pub commits: BTreeMap<String, Vec<&'static str>>,
    /// The commit that introduced it.
    pub introduced: Option<String>,
}

/// How many commits were told rightly, wrongly and not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Methods that were asked for.
    pub methods: usize,
    /// Those whose introducing commit was told.
    pub introductions: usize,
    /// Commits that were told rightly.
    pub right: usize,
    /// Commits that were told wrongly.
    pub wrong: usize,
    /// Commits that were not told.
    pub missed: usize,
}

impl Score {
    /// Adds what was found of one method.
    pub fn add(&mut self, method: &Method, found: &Found) {
        let expected = method.expected();
        let right =
            found.commits.keys().filter(|commit| expected.contains(commit.as_str())).count();
        self.methods += 1;
        self.introductions += usize::from(found.introduced.as_deref() == method.introduced());
        self.right += right;
        self.wrong += found.commits.len() - right;
        self.missed += expected.len() - right;
    }

    /// The share of what was told that is right.
    pub fn precision(&self) -> f64 {
        share(self.right, self.right + self.wrong)
    }

    /// The share of what is right that was told.
    pub fn recall(&self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    /// The harmonic mean of both.
    pub fn f1(&self) -> f64 {
        share(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// The pasts of methods of one repository, in their order; `None` for one that is not there.
pub fn evaluate(
    history: &History,
    repository: &Repository,
    methods: &[&Method],
) -> Vec<Option<Found>> {
    methods.iter().map(|method| find(history, repository, method)).collect()
}

fn find(history: &History, repository: &Repository, method: &Method) -> Option<Found> {
    let start = method.start()?;
    let path = RepoPath::from(method.file.as_str());
    let lines = method.start_line..=method.end_line;
    let mut pasts = lines.map_while(|line| Some(history.past(repository, &start, &path, line)));
    let past = pasts.find_map(|past| past.filter(|past| past.key.name == method.method))?;
    let mut found = Found {
        introduced: past.introduced().map(|(commit, _)| commit.to_string()),
        ..Found::default()
    };
    for change in past.changes {
        let words = change.kinds.iter().map(lichen_model::SymbolChangeKind::as_str).collect();
        found.commits.insert(change.commit.to_string(), words);
    }
    Some(found)
}
