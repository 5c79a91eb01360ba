//! Searches over the vectors of one model.
//!
//! A search estimates every cosine from its code, then computes the exact ones of the best estimates. Few
//! passing passages are scored exactly at once.

use super::code::{LANES, QueryCode, block_words};
use super::kernel::Kernel;
use super::{CENTRED_FROM, Part, VectorSet, row};
use crate::Hit;
use crate::hit::Best;
use crate::mask::Mask;

/// So few passages are scored exactly without a look at their codes.
const EXACT_BELOW: usize = CENTRED_FROM as usize;
/// Blocks that are estimated at a time; their scores stay in the nearest cache.
const CHUNK: usize = 64;

/// A query as the vectors of its model meet it.
#[derive(Debug)]
pub(crate) struct VectorQuery {
    code: QueryCode,
    row: Vec<i16>,
}

/// How many of the best estimates are computed exactly to find the best `k`.
///
/// Measured with `cargo bench --bench vector` on the built-in model: at 256 dimensions an estimate is off by about
/// 0.05, so the true best lie among the best few hundred estimates; fewer dimensions need more.
fn rescored(k: usize, padded: usize) -> usize {
    let base = 640 * 256 / padded;
    base.max(256) + 8 * k
}

impl VectorSet {
    /// Prepares a query of the model's dimensions; `None` for one without direction.
    pub(crate) fn query(&self, vector: &[f32]) -> Option<VectorQuery> {
        let unit = row::unit(vector)?;
        let mut rotated = vec![0.0; self.rotation.padded()];
        self.rotation.apply(&unit, &mut rotated);
        for (value, centre) in rotated.iter_mut().zip(&self.centre) {
            *value -= centre;
        }
        let mut fixed = Vec::new();
        row::push(&mut fixed, &unit);
        Some(VectorQuery { code: QueryCode::new(&rotated), row: fixed })
    }

    /// The `k` passages that pass whose vectors are nearest, with their exact cosines: always `k` where so many pass.
    pub(crate) fn nearest(
        &self,
        query: &VectorQuery,
        k: usize,
        mask: Option<&Mask>,
        kernel: Kernel,
    ) -> Vec<Hit> {
        let passing = mask.map_or(self.len() as usize, Mask::count);
        let rescored = rescored(k, self.rotation.padded());
        let seqs: Vec<u32> = if passing <= EXACT_BELOW.max(rescored) {
            match mask {
                Some(mask) => mask.iter().take_while(|seq| *seq < self.len()).collect(),
                None => (0..self.len()).collect(),
            }
        } else {
            self.likeliest(query, rescored, mask, kernel)
        };
        let mut best = Best::new(k);
        self.dots(query, &seqs, kernel, |seq, cosine| best.push(seq, cosine));
        best.into_hits()
    }

    /// All passages that pass whose cosine is at least `least`, the nearest `limit` of them. Every row is read.
    pub(crate) fn within(
        &self,
        query: &VectorQuery,
        least: f32,
        limit: usize,
        mask: Option<&Mask>,
        kernel: Kernel,
    ) -> Vec<Hit> {
        let mut best = Best::new(limit);
        let stride = query.row.len();
        for part in self.parts() {
            for (seq, row) in (part.first..).zip(part.rows.chunks_exact(stride)) {
                if mask.is_none_or(|mask| mask.contains(seq)) {
                    let cosine = row::cosine(kernel.dot(&query.row, row));
                    if cosine >= least {
                        best.push(seq, cosine);
                    }
                }
            }
        }
        best.into_hits()
    }

    /// The exact cosine with the vector of `seq`; `None` where it has none yet.
    pub(crate) fn cosine(&self, query: &VectorQuery, seq: u32, kernel: Kernel) -> Option<f32> {
        let mut found = None;
        if seq < self.len() {
            self.dots(query, &[seq], kernel, |_, cosine| found = Some(cosine));
        }
        found
    }

    /// The cosines of the passages in `seqs`, which ascend and have vectors.
    fn dots(
        &self,
        query: &VectorQuery,
        seqs: &[u32],
        kernel: Kernel,
        mut each: impl FnMut(u32, f32),
    ) {
        let stride = query.row.len();
        let mut rest = seqs;
        for part in self.parts() {
            let (here, after) =
                rest.split_at(rest.partition_point(|seq| *seq < part.first + part.len));
            rest = after;
            let row = |seq: u32| {
                let at = (seq - part.first) as usize * stride;
                &part.rows[at..at + stride]
            };
            for (at, seq) in here.iter().enumerate() {
                if let Some(ahead) = here.get(at + 6) {
                    kernel.prefetch(row(*ahead));
                }
                each(*seq, row::cosine(kernel.dot(&query.row, row(*seq))));
            }
        }
    }

    /// The `count` passages that pass with the best estimates, in order of `seq`.
    fn likeliest(
        &self,
        query: &VectorQuery,
        count: usize,
        mask: Option<&Mask>,
        kernel: Kernel,
    ) -> Vec<u32> {
        let mut best = Best::new(count);
        for part in self.parts() {
            estimate_part(part, query, mask, kernel, &mut best);
        }
        best.into_seqs()
    }
}

fn estimate_part(
    part: Part<'_>,
    query: &VectorQuery,
    mask: Option<&Mask>,
    kernel: Kernel,
    best: &mut Best,
) {
    let words = block_words(query.code.words * 64);
    let mut scores = [0.0; CHUNK * LANES];
    let mut hits = [0; CHUNK];
    let end = part.first + part.len;
    let per_chunk = u32::try_from(CHUNK * LANES).expect("a small constant");
    for (first, blocks) in
        (part.first..end).step_by(CHUNK * LANES).zip(part.codes.chunks(CHUNK * words))
    {
        if mask.is_some_and(|mask| !mask.any_near(first, end.min(first + per_chunk))) {
            continue;
        }
        let hits = &mut hits[..blocks.len() / words];
        kernel.estimate(blocks, &query.code, best.threshold(), &mut scores, hits);
        for ((at, hits), scores) in
            (first..).step_by(LANES).zip(hits).zip(scores.chunks_exact(LANES))
        {
            let mut bits = *hits;
            if bits == 0 {
                continue;
            }
            if end - at < 8 {
                bits &= (1 << (end - at)) - 1;
            }
            if let Some(mask) = mask {
                bits &= mask.eight(at);
            }
            while bits != 0 {
                let lane = bits.trailing_zeros();
                bits &= bits - 1;
                best.push(at + lane, scores[lane as usize]);
            }
        }
    }
}
