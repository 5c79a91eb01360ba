//! `symbols`: what a commit defines, and what is other than at another commit.

use std::path::PathBuf;

use lichen_model::{CommitId, Oid, SymbolKind};
use lichen_store::{FollowedRef, PathFilter, SymbolThen, SymbolsWanted};

use super::answer::{ListedSymbol, SymbolsAnswer};
use super::ground::Ground;
use super::life::words;
use crate::{Error, Reader};

/// A question for symbols.
#[derive(Clone, Debug, Default)]
pub struct SymbolList {
    /// Where the question is asked.
    pub folder: PathBuf,
    /// The commit; without one the commit that is checked out.
    pub as_of: Option<String>,
    /// Only what is other than at this commit.
    pub changed_since: Option<String>,
    /// Only in this file, this folder, or what this pattern fits.
    pub path: Option<String>,
    /// Only these kinds, by their words.
    pub kinds: Vec<String>,
    /// Only those that are called so.
    pub name: Option<String>,
    /// At most so many.
    pub limit: usize,
}

impl Reader {
    /// The symbols of a commit that are wanted.
    ///
    /// # Errors
    /// A revision that is not there, and a word that is no kind.
    pub fn symbols(&self, list: &SymbolList) -> Result<SymbolsAnswer, Error> {
        let ground = Ground::around(self, &list.folder)?;
        let commit = ground.commit(list.as_of.as_deref())?;
        let since =
            list.changed_since.as_deref().map(|rev| ground.commit(Some(rev))).transpose()?;
        let kinds = list.kinds.iter().map(|word| kind(word)).collect::<Result<Vec<_>, _>>()?;
        let wanted = SymbolsWanted {
            path: list.path.clone(),
            kinds,
            changed_after: None,
            name: list.name.clone(),
        };
        let now = ground.chain_position(&commit)?;
        let before = match &since {
            Some(since) => ground.chain_position(since)?,
            None => None,
        };
        let (mut symbols, off_chain) = match (now, before, &since) {
            (Some((followed, pos)), _, None) => {
                (ground.listed(followed, pos, None, &wanted)?, false)
            }
            (Some((followed, pos)), Some((other, before)), Some(_))
                if followed.id == other.id && before <= pos =>
            {
                (ground.listed(followed, pos, Some(before), &wanted)?, false)
            }
            (_, _, Some(since)) => (ground.different(since, &commit, &wanted)?, true),
            (None, _, None) => (ground.snapshot(&commit, &wanted)?, true),
        };
        let count = symbols.len();
        symbols.truncate(list.limit);
        Ok(SymbolsAnswer {
            commit: ground.commit_info(&commit),
            symbols,
            count,
            freshness: ground.freshness(off_chain),
        })
    }
}

fn kind(word: &str) -> Result<SymbolKind, Error> {
    SymbolKind::parse(word).ok_or_else(|| {
        let words: Vec<&str> = SymbolKind::ALL.iter().map(|kind| kind.as_str()).collect();
        Error::Question {
            what: format!("`{word}` is no kind of symbol: choose from {}", words.join(", ")),
        }
    })
}

