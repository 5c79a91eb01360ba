//! The loops without vector instructions: what the other forms must equal.

use crate::vector::code::{LANES, Numbers, OFFSET_STEP, PLANES, QueryCode, block_words, numbers};

pub(crate) fn estimate(
    blocks: &[u64],
    query: &QueryCode,
    threshold: f32,
    scores: &mut [f32],
    hits: &mut [u8],
) {
    let padded = query.words * 64;
    let rows =
        blocks.chunks_exact(block_words(padded)).zip(scores.chunks_exact_mut(LANES)).zip(hits);
    for ((block, scores), hits) in rows {
        *hits = 0;
        for (lane, score) in scores.iter_mut().enumerate() {
            let mut sum = 0u32;
            for word in 0..query.words {
                let bits = block[word * LANES + lane];
                for plane in 0..PLANES {
                    sum += (bits & query.planes[plane * query.words + word]).count_ones() << plane;
                }
            }
            *score = combine(sum, query, numbers(block, padded, lane));
            *hits |= u8::from(*score > threshold) << lane;
        }
    }
}

/// `factor * sum sign_i p_i + offset` from the sum over the set bits.
pub(crate) fn combine(sum: u32, query: &QueryCode, numbers: Numbers) -> f32 {
    let signed = 2 * sum.cast_signed() - query.sum;
    let dot = signed as f32 * query.step + f32::from(numbers.signs) * query.low;
    numbers.factor * dot + f32::from(numbers.offset) * OFFSET_STEP
}

pub(crate) fn dot(a: &[i16], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
}
