//! Splits: nothing is lost, nothing is empty, and they are about even.

use proptest::prelude::*;

use super::{even_ranges, text_parts};

proptest! {
    #[test]
    fn messages_are_shared_out_in_order(sizes in prop::collection::vec(0..50_usize, 2..40), count in 2..10_usize) {
        let count = count.min(sizes.len());
        let ranges = even_ranges(&sizes, count);
        prop_assert_eq!(ranges.len(), count);
        prop_assert_eq!(ranges.iter().map(ExactSizeIterator::len).sum::<usize>(), sizes.len());
        let mut next = 0;
        let most = sizes.iter().sum::<usize>() / count + 50;
        for range in ranges {
            prop_assert!(range.start == next && !range.is_empty());
            next = range.end;
            // Where a large message came first, the ones before the last share less.
            prop_assert!(next == sizes.len() || sizes[range].iter().sum::<usize>() <= most);
        }
    }

    #[test]
    fn a_text_is_shared_out_between_characters(text in "[aé\n ]{0,60}", count in 2..6_usize, skip in 0..5_usize) {
        let start = text.floor_char_boundary(skip.min(text.len()));
        let ranges = text_parts(&text, start..text.len(), count);
        prop_assert!(ranges.len() <= count);
        // As many as asked for, unless characters are too few.
        prop_assert!(ranges.len() == count || text[start..].chars().count() < 2 * count);
        let joined: String = ranges.iter().map(|range| &text[range.clone()]).collect();
        prop_assert_eq!(joined, &text[start..]);
    }
}

#[test]
fn parts_are_about_even() {
    assert_eq!(even_ranges(&[10, 10, 10, 10], 2), [0..2, 2..4]);
    assert_eq!(even_ranges(&[30, 1, 1, 1], 2), [0..1, 1..4]);
    assert_eq!(even_ranges(&[1, 1, 1, 30], 2), [0..3, 3..4]);
    assert_eq!(text_parts("one line\nand more", 0..17, 2), [0..8, 8..17]);
    assert_eq!(text_parts("one lin\nand more!", 0..17, 2), [0..8, 8..17]);
}
