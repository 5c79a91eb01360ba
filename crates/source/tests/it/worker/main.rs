//! The worker of the tests: it extracts, but for a few inputs that do to it what a broken grammar could.

use lichen_model::Extraction;
use lichen_source::symbols::{self, Language, Limits, worker};

fn main() -> std::io::Result<()> {
    worker::serve_with(std::io::stdin(), std::io::stdout(), extract)
}

fn extract(bytes: &[u8], language: Language, limits: &Limits) -> Extraction {
    match bytes {
        b"abort" => std::process::abort(),
        b"panic" => panic!("as asked"),
        b"hang" => loop {
            std::hint::spin_loop();
        },
        b"swallow" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(vec![1; 16 << 20]);
            }
        }
        b"lie" => {
            use std::io::Write;
            let mut out = std::io::stdout();
            drop(out.write_all(&[3, 0, 0, 0, 9, 9, 9]));
            drop(out.flush());
            std::process::abort()
        }
        _ => symbols::extract(bytes, language, limits),
    }
}
