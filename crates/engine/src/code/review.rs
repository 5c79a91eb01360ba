//! `review`: what was said about the symbols that a branch changed, before somebody asks for it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use lichen_model::{AnyId, CommitId, Oid, SymbolChangeKind, SymbolChangeKinds, SymbolId};
use lichen_source::history::{Changed, Standing};
use lichen_store::{Said, SpokenOf, StoredKey};

use super::answer::{Conversation, ReviewAnswer, ReviewedSymbol, SymbolInfo};
use super::conversation::{conversation, each_text_once};
use super::ground::{Ground, stored_key};
use super::life::words;
use crate::{Error, Reader};

/// References that are looked at.
const REFERENCES_MAX: usize = 2_000;
/// Conversations of one symbol that are told.
const CONVERSATIONS: usize = 5;
/// A commit that changed more symbols than this says nothing of any one of them.
const SYMBOLS_OF_COMMIT_MAX: usize = 20;

/// A question about what a branch changed.
#[derive(Clone, Debug)]
pub struct Review {
    /// Where the question is asked.
    pub folder: PathBuf,
    /// `BASE..HEAD`: what `HEAD` changed since it left `BASE`.
    pub range: String,
}

/// A changed symbol as it was before.
struct Before {
    changed: Changed,
    id: Option<SymbolId>,
    /// The commit that made it what it was.
    origin: Option<CommitId>,
}

impl Reader {
    /// What was said about the symbols that a branch changed; only symbols about which something was.
    ///
    /// # Errors
    /// A range that cannot be read, and a revision that is not there.
    pub fn review(&self, review: &Review) -> Result<ReviewAnswer, Error> {
        let ground = Ground::around(self, &review.folder)?;
        let range = review.range.as_str();
        let (base, head) =
            range.split_once("...").or_else(|| range.split_once("..")).ok_or_else(|| {
                Error::Question {
                    what: format!(
                        "`{range}` is no range: write `BASE..HEAD`, such as `main..HEAD`"
                    ),
                }
            })?;
        let or_head = |rev: &str| if rev.is_empty() { "HEAD".to_owned() } else { rev.to_owned() };
        let base = ground.commit(Some(&or_head(base)))?;
        let head = ground.commit(Some(&or_head(head)))?;
        ground.review(&base, &head)
    }
}

impl Ground<'_> {
    fn review(&self, base: &Oid, head: &Oid) -> Result<ReviewAnswer, Error> {
        // What the base has done meanwhile is not the branch's.
        let left = self.git.merge_base(base, head).unwrap_or_else(|| base.clone());
        let mut reading = self.reading(usize::MAX)?;
        let between = reading.between(Some(&left), head).ok_or_else(|| Error::Question {
            what: "trees of the commits are missing, so they cannot be compared".to_owned(),
        })?;
        let symbols: Vec<Changed> =
            between.symbols.into_iter().filter(|changed| is_own(changed.kinds)).collect();
        let changed = symbols.len();
        let (before, off_chain) = self.before(&left, symbols)?;
        let own: HashSet<AnyId> = self.own_commits(&left, head).into_iter().collect();
        let mut freshness = self.freshness(off_chain);
        for (path, status) in between.unread {
            let (path, status) = (path.to_text(), status.as_str());
            freshness.notes.push(format!("`{path}` could not be read ({status})"));
        }
        Ok(ReviewAnswer {
            base: left.to_string(),
            head: head.to_string(),
            changed,
            symbols: self.reviewed(before, &own)?,
            freshness,
        })
    }

    /// What symbols were where the branch left.
    fn before(&self, left: &Oid, symbols: Vec<Changed>) -> Result<(Vec<Before>, bool), Error> {
        let mut before = Vec::with_capacity(symbols.len());
        let position = self.position(left)?.filter(|(_, position)| position.on_chain);
        let mut files: HashMap<Vec<u8>, HashMap<StoredKey, (SymbolId, CommitId)>> = HashMap::new();
        for changed in symbols {
            let mut one = Before { changed, id: None, origin: None };
            if let Some(old) = one.changed.old.clone() {
                if let Some((followed, position)) = position {
                    if !files.contains_key(&old.path.0) {
                        let there =
                            self.reader.store.symbols_of(followed.id, position.pos, &old.path)?;
                        let by_key = there
                            .into_iter()
                            .map(|symbol| (symbol.key, (symbol.id, symbol.origin)));
                        files.insert(old.path.0.clone(), by_key.collect());
                    }
                    let known = files[&old.path.0].get(&stored_key(&old.key));
                    one.id = known.map(|(id, _)| *id);
                    one.origin = known.map(|(_, origin)| *origin);
                } else if !self.followed.is_empty() {
                    let found = self.life_of(left, &old.path, old.ord, &stored_key(&old.key))?;
                    one.id = found.stored.as_ref().map(|stored| stored.life.id);
                    one.origin = found.makers().first().copied();
                }
            }
            before.push(one);
        }
        Ok((before, position.is_none()))
    }

    /// The commits of the branch itself: what they say is no news.
    fn own_commits(&self, left: &Oid, head: &Oid) -> Vec<AnyId> {
        let commits = self.git.commits_between(left, head);
        let id = |commit: &Oid| self.commit_id(commit).map(CommitId::any);
        commits.iter().filter_map(id).collect()
    }

    fn reviewed(
        &self,
        before: Vec<Before>,
        own: &HashSet<AnyId>,
    ) -> Result<Vec<ReviewedSymbol>, Error> {
        let symbols: Vec<SymbolId> = before.iter().filter_map(|before| before.id).collect();
        let mut of_commit: HashMap<CommitId, usize> = HashMap::new();
        for origin in before.iter().filter_map(|before| before.origin) {
            *of_commit.entry(origin).or_default() += 1;
        }
        of_commit.retain(|_, count| *count <= SYMBOLS_OF_COMMIT_MAX);
        let commits: Vec<CommitId> = of_commit.keys().copied().collect();
        let of = SpokenOf { symbols, commits, ..SpokenOf::default() };
        let mut said = self.reader.said(of, REFERENCES_MAX)?;
        said.retain(|said| !own.contains(&said.owner));
        let mut reviewed = Vec::new();
        for Before { changed, id, origin } in before {
            let about = |said: &&Said| {
                (id.is_some() && said.symbol == id)
                    || (origin.is_some() && said.symbol.is_none() && said.commit == origin)
            };
            let about = each_text_once(said.iter().filter(about));
            let conversations: Vec<Conversation> =
                about.take(CONVERSATIONS).map(conversation).collect();
            let Some(standing) = changed.new.as_ref().or(changed.old.as_ref()) else { continue };
            if conversations.is_empty() {
                continue;
            }
            reviewed.push(ReviewedSymbol {
                symbol: symbol_info(standing),
                path: standing.path.to_text().into_owned(),
                kinds: words(changed.kinds),
                conversations,
            });
        }
        Ok(reviewed)
    }
}

/// Whether a symbol changed itself, not only what stands in it or what it stands in.
fn is_own(kinds: SymbolChangeKinds) -> bool {
    let others = [SymbolChangeKind::Member, SymbolChangeKind::Scope];
    kinds.iter().any(|kind| !others.contains(&kind))
}

fn symbol_info(standing: &Standing) -> SymbolInfo {
    SymbolInfo {
        kind: standing.key.kind.as_str(),
        name: standing.key.qualified_name.clone(),
        signature: standing.key.signature.clone(),
        first_line: standing.start_line,
        last_line: standing.end_line,
        is_test: false,
    }
}
