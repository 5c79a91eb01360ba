//! How fast places of code are answered, beside git on the same places:
//! `cargo bench -p lichen-engine --bench code -- CLONE... [--places N] [--program PATH]`.
//!
//! Each clone is cloned into a temporary folder and taken in there. Printed are p50 and p99 in milliseconds of `at` warm; of `at` in a
//! file that was just edited, which has to be parsed on the spot; of `history`; of `blame` of the whole file; of the program
//! `lichen at` from start to end where `--program` names it; and of `git log -L` and `git blame -L` for the same lines.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints it"
)]

mod clock;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use lichen_engine::{
    AskedSymbol, At, Blame, Clock, Config, Engine, HistoryOf, IngestPlan, Spot, SymbolList,
    Unobserved,
};

use clock::Wall;

/// The kinds of symbols whose places are asked: what people ask about.
const KINDS: [&str; 3] = ["function", "method", "constructor"];

/// A place that is asked, with the lines of its symbol.
struct Place {
    path: String,
    first: u32,
    last: u32,
}

fn main() {
    let (mut clones, mut places, mut program) = (Vec::new(), 200, None);
    let mut given = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--places" => {
                places = given.next().and_then(|number| number.parse().ok()).expect("a number");
            }
            "--program" => program = given.next().map(PathBuf::from),
            clone => clones.push(PathBuf::from(clone)),
        }
    }
    for clone in &clones {
        measure(clone, places, program.as_deref());
    }
    if clones.is_empty() {
        println!("usage: code -- CLONE... [--places N] [--program PATH]");
    }
}

fn measure(clone: &Path, count: usize, program: Option<&Path>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join("clone");
    let status = Command::new("git")
        .args(["clone", "--quiet", "--shared"])
        .args([clone, &root])
        .status()
        .expect("git is installed");
    assert!(status.success(), "git clone {}", clone.display());
    let dir = root.join(".lichen");
    lichen_engine::init(&dir).expect("a store");
    let clock: Arc<dyn Clock> = Arc::new(Wall(Instant::now()));
    let mut engine = Engine::open(&dir, Config::default(), "code", clock).expect("an open store");
    let mut plan = IngestPlan::repository(root.clone());
    plan.discover = false;
    plan.documents = false;
    let started = Instant::now();
    let summary = engine.ingest(&plan, &mut Unobserved).expect("an ingest");
    println!(
        "{}: {} commits taken in in {:.1} s",
        clone.display(),
        summary.commits,
        started.elapsed().as_secs_f64()
    );
    let places = places(&engine, &root, count);
    let at = |place: &Place| At {
        folder: root.clone(),
        spot: spot(place),
        rev: None,
        symbol: None,
        changes: 5,
    };
    let reader = engine.read();
    for place in places.iter().take(5) {
        reader.at(&at(place)).expect("an answer");
    }
    report("at, warm", &places, |place| drop(reader.at(&at(place)).expect("an answer")));
    report("history", &places, |place| {
        let asked = HistoryOf {
            folder: root.clone(),
            of: AskedSymbol::Spot(spot(place)),
            rev: None,
            diffs: false,
            changes: 50,
        };
        drop(reader.history(&asked).expect("an answer"));
    });
    report("blame of the file", &places, |place| {
        let blame = Blame {
            folder: root.clone(),
            file: PathBuf::from(&place.path),
            lines: None,
            rev: None,
        };
        drop(reader.blame(&blame).expect("an answer"));
    });
    edited(&root, &places, |place| drop(reader.at(&at(place)).expect("an answer")));
    engine.close().expect("a closed store");
    if let Some(program) = program {
        report("whole `lichen at`", &places, |place| {
            run(
                &root,
                Command::new(program).args(["at", &format!("{}:{}", place.path, place.first)]),
            );
        });
    }
    report("git log -L", &places, |place| {
        let range = format!("{},{}:{}", place.first, place.last, place.path);
        run(&root, Command::new("git").args(["log", "--no-patch", "--format=%H", "-L", &range]));
    });
    report("git blame -L", &places, |place| {
        let range = format!("{},{}", place.first, place.last);
        run(&root, Command::new("git").args(["blame", "-L", &range, "--", &place.path]));
    });
}

/// Functions at `HEAD`, evenly picked.
fn places(engine: &Engine, root: &Path, count: usize) -> Vec<Place> {
    let list = SymbolList {
        folder: root.to_owned(),
        kinds: KINDS.map(ToOwned::to_owned).to_vec(),
        limit: usize::MAX,
        ..SymbolList::default()
    };
    let all = engine.read().symbols(&list).expect("a list").symbols;
    let step = (all.len() / count.max(1)).max(1);
    let place = |symbol: lichen_engine::ListedSymbol| {
        let (first, last) = symbol.lines?;
        Some(Place { path: symbol.path, first, last })
    };
    all.into_iter().step_by(step).take(count).filter_map(place).collect()
}

fn spot(place: &Place) -> Spot {
    let line = Some(place.first + (place.last - place.first) / 2);
    Spot { file: PathBuf::from(&place.path), line, column: None }
}

/// Asks in files that were just edited: with a line more, so that nobody has read their text before.
fn edited(root: &Path, places: &[Place], ask: impl Fn(&Place)) {
    let mut millis = Vec::new();
    for (number, place) in places.iter().enumerate() {
        let file = root.join(&place.path);
        let text = fs_err::read(&file).expect("the file");
        let mut more = text.clone();
        more.extend_from_slice(format!("\n// {number}\n").as_bytes());
        fs_err::write(&file, more).expect("the file can be written");
        millis.push(timed(|| ask(place)));
        fs_err::write(&file, text).expect("the file can be written");
    }
    print("at, edited and parsed", millis);
}

fn report(what: &str, places: &[Place], ask: impl Fn(&Place)) {
    print(what, places.iter().map(|place| timed(|| ask(place))).collect());
}

fn print(what: &str, mut millis: Vec<f64>) {
    millis.sort_by(f64::total_cmp);
    let quantile = |percent: usize| {
        let place = (millis.len() * percent / 100).min(millis.len().saturating_sub(1));
        millis.get(place).copied().unwrap_or_default()
    };
    println!(
        "  {what:<22} p50 {:>8.2} ms  p99 {:>8.2} ms  over {} places",
        quantile(50),
        quantile(99),
        millis.len()
    );
}

fn timed(run: impl FnOnce()) -> f64 {
    let started = Instant::now();
    run();
    started.elapsed().as_secs_f64() * 1000.0
}

fn run(root: &Path, command: &mut Command) {
    let command = command.current_dir(root).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().expect("the program runs").success(), "{command:?}");
}
