//! One query over texts and vectors, with filters.

use lichen_model::{PassageKind, Timestamp};
use roaring::RoaringBitmap;

use super::Index;
use crate::error::{Error, Result};
use crate::hit::Best;
use crate::mask::Mask;
use crate::text::{Weighed, Words};
use crate::vector::VectorQuery;
use crate::{Hit, Recipe, Similar};

/// What is searched for, and among which passages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// Words, and phrases in quotes; empty for a search by vector alone.
    pub text: &'a str,
    /// A vector of the active model; `None` for a search by words alone.
    pub vector: Option<&'a [f32]>,
    /// The kinds to find; empty for all.
    pub kinds: &'a [PassageKind],
    /// The earliest time.
    pub since: Option<Timestamp>,
    /// The first time that is too late.
    pub until: Option<Timestamp>,
    /// The only passages to find; `None` for all.
    pub allowed: Option<&'a RoaringBitmap>,
    /// The only passages by which words are weighed, so that nothing is told of the others; `None` for all.
    pub weighed: Option<&'a RoaringBitmap>,
    /// Whether passages named by [`Index::set_dead`] are found too: for questions about the past.
    pub superseded: bool,
    /// Words that in source code stand for words of `text`.
    pub similar: &'a [Similar<'a>],
    /// How words are scored.
    pub recipe: Recipe,
}

/// A query that has met the index: the best of each side, and the score of any passage.
pub struct Search<'a> {
    index: &'a Index,
    mask: Option<Mask>,
    text: Vec<f32>,
    vector: Option<VectorQuery>,
}

impl Index {
    /// Scores all passages by words, and prepares the search by vector.
    pub fn search(&self, query: &Query<'_>) -> Result<Search<'_>> {
        if !self.whole {
            return Err(Error::Broken);
        }
        let set = &self.models[self.active];
        let vector = match query.vector {
            Some(vector) if vector.len() != set.model().dims => {
                return Err(Error::Dimensions { model: set.model().clone(), got: vector.len() });
            }
            Some(vector) => set.query(vector),
            None => None,
        };
        let kinds = if query.kinds.is_empty() { &PassageKind::ALL[..] } else { query.kinds };
        let weighed = query.weighed.map(|set| self.weighed(set));
        let words =
            Words { text: query.text, kinds, similar: query.similar, recipe: &query.recipe };
        let text = self.texts.scores(&words, weighed.as_ref(), self.watermark())?;
        Ok(Search { index: self, mask: self.mask(query), text, vector })
    }

    /// The passages of `set`, and how many of each kind they are.
    fn weighed(&self, set: &RoaringBitmap) -> Weighed {
        let passages = Mask::from_set(self.watermark(), set);
        let mut kinds = [0; PassageKind::ALL.len()];
        self.columns.for_each(|seq, kind, _| {
            kinds[kind as usize] += u32::from(passages.contains(seq));
        });
        Weighed::new(passages, &kinds)
    }

    /// The passages that pass the filters; `None` where all do.
    fn mask(&self, query: &Query<'_>) -> Option<Mask> {
        let watermark = self.watermark();
        let by_columns = !query.kinds.is_empty() || query.since.is_some() || query.until.is_some();
        let mut mask = match (query.allowed, by_columns) {
            (None, false) if self.dead.is_empty() || query.superseded => return None,
            (Some(allowed), _) => Mask::from_set(watermark, allowed),
            (None, _) => Mask::full(watermark),
        };
        if by_columns {
            let mut wanted = [query.kinds.is_empty(); PassageKind::ALL.len()];
            for kind in query.kinds {
                wanted[*kind as usize] = true;
            }
            let since = query.since.map_or(i64::MIN, Timestamp::millis);
            let until = query.until.map_or(i64::MAX, Timestamp::millis);
            let open_end = query.until.is_none();
            let mut passing = Mask::empty(watermark);
            self.columns.for_each(|seq, kind, at| {
                let in_time = at.millis() >= since && (open_end || at.millis() < until);
                passing.set(seq, wanted[kind as usize] & in_time);
            });
            mask.intersect(&passing.counted());
        }
        if !query.superseded {
            mask.remove(&self.dead);
        }
        Some(mask)
    }
}

impl Search<'_> {
    /// The `count` passages that pass with the best scores by words; only those that have one.
    pub fn best_texts(&self, count: usize) -> Vec<Hit> {
        let mut best = Best::new(count);
        let mut threshold = 0.0;
        for (seq, score) in (0u32..).zip(&self.text) {
            if *score > threshold && self.passes(seq) {
                best.push(seq, *score);
                threshold = best.threshold().max(0.0);
            }
        }
        best.into_hits()
    }

    /// The `count` passages that pass whose vectors are nearest, with their cosines.
    pub fn best_vectors(&self, count: usize) -> Vec<Hit> {
        let Some(query) = &self.vector else { return Vec::new() };
        self.index.models[self.index.active].nearest(
            query,
            count,
            self.mask.as_ref(),
            self.index.kernel,
        )
    }

    /// All passages that pass whose cosine is at least `least`; the nearest `limit` of them. Reads every vector.
    pub fn vectors_within(&self, least: f32, limit: usize) -> Vec<Hit> {
        let Some(query) = &self.vector else { return Vec::new() };
        self.index.models[self.index.active].within(
            query,
            least,
            limit,
            self.mask.as_ref(),
            self.index.kernel,
        )
    }

    /// The score of a passage by words: BM25 divided by `(k1 + 1)` times the sum of the inverse document frequencies of the
    /// query's distinct words, so that it lies between 0, for a passage without any, and about 1.
    pub fn text_score(&self, seq: u32) -> f32 {
        self.text.get(seq as usize).copied().unwrap_or(0.0)
    }

    /// The cosine of a passage's vector; `None` where it has none yet or the query none.
    pub fn cosine(&self, seq: u32) -> Option<f32> {
        self.index.models[self.index.active].cosine(self.vector.as_ref()?, seq, self.index.kernel)
    }

    /// Whether a passage passes the filters.
    pub fn passes(&self, seq: u32) -> bool {
        self.mask.as_ref().is_none_or(|mask| mask.contains(seq))
    }

    /// How many passages pass the filters.
    pub fn passing(&self) -> usize {
        self.mask.as_ref().map_or(self.index.watermark() as usize, Mask::count)
    }
}
