//! `links`: what a text refers to, and what refers to a commit or a symbol.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use lichen_model::{AnyId, CommitId, Kind, Lines, Oid, Owner, PassageId, RepoPath, SymbolId};
use lichen_source::references::Remote;
use lichen_store::{SpokenOf, StoredReference};

use super::answer::Conversation;
use super::ground::Ground;
use super::history::{AskedSymbol, HistoryOf};
use crate::{Error, Reader};

/// Fewest digits that are taken for a commit.
const DIGITS_MIN: usize = 4;

/// A question about references.
#[derive(Clone, Debug)]
pub struct LinksOf {
    /// Where the question is asked.
    pub folder: PathBuf,
    /// A message, a commit, a document's version or a symbol: by id, revision, name or place.
    pub of: String,
    /// At most so many texts that refer to it.
    pub count: usize,
}

/// A reference in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The text; of a tool's call the call.
    pub source: String,
    /// The field of a tool's call; empty for a text.
    pub field: String,
    /// Its bytes in the text.
    pub span: (u32, u32),
    /// The words.
    pub text: String,
    /// What found it.
    pub detector: String,
    /// What it names: `path`, `lines`, `commit`, `issue`, `symbol`.
    pub kind: String,
    /// `resolved`, `ambiguous`, `unresolved` or `foreign`.
    pub status: String,
    /// By which rule.
    pub rule: String,
    /// How surely.
    pub confidence: f32,
    /// What it may mean: one where it is resolved.
    pub candidates: Vec<String>,
    /// How many things it may mean.
    pub candidate_count: u32,
    /// The symbol it means, or on whose lines it lies.
    pub symbol: Option<AnyId>,
    /// The commit that was current when the text was written.
    pub as_of: Option<String>,
    /// How that is known.
    pub as_of_rule: String,
    /// How surely.
    pub as_of_confidence: f32,
    /// An address of what it means; only of what was pushed.
    pub permalink: Option<String>,
}

/// What refers to what.
#[derive(Clone, Debug, PartialEq)]
pub struct LinksAnswer {
    /// What was asked about, as it was found.
    pub of: AnyId,
    /// What it refers to, in the order of the text.
    pub links: Vec<Link>,
    /// What refers to it, the surest first.
    pub referring: Vec<Conversation>,
}

impl Reader {
    /// What a text refers to, and what refers to a commit or a symbol.
    ///
    /// # Errors
    /// What is not there, and what may be several things.
    pub fn links(&self, asked: &LinksOf) -> Result<LinksAnswer, Error> {
        let of = self.linked(asked)?;
        let mut answer = LinksAnswer { of, links: Vec::new(), referring: Vec::new() };
        let spoken = match of.kind {
            Kind::Symbol => SpokenOf { symbols: vec![SymbolId(of.id)], ..SpokenOf::default() },
            Kind::Commit => SpokenOf { commits: vec![CommitId(of.id)], ..SpokenOf::default() },
            _ => SpokenOf::default(),
        };
        answer.referring = self.conversations(spoken, asked.count)?;
        if of.kind != Kind::Symbol {
            let references = self.store.references_in(&[of.id.as_u128()])?;
            let mut pages = Pages::around(self, &asked.folder);
            answer.links = references.into_iter().map(|reference| pages.link(reference)).collect();
        }
        Ok(answer)
    }

