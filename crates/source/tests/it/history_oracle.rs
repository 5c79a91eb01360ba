//! What must hold of any history of symbols, compared with a fresh reading of every tree and with other ways to the same state.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lichen_model::{
    BlobKey, CodeSymbol, Extraction, FileVersion, GoneSymbol, LineageGround, LineageStep, Oid,
    RepoPath, StandingVersion, SymbolKey, SymbolVersion,
};
use lichen_source::git::Repository;
use lichen_source::history::{Extractor, History, Lineage};
use lichen_source::symbols::{self, Language, Limits};
use lichen_testkit::repo::ToyRepo;

use crate::on_the_spot::check_on_the_spot;

/// Everything a lineage tells.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) chain: Vec<Oid>,
    pub(crate) symbols: Vec<CodeSymbol>,
    pub(crate) versions: Vec<SymbolVersion>,
    pub(crate) files: Vec<FileVersion>,
}

pub(crate) fn told(history: &History, lineage: &Lineage) -> Told {
    Told {
        chain: lineage.chain(),
        symbols: lineage.symbols(history),
        versions: lineage.versions(history),
        files: lineage.files(history),
    }
}

pub(crate) fn oid(hex: &str) -> Oid {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    Oid((0..hex.len()).step_by(2).map(digit).collect())
}

pub(crate) fn open(path: &Path) -> Repository {
    Repository::open(path, ".").unwrap()
}

pub(crate) fn extend(history: &mut History, repository: &Repository, tips: &[Oid]) -> usize {
    let mut extractor = Extractor::Here(Limits::default());
    history.extend(repository, tips, &mut extractor, &mut |_, _, _, _| {}).unwrap()
}

/// The history behind a commit, read on so many threads.
pub(crate) fn read(path: &Path, tip: &Oid, threads: usize) -> History {
    let mut history = History::new(threads).unwrap();
    extend(&mut history, &open(path), std::slice::from_ref(tip));
    history
}

pub(crate) fn lineage(history: &History, tip: &Oid) -> Lineage {
    let mut lineage = Lineage::default();
    lineage.follow(history, tip).unwrap();
    lineage
}

/// What a tree defines: path, key, hash of the text, hash of the documentation.
pub(crate) type Snapshot = BTreeSet<(RepoPath, SymbolKey, u128, u128)>;

pub(crate) fn add(snapshot: &mut Snapshot, path: &RepoPath, bytes: &[u8]) {
    let Some(language) = Language::detect(path, bytes) else { return };
    for symbol in symbols::extract(bytes, language, &Limits::default()).symbols {
        let key = SymbolKey {
            language: language.as_str(),
            kind: symbol.kind,
            qualified_name: symbol.qualified_name(),
            name: symbol.name,
            signature: symbol.signature,
            duplicate: symbol.duplicate,
        };
        snapshot.insert((path.clone(), key, symbol.body.raw_hash, symbol.doc_hash));
    }
}

/// What the tree of a commit defines, read by git.
fn by_git(repo: &ToyRepo, commit: &str) -> Snapshot {
    let listed = repo.git_bytes(&["ls-tree", "-r", "-z", commit], &[]);
    let mut snapshot = Snapshot::new();
    for line in listed.split(|&byte| byte == 0).filter(|line| !line.is_empty()) {
        let tab = line.iter().position(|&byte| byte == b'\t').unwrap();
        let head = std::str::from_utf8(&line[..tab]).unwrap();
        let [mode, _, blob] = head.split(' ').collect::<Vec<_>>()[..] else { panic!("{head}") };
        if mode.starts_with("100") {
            let bytes = repo.git_bytes(&["cat-file", "blob", blob], &[]);
            add(&mut snapshot, &RepoPath(line[tab + 1..].to_vec()), &bytes);
        }
    }
    snapshot
}

/// What the versions say is there at a position.
pub(crate) fn at(told: &Told, pos: u32) -> Snapshot {
    let is_open = |from: u32, to: Option<u32>| from <= pos && to.is_none_or(|to| pos < to);
    let open = told.versions.iter().filter(|version| is_open(version.from, version.to));
    let mut snapshot = Snapshot::new();
    for version in open {
        let one =
            (version.site.path.clone(), version.key.clone(), version.raw_hash, version.doc_hash);
        assert!(snapshot.insert(one), "one symbol has one version: {version:?}");
    }
    snapshot
}

