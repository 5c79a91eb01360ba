//! Cuts a long stream into windows by every measure, printing how long it took and how much memory, and a peer beside it
//! where `python3` is there.
//!
//! `cargo bench -p lichen-engine --bench windows -- 1000000`
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints it"
)]

mod clock;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use lichen_engine::{Clock, Config, Engine, Measure, Stream, Timestamp, WindowSpec};
use lichen_model::{Batch, Message, Role, StreamKind, Zoned};
use lichen_store::{Options, Store};

use clock::Wall;

/// Messages appended at a time.
const STEP: u64 = 50_000;
/// Cuts of which the median is told.
const ROUNDS: usize = 9;

fn main() {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let count: u64 = count.unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock: Arc<dyn Clock> = Arc::new(Wall(Instant::now()));
    let stream = Stream {
        id: Stream::id("bench", "long"),
        source: "bench".to_owned(),
        name: "long".to_owned(),
        kind: StreamKind::Chat,
        title: String::new(),
    };
    fill(folder.path(), &stream, count, &clock);
    let engine = Engine::open(folder.path(), Config::default(), "bench", clock).expect("a store");
    let before = peak_rss_mib();
    let specs = [
        ("64 KiB, 10 % overlap", Measure::Bytes, 64 << 10, 0.1),
        ("8,000 tokens, 10 % overlap", Measure::Tokens, 8000, 0.1),
        ("500 messages, 10 % overlap", Measure::Count, 500, 0.1),
        ("1 day, no overlap", Measure::Time, 86_400_000, 0.0),
    ];
    for (what, by, size, overlap) in specs {
        let spec = WindowSpec { by, size, overlap };
        let mut windows = 0;
        let mut millis: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let started = Instant::now();
                windows = engine.read().windows(stream.id, &spec).expect("windows").len();
                started.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        millis.sort_by(f64::total_cmp);
        println!(
            "{count} messages by {what}: {windows} windows in {:.1} ms ({:.1} to {:.1} in {ROUNDS} rounds)",
            millis[ROUNDS / 2],
            millis[0],
            millis[ROUNDS - 1]
        );
    }
    println!("peak RSS {} MiB before the cuts, {} MiB after", before, peak_rss_mib());
    peer(count, &specs[0]);
}

/// Runs the cut of `spec` in Python; says nothing where there is none.
fn peer(count: u64, (_, _, size, overlap): &(&str, Measure, u64, f64)) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/windows_peer.py");
    let arguments = [count.to_string(), size.to_string(), overlap.to_string()];
    if let Ok(output) = Command::new("python3").arg(script).args(arguments).output() {
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// A store with `count` messages of one stream, one in a thousand of them late.
fn fill(dir: &Path, stream: &Stream, count: u64, clock: &Arc<dyn Clock>) {
    let mut store = Store::open(dir, Options::new("bench", Arc::clone(clock))).expect("a store");
    let words = "the quick brown fox jumps over the lazy dog and then some more of the same ";
    for first in (0..count).step_by(usize::try_from(STEP).expect("a small number")) {
        let messages = (first..count.min(first + STEP)).map(|number| {
            let late = if number % 1000 == 999 { 3600 * 5 } else { 0 };
            let at = Timestamp(1_600_000_000_000 + (number.cast_signed() * 7 - late) * 1000);
            let text = &words[..usize::try_from(20 + number * 7919 % 55).expect("short")];
            let external_id = number.to_string();
            Message {
                id: Message::id(stream.id, &external_id, at),
                stream: stream.id,
                external_id,
                author: "bench".to_owned(),
                role: Role::User,
                sent: Zoned { at, offset_minutes: 0 },
                text: text.to_owned(),
                tokens: u32::try_from(text.len() / 5).expect("short"),
                reply_to: None,
                replaces: None,
                tool_calls: Vec::new(),
                meta: String::new(),
            }
        });
        let batch = Batch {
            streams: vec![stream.clone()],
            messages: messages.collect(),
            ..Batch::default()
        };
        store.append(&batch).expect("a batch");
    }
    store.close().expect("a closed store");
}

/// The largest memory that the process had, as Linux tells it; 0 elsewhere.
fn peak_rss_mib() -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0)
        / 1024
}
