//! Answers as JSON. These shapes are an interface: the engine's own types may change, these may only grow.

mod code;

use lichen_engine::{
    Answer, DoctorFinding, EvalReport, Found, HistoryMetrics, HistoryReport, IngestSummary,
    MessageView, Metrics, ReferenceCount, ReferenceFault, ReferenceMetrics, ReferenceReport,
    Status, TOKEN_BYTES, Table, Value, format_instant,
};
use serde_json::{Map, Value as Json, json};

pub(crate) use code::{at, blame, history, links, review, symbols};

/// A failure, for standard error.
pub(crate) fn failure(what: &str, hint: Option<&str>, code: u8) -> Json {
    json!({ "error": what, "hint": hint, "exit_code": code })
}

/// A recall's answer.
pub(crate) fn answer(answer: &Answer) -> Json {
    let kinds: Vec<&str> = answer.scope.kinds.iter().map(|kind| kind.name()).collect();
    let hits: Vec<Json> = answer
        .hits
        .iter()
        .map(|hit| {
            let flags: Vec<&str> = hit.flags.iter().map(|flag| flag.name()).collect();
            json!({
                "id": hit.id.to_string(),
                "short_id": hit.id.short(),
                "handle": hit.handle(),
                "revision": hit.revision,
                "kind": hit.kind.name(),
                "at": format_instant(hit.at),
                "author": hit.author,
                "place": hit.place,
                "commit": hit.commit,
                "flags": flags,
                "score": hit.score,
                "snippet": hit.snippet,
            })
        })
        .collect();
    json!({
        "scope": {
            "kinds": kinds,
            "passages": answer.scope.passages,
            "head": answer.scope.head,
            "lag": answer.scope.lag,
            "notes": answer.scope.notes,
        },
        "candidates": answer.candidates,
        "hits": hits,
    })
}

/// Messages with all that the store knows of them.
pub(crate) fn messages(views: &[MessageView]) -> Vec<Json> {
    let one = |view: &MessageView| {
        let message = &view.message;
        let meta: Json = serde_json::from_str(&message.meta).unwrap_or(Json::Null);
        json!({
            "id": message.id.any().to_string(),
            "external_id": message.external_id,
            "stream": view.stream.name,
            "author": message.author,
            "at": format_instant(message.sent.at),
            "text": message.text,
            "reply_to": message.reply_to.map(|id| id.any().to_string()),
            "replaces": message.replaces.map(|id| id.any().to_string()),
            "meta": meta,
        })
    };
    views.iter().map(one).collect()
}

/// Things found by their ids.
pub(crate) fn found(found: &[Found]) -> Json {
    let one = |found: &Found| {
        let provenance: Map<String, Json> =
            found.provenance.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({
            "id": found.id.to_string(),
            "kind": found.id.kind.name(),
            "provenance": provenance,
            "text": found.text,
            "offset": found.offset,
            "bytes": found.bytes,
            "next_offset": found.next_offset,
            "asked_for": found.asked_for,
        })
    };
    json!({ "found": found.iter().map(one).collect::<Vec<_>>() })
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

/// The state of a store.
pub(crate) fn status(status: &Status) -> Json {
    let counts: Map<String, Json> =
        status.counts.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
    let heads: Vec<Json> = status
        .heads
        .iter()
        .map(
            |head| json!({ "repo": head.repo, "ref": head.name, "oid": head.oid, "lag": head.lag }),
        )
        .collect();
    let sizes: Map<String, Json> =
        status.sizes.iter().map(|(name, bytes)| (name.clone(), json!(bytes))).collect();
    json!({
        "store": status.dir,
        "counts": counts,
        "heads": heads,
        "index": {
            "model": status.index.model,
            "indexed": status.index.indexed,
            "lag": status.index.lag,
            "state": status.index.state,
        },
        "sizes": sizes,
    })
}

/// What `doctor` found.
pub(crate) fn doctor(findings: &[DoctorFinding]) -> Json {
    let findings: Vec<Json> = findings
        .iter()
        .map(|finding| json!({ "check": finding.check, "what": finding.what, "repair": finding.repair }))
        .collect();
    json!({ "healthy": findings.is_empty(), "findings": findings })
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

/// A table of a query.
pub(crate) fn table(table: &Table) -> Json {
    let rows: Vec<Json> = table
        .rows
        .iter()
        .map(|row| {
            let fields = table
                .columns
                .iter()
                .zip(row)
                .map(|(column, value)| (column.name.clone(), self::value(value)));
            Json::Object(fields.collect())
        })
        .collect();
    json!({ "rows": rows, "truncated": table.truncated })
}

fn value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => {
            i64::try_from(*value).map_or_else(|_| json!(value.to_string()), |value| json!(value))
        }
        Value::Float(value) => json!(value),
        Value::Text(value) => json!(value),
    }
}

/// An answer as JSON of at most `budget` tokens: hits that do not fit are left out from the end.
pub(crate) fn capped_answer(answer: &mut Answer, budget: usize) -> anyhow::Result<String> {
    loop {
        let text = serde_json::to_string(&self::answer(answer))?;
        if text.len() <= budget.saturating_mul(TOKEN_BYTES) || answer.hits.pop().is_none() {
            return Ok(text);
        }
    }
}
