//! The symbols of a ref through its history: the commits along first parents replayed, the oldest first.
//!
//! A version says since which position a symbol is what it is; which commit brought it there, and which made it so, are two
//! things where work is merged.
//!
//! **Invariant:** after any sequence of [`Lineage::follow`] and [`Lineage::truncate`] it holds what a new one that follows the last
//! tip at once holds; the versions that are open at a position are the symbols of that commit's files. What one that goes on from a
//! ground adds to it is what the whole one has more.

mod replay;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gix::ObjectId;
use lichen_model::{
    CodeSymbol, FileVersion, LineageGround, LineageStep, NewSymbol, Oid, SymbolChangeKinds,
    SymbolMatch, SymbolVersion,
};

use super::catalog::NONE;
use super::step::Site;
use super::{History, oid};

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
    /// Where it stood when it began, blob and place: [`NONE`] for one that was there before.
    blob: u32,
    ord: u32,
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

/// How much was there before.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    positions: u32,
    symbols: u32,
    versions: u32,
    texts: u32,
}

/// Symbols, files and their versions along the first parents of a ref.
#[derive(Debug, Default)]
pub struct Lineage {
    /// Positions, symbols, versions and texts that were there before; of the latter two those that are known stand first.
    before: Before,
    /// The commits of the positions behind those before.
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
    /// for a tip that the history does not know, and for one that leads behind the ground it goes on from.
    ///
    /// The history has to be the same one every time. Where it goes on from a ground, that has to be what it begins with.
    pub fn follow(&mut self, history: &History, tip: &Oid) -> Option<u32> {
        let chain = history.chain(history.number_of(tip)?);
        let id = |commit: &u32| history.commits[*commit as usize].id;
        let stayed =
            chain.iter().zip(&self.chain).take_while(|(new, old)| id(new) == **old).count();
        if stayed < self.chain.len() {
            if self.before.positions > 0 {
                return None;
            }
            self.truncate(history, super::number(stayed));
        }
        for &commit in &chain[stayed..] {
            self.replay(history, commit);
        }
        Some(self.before.positions + super::number(stayed))
    }

    /// Takes back what positions from `len` on did; not for one that goes on from a ground.
    pub fn truncate(&mut self, history: &History, len: u32) {
        self.chain.truncate(len as usize);
        self.versions.retain_mut(|version| kept(version.from, &mut version.to, len));
        self.texts.retain_mut(|text| kept(text.from, &mut text.to, len));
        let lives = self.lives.partition_point(|life| life.from < len);
        self.lives.truncate(lives);
        self.settle(history);
    }

    /// Goes on from what was told before, as far as the commits that follow touch it: `ground` has to tell the files at their
    /// [`History::changed_paths`], and what stands and stood in them. `None` where it does not belong to the history, which has to know the
    /// blobs of those files.
    pub fn resume(history: &History, ground: &LineageGround) -> Option<Self> {
        let catalog = &history.catalog;
        let nothing = ObjectId::null(gix::hash::Kind::Sha1);
        let mut lineage = Self::default();
        for version in &ground.versions {
            lineage.versions.push(Version {
                symbol: version.symbol,
                key: catalog.known_key(&version.key)?,
                path: catalog.known_path(&version.path)?.0,
                blob: NONE,
                ord: NONE,
                raw_hash: 0,
                doc_hash: 0,
                from: version.from,
                to: NONE,
                landed: nothing,
                origin: nothing,
                kinds: SymbolChangeKinds::NONE,
                method: SymbolMatch::None,
                score: 0.0,
            });
        }
        for file in &ground.files {
            let known = match &file.known {
                Some(known) => catalog.blob_of(known)?,
                None => NONE,
            };
            lineage.texts.push(Text {
                path: catalog.known_path(&file.path)?.0,
                blob: catalog.blob_of(&file.blob)?,
                known,
                from: file.from,
                to: NONE,
            });
        }
        lineage.live = lineage.standing(history)?;
        for gone in &ground.gone {
            // A key that no blob at hand has cannot come back.
            if let (Some((path, _)), Some(key)) =
                (catalog.known_path(&gone.path), catalog.known_key(&gone.key))
            {
                lineage.gone.entry((path, key)).or_default().push(gone.symbol);
            }
        }
        lineage.before = Before {
            positions: ground.positions,
            symbols: ground.symbols,
            versions: super::number(lineage.versions.len()),
            texts: super::number(lineage.texts.len()),
        };
        Some(lineage)
    }

