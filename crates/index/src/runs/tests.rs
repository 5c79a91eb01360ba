//! Joining keeps runs few and in bounds.

use super::*;

#[test]
fn joins_what_is_small() {
    for (lens, max, expected) in [
        (&[][..], 100, None),
        (&[5], 100, None),
        (&[9, 4, 1], 100, None),
        (&[1, 1], 100, Some(0..2)),
        (&[8, 4, 2, 1, 1], 100, Some(0..5)),
        (&[100, 100], 100, None),
        (&[100, 40, 40], 100, Some(1..3)),
        (&[90, 5, 5], 100, Some(1..3)),
    ] {
        assert_eq!(to_join(lens, max), expected, "{lens:?}");
    }
}

#[test]
fn thousands_of_small_runs_leave_a_handful() {
    let mut lens: Vec<u32> = Vec::new();
    let mut copied = 0u64;
    for turn in 0..20_000 {
        lens.push(2 + turn % 3);
        if let Some(range) = to_join(&lens, 16_384) {
            let sum: u32 = lens[range.clone()].iter().sum();
            copied += u64::from(sum);
            lens.splice(range, [sum]);
        }
    }
    assert_eq!(lens.iter().sum::<u32>(), 59_999);
    assert!(lens.len() <= 20, "{}", lens.len());
    assert!(copied < 60_000 * 16, "{copied}");
}
