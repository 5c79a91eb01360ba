//! Indexes the symbols of clones, all at once and commit by commit, and prints times and sizes.
//!
//! `cargo bench -p lichen-engine --bench symbols -- CLONE... [--new N] [--check N] [--worker PROGRAM]`
//!
//! The last N commits of the branch's first parents come one by one (20 unless told). `--check` compares what the store says was there
//! at N random positions with a fresh reading of those trees. With `--worker` a program `lichen` parses in processes of its own.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints it"
)]

mod clock;

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lichen_engine::{Config, Engine, IngestPlan, Program, SqlLimits, Unobserved, Value};
use lichen_model::RepoPath;
use lichen_source::symbols::{Language, Limits, extract};

use clock::Wall;

/// What was asked for.
struct Asked {
    clones: Vec<PathBuf>,
    new: usize,
    check: usize,
    worker: Option<PathBuf>,
}

fn main() {
    let mut asked = Asked { clones: Vec::new(), new: 20, check: 0, worker: None };
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let mut number =
            || words.next().and_then(|number| number.parse().ok()).expect("a number follows");
        match word.as_str() {
            "--new" => asked.new = number(),
            "--check" => asked.check = number(),
            "--worker" => asked.worker = words.next().map(PathBuf::from),
            _ => asked.clones.push(PathBuf::from(word)),
        }
    }
    println!(
        "{:<20} {:>8} {:>8} {:>9} {:>9} {:>7} {:>7} {:>7} {:>9} {:>9} {:>6}",
        "clone",
        "commits",
        "cold s",
        "symbols",
        "versions",
        "new p50",
        "new p95",
        "max ms",
        "memory MB",
        "packed MB",
        "ratio"
    );
    asked.clones.iter().for_each(|clone| measure(clone, &asked));
}

fn measure(clone: &Path, asked: &Asked) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    // The branch is moved in a repository of its own, whose objects are the clone's.
    let repo = folder.path().join("repo");
    let arguments = ["clone", "--quiet", "--bare", "--shared", "--single-branch", "--no-tags"];
    let status = Command::new("git").args(arguments).args([clone, &repo]).status();
    assert!(status.is_ok_and(|status| status.success()), "`{}` can be cloned", clone.display());
    let branch = git(&repo, &["symbolic-ref", "HEAD"]);
    let chain = git(&repo, &["rev-list", "--first-parent", &branch]);
    let chain: Vec<&str> = chain.lines().take(asked.new + 1).collect();
    let begin = chain.last().expect("the branch has a commit");
    git(&repo, &["update-ref", &branch, begin]);

    let store = folder.path().join("store");
    fs_err::create_dir_all(&store).expect("a folder can be made");
    let mut engine = open(&store, asked);
    ingest(&mut engine, &repo, false);
    let before = bytes(&store);
    let cold = ingest(&mut engine, &repo, true);
    let mut times = Vec::new();
    for commit in chain.iter().rev().skip(1) {
        git(&repo, &["update-ref", &branch, commit]);
        times.push(ingest(&mut engine, &repo, true) * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    engine.close().expect("the store can be closed");
    let after = bytes(&store);
    let mut engine = open(&store, asked);
    let count = |engine: &mut Engine, table: &str| match ask(
        engine,
        &format!("SELECT count(*) FROM {table}"),
    )[0][0]
    {
        Value::Int(count) => count,
        _ => 0,
    };
    let (commits, symbols, versions) = (
        count(&mut engine, "indexed_commits"),
        count(&mut engine, "code_symbols"),
        count(&mut engine, "symbol_versions"),
    );
    let at = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a short list"
        )]
        let place = ((times.len() as f64 - 1.0) * share).round() as usize;
        times.get(place).copied().unwrap_or_default()
    };
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let packed = folder_bytes(&clone_objects(clone));
    let own = after.saturating_sub(before);
    println!(
        "{:<20} {commits:>8} {cold:>8.2} {symbols:>9} {versions:>9} {:>7.1} {:>7.1} {:>7.1} {:>9.1} {:>9.1} {:>6.2}",
        name(clone),
        at(0.5),
        at(0.95),
        at(1.0),
        megabytes(own),
        megabytes(packed),
        own as f64 / packed.max(1) as f64
    );
    if asked.check > 0 {
        check(&mut engine, &repo, asked.check);
    }
}

fn open(store: &Path, asked: &Asked) -> Engine {
    let mut config = Config::default();
    config.symbols.threads = std::thread::available_parallelism().map_or(2, usize::from);
    let worker =
        |path: &PathBuf| Program { path: path.clone(), args: vec!["symbols-worker".into()] };
    config.symbols.worker = asked.worker.as_ref().map(worker);
    Engine::open(store, config, "a benchmark", Arc::new(Wall(Instant::now())))
        .expect("the store opens")
}

/// Takes in the repository, and returns the seconds that its symbols took.
fn ingest(engine: &mut Engine, repo: &Path, symbols: bool) -> f64 {
    let plan = IngestPlan {
        documents: false,
        symbols,
        ..IngestPlan::of_paths(repo.to_owned(), vec![repo.to_owned()])
    };
    engine.ingest(&plan, &mut Unobserved).expect("the repository can be taken in").symbol_seconds
}

fn ask(engine: &mut Engine, query: &str) -> Vec<Vec<Value>> {
    let limits = SqlLimits { rows: usize::MAX >> 1, timeout: Duration::from_mins(10) };
    engine.sql(query, limits).expect("the query is right").rows
}

