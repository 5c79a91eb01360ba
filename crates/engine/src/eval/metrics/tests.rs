//! Measures of rankings whose values are known by hand.

use super::*;

fn judged(ranked: &str, relevant: &str, nanos: u64) -> Judged {
    let split = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    Judged {
        ranked: split(ranked),
        relevant: split(relevant).into_iter().collect(),
        streams: None,
        relevant_streams: HashSet::new(),
        nanos,
    }
}

#[track_caller]
fn check(ranked: &str, relevant: &str, recall_at_5: f64, mrr: f64, ndcg_at_10: f64) {
    let metrics = Metrics::of(&[judged(ranked, relevant, 1)]);
    let close = |a: f64, b: f64| (a - b).abs() < 1e-3;
    assert!(close(metrics.recall_at_5, recall_at_5), "recall: {metrics:?}");
    assert!(close(metrics.mrr, mrr), "mrr: {metrics:?}");
    assert!(close(metrics.ndcg_at_10, ndcg_at_10), "ndcg: {metrics:?}");
}

#[test]
fn measures_of_single_rankings() {
    check("a b c", "a", 1.0, 1.0, 1.0);
    check("b a c", "a", 1.0, 0.5, 0.631);
    check("b c d e f a", "a", 0.0, 1.0 / 6.0, 0.356);
    check("x y", "a b", 0.0, 0.0, 0.0);
    check("a x b", "a b", 1.0, 1.0, 0.920);
    check("", "a", 0.0, 0.0, 0.0);
}

#[test]
fn means_and_quantiles_run_over_questions() {
    let metrics = Metrics::of(&[
        judged("a", "a", 1_000_000),
        judged("b", "a", 3_000_000),
        judged("b", "a", 2_000_000),
    ]);
    assert_eq!(metrics.queries, 3);
    assert!((metrics.recall_at_10 - 1.0 / 3.0).abs() < 1e-9);
    assert!((metrics.p50_ms - 2.0).abs() < 1e-9 && (metrics.p99_ms - 3.0).abs() < 1e-9);
    assert_eq!(metrics.session_recall_at_10, None);
    assert_eq!(Metrics::of(&[]).queries, 0);
}

#[test]
fn sessions_count_streams_not_messages() {
    let mut one = judged("a b c", "c d", 1);
    one.streams = Some(vec!["s1".to_owned(), "s2".to_owned()]);
    one.relevant_streams = ["s2".to_owned(), "s9".to_owned()].into();
    assert_eq!(Metrics::of(&[one]).session_recall_at_10, Some(0.5));
}
