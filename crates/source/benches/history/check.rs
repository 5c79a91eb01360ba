//! Checks of a history that need nobody's word: against a fresh reading of trees, and against `git blame`.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use lichen_model::{Oid, RepoPath, SymbolChangeKind, SymbolKind, SymbolVersion};
use lichen_source::git::Repository;
use lichen_source::history::{History, Lineage, PastChange};
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

/// How the pasts of symbols agree with `git blame -w` of their lines.
#[derive(Debug, Default)]
pub(crate) struct Blamed {
    pub(crate) symbols: usize,
    /// Commits that made a line, and those of them that are in the past.
    pub(crate) commits: usize,
    pub(crate) known: usize,
    /// Symbols whose newest change made a line that is still there,
    pub(crate) newest: usize,
    /// only took lines away,
    pub(crate) deletions: usize,
    /// only changed layout, which `-w` does not see,
    pub(crate) layouts: usize,
    /// only moved it, together with its file or within it,
    pub(crate) moves: usize,
    /// is a merge, whose lines `git blame` gives to the parents,
    pub(crate) merges: usize,
    /// or none of that: it is told wrongly.
    pub(crate) wrong: usize,
    /// Symbols of which a line was made by a commit that is built on the newest change: a change was missed.
    pub(crate) missed: usize,
}

/// Compares symbols of a tip with `git blame -w`: all of them where there are no more than `count`.
pub(crate) fn blame(
    path: &Path,
    repository: &Repository,
    history: &History,
    tip: &Oid,
    count: usize,
) -> Blamed {
    let mut blobs = Blobs::start(path);
    let mut places = Vec::new();
    for (blob, file) in tree(path, &tip.to_string()) {
        let bytes = blobs.read(&blob);
        let language = Language::detect(&file, &bytes);
        let Some(language) = language.filter(|language| *language != Language::Markdown) else {
            continue;
        };
        let symbols = symbols::extract(&bytes, language, &Limits::default()).symbols;
        places.extend(symbols.into_iter().map(|symbol| (file.clone(), symbol)));
    }
    let mut random = Random(11);
    while places.len() > count {
        let out = random.below(places.len());
        places.swap_remove(out);
    }
    places.sort_by(|a, b| (&a.0, a.1.span.start_byte).cmp(&(&b.0, b.1.span.start_byte)));
    let mut blamed = Blamed::default();
    let mut built_on: HashMap<(String, String), bool> = HashMap::new();
    let mut of_file: (RepoPath, Vec<String>) = (RepoPath::default(), Vec::new());
    for (file, symbol) in &places {
        if of_file.0 != *file {
            of_file = (file.clone(), blame_lines(path, &tip.to_string(), file, None));
        }
        let Some(past) = history.past(repository, tip, file, symbol.name_line) else { continue };
        // Another symbol of the line is asked for by its own place.
        if past.key.name != symbol.name || past.key.kind != symbol.kind {
            continue;
        }
        let lines = symbol.span.start_line as usize - 1..symbol.span.end_line as usize;
        let commits: BTreeSet<&str> =
            of_file.1.get(lines).unwrap_or_default().iter().map(String::as_str).collect();
        let told: BTreeSet<String> =
            past.changes.iter().map(|change| change.commit.to_string()).collect();
        blamed.symbols += 1;
        blamed.commits += commits.len();
        blamed.known += commits.iter().filter(|commit| told.contains(**commit)).count();
        let Some(newest) = past.changes.first() else { continue };
        let id = newest.commit.to_string();
        let mut newer = Vec::new();
        for commit in commits.iter().filter(|commit| !told.contains(**commit)) {
            let pair = ((*commit).to_owned(), id.clone());
            if *built_on.entry(pair).or_insert_with(|| is_built_on(path, commit, &id)) {
                newer.push(*commit);
            }
        }
        blamed.missed += usize::from(!newer.is_empty());
        let why = if commits.contains(id.as_str()) {
            blamed.newest += 1;
            "line"
        } else {
            let why = without_line(path, newest, symbol.span.lines());
            match why {
                "deletion" => blamed.deletions += 1,
                "layout" => blamed.layouts += 1,
                "move" => blamed.moves += 1,
                "merge" => blamed.merges += 1,
                _ => blamed.wrong += 1,
            }
            why
        };
        if std::env::args().any(|argument| argument == "--misses")
            && (why == "wrong" || !newer.is_empty())
        {
            let kinds: Vec<_> = newest.kinds.iter().map(SymbolChangeKind::as_str).collect();
            super::say(&format!(
                "  blame: {why} {}:{} {} newest {id} {kinds:?}, newer {newer:?}",
                file.to_text(),
                symbol.span.start_line,
                symbol.qualified_name()
            ));
        }
    }
    blamed
}

