//! Vector search: recall and time of every kernel and filter against a plain scan of `f32`.
//!
//! `cargo bench -p lichen-index --bench vector -- [PATH...] [--count 200000] [--queries 500] [--k 10] [--dump FOLDER]`

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod corpus;

use std::io::Write as _;
use std::path::Path;

use corpus::{Arguments, next, passages, percentiles, timed};
use lichen_index::embed::StaticModel;
use lichen_index::{Embedder, Entry, Hit, Index, Kernel, Query, Vectors};
use lichen_model::{MessageId, Owner, PassageKind, Site, TextHash, Timestamp};
use roaring::RoaringBitmap;

fn main() {
    let arguments = Arguments::read();
    let (count, queries, k) = (
        arguments.number("count", 200_000),
        arguments.number("queries", 500),
        arguments.number("k", 10),
    );
    let texts = passages(&arguments.paths, count + queries);
    let queries = queries.min(texts.len() / 10);
    let model = StaticModel::builtin().expect("the asset is whole");
    let (base, asked) = texts.split_at(texts.len() - queries);
    let (base, asked) = (embed(model, base), embed(model, asked));
    if let Some(folder) = arguments.text("dump") {
        dump(Path::new(folder), &base, &asked);
    }
    println!("{} vectors of {} dimensions, {queries} queries, k = {k}", base.len(), base.dims());

    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut index = Index::create(dir.path(), model.key()).expect("an empty folder");
    let ((), millis) = timed(|| fill(&mut index, &base));
    let ((), sealed) = timed(|| index.seal().expect("there is room"));
    println!(
        "append {millis:.0} ms, seal {sealed:.0} ms, {:.1} MB",
        index.disk_bytes() as f64 / 1e6
    );

    let mut state = 3;
    let filters: Vec<(&str, Option<RoaringBitmap>)> = vec![
        ("all", None),
        ("10 %", Some(sample(&mut state, base.len(), 10))),
        ("1 %", Some(sample(&mut state, base.len(), 100))),
        ("0.1 %", Some(sample(&mut state, base.len(), 1000))),
    ];
    for (name, allowed) in &filters {
        let mut millis = Vec::new();
        let truth: Vec<Vec<Hit>> = asked
            .rows()
            .map(|query| {
                let (hits, took) = timed(|| plain(&base, query, allowed.as_ref(), k));
                millis.push(took);
                hits
            })
            .collect();
        let (p50, p99) = percentiles(millis);
        println!("{name:>6}  plain f32 scan  p50 {p50:7.3} ms  p99 {p99:7.3} ms");
        for kernel in Kernel::available() {
            index.set_kernel(kernel);
            let mut millis = Vec::new();
            let (mut same, mut as_near, mut all) = (0, 0, 0);
            for round in 0..2 {
                for (query, truth) in asked.rows().zip(&truth) {
                    let (found, took) = timed(|| {
                        let query = Query {
                            vector: Some(query),
                            allowed: allowed.as_ref(),
                            ..Query::default()
                        };
                        index.search(&query).expect("the index is whole").best_vectors(k)
                    });
                    if round == 0 {
                        continue;
                    }
                    millis.push(took);
                    let last = truth.last().map_or(0.0, |hit| hit.score);
                    same += found
                        .iter()
                        .filter(|hit| truth.iter().any(|other| other.seq == hit.seq))
                        .count();
                    as_near += found.iter().filter(|hit| hit.score >= last - 1e-4).count();
                    all += truth.len();
                }
            }
            let (p50, p99) = percentiles(millis);
            println!(
                "{name:>6}  {:14}  p50 {p50:7.3} ms  p99 {p99:7.3} ms  recall@{k} {:.4}  (as near, within 0.0001: {:.4})",
                kernel.name(),
                same as f64 / all as f64,
                as_near as f64 / all as f64,
            );
        }
    }
}

fn embed(model: &StaticModel, texts: &[String]) -> Vectors {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    model.embed(&texts).expect("the built-in model does not fail")
}

fn fill(index: &mut Index, base: &Vectors) {
    let entry = Entry {
        seq: 0,
        kind: PassageKind::Doc,
        site: Site {
            owner: Owner::Message(MessageId::from_u128(1)),
            ord: 0,
            start: 0,
            end: 0,
            line: 1,
        },
        at: Timestamp(0),
        group: 0,
        author: "",
        context: "",
        text: "",
        text_hash: TextHash(0),
    };
    for (first, values) in (0u32..).step_by(4096).zip(base.values().chunks(4096 * base.dims())) {
        let vectors = Vectors::from_values(base.dims(), values.to_vec()).expect("whole vectors");
        let entries: Vec<Entry<'_>> =
            (first..).take(vectors.len()).map(|seq| Entry { seq, ..entry }).collect();
        index.append(&entries, &vectors).expect("they follow");
    }
}

fn sample(state: &mut u64, count: usize, one_in: u64) -> RoaringBitmap {
    (0..u32::try_from(count).expect("few enough"))
        .filter(|_| next(state).is_multiple_of(one_in))
        .collect()
}

/// The nearest by cosine in `f32`, one row after another.
fn plain(base: &Vectors, query: &[f32], allowed: Option<&RoaringBitmap>, k: usize) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::with_capacity(k + 1);
    let mut offer = |seq: u32, row: &[f32]| {
        let mut lanes = [0.0f32; 16];
        for (a, b) in row.chunks_exact(16).zip(query.chunks_exact(16)) {
            for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                *lane += a * b;
            }
        }
        let score: f32 = lanes.iter().sum();
        if hits.len() < k || hits.last().is_some_and(|last| score > last.score) {
            let at = hits.partition_point(|hit| hit.score >= score);
            hits.insert(at, Hit { seq, score });
            hits.truncate(k);
        }
    };
    match allowed {
        None => (0..).zip(base.rows()).for_each(|(seq, row)| offer(seq, row)),
        Some(allowed) => {
            for seq in allowed {
                offer(seq, &base.values()[seq as usize * base.dims()..][..base.dims()]);
            }
        }
    }
    hits
}

/// Writes the vectors as raw little-endian `f32`, for `peers.py`.
fn dump(folder: &Path, base: &Vectors, asked: &Vectors) {
    fs_err::create_dir_all(folder).expect("a folder");
    for (name, vectors) in [("base", base), ("queries", asked)] {
        let path = folder.join(format!("{name}-{}.f32", vectors.dims()));
        let mut out = std::io::BufWriter::new(fs_err::File::create(path).expect("a file"));
        for value in vectors.values() {
            out.write_all(&value.to_le_bytes()).expect("there is room");
        }
    }
}
