//! Checks of a history that need nobody's word: against a fresh reading of trees, and against `git blame`.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use lichen_model::{Oid, RepoPath, SymbolChangeKind, SymbolKind, SymbolVersion};
use lichen_source::git::Repository;
use lichen_source::history::{History, Lineage};
use lichen_source::symbols::{self, Language, Limits};

/// Numbers that are random enough, and the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// `git cat-file --batch`.
struct Blobs {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Blobs {
    fn start(path: &Path) -> Self {
        let mut child = Command::new("git")
            .arg("-C")
            .arg(path)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git is installed");
        let (requests, answers) = (child.stdin.take(), child.stdout.take().expect("it was piped"));
        Self { child, requests, answers: BufReader::new(answers) }
    }

    fn read(&mut self, blob: &str) -> Vec<u8> {
        let requests = self.requests.as_mut().expect("it is taken at the end only");
        writeln!(requests, "{blob}").expect("git reads");
        let mut head = String::new();
        self.answers.read_line(&mut head).expect("git answers");
        let size =
            head.trim().rsplit(' ').next().and_then(|size| size.parse().ok()).unwrap_or_default();
        let mut bytes = vec![0; size];
        self.answers.read_exact(&mut bytes).expect("git answers");
        self.answers.read_exact(&mut [0]).expect("git answers");
        bytes
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        self.requests = None;
        drop(self.child.wait());
    }
}

/// What a file says of one symbol: kind, name and all, hash of the text, hash of the documentation.
type Said = (SymbolKind, String, String, u32, u128, u128);

/// Files of a tree that may have symbols: mode, blob and path.
fn tree(path: &Path, commit: &str) -> Vec<(String, RepoPath)> {
    let output =
        Command::new("git").arg("-C").arg(path).args(["ls-tree", "-r", "-z", commit]).output();
    let listed = output.expect("git is installed").stdout;
    let mut files = Vec::new();
    for line in listed.split(|&byte| byte == 0).filter(|line| !line.is_empty()) {
        let tab = line.iter().position(|&byte| byte == b'\t').expect("git writes a tab");
        let head = String::from_utf8_lossy(&line[..tab]).into_owned();
        if head.starts_with("100") {
            let blob = head.rsplit(' ').next().unwrap_or_default().to_owned();
            files.push((blob, RepoPath(line[tab + 1..].to_vec())));
        }
    }
    files
}

/// Compares what is there at random positions with a fresh reading; returns how many of how many agree.
pub(crate) fn snapshots(
    path: &Path,
    history: &History,
    lineage: &Lineage,
    count: usize,
) -> (usize, usize) {
    let chain = lineage.chain();
    let versions = lineage.versions(history);
    let mut by_path: HashMap<&RepoPath, Vec<&SymbolVersion>> = HashMap::new();
    for version in &versions {
        by_path.entry(&version.site.path).or_default().push(version);
    }
    let mut random = Random(7);
    let mut blobs = Blobs::start(path);
    let mut read: HashMap<(String, RepoPath), BTreeSet<Said>> = HashMap::new();
    let mut agreed = 0;
    for _ in 0..count {
        let pos = random.below(chain.len());
        let files = tree(path, &chain[pos].to_string());
        let pos = u32::try_from(pos).expect("chains are shorter");
        let mut is_same = true;
        let mut left: BTreeSet<&RepoPath> = by_path
            .iter()
            .filter(|(_, versions)| versions.iter().any(|version| is_open(version, pos)))
            .map(|(path, _)| *path)
            .collect();
        for key in files {
            if Language::detect(&key.1, b"#!/bin/sh\n").is_none() {
                continue;
            }
            left.remove(&key.1);
            if !read.contains_key(&key) {
                let fresh = said(&blobs.read(&key.0), &key.1);
                read.insert(key.clone(), fresh);
            }
            let fresh = &read[&key];
            let open =
                by_path.get(&key.1).into_iter().flatten().filter(|version| is_open(version, pos));
            let told: BTreeSet<Said> = open
                .map(|version| {
                    let key = &version.key;
                    let (name, signature) = (key.qualified_name.clone(), key.signature.clone());
                    (key.kind, name, signature, key.duplicate, version.raw_hash, version.doc_hash)
                })
                .collect();
            is_same &= told == *fresh;
        }
        agreed += usize::from(is_same && left.is_empty());
    }
    (agreed, count)
}

fn is_open(version: &SymbolVersion, pos: u32) -> bool {
    version.from <= pos && version.to.is_none_or(|to| pos < to)
}

fn said(bytes: &[u8], path: &RepoPath) -> BTreeSet<Said> {
    let Some(language) = Language::detect(path, bytes) else { return BTreeSet::new() };
    let symbols = symbols::extract(bytes, language, &Limits::default()).symbols;
    let one = |symbol: lichen_model::Symbol| {
        let name = symbol.qualified_name();
        (
            symbol.kind,
            name,
            symbol.signature,
            symbol.duplicate,
            symbol.body.raw_hash,
            symbol.doc_hash,
        )
    };
    symbols.into_iter().map(one).collect()
}

/// How the pasts of functions agree with `git blame -w` of their lines.
#[derive(Debug, Default)]
pub(crate) struct Blamed {
    pub(crate) symbols: usize,
    /// Commits that made a line, and those of them that are in the past.
    pub(crate) commits: usize,
    pub(crate) known: usize,
    /// Symbols whose newest change made a line of them, or only took lines away or moved them.
    pub(crate) newest: usize,
}

/// Compares functions of a tip with `git blame -w`.
pub(crate) fn blame(
    path: &Path,
    repository: &Repository,
    history: &History,
    tip: &Oid,
    count: usize,
) -> Blamed {
    let mut random = Random(11);
    let mut blobs = Blobs::start(path);
    let files: Vec<_> = tree(path, &tip.to_string())
        .into_iter()
        .filter(|(_, file)| {
            Language::detect(file, b"").is_some_and(|language| language != Language::Markdown)
        })
        .collect();
    let mut blamed = Blamed::default();
    for _ in 0..count {
        let (blob, file) = &files[random.below(files.len())];
        let bytes = blobs.read(blob);
        let Some(language) = Language::detect(file, &bytes) else { continue };
        let symbols = symbols::extract(&bytes, language, &Limits::default()).symbols;
        let functions: Vec<_> = symbols
            .iter()
            .filter(|symbol| {
                matches!(
                    symbol.kind,
                    SymbolKind::Function | SymbolKind::Method | SymbolKind::Constructor
                )
            })
            .collect();
        let Some(symbol) = functions.get(random.below(functions.len())) else { continue };
        let Some(past) = history.past(repository, tip, file, symbol.name_line) else { continue };
        if past.key.name != symbol.name {
            continue;
        }
        let range = format!("{},{}", symbol.span.start_line, symbol.span.end_line);
        let output = Command::new("git")
            .arg("-C")
            .arg(path)
            .args([
                "blame",
                "-w",
                "-l",
                "-s",
                "--root",
                "--porcelain",
                "-L",
                &range,
                &tip.to_string(),
                "--",
            ])
            .arg(file.to_text().as_ref())
            .output()
            .expect("git is installed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let is_id =
            |word: &&str| word.len() >= 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let commits: BTreeSet<&str> =
            text.lines().filter_map(|line| line.split(' ').next()).filter(is_id).collect();
        let told: BTreeSet<String> =
            past.changes.iter().map(|change| change.commit.to_string()).collect();
        blamed.symbols += 1;
        blamed.commits += commits.len();
        blamed.known += commits.iter().filter(|commit| told.contains(**commit)).count();
        // What leaves no line of its own: a move, a rename of the file, layout, lines taken away.
        let newest = past.changes.iter().find(|change| {
            [SymbolChangeKind::Body, SymbolChangeKind::Signature, SymbolChangeKind::Introduced]
                .into_iter()
                .any(|kind| change.kinds.has(kind))
        });
        blamed.newest += usize::from(
            newest.is_none_or(|change| commits.contains(change.commit.to_string().as_str())),
        );
        if std::env::args().any(|argument| argument == "--misses") {
            for commit in commits.iter().filter(|commit| !told.contains(**commit)) {
                super::say(&format!(
                    "  blame: {} {} {commit}",
                    file.to_text(),
                    symbol.qualified_name()
                ));
            }
        }
    }
    blamed
}
