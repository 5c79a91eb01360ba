//! Scores of all passages for a query: BM25 term by term into one number per passage, as a share of what a passage
//! could reach that has every word of the query many times. Scores of different queries and classes so compare.
//!
//! The library's own BM25 fixes `k1` and `b`, and ranks fields apart; a store of some hundred thousand short
//! passages needs neither its pruning nor its approximations.
//!
//! **Invariant:** a score depends on the passages and the query, not on how passages are split into segments: counts
//! are sums over all of them, and a passage's terms are added in the order of the query.

use std::sync::Arc;

use lichen_model::PassageKind;
use tantivy::fieldnorm::FieldNormReader;

use super::query::{ClassQuery, QueryTerm};
use super::recipe::{Bm25, Class, by_class};
use super::schema::Part;
use super::segment::Segment;
use super::tail::Tail;
use crate::error::Result;
use crate::mask::Mask;

/// The texts to score: all segments in order, then the tail.
pub(crate) struct Corpus<'a> {
    pub(crate) segments: &'a [Arc<Segment>],
    pub(crate) tail: &'a Tail,
    /// Passages per class, of those by which words are weighed.
    pub(crate) counts: [u32; Class::ALL.len()],
    /// The only passages by which words are weighed; `None` for all.
    pub(crate) weighed: Option<&'a Weighed>,
}

/// Some passages by which words are weighed, as if there were no others.
pub(crate) struct Weighed {
    passages: Mask,
    counts: [u32; Class::ALL.len()],
}

impl Weighed {
    /// These passages, of which so many are of each kind.
    pub(crate) fn new(passages: Mask, kinds: &[u32; PassageKind::ALL.len()]) -> Self {
        Self { passages, counts: by_class(kinds) }
    }

    /// Passages per class.
    pub(crate) fn counts(&self) -> [u32; Class::ALL.len()] {
        self.counts
    }
}

/// What is the same for all terms of a class.
struct Statistics {
    passages: f32,
    bm25: Bm25,
    /// `k1 * (1 - b)`.
    base: f32,
    /// What one token adds: `k1 * b / average length`.
    per_token: f32,
}

