//! Refs: where each points, peeled to a commit, and which of them lead the walk.

use std::collections::HashSet;
use std::path::Path;

use gix::objs::{Find, Kind, TagRef};
use gix::refs::TargetRef;
use gix::{ObjectId, Repository};
use lichen_model::{Problem, Ref, RefKind, RefState, RepoId};

use super::tree::oid;
use crate::{Error, Result};

/// Namespaces whose commits are not history: replacements, notes about commits, stashed work, bookkeeping of tools,
/// and other people's proposals that a mirror carries along. Their refs are told, their commits are not walked.
const NOT_WALKED: [&str; 12] = [
    "refs/replace/",
    "refs/notes/",
    "refs/stash",
    "refs/bisect/",
    "refs/original/",
    "refs/prefetch/",
    "refs/rewritten/",
    "refs/jj/",
    "refs/pull/",
    "refs/merge-requests/",
    "refs/reviewable/",
    "refs/changes/",
];
/// Tags of tags of tags ...: more than anyone makes by hand.
const TAG_DEPTH_MAX: usize = 32;
/// Symbolic refs that name symbolic refs: git's own limit is 5.
const SYMBOLIC_DEPTH_MAX: usize = 5;

/// What the refs say now.
#[derive(Debug, Default)]
pub(super) struct Refs {
    pub(super) states: Vec<RefState>,
    /// Commits to walk from.
    pub(super) tips: Vec<ObjectId>,
    pub(super) problems: Vec<Problem>,
}

/// Reads every ref and `HEAD`. Refs of `seen_before` that are there no more come with no target.
pub(super) fn read(
    repo: &Repository,
    id: RepoId,
    key: &str,
    seen_before: &[String],
) -> Result<Refs> {
    let mut refs = Refs::default();
    let failed = |source: gix::Error| Error::ListRefs {
        path: repo.git_dir().to_owned(),
        source: Box::new(source),
    };
    let platform = repo.references().map_err(failed)?;
    let mut names = HashSet::new();
    for reference in platform.all().map_err(failed)? {
        let mut reference = match reference {
            Ok(reference) => reference,
            Err(error) => {
                refs.problems.push(Problem::new(
                    key,
                    "",
                    format!("a ref cannot be read ({error}); skipped"),
                ));
                continue;
            }
        };
        let name = reference.name().as_bstr().to_string();
        if name.starts_with("refs/replace/") || !names.insert(name.clone()) {
            continue;
        }
        let symbolic = match reference.target() {
            TargetRef::Symbolic(target) => Some(target.as_bstr().to_string()),
            TargetRef::Object(_) => None,
        };
        let mut depth = 0;
        let direct = loop {
            match reference.try_id() {
                Some(id) => break Some(id.detach()),
                None if depth == SYMBOLIC_DEPTH_MAX => break None,
                None => depth += 1,
            }
            match reference.follow() {
                Some(Ok(next)) => reference = next,
                _ => break None,
            }
        };
        refs.add(repo, (id, key), &name, direct, symbolic);
    }
    refs.head(repo, (id, key));
    for name in seen_before {
        if name != "HEAD" && !names.contains(name) {
            refs.states.push(RefState {
                reference: reference(id, name),
                target: None,
                symbolic: None,
            });
        }
    }
    refs.states.sort_by(|a, b| a.reference.name.cmp(&b.reference.name));
    refs.tips.sort_unstable();
    refs.tips.dedup();
    Ok(refs)
}

impl Refs {
    fn head(&mut self, repo: &Repository, of: (RepoId, &str)) {
        match repo.head() {
            Ok(head) => {
                let symbolic = head.referent_name().map(|name| name.as_bstr().to_string());
                let direct = head.id().map(gix::Id::detach);
                self.add(repo, of, "HEAD", direct, symbolic);
            }
            Err(error) => self.problems.push(Problem::new(
                of.1,
                "HEAD",
                format!("HEAD cannot be read ({error})"),
            )),
        }
    }

    fn add(
        &mut self,
        repo: &Repository,
        (id, key): (RepoId, &str),
        name: &str,
        direct: Option<ObjectId>,
        symbolic: Option<String>,
    ) {
        let target = direct.and_then(|direct| match peel(repo, direct) {
            Ok(commit) => commit,
            Err(what) => {
                self.problems.push(Problem::new(key, name, what));
                None
            }
        });
        if let Some(commit) = target
            && !NOT_WALKED.iter().any(|prefix| name.starts_with(prefix))
        {
            self.tips.push(commit);
        }
        self.states.push(RefState {
            reference: reference(id, name),
            target: target.map(oid),
            symbolic,
        });
    }
}

/// The commit behind `id`: tags are followed; `None` for a tag of a blob or a tree.
pub(super) fn peel(repo: &Repository, mut id: ObjectId) -> Result<Option<ObjectId>, String> {
    let mut buffer = Vec::new();
    for _ in 0..TAG_DEPTH_MAX {
        let found = repo.objects.try_find(&id, &mut buffer);
        let Some(data) = found.map_err(|error| format!("object {id} cannot be read ({error})"))?
        else {
            return Err(format!("points to {id}, which is missing"));
        };
        match data.kind {
            Kind::Commit => return Ok(Some(id)),
            Kind::Tree | Kind::Blob => return Ok(None),
            Kind::Tag => {
                let tag = TagRef::from_bytes(data.data, data.object_hash);
                id = tag.map_err(|error| format!("tag {id} cannot be read ({error})"))?.target();
            }
        }
    }
    Err(format!("more than {TAG_DEPTH_MAX} tags of tags"))
}

fn reference(repo: RepoId, name: &str) -> Ref {
    let kind = if name == "HEAD" {
        RefKind::Head
    } else if name.starts_with("refs/heads/") {
        RefKind::Branch
    } else if name.starts_with("refs/tags/") {
        RefKind::Tag
    } else if name.starts_with("refs/remotes/") {
        RefKind::Remote
    } else {
        RefKind::Other
    };
    Ref { id: Ref::id(repo, name), repo, name: name.to_owned(), kind }
}

/// A short name for people: of the folder that holds the repository.
pub(super) fn name(repo: &Repository) -> String {
    let git_dir = repo.common_dir().canonicalize().unwrap_or_else(|_| repo.common_dir().to_owned());
    let folder_name =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = match folder_name(&git_dir) {
        Some(name) if name == ".git" => git_dir.parent().and_then(folder_name),
        name => name,
    };
    let name = name.unwrap_or_default();
    name.strip_suffix(".git").unwrap_or(&name).to_owned()
}