/// Rules that need no second opinion.
pub(crate) fn check_told(told: &Told) {
    let mut intervals: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    let len = u32::try_from(told.chain.len()).unwrap();
    for version in &told.versions {
        let to = version.to.unwrap_or(len);
        assert!(version.from < to && to <= len, "{version:?}");
        assert_eq!(version.landed, told.chain[version.from as usize]);
        assert!(!version.kinds.is_empty(), "{version:?}");
        assert!((0.0..=1.0).contains(&version.score), "{version:?}");
        intervals.entry(version.symbol).or_default().push((version.from, to));
    }
    assert_eq!(intervals.len(), told.symbols.len());
    for of in intervals.values_mut() {
        of.sort_unstable();
        assert!(of.windows(2).all(|pair| pair[0].1 <= pair[1].0), "intervals are disjoint: {of:?}");
    }
    for (at, symbol) in told.symbols.iter().enumerate() {
        assert!(symbol.predecessor.is_none_or(|before| (before as usize) < at), "{symbol:?}");
    }
    let mut files: BTreeMap<&RepoPath, Vec<(u32, u32)>> = BTreeMap::new();
    for file in &told.files {
        files.entry(&file.path).or_default().push((file.from, file.to.unwrap_or(len)));
    }
    for of in files.values() {
        assert!(of.windows(2).all(|pair| pair[0].1 <= pair[1].0), "a path has one text: {of:?}");
    }
}

/// Checks a repository's `HEAD` in every way, and returns its history.
pub(crate) fn check(repo: &ToyRepo) -> (History, Told) {
    let tip = oid(&repo.head());
    let history = read(&repo.path, &tip, 2);
    let whole = told(&history, &lineage(&history, &tip));
    check_told(&whole);
    for (pos, commit) in (0..).zip(&whole.chain) {
        assert_eq!(at(&whole, pos), by_git(repo, &commit.to_string()), "position {pos}");
    }
    check_ways(&repo.path, &whole, &history);
    (history, whole)
}

/// Checks that other ways lead to the same state.
pub(crate) fn check_ways(path: &Path, whole: &Told, history: &History) {
    let tip = whole.chain.last().unwrap();
    check_on_the_spot(path, history, whole);
    // On another number of threads, with blobs numbered in another order.
    let mut shuffled = History::new(1).unwrap();
    recall_backwards(&mut shuffled, path, whole);
    extend(&mut shuffled, &open(path), std::slice::from_ref(tip));
    assert_eq!(told(&shuffled, &lineage(&shuffled, tip)), *whole, "one thread, another order");
    for commit in &whole.chain {
        assert_eq!(shuffled.changes(commit), history.changes(commit), "{commit}");
    }
    // Commit by commit.
    let mut stepwise = History::new(2).unwrap();
    let mut moving = Lineage::default();
    for commit in &whole.chain {
        extend(&mut stepwise, &open(path), std::slice::from_ref(commit));
        moving.follow(&stepwise, commit).unwrap();
    }
    assert_eq!(told(&stepwise, &moving), *whole, "commit by commit");
    // Back to each position and forth again, and from what was told.
    for len in 0..u32::try_from(whole.chain.len()).unwrap() {
        let mut back = lineage(history, tip);
        back.truncate(history, len);
        if let Some(before) = len.checked_sub(1) {
            let fresh = lineage(history, &whole.chain[before as usize]);
            assert_eq!(told(history, &back), told(history, &fresh), "back to {len}");
        }
        if len > 0 {
            check_resumed(path, told(history, &back), whole);
        }
        back.follow(history, tip).unwrap();
        assert_eq!(told(history, &back), *whole, "forth from {len}");
    }
}

/// Goes on from what was told up to a position, knowing nothing else but the blobs at hand, and adds what comes to what was told.
fn check_resumed(path: &Path, mut before: Told, whole: &Told) {
    let (tip, len) = (whole.chain.last().unwrap(), before.chain.len());
    let behind = read(path, before.chain.last().unwrap(), 1);
    let known: BTreeSet<Oid> = behind.commits().map(|(commit, _)| commit).collect();
    let repository = open(path);
    let mut history = History::new(2).unwrap();
    history.walk(&repository, std::slice::from_ref(tip), &|commit| known.contains(commit));
    let (mut chain, base) = repository.first_parents(tip, &|commit| before.chain.contains(commit));
    chain.reverse();
    assert_eq!((&base, chain.as_slice()), (&before.chain.last().cloned(), &whole.chain[len..]));
    let paths = history.changed_paths(&chain);
    let ground = ground(&before, &paths);
    for file in &ground.files {
        history.want(&file.path, &file.blob);
        file.known.iter().for_each(|known| history.want(&file.path, known));
    }
    let mut extractor = Extractor::Here(Limits::default());
    history.read(&repository, &mut extractor, &mut |_, _, _, _| {}).unwrap();
    let mut lineage = Lineage::resume(&history, &ground).unwrap();
    assert_eq!(usize::try_from(lineage.follow(&history, tip).unwrap()).unwrap(), len);
    add_step(&mut before, lineage.step(&history));
    assert_eq!(before.chain, whole.chain, "from {len}");
    assert_eq!(before.versions, whole.versions, "from {len}");
    assert_eq!(before.files, whole.files, "from {len}");
    assert_eq!(before.symbols.len(), whole.symbols.len(), "from {len}");
    for (one, other) in before.symbols.iter().zip(&whole.symbols).skip(ground.symbols as usize) {
        assert_eq!(
            (&one.introduced, one.introduced_confidence, one.predecessor),
            (&other.introduced, other.introduced_confidence, other.predecessor)
        );
    }
}

