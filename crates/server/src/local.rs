//! Asks answered by an engine in this process: the one place where asks become answers, whichever way they came.

mod keys;

use std::time::Duration;

use lichen_engine::{
    AnyId, Engine, Error as EngineError, Found, MessageView, Observer, Reader, Run, SqlLimits,
    StreamLimits, TOKEN_BYTES, WindowFormat, answer_text, at_text, blame_text, claimed_text,
    found_text, history_text, links_text, printable, review_markdown, review_text, symbols_text,
    window_text,
};

use crate::Result;
use crate::access::Caller;
use crate::ask::{
    Ask, ClaimAsk, CutAsk, DocumentAsk, DocumentsAsk, FormatAsk, GetAsk, MessageFormat,
    ReviewFormat, RunEnd, RunsAsk, SqlAsk, StreamAsk, StreamsAsk, TableFormat, Thing,
};
use crate::memory::{Reply, Shape, Verdict};
use crate::wire::{self, json, text};

impl Ask {
    /// Whether only the engine itself can do it, between two batches of messages.
    pub(crate) const fn needs_engine(&self) -> bool {
        matches!(
            self,
            Self::Claim(..)
                | Self::EndRun(..)
                | Self::Doctor(_)
                | Self::Sql(_)
                | Self::CreateKey(_)
                | Self::RotateKey(..)
                | Self::RevokeKey(_)
        )
    }

    /// Whether it changes who is let in.
    pub(crate) const fn changes_keys(&self) -> bool {
        matches!(self, Self::CreateKey(_) | Self::RotateKey(..) | Self::RevokeKey(_))
    }
}

fn wrong(what: impl Into<String>) -> crate::Error {
    EngineError::Question { what: what.into() }.into()
}

/// An answer, written in the shape that is asked for.
fn reply(shape: Shape, json: impl FnOnce() -> String, text: impl FnOnce() -> String) -> Reply {
    let body = match shape {
        Shape::Json => json(),
        Shape::Text => text(),
    };
    Reply { body, ..Reply::default() }
}

/// Answers what a reader can.
pub(crate) fn answer(reader: &Reader, ask: &Ask, shape: Shape) -> Result<Reply> {
    Ok(match ask {
        Ask::Recall(ask) => {
            let answer = reader.recall(&ask.recall(reader)?)?;
            let capped = || wire::RecallAnswer::from(&answer).capped(ask.budget);
            reply(shape, capped, || answer_text(&answer, ask.budget))
        }
        Ask::Get(ask) => {
            let found = found(reader, ask)?;
            let shaped = || json(&wire::FoundThings::from(found.as_slice()));
            reply(shape, shaped, || found_text(&found))
        }
        Ask::At(ask) => {
            let answer = reader.at(&ask.at(reader))?;
            reply(shape, || json(&wire::Place::from(&answer)), || at_text(&answer))
        }
        Ask::History(ask) => {
            let answer = reader.history(&ask.history(reader))?;
            reply(shape, || json(&wire::History::from(&answer)), || history_text(&answer))
        }
        Ask::Blame(ask) => {
            let answer = reader.blame(&ask.blame(reader))?;
            reply(shape, || json(&wire::BlamedFile::from(&answer)), || blame_text(&answer))
        }
        Ask::Symbols(ask) => {
            let answer = reader.symbols(&ask.list(reader))?;
            reply(shape, || json(&wire::SymbolPage::from(&answer)), || symbols_text(&answer))
        }
        Ask::Review(ask) => {
            let answer = reader.review(&ask.review(reader))?;
            let text = || match ask.format {
                ReviewFormat::Text => review_text(&answer),
                ReviewFormat::Markdown => review_markdown(&answer),
            };
            let written = reply(shape, || json(&wire::ReviewShape::from(&answer)), text);
            Reply { notes: answer.freshness.notes.clone(), ..written }
        }
        Ask::Links(ask) => {
            let answer = reader.links(&ask.links(reader))?;
            reply(shape, || json(&wire::LinksShape::from(&answer)), || links_text(&answer))
        }
        Ask::Status => {
            let status = reader.status()?;
            reply(shape, || json(&wire::StatusShape::from(&status)), || text::status(&status))
        }
        Ask::Streams(ask) => streams(reader, ask, shape)?,
        Ask::Stream(ask) => stream(reader, ask, shape)?,
        Ask::Tail(ask, tail) => {
            let stream = reader.stream(&ask.stream)?;
            messages(&reader.tail(stream.id, tail.last)?, shape)
        }
        Ask::Windows(ask, cut) => {
            let windows = reader.windows(reader.stream(&ask.stream)?.id, &cut.spec()?)?;
            let shapes = || windows.iter().map(Into::into).collect();
            let shaped = || json(&wire::WindowPage { windows: shapes() });
            reply(shape, shaped, || text::lines(&windows, text::window))
        }
        Ask::Window(ask, number, cut, format) => window(reader, ask, *number, cut, *format, shape)?,
        Ask::DocumentWindows(ask, cut) => {
            let cut = reader.document_windows(reader.document_at(&ask.path)?, &cut.spec()?)?;
            let shapes = || cut.iter().map(|(window, _)| window.into()).collect();
            let shaped = || json(&wire::WindowPage { windows: shapes() });
            reply(shape, shaped, || text::lines(&cut, |(window, _)| text::window(window)))
        }
        Ask::DocumentWindow(ask, number, cut) => document_window(reader, ask, *number, cut, shape)?,
        Ask::ClaimedWindow(asked, format) => claimed_window(reader, asked, *format, shape)?,
        Ask::Documents(ask) => documents(reader, ask, shape)?,
        Ask::Runs(ask) => runs(reader, ask, shape)?,
        Ask::Keys => keys::list(reader, shape)?,
        Ask::Audit => keys::audit(reader, shape)?,
        Ask::Claim(..)
        | Ask::EndRun(..)
        | Ask::Doctor(_)
        | Ask::Sql(_)
        | Ask::CreateKey(_)
        | Ask::RotateKey(..)
        | Ask::RevokeKey(_) => unreachable!("these are asked of the engine"),
    })
}

