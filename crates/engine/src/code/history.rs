//! `history`: the life of a symbol that is named, or that stands at a place.

use std::path::PathBuf;

use lichen_model::{AnyId, Kind, Oid, RepoPath, SymbolId};
use lichen_source::git::Entry;
use lichen_store::SymbolThen;

use super::answer::{HistoryAnswer, Life, LifeChange, SymbolInfo};
use super::at::{At, Spot, info};
use super::ground::Ground;
use crate::{Error, Reader};

/// Symbols that are named where a name fits several.
const CANDIDATES: usize = 10;

/// What a history is asked of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedSymbol {
    /// What stands at a place.
    Spot(Spot),
    /// A symbol by its name, with more or less of what it stands in.
    Name(String),
    /// A symbol by its id.
    Id(AnyId),
}

/// A question about a life.
#[derive(Clone, Debug)]
pub struct HistoryOf {
    /// Where the question is asked.
    pub folder: PathBuf,
    /// What is asked about.
    pub of: AskedSymbol,
    /// The commit; without one the commit that is checked out.
    pub rev: Option<String>,
    /// Whether changes are shown as diffs.
    pub diffs: bool,
    /// At most so many changes.
    pub changes: usize,
}

impl AskedSymbol {
    /// What people write: an id, `FILE:LINE`, or a name. A file without a line is a file.
    pub fn parse(text: &std::path::Path) -> Self {
        let spot = Spot::parse(text);
        if spot.line.is_some() {
            return Self::Spot(spot);
        }
        let words = text.to_string_lossy();
        if let Ok(id) = words.parse::<AnyId>()
            && id.kind == Kind::Symbol
        {
            return Self::Id(id);
        }
        Self::Name(words.into_owned())
    }
}

impl Reader {
    /// The life of a symbol, or of a file where that is what was named.
    ///
    /// # Errors
    /// What is not there, and a name that several symbols have.
    pub fn history(&self, asked: &HistoryOf) -> Result<HistoryAnswer, Error> {
        let ground = Ground::around(self, &asked.folder)?;
        match &asked.of {
            AskedSymbol::Spot(spot) => {
                let commit = ground.commit(asked.rev.as_deref())?;
                let path = ground.path(&commit, &asked.folder, &spot.file);
                ground.history_at(&commit, &path, spot, asked)
            }
            AskedSymbol::Id(id) => {
                let unknown = || Error::UnknownId { id: id.to_string() };
                let found = self.store.resolve(*id)?;
                let [one] = found.as_slice() else {
                    return Err(if found.is_empty() {
                        unknown()
                    } else {
                        let candidates = found.iter().map(ToString::to_string).collect();
                        Error::AmbiguousId { id: id.to_string(), candidates }
                    });
                };
                let (followed, symbol) =
                    self.store.symbol_of(SymbolId(one.id))?.ok_or_else(unknown)?;
                let followed = self.store.followed()?.into_iter().find(|of| of.id == followed);
                let followed = followed.ok_or_else(unknown)?;
                let last = followed.positions.saturating_sub(1);
                ground.history_of(followed.id, symbol, last, asked)
            }
            AskedSymbol::Name(name) => {
                let commit = ground.commit(asked.rev.as_deref())?;
                let file = PathBuf::from(name);
                let path = ground.path(&commit, &asked.folder, &file);
                if matches!(ground.git.entry(&commit, &path), Some(Entry::File(_))) {
                    let spot = Spot { file, ..Spot::default() };
                    return ground.history_at(&commit, &path, &spot, asked);
                }
                ground.history_named(name, &commit, asked)
            }
        }
    }
}

