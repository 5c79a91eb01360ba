//! Search by vector against a plain scan.

use lichen_index::{Index, Kernel, ModelKey, Query, Vectors};
use proptest::prelude::*;
use roaring::RoaringBitmap;

use crate::corpus::{entries, passages};

fn index_of(dir: &std::path::Path, dims: usize, vectors: &[Vec<f32>]) -> Index {
    let mut values = Vectors::new(dims);
    assert!(vectors.iter().all(|vector| values.push(vector)));
    let mut index = Index::create(dir, &ModelKey { name: "plain".to_owned(), dims }).unwrap();
    let count = u32::try_from(vectors.len()).unwrap();
    index.append(&entries(&passages(count, 1), 0), &values).unwrap();
    index
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
    };
    let norm = (dot(a, a) * dot(b, b)).sqrt();
    if norm > 0.0 && norm.is_finite() { dot(a, b) / norm } else { 0.0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn equals_a_plain_scan(
        dims in 1usize..80,
        seed: u64,
        count in 0usize..150,
        k in 0usize..160,
        pass in 1u32..5,
        sealed: bool,
    ) {
        let mut state = seed | 1;
        let mut number = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        // Every third vector is one of three, so that many are alike; some have no direction.
        let mut vectors: Vec<Vec<f32>> = (0..count).map(|_| (0..dims).map(|_| number()).collect()).collect();
        for at in (9..count).step_by(3) {
            vectors[at] = vectors[at % 9].clone();
        }
        for (at, value) in [(4, 0.0), (5, f32::NAN), (7, f32::INFINITY)] {
            if let Some(vector) = vectors.get_mut(at) {
                vector[0] = value;
                if value == 0.0 {
                    vector.fill(0.0);
                }
            }
        }
        let query: Vec<f32> = (0..dims).map(|_| number()).collect();
        let dir = tempfile::tempdir().unwrap();
        let mut index = index_of(dir.path(), dims, &vectors);
        if sealed {
            index.seal().unwrap();
        }
        let allowed: RoaringBitmap = (0..u32::try_from(count).unwrap()).filter(|seq| seq % pass == 0).collect();
        let query = Query { vector: Some(&query), allowed: Some(&allowed), ..Query::default() };
        let search = index.search(&query).unwrap();
        let found = search.best_vectors(k);
        prop_assert_eq!(found.len(), k.min(usize::try_from(allowed.len()).unwrap()));
        let mut expected: Vec<(u32, f64)> =
            allowed.iter().map(|seq| (seq, cosine(query.vector.unwrap(), &vectors[seq as usize]))).collect();
        expected.sort_by(|a, b| b.1.total_cmp(&a.1));
        for (hit, (_, best)) in found.iter().zip(&expected) {
            prop_assert!((f64::from(hit.score) - best).abs() < 2e-3, "{} is not {best}", hit.score);
            let own = cosine(query.vector.unwrap(), &vectors[hit.seq as usize]);
            prop_assert!((f64::from(hit.score) - own).abs() < 2e-3);
            prop_assert_eq!(search.cosine(hit.seq), Some(hit.score));
        }
        let in_order = |pair: &[lichen_index::Hit]| {
            let (first, second) = (pair[0], pair[1]);
            first.score.total_cmp(&second.score).reverse().then(first.seq.cmp(&second.seq)).is_lt()
        };
        prop_assert!(found.windows(2).all(in_order));
        let near = search.vectors_within(0.2, usize::MAX);
        let plain = search.best_vectors(count).into_iter().filter(|hit| hit.score >= 0.2).collect::<Vec<_>>();
        prop_assert_eq!(near, plain);
    }
}

/// Clustered vectors, more than are scored exactly at once.
fn clustered(count: usize, dims: usize) -> Vec<Vec<f32>> {
    let mut state = 5u64;
    let mut number = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let centres: Vec<Vec<f32>> = (0..64).map(|_| (0..dims).map(|_| number()).collect()).collect();
    (0..count)
        .map(|at| centres[at % 64].iter().map(|value| value + 0.7 * number()).collect())
        .collect()
}

#[test]
fn codes_find_what_a_scan_finds_whatever_the_kernel_and_the_filter() {
    let vectors = clustered(12_000, 128);
    let dir = tempfile::tempdir().unwrap();
    let mut index = index_of(dir.path(), 128, &vectors);
    for step in [1u32, 2, 10] {
        let allowed: RoaringBitmap = (0..12_000).filter(|seq| (seq * 7) % step == 0).collect();
        let (mut right, mut all) = (0, 0);
        for query in vectors.iter().step_by(400) {
            let mut expected: Vec<(u32, f64)> =
                allowed.iter().map(|seq| (seq, cosine(query, &vectors[seq as usize]))).collect();
            expected.sort_by(|a, b| b.1.total_cmp(&a.1));
            let expected: Vec<u32> = expected.iter().take(10).map(|(seq, _)| *seq).collect();
            let mut answers = Vec::new();
            for kernel in Kernel::available() {
                index.set_kernel(kernel);
                let query =
                    Query { vector: Some(query), allowed: Some(&allowed), ..Query::default() };
                answers.push(index.search(&query).unwrap().best_vectors(10));
            }
            assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "kernels agree");
            assert_eq!(answers[0].len(), 10);
            right += answers[0].iter().filter(|hit| expected.contains(&hit.seq)).count();
            all += 10;
        }
        assert!(right as f64 >= 0.98 * f64::from(all), "one in {step}: {right} of {all}");
    }
}

#[test]
fn alike_vectors_come_in_order() {
    let vectors = vec![vec![0.6, 0.8]; 9000];
    let dir = tempfile::tempdir().unwrap();
    let index = index_of(dir.path(), 2, &vectors);
    let query = Query { vector: Some(&[0.6, 0.8]), ..Query::default() };
    let found: Vec<u32> =
        index.search(&query).unwrap().best_vectors(100).iter().map(|hit| hit.seq).collect();
    assert_eq!(found, (0..100).collect::<Vec<_>>());
    let without_direction = Query { vector: Some(&[0.0, 0.0]), ..Query::default() };
    assert_eq!(index.search(&without_direction).unwrap().best_vectors(5), []);
}
