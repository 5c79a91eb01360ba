//! The symbols of a ref through its history: the commits along first parents replayed, the oldest first.
//!
//! A version says since which position a symbol is what it is; which commit brought it there, and which made it so, are two
//! things where work is merged.
//!
//! **Invariant:** after any sequence of [`Lineage::follow`] and [`Lineage::truncate`] it holds what a new one that follows the last
//! tip at once holds; the versions that are open at a position are the symbols of that commit's files.

mod replay;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gix::ObjectId;
use lichen_model::{CodeSymbol, FileVersion, Oid, SymbolChangeKinds, SymbolMatch, SymbolVersion};

use super::History;
use super::catalog::NONE;

/// A symbol that has been seen.
#[derive(Clone, Copy, Debug)]
struct Life {
    first: u32,
    /// The position that has it first.
    from: u32,
    introduced: ObjectId,
    confidence: f32,
    predecessor: Option<u32>,
}

/// What a symbol was for a while.
#[derive(Clone, Copy, Debug)]
struct Version {
    symbol: u32,
    key: u32,
    path: u32,
    raw_hash: u128,
    doc_hash: u128,
    from: u32,
    /// [`NONE`] while it is so.
    to: u32,
    landed: ObjectId,
    origin: ObjectId,
    kinds: SymbolChangeKinds,
    method: SymbolMatch,
    score: f32,
}

/// What a path held for a while.
#[derive(Clone, Copy, Debug)]
struct Text {
    path: u32,
    blob: u32,
    /// The blob whose symbols it is taken to have: another where its own is unknown, [`NONE`] where none ever was known.
    known: u32,
    from: u32,
    /// [`NONE`] while it is so.
    to: u32,
}

/// A file that is there, with its symbols and their versions.
#[derive(Clone, Debug)]
struct Live {
    text: u32,
    known: u32,
    /// Symbol and version by the place in `known`.
    symbols: Vec<(u32, u32)>,
}

/// Symbols, files and their versions along the first parents of a ref.
#[derive(Debug, Default)]
pub struct Lineage {
    chain: Vec<ObjectId>,
    lives: Vec<Life>,
    versions: Vec<Version>,
    texts: Vec<Text>,
    live: HashMap<u32, Live>,
    /// Symbols that are gone, by path and key, the last one last: one that comes back is the same.
    gone: HashMap<(u32, u32), Vec<u32>>,
    /// Commits that have been brought, and the position that did.
    landed: HashMap<ObjectId, u32>,
}

impl Lineage {
    /// Moves to a tip: what is not behind it is taken back, what is new is replayed. Returns how many positions stayed, or `None`
    /// for a tip that the history does not know.
    ///
    /// The history has to be the same one every time.
    pub fn follow(&mut self, history: &History, tip: &Oid) -> Option<u32> {
        let chain = history.chain(history.number_of(tip)?);
        let id = |commit: &u32| history.commits[*commit as usize].id;
        let stayed =
            chain.iter().zip(&self.chain).take_while(|(new, old)| id(new) == **old).count();
        let stayed = super::number(stayed);
        if (stayed as usize) < self.chain.len() {
            self.truncate(history, stayed);
        }
        for &commit in &chain[stayed as usize..] {
            self.replay(history, commit);
        }
        Some(stayed)
    }

    /// Takes back what positions from `len` on did.
    pub fn truncate(&mut self, history: &History, len: u32) {
        self.chain.truncate(len as usize);
        self.versions.retain_mut(|version| kept(version.from, &mut version.to, len));
        self.texts.retain_mut(|text| kept(text.from, &mut text.to, len));
        let lives = self.lives.partition_point(|life| life.from < len);
        self.lives.truncate(lives);
        self.settle(history);
    }

    /// Goes on from what was told before: the chain, and symbols and versions in the order they were told in. `None` where they do
    /// not belong to the history, which has to know the commits and every blob that is still there.
    pub fn resume(
        history: &History,
        chain: &[Oid],
        symbols: &[CodeSymbol],
        versions: &[SymbolVersion],
        files: &[FileVersion],
    ) -> Option<Self> {
        let id = |oid: &Oid| ObjectId::try_from(oid.0.as_slice()).ok();
        let catalog = &history.catalog;
        let mut lineage =
            Self { chain: chain.iter().map(id).collect::<Option<_>>()?, ..Self::default() };
        let mut from = vec![NONE; symbols.len()];
        for version in versions {
            let first = from.get_mut(version.symbol as usize)?;
            *first = version.from.min(*first);
            lineage.versions.push(Version {
                symbol: version.symbol,
                key: catalog.known_key(&version.key)?,
                path: catalog.known_path(&version.path)?.0,
                raw_hash: version.raw_hash,
                doc_hash: version.doc_hash,
                from: version.from,
                to: version.to.unwrap_or(NONE),
                landed: id(&version.landed)?,
                origin: id(&version.origin)?,
                kinds: version.kinds,
                method: version.method,
                score: version.score,
            });
        }
        for (symbol, from) in symbols.iter().zip(from) {
            lineage.lives.push(Life {
                first: catalog.known_key(&symbol.first)?,
                from,
                introduced: id(&symbol.introduced)?,
                confidence: symbol.introduced_confidence,
                predecessor: symbol.predecessor,
            });
        }
        for file in files {
            let (path, hint) = catalog.known_path(&file.path)?;
            let blob = |oid: &Oid| catalog.known_blob(id(oid)?, hint?);
            let known = match &file.known {
                Some(known) => catalog.any_blob(id(known)?, hint?)?,
                None => NONE,
            };
            let to = file.to.unwrap_or(NONE);
            lineage.texts.push(Text { path, blob: blob(&file.blob)?, known, from: file.from, to });
        }
        lineage.settle(history);
        Some(lineage)
    }

