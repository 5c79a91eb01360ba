//! How fast sources are read: `cargo bench -p lichen-source -- [REPOSITORY] [WORK_TREE]`.
//!
//! Prints commits per second of the repository, lines per second of a generated JSONL file, and megabytes per second
//! of reading and cutting the documents of the work tree.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use lichen_model::{Batch, Timestamp};
use lichen_source::documents::{self, Options};
use lichen_source::messages::{self, Source};
use lichen_source::{Read, git};

const LINES: usize = 300_000;

fn main() {
    let paths: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    if let Some(path) = paths.first() {
        for threads in [1, 2] {
            commits(Path::new(path), threads);
        }
    }
    lines();
    let tree = paths.get(1).cloned().unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned());
    cutting(Path::new(&tree));
}

fn commits(path: &Path, threads: usize) {
    let ((opened, count, changes), took) = timed(|| {
        let (mut reader, opened) = timed(|| {
            let repository =
                git::Repository::open(path, ".").expect("the argument is a repository");
            repository.read(&git::Known::NOTHING, threads).expect("its refs can be listed")
        });
        let (mut count, mut changes) = (0, 0);
        all(&mut reader, |batch| {
            count += batch.commits.len();
            changes += batch.commits.iter().flat_map(|commit| &commit.changes).flatten().count();
            for problem in batch.problems.iter().take(3) {
                say(&format!("  {problem}"));
            }
        });
        (opened, count, changes)
    });
    let rate = count as f64 / took.as_secs_f64();
    say(&format!(
        "git, {threads} threads: {count} commits, {changes} changes in {took:.2?} (walk {opened:.2?}): {rate:.0} commits/s"
    ));
}

fn lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("chat.jsonl");
    let mut text = String::new();
    for at in 0..LINES {
        let time = 1_700_000_000 + at;
        let words = "the quick brown fox jumps over the lazy dog and finds a bug in the parser "
            .repeat(1 + at % 3);
        writeln!(
            text,
            r#"{{"id":"m{at}","stream":"channel-{}","author":"user-{}","time":{time},"text":"{words}","thread":{}}}"#,
            at % 50,
            at % 200,
            at % 7
        )
        .expect("writing to a string cannot fail");
    }
    fs_err::write(&path, &text).expect("the folder can be written to");
    let (count, took) = timed(|| {
        let format = messages::format("jsonl").expect("the format exists");
        let source = Source { path: path.clone(), label: "chat".to_owned(), ..Source::default() };
        let mut count = 0;
        all(&mut (format.open)(&source).expect("the file can be opened"), |batch| {
            count += batch.messages.len();
        });
        count
    });
    let rate = count as f64 / took.as_secs_f64();
    say(&format!(
        "jsonl: {count} messages, {} MB in {took:.2?}: {rate:.0} lines/s",
        text.len() / 1_000_000
    ));
}

fn cutting(root: &Path) {
    let mut position = None;
    let mut latest = std::collections::HashMap::new();
    for pass in ["first", "second"] {
        let ((files, passages, bytes), took) = timed(|| {
            let options = Options::new(documents::folder(root, "."), Timestamp(4_000_000_000_000));
            let known = documents::Known { latest: latest.clone(), position: position.clone() };
            let mut reader =
                documents::Reader::open(root, options, known).expect("the folder can be listed");
            let (mut files, mut passages, mut bytes) = (0, 0, 0);
            all(&mut reader, |batch| {
                files += batch.versions.len();
                passages += batch.passages.len();
                bytes += batch
                    .versions
                    .iter()
                    .filter_map(|version| version.text.as_ref())
                    .map(String::len)
                    .sum::<usize>();
                position = batch
                    .progress
                    .first()
                    .map(|progress| progress.position.clone())
                    .or(position.take());
                latest.extend(batch.versions.iter().map(|version| {
                    let document = version.document.clone();
                    (
                        document.path.clone(),
                        documents::Latest {
                            version: version.id,
                            text_hash: version.text_hash,
                            document,
                        },
                    )
                }));
            });
            (files, passages, bytes)
        });
        let rate = bytes as f64 / 1e6 / took.as_secs_f64();
        say(&format!(
            "documents, {pass} time: {files} files, {passages} passages in {took:.2?}: {rate:.0} MB/s"
        ));
    }
}

fn all(reader: &mut dyn Read, mut each: impl FnMut(&Batch)) {
    while let Some(batch) = reader.next_batch().expect("the source can be read") {
        each(&batch);
    }
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
