//! The ground of a question about code: which repository it is about, what the store follows of it, and commits by what people call them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lichen_model::{
    Commit, CommitId, Extraction, ExtractionStatus, Oid, RepoId, RepoPath, Span, Symbol, SymbolKey,
};
use lichen_source::git::{Entry, Repository, Revision};
use lichen_source::history::{self, Reading};
use lichen_source::symbols::Limits;
use lichen_store::{FollowedRef, Position, StoredKey};

use super::answer::{CommitInfo, Freshness};
use crate::{Error, Reader};

/// Threads that parse what a question needs.
const THREADS: usize = 2;
/// Paths that a wrong one may have meant.
const CANDIDATES: usize = 5;

/// A repository and what is known of it.
pub(super) struct Ground<'a> {
    pub(super) reader: &'a Reader,
    pub(super) git: Repository,
    pub(super) repo: Option<RepoId>,
    /// What is followed of it, the ref that is checked out first.
    pub(super) followed: Vec<FollowedRef>,
}

/// A text and what it defines.
pub(super) struct Text {
    pub(super) language: String,
    pub(super) extraction: Extraction,
}

impl Text {
    /// What tells a symbol from the others.
    pub(super) fn key(&self, ord: u32) -> StoredKey {
        let symbol = &self.extraction.symbols[ord as usize];
        StoredKey {
            language: self.language.clone(),
            kind: symbol.kind,
            qualified_name: symbol.qualified_name(),
            name: symbol.name.clone(),
            signature: symbol.signature.clone(),
            duplicate: symbol.duplicate,
        }
    }
}

impl<'a> Ground<'a> {
    /// The repository around `folder`, or where there is none that of the store.
    pub(super) fn around(reader: &'a Reader, folder: &Path) -> Result<Self, Error> {
        let own = reader.folder_of(".");
        let git = Repository::open(folder, ".").or_else(|_| Repository::open(&own, "."))?;
        Self::over(reader, git)
    }

    /// A repository, whatever the store knows of it.
    pub(super) fn over(reader: &'a Reader, git: Repository) -> Result<Self, Error> {
        let git = git.redacted(Some(std::sync::Arc::clone(&reader.redactor)));
        let place = |folder: &Path| fs_err::canonicalize(folder).ok();
        let here = place(&git.common_dir());
        let directory = reader.directory()?;
        let is_here = |key: &str| {
            Repository::open(&reader.folder_of(key), key)
                .is_ok_and(|known| place(&known.common_dir()) == here)
        };
        // The store's own repository is nearly always the one.
        let mut keys: Vec<(&RepoId, &String)> = directory.repos.iter().collect();
        keys.sort_by_key(|(_, key)| (*key != ".", (*key).clone()));
        let repo = keys.into_iter().find(|(_, key)| is_here(key)).map(|(id, _)| *id);
        let mut followed = match repo {
            Some(repo) => {
                let mut followed = reader.store.followed()?;
                followed.retain(|followed| followed.repo == repo);
                followed
            }
            None => Vec::new(),
        };
        let head = git.head();
        followed.sort_by_key(|followed| Some(&followed.tip) != head.as_ref());
        Ok(Self { reader, git, repo, followed })
    }

    /// The commit that `rev` names; without one the commit that is checked out.
    pub(super) fn commit(&self, rev: Option<&str>) -> Result<Oid, Error> {
        let Some(rev) = rev else {
            return self.git.head().ok_or_else(|| Error::Question {
                what: "the repository has no commit yet: commit something first".to_owned(),
            });
        };
        match self.git.revision(rev) {
            Revision::Commit(commit) => Ok(commit),
            Revision::Ambiguous(candidates) => Err(Error::AmbiguousRevision {
                rev: rev.to_owned(),
                candidates: candidates.iter().map(ToString::to_string).collect(),
            }),
            Revision::NoCommit => Err(Error::Question {
                what: format!("`{rev}` names a file or a folder, no commit"),
            }),
            Revision::Unknown => Err(Error::NoCommit { rev: rev.to_owned() }),
        }
    }