/// Things in the order asked for, within one budget.
fn found(reader: &Reader, ask: &GetAsk) -> Result<Vec<Found>> {
    let (mut found, mut budget) = (Vec::new(), ask.budget);
    for thing in ask.things()? {
        let more = match thing {
            Thing::Id(id) => reader.get(&ask.get(id, budget))?,
            Thing::File(place) => vec![reader.file(&ask.file(place, budget, reader))?],
        };
        let bytes: usize = more.iter().map(|one| one.text.len()).sum();
        budget = budget.saturating_sub(bytes.div_ceil(TOKEN_BYTES));
        found.extend(more);
    }
    Ok(found)
}

/// Does what only the engine can.
pub(crate) fn act(
    engine: &mut Engine,
    ask: &Ask,
    shape: Shape,
    caller: &Caller,
    observer: &mut dyn Observer,
) -> Result<Reply> {
    let limits = caller.limits();
    match ask {
        Ask::Claim(ask, format) => claim(engine, ask, *format, shape, limits),
        Ask::EndRun(run, end) => {
            let run = match limits {
                Some(limits) => engine.read().limited(limits.clone())?.run_named(run)?,
                None => engine.read().run_named(run)?,
            };
            let info = match end {
                RunEnd::Done => engine.finish_run(run)?,
                RunEnd::Fail(fail) => engine.fail_run(run, &fail.reason)?,
                RunEnd::Split(split) => engine.split_run(run, split.into)?,
            };
            Ok(reply(shape, || json(&wire::RunStanding::from(&info)), || text::run(&info)))
        }
        Ask::Doctor(ask) => {
            let findings = engine.doctor(ask.repair, observer)?;
            let shaped = || json(&wire::DoctorShape::from(findings.as_slice()));
            let written = reply(shape, shaped, || text::doctor(&findings));
            let damaged = findings.iter().any(|finding| finding.damage);
            let verdict = if damaged { Verdict::Damaged } else { Verdict::Answered };
            Ok(Reply { verdict, ..written })
        }
        Ask::Sql(ask) => sql(engine, ask, shape),
        Ask::CreateKey(ask) => keys::create(engine, ask, shape, caller.actor()),
        Ask::RotateKey(id, ask) => keys::rotate(engine, id, ask, shape, caller.actor()),
        Ask::RevokeKey(id) => keys::revoke(engine, id, shape, caller.actor()),
        _ => answer(engine.read(), ask, shape),
    }
}

