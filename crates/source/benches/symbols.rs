//! How fast symbols are extracted: `cargo bench -p lichen-source --bench symbols -- FOLDER...`.
//!
//! Prints, for each language, files, megabytes per second on one thread, symbols, and how many
//! files had a status other than `ok`. With `--list FOLDER` it prints every symbol instead, one a line (path, kind, name,
//! line), for `benches/ctags.py`, which compares them with what universal-ctags finds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lichen_model::{ExtractionStatus, RepoPath};
use lichen_source::symbols::{self, Language, Limits};

#[derive(Default)]
struct Sum {
    files: usize,
    bytes: usize,
    symbols: usize,
    took: Duration,
    slowest: (Duration, PathBuf),
    statuses: BTreeMap<ExtractionStatus, usize>,
}

fn main() {
    let mut args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let listed = args.iter().position(|arg| arg == "--list");
    if let Some(at) = listed {
        args.remove(at);
    }
    if args.is_empty() {
        args.push(env!("CARGO_MANIFEST_DIR").to_owned());
    }
    let mut sums: BTreeMap<Language, Sum> = BTreeMap::new();
    for folder in args {
        for file in ignore::Walk::new(&folder).flatten().map(ignore::DirEntry::into_path) {
            if file.is_file() {
                one(&folder, &file, listed.is_some(), &mut sums);
            }
        }
    }
    if listed.is_none() {
        report(&sums);
    }
}

fn one(folder: &str, file: &Path, is_listed: bool, sums: &mut BTreeMap<Language, Sum>) {
    let path = file.strip_prefix(folder).unwrap_or(file).to_string_lossy().into_owned();
    let bytes = fs_err::read(file).expect("the file can be read");
    let Some(language) = Language::detect(&RepoPath::from(path.as_str()), &bytes) else { return };
    // The first of a language compiles its query.
    if !sums.contains_key(&language) {
        symbols::extract(b"", language, &Limits::default());
    }
    let (extraction, took) = timed(|| symbols::extract(&bytes, language, &Limits::default()));
    if is_listed {
        for symbol in &extraction.symbols {
            let (kind, name) = (symbol.kind.as_str(), &symbol.name);
            say(&format!(
                "{path}\t{}\t{kind}\t{name}\t{}\t{}",
                language.as_str(),
                symbol.name_line,
                symbol.scope.join(".")
            ));
        }
    }
    let sum = sums.entry(language).or_default();
    sum.files += 1;
    sum.bytes += bytes.len();
    sum.symbols += extraction.symbols.len();
    sum.took += took;
    if took > sum.slowest.0 {
        sum.slowest = (took, file.to_owned());
    }
    *sum.statuses.entry(extraction.status).or_default() += 1;
}

fn report(sums: &BTreeMap<Language, Sum>) {
    for (language, sum) in sums {
        let rate = sum.bytes as f64 / 1e6 / sum.took.as_secs_f64();
        let statuses: Vec<_> = sum
            .statuses
            .iter()
            .map(|(status, count)| format!("{} {count}", status.as_str()))
            .collect();
        say(&format!(
            "{:<10} {:>6} files {:>8.2} MB {:>6.1} MB/s {:>7} symbols; {}; slowest {:.0?} {}",
            language.as_str(),
            sum.files,
            sum.bytes as f64 / 1e6,
            rate,
            sum.symbols,
            statuses.join(", "),
            sum.slowest.0,
            sum.slowest.1.display(),
        ));
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