    /// The thing that is asked about.
    fn linked(&self, asked: &LinksOf) -> Result<AnyId, Error> {
        let words = asked.of.trim();
        if let Ok(id) = words.parse::<AnyId>() {
            let found = self.resolve(id)?;
            return match found.as_slice() {
                [one] => self.holder_of(*one),
                [] => Err(Error::UnknownId { id: words.to_owned() }),
                several => Err(Error::AmbiguousId {
                    id: words.to_owned(),
                    candidates: several.iter().map(ToString::to_string).collect(),
                }),
            };
        }
        let is_commit = words.len() >= DIGITS_MIN
            && words.bytes().all(|byte| byte.is_ascii_hexdigit())
            || words == "HEAD"
            || words.starts_with("HEAD~");
        if is_commit {
            let ground = Ground::around(self, &asked.folder)?;
            let commit = ground.commit(Some(words))?;
            return self
                .stored_commit(&ground, &commit)?
                .ok_or_else(|| Error::NoCommit { rev: words.to_owned() });
        }
        let history = self.history(&HistoryOf {
            folder: asked.folder.clone(),
            of: AskedSymbol::parse(Path::new(words)),
            rev: None,
            diffs: false,
            changes: 1,
        })?;
        history.life.and_then(|life| life.symbol).ok_or_else(|| Error::Question {
            what: format!(
                "`{words}` is no message, commit or symbol that is followed: name one by its id, its object id or its name"
            ),
        })
    }

    /// What holds a thing's text: of a passage the text it is cut from.
    fn holder_of(&self, id: AnyId) -> Result<AnyId, Error> {
        if id.kind != Kind::Passage {
            return Ok(id);
        }
        let unknown = || Error::UnknownId { id: id.to_string() };
        let seq = self.store.seq_of(PassageId(id.id))?.ok_or_else(unknown)?;
        let hit = self.store.hits(&[seq])?.pop().ok_or_else(unknown)?;
        Ok(match hit.owner {
            Owner::Commit(id) => id.any(),
            Owner::Message(id) => id.any(),
            Owner::Version(id) => id.any(),
        })
    }

    fn stored_commit(&self, ground: &Ground<'_>, commit: &Oid) -> Result<Option<AnyId>, Error> {
        let Some(repo) = ground.repo else { return Ok(None) };
        let found = self.store.resolve_rev(repo, &commit.to_string())?;
        Ok(found.first().map(|(id, _)| id.any()))
    }
}

/// Addresses of pages, told of what a remote is known to have at this moment.
struct Pages {
    remotes: Vec<Remote>,
    pushed: HashSet<Oid>,
}

impl Pages {
    fn around(reader: &Reader, folder: &Path) -> Self {
        let Ok(ground) = Ground::around(reader, folder) else {
            return Self { remotes: Vec::new(), pushed: HashSet::new() };
        };
        let remotes = ground.git.remotes();
        let remotes: Vec<Remote> =
            remotes.iter().filter_map(|(_, address)| Remote::parse(address)).collect();
        let pushed = if remotes.is_empty() { HashSet::new() } else { ground.git.pushed() };
        Self { remotes, pushed }
    }

    fn link(&mut self, reference: StoredReference) -> Link {
        let permalink = self.permalink(&reference).or(reference.permalink);
        Link {
            source: reference.source,
            field: reference.field,
            span: reference.span,
            text: reference.raw,
            detector: reference.detector,
            kind: reference.kind,
            status: reference.status,
            rule: reference.rule,
            confidence: reference.confidence,
            candidates: reference.candidates,
            candidate_count: reference.candidate_count,
            symbol: reference.symbol.map(|id| SymbolId::from_u128(id).any()),
            as_of: reference.as_of.map(|oid| oid.to_string()),
            as_of_rule: reference.as_of_rule,
            as_of_confidence: reference.as_of_confidence,
            permalink,
        }
    }

    /// The page of a commit or of a place at the commit that was current, where that was pushed since.
    fn permalink(&self, reference: &StoredReference) -> Option<String> {
        let remote = self.remotes.iter().find(|remote| remote.forge.is_some())?;
        if let Some(commit) = &reference.commit {
            return self.pushed.contains(commit).then(|| remote.commit(commit)).flatten();
        }
        let at = reference.as_of.as_ref().filter(|at| self.pushed.contains(*at))?;
        let path: &RepoPath = reference.path.as_ref()?;
        let lines = reference.lines.map(|(first, last)| Lines { first, last });
        remote.file(at, path, lines)
    }
}
