//! Ranking: the scores of words and vectors fused, and what the surroundings of a passage add.
//!
//! All parts of a score lie about between 0 and 1 and need no statistics of one query's candidates, so passages of all
//! kinds can be compared. The constants lie on flat optima of labelled conversations and code searches; see
//! `docs/decisions/ranking.md`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use lichen_index::{Index, Row, Search};
use lichen_model::{PassageKind, Timestamp};

use super::question::Question;

/// Passages taken from each side, words and vectors.
const DEPTH: usize = 200;
/// What a cosine counts against the share of the question's words, for prose and messages.
const VECTOR_WEIGHT: f32 = 0.5;
/// The same for code, whose words are fewer and stranger.
const VECTOR_WEIGHT_CODE: f32 = 0.6;
/// What the next message and the one before add of their own scores, then those one further off.
const NEIGHBOUR_WEIGHTS: [f32; 2] = [0.4, 0.2];
/// What a message that asks adds to the one that follows it: an answer often repeats nothing of its question.
const ANSWER_WEIGHT: f32 = 0.4;
/// What being said by someone whom the question names adds.
const AUTHOR_WEIGHT: f32 = 0.15;
/// What being said where someone whom the question names speaks adds.
const PARTICIPANT_WEIGHT: f32 = 0.3;
/// What messages count beside documents, commits and code, whose scores gain nothing from neighbours.
const MESSAGE_SCALE: f32 = 0.55;
/// What being said on the day or in the month that the question names adds; less with every week after it, since
/// people tell things after they happened.
const DATE_WEIGHT: f32 = 0.5;
const DATE_DECAY_DAYS: f32 = 7.0;
const DAY_MILLIS: f32 = 86_400_000.0;

/// A passage and its fused score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ranked {
    pub(crate) seq: u32,
    pub(crate) score: f32,
}

/// All candidates for `question`, best first; equal scores by `seq`.
pub(crate) fn rank(index: &Index, search: &Search<'_>, question: &Question) -> Vec<Ranked> {
    let streams = index.groups_of(&question.authors);
    let mut fusion = Fusion { index, search, streams, own: HashMap::new() };
    let mut ranked: Vec<Ranked> = candidates(index, search)
        .into_iter()
        .filter_map(|seq| Some(Ranked { seq, score: fusion.score(seq, index.row(seq)?, question) }))
        .collect();
    ranked.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.seq.cmp(&b.seq)));
    ranked
}

/// The best of both sides, and the messages beside them, for an answer may share no word with its question.
fn candidates(index: &Index, search: &Search<'_>) -> Vec<u32> {
    let best: HashSet<u32> = search
        .best_texts(DEPTH)
        .iter()
        .chain(&search.best_vectors(DEPTH))
        .map(|hit| hit.seq)
        .collect();
    let mut all = best.clone();
    for seq in best {
        if index.row(seq).is_some_and(|row| is_message(row.kind)) {
            let (before, after) = index.neighbours(seq, 1);
            all.extend(before.into_iter().chain(after).filter(|&near| search.passes(near)));
        }
    }
    let mut all: Vec<u32> = all.into_iter().collect();
    all.sort_unstable();
    all
}

fn is_message(kind: PassageKind) -> bool {
    matches!(kind, PassageKind::Chat | PassageKind::Agent | PassageKind::Thinking)
}

/// Scores of one search, each computed once.
struct Fusion<'a> {
    index: &'a Index,
    search: &'a Search<'a>,
    /// Streams in which someone speaks whom the question names.
    streams: HashSet<u64>,
    own: HashMap<u32, f32>,
}

impl Fusion<'_> {
    /// What a passage earns by its own words and vector.
    fn own(&mut self, seq: u32, kind: PassageKind) -> f32 {
        let search = self.search;
        *self.own.entry(seq).or_insert_with(|| {
            let weight = if kind == PassageKind::Code { VECTOR_WEIGHT_CODE } else { VECTOR_WEIGHT };
            search.text_score(seq) + weight * search.cosine(seq).unwrap_or(0.0)
        })
    }

    fn score(&mut self, seq: u32, row: Row, question: &Question) -> f32 {
        let message = is_message(row.kind);
        let mut score = self.own(seq, row.kind);
        if message {
            score += self.surroundings(seq, row.kind);
        }
        if question.authors.binary_search(&row.author).is_ok() {
            score += AUTHOR_WEIGHT;
        }
        if message && self.streams.contains(&row.group) {
            score += PARTICIPANT_WEIGHT;
        }
        let close = question.during.iter().map(|during| closeness(row.at, during));
        score += DATE_WEIGHT * close.fold(0.0, f32::max);
        if message { MESSAGE_SCALE * score } else { score }
    }

    /// What the messages around one add to it.
    fn surroundings(&mut self, seq: u32, kind: PassageKind) -> f32 {
        let (before, after) = self.index.neighbours(seq, NEIGHBOUR_WEIGHTS.len());
        let mut added = 0.0;
        for side in [&before, &after] {
            for (near, weight) in side.iter().zip(NEIGHBOUR_WEIGHTS) {
                added += weight * self.own(*near, kind);
            }
        }
        if let Some(&asked) = before.first()
            && self.index.row(asked).is_some_and(|row| row.asks)
        {
            added += ANSWER_WEIGHT * self.own(asked, kind);
        }
        added
    }
}

/// 1 within `during`, falling after it, 0 before.
fn closeness(at: Timestamp, during: &Range<Timestamp>) -> f32 {
    if at < during.start {
        0.0
    } else if at < during.end {
        1.0
    } else {
        let days = (at.millis() - during.end.millis()) as f32 / DAY_MILLIS;
        (-days / DATE_DECAY_DAYS).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closeness_is_one_within_and_falls_after() {
        let during = Timestamp(0)..Timestamp(86_400_000);
        assert!(closeness(Timestamp(-1), &during) < f32::EPSILON);
        assert!(closeness(Timestamp(5), &during) > 1.0 - f32::EPSILON);
        let week_after = closeness(Timestamp(8 * 86_400_000), &during);
        assert!((week_after - (-1.0_f32).exp()).abs() < 1e-3, "{week_after}");
    }
}
