//! How fast texts are redacted, and what is found in them: `cargo bench -p lichen-source --bench redact -- [FILE]...`.

use std::time::Instant;

use lichen_source::redact::{self, Redactor};

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures real time and prints it"
)]
fn main() {
    let clean = "The quick brown fox jumps over the lazy dog, and finds a bug in the parser.\n"
        .repeat(400_000);
    let files = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let read = files.map(|path| {
        let bytes = fs_err::read(&path).expect("an argument is a file");
        (path, String::from_utf8_lossy(&bytes).into_owned())
    });
    remembered(&clean);
    for (name, text) in std::iter::once(("clean".to_owned(), clean)).chain(read) {
        redact::find("warm");
        let start = Instant::now();
        let found = redact::find(&text);
        let rate = text.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
        println!("{name}: {rate:.0} MB/s, {} found in {} bytes", found.len(), text.len());
        for hit in found.iter().take(400) {
            println!("  {} {:?}", hit.rule, &text[hit.span.clone()]);
        }
    }
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