impl Corpus<'_> {
    /// Adds the scores of the passages of `class`, by passage.
    pub(crate) fn score(
        &self,
        class: Class,
        query: &ClassQuery,
        bm25: Bm25,
        phrase_weight: f32,
        scores: &mut [f32],
    ) -> Result<()> {
        let passages = self.counts[class as usize];
        if passages == 0 {
            return Ok(());
        }
        let tokens = self.tokens(class, Part::Body) as f32
            + bm25.context_weight * self.tokens(class, Part::Context) as f32;
        let average = (tokens / passages as f32).max(1.0);
        let statistics = Statistics {
            passages: passages as f32,
            bm25,
            base: bm25.k1 * (1.0 - bm25.b),
            per_token: bm25.k1 * bm25.b / average,
        };
        let mut idfs = Vec::with_capacity(query.terms.len());
        for known in &query.terms {
            idfs.push(statistics.idf(self.doc_freq(class, &known.term, statistics.parts())?));
        }
        // Words that the texts do not know count for nothing, unless others stand for all that was asked.
        let known: f32 = idfs.iter().sum();
        let stood_for = query.terms.iter().filter(|known| !known.similar.is_empty()).count();
        let total =
            if known > 0.0 { known } else { stood_for as f32 * statistics.idf_of_unknown() };
        if total <= 0.0 {
            return Ok(());
        }
        for (known, idf) in query.terms.iter().zip(idfs) {
            self.score_term(class, known, idf, total, &statistics, scores)?;
        }
        for phrase in &query.phrases {
            self.score_phrase(class, phrase, phrase_weight / total, &statistics, scores)?;
        }
        Ok(())
    }

    /// Tokens of a field; of some passages the sum of their lengths, which are rounded.
    fn tokens(&self, class: Class, part: Part) -> u64 {
        let Some(weighed) = self.weighed else {
            let sealed: u64 = self.segments.iter().map(|segment| segment.tokens(class, part)).sum();
            return sealed + self.tail.tokens(class, part);
        };
        let mut tokens = 0;
        for segment in self.segments {
            let lens = segment.norms(class, part);
            for doc in
                (0..segment.len()).filter(|doc| weighed.passages.contains(segment.first() + doc))
            {
                tokens += u64::from(lens.fieldnorm(doc));
            }
        }
        for doc in (0..self.tail.len()).filter(|doc| self.tail.class(*doc) == class) {
            if weighed.passages.contains(self.tail.first() + doc) {
                tokens += u64::from(self.tail.text_len(doc, part));
            }
        }
        tokens
    }

    /// In how many passages of the class the term is: the larger of body and context, as Lucene's combined fields count.
    fn doc_freq(&self, class: Class, term: &str, parts: &[Part]) -> Result<u32> {
        let mut largest = 0;
        for part in parts {
            largest = largest.max(match self.weighed {
                None => self.doc_freq_of_all(class, *part, term)?,
                Some(weighed) => self.doc_freq_of(weighed, class, *part, term)?,
            });
        }
        Ok(largest)
    }

    fn doc_freq_of_all(&self, class: Class, part: Part, term: &str) -> Result<u32> {
        let mut count = self.tail.doc_freq(class, part, term);
        for segment in self.segments {
            count += segment.doc_freq(class, part, term)?;
        }
        Ok(count)
    }

    fn doc_freq_of(&self, weighed: &Weighed, class: Class, part: Part, term: &str) -> Result<u32> {
        let mut count = 0;
        let mut add = |seq: u32| count += u32::from(weighed.passages.contains(seq));
        for segment in self.segments {
            segment.postings(class, part, term, |doc, _| add(segment.first() + doc))?;
        }
        self.tail.postings(class, part, term, |doc, _| add(self.tail.first() + doc));
        Ok(count)
    }

    /// Adds a word's scores: of each passage the best among the word and those that stand for it. One of these is worth
    /// no more than the word, however rare it is.
    fn score_term(
        &self,
        class: Class,
        known: &QueryTerm,
        idf: f32,
        total: f32,
        statistics: &Statistics,
        scores: &mut [f32],
    ) -> Result<()> {
        if known.similar.is_empty() {
            let weight = idf / total;
            return self.each_passage(class, &known.term, statistics, |seq, share| {
                scores[seq as usize] += weight * share;
            });
        }
        let (mut best, mut touched) = (vec![0.0f32; scores.len()], Vec::new());
        let mut offer = |seq: u32, score: f32| {
            let slot = &mut best[seq as usize];
            if *slot == 0.0 {
                touched.push(seq);
            }
            *slot = slot.max(score);
        };
        let weight = idf / total;
        self.each_passage(class, &known.term, statistics, |seq, share| offer(seq, weight * share))?;
        let worth = if idf > 0.0 { idf } else { statistics.idf_of_unknown() };
        for (other, counts) in &known.similar {
            let idf = statistics.idf(self.doc_freq(class, other, statistics.parts())?);
            let weight = counts * idf.min(worth) / total;
            self.each_passage(class, other, statistics, |seq, share| offer(seq, weight * share))?;
        }
        for seq in touched {
            scores[seq as usize] += std::mem::take(&mut best[seq as usize]);
        }
        Ok(())
    }

    /// Calls `each` with the passages that have the term, and how far it is saturated there, 0 to 1.
    fn each_passage(
        &self,
        class: Class,
        term: &str,
        statistics: &Statistics,
        mut each: impl FnMut(u32, f32),
    ) -> Result<()> {
        let with_context = statistics.parts().contains(&Part::Context);
        let mut context: Vec<(u32, u32)> = Vec::new();
        for segment in self.segments {
            context.clear();
            if with_context {
                segment
                    .postings(class, Part::Context, term, |doc, freq| context.push((doc, freq)))?;
            }
            let lens = SegmentLens::new(segment, class, statistics);
            let mut joined = Joined { context: &context, weight: statistics.bm25.context_weight };
            let mut add =
                |doc: u32, freq: f32| each(segment.first() + doc, saturated(freq, lens.of(doc)));
            segment
                .postings(class, Part::Body, term, |doc, freq| joined.body(doc, freq, &mut add))?;
            joined.rest(&mut add);
        }
        context.clear();
        if with_context {
            self.tail.postings(class, Part::Context, term, |doc, freq| context.push((doc, freq)));
        }
        let mut joined = Joined { context: &context, weight: statistics.bm25.context_weight };
        let mut add = |doc: u32, freq: f32| {
            each(self.tail.first() + doc, saturated(freq, self.tail_len(doc, statistics)));
        };
        self.tail.postings(class, Part::Body, term, |doc, freq| joined.body(doc, freq, &mut add));
        joined.rest(&mut add);
        Ok(())
    }

    fn score_phrase(
        &self,
        class: Class,
        phrase: &[(String, u32)],
        weight: f32,
        statistics: &Statistics,
        scores: &mut [f32],
    ) -> Result<()> {
        let mut found: Vec<(u32, f32, f32)> = Vec::new();
        for segment in self.segments {
            let lens = SegmentLens::new(segment, class, statistics);
            segment.phrase(class, phrase, |doc, freq| {
                found.push((segment.first() + doc, freq as f32, lens.of(doc)));
            })?;
        }
        self.tail.phrase(class, phrase, |doc, freq| {
            found.push((self.tail.first() + doc, freq as f32, self.tail_len(doc, statistics)));
        });
        if let Some(weighed) = self.weighed {
            found.retain(|(seq, ..)| weighed.passages.contains(*seq));
        }
        let weight = weight * statistics.idf(u32::try_from(found.len()).unwrap_or(u32::MAX));
        for (seq, freq, len) in found {
            scores[seq as usize] += weight * saturated(freq, len);
        }
        Ok(())
    }

    fn tail_len(&self, doc: u32, statistics: &Statistics) -> f32 {
        let len = |part| self.tail.text_len(doc, part) as f32;
        statistics.discount(len(Part::Body), len(Part::Context))
    }
}

