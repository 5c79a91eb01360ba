//! Full text and the whole index: how fast passages are taken in, and how long a search takes.
//!
//! `cargo bench -p lichen-index --bench text -- [PATH...] [--count 100000] [--queries 500] [--chars 500]`

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod corpus;

use corpus::{Arguments, next, passages, percentiles, timed};
use lichen_index::embed::StaticModel;
use lichen_index::{Embedder as _, Entry, Index, Query};
use lichen_model::{MessageId, Owner, PassageKind, Site, TextHash, Timestamp};

fn main() {
    let arguments = Arguments::read();
    let chars = arguments.number("chars", 500);
    let mut texts = passages(&arguments.paths, arguments.number("count", 100_000));
    for text in &mut texts {
        text.truncate(text.floor_char_boundary(chars));
    }
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} passages, {:.1} MB", texts.len(), bytes as f64 / 1e6);
    let model = StaticModel::builtin().expect("the asset is whole");
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut index = Index::create(dir.path(), model.key()).expect("an empty folder");
    let report = |what: &str, millis: f64| {
        println!(
            "{what}: {millis:.0} ms, {:.0} passages/s, {:.1} MB/s",
            texts.len() as f64 / millis * 1000.0,
            bytes as f64 / millis / 1000.0
        );
    };
    let (vectors, millis) = timed(|| {
        let batch =
            |texts: &[String]| model.embed(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        texts
            .chunks(4096)
            .map(|texts| batch(texts).expect("the built-in model does not fail"))
            .collect::<Vec<_>>()
    });
    report("embed", millis);
    let mut spent = [0.0; 2];
    for ((first, texts), vectors) in (0u32..).step_by(4096).zip(texts.chunks(4096)).zip(&vectors) {
        let entries: Vec<Entry<'_>> =
            (first..).zip(texts).map(|(seq, text)| entry(seq, text)).collect();
        spent[0] += timed(|| index.append_without_vectors(&entries).expect("they follow")).1;
        spent[1] +=
            timed(|| index.append_vectors(model.key(), first, vectors).expect("they follow")).1;
    }
    report("texts and columns", spent[0]);
    report("vectors", spent[1]);
    let ((), millis) = timed(|| index.seal().expect("there is room"));
    report("seal", millis);
    drop(index);
    let (index, millis) =
        timed(|| Index::open(dir.path(), model.key()).expect("it was sealed").into_index());
    println!("open: {millis:.1} ms, {:.1} MB on disk", index.disk_bytes() as f64 / 1e6);
    search(&index, model, &texts, arguments.number("queries", 500));
    let mut index = index;
    trickle(&mut index, model, &texts);
}

fn entry(seq: u32, text: &str) -> Entry<'_> {
    Entry {
        seq,
        kind: PassageKind::ALL[seq as usize % PassageKind::ALL.len()],
        site: Site {
            owner: Owner::Message(MessageId::from_u128(1)),
            ord: seq,
            start: 0,
            end: 0,
            line: 1,
        },
        at: Timestamp(i64::from(seq)),
        group: u64::from(seq / 50) + 1,
        author: ["Ann", "Bob"][seq as usize % 2],
        context: "src/main.rs",
        text,
        text_hash: TextHash(u128::from(seq)),
    }
}

/// Questions of a few words of passages.
fn search(index: &Index, model: &StaticModel, texts: &[String], queries: usize) {
    let mut state = 11;
    let mut pick = |from: usize| usize::try_from(next(&mut state) % from as u64).expect("an index");
    let (mut words, mut vectors, mut both) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..2 {
        for _ in 0..queries {
            let source: Vec<&str> = texts[pick(texts.len())].split_whitespace().collect();
            let question: Vec<&str> =
                (0..3 + pick(6)).map(|_| source[pick(source.len())]).collect();
            let question = question.join(" ");
            let vector = model.embed_query(&question).expect("the built-in model does not fail");
            let (found, by_words) = timed(|| {
                let query = Query { text: &question, ..Query::default() };
                index.search(&query).expect("the index is whole").best_texts(200).len()
            });
            let (found2, by_vector) = timed(|| {
                let query = Query { vector: Some(&vector), ..Query::default() };
                index.search(&query).expect("the index is whole").best_vectors(200).len()
            });
            std::hint::black_box(found + found2);
            if round > 0 {
                words.push(by_words);
                vectors.push(by_vector);
                both.push(by_words + by_vector);
            }
        }
    }
    for (name, millis) in [("words", words), ("vector", vectors), ("both", both)] {
        let (p50, p99) = percentiles(millis);
        println!("search by {name}, best 200: p50 {p50:.3} ms, p99 {p99:.3} ms");
    }
}

/// Live messages: one append, one search, and every tenth time a seal.
fn trickle(index: &mut Index, model: &StaticModel, texts: &[String]) {
    let (mut appends, mut searches, mut seals) = (Vec::new(), Vec::new(), Vec::new());
    for (turn, text) in texts.iter().take(100).enumerate() {
        let seq = index.watermark();
        let vectors = model.embed(&[text]).expect("the built-in model does not fail");
        appends.push(timed(|| index.append(&[entry(seq, text)], &vectors).expect("it follows")).1);
        let query = Query { text, vector: vectors.row(0), ..Query::default() };
        let (found, millis) =
            timed(|| index.search(&query).expect("the index is whole").best_texts(1)[0]);
        assert!(found.score > 0.0);
        searches.push(millis);
        if turn % 10 == 9 {
            seals.push(timed(|| index.seal().expect("there is room")).1);
        }
    }
    for (name, millis) in
        [("append of one", appends), ("search after it", searches), ("seal of ten", seals)]
    {
        let (p50, p99) = percentiles(millis);
        println!("{name}: p50 {p50:.3} ms, p99 {p99:.3} ms");
    }
}
