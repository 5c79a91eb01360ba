//! `blame`: each line's symbol, the commit that made that what it is, and what was said about it.

use std::collections::HashMap;
use std::path::PathBuf;

use lichen_model::{CommitId, Oid, RepoPath, SymbolId};
use lichen_source::git::Entry;
use lichen_source::{lines, symbols};
use lichen_store::{SpokenOf, StoredKey};

use super::answer::{BlameAnswer, BlamedLines, CommitInfo, Conversation};
use super::at::info;
use super::conversation::conversation;
use super::ground::{Ground, Text};
use super::life::words;
use crate::{Error, Reader};

/// References that are looked at for one file.
const REFERENCES_MAX: usize = 1_000;

/// A question about the lines of a file.
#[derive(Clone, Debug, Default)]
pub struct Blame {
    /// Where the question is asked.
    pub folder: PathBuf,
    /// The file.
    pub file: PathBuf,
    /// First and last line; without them all.
    pub lines: Option<(u32, u32)>,
    /// The commit; without one the commit that is checked out.
    pub rev: Option<String>,
}

/// What is known of a symbol that stands in the file.
#[derive(Clone, Default)]
struct Known {
    id: Option<SymbolId>,
    commit: Option<CommitInfo>,
    kinds: Vec<&'static str>,
    conversation: Option<Conversation>,
}

impl Reader {
    /// Each line's symbol, version and conversation.
    ///
    /// # Errors
    /// A revision, a file or a line that is not there.
    pub fn blame(&self, blame: &Blame) -> Result<BlameAnswer, Error> {
        let ground = Ground::around(self, &blame.folder)?;
        let commit = ground.commit(blame.rev.as_deref())?;
        let path = ground.path(&commit, &blame.folder, &blame.file);
        match ground.git.entry(&commit, &path) {
            Some(Entry::Submodule { path: submodule, commit: pinned }) => {
                match ground.inside(&submodule, &path) {
                    Some((inner, rest)) => inner.blame(&pinned, &rest, blame),
                    None => Err(ground.no_file(&commit, &path)),
                }
            }
            _ => ground.blame(&commit, &path, blame),
        }
    }
}

impl Ground<'_> {
    fn blame(&self, commit: &Oid, path: &RepoPath, blame: &Blame) -> Result<BlameAnswer, Error> {
        let no_file = || self.no_file(commit, path);
        let Some(Entry::File(blob)) = self.git.entry(commit, path) else { return Err(no_file()) };
        let bytes = self.git.blob(&blob).ok_or_else(no_file)?;
        let text = self.text(path, &blob)?.ok_or_else(no_file)?;
        let count = lines::count(&bytes);
        let (first, last) = blame.lines.unwrap_or((1, count));
        if first == 0 || first > count.max(1) || last < first {
            let path = path.to_text().into_owned();
            return Err(Error::NoLine { path, line: first, lines: count });
        }
        let last = last.min(count);
        let innermost: Vec<Option<u32>> = (first..=last)
            .map(|line| symbols::around(&text.extraction, line, None).last().copied())
            .collect();
        let mut ords: Vec<u32> = innermost.iter().flatten().copied().collect();
        ords.sort_unstable();
        ords.dedup();
        let (known, off_chain) = self.known_symbols(commit, path, &text, &ords)?;
        let mut answer = BlameAnswer {
            commit: self.commit_info(commit),
            path: path.to_text().into_owned(),
            lines: Vec::new(),
            freshness: self.freshness(off_chain),
        };
        let mut at = first;
        for run in innermost.chunk_by(|a, b| a == b) {
            let end = at + u32::try_from(run.len()).unwrap_or(u32::MAX) - 1;
            let of = run[0].and_then(|ord| known.get(&ord)).cloned().unwrap_or_default();
            answer.lines.push(BlamedLines {
                first_line: at,
                last_line: end,
                symbol: run[0].map(|ord| info(&text, ord)),
                commit: of.commit,
                kinds: of.kinds,
                conversation: of.conversation,
                text: lines::of(&bytes, at, end),
            });
            at = end + 1;
        }
        Ok(answer)
    }

    /// What is known of symbols of a file, and whether git had to be asked for it.
    fn known_symbols(
        &self,
        commit: &Oid,
        path: &RepoPath,
        text: &Text,
        ords: &[u32],
    ) -> Result<(HashMap<u32, Known>, bool), Error> {
        let mut known: HashMap<u32, Known> = HashMap::new();
        let position = self.position(commit)?.filter(|(_, position)| position.on_chain);
        if let Some((followed, position)) = position {
            let there = self.reader.store.symbols_of(followed.id, position.pos, path)?;
            let commits: Vec<CommitId> = there.iter().map(|symbol| symbol.origin).collect();
            let commits = self.known_commits(&commits)?;
            let by_key: HashMap<&StoredKey, _> =
                there.iter().map(|symbol| (&symbol.key, symbol)).collect();
            for &ord in ords {
                let Some(symbol) = by_key.get(&text.key(ord)) else { continue };
                known.insert(
                    ord,
                    Known {
                        id: Some(symbol.id),
                        commit: commits.get(&symbol.origin).cloned(),
                        kinds: words(symbol.kinds),
                        conversation: None,
                    },
                );
            }
        }
        let is_off_chain = ords.iter().any(|ord| !known.contains_key(ord));
        for &ord in ords {
            if known.contains_key(&ord) {
                continue;
            }
            let found = self.life_of(commit, path, ord, &text.key(ord))?;
            let life = self.told(&found, 1)?;
            let last = life.changes.into_iter().next();
            known.insert(
                ord,
                Known {
                    id: found.stored.as_ref().map(|stored| stored.life.id),
                    kinds: last.as_ref().map(|last| last.kinds.clone()).unwrap_or_default(),
                    commit: last.map(|last| last.commit),
                    conversation: None,
                },
            );
        }
        self.add_conversations(&mut known)?;
        Ok((known, is_off_chain))
    }

    fn add_conversations(&self, known: &mut HashMap<u32, Known>) -> Result<(), Error> {
        let symbols: Vec<SymbolId> = known.values().filter_map(|known| known.id).collect();
        let of = SpokenOf { symbols, ..SpokenOf::default() };
        let mut said: HashMap<SymbolId, Conversation> = HashMap::new();
        for one in self.reader.said(of, REFERENCES_MAX)? {
            if let Some(symbol) = one.symbol {
                // The surest comes first.
                said.entry(symbol).or_insert_with(|| conversation(&one));
            }
        }
        for known in known.values_mut() {
            known.conversation = known.id.and_then(|id| said.get(&id).cloned());
        }
        Ok(())
    }
}
