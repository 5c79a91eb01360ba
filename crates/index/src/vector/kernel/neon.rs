//! The loops with NEON: two vectors per register, counts kept per byte over a whole block.

#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::aarch64::{
    vaddq_s32, vaddq_u8, vaddq_u64, vaddvq_s32, vandq_u64, vcntq_u8, vdupq_n_s32, vdupq_n_u8,
    vdupq_n_u64, vget_low_s16, vld1q_s16, vld1q_u64, vmlal_high_s16, vmlal_s16, vpaddlq_u8,
    vpaddlq_u16, vpaddlq_u32, vreinterpretq_u8_u64, vshlq_n_u64, vst1q_u64,
};

use super::scalar::combine;
use crate::vector::code::{LANES, PLANES, QueryCode, block_words, numbers};

/// Words whose counts a byte can hold: eight per word and plane.
const WORDS_PER_SUM: usize = 31;

/// **Invariant:** called only where [`super::Kernel::available`] found the instructions.
pub(crate) fn estimate(
    blocks: &[u64],
    query: &QueryCode,
    threshold: f32,
    scores: &mut [f32],
    hits: &mut [u8],
) {
    // SAFETY: the caller saw that the machine has NEON, and `Kernel::estimate` that there are `hits.len()` whole
    // blocks and a score for each of their vectors.
    unsafe { estimate_blocks(blocks, query, threshold, scores, hits) }
}

#[target_feature(enable = "neon")]
unsafe fn estimate_blocks(
    blocks: &[u64],
    query: &QueryCode,
    threshold: f32,
    scores: &mut [f32],
    hits: &mut [u8],
) {
    let words = query.words;
    let stride = block_words(words * 64);
    for (at, hit) in hits.iter_mut().enumerate() {
        // SAFETY: block `at` lies within `blocks`, its eight scores within `scores`, and every plane has `words` words.
        unsafe {
            let block = blocks.as_ptr().add(at * stride);
            let mut sums = [0u64; LANES];
            for pair in 0..LANES / 2 {
                let mut total = vdupq_n_u64(0);
                let mut first = 0;
                while first < words {
                    let last = words.min(first + WORDS_PER_SUM);
                    let mut counts = [vdupq_n_u8(0); PLANES];
                    for word in first..last {
                        let bits = vld1q_u64(block.add(word * LANES + pair * 2));
                        for (plane, count) in counts.iter_mut().enumerate() {
                            let of_plane =
                                vdupq_n_u64(*query.planes.get_unchecked(plane * words + word));
                            let both = vreinterpretq_u8_u64(vandq_u64(bits, of_plane));
                            *count = vaddq_u8(*count, vcntq_u8(both));
                        }
                    }
                    let wide = |count| vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(count)));
                    total = vaddq_u64(total, wide(counts[0]));
                    total = vaddq_u64(total, vshlq_n_u64::<1>(wide(counts[1])));
                    total = vaddq_u64(total, vshlq_n_u64::<2>(wide(counts[2])));
                    total = vaddq_u64(total, vshlq_n_u64::<3>(wide(counts[3])));
                    first = last;
                }
                vst1q_u64(sums.as_mut_ptr().add(pair * 2), total);
            }
            let block = std::slice::from_raw_parts(block, stride);
            *hit = 0;
            for (lane, sum) in sums.iter().enumerate() {
                let sum = u32::try_from(*sum).unwrap_or(u32::MAX);
                let score = combine(sum, query, numbers(block, words * 64, lane));
                *scores.get_unchecked_mut(at * LANES + lane) = score;
                *hit |= u8::from(score > threshold) << lane;
            }
        }
    }
}

/// **Invariant:** called only where [`super::Kernel::available`] found the instructions.
pub(crate) fn dot(a: &[i16], b: &[i16]) -> i32 {
    // SAFETY: the caller saw that the machine has NEON, and `Kernel::dot` that both have one length.
    unsafe { dot_rows(a, b) }
}

#[target_feature(enable = "neon")]
unsafe fn dot_rows(a: &[i16], b: &[i16]) -> i32 {
    let (mut low, mut high) = (vdupq_n_s32(0), vdupq_n_s32(0));
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        // SAFETY: chunks of eight numbers are 16 bytes.
        let (a, b) = unsafe { (vld1q_s16(a.as_ptr()), vld1q_s16(b.as_ptr())) };
        low = vmlal_s16(low, vget_low_s16(a), vget_low_s16(b));
        high = vmlal_high_s16(high, a, b);
    }
    vaddvq_s32(vaddq_s32(low, high))
}