/// The part of a list that begins behind the thing `cursor` names, and the cursor of the part behind it.
fn page<T>(
    mut all: Vec<T>,
    cursor: Option<&String>,
    limit: Option<usize>,
    id: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<String>)> {
    if limit == Some(0) {
        return Err(wrong("the limit of a list is at least 1"));
    }
    if let Some(cursor) = cursor {
        let at = all
            .iter()
            .position(|one| id(one) == *cursor)
            .ok_or_else(|| wrong(format!("`{cursor}` is no cursor of this list: begin anew")))?;
        all.drain(..=at);
    }
    let limit = limit.unwrap_or(usize::MAX);
    let next = if all.len() > limit {
        all.truncate(limit);
        all.last().map(id)
    } else {
        None
    };
    Ok((all, next))
}

fn streams(reader: &Reader, ask: &StreamsAsk, shape: Shape) -> Result<Reply> {
    let (all, next_cursor) = page(reader.streams()?, ask.cursor.as_ref(), ask.limit, |one| {
        one.stream.id.any().to_string()
    })?;
    let shapes = || all.iter().map(Into::into).collect();
    let shaped = || json(&wire::StreamPage { streams: shapes(), next_cursor });
    Ok(reply(shape, shaped, || text::lines(&all, text::stream)))
}

fn stream(reader: &Reader, ask: &StreamAsk, shape: Shape) -> Result<Reply> {
    let id = reader.stream(&ask.stream)?.id;
    let one = reader.streams()?.into_iter().find(|one| one.stream.id == id);
    let one = one.ok_or(EngineError::UnknownId { id: id.any().to_string() })?;
    Ok(reply(shape, || json(&wire::StreamShape::from(&one)), || text::stream(&one)))
}

fn documents(reader: &Reader, ask: &DocumentsAsk, shape: Shape) -> Result<Reply> {
    let after = ask.cursor.as_deref().map(str::parse::<AnyId>).transpose();
    let after = after.map_err(|_| wrong("the cursor is none of this list: begin anew"))?;
    if ask.limit == 0 {
        return Err(wrong("the limit of a list is at least 1"));
    }
    let mut all = reader.documents(ask.path.as_deref(), after, ask.limit.saturating_add(1))?;
    let next_cursor = if all.len() > ask.limit {
        all.truncate(ask.limit);
        all.last().map(|document| document.id.to_string())
    } else {
        None
    };
    let shapes = || all.iter().map(Into::into).collect();
    let shaped = || json(&wire::DocumentPage { documents: shapes(), next_cursor });
    Ok(reply(shape, shaped, || text::lines(&all, text::document)))
}

fn runs(reader: &Reader, ask: &RunsAsk, shape: Shape) -> Result<Reply> {
    let runs = reader.runs(ask.consumer.as_deref())?;
    let (all, next_cursor) =
        page(runs, ask.cursor.as_ref(), ask.limit, |info| info.run.id.any().to_string())?;
    let shapes = || all.iter().map(Into::into).collect();
    let shaped = || json(&wire::RunPage { runs: shapes(), next_cursor });
    Ok(reply(shape, shaped, || text::lines(&all, text::run)))
}

fn messages(views: &[MessageView], shape: Shape) -> Reply {
    let shaped = || json(&wire::MessagePage { messages: wire::messages(views) });
    reply(shape, shaped, || printable(&window_text(views, WindowFormat::Text)))
}

fn no_window(number: usize, count: usize) -> crate::Error {
    wrong(format!("there is no window {number}: there are {count}, from 0"))
}

fn window(
    reader: &Reader,
    ask: &StreamAsk,
    number: usize,
    cut: &CutAsk,
    format: FormatAsk,
    shape: Shape,
) -> Result<Reply> {
    let windows = reader.windows(reader.stream(&ask.stream)?.id, &cut.spec()?)?;
    let window = windows.get(number).ok_or_else(|| no_window(number, windows.len()))?;
    let views = reader.messages_of(&window.extent)?;
    let shaped = || {
        let messages = wire::messages(&views);
        json(&wire::WindowMessages { window: window.into(), messages })
    };
    Ok(reply(shape, shaped, || written(&views, format)))
}