impl Ground<'_> {
    fn history_at(
        &self,
        commit: &Oid,
        path: &RepoPath,
        spot: &Spot,
        asked: &HistoryOf,
    ) -> Result<HistoryAnswer, Error> {
        let at = At {
            folder: asked.folder.clone(),
            spot: spot.clone(),
            rev: asked.rev.clone(),
            symbol: None,
            changes: asked.changes,
        };
        let placed = self.place(commit, path, &at)?;
        let Some((ord, text)) = &placed.committed else {
            let off_chain = false;
            return Ok(HistoryAnswer {
                symbol: placed.around.last().map(|ord| info(&placed.text, *ord)),
                path: path.to_text().into_owned(),
                life: None,
                file_commits: self.file_commits(commit, path, asked.changes)?,
                freshness: self.freshness(off_chain),
            });
        };
        let found = self.life_of(commit, path, *ord, &text.key(*ord))?;
        let mut life = self.told(&found, asked.changes)?;
        if asked.diffs {
            self.add_diffs(&mut life)?;
        }
        Ok(HistoryAnswer {
            symbol: Some(info(text, *ord)),
            path: path.to_text().into_owned(),
            life: Some(life),
            file_commits: Vec::new(),
            freshness: self.freshness(found.is_off_chain()),
        })
    }

    fn history_named(
        &self,
        name: &str,
        commit: &Oid,
        asked: &HistoryOf,
    ) -> Result<HistoryAnswer, Error> {
        let Some(followed) = self.followed.first() else { return Err(Error::NotFollowed) };
        let pos = match &asked.rev {
            Some(_) => self.position(commit)?.map(|(_, position)| position.pos),
            None => None,
        };
        let pos = pos.unwrap_or(followed.positions.saturating_sub(1));
        let named = self.reader.store.symbols_named(followed.id, name)?;
        // One that is there comes before all that are gone.
        let there: Vec<&SymbolThen> =
            named.iter().filter(|symbol| symbol.to.is_none_or(|to| to > pos)).collect();
        let choice = if there.is_empty() { named.iter().collect() } else { there };
        match choice.as_slice() {
            [] => Err(Error::NoSymbol { name: name.to_owned(), candidates: Vec::new() }),
            [one] => self.history_of(followed.id, one.symbol, pos, asked),
            several => {
                let candidate = |symbol: &&SymbolThen| {
                    let SymbolThen { id, key, path, .. } = symbol;
                    let (kind, id) = (key.kind.as_str(), id.any().short());
                    format!("{kind} {} in {} ({id})", key.qualified_name, path.to_text())
                };
                let mut candidates: Vec<String> =
                    several.iter().take(CANDIDATES).map(candidate).collect();
                if several.len() > CANDIDATES {
                    candidates.push(format!("and {} more", several.len() - CANDIDATES));
                }
                Err(Error::AmbiguousSymbol { name: name.to_owned(), candidates })
            }
        }
    }

    fn history_of(
        &self,
        followed: lichen_model::RefId,
        symbol: u32,
        pos: u32,
        asked: &HistoryOf,
    ) -> Result<HistoryAnswer, Error> {
        let unknown = || Error::NotFollowed;
        let stored = self.stored_life(followed, symbol, pos)?.ok_or_else(unknown)?;
        let versions = &stored.life.versions;
        let shown = versions.iter().find(|version| version.from <= pos).or(versions.first());
        let shown = shown.cloned().ok_or_else(unknown)?;
        let found = super::life::Found::stored(stored);
        let mut life = self.told(&found, asked.changes)?;
        if asked.diffs {
            self.add_diffs(&mut life)?;
        }
        Ok(HistoryAnswer {
            symbol: Some(SymbolInfo {
                kind: shown.key.kind.as_str(),
                name: shown.key.qualified_name.clone(),
                signature: shown.key.signature.clone(),
                first_line: 0,
                last_line: 0,
                is_test: false,
            }),
            path: shown.path.to_text().into_owned(),
            life: Some(life),
            file_commits: Vec::new(),
            freshness: self.freshness(false),
        })
    }

    /// Adds to each change what it did to the symbol's text.
    fn add_diffs(&self, life: &mut Life) -> Result<(), Error> {
        let mut texts = Vec::with_capacity(life.changes.len());
        for change in &life.changes {
            texts.push(self.text_of(change)?);
        }
        let is_first = life.changes.len() == life.change_count;
        for (at, change) in life.changes.iter_mut().enumerate() {
            let before = match texts.get(at + 1) {
                Some(before) => before.as_deref(),
                // What comes before the last that is shown is not at hand.
                None if !is_first => None,
                None => Some(&[][..]),
            };
            if let (Some(before), Some(now)) = (before, &texts[at]) {
                change.diff = Some(lichen_source::lines::unified(before, now));
            }
        }
        Ok(())
    }

    /// The text of a symbol after a change, asked of git.
    fn text_of(&self, change: &LifeChange) -> Result<Option<Vec<u8>>, Error> {
        let commit = change.landed.as_ref().unwrap_or(&change.commit);
        let path = RepoPath::from(change.path.as_str());
        let lichen_source::git::Revision::Commit(oid) = self.git.revision(&commit.oid) else {
            return Ok(None);
        };
        let Some(Entry::File(blob)) = self.git.entry(&oid, &path) else { return Ok(None) };
        let Some(bytes) = self.git.blob(&blob) else { return Ok(None) };
        let Some(text) = self.text(&path, &blob)? else { return Ok(None) };
        let symbols = &text.extraction.symbols;
        let named = |symbol: &&lichen_model::Symbol| {
            symbol.signature == change.signature && symbol.qualified_name() == change.name
        };
        let Some(symbol) = symbols.iter().find(named) else { return Ok(None) };
        let lines = lichen_source::lines::of(&bytes, symbol.span.start_line, symbol.span.end_line);
        let mut whole = lines.join("\n").into_bytes();
        whole.push(b'\n');
        Ok(Some(whole))
    }
}