/// Why the newest change of a symbol left no line to it.
fn without_line(path: &Path, newest: &PastChange, lines: u32) -> &'static str {
    use SymbolChangeKind as Kind;
    let id = newest.commit.to_string();
    let parents = git(path, &["rev-list", "--parents", "-n", "1", &id]);
    if parents.split_whitespace().count() > 2 {
        return "merge";
    }
    let has = |kind| newest.kinds.has(kind);
    let is_only =
        |kinds: &[SymbolChangeKind]| newest.kinds.iter().all(|kind| kinds.contains(&kind));
    if is_only(&[Kind::FileMoved, Kind::Moved, Kind::Scope]) {
        return "move";
    }
    // What git says the commit did around these lines, spaces aside.
    let last = newest.line + lines;
    let hunks = git(path, &["show", "-w", "-M", "-U0", "--format=", &id]);
    let mut is_file = false;
    let (mut took, mut made) = (false, false);
    for line in hunks.lines() {
        if let Some(file) = line.strip_prefix("+++ b/") {
            is_file = file == newest.path.to_text();
        } else if let Some(head) = line.strip_prefix("@@ -").filter(|_| is_file) {
            let mut parts = head.split(' ');
            let count = |part: &str| {
                let (first, count) = part.split_once(',').unwrap_or((part, "1"));
                (first.parse::<u32>().unwrap_or_default(), count.parse::<u32>().unwrap_or_default())
            };
            let (_, gone) = count(parts.next().unwrap_or_default());
            let (first, came) = count(parts.next().unwrap_or_default().trim_start_matches('+'));
            let is_near = first + came.max(1) > newest.line.saturating_sub(1) && first <= last;
            took |= is_near && gone > 0;
            made |= is_near && came > 0;
        }
    }
    // What was made at the edge of it, such as a brace, may be the same as what is beside.
    if took && !made {
        "deletion"
    } else if !took && !made && has(Kind::Format) {
        "layout"
    } else {
        // Where even the commit itself has no line of it by git's reckoning, git's diff has put the lines elsewhere.
        "wrong"
    }
}

fn is_built_on(path: &Path, commit: &str, on: &str) -> bool {
    let status = Command::new("git")
        .arg("-C")
        .arg(path)
        .args(["merge-base", "--is-ancestor", on, commit])
        .status();
    commit != on && status.is_ok_and(|status| status.success())
}

fn git(path: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(path).args(arguments).output();
    String::from_utf8_lossy(&output.expect("git is installed").stdout).into_owned()
}

/// The commit that made each line of a file.
fn blame_lines(path: &Path, commit: &str, file: &RepoPath, lines: Option<&str>) -> Vec<String> {
    let mut arguments = vec!["blame", "-w", "--root", "--line-porcelain"];
    arguments.extend(lines.iter().flat_map(|lines| ["-L", lines]));
    let file = file.to_text();
    arguments.extend([commit, "--", file.as_ref()]);
    let text = git(path, &arguments);
    let is_id = |word: &&str| word.len() >= 40 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.lines()
        .filter(|line| !line.starts_with('\t'))
        .filter_map(|line| line.split(' ').next().filter(is_id))
        .map(ToOwned::to_owned)
        .collect()
}
