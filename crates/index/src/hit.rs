//! Passages with their scores, and the choice of the best of many.

/// A passage and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The passage.
    pub seq: u32,
    /// Higher is better.
    pub score: f32,
}

/// The best hits of a stream of them: higher scores first, equal scores by `seq`.
///
/// **Invariant:** the outcome depends on the hits alone, not on the order in which they come.
#[derive(Debug)]
pub(crate) struct Best {
    /// Hits as integers that sort as hits do.
    keys: Vec<u64>,
    limit: usize,
    threshold: f32,
}

impl Best {
    /// Keeps the best `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            keys: Vec::with_capacity(2 * limit.min(1 << 12)),
            limit,
            threshold: f32::NEG_INFINITY,
        }
    }

    /// No hit at or below this score that comes after all others by `seq` can be among the best.
    pub(crate) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Offers a hit whose score is a number.
    pub(crate) fn push(&mut self, seq: u32, score: f32) {
        self.keys.push(key(seq, score));
        if self.keys.len() >= self.limit.saturating_mul(2) {
            self.shrink();
        }
    }

    /// The best, in order.
    pub(crate) fn into_hits(mut self) -> Vec<Hit> {
        self.keys.sort_unstable_by(|a, b| b.cmp(a));
        self.keys.truncate(self.limit);
        self.keys.into_iter().map(hit).collect()
    }

    /// The passages of the best, in order of `seq`.
    pub(crate) fn into_seqs(self) -> Vec<u32> {
        let mut seqs: Vec<u32> = self.into_hits().into_iter().map(|hit| hit.seq).collect();
        seqs.sort_unstable();
        seqs
    }

    fn shrink(&mut self) {
        if self.limit == 0 {
            self.keys.clear();
        } else {
            let (_, last, _) = self.keys.select_nth_unstable_by(self.limit - 1, |a, b| b.cmp(a));
            self.threshold = hit(*last).score;
            self.keys.truncate(self.limit);
        }
    }
}

/// The score's bits, flipped so that they sort as the score does, then `seq` backwards.
fn key(seq: u32, score: f32) -> u64 {
    // Adding zero makes -0 and 0 equal, as comparisons have them.
    let bits = (score + 0.0).to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(ordered) << 32 | u64::from(!seq)
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a key")]
fn hit(key: u64) -> Hit {
    let ordered = (key >> 32) as u32;
    let bits = if ordered >> 31 == 1 { ordered ^ 1 << 31 } else { !ordered };
    Hit { seq: !(key as u32), score: f32::from_bits(bits) }
}

#[cfg(test)]
mod tests;
