//! How well and how fast the history of symbols is told: `cargo bench -p lichen-source --bench history -- FILE... --repo NAME=CLONE...`.
//!
//! Each FILE lists methods with pasts that people validated. Prints precision, recall, F1 and introductions that are right, for
//! each repository and in total, beside those of `git log -L` for the same methods, and how long it took to take in each repository.
//! `--json` prints it as JSON, `--misses` every commit that was told wrongly or not at all, `--threads N` sets the threads.
//! `--check N` compares N random positions with a fresh reading of their trees, `--blame N` as many symbols with `git blame`.
//! A repository without methods is taken in from its `HEAD` and timed.

mod check;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lichen_model::Oid;
use lichen_source::git::Repository;
use lichen_source::history::eval::{self, Found, Method, Score};
use lichen_source::history::{Extractor, History, Lineage};
use lichen_source::symbols::Limits;
use serde_json::json;

struct Arguments {
    files: Vec<PathBuf>,
    repos: Vec<(String, PathBuf)>,
    threads: usize,
    is_json: bool,
    misses: bool,
    is_plain: bool,
    check: usize,
    blame: usize,
}

/// What came of one repository.
struct Outcome {
    name: String,
    commits: usize,
    blobs: usize,
    megabytes: f64,
    symbols: usize,
    versions: usize,
    took: Duration,
    replayed: Duration,
    asked: Duration,
    ours: Score,
    git: Score,
}

fn main() {
    let arguments = arguments();
    let mut methods: Vec<Method> = Vec::new();
    for file in &arguments.files {
        let text = fs_err::read(file).expect("the file can be read");
        methods
            .extend(serde_json::from_slice::<Vec<Method>>(&text).expect("the file lists methods"));
    }
    let outcomes: Vec<_> = arguments
        .repos
        .iter()
        .map(|(name, path)| outcome(name, path, &methods, &arguments))
        .collect();
    report(&outcomes, arguments.is_json);
}

fn arguments() -> Arguments {
    let mut arguments = Arguments {
        files: Vec::new(),
        repos: Vec::new(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        is_json: false,
        misses: false,
        is_plain: false,
        check: 0,
        blame: 0,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--bench" => {}
            "--json" => arguments.is_json = true,
            "--misses" => arguments.misses = true,
            "--no-git" => arguments.is_plain = true,
            "--threads" => arguments.threads = number(&mut given),
            "--check" => arguments.check = number(&mut given),
            "--blame" => arguments.blame = number(&mut given),
            "--repo" => {
                let repo = given.next().expect("NAME=CLONE follows `--repo`");
                let (name, path) =
                    repo.split_once('=').expect("a repository is given as NAME=CLONE");
                arguments.repos.push((name.to_owned(), PathBuf::from(path)));
            }
            file => arguments.files.push(PathBuf::from(file)),
        }
    }
    arguments
}

fn number(given: &mut impl Iterator<Item = String>) -> usize {
    given.next().and_then(|number| number.parse().ok()).expect("a number follows")
}

fn outcome(name: &str, path: &Path, methods: &[Method], arguments: &Arguments) -> Outcome {
    let repository = Repository::open(path, name).expect("the clone is a repository");
    let methods: Vec<&Method> = methods.iter().filter(|method| method.repository == name).collect();
    let mut tips: Vec<Oid> = methods.iter().filter_map(|method| method.start()).collect();
    tips.sort();
    tips.dedup();
    if tips.is_empty() {
        tips.extend(repository.head());
    }
    let mut history = History::new(arguments.threads).expect("there are threads");
    let (mut blobs, mut symbols, mut lines) = (0, 0, 0_u64);
    let (commits, took) = timed(|| {
        let mut told = |_: &lichen_model::RepoPath,
                        _: &lichen_model::BlobKey,
                        _: Option<_>,
                        extraction: &lichen_model::Extraction| {
            blobs += 1;
            symbols += extraction.symbols.len();
            lines += u64::from(extraction.lines);
        };
        let mut extractor = Extractor::Here(Limits::default());
        history
            .extend(&repository, &tips, &mut extractor, &mut told)
            .expect("threads can be started")
    });
    for problem in history.take_problems().iter().take(3) {
        say(&format!("  {problem}"));
    }
    let (lineages, replayed) = timed(|| replay(&history, &tips));
    if arguments.check > 0 {
        let (agreed, of) = check::snapshots(path, &history, &lineages[0], arguments.check);
        say(&format!("{name}: {agreed} of {of} positions are what their trees are"));
    }
    if arguments.blame > 0 {
        let blamed = check::blame(path, &repository, &history, &tips[0], arguments.blame);
        let check::Blamed { symbols, commits, known, newest, .. } = blamed;
        say(&format!(
            "{name}: of {symbols} symbols, {known} of {commits} commits that blame names are known; the newest change made a line of {newest}, \
             only took lines away from {}, changed layout of {}, moved {}, is a merge of {}, and is wrong of {}; a newer one was missed of {}",
            blamed.deletions,
            blamed.layouts,
            blamed.moves,
            blamed.merges,
            blamed.wrong,
            blamed.missed
        ));
    }
    let versions = lineages.iter().map(Lineage::versions_len).sum();
    let (found, asked) = timed(|| eval::evaluate(&history, &repository, &methods));
    let (mut ours, mut git) = (Score::default(), Score::default());
    for (method, found) in methods.iter().zip(found) {
        let found = found.unwrap_or_default();
        ours.add(method, &found);
        if arguments.misses {
            misses(path, method, &found);
        }
        if !arguments.is_plain {
            git.add(method, &by_git(path, method));
        }
    }
    let megabytes = lines as f64 / 1e6;
    Outcome {
        name: name.to_owned(),
        commits,
        blobs,
        megabytes,
        symbols,
        versions,
        took,
        replayed,
        asked,
        ours,
        git,
    }
}

