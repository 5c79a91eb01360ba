//! Masks equal sets.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn equals_a_set(
        watermark in 0u32..300,
        a in prop::collection::btree_set(0u32..400, 0..80),
        b in prop::collection::btree_set(0u32..400, 0..80),
        first in 0u32..320,
    ) {
        let set: RoaringBitmap = a.iter().copied().collect();
        let gone: RoaringBitmap = b.iter().copied().collect();
        let mut mask = Mask::from_set(watermark, &set);
        let mut filled = Mask::empty(watermark);
        (0..watermark).for_each(|seq| filled.set(seq, set.contains(seq)));
        prop_assert_eq!(&mask, &filled.counted());
        let mut all = Mask::full(watermark);
        prop_assert_eq!(all.count(), watermark as usize);
        all.intersect(&mask);
        prop_assert_eq!(&all, &mask);
        let mut both = mask.clone();
        both.intersect(&Mask::from_set(watermark, &gone));
        let expected: Vec<u32> = a.intersection(&b).copied().filter(|seq| *seq < watermark).collect();
        prop_assert_eq!(both.iter().collect::<Vec<_>>(), expected);
        mask.remove(&gone);
        let expected: Vec<u32> = a.difference(&b).copied().filter(|seq| *seq < watermark).collect();
        prop_assert_eq!(mask.count(), expected.len());
        prop_assert_eq!(mask.iter().collect::<Vec<_>>(), expected);
        for bit in 0..8 {
            prop_assert_eq!(mask.eight(first) >> bit & 1 == 1, mask.contains(first + bit));
        }
        let any = (first..first + 70).any(|seq| mask.contains(seq));
        prop_assert!(mask.any_near(first, first + 70) || !any);
    }
}
