//! The loops with AVX2, which has no popcount of lanes: nibbles are looked up in a table, as in Mula, Kurz and
//! Lemire, "Faster Population Counts Using AVX2 Instructions" (2016). The table of plane `p` holds the counts times `2^p`.

#![expect(unsafe_code, reason = "vector instructions")]

use std::arch::x86_64::{
    __m256i, _CMP_GT_OQ, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi8, _mm256_add_epi32,
    _mm256_add_epi64, _mm256_add_ps, _mm256_and_si256, _mm256_blend_epi32, _mm256_cmp_ps,
    _mm256_cvtepi32_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_movemask_ps,
    _mm256_mul_ps, _mm256_permutevar8x32_epi32, _mm256_sad_epu8, _mm256_set1_epi8,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setr_epi8, _mm256_setr_epi32,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srai_epi32,
    _mm256_srli_epi16, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi32,
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
    // SAFETY: the caller saw that the machine has AVX2, and `Kernel::estimate` that there are `hits.len()` whole
    // blocks and a score for each of their vectors.
    unsafe { estimate_blocks(blocks, query, threshold, scores, hits) }
}

#[target_feature(enable = "avx2")]
unsafe fn estimate_blocks(
    blocks: &[u64],
    query: &QueryCode,
    threshold: f32,
    scores: &mut [f32],
    hits: &mut [u8],
) {
    let words = query.words;
    let stride = block_words(words * 64);
    let ones = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3,
        3, 4,
    );
    let twos = _mm256_add_epi8(ones, ones);
    let fours = _mm256_add_epi8(twos, twos);
    let tables: [__m256i; PLANES] = [ones, twos, fours, _mm256_add_epi8(fours, fours)];
    let nibble = _mm256_set1_epi8(15);
    for (at, hit) in hits.iter_mut().enumerate() {
        // SAFETY: block `at` lies within `blocks`, its eight scores within `scores`, and every plane has `words` words.
        unsafe {
            let block = blocks.as_ptr().add(at * stride);
            let mut sums = [_mm256_setzero_si256(); 2];
            for word in 0..words {
                for (half, sum) in sums.iter_mut().enumerate() {
                    let bits = _mm256_loadu_si256(block.add(word * LANES + half * 4).cast());
                    // At most (1 + 2 + 4 + 8) * 8 per byte.
                    let mut bytes = _mm256_setzero_si256();
                    for (plane, table) in tables.iter().enumerate() {
                        let of_plane =
                            query.planes.get_unchecked(plane * words + word).cast_signed();
                        let both = _mm256_and_si256(bits, _mm256_set1_epi64x(of_plane));
                        let low = _mm256_and_si256(both, nibble);
                        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(both), nibble);
                        bytes = _mm256_add_epi8(bytes, _mm256_shuffle_epi8(*table, low));
                        bytes = _mm256_add_epi8(bytes, _mm256_shuffle_epi8(*table, high));
                    }
                    *sum = _mm256_add_epi64(*sum, _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
                }
            }
            let numbers = block.add(words * LANES).cast();
            *hit = finish(sums, query, numbers, threshold, scores.as_mut_ptr().add(at * LANES));
        }
    }
}

/// Writes the eight estimates and tells which are above the threshold. `numbers` are as in a block.
#[target_feature(enable = "avx2")]
unsafe fn finish(
    sums: [__m256i; 2],
    query: &QueryCode,
    numbers: *const f32,
    threshold: f32,
    scores: *mut f32,
) -> u8 {
    // The low halves of eight 64-bit sums, in order.
    let even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
    let low = _mm256_permutevar8x32_epi32(sums[0], even);
    let high = _mm256_permutevar8x32_epi32(sums[1], even);
    let sum = _mm256_blend_epi32::<0b1111_0000>(low, high);
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
        let above = _mm256_cmp_ps::<_CMP_GT_OQ>(result, _mm256_set1_ps(threshold));
        _mm256_movemask_ps(above).to_le_bytes()[0]
    }
}

/// **Invariant:** called only where [`super::Kernel::available`] found the instructions.
pub(crate) fn dot(a: &[i16], b: &[i16]) -> i32 {
    // SAFETY: the caller saw that the machine has AVX2, and `Kernel::dot` that both have one length.
    unsafe { dot_rows(a, b) }
}

#[target_feature(enable = "avx2")]
unsafe fn dot_rows(a: &[i16], b: &[i16]) -> i32 {
    let mut sum = _mm256_setzero_si256();
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        // SAFETY: chunks of 16 numbers are 32 bytes.
        let (a, b) = unsafe {
            (_mm256_loadu_si256(a.as_ptr().cast()), _mm256_loadu_si256(b.as_ptr().cast()))
        };
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
    }
    let mut lanes = [0i32; 8];
    // SAFETY: eight numbers are 32 bytes.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sum) };
    lanes.iter().sum()
}

/// Asks for a row that will be read soon.
pub(crate) fn prefetch(row: &[i16]) {
    for line in row.chunks(32) {
        // SAFETY: every x86-64 machine has the instruction, and a hint reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}