    /// What it has more than the ground that it goes on from; everything, where it goes on from none.
    pub fn step(&self, history: &History) -> LineageStep {
        let Before { positions, symbols, versions, texts } = self.before;
        let (versions_before, versions) = self.versions.split_at(versions as usize);
        let (texts_before, texts) = self.texts.split_at(texts as usize);
        let mut brought: Vec<(Oid, u32)> =
            self.landed.iter().map(|(id, pos)| (oid(id), *pos)).collect();
        brought.sort_unstable_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        let symbol = |life: &Life| NewSymbol {
            from: life.from,
            introduced: oid(&life.introduced),
            introduced_confidence: life.confidence,
            predecessor: life.predecessor,
        };
        LineageStep {
            positions,
            symbols_before: symbols,
            chain: self.chain(),
            brought,
            symbols: self.lives.iter().map(symbol).collect(),
            versions: versions.iter().map(|version| told_version(history, version)).collect(),
            ended: versions_before
                .iter()
                .filter(|version| version.to != NONE)
                .map(|version| (version.symbol, version.from, version.to))
                .collect(),
            files: texts.iter().map(|text| told_text(history, text)).collect(),
            files_ended: texts_before
                .iter()
                .filter(|text| text.to != NONE)
                .map(|text| (history.catalog.paths[text.path as usize].clone(), text.from, text.to))
                .collect(),
        }
    }

    /// The commits, the oldest first: a position is a place in it. From a ground on, those behind it.
    pub fn chain(&self) -> Vec<Oid> {
        self.chain.iter().map(oid).collect()
    }

    /// Every symbol there ever was, in the order in which they came; not for one that goes on from a ground.
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
        self.versions.iter().map(|version| told_version(history, version)).collect()
    }

    /// Every text of every file that may have symbols, in the order in which they began.
    pub fn files(&self, history: &History) -> Vec<FileVersion> {
        self.texts.iter().map(|text| told_text(history, text)).collect()
    }

    /// How many versions there are.
    pub fn versions_len(&self) -> usize {
        self.versions.len()
    }

    /// Finds out what is there and what is gone from the versions.
    fn settle(&mut self, history: &History) {
        let mut last: HashMap<u32, (u32, u32)> = HashMap::new();
        for (at, version) in (0_u32..).zip(&self.versions) {
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
        self.live =
            self.standing(history).expect("what is open at a path is what its text defines");
        self.landed.clear();
        for (pos, id) in (0_u32..).zip(&self.chain) {
            land(&mut self.landed, history, *id, pos);
        }
    }

    /// The files that are there with what stands in them; `None` where those do not fit together.
    fn standing(&self, history: &History) -> Option<HashMap<u32, Live>> {
        let mut open: HashMap<(u32, u32), (u32, u32)> = HashMap::new();
        for (at, version) in (0_u32..).zip(&self.versions) {
            if version.to == NONE {
                open.insert((version.path, version.key), (version.symbol, at));
            }
        }
        let mut live = HashMap::new();
        for (at, text) in (0_u32..).zip(&self.texts).filter(|(_, text)| text.to == NONE) {
            let entries =
                if text.known == NONE { &[][..] } else { history.catalog.entries(text.known) };
            let symbol = |entry: &super::catalog::Entry| open.get(&(text.path, entry.key)).copied();
            let symbols: Vec<_> = entries.iter().map(symbol).collect::<Option<_>>()?;
            live.insert(text.path, Live { text: at, known: text.known, symbols });
        }
        Some(live)
    }
}

fn told_version(history: &History, version: &Version) -> SymbolVersion {
    let Version { path, blob, ord, .. } = *version;
    SymbolVersion {
        symbol: version.symbol,
        key: history.catalog.told(version.key),
        site: history.told(Site { path, blob, ord }),
        raw_hash: version.raw_hash,
        doc_hash: version.doc_hash,
        from: version.from,
        to: (version.to != NONE).then_some(version.to),
        landed: oid(&version.landed),
        origin: oid(&version.origin),
        kinds: version.kinds,
        method: version.method,
        score: version.score,
    }
}

fn told_text(history: &History, text: &Text) -> FileVersion {
    FileVersion {
        path: history.catalog.paths[text.path as usize].clone(),
        blob: history.catalog.blob_key(text.blob),
        known: (text.known != NONE).then(|| history.catalog.blob_key(text.known)),
        from: text.from,
        to: (text.to != NONE).then_some(text.to),
    }
}

/// Whether something that began at `from` stays when positions from `len` on are taken back; then it is open again if it ended there.
fn kept(from: u32, to: &mut u32, len: u32) -> bool {
    if *to != NONE && *to >= len {
        *to = NONE;
    }
    from < len
}

/// Marks what a commit of the chain brought, and returns it without the commit itself, the newest first: the order is that of the
/// steps behind the commit, which is the same whatever else is known.
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
    newest_first(history, brought)
}

/// Commits, children before parents.
fn newest_first(history: &History, mut commits: Vec<u32>) -> Vec<u32> {
    // Parents are numbered before their children.
    commits.sort_unstable_by(|a, b| b.cmp(a));
    let mut depth: HashMap<u32, u32> = commits.iter().map(|commit| (*commit, 0)).collect();
    for &commit in &commits {
        let below = depth[&commit] + 1;
        for parent in &history.commits[commit as usize].parents {
            if let Some(depth) = depth.get_mut(parent) {
                *depth = below.max(*depth);
            }
        }
    }
    commits.sort_by_key(|commit| (depth[commit], history.commits[*commit as usize].id));
    commits
}
