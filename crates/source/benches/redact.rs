//! How fast texts are redacted, and how well:
//!
//! ```sh
//! cargo bench -p lichen-source --bench redact -- [FILE]...             # speed, and what is found
//! cargo bench -p lichen-source --bench redact -- recall [SEED]         # of secrets that are planted
//! cargo bench -p lichen-source --bench redact -- false-hits PATH...    # in repositories, chats and folders
//! ```

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "../tests/it/planted/mod.rs"]
mod planted;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use lichen_model::Timestamp;
use lichen_source::messages::{self, Source};
use lichen_source::redact::Redactor;
use lichen_source::{Read, documents, git, redact};

/// Hits that are shown one by one.
const SHOWN_MAX: usize = 400;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match arguments.split_first() {
        Some((first, seed)) if first == "recall" => {
            let seed = seed.first().map(|seed| seed.parse().expect("a seed is a number"));
            recall(seed.unwrap_or(planted::SEED));
        }
        Some((first, paths)) if first == "false-hits" => false_hits(paths),
        _ => speed(&arguments),
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn speed(paths: &[String]) {
    let clean = "The quick brown fox jumps over the lazy dog, and finds a bug in the parser.\n"
        .repeat(400_000);
    let read = paths.iter().map(|path| {
        let bytes = fs_err::read(path).expect("an argument is a file");
        (path.clone(), String::from_utf8_lossy(&bytes).into_owned())
    });
    remembered(&clean);
    for (name, text) in std::iter::once(("clean".to_owned(), clean)).chain(read) {
        redact::find("warm");
        let start = Instant::now();
        let found = redact::find(&text);
        let rate = text.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
        println!("{name}: {rate:.0} MB/s, {} found in {} bytes", found.len(), text.len());
        for hit in found.iter().take(SHOWN_MAX) {
            println!("  {} {:?}", hit.rule, &text[hit.span.clone()]);
        }
    }
}

fn recall(seed: u64) {
    let recall = planted::recall(seed);
    for (name, context, text) in &recall.missed {
        println!("missed: {name}, {context}: {text:?}");
    }
    println!();
    for (label, (planted, found)) in &recall.contexts {
        if planted > found {
            println!("{label}: {found} of {planted}");
        }
    }
    let percent = |(planted, found): (usize, usize)| 100.0 * found as f64 / planted.max(1) as f64;
    for (label, of) in [("split: ", "in two pieces"), ("base64: ", "in Base64")] {
        let sum = recall.sum(|context| context.starts_with(label));
        println!("{of}: {} of {} found, {:.1} %", sum.1, sum.0, percent(sum));
    }
    let plain = recall.sum(|label| !label.starts_with("split: ") && !label.starts_with("base64: "));
    println!("in one piece: {} of {} found, {:.2} %", plain.1, plain.0, percent(plain));
    let all = recall.sum(|_| true);
    let kinds = recall.providers.len();
    println!("all: {} of {} found, {:.2} %, {kinds} kinds of keys", all.1, all.0, percent(all));
}

/// What was read from one place.
#[derive(Default)]
struct Count {
    texts: usize,
    bytes: usize,
    /// Texts with a hit.
    hit: usize,
    rules: BTreeMap<&'static str, usize>,
    shown: Vec<String>,
}

impl Count {
    fn text(&mut self, text: &str) {
        self.texts += 1;
        self.bytes += text.len();
        let found = redact::find(text);
        self.hit += usize::from(!found.is_empty());
        for hit in found {
            *self.rules.entry(hit.rule).or_default() += 1;
            if self.shown.len() < SHOWN_MAX {
                let before = text.floor_char_boundary(hit.span.start.saturating_sub(60));
                let after = text.ceil_char_boundary((hit.span.end + 20).min(text.len()));
                let (around, secret) = (&text[before..after], &text[hit.span]);
                self.shown.push(format!("{}: {secret:?} in {around:?}", hit.rule));
            }
        }
    }

    fn print(&self, what: &str) {
        if self.texts == 0 {
            return;
        }
        for shown in &self.shown {
            println!("  {shown}");
        }
        let per_thousand = 1e3 * self.hit as f64 / self.texts as f64;
        let megabytes = self.bytes as f64 / 1e6;
        println!(
            "{what}: {} of {} texts have a hit ({per_thousand:.2} in 1,000), {megabytes:.1} MB, {:?}",
            self.hit, self.texts, self.rules
        );
    }
}

/// Commits of a repository, messages of a file in a known format, documents of a folder, or a file's text.
fn false_hits(paths: &[String]) {
    let (mut commits, mut said, mut files) = (Count::default(), Count::default(), Count::default());
    for path in paths {
        let path = Path::new(path);
        if let Ok(repository) = git::Repository::open(path, ".") {
            let mut reader =
                repository.read(&git::Known::NOTHING, 1).expect("a repository is read");
            while let Some(batch) = reader.next_batch().expect("a repository is read") {
                batch.commits.iter().for_each(|commit| commits.text(&commit.message));
            }
        } else if let Ok(format) = messages::sniff(path) {
            let label = path.display().to_string();
            let source = Source { path: path.to_owned(), label, ..Source::default() };
            let mut reader = (format.open)(&source).expect("a file of messages is read");
            while let Some(batch) = reader.next_batch().expect("a file of messages is read") {
                for message in &batch.messages {
                    said.text(&message.text);
                }
            }
        } else if path.is_dir() {
            let folder = documents::folder(path, ".");
            let options = documents::Options::new(folder, Timestamp(4_000_000_000_000));
            let known = documents::Known::default();
            let mut reader =
                documents::Reader::open(path, options, known).expect("a folder is read");
            while let Some(batch) = reader.next_batch().expect("a folder is read") {
                batch
                    .versions
                    .iter()
                    .filter_map(|version| version.text.as_deref())
                    .for_each(|text| files.text(text));
            }
        } else {
            let bytes =
                fs_err::read(path).expect("an argument is a file, a folder or a repository");
            files.text(&String::from_utf8_lossy(&bytes));
        }
    }
    commits.print("commits");
    said.print("messages");
    files.print("documents");
}
/// What it costs that a store remembers purged texts.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures real time and prints it"
)]
fn remembered(text: &str) {
    let redactor = Redactor::new([7; 32]);
    for count in [0, 1, 1_000, 10_000] {
        let marks: Vec<_> = (0..count)
            .map(|number| format!("{:x}-a purged text {number}", number * 7_919 + 1_048_576))
            .filter_map(|secret| redactor.mark(0, &secret))
            .collect();
        let remembering = redactor.clone().remembering(&marks);
        let start = Instant::now();
        let unchanged = remembering.redact(text) == text;
        let rate = text.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
        println!("remembering {count}: {rate:.0} MB/s, unchanged: {unchanged}");
    }
}
