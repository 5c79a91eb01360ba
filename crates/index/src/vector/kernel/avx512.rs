//! The loops with AVX-512: eight vectors at a time, one per 64-bit lane, so that nothing is added across lanes.

#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{
    __m512i, _CMP_GT_OQ, _mm256_add_ps, _mm256_cmp_ps_mask, _mm256_cvtepi32_ps, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_slli_epi32,
    _mm256_srai_epi32, _mm256_storeu_ps, _mm256_sub_epi32, _mm512_add_epi32, _mm512_add_epi64,
    _mm512_and_si512, _mm512_cvtepi64_epi32, _mm512_loadu_si512, _mm512_madd_epi16,
    _mm512_popcnt_epi64, _mm512_reduce_add_epi32, _mm512_set1_epi64, _mm512_setzero_si512,
    _mm512_slli_epi64,
};

use crate::vector::code::{LANES, OFFSET_STEP, PLANES, QueryCode, block_words};

/// **Invariant:** called only where [`super::Kernel::available`] found the instructions.
pub(crate) fn estimate(
    blocks: &[u64],
    query: &QueryCode,
    threshold: f32,
    scores: &mut [f32],
    hits: &mut [u8],
) {
    // SAFETY: the caller saw that the machine has AVX-512 F, BW, VL and VPOPCNTDQ, and `Kernel::estimate` that
    // there are `hits.len()` whole blocks and a score for each of their vectors.
    unsafe {
        match query.words {
            4 => estimate_fixed::<4>(blocks, query, threshold, scores, hits),
            6 => estimate_fixed::<6>(blocks, query, threshold, scores, hits),
            _ => estimate_any(blocks, query, threshold, scores, hits),
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
unsafe fn estimate_fixed<const WORDS: usize>(
    blocks: &[u64],
    query: &QueryCode,
    threshold: f32,
    scores: &mut [f32],
    hits: &mut [u8],
) {
    let mut planes = [[_mm512_setzero_si512(); PLANES]; WORDS];
    for (word, planes) in planes.iter_mut().enumerate() {
        for (plane, value) in planes.iter_mut().enumerate() {
            *value = _mm512_set1_epi64(query.planes[plane * WORDS + word].cast_signed());
        }
    }
    let stride = block_words(WORDS * 64);
    for (at, hit) in hits.iter_mut().enumerate() {
        // SAFETY: block `at` lies within `blocks` and its eight scores within `scores`.
        unsafe {
            let block = blocks.as_ptr().add(at * stride);
            let mut sums = [_mm512_setzero_si512(); PLANES];
            for (word, planes) in planes.iter().enumerate() {
                let bits = _mm512_loadu_si512(block.add(word * LANES).cast());
                for (sum, plane) in sums.iter_mut().zip(planes) {
                    *sum =
                        _mm512_add_epi64(*sum, _mm512_popcnt_epi64(_mm512_and_si512(bits, *plane)));
                }
            }
            let numbers = block.add(WORDS * LANES).cast();
            *hit = finish(sums, query, numbers, threshold, scores.as_mut_ptr().add(at * LANES));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
unsafe fn estimate_any(
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
            let mut sums = [_mm512_setzero_si512(); PLANES];
            for word in 0..words {
                let bits = _mm512_loadu_si512(block.add(word * LANES).cast());
                for (plane, sum) in sums.iter_mut().enumerate() {
                    let bit_plane = _mm512_set1_epi64(
                        query.planes.get_unchecked(plane * words + word).cast_signed(),
                    );
                    *sum = _mm512_add_epi64(
                        *sum,
                        _mm512_popcnt_epi64(_mm512_and_si512(bits, bit_plane)),
                    );
                }
            }
            let numbers = block.add(words * LANES).cast();
            *hit = finish(sums, query, numbers, threshold, scores.as_mut_ptr().add(at * LANES));
        }
    }
}

/// Writes the eight estimates and tells which are above the threshold. `numbers` are as in a block.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vpopcntdq")]
unsafe fn finish(
    sums: [__m512i; PLANES],
    query: &QueryCode,
    numbers: *const f32,
    threshold: f32,
    scores: *mut f32,
) -> u8 {
    let high = _mm512_add_epi64(_mm512_slli_epi64::<2>(sums[2]), _mm512_slli_epi64::<3>(sums[3]));
    let sum = _mm512_add_epi64(_mm512_add_epi64(sums[0], _mm512_slli_epi64::<1>(sums[1])), high);
    let sum = _mm512_cvtepi64_epi32(sum);
    let signed = _mm256_sub_epi32(_mm256_slli_epi32::<1>(sum), _mm256_set1_epi32(query.sum));
    let scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(signed), _mm256_set1_ps(query.step));
    // SAFETY: the caller gives twice eight numbers and room for eight scores.
    unsafe {
        let (factors, others) =
            (_mm256_loadu_ps(numbers), _mm256_loadu_si256(numbers.add(LANES).cast()));
        let signs = _mm256_cvtepi32_ps(_mm256_srai_epi32::<16>(_mm256_slli_epi32::<16>(others)));
        let offsets = _mm256_cvtepi32_ps(_mm256_srai_epi32::<16>(others));
        let dot = _mm256_add_ps(scaled, _mm256_mul_ps(signs, _mm256_set1_ps(query.low)));
        let offsets = _mm256_mul_ps(offsets, _mm256_set1_ps(OFFSET_STEP));
        let result = _mm256_add_ps(_mm256_mul_ps(factors, dot), offsets);
        _mm256_storeu_ps(scores, result);
        _mm256_cmp_ps_mask::<_CMP_GT_OQ>(result, _mm256_set1_ps(threshold))
    }
}

/// **Invariant:** called only where [`super::Kernel::available`] found the instructions.
pub(crate) fn dot(a: &[i16], b: &[i16]) -> i32 {
    // SAFETY: the caller saw that the machine has AVX-512 F and BW, and `Kernel::dot` that both have one length.
    unsafe { dot_rows(a, b) }
}

#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn dot_rows(a: &[i16], b: &[i16]) -> i32 {
    let mut sum = _mm512_setzero_si512();
    for (a, b) in a.chunks_exact(32).zip(b.chunks_exact(32)) {
        // SAFETY: chunks of 32 numbers are 64 bytes.
        let (a, b) = unsafe {
            (_mm512_loadu_si512(a.as_ptr().cast()), _mm512_loadu_si512(b.as_ptr().cast()))
        };
        sum = _mm512_add_epi32(sum, _mm512_madd_epi16(a, b));
    }
    _mm512_reduce_add_epi32(sum)
}
