//! Measures of a ranking: recall, mean reciprocal rank, and normalised discounted cumulative gain.

use std::collections::HashSet;

/// Means over questions; each measure lies between 0 and 1. Latencies are of whole recalls, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// How many questions were asked.
    pub queries: usize,
    /// Share of the relevant items among the first 5.
    pub recall_at_5: f64,
    /// Share of the relevant items among the first 10.
    pub recall_at_10: f64,
    /// Share of the relevant items among the first 20.
    pub recall_at_20: f64,
    /// Share of the streams that hold the relevant messages among the first 5 streams; `None` without streams.
    pub session_recall_at_5: Option<f64>,
    /// The same among the first 10 streams.
    pub session_recall_at_10: Option<f64>,
    /// Mean of one over the rank of the first relevant item (0 where none is found).
    pub mrr: f64,
    /// Normalised discounted cumulative gain of the first 10 with binary relevance (Järvelin and Kekäläinen, 2002).
    pub ndcg_at_10: f64,
    /// Median latency.
    pub p50_ms: f64,
    /// 99th percentile of latency.
    pub p99_ms: f64,
}

/// One question's ranking beside its labels.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Items, best first, each once.
    pub(crate) ranked: Vec<String>,
    /// Items that answer the question.
    pub(crate) relevant: HashSet<String>,
    /// Streams, best first, each once; `None` where items have no streams.
    pub(crate) streams: Option<Vec<String>>,
    /// Streams of the relevant items.
    pub(crate) relevant_streams: HashSet<String>,
    /// How long the recall took.
    pub(crate) nanos: u64,
}

/// Share of `relevant` among the first `k` of `ranked`.
fn recall_at(ranked: &[String], relevant: &HashSet<String>, k: usize) -> f64 {
    let found = ranked.iter().take(k).filter(|item| relevant.contains(*item)).count();
    found as f64 / relevant.len() as f64
}

fn reciprocal_rank(judged: &Judged) -> f64 {
    let rank = judged.ranked.iter().position(|item| judged.relevant.contains(item));
    rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64)
}

fn ndcg_at(judged: &Judged, k: usize) -> f64 {
    let discount = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let gained: f64 = (judged.ranked.iter().take(k).enumerate())
        .filter(|(_, item)| judged.relevant.contains(*item))
        .map(|(rank, _)| discount(rank))
        .sum();
    let ideal: f64 = (0..judged.relevant.len().min(k)).map(discount).sum();
    gained / ideal
}

/// The value below which the share `q` of the sorted `values` lies (nearest rank).
fn quantile(values: &[u64], q: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank within the slice"
    )]
    let rank = ((values.len() as f64 * q).ceil() as usize).clamp(1, values.len()) - 1;
    values[rank] as f64 / 1e6
}

impl Metrics {
    /// The means over `judged`; zeros where it is empty.
    pub(crate) fn of(judged: &[Judged]) -> Self {
        if judged.is_empty() {
            return Self::default();
        }
        let mean =
            |of: &dyn Fn(&Judged) -> f64| judged.iter().map(of).sum::<f64>() / judged.len() as f64;
        let sessions = |k: usize| {
            let with: Vec<f64> = judged
                .iter()
                .filter_map(|one| {
                    Some(recall_at(one.streams.as_deref()?, &one.relevant_streams, k))
                })
                .collect();
            (!with.is_empty()).then(|| with.iter().sum::<f64>() / with.len() as f64)
        };
        let mut nanos: Vec<u64> = judged.iter().map(|one| one.nanos).collect();
        nanos.sort_unstable();
        Self {
            queries: judged.len(),
            recall_at_5: mean(&|one| recall_at(&one.ranked, &one.relevant, 5)),
            recall_at_10: mean(&|one| recall_at(&one.ranked, &one.relevant, 10)),
            recall_at_20: mean(&|one| recall_at(&one.ranked, &one.relevant, 20)),
            session_recall_at_5: sessions(5),
            session_recall_at_10: sessions(10),
            mrr: mean(&reciprocal_rank),
            ndcg_at_10: mean(&|one| ndcg_at(one, 10)),
            p50_ms: quantile(&nanos, 0.5),
            p99_ms: quantile(&nanos, 0.99),
        }
    }
}

#[cfg(test)]
mod tests;