/// What was told, as far as it is of these paths.
fn ground(told: &Told, paths: &BTreeSet<RepoPath>) -> LineageGround {
    let of = |path: &RepoPath| paths.contains(path);
    let mut last: BTreeMap<u32, &SymbolVersion> = BTreeMap::new();
    for version in &told.versions {
        let last = last.entry(version.symbol).or_insert(version);
        if version.from > last.from {
            *last = version;
        }
    }
    let mut gone: Vec<_> = last
        .into_values()
        .filter(|version| version.to.is_some() && of(&version.site.path))
        .collect();
    gone.sort_by_key(|version| (version.to, version.symbol));
    let gone = gone.into_iter().map(|version| GoneSymbol {
        symbol: version.symbol,
        key: version.key.clone(),
        path: version.site.path.clone(),
    });
    let standing = |version: &&SymbolVersion| version.to.is_none() && of(&version.site.path);
    let versions = told.versions.iter().filter(standing).map(|version| StandingVersion {
        symbol: version.symbol,
        key: version.key.clone(),
        path: version.site.path.clone(),
        from: version.from,
    });
    let files = told.files.iter().filter(|file| file.to.is_none() && of(&file.path));
    LineageGround {
        positions: u32::try_from(told.chain.len()).unwrap(),
        symbols: u32::try_from(told.symbols.len()).unwrap(),
        files: files.cloned().collect(),
        versions: versions.collect(),
        gone: gone.collect(),
    }
}

/// What is to be done with a step, the plain way.
fn add_step(told: &mut Told, step: LineageStep) {
    assert_eq!(told.chain.len(), step.positions as usize);
    assert_eq!(told.symbols.len(), step.symbols_before as usize);
    let brought: BTreeSet<&Oid> = step.brought.iter().map(|(commit, _)| commit).collect();
    assert_eq!(brought.len(), step.brought.len(), "a commit is brought once");
    assert!(step.chain.iter().all(|commit| brought.contains(commit)));
    told.chain.extend(step.chain);
    for (symbol, from, to) in step.ended {
        let mut ended = told.versions.iter_mut().filter(|version| {
            version.symbol == symbol && version.from == from && version.to.is_none()
        });
        ended.next().unwrap().to = Some(to);
    }
    for (path, from, to) in step.files_ended {
        let mut ended = told
            .files
            .iter_mut()
            .filter(|file| file.path == path && file.from == from && file.to.is_none());
        ended.next().unwrap().to = Some(to);
    }
    for (number, symbol) in (step.symbols_before..).zip(step.symbols) {
        let first = step.versions.iter().find(|version| version.symbol == number).unwrap();
        assert_eq!(first.from, symbol.from);
        told.symbols.push(CodeSymbol {
            first: first.key.clone(),
            last: first.key.clone(),
            introduced: symbol.introduced,
            introduced_confidence: symbol.introduced_confidence,
            deleted: None,
            predecessor: symbol.predecessor,
        });
    }
    told.versions.extend(step.versions);
    told.files.extend(step.files);
}

fn recall_backwards(history: &mut History, path: &Path, whole: &Told) {
    let mut told: BTreeMap<BlobKey, (Option<Language>, Extraction)> = BTreeMap::new();
    let mut other = History::new(1).unwrap();
    let tip = whole.chain.last().unwrap();
    let mut extractor = Extractor::Here(Limits::default());
    let mut keep =
        |_: &RepoPath, blob: &BlobKey, language: Option<Language>, extraction: &Extraction| {
            told.insert(blob.clone(), (language, extraction.clone()));
        };
    other.extend(&open(path), std::slice::from_ref(tip), &mut extractor, &mut keep).unwrap();
    // The order of object ids is any order.
    for (blob, (language, extraction)) in told {
        history.recall(&blob, language, extraction);
    }
}
