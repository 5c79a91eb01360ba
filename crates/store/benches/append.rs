//! How fast the store takes in, streams out, looks up and opens: prints numbers, asserts nothing.
//!
//! `cargo bench -p lichen-store --bench append -- [messages] [threads]`: a million and one by default; 0 threads for one per core.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lichen_model::{
    Batch, Clock, Message, Owner, Passage, PassageKind, Role, Stream, StreamKind, Timestamp, Zoned,
};
use lichen_store::{Filter, Options, Store};

const BATCH: usize = 20_000;
const STREAMS: usize = 50;
const ROUNDS: usize = 200;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }

    fn monotonic_nanos(&self) -> u64 {
        0
    }
}

/// Real time and the processor's time of this process: on a machine that others use, the second tells more.
#[derive(Clone, Copy)]
struct Watch {
    real: Instant,
    cpu: Duration,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    fn start() -> Self {
        Self { real: Instant::now(), cpu: cpu() }
    }

    /// Seconds of real time and of the processor's.
    fn stop(self) -> (f64, f64) {
        (self.real.elapsed().as_secs_f64(), (cpu().saturating_sub(self.cpu)).as_secs_f64())
    }
}

#[cfg(unix)]
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(not(unix))]
fn cpu() -> Duration {
    Duration::ZERO
}

/// The middle and nearly the worst of `rounds` runs, in milliseconds of real and of the processor's time.
fn spread(rounds: usize, mut run: impl FnMut()) -> String {
    let (mut real, mut cpu): (Vec<f64>, Vec<f64>) = (0..rounds)
        .map(|_| {
            let watch = Watch::start();
            run();
            watch.stop()
        })
        .unzip();
    real.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    let at =
        |times: &[f64], percent: usize| times[(rounds * percent / 100).min(rounds - 1)] * 1000.0;
    format!(
        "p50 {:.2} ms, p99 {:.2} ms (cpu {:.2}, {:.2})",
        at(&real, 50),
        at(&real, 99),
        at(&cpu, 50),
        at(&cpu, 99)
    )
}

fn open(dir: &Path, threads: u32) -> Store {
    let options = Options { threads, ..Options::new("a benchmark", Arc::new(Still)) };
    Store::open(dir, options).expect("the folder is new")
}

/// A small generator (xorshift), so that every run appends the same rows.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 33).expect("31 bits fit")
}

fn batch(from: usize, words: &[&str], state: &mut u64) -> Batch {
    let streams: Vec<Stream> = (0..STREAMS)
        .map(|n| Stream {
            id: Stream::id("bench", &n.to_string()),
            source: "bench".into(),
            name: n.to_string(),
            kind: StreamKind::Chat,
            title: String::new(),
        })
        .collect();
    let mut batch = Batch { streams, ..Batch::default() };
    for n in from..from + BATCH {
        let stream = batch.streams[next(state) % STREAMS].id;
        let at = Timestamp(1_600_000_000_000 + 1000 * i64::try_from(n).expect("small"));
        let count = 5 + next(state) % 40;
        let text =
            (0..count).map(|_| words[next(state) % words.len()]).collect::<Vec<_>>().join(" ");
        let external_id = n.to_string();
        let message = Message {
            id: Message::id(stream, &external_id, at),
            stream,
            external_id,
            author: format!("author{}", next(state) % 300),
            role: Role::User,
            sent: Zoned { at, offset_minutes: 0 },
            text,
            tokens: 0,
            reply_to: None,
            replaces: None,
            tool_calls: Vec::new(),
            meta: String::new(),
        };
        batch.passages.push(Passage {
            owner: Owner::Message(message.id),
            ord: 0,
            kind: PassageKind::Chat,
            span: 0..u32::try_from(message.text.len()).expect("small"),
            line: 1,
            context: message.author.clone(),
        });
        batch.messages.push(message);
    }
    batch
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]
fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<u32>().ok());
    let total = numbers.next().map_or(1_000_000, |total| total as usize);
    let threads = numbers.next().unwrap_or(1);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let words = [
        "parser", "index", "the", "a", "store", "why", "because", "lexer", "tabs", "refuse", "of",
        "to",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let mut store = open(dir.path(), threads);
    let (mut real, mut cpu, mut slowest) = (0.0_f64, 0.0_f64, 0.0_f64);
    for from in (0..total).step_by(BATCH) {
        let batch = batch(from, &words, &mut state);
        let watch = Watch::start();
        store.append(&batch).expect("a new batch");
        let took = watch.stop();
        (real, cpu, slowest) = (real + took.0, cpu + took.1, slowest.max(took.0));
    }
    let watch = Watch::start();
    store.checkpoint().expect("room on the disk");
    let checkpoint = watch.stop();
    (real, cpu) = (real + checkpoint.0, cpu + checkpoint.1);
    println!(
        "append    {:>10.0} messages/s: {real:.2} s (cpu {cpu:.2}), slowest batch {slowest:.2} s, last checkpoint {:.2} s",
        total as f64 / real,
        checkpoint.0
    );

    let watch = Watch::start();
    let (mut from, mut bytes) = (0, 0);
    loop {
        let entries = store.read().entries(from, 50_000).expect("a healthy store");
        let Some(last) = entries.last() else { break };
        from = last.seq + 1;
        bytes += entries.iter().map(|entry| entry.text.len()).sum::<usize>();
    }
    let (real, cpu) = watch.stop();
    println!(
        "entries   {:>10.0} passages/s: {real:.2} s (cpu {cpu:.2}), {} MB",
        from as f64 / real,
        bytes / 1_000_000
    );

    for count in [10, 50] {
        let spread = spread(ROUNDS, || {
            let seqs: Vec<u64> = (0..count).map(|_| (next(&mut state) % total) as u64).collect();
            let hits = store.read().hits(&seqs).expect("a healthy store");
            assert_eq!(hits.len(), count, "every number has a passage");
        });
        println!("hits      {count:>10} passages: {spread}");
    }

    let filter = Filter { stream: Some("7".into()), ..Filter::default() };
    let mut found = 0;
    let filtered =
        spread(20, || found = store.read().filter(&filter).expect("a healthy store").len());
    println!("filter    {found:>10} passages of one stream of {STREAMS}: {filtered}");

    let bytes: u64 = store.sizes().iter().map(|(_, bytes)| bytes).sum();
    println!("size      {:>10} MB", bytes / 1_000_000);
    store.close().expect("room on the disk");
    let opened = spread(20, || {
        let store = open(dir.path(), threads);
        store.read().counts().expect("a healthy store");
    });
    println!("open      with counts: {opened}");
}
