//! Documents and code as of a commit: read from its tree on the spot, and searched in an index of their own.
//!
//! The store has the versions that an ingest saw, not those that history holds. Reading a tree and indexing it takes as long as
//! its first ingest, and answers as that would have answered then.

use std::collections::HashSet;
use std::ops::Range;

use lichen_index::{Entry, Index, ModelKey, Vectors};
use lichen_model::{Commit, CommitId, Oid, Passage, PassageKind, RepoId, TextHash, Timestamp};
use lichen_source::documents::{self, CommitDocument};
use lichen_source::git::Repository;
use lichen_store::{AsOf, PathFilter};
use tempfile::TempDir;

use super::{Among, Hit, Question, Recall, freshness, search, snippet};
use crate::catch_up::embed;
use crate::{Error, Reader};

/// The documents of the commits of one point in history.
pub(super) struct Past {
    trees: Vec<Tree>,
}

/// The documents of one repository's commit.
struct Tree {
    git: Repository,
    repo: RepoId,
    commit: Oid,
    id: CommitId,
    at: Timestamp,
}

/// A passage of a tree.
struct Standing<'a> {
    document: &'a CommitDocument,
    passage: &'a Passage,
}

impl Standing<'_> {
    fn text(&self) -> &str {
        let Range { start, end } = self.passage.span;
        self.document.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// First and last line.
    fn lines(&self) -> (u32, u32) {
        let breaks = self.text().trim_end().matches('\n').count();
        let first = self.passage.line;
        (first, first.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX)))
    }
}

impl Past {
    /// The trees of a point in history, where the question asks for documents or code; none of repositories that are not there.
    pub(super) fn of(reader: &Reader, recall: &Recall, as_of: AsOf) -> Result<Self, Error> {
        let wanted = |kind: &PassageKind| matches!(kind, PassageKind::Doc | PassageKind::Code);
        let is_asked = recall.kinds.is_empty() || recall.kinds.iter().any(wanted);
        let mut trees = Vec::new();
        // Documents stand in no stream.
        if is_asked && recall.stream.is_none() {
            for repo in reader.store.repos()? {
                let Ok(git) = Repository::open(&reader.folder_of(&repo.key), &repo.key) else {
                    continue;
                };
                trees.extend(reader.tree(git, repo.id, as_of)?);
            }
        }
        Ok(Self { trees })
    }

    /// The repositories whose trees are read.
    pub(super) fn repos(&self) -> Vec<RepoId> {
        self.trees.iter().map(|tree| tree.repo).collect()
    }
}

impl Reader {
    /// The commit that a repository was at.
    fn tree(&self, git: Repository, repo: RepoId, as_of: AsOf) -> Result<Option<Tree>, Error> {
        let commit = match as_of {
            AsOf::Commit(id) => self.store.commit(id)?.map(|view| view.commit.oid),
            AsOf::Time(at) => git.head().and_then(|head| {
                let is_then = |commit: &Oid| {
                    git.commit_head(commit).is_some_and(|head| head.committed.at <= at)
                };
                git.first_parents(&head, &is_then).1
            }),
        };
        let Some(commit) = commit else { return Ok(None) };
        let Some(head) = git.commit_head(&commit) else { return Ok(None) };
        let at = head.committed.at;
        let id = Commit::id(&commit, at);
        Ok(Some(Tree { git, repo, commit, id, at }))
    }

    /// The passages of the past that answer best, the best first; how many were candidates; and what is to be noted.
    pub(super) fn recall_past(
        &self,
        past: &Past,
        model: &ModelKey,
        question: &Question,
        recall: &Recall,
    ) -> Result<(Vec<Hit>, usize, Option<String>), Error> {
        let (mut hits, mut candidates, mut note) = (Vec::new(), 0, None);
        for tree in &past.trees {
            let documents = self.documents_of(tree, recall)?;
            let standing: Vec<Standing<'_>> = documents
                .iter()
                .flat_map(|document| {
                    document.passages.iter().map(move |passage| Standing { document, passage })
                })
                .collect();
            let (_folder, index) = self.index_of(tree, model, &standing)?;
            let (ranked, problem) =
                search(&index, &self.embedders, question, recall, &Among::default())?;
            note = note.or(problem);
            candidates += ranked.len();
            let ancestors = self.store.ancestors(tree.id)?;
            for best in ranked.iter().take(recall.limit) {
                let one = &standing[best.seq as usize];
                hits.push(self.past_hit(tree, one, best.score, question, &ancestors)?);
            }
        }
        Ok((hits, candidates, note))
    }