impl Statistics {
    /// The parts that count.
    fn parts(&self) -> &'static [Part] {
        if self.bm25.context_weight > 0.0 { &Part::ALL } else { &[Part::Body] }
    }

    /// What a term in so many passages is worth; 0 for one in none.
    fn idf(&self, doc_freq: u32) -> f32 {
        if doc_freq == 0 {
            return 0.0;
        }
        let with = (doc_freq as f32).min(self.passages);
        (1.0 + (self.passages - with + 0.5) / (with + 0.5)).ln()
    }

    /// `k1 * (1 - b + b * length / average length)`.
    fn discount(&self, body: f32, context: f32) -> f32 {
        self.base + self.per_token * (body + self.bm25.context_weight * context)
    }

    /// What a term in no passage would be worth.
    fn idf_of_unknown(&self) -> f32 {
        (1.0 + (self.passages + 0.5) / 0.5).ln()
    }
}

/// A term's share of its worth: more the more often it is there, and less the longer the text.
fn saturated(freq: f32, discount: f32) -> f32 {
    freq / (freq + discount)
}

/// The discounts of a segment's texts.
struct SegmentLens<'a> {
    body: &'a FieldNormReader,
    context: &'a FieldNormReader,
    statistics: &'a Statistics,
}

impl<'a> SegmentLens<'a> {
    fn new(segment: &'a Segment, class: Class, statistics: &'a Statistics) -> Self {
        Self {
            body: segment.norms(class, Part::Body),
            context: segment.norms(class, Part::Context),
            statistics,
        }
    }

    fn of(&self, doc: u32) -> f32 {
        self.statistics
            .discount(self.body.fieldnorm(doc) as f32, self.context.fieldnorm(doc) as f32)
    }
}

/// Joins the lists of body and context of one term: both ascend, and a passage of both counts once.
struct Joined<'a> {
    context: &'a [(u32, u32)],
    weight: f32,
}

impl Joined<'_> {
    fn body(&mut self, doc: u32, freq: u32, add: &mut impl FnMut(u32, f32)) {
        while let Some(((first, of_context), rest)) = self.context.split_first() {
            if *first > doc {
                break;
            }
            self.context = rest;
            if *first == doc {
                add(doc, freq as f32 + self.weight * *of_context as f32);
                return;
            }
            add(*first, self.weight * *of_context as f32);
        }
        add(doc, freq as f32);
    }

    fn rest(&mut self, add: &mut impl FnMut(u32, f32)) {
        for (doc, freq) in std::mem::take(&mut self.context) {
            add(*doc, self.weight * *freq as f32);
        }
    }
}