fn replay(history: &History, tips: &[Oid]) -> Vec<Lineage> {
    let follow = |tip: &Oid| {
        let mut lineage = Lineage::default();
        lineage.follow(history, tip).expect("the tip was taken in");
        lineage
    };
    tips.iter().map(follow).collect()
}

/// What `git log -L` says of a method.
fn by_git(path: &Path, method: &Method) -> Found {
    let range = format!("{},{}:{}", method.start_line, method.end_line, method.file);
    let output = Command::new("git")
        .arg("-C")
        .arg(path)
        .args(["log", "--no-patch", "--format=%H", "-L", &range, &method.start_commit])
        .output()
        .expect("git is installed");
    let commits: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    Found {
        introduced: commits.last().cloned(),
        commits: commits.into_iter().map(|commit| (commit, Vec::new())).collect(),
    }
}

fn misses(path: &Path, method: &Method, found: &Found) {
    let expected = method.expected();
    let told: BTreeSet<&str> = found.commits.keys().map(String::as_str).collect();
    say(&format!(
        "{} {}: introduced {:?}, expected {:?}",
        method.file,
        method.method,
        found.introduced,
        method.introduced()
    ));
    for commit in expected.symmetric_difference(&told) {
        let what = found
            .commits
            .get(*commit)
            .map_or_else(|| "missed".to_owned(), |kinds| format!("wrong {kinds:?}"));
        let expected = method.commits.iter().find(|expected| expected.commit == **commit);
        let expected = expected.map(|expected| expected.changes.join(" ")).unwrap_or_default();
        let subject = Command::new("git")
            .arg("-C")
            .arg(path)
            .args(["show", "--no-patch", "--format=%h %cs %s", commit])
            .output();
        let subject = subject
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            .unwrap_or_default();
        say(&format!("  {what} [{expected}] {subject}"));
    }
}

fn report(outcomes: &[Outcome], is_json: bool) {
    let total = |score: fn(&Outcome) -> Score| {
        outcomes.iter().map(score).fold(Score::default(), |sum, score| Score {
            methods: sum.methods + score.methods,
            introductions: sum.introductions + score.introductions,
            right: sum.right + score.right,
            wrong: sum.wrong + score.wrong,
            missed: sum.missed + score.missed,
        })
    };
    let (ours, git) = (total(|outcome| outcome.ours), total(|outcome| outcome.git));
    if is_json {
        let repositories: Vec<_> = outcomes
            .iter()
            .map(|outcome| {
                json!({
                    "repository": outcome.name,
                    "commits": outcome.commits,
                    "blobs": outcome.blobs,
                    "symbols": outcome.symbols,
                    "versions": outcome.versions,
                    "seconds": outcome.took.as_secs_f64(),
                    "replay_seconds": outcome.replayed.as_secs_f64(),
                    "symbol_history": json_score(&outcome.ours),
                    "git_log_l": json_score(&outcome.git),
                })
            })
            .collect();
        let all = json!({
            "repositories": repositories,
            "symbol_history": json_score(&ours),
            "git_log_l": json_score(&git),
        });
        return say(&all.to_string());
    }
    for outcome in outcomes {
        say(&format!(
            "{}: {} commits, {} blobs of {:.1} million lines, {} symbols in them; taken in in {:.2?}, {} versions replayed in {:.2?}",
            outcome.name,
            outcome.commits,
            outcome.blobs,
            outcome.megabytes,
            outcome.symbols,
            outcome.took,
            outcome.versions,
            outcome.replayed,
        ));
        if outcome.ours.methods > 0 {
            let each = outcome.asked / u32::try_from(outcome.ours.methods).unwrap_or(1);
            say(&format!("  symbol history  {}; {each:.2?} each", line(&outcome.ours)));
            say(&format!("  git log -L      {}", line(&outcome.git)));
        }
    }
    if ours.methods > 0 {
        say(&format!("total\n  symbol history  {}\n  git log -L      {}", line(&ours), line(&git)));
    }
}

fn line(score: &Score) -> String {
    let Score { methods, introductions, right, wrong, missed } = score;
    format!(
        "F1 {:.3}, precision {:.3}, recall {:.3}; {introductions} of {methods} introductions; {right} right, {wrong} wrong, {missed} missed",
        score.f1(),
        score.precision(),
        score.recall(),
    )
}

fn json_score(score: &Score) -> serde_json::Value {
    json!({
        "f1": score.f1(),
        "precision": score.precision(),
        "recall": score.recall(),
        "introductions": score.introductions,
        "methods": score.methods,
        "right": score.right,
        "wrong": score.wrong,
        "missed": score.missed,
    })
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

#[expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]
fn say(line: &str) {
    println!("{line}");
}
