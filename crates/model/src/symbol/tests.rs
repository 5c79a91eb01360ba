//! Sketches against a naive Jaccard index; words of kinds and states.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn naive(a: &BTreeSet<u32>, b: &BTreeSet<u32>) -> f64 {
    let both = a.intersection(b).count();
    let either = a.union(b).count();
    if either == 0 { 0.0 } else { both as f64 / either as f64 }
}

fn sketch(hashes: &BTreeSet<u32>) -> Sketch {
    Sketch::new(hashes.iter().copied().collect())
}

/// Numbers that are spread as hashes are.
fn spread(range: std::ops::Range<u32>) -> BTreeSet<u32> {
    range
        .map(|number| number.wrapping_mul(0x9e37_79b1) ^ (number.wrapping_mul(0x85eb_ca6b) >> 15))
        .collect()
}

proptest! {
    #[test]
    fn small_bodies_are_compared_exactly(
        a in prop::collection::btree_set(0_u32..200, 0..Sketch::LEN),
        b in prop::collection::btree_set(0_u32..200, 0..Sketch::LEN),
    ) {
        let (left, right) = (sketch(&a), sketch(&b));
        prop_assert!((left.similarity(&right) - naive(&a, &b)).abs() < 1e-9);
        prop_assert!((left.similarity(&right) - right.similarity(&left)).abs() < 1e-9);
        prop_assert_eq!(Sketch::from_bytes(&left.to_bytes()), Some(left));
    }
}

#[test]
fn large_bodies_are_estimated() {
    for overlap in [0, 250, 500, 750, 900, 1_000] {
        let (a, b) = (spread(0..1_000), spread(1_000 - overlap..2_000 - overlap));
        let (truth, estimate) = (naive(&a, &b), sketch(&a).similarity(&sketch(&b)));
        assert!((truth - estimate).abs() < 0.12, "{overlap}: {truth} is estimated as {estimate}");
    }
    // A body in a much larger one.
    let (a, b) = (spread(0..100), spread(0..2_000));
    assert!((naive(&a, &b) - sketch(&a).similarity(&sketch(&b))).abs() < 0.06);
}

#[test]
fn nothing_is_like_nothing() {
    assert!(Sketch::default().similarity(&Sketch::default()) < 0.1);
}

#[test]
fn bodies_that_are_alike_share_a_key() {
    let mut found = 0;
    for round in 0..100 {
        let start = round * 10_000;
        // 750 of 1250: a similarity of .6.
        let (a, b) =
            (sketch(&spread(start..start + 1_000)), sketch(&spread(start + 250..start + 1_250)));
        found += usize::from(a.bands().iter().zip(b.bands()).any(|(a, b)| *a == b));
    }
    assert!(found >= 90, "{found} of 100 were found");
    let (a, b) = (sketch(&spread(0..1_000)), sketch(&spread(5_000..6_000)));
    assert!(a.bands().iter().zip(b.bands()).all(|(a, b)| *a != b));
}

#[test]
fn other_bytes_are_no_sketch() {
    assert_eq!(Sketch::from_bytes(&[1, 0, 0]), None);
    assert_eq!(Sketch::from_bytes(&[2, 0, 0, 0, 1, 0, 0, 0]), None, "they have to be in order");
    assert_eq!(Sketch::from_bytes(&vec![0; 4 * Sketch::LEN + 4]), None);
}

#[test]
fn words_stand_for_one_thing_each() {
    for kind in SymbolKind::ALL {
        assert_eq!(SymbolKind::parse(kind.as_str()), Some(kind));
    }
    for status in ExtractionStatus::ALL {
        assert_eq!(ExtractionStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(SymbolKind::parse("Function"), None);
    let words: BTreeSet<_> = Encoding::ALL.iter().map(|encoding| encoding.as_str()).collect();
    assert_eq!(words.len(), Encoding::ALL.len());
}
