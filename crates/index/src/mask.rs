//! Which passages a search may find: one bit per passage.

use roaring::RoaringBitmap;

/// A set of passages below a watermark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mask {
    words: Vec<u64>,
    count: usize,
}

impl Mask {
    /// All passages below `watermark`.
    pub(crate) fn full(watermark: u32) -> Self {
        let mut words = vec![u64::MAX; (watermark as usize).div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !watermark.is_multiple_of(64)
        {
            *last = (1 << (watermark % 64)) - 1;
        }
        Self { words, count: watermark as usize }
    }

    /// No passages below `watermark`, to be filled one by one and then [`Self::counted`].
    pub(crate) fn empty(watermark: u32) -> Self {
        Self { words: vec![0; (watermark as usize).div_ceil(64)], count: 0 }
    }

    /// Takes `seq` in where `passes`.
    pub(crate) fn set(&mut self, seq: u32, passes: bool) {
        self.words[seq as usize / 64] |= u64::from(passes) << (seq % 64);
    }

    /// Counts what was filled in.
    pub(crate) fn counted(mut self) -> Self {
        self.count = self.words.iter().map(|word| word.count_ones() as usize).sum();
        self
    }

    /// The members of `set` below `watermark`.
    pub(crate) fn from_set(watermark: u32, set: &RoaringBitmap) -> Self {
        let mut words = vec![0u64; (watermark as usize).div_ceil(64)];
        let mut count = 0;
        for seq in set.range(..watermark) {
            words[seq as usize / 64] |= 1 << (seq % 64);
            count += 1;
        }
        Self { words, count }
    }

    /// Takes the members of `set` out.
    pub(crate) fn remove(&mut self, set: &RoaringBitmap) {
        let end = u32::try_from(self.words.len() * 64).unwrap_or(u32::MAX);
        for seq in set.range(..end) {
            let (word, bit) = (&mut self.words[seq as usize / 64], 1 << (seq % 64));
            self.count -= usize::from(*word & bit != 0);
            *word &= !bit;
        }
    }

    /// Keeps only what is in both.
    pub(crate) fn intersect(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
        self.count = self.words.iter().map(|word| word.count_ones() as usize).sum();
    }

    /// How many pass.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether `seq` passes.
    pub(crate) fn contains(&self, seq: u32) -> bool {
        self.words.get(seq as usize / 64).is_some_and(|word| word >> (seq % 64) & 1 == 1)
    }

    /// The bits of `first` and the seven after it.
    #[expect(clippy::cast_possible_truncation, reason = "the low eight bits are wanted")]
    pub(crate) fn eight(&self, first: u32) -> u8 {
        let (at, shift) = (first as usize / 64, first % 64);
        let low = self.words.get(at).copied().unwrap_or(0) >> shift;
        let high = if shift > 56 {
            self.words.get(at + 1).copied().unwrap_or(0) << (64 - shift)
        } else {
            0
        };
        (low | high) as u8
    }

    /// Whether any of `first..end` passes, at a word's precision: it may say yes for a neighbour.
    pub(crate) fn any_near(&self, first: u32, end: u32) -> bool {
        let last = (end as usize).div_ceil(64).min(self.words.len());
        self.words[(first as usize / 64).min(last)..last].iter().any(|word| *word != 0)
    }

    /// All that pass, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).step_by(64).zip(&self.words).flat_map(|(first, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    first + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests;
