//! A fixed random rotation: it spreads every vector evenly over its dimensions, so that signs alone tell much.
//!
//! Signs and a fast Hadamard transform, several times over, as in the structured rotations of "Practical and
//! Optimal LSH for Angular Distance" (Andoni et al., 2015); lengths that are no power of two take the transform
//! on the first and the last power of two in turn, as the `FhtKac` rotator of the `RaBitQ` library does.

/// A rotation of vectors of one length.
#[derive(Debug)]
pub(crate) struct Rotation {
    dims: usize,
    padded: usize,
    power: usize,
    /// One sign per dimension and round.
    signs: Vec<f32>,
    rounds: usize,
}

/// The seed is part of the format: codes on disk were made with it.
const SEED: u64 = 0x6c69_6368_656e_0001;

impl Rotation {
    /// The rotation of vectors with `dims` dimensions.
    pub(crate) fn new(dims: usize) -> Self {
        let padded = padded_dims(dims);
        let power = 1 << padded.ilog2();
        let rounds = if power == padded { 3 } else { 4 };
        let mut state = SEED ^ padded as u64;
        let signs = (0..rounds * padded)
            .map(|_| if next(&mut state) >> 63 == 0 { 1.0 } else { -1.0 })
            .collect();
        Self { dims, padded, power, signs, rounds }
    }

    /// The length of a rotated vector: a multiple of 64.
    pub(crate) fn padded(&self) -> usize {
        self.padded
    }

    /// Rotates `input` into `out`, whose length is [`Self::padded`].
    pub(crate) fn apply(&self, input: &[f32], out: &mut [f32]) {
        out[..self.dims].copy_from_slice(input);
        out[self.dims..].fill(0.0);
        for (round, signs) in self.signs.chunks_exact(self.padded).enumerate().take(self.rounds) {
            for (value, sign) in out.iter_mut().zip(signs) {
                *value *= sign;
            }
            let start = if round % 2 == 0 { 0 } else { self.padded - self.power };
            hadamard(&mut out[start..start + self.power]);
        }
    }
}

/// The length of a rotated vector.
pub(crate) fn padded_dims(dims: usize) -> usize {
    dims.max(1).next_multiple_of(64)
}

/// The orthonormal Walsh-Hadamard transform, in place; the length is a power of two.
fn hadamard(values: &mut [f32]) {
    let mut half = 1;
    while half < values.len() {
        for pair in values.chunks_exact_mut(2 * half) {
            let (low, high) = pair.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
    let scale = 1.0 / (values.len() as f32).sqrt();
    for value in values {
        *value *= scale;
    }
}

/// `SplitMix64`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;
