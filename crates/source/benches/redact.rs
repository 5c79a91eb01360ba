//! How fast texts are redacted, and what is found in them: `cargo bench -p lichen-source --bench redact -- [FILE]...`.

use std::time::Instant;

use lichen_source::redact;

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