    fn documents_of(&self, tree: &Tree, recall: &Recall) -> Result<Vec<CommitDocument>, Error> {
        let paths = recall.path.as_deref().map(PathFilter::new).transpose()?;
        let mut options = documents::Options::new(tree.git.repo(), tree.at);
        options.redactor = Some(std::sync::Arc::clone(&self.redactor));
        let is_wanted = |path: &lichen_model::RepoPath| {
            paths.as_ref().is_none_or(|paths| paths.fits(&path.to_text()))
        };
        let mut all = documents::of_commit(&tree.git, &tree.commit, &options, &is_wanted);
        all.retain(|document| {
            recall.tag.iter().all(|tag| document.tags.contains(tag))
                && recall.fields.iter().all(|(field, value)| has(&document.meta, field, value))
        });
        Ok(all)
    }

    /// An index of passages, numbered in their order, and the folder that it needs as long as it is asked.
    fn index_of(
        &self,
        tree: &Tree,
        model: &ModelKey,
        standing: &[Standing<'_>],
    ) -> Result<(TempDir, Index), Error> {
        let folder = tempfile::tempdir().map_err(|source| Error::File { source })?;
        let mut index = Index::create(folder.path(), model)?;
        let stored: Vec<lichen_store::Entry<'_>> = (0..)
            .zip(standing)
            .map(|(seq, one)| lichen_store::Entry {
                seq,
                kind: one.passage.kind,
                site: one.passage.site(),
                at: tree.at,
                group: one.document.document.id.as_u128(),
                author: "".into(),
                context: one.passage.context.as_str().into(),
                text: one.text().into(),
                text_hash: TextHash::of(one.text()),
            })
            .collect();
        let entries: Vec<Entry<'_>> = stored.iter().map(crate::catch_up::index_entry).collect();
        // A service would be asked for thousands of vectors: words alone are searched then.
        if model == self.embedders.built_in_key() {
            let vectors: Vectors = embed(self.embedders.of(model)?, &stored)?;
            index.append(&entries, &vectors)?;
        } else {
            index.append_without_vectors(&entries)?;
        }
        Ok((folder, index))
    }

    fn past_hit(
        &self,
        tree: &Tree,
        one: &Standing<'_>,
        score: f32,
        question: &Question,
        ancestors: &HashSet<CommitId>,
    ) -> Result<Hit, Error> {
        let document = &one.document.document;
        let (first, last) = one.lines();
        let path = document.path.to_text();
        let changed = self.store.path_commits(tree.repo, &document.path)?;
        let changed = changed.into_iter().find(|commit| ancestors.contains(commit));
        let changed = changed.map(|commit| self.store.commit(commit)).transpose()?.flatten();
        let folder = self.folder_of(&tree.git.repo().key);
        let flag = freshness::flag(&folder, document, one.text(), first, &self.redactor);
        let shown = if one.text().trim().is_empty() { &one.passage.context } else { one.text() };
        Ok(Hit {
            id: document.id.any(),
            revision: Some(tree.commit.to_string()),
            kind: one.passage.kind,
            at: changed.as_ref().map_or(tree.at, |view| view.commit.committed.at),
            author: String::new(),
            place: format!("{path}:{first}-{last}"),
            commit: changed.map(|view| view.commit.oid.to_string()),
            flags: flag.into_iter().collect(),
            score,
            snippet: snippet::snippet(shown, &question.terms, super::SNIPPET_CHARS),
            text: one.text().to_owned(),
        })
    }
}

/// Whether the field of a JSON object has a value, or holds it in a list. `a.b` is a field of a field.
fn has(meta: &str, field: &str, value: &str) -> bool {
    let Ok(object) = serde_json::from_str::<serde_json::Value>(meta) else { return false };
    let found = field.split('.').try_fold(&object, |at, name| at.get(name));
    let is = |found: &serde_json::Value| match found {
        serde_json::Value::String(text) => text == value,
        other => *other.to_string() == *value,
    };
    match found {
        Some(serde_json::Value::Array(list)) => list.iter().any(is),
        Some(found) => is(found),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn fields_have_values_and_hold_them_in_lists() {
        let meta = r#"{"kind": "note", "of": {"owner": "ann"}, "tags": ["a", 2], "n": 3}"#;
        for (field, value, expected) in [
            ("kind", "note", true),
            ("kind", "not", false),
            ("of.owner", "ann", true),
            ("tags", "a", true),
            ("tags", "2", true),
            ("n", "3", true),
            ("none", "3", false),
        ] {
            assert_eq!(has(meta, field, value), expected, "{field} {value}");
        }
        assert!(!has("", "kind", "note"));
    }
}
