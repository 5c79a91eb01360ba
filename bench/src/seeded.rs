//! Random numbers that a seed repeats.

use lichen_model::Clock;

/// The seed that was asked for, or one that the time gives.
pub(crate) fn or_now(asked: Option<u64>, clock: &dyn Clock) -> u64 {
    asked.unwrap_or_else(|| u64::try_from(clock.now().millis()).unwrap_or_default())
}

/// `SplitMix64` (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub(crate) struct Seeded(u64);

impl Seeded {
    /// Numbers of their own for each combination of `parts`.
    pub(crate) fn new(parts: &[u64]) -> Self {
        let mut seeded = Self(0);
        for part in parts {
            seeded.0 = seeded.next() ^ part;
        }
        seeded
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Whether a chance of so many in a hundred comes true.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}
