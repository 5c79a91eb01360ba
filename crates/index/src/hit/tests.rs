//! The best hits equal a sort.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn equals_a_sort(scores in prop::collection::vec(-3i8..3, 0..200), limit in 0usize..20) {
        let mut best = Best::new(limit);
        let mut all = Vec::new();
        for (seq, score) in (0u32..).zip(&scores) {
            let score = f32::from(*score) / 2.0;
            best.push(seq, score);
            all.push(Hit { seq, score });
        }
        all.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.seq.cmp(&b.seq)));
        all.truncate(limit);
        prop_assert_eq!(best.into_hits(), all);
    }
}

#[test]
fn minus_zero_is_zero() {
    let mut best = Best::new(1);
    best.push(1, 0.0);
    best.push(0, -0.0);
    assert_eq!(best.into_hits(), [Hit { seq: 0, score: 0.0 }]);
}