    /// The path that `file` names, seen from `folder` or from the root of the repository, whichever is there.
    pub(super) fn path(&self, commit: &Oid, folder: &Path, file: &Path) -> RepoPath {
        let whole = self.git.path_in(folder, file);
        let from_root = || {
            let path = file.to_string_lossy();
            let bytes = file.as_os_str().as_encoded_bytes();
            (!path.starts_with('/') && !path.starts_with(".."))
                .then(|| RepoPath(bytes.strip_prefix(b"./").unwrap_or(bytes).to_vec()))
        };
        match whole {
            Some(path) if self.is_there(commit, &path) => path,
            Some(path) => from_root().filter(|root| self.is_there(commit, root)).unwrap_or(path),
            None => from_root()
                .unwrap_or_else(|| RepoPath(file.as_os_str().as_encoded_bytes().to_vec())),
        }
    }

    fn is_there(&self, commit: &Oid, path: &RepoPath) -> bool {
        self.git.entry(commit, path).is_some()
            || self.git.work_file(path) != lichen_source::git::WorkFile::None
    }

    /// The error for a path that is no file of a commit.
    pub(super) fn no_file(&self, commit: &Oid, path: &RepoPath) -> Error {
        let what = match self.git.entry(commit, path) {
            Some(Entry::Folder) => "is a folder",
            Some(Entry::Link(_)) => "is a symbolic link",
            Some(Entry::Submodule { .. }) => "is a submodule that is not checked out",
            Some(Entry::File(_)) | None => "does not exist",
        };
        let candidates = self.git.paths_like(commit, path, CANDIDATES);
        Error::NoFile {
            path: path.to_text().into_owned(),
            commit: commit.to_string()[..12].to_owned(),
            what,
            candidates: candidates.iter().map(|path| path.to_text().into_owned()).collect(),
        }
    }

    /// What a text defines: what was read of it, else it is read on the spot.
    pub(super) fn text(&self, path: &RepoPath, blob: &Oid) -> Result<Option<Text>, Error> {
        let Some(read_as) = history::read_as(path) else { return Ok(Some(self.plain(blob))) };
        let store = &self.reader.store;
        if let Some(known) = store.known_text(blob, read_as)? {
            // What ended a process or took too long is not tried in this one.
            let is_given_up =
                matches!(known.status, ExtractionStatus::Crashed | ExtractionStatus::Timeout);
            let is_empty = !known.kept && (known.language.is_none() || is_given_up);
            if known.kept || is_empty {
                let stored =
                    if known.kept { store.text_symbols(known.number)? } else { Vec::new() };
                let symbols = stored.into_iter().map(symbol).collect();
                let extraction = Extraction {
                    status: known.status,
                    encoding: known.encoding,
                    lines: known.lines,
                    symbols,
                };
                return Ok(Some(Text { language: known.language.unwrap_or_default(), extraction }));
            }
        }
        let Some(bytes) = self.git.blob(blob) else { return Ok(None) };
        Ok(Some(self.parsed(path, &bytes)?))
    }

    /// What a text defines, read on the spot.
    pub(super) fn parsed(&self, path: &RepoPath, bytes: &[u8]) -> Result<Text, Error> {
        let (language, extraction) = self.reading(1)?.extract(path, bytes);
        let language = language.map(|language| language.as_str().to_owned()).unwrap_or_default();
        Ok(Text { language, extraction })
    }

    fn plain(&self, blob: &Oid) -> Text {
        let bytes = self.git.blob(blob).unwrap_or_default();
        let lines = lichen_source::lines::count(&bytes);
        let status = ExtractionStatus::Unsupported;
        let extraction = Extraction { lines, ..Extraction::without_symbols(status) };
        Text { language: String::new(), extraction }
    }

