//! How fast the store takes in, streams out, looks up and opens: prints numbers, asserts nothing.
//!
//! `cargo bench -p lichen-store --bench append -- [messages]`, a million by default.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use lichen_model::{
    Batch, Clock, Message, Owner, Passage, PassageKind, Role, Stream, StreamKind, Timestamp, Zoned,
};
use lichen_store::{Filter, Options, Store};

const BATCH: usize = 20_000;
const STREAMS: usize = 50;
const HITS: usize = 50;
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

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

fn open(dir: &Path) -> Store {
    Store::open(dir, Options::new("a benchmark", Arc::new(Still))).expect("the folder is new")
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
            reply_to: None,
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
    let total = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let words = [
        "parser", "index", "the", "a", "store", "why", "because", "lexer", "tabs", "refuse", "of",
        "to",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let mut store = open(dir.path());
    let (mut appended, mut slowest) = (0.0_f64, 0.0_f64);
    for from in (0..total).step_by(BATCH) {
        let batch = batch(from, &words, &mut state);
        let start = now();
        store.append(&batch).expect("a new batch");
        let took = start.elapsed().as_secs_f64();
        appended += took;
        slowest = slowest.max(took);
    }
    let start = now();
    store.checkpoint().expect("room on the disk");
    let checkpoint = start.elapsed().as_secs_f64();
    let rate = total as f64 / (appended + checkpoint);
    println!(
        "append       {rate:>12.0} messages/s  ({appended:.2} s in all, slowest batch {slowest:.2} s, checkpoint {checkpoint:.2} s)"
    );

    let start = now();
    let (mut from, mut bytes) = (0, 0);
    loop {
        let entries = store.read().entries(from, 50_000).expect("a healthy store");
        let Some(last) = entries.last() else { break };
        from = last.seq + 1;
        bytes += entries.iter().map(|entry| entry.text.len()).sum::<usize>();
    }
    let took = start.elapsed().as_secs_f64();
    println!(
        "entries      {:>12.0} passages/s  ({took:.2} s, {} MB)",
        from as f64 / took,
        bytes / 1_000_000
    );

    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let seqs: Vec<u64> = (0..HITS).map(|_| (next(&mut state) % total) as u64).collect();
            let start = now();
            let hits = store.read().hits(&seqs).expect("a healthy store");
            assert_eq!(hits.len(), HITS, "every number has a passage");
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "hits of {HITS}   {:>9.2} ms p50, {:.2} ms p99",
        times[ROUNDS / 2],
        times[ROUNDS * 99 / 100]
    );

    let start = now();
    let filter = Filter { stream: Some("7".into()), ..Filter::default() };
    let count = store.read().filter(&filter).expect("a healthy store").len();
    println!(
        "filter       {:>9.2} ms for one stream of {STREAMS} ({count} passages)",
        start.elapsed().as_secs_f64() * 1000.0
    );

    let bytes: u64 = store.sizes().iter().map(|(_, bytes)| bytes).sum();
    println!("size         {:>12} MB", bytes / 1_000_000);
    let start = now();
    store.close().expect("room on the disk");
    println!("close        {:>9.2} ms", start.elapsed().as_secs_f64() * 1000.0);
    let mut times: Vec<f64> = (0..20)
        .map(|_| {
            let start = now();
            let store = open(dir.path());
            store.read().counts().expect("a healthy store");
            let took = start.elapsed().as_secs_f64() * 1000.0;
            drop(store);
            took
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "open, counts {:>9.2} ms p50, {:.2} ms worst",
        times[times.len() / 2],
        times[times.len() - 1]
    );
}
