//! Answers as JSON of commands that open the store themselves; those of the others are `lichen_server::wire`. These shapes are an
//! interface: the engine's own types may change, these may only grow.

use lichen_engine::{
    EvalReport, HistoryMetrics, HistoryReport, IngestSummary, Metrics, ReferenceCount,
    ReferenceFault, ReferenceMetrics, ReferenceReport,
};
use serde_json::{Map, Value as Json, json};

/// A failure, for standard error.
pub(crate) fn failure(what: &str, hint: Option<&str>, code: u8) -> Json {
    json!({ "error": what, "hint": hint, "exit_code": code })
}

/// What an ingest did.
pub(crate) fn ingest(summary: &IngestSummary) -> Json {
    let problems: Vec<Json> = summary
        .problems
        .iter()
        .map(|problem| json!({ "source": problem.source, "place": problem.place, "what": problem.what }))
        .collect();
    json!({
        "commits": summary.commits,
        "documents": summary.versions,
        "messages": summary.messages,
        "passages": summary.passages,
        "symbol_versions": summary.symbol_versions,
        "references": summary.references,
        "indexed": summary.indexed,
        "seconds": summary.seconds,
        "symbol_seconds": summary.symbol_seconds,
        "problems": problems,
        "problem_count": summary.problem_count,
    })
}

/// The report of an evaluation.
pub(crate) fn eval(report: &EvalReport) -> Json {
    let files: Vec<Json> = report
        .files
        .iter()
        .map(|file| {
            let mut fields = metrics(&file.metrics);
            fields.insert("file".to_owned(), json!(file.path));
            fields.insert("name".to_owned(), json!(file.name));
            Json::Object(fields)
        })
        .collect();
    json!({ "files": files, "total": Json::Object(metrics(&report.total)) })
}

/// The report of an evaluation of history.
pub(crate) fn eval_history(report: &HistoryReport) -> Json {
    let metrics = |metrics: &HistoryMetrics| {
        json!({
            "methods": metrics.methods,
            "f1": metrics.f1,
            "precision": metrics.precision,
            "recall": metrics.recall,
            "introductions": metrics.introductions,
        })
    };
    let repositories: Map<String, Json> =
        report.repositories.iter().map(|(name, of)| (name.clone(), metrics(of))).collect();
    json!({ "repositories": repositories, "total": metrics(&report.total) })
}

/// The report of an evaluation of references.
pub(crate) fn eval_references(report: &ReferenceReport, faults: bool) -> Json {
    let sort = |count: &ReferenceCount| {
        let told = json!({
            "precision": count.precision,
            "recall": count.recall,
            "claimed": count.claimed,
            "right": count.right,
            "labelled": count.labelled,
            "found": count.found,
            "offered": count.offered,
        });
        (count.sort.to_owned(), told)
    };
    let metrics = |metrics: &ReferenceMetrics| {
        json!({
            "messages": metrics.messages,
            "bytes": metrics.bytes,
            "ms_per_kib": metrics.ms_per_kib,
            "sorts": metrics.sorts.iter().map(sort).collect::<Map<String, Json>>(),
        })
    };
    let repositories: Map<String, Json> =
        report.repositories.iter().map(|(name, of)| (name.clone(), metrics(of))).collect();
    let mut told = json!({ "repositories": repositories, "total": metrics(&report.total) });
    if faults {
        let fault = |fault: &ReferenceFault| {
            json!({
                "repository": fault.repository,
                "commit": fault.commit,
                "words": fault.words,
                "sort": fault.sort,
                "told": fault.told,
                "expected": fault.expected,
            })
        };
        told["faults"] = report.faults.iter().map(fault).collect();
    }
    told
}

fn metrics(metrics: &Metrics) -> Map<String, Json> {
    let pairs = [
        ("queries", json!(metrics.queries)),
        ("recall_at_5", json!(metrics.recall_at_5)),
        ("recall_at_10", json!(metrics.recall_at_10)),
        ("recall_at_20", json!(metrics.recall_at_20)),
        ("session_recall_at_5", json!(metrics.session_recall_at_5)),
        ("session_recall_at_10", json!(metrics.session_recall_at_10)),
        ("mrr", json!(metrics.mrr)),
        ("ndcg_at_10", json!(metrics.ndcg_at_10)),
        ("p50_ms", json!(metrics.p50_ms)),
        ("p99_ms", json!(metrics.p99_ms)),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