impl Ground<'_> {
    /// The position of a commit that is on what is followed.
    fn chain_position(&self, commit: &Oid) -> Result<Option<(&FollowedRef, u32)>, Error> {
        let position = self.position(commit)?;
        Ok(position.filter(|(_, position)| position.on_chain).map(|(of, at)| (of, at.pos)))
    }

    fn listed(
        &self,
        followed: &FollowedRef,
        pos: u32,
        since: Option<u32>,
        wanted: &SymbolsWanted,
    ) -> Result<Vec<ListedSymbol>, Error> {
        let wanted = SymbolsWanted { changed_after: since, ..wanted.clone() };
        let store = &self.reader.store;
        let there = store.symbols_at(followed.id, pos, &wanted)?;
        let gone = match since {
            Some(since) => store.symbols_gone(followed.id, since, pos, &wanted)?,
            None => Vec::new(),
        };
        let mut commits: Vec<CommitId> = there.iter().map(|symbol| symbol.origin).collect();
        commits.sort_unstable();
        commits.dedup();
        let commits = self.known_commits(&commits)?;
        let one = |symbol: SymbolThen, is_gone: bool| ListedSymbol {
            id: Some(symbol.id.any()),
            kind: symbol.key.kind.as_str(),
            name: symbol.key.qualified_name,
            path: symbol.path.to_text().into_owned(),
            lines: symbol.lines,
            commit: commits.get(&symbol.origin).cloned().filter(|_| !is_gone),
            kinds: if is_gone { vec!["deleted"] } else { words(symbol.kinds) },
            is_gone,
        };
        let there = there.into_iter().map(|symbol| one(symbol, false));
        Ok(there.chain(gone.into_iter().map(|symbol| one(symbol, true))).collect())
    }

    /// What is different between two commits, read on the spot.
    fn different(
        &self,
        since: &Oid,
        commit: &Oid,
        wanted: &SymbolsWanted,
    ) -> Result<Vec<ListedSymbol>, Error> {
        let mut reading = self.reading(usize::MAX)?;
        let Some(between) = reading.between(Some(since), commit) else {
            return Err(Error::Question {
                what: "trees of the commits are missing, so they cannot be compared".to_owned(),
            });
        };
        let fit = Fit::new(wanted)?;
        let mut symbols = Vec::new();
        for changed in between.symbols {
            let is_gone = changed.new.is_none();
            let Some(standing) = changed.new.or(changed.old) else { continue };
            let path = standing.path.to_text().into_owned();
            let key = &standing.key;
            if !fit.path(&path) || !fit.symbol(key.kind, &key.name, &key.qualified_name) {
                continue;
            }
            symbols.push(ListedSymbol {
                id: None,
                kind: standing.key.kind.as_str(),
                name: standing.key.qualified_name.clone(),
                path,
                lines: (!is_gone).then_some((standing.start_line, standing.end_line)),
                commit: None,
                kinds: words(changed.kinds),
                is_gone,
            });
        }
        Ok(symbols)
    }

    /// What a commit defines, read on the spot.
    fn snapshot(&self, commit: &Oid, wanted: &SymbolsWanted) -> Result<Vec<ListedSymbol>, Error> {
        let mut files = self.git.files(commit);
        let fit = Fit::new(wanted)?;
        files.retain(|(path, _)| fit.path(&path.to_text()));
        let reading = self.reading(usize::MAX)?;
        let mut symbols = Vec::new();
        for source in reading.sources(&files) {
            let path = source.path.to_text().into_owned();
            for symbol in &source.extraction.symbols {
                let whole = symbol.qualified_name();
                if fit.symbol(symbol.kind, &symbol.name, &whole) {
                    symbols.push(ListedSymbol {
                        id: None,
                        kind: symbol.kind.as_str(),
                        name: whole,
                        path: path.clone(),
                        lines: Some((symbol.span.start_line, symbol.span.end_line)),
                        commit: None,
                        kinds: Vec::new(),
                        is_gone: false,
                    });
                }
            }
        }
        Ok(symbols)
    }
}

/// What is wanted, for symbols that stand in no table.
struct Fit<'a> {
    wanted: &'a SymbolsWanted,
    path: Option<PathFilter>,
    /// The name, joined by dots.
    name: Option<String>,
}

impl<'a> Fit<'a> {
    fn new(wanted: &'a SymbolsWanted) -> Result<Self, Error> {
        let path = wanted.path.as_deref().map(PathFilter::new).transpose()?;
        let name = wanted.name.as_ref().map(|name| name.replace("::", ".").replace('#', "."));
        Ok(Self { wanted, path, name })
    }

    fn path(&self, path: &str) -> bool {
        self.path.as_ref().is_none_or(|wanted| wanted.fits(path))
    }

    fn symbol(&self, kind: SymbolKind, name: &str, whole: &str) -> bool {
        let by_name = self.name.as_deref().is_none_or(|wanted| {
            if !wanted.contains('.') {
                return name == wanted;
            }
            let before = whole.strip_suffix(wanted);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        });
        by_name && (self.wanted.kinds.is_empty() || self.wanted.kinds.contains(&kind))
    }
}