    /// Reads texts of the repository on the spot.
    pub(super) fn reading(&self, threads: usize) -> Result<Reading<'_>, Error> {
        Ok(Reading::new(&self.git, Limits::default(), threads.min(THREADS))?)
    }

    /// Where a commit stands in what is followed.
    pub(super) fn position(&self, commit: &Oid) -> Result<Option<(&FollowedRef, Position)>, Error> {
        for followed in &self.followed {
            if followed.tip == *commit && followed.positions > 0 {
                let pos = followed.positions - 1;
                return Ok(Some((followed, Position { pos, on_chain: true })));
            }
        }
        let Some(id) = self.commit_id(commit) else { return Ok(None) };
        for followed in &self.followed {
            if let Some(position) = self.reader.store.position(followed.id, id)? {
                return Ok(Some((followed, position)));
            }
        }
        Ok(None)
    }

    pub(super) fn commit_id(&self, commit: &Oid) -> Option<CommitId> {
        let head = self.git.commit_head(commit)?;
        Some(Commit::id(commit, head.committed.at))
    }

    /// Lines about commits that are known by their ids.
    pub(super) fn known_commits(
        &self,
        commits: &[CommitId],
    ) -> Result<HashMap<CommitId, CommitInfo>, Error> {
        let lines = self.reader.store.commit_lines(commits)?;
        let info = |line: lichen_store::CommitLine| CommitInfo {
            id: Some(line.id.any()),
            oid: line.oid.to_string(),
            author: line.author,
            at: line.committed,
            subject: line.subject,
        };
        Ok(lines.into_iter().map(|(id, line)| (id, info(line))).collect())
    }

    /// A line about a commit, asked of git.
    pub(super) fn commit_info(&self, commit: &Oid) -> CommitInfo {
        let head = self.git.commit_head(commit);
        let id = head.as_ref().filter(|_| self.repo.is_some());
        CommitInfo {
            id: id.map(|head| Commit::id(commit, head.committed.at).any()),
            oid: commit.to_string(),
            author: head.as_ref().map(|head| head.author.clone()).unwrap_or_default(),
            at: head.as_ref().map(|head| head.committed).unwrap_or_default(),
            subject: head.as_ref().map(|head| head.subject().to_owned()).unwrap_or_default(),
        }
    }

    /// How fresh an answer about a commit is.
    pub(super) fn freshness(&self, off_chain: bool) -> Freshness {
        let followed = self.followed.first();
        let mut notes = Vec::new();
        match (followed, self.repo) {
            (Some(_), _) => {}
            (None, Some(_)) => notes.push(
                "symbols are not followed yet: this was read from git on the spot; run `lichen ingest`".to_owned(),
            ),
            (None, None) => notes.push(
                "this repository was not taken in: this was read from git on the spot; run `lichen ingest` in it".to_owned(),
            ),
        }
        Freshness {
            followed: followed.map(|followed| followed.name.clone()),
            tip: followed.map(|followed| followed.tip.to_string()),
            behind: followed.and_then(|followed| self.git.behind(&followed.tip)),
            off_chain,
            notes,
        }
    }

    /// The ground of a submodule that is checked out, and the path in it.
    pub(super) fn inside(
        &self,
        submodule: &RepoPath,
        path: &RepoPath,
    ) -> Option<(Ground<'a>, RepoPath)> {
        let root: PathBuf = self.git.work_tree()?.join(submodule.to_text().as_ref());
        let inner = path.0.strip_prefix(&submodule.0[..])?.strip_prefix(b"/")?;
        let git = Repository::open(&root, ".").ok()?;
        // An empty folder belongs to the repository around it.
        if git.work_tree().and_then(|tree| fs_err::canonicalize(tree).ok())
            != fs_err::canonicalize(&root).ok()
        {
            return None;
        }
        Some((Ground::over(self.reader, git).ok()?, RepoPath(inner.to_vec())))
    }
}

/// A symbol's key as the store has it.
pub(super) fn stored_key(key: &SymbolKey) -> StoredKey {
    StoredKey {
        language: key.language.to_owned(),
        kind: key.kind,
        qualified_name: key.qualified_name.clone(),
        name: key.name.clone(),
        signature: key.signature.clone(),
        duplicate: key.duplicate,
    }
}

/// A stored symbol as extraction gives it, as far as places ask.
fn symbol(stored: lichen_store::TextSymbol) -> Symbol {
    let key = stored.key;
    let scope =
        key.qualified_name.strip_suffix(&key.name).and_then(|scope| scope.strip_suffix('.'));
    Symbol {
        kind: key.kind,
        scope: scope.map(ToOwned::to_owned).into_iter().collect(),
        name: key.name,
        signature: key.signature,
        duplicate: key.duplicate,
        parent: stored.parent,
        span: stored.span,
        definition: Span::default(),
        doc: None,
        doc_hash: 0,
        name_line: stored.name_line,
        name_column: 1,
        is_test: stored.is_test,
        body: lichen_model::Body::default(),
    }
}