    /// The commits, the oldest first: a position is a place in it.
    pub fn chain(&self) -> Vec<Oid> {
        self.chain.iter().map(oid).collect()
    }

    /// Every symbol there ever was, in the order in which they came.
    pub fn symbols(&self, history: &History) -> Vec<CodeSymbol> {
        let mut last: Vec<Option<&Version>> = vec![None; self.lives.len()];
        for version in &self.versions {
            let last = &mut last[version.symbol as usize];
            // One version ends where the next begins, so the last one began last.
            *last = last.filter(|last| last.from > version.from).or(Some(version));
        }
        let told = |(life, last): (&Life, Option<&Version>)| CodeSymbol {
            first: history.catalog.told(life.first),
            last: history.catalog.told(last.map_or(life.first, |last| last.key)),
            introduced: oid(&life.introduced),
            introduced_confidence: life.confidence,
            deleted: last
                .filter(|last| last.to != NONE)
                .map(|last| oid(&self.chain[last.to as usize])),
            predecessor: life.predecessor,
        };
        self.lives.iter().zip(last).map(told).collect()
    }

    /// Every version, in the order in which they began.
    pub fn versions(&self, history: &History) -> Vec<SymbolVersion> {
        let told = |version: &Version| SymbolVersion {
            symbol: version.symbol,
            key: history.catalog.told(version.key),
            path: history.catalog.paths[version.path as usize].clone(),
            raw_hash: version.raw_hash,
            doc_hash: version.doc_hash,
            from: version.from,
            to: (version.to != NONE).then_some(version.to),
            landed: oid(&version.landed),
            origin: oid(&version.origin),
            kinds: version.kinds,
            method: version.method,
            score: version.score,
        };
        self.versions.iter().map(told).collect()
    }

    /// Every text of every file that may have symbols, in the order in which they began.
    pub fn files(&self, history: &History) -> Vec<FileVersion> {
        let blob = |blob: u32| oid(&history.catalog.blobs[blob as usize].id);
        let told = |text: &Text| FileVersion {
            path: history.catalog.paths[text.path as usize].clone(),
            blob: blob(text.blob),
            known: (text.known != NONE).then(|| blob(text.known)),
            from: text.from,
            to: (text.to != NONE).then_some(text.to),
        };
        self.texts.iter().map(told).collect()
    }

    /// How many versions there are.
    pub fn versions_len(&self) -> usize {
        self.versions.len()
    }

    /// Finds out what is there and what is gone from the versions.
    fn settle(&mut self, history: &History) {
        let mut open: HashMap<(u32, u32), (u32, u32)> = HashMap::new();
        let mut last: HashMap<u32, (u32, u32)> = HashMap::new();
        for (at, version) in (0_u32..).zip(&self.versions) {
            if version.to == NONE {
                open.insert((version.path, version.key), (version.symbol, at));
            }
            let last = last.entry(version.symbol).or_insert((version.from, at));
            if version.from >= last.0 {
                *last = (version.from, at);
            }
        }
        self.gone.clear();
        let mut ended: Vec<&Version> =
            last.values().map(|(_, at)| &self.versions[*at as usize]).collect();
        ended.retain(|version| version.to != NONE);
        ended.sort_unstable_by_key(|version| (version.to, version.symbol));
        for version in ended {
            self.gone.entry((version.path, version.key)).or_default().push(version.symbol);
        }
        self.live.clear();
        for (at, text) in (0_u32..).zip(&self.texts).filter(|(_, text)| text.to == NONE) {
            let entries =
                if text.known == NONE { &[][..] } else { history.catalog.entries(text.known) };
            let symbol = |entry: &super::catalog::Entry| open.get(&(text.path, entry.key)).copied();
            let symbols: Option<Vec<_>> = entries.iter().map(symbol).collect();
            let symbols = symbols.expect("what is open at a path is what its text defines");
            self.live.insert(text.path, Live { text: at, known: text.known, symbols });
        }
        self.landed.clear();
        for (pos, id) in (0_u32..).zip(&self.chain) {
            land(&mut self.landed, history, *id, pos);
        }
    }
}

/// Whether something that began at `from` stays when positions from `len` on are taken back; then it is open again if it ended there.
fn kept(from: u32, to: &mut u32, len: u32) -> bool {
    if *to != NONE && *to >= len {
        *to = NONE;
    }
    from < len
}

/// Marks what a commit of the chain brought, and returns it without the commit itself.
fn land(
    landed: &mut HashMap<ObjectId, u32>,
    history: &History,
    id: ObjectId,
    pos: u32,
) -> Vec<u32> {
    let mut brought = Vec::new();
    let Some(&commit) = history.numbers.get(&id) else { return brought };
    landed.insert(id, pos);
    // The first parent is the position before.
    let others =
        |commit: u32, from: usize| history.commits[commit as usize].parents[from..].iter().copied();
    let from = 1.min(history.commits[commit as usize].parents.len());
    let mut todo: Vec<u32> = others(commit, from).collect();
    while let Some(commit) = todo.pop() {
        if commit == NONE {
            continue;
        }
        if let Entry::Vacant(entry) = landed.entry(history.commits[commit as usize].id) {
            entry.insert(pos);
            brought.push(commit);
            todo.extend(others(commit, 0));
        }
    }
    brought
}

fn oid(id: &ObjectId) -> Oid {
    Oid(id.as_slice().to_vec())
}