fn document_window(
    reader: &Reader,
    ask: &DocumentAsk,
    number: usize,
    cut: &CutAsk,
    shape: Shape,
) -> Result<Reply> {
    let windows = reader.document_windows(reader.document_at(&ask.path)?, &cut.spec()?)?;
    let (window, text) = windows.get(number).ok_or_else(|| no_window(number, windows.len()))?;
    let shaped = || json(&wire::WindowText { window: window.into(), text: text.clone() });
    Ok(reply(shape, shaped, || text.clone()))
}

fn claimed_window(reader: &Reader, asked: &str, format: FormatAsk, shape: Shape) -> Result<Reply> {
    let id: AnyId = asked.parse().map_err(|_| {
        wrong(format!("`{asked}` is neither a number of the list nor the id of a run or window"))
    })?;
    let extent = reader.claimed_extent(id)?;
    let views = reader.messages_of(&extent)?;
    let shaped = || {
        let messages = wire::messages(&views);
        json(&wire::ExtentMessages { window: (&extent).into(), messages })
    };
    Ok(reply(shape, shaped, || written(&views, format)))
}

/// Messages as text.
fn written(views: &[MessageView], format: FormatAsk) -> String {
    printable(&match format.format {
        MessageFormat::Text => window_text(views, WindowFormat::Text),
        MessageFormat::Prompt => window_text(views, WindowFormat::Prompt),
        MessageFormat::Jsonl => jsonl(views),
    })
}

fn jsonl(views: &[MessageView]) -> String {
    wire::messages(views).iter().map(json).collect::<Vec<_>>().join("\n")
}

fn claim(
    engine: &mut Engine,
    ask: &ClaimAsk,
    format: FormatAsk,
    shape: Shape,
    limits: Option<&StreamLimits>,
) -> Result<Reply> {
    let next = match limits {
        Some(limits) => ask.next(&engine.read().limited(limits.clone())?)?,
        None => ask.next(engine.read())?,
    };
    let Some(claimed) = engine.next_window_in(&next, limits)? else {
        let note = "nothing to do: every window is processed, being processed, or may still grow";
        let body = reply(shape, || "null".to_owned(), String::new).body;
        return Ok(Reply { body, notes: vec![note.to_owned()], verdict: Verdict::Nothing });
    };
    let text = || {
        printable(&match format.format {
            MessageFormat::Text => claimed_text(&claimed, WindowFormat::Text),
            MessageFormat::Prompt => claimed_text(&claimed, WindowFormat::Prompt),
            MessageFormat::Jsonl => {
                format!(
                    "{}\n{}",
                    run_line(&claimed.run, &claimed.stream.name),
                    jsonl(&claimed.messages)
                )
            }
        })
    };
    Ok(reply(shape, || json(&wire::ClaimedWindow::from(&claimed)), text))
}

/// The run on a line.
fn run_line(run: &Run, stream: &str) -> String {
    let run = serde_json::to_value(wire::RunShape::from(run)).expect("texts and numbers are JSON");
    serde_json::json!({ "run": run, "stream": stream }).to_string()
}

fn sql(engine: &mut Engine, ask: &SqlAsk, shape: Shape) -> Result<Reply> {
    let timeout = Duration::try_from_secs_f64(ask.timeout)
        .map_err(|_| wrong(format!("`{}` is not a number of seconds", ask.timeout)))?;
    let table = engine.sql(&ask.query, SqlLimits { rows: ask.rows, timeout })?;
    let text = || match ask.format {
        TableFormat::Table => text::grid(&table),
        TableFormat::Csv => text::csv(&table),
    };
    let written = reply(shape, || json(&wire::TableShape::from(&table)), text);
    let more = table.truncated && shape == Shape::Text;
    let note = format!("only the first {} rows; more with --rows", table.rows.len());
    Ok(Reply { notes: more.then_some(note).into_iter().collect(), ..written })
}
