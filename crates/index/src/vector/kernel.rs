//! The two loops that cost time, estimates over codes and exact dot products, in the widest form the machine has.
//!
//! **Invariant:** every form gives the same bits as the scalar one: sums are of integers, and the few operations
//! on floats are the same in the same order, never fused.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

use std::sync::OnceLock;

use super::code::{LANES, QueryCode, block_words};

/// Which instructions the loops use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// No vector instructions.
    Scalar,
    /// AVX2 (x86-64).
    Avx2,
    /// AVX-512 with `VPOPCNTDQ` (x86-64).
    Avx512,
    /// NEON (`AArch64`).
    Neon,
}

impl Kernel {
    /// The kernels that this machine can run, the best first.
    pub fn available() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vpopcntdq")
            {
                found.push(Self::Avx512);
            }
            if is_x86_feature_detected!("avx2") {
                found.push(Self::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            found.push(Self::Neon);
        }
        found.push(Self::Scalar);
        found
    }

    /// The best kernel of this machine.
    pub fn best() -> Self {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| Self::available()[0])
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }

    /// Estimates the cosines of all vectors of `blocks` into `scores`, and into `hits` one bit per vector, one byte
    /// per block, whether the estimate is above `threshold`.
    pub(crate) fn estimate(
        self,
        blocks: &[u64],
        query: &QueryCode,
        threshold: f32,
        scores: &mut [f32],
        hits: &mut [u8],
    ) {
        let count = hits.len();
        assert_eq!(blocks.len(), count * block_words(query.words * 64), "whole blocks");
        assert!(scores.len() >= count * LANES, "a score per vector");
        match self {
            Self::Scalar => scalar::estimate(blocks, query, threshold, scores, hits),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::estimate(blocks, query, threshold, scores, hits),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::estimate(blocks, query, threshold, scores, hits),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::estimate(blocks, query, threshold, scores, hits),
            _ => scalar::estimate(blocks, query, threshold, scores, hits),
        }
    }

    /// The dot product of two rows of fixed-point numbers, whose length is a multiple of 32.
    pub(crate) fn dot(self, a: &[i16], b: &[i16]) -> i32 {
        assert!(a.len() == b.len() && a.len().is_multiple_of(32), "rows of one stride");
        match self {
            Self::Scalar => scalar::dot(a, b),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::dot(a, b),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::dot(a, b),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::dot(a, b),
            _ => scalar::dot(a, b),
        }
    }

    /// Asks for a row that will be read soon.
    pub(crate) fn prefetch(self, row: &[i16]) {
        #[cfg(target_arch = "x86_64")]
        if self != Self::Scalar {
            avx2::prefetch(row);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _: &[i16] = row;
    }
}

#[cfg(test)]
mod tests;