/// Compares what stood at random positions with what their trees define.
fn check(engine: &mut Engine, repo: &Path, positions: usize) {
    let chain = ask(
        engine,
        "SELECT oid_text(c.oid) FROM ref_chain AS h JOIN git_commits AS c USING (commit_id) ORDER BY h.pos",
    );
    let mut blobs = Blobs::start(repo);
    let (mut state, mut wrong) = (0x9e37_79b9_7f4a_7c15_u64, 0);
    for _ in 0..positions {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let pos = usize::try_from(state % chain.len() as u64).expect("it is a position");
        let Value::Text(commit) = &chain[pos][0] else { unreachable!("an object id is a text") };
        let stored: BTreeSet<String> = ask(
            engine,
            &format!(
                "SELECT concat_ws('|', p.path, k.language, k.kind, k.qualified_name, k.signature, k.duplicate, y.raw_hash, y.doc_hash)
                 FROM symbol_versions AS v JOIN paths AS p USING (path_id) JOIN symbol_keys AS k USING (key_id)
                 JOIN symbol_bodies AS y USING (body_id) WHERE v.from_pos <= {pos} AND (v.to_pos IS NULL OR v.to_pos > {pos})"
            ),
        )
        .into_iter()
        .map(|row| match &row[0] {
            Value::Text(text) => text.replace('-', ""),
            other => format!("{other:?}"),
        })
        .collect();
        let fresh = blobs.tree(repo, commit);
        if stored != fresh {
            wrong += 1;
            let differ: Vec<_> = stored.symmetric_difference(&fresh).take(3).collect();
            println!("  position {pos} ({commit}) differs: {differ:#?}");
        }
    }
    println!("  {positions} random positions, {wrong} differ from a fresh reading of their trees");
}

/// Blobs as git gives them, parsed once.
struct Blobs {
    child: std::process::Child,
    answers: BufReader<std::process::ChildStdout>,
    parsed: HashMap<(String, Option<&'static str>), Vec<String>>,
}

impl Blobs {
    fn start(repo: &Path) -> Self {
        let mut child = Command::new("git")
            .args(["cat-file", "--batch"])
            .current_dir(repo)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git runs");
        let answers = BufReader::new(child.stdout.take().expect("it was piped"));
        Self { child, answers, parsed: HashMap::new() }
    }

    fn tree(&mut self, repo: &Path, commit: &str) -> BTreeSet<String> {
        let listed =
            Command::new("git").args(["ls-tree", "-r", "-z", commit]).current_dir(repo).output();
        let listed = listed.expect("git runs").stdout;
        let mut found = BTreeSet::new();
        for line in listed.split(|byte| *byte == 0).filter(|line| line.starts_with(b"100")) {
            let tab =
                line.iter().position(|byte| *byte == b'\t').expect("a tab stands before the path");
            let blob = String::from_utf8_lossy(&line[tab - 40..tab]).into_owned();
            let path = RepoPath(line[tab + 1..].to_vec());
            let Some(read_as) = lichen_source::history::read_as(&path) else { continue };
            for symbol in self.symbols(blob, &path, read_as) {
                found.insert(format!("{}|{symbol}", path.to_text()).replace('-', ""));
            }
        }
        found
    }

    fn symbols(&mut self, blob: String, path: &RepoPath, read_as: &'static str) -> &[String] {
        let key = (blob, Some(read_as));
        if !self.parsed.contains_key(&key) {
            let bytes = self.bytes(&key.0);
            let language = Language::detect(path, &bytes);
            let symbols = language.map_or_else(Vec::new, |language| {
                let line = |symbol: &lichen_model::Symbol| {
                    format!(
                        "{}|{}|{}|{}|{}|{:032x}|{:032x}",
                        language.as_str(),
                        symbol.kind.as_str(),
                        symbol.qualified_name(),
                        symbol.signature,
                        symbol.duplicate,
                        symbol.body.raw_hash,
                        symbol.doc_hash
                    )
                };
                extract(&bytes, language, &Limits::default()).symbols.iter().map(line).collect()
            });
            self.parsed.insert(key.clone(), symbols);
        }
        &self.parsed[&key]
    }

    fn bytes(&mut self, blob: &str) -> Vec<u8> {
        let input = self.child.stdin.as_mut().expect("it was piped");
        writeln!(input, "{blob}").and_then(|()| input.flush()).expect("git listens");
        let mut head = String::new();
        self.answers.read_line(&mut head).expect("git answers");
        let len = head.split_whitespace().nth(2).and_then(|len| len.parse().ok()).unwrap_or(0);
        let mut bytes = vec![0; len + 1];
        self.answers.read_exact(&mut bytes).expect("git answers");
        bytes.pop();
        bytes
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

fn git(repo: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").args(arguments).current_dir(repo).output().expect("git runs");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn name(clone: &Path) -> String {
    let repo = clone.file_name().filter(|name| *name != "repo" && *name != ".git");
    let name = repo.or_else(|| clone.parent()?.file_name());
    name.unwrap_or_default().to_string_lossy().into_owned()
}

fn bytes(store: &Path) -> u64 {
    let sizes = ["lichen.duckdb", "lichen.duckdb.wal"].map(|file| store.join(file));
    sizes.iter().filter_map(|file| fs_err::metadata(file).ok()).map(|file| file.len()).sum()
}

fn clone_objects(clone: &Path) -> PathBuf {
    let inside = clone.join(".git").join("objects");
    if inside.is_dir() { inside.join("pack") } else { clone.join("objects").join("pack") }
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs_err::read_dir(folder) else { return 0 };
    entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum()
}
