//! The built-in model: loading, and passages per second on one core.
//!
//! `cargo bench -p lichen-index --bench embed -- [PATH...] [--count 50000]`

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod corpus;

use corpus::{Arguments, passages, percentiles, timed};
use lichen_index::Embedder as _;
use lichen_index::embed::StaticModel;

fn main() {
    let arguments = Arguments::read();
    let (model, millis) = timed(|| StaticModel::builtin().expect("the asset is whole"));
    println!("load {millis:.2} ms, {:.1} MB", StaticModel::asset_len() as f64 / 1e6);
    let texts = passages(&arguments.paths, arguments.number("count", 50_000));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let (tokens, millis) =
        timed(|| texts.iter().map(|text| model.tokens(text).len()).sum::<usize>());
    println!(
        "{} passages of {} bytes and {} tokens",
        texts.len(),
        bytes / texts.len(),
        tokens / texts.len()
    );
    println!(
        "tokens alone, one text at a time: {:.0} passages/s",
        texts.len() as f64 / millis * 1000.0
    );
    for _ in 0..3 {
        let (vectors, millis) =
            timed(|| texts.chunks(1024).map(|texts| model.embed(texts)).collect::<Vec<_>>());
        assert!(vectors.iter().all(Result::is_ok));
        let per_second = texts.len() as f64 / millis * 1000.0;
        println!("embed: {per_second:.0} passages/s, {:.1} MB/s", bytes as f64 / millis / 1000.0);
    }
    let millis = texts.iter().take(1000).map(|text| timed(|| model.embed_query(text)).1).collect();
    let (p50, p99) = percentiles(millis);
    println!("one at a time: p50 {p50:.4} ms, p99 {p99:.4} ms");
}
