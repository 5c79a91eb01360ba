//! Answers about code as JSON.

use lichen_engine::{
    AtAnswer, BlameAnswer, CommitInfo, Conversation, EditedLine, Freshness, HistoryAnswer, Life,
    LifeChange, Link, LinksAnswer, ReviewAnswer, SymbolInfo, SymbolsAnswer, format_instant,
};
use serde_json::{Value as Json, json};

/// What stands at a place.
pub(crate) fn at(answer: &AtAnswer) -> Json {
    let edit = answer.edit.as_ref().map(|edit| {
        let (line, after, new_file) = match edit.line {
            EditedLine::None => (None, None, false),
            EditedLine::Same(line) => (Some(line), None, false),
            EditedLine::After(line) => (None, Some(line), false),
            EditedLine::NewFile => (None, None, true),
        };
        json!({
            "changed_lines": edit.changed_lines,
            "committed_line": line,
            "after_line": after,
            "new_file": new_file,
        })
    });
    json!({
        "commit": commit(&answer.commit),
        "path": answer.path,
        "line": answer.line,
        "lines": answer.lines,
        "status": answer.status,
        "edit": edit,
        "symbols": answer.symbols.iter().map(symbol).collect::<Vec<_>>(),
        "life": answer.life.as_ref().map(life),
        "file_commits": answer.file_commits.iter().map(commit).collect::<Vec<_>>(),
        "conversations": conversations(&answer.conversations),
        "freshness": freshness(&answer.freshness),
    })
}

/// The life of a symbol.
pub(crate) fn history(answer: &HistoryAnswer) -> Json {
    json!({
        "symbol": answer.symbol.as_ref().map(symbol),
        "path": answer.path,
        "life": answer.life.as_ref().map(life),
        "file_commits": answer.file_commits.iter().map(commit).collect::<Vec<_>>(),
        "freshness": freshness(&answer.freshness),
    })
}

/// What refers to what.
pub(crate) fn links(answer: &LinksAnswer) -> Json {
    let link = |link: &Link| {
        json!({
            "source": link.source,
            "field": link.field,
            "span": [link.span.0, link.span.1],
            "text": link.text,
            "detector": link.detector,
            "kind": link.kind,
            "status": link.status,
            "rule": link.rule,
            "confidence": link.confidence,
            "candidates": link.candidates,
            "candidate_count": link.candidate_count,
            "symbol": link.symbol.map(|id| id.to_string()),
            "as_of": link.as_of,
            "as_of_rule": link.as_of_rule,
            "as_of_confidence": link.as_of_confidence,
            "permalink": link.permalink,
        })
    };
    json!({
        "of": answer.of.to_string(),
        "kind": answer.of.kind.name(),
        "links": answer.links.iter().map(link).collect::<Vec<_>>(),
        "referring": conversations(&answer.referring),
    })
}

/// Each line's symbol, version and conversation.
pub(crate) fn blame(answer: &BlameAnswer) -> Json {
    let runs: Vec<Json> = answer
        .lines
        .iter()
        .map(|run| {
            json!({
                "first_line": run.first_line,
                "last_line": run.last_line,
                "symbol": run.symbol.as_ref().map(symbol),
                "commit": run.commit.as_ref().map(commit),
                "changes": run.kinds,
                "conversation": run.conversation.as_ref().map(conversation),
                "text": run.text,
            })
        })
        .collect();
    json!({
        "commit": commit(&answer.commit),
        "path": answer.path,
        "lines": runs,
        "freshness": freshness(&answer.freshness),
    })
}

/// Symbols of a commit.
pub(crate) fn symbols(answer: &SymbolsAnswer) -> Json {
    let symbols: Vec<Json> = answer
        .symbols
        .iter()
        .map(|symbol| {
            json!({
                "id": symbol.id.map(|id| id.to_string()),
                "kind": symbol.kind,
                "name": symbol.name,
                "path": symbol.path,
                "first_line": symbol.lines.map(|(first, _)| first),
                "last_line": symbol.lines.map(|(_, last)| last),
                "commit": symbol.commit.as_ref().map(commit),
                "changes": symbol.kinds,
                "gone": symbol.is_gone,
            })
        })
        .collect();
    json!({
        "commit": commit(&answer.commit),
        "symbols": symbols,
        "count": answer.count,
        "freshness": freshness(&answer.freshness),
    })
}

/// What was said about changed symbols.
pub(crate) fn review(answer: &ReviewAnswer) -> Json {
    let symbols: Vec<Json> = answer
        .symbols
        .iter()
        .map(|reviewed| {
            json!({
                "symbol": symbol(&reviewed.symbol),
                "path": reviewed.path,
                "changes": reviewed.kinds,
                "conversations": conversations(&reviewed.conversations),
            })
        })
        .collect();
    json!({
        "base": answer.base,
        "head": answer.head,
        "changed": answer.changed,
        "symbols": symbols,
        "freshness": freshness(&answer.freshness),
    })
}

fn commit(commit: &CommitInfo) -> Json {
    json!({
        "id": commit.id.map(|id| id.to_string()),
        "oid": commit.oid,
        "author": commit.author,
        "at": format_instant(commit.at.at),
        "subject": commit.subject,
    })
}

fn symbol(symbol: &SymbolInfo) -> Json {
    // A symbol that is gone stands on no line.
    let line = |line: u32| (line > 0).then_some(line);
    json!({
        "kind": symbol.kind,
        "name": symbol.name,
        "signature": symbol.signature,
        "first_line": line(symbol.first_line),
        "last_line": line(symbol.last_line),
        "test": symbol.is_test,
    })
}

fn life(life: &Life) -> Json {
    let introduced = life.introduced.as_ref().map(|introduced| {
        json!({
            "commit": commit(&introduced.commit),
            "confidence": introduced.confidence,
            "sure": introduced.is_sure,
        })
    });
    let authors: Vec<Json> = life
        .authors
        .iter()
        .map(|(author, changes)| json!({ "author": author, "changes": changes }))
        .collect();
    json!({
        "symbol": life.symbol.map(|id| id.to_string()),
        "introduced": introduced,
        "changes": life.changes.iter().map(change).collect::<Vec<_>>(),
        "change_count": life.change_count,
        "authors": authors,
        "made_from": life.made_from,
        "later": life.later,
        "whole": life.is_whole,
    })
}

fn change(change: &LifeChange) -> Json {
    json!({
        "commit": commit(&change.commit),
        "landed": change.landed.as_ref().map(commit),
        "changes": change.kinds,
        "method": change.method,
        "score": change.score,
        "name": change.name,
        "signature": change.signature,
        "path": change.path,
        "diff": change.diff,
    })
}

fn conversations(all: &[Conversation]) -> Vec<Json> {
    all.iter().map(conversation).collect()
}

fn conversation(said: &Conversation) -> Json {
    json!({
        "id": said.id.to_string(),
        "kind": said.id.kind.name(),
        "author": said.author,
        "at": format_instant(said.at.at),
        "place": said.place,
        "quote": said.quote,
        "raw": said.raw,
        "of": said.of,
        "detector": said.detector,
        "rule": said.rule,
        "confidence": said.confidence,
    })
}

fn freshness(freshness: &Freshness) -> Json {
    json!({
        "followed": freshness.followed,
        "tip": freshness.tip,
        "behind": freshness.behind,
        "off_chain": freshness.off_chain,
        "notes": freshness.notes,
    })
}
