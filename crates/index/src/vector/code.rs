//! One bit per dimension: how vectors are coded and how a query meets the codes.
//!
//! After "`RaBitQ`: Quantizing High-Dimensional Vectors with a Theoretical Error Bound" (Gao and Long, 2024), with
//! the origin as centre so that a code depends on nothing but its vector: the signs of the rotated unit vector
//! `o`, and the factor `1 / sum |o_i|` that makes `factor * sum sign_i * q_i` an unbiased estimate of the cosine
//! with a unit query `q`. The query is rounded to four bits per dimension; bit planes and popcounts do the rest.
//!
//! Eight vectors make a block of `u64`s: word 0 of all eight, word 1 of all eight, ..., then eight `f32` factors
//! and eight `f32` biases (`factor * sum sign_i`).

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded values lie within 0 to 15"
)]

/// Vectors per block.
pub(crate) const LANES: usize = 8;
/// Bits per dimension of a query.
pub(crate) const PLANES: usize = 4;

/// Words of a block of vectors with `padded` rotated dimensions.
pub(crate) const fn block_words(padded: usize) -> usize {
    LANES * (padded / 64) + LANES
}

/// Codes of vectors in order, the last block filled up with vectors that estimate 0.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    words: Vec<u64>,
    len: usize,
}

impl Codes {
    /// The blocks.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    /// Takes in the code of a rotated vector of length one, or of all zeros.
    pub(crate) fn push(&mut self, rotated: &[f32]) {
        let lane = self.start(rotated.len());
        let padded = rotated.len();
        let at = self.words.len() - block_words(padded);
        let (mut ones, mut sum) = (0, 0.0f32);
        for (word, values) in rotated.chunks_exact(64).enumerate() {
            let mut bits = 0u64;
            for (bit, value) in values.iter().enumerate() {
                bits |= u64::from(*value > 0.0) << bit;
                sum += value.abs();
            }
            ones += bits.count_ones() as usize;
            self.words[at + word * LANES + lane] = bits;
        }
        let factor = if sum > 0.0 { 1.0 / sum } else { 0.0 };
        let bias = factor * (2.0 * ones as f32 - padded as f32);
        self.set_numbers(padded, lane, factor, bias);
    }

    /// Takes in code `index` of the blocks `from`.
    pub(crate) fn push_from(&mut self, from: &[u64], index: usize, padded: usize) {
        let lane = self.start(padded);
        let at = self.words.len() - block_words(padded);
        let (block, from_lane) = (&from[index / LANES * block_words(padded)..], index % LANES);
        for word in 0..padded / 64 {
            self.words[at + word * LANES + lane] = block[word * LANES + from_lane];
        }
        let (factor, bias) = numbers(block, padded, from_lane);
        self.set_numbers(padded, lane, factor, bias);
    }

    fn start(&mut self, padded: usize) -> usize {
        let lane = self.len % LANES;
        if lane == 0 {
            self.words.resize(self.words.len() + block_words(padded), 0);
        }
        self.len += 1;
        lane
    }

    fn set_numbers(&mut self, padded: usize, lane: usize, factor: f32, bias: f32) {
        let start = self.words.len() - block_words(padded) + LANES * (padded / 64);
        let numbers: &mut [f32] = bytemuck::cast_slice_mut(&mut self.words[start..]);
        numbers[lane] = factor;
        numbers[LANES + lane] = bias;
    }
}

/// Factor and bias of one vector of a block.
pub(crate) fn numbers(block: &[u64], padded: usize, lane: usize) -> (f32, f32) {
    let start = LANES * (padded / 64);
    let numbers: &[f32] = bytemuck::cast_slice(&block[start..start + LANES]);
    (numbers[lane], numbers[LANES + lane])
}

/// A query as codes meet it: `q_i = low + step * u_i` with `u_i` in 0..16, as bit planes.
#[derive(Debug)]
pub(crate) struct QueryCode {
    /// Plane by plane, each `padded / 64` words.
    pub(crate) planes: Vec<u64>,
    /// Words per plane.
    pub(crate) words: usize,
    /// The value of 0.
    pub(crate) low: f32,
    /// The distance of two values.
    pub(crate) step: f32,
    /// The sum of all `u_i`.
    pub(crate) sum: i32,
}

impl QueryCode {
    /// The code of a rotated query.
    pub(crate) fn new(rotated: &[f32]) -> Self {
        let low = rotated.iter().copied().fold(f32::INFINITY, f32::min);
        let high = rotated.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let step = (high - low) / ((1 << PLANES) - 1) as f32;
        let words = rotated.len() / 64;
        let mut planes = vec![0u64; PLANES * words];
        let mut sum = 0;
        for (i, value) in rotated.iter().enumerate() {
            let level =
                if step > 0.0 { ((value - low) / step).round().clamp(0.0, 15.0) as u8 } else { 0 };
            sum += i32::from(level);
            for plane in 0..PLANES {
                planes[plane * words + i / 64] |= u64::from(level >> plane & 1) << (i % 64);
            }
        }
        Self { planes, words, low, step, sum }
    }
}
