//! Takes in a repository or generated messages and asks, printing how long it took and how much memory.
//!
//! `cargo bench -p lichen-engine --bench load -- messages 1000000`
//! `cargo bench -p lichen-engine --bench load -- repository PATH`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints it"
)]

mod clock;

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use lichen_engine::{Clock, Config, Engine, IngestPlan, Recall, Unobserved};

use clock::Wall;

/// Questions that are asked.
const QUESTIONS: usize = 300;
/// Distinct words of generated messages.
const WORDS: u64 = 20_000;
/// Streams over which generated messages are spread.
const STREAMS: u64 = 200;

/// Marsaglia's xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A word, the early ones far more often, as in a language.
    fn word(&mut self) -> String {
        let share = (self.next() % 1_000_000) as f64 / 1_000_000.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and WORDS"
        )]
        let rank = ((WORDS as f64).powf(share) - 1.0) as u64;
        let mut word = String::new();
        let mut rest = rank * 7919 + 11;
        while rest > 0 {
            word.push(char::from(
                b"bcdfghklmnprstvz"[usize::try_from(rest % 16).expect("below 16")],
            ));
            rest /= 16;
            word.push(char::from(b"aeiou"[usize::try_from(rest % 5).expect("below 5")]));
            rest /= 5;
        }
        word
    }
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    match arguments.as_slice() {
        [what, count] if what == "messages" => {
            let count: u64 = count.parse().expect("a number of messages");
            let path = folder.path().join("messages.jsonl");
            write_messages(&path, count);
            measure(folder.path(), &IngestPlan::of_paths(folder.path().to_owned(), vec![path]));
        }
        [what, path] if what == "repository" => {
            let root = PathBuf::from(path).canonicalize().expect("a repository");
            let mut plan = IngestPlan::repository(root);
            plan.discover = false;
            measure(folder.path(), &plan);
        }
        [] => {
            let path = folder.path().join("messages.jsonl");
            write_messages(&path, 20_000);
            measure(folder.path(), &IngestPlan::of_paths(folder.path().to_owned(), vec![path]));
        }
        _ => println!("usage: load -- messages COUNT | repository PATH"),
    }
}

fn write_messages(path: &Path, count: u64) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut out = BufWriter::new(fs_err::File::create(path).expect("a file of messages"));
    for number in 0..count {
        let mut text = String::new();
        for place in 0..5 + random.next() % 30 {
            let _ = write!(text, "{}{}", if place > 0 { " " } else { "" }, random.word());
        }
        writeln!(
            out,
            r#"{{"id":"{number}","stream":"s{}","author":"p{}","time":{},"text":"{text}"}}"#,
            random.next() % STREAMS,
            random.next() % 40,
            1_600_000_000 + number * 7,
        )
        .expect("a line");
    }
    out.flush().expect("all lines");
}

fn measure(folder: &Path, plan: &IngestPlan) {
    let dir = folder.join("store");
    let clock: Arc<dyn Clock> = Arc::new(Wall(Instant::now()));
    lichen_engine::init(&dir).expect("a store");
    let mut engine =
        Engine::open(&dir, Config::default(), "load", Arc::clone(&clock)).expect("an open store");
    for round in ["first", "second"] {
        let started = Instant::now();
        let summary = engine.ingest(plan, &mut Unobserved).expect("an ingest");
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{round} ingest: {} commits, {} documents, {} messages, {} passages in {seconds:.2} s; peak RSS {} MiB",
            summary.commits,
            summary.versions,
            summary.messages,
            summary.passages,
            peak_rss_mib()
        );
    }
    let mut random = Random(7);
    let mut millis: Vec<f64> = (0..QUESTIONS)
        .map(|_| {
            let words: Vec<String> = (0..3 + random.next() % 5).map(|_| random.word()).collect();
            let query =
                if plan.paths.is_empty() { real_question(&mut random) } else { words.join(" ") };
            let recall = Recall { query, limit: 10, ..Recall::default() };
            let started = Instant::now();
            engine.read().recall(&recall).expect("an answer");
            started.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in the list"
        )]
        let place = (millis.len() as f64 * share) as usize;
        millis[place.min(millis.len() - 1)]
    };
    println!(
        "recall of 10 hits, warm: p50 {:.2} ms, p99 {:.2} ms over {QUESTIONS} questions",
        quantile(0.5),
        quantile(0.99)
    );
    engine.close().expect("a closed store");
}

/// Questions about code, in words that repositories use.
fn real_question(random: &mut Random) -> String {
    const WORDS: [&str; 16] = [
        "why", "error", "parse", "config", "file", "default", "path", "test", "version", "remove",
        "handle", "request", "search", "output", "regex", "session",
    ];
    let words: Vec<&str> =
        (0..4).map(|_| WORDS[usize::try_from(random.next() % 16).expect("below 16")]).collect();
    words.join(" ")
}

/// The largest memory that the process had, as Linux tells it; 0 elsewhere.
fn peak_rss_mib() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0)
        / 1024
}
