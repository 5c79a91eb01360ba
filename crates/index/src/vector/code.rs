//! One bit per dimension: how vectors are coded and how a query meets the codes.
//!
//! After "`RaBitQ`: Quantizing High-Dimensional Vectors with a Theoretical Error Bound" (Gao and Long, 2024). Let `c`
//! be a centre of the vectors, `r` a rotated unit vector less `c`, and `p` a rotated unit query less `c`. The cosine is
//! `<r, p> + <r, c> +` what is the same for all vectors. Of `r` the signs are kept, the factor `|r|^2 / sum |r_i|`, which
//! makes `factor * sum sign_i * p_i` an unbiased estimate of `<r, p>`, and the offset `<r, c>`. The query is rounded to four
//! bits per dimension; bit planes and popcounts do the rest.
//!
//! Eight vectors make a block of `u64`s: word 0 of all eight, word 1 of all eight, ..., then eight factors as `f32`,
//! then eight times in 32 bits `sum sign_i` (the low half) and the offset as a share of 32,768 (the high half).

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounded values lie within 0 to 15"
)]

/// Vectors per block.
pub(crate) const LANES: usize = 8;
/// Bits per dimension of a query.
pub(crate) const PLANES: usize = 4;

/// What an offset of 1 is stored as.
const OFFSET_ONE: f32 = 32_768.0;
/// What a stored offset of 1 stands for.
pub(crate) const OFFSET_STEP: f32 = 1.0 / OFFSET_ONE;

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

    /// Takes in the code of a rotated vector of length one, or of all zeros, against a rotated centre.
    pub(crate) fn push(&mut self, rotated: &[f32], centre: &[f32]) {
        let lane = self.start(rotated.len());
        let padded = rotated.len();
        let at = self.words.len() - block_words(padded);
        let (mut ones, mut sum, mut square, mut offset) = (0, 0.0f32, 0.0f32, 0.0f32);
        for (word, (values, centre)) in
            rotated.chunks_exact(64).zip(centre.chunks_exact(64)).enumerate()
        {
            let mut bits = 0u64;
            for (bit, (value, centre)) in values.iter().zip(centre).enumerate() {
                let rest = value - centre;
                bits |= u64::from(rest > 0.0) << bit;
                sum += rest.abs();
                square += rest * rest;
                offset += rest * centre;
            }
            ones += bits.count_ones() as usize;
            self.words[at + word * LANES + lane] = bits;
        }
        let factor = if sum > 0.0 { square / sum } else { 0.0 };
        let numbers = Numbers {
            factor,
            signs: (2.0 * ones as f32 - padded as f32) as i16,
            offset: (offset * OFFSET_ONE).round() as i16,
        };
        self.set_numbers(padded, lane, numbers);
    }

    /// Takes in code `index` of the blocks `from`.
    pub(crate) fn push_from(&mut self, from: &[u64], index: usize, padded: usize) {
        let lane = self.start(padded);
        let at = self.words.len() - block_words(padded);
        let (block, from_lane) = (&from[index / LANES * block_words(padded)..], index % LANES);
        for word in 0..padded / 64 {
            self.words[at + word * LANES + lane] = block[word * LANES + from_lane];
        }
        self.set_numbers(padded, lane, numbers(block, padded, from_lane));
    }

    fn start(&mut self, padded: usize) -> usize {
        let lane = self.len % LANES;
        if lane == 0 {
            self.words.resize(self.words.len() + block_words(padded), 0);
        }
        self.len += 1;
        lane
    }

    fn set_numbers(&mut self, padded: usize, lane: usize, numbers: Numbers) {
        let start = self.words.len() - block_words(padded) + LANES * (padded / 64);
        let (factors, others) = self.words[start..].split_at_mut(LANES / 2);
        bytemuck::cast_slice_mut::<u64, f32>(factors)[lane] = numbers.factor;
        let other = i32::from(numbers.offset) << 16 | i32::from(numbers.signs.cast_unsigned());
        bytemuck::cast_slice_mut::<u64, i32>(others)[lane] = other;
    }
}

/// What a vector's code holds beside its bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    /// `|r|^2 / sum |r_i|`.
    pub(crate) factor: f32,
    /// `sum sign_i`.
    pub(crate) signs: i16,
    /// `<r, c>` as a share of [`OFFSET_ONE`].
    pub(crate) offset: i16,
}

/// The numbers of one vector of a block.
pub(crate) fn numbers(block: &[u64], padded: usize, lane: usize) -> Numbers {
    let (factors, others) = block[LANES * (padded / 64)..block_words(padded)].split_at(LANES / 2);
    let other = bytemuck::cast_slice::<u64, i32>(others)[lane];
    Numbers {
        factor: bytemuck::cast_slice::<u64, f32>(factors)[lane],
        signs: other as i16,
        offset: (other >> 16) as i16,
    }
}

/// A query less the centre as codes meet it: `p_i = low + step * u_i` with `u_i` in 0..16, as bit planes.
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
    /// The code of a rotated query less the centre.
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

#[cfg(test)]
mod tests;
