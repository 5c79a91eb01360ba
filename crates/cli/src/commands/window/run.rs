//! `lichen window next|done|fail|split|runs`: windows processed one by one.

use std::process::ExitCode;

use clap::Args;
use lichen_engine::{
    Claimed, Engine, Error, Measure, NextWindow, Run, RunId, RunInfo, RunState, WindowFormat,
    claimed_text, format_instant, printable,
};
use serde_json::{Value as Json, json};

use super::{CutSize, Format, extent_json, jsonl, size};
use crate::failure::Refused;
use crate::json;
use crate::output::Output;

/// The exit code for nothing to do: that of things that are not there.
const NOTHING: u8 = 4;

#[derive(Debug, Args)]
pub(super) struct Next {
    /// Who processes: any name
    #[arg(long, value_name = "NAME")]
    consumer: String,
    /// What it processes with, such as a prompt's version: with another one every window is offered again
    #[arg(long, default_value = "", value_name = "TEXT")]
    signature: String,
    /// Windows of this stream only: its name, title or id
    #[arg(long)]
    stream: Option<String>,
    #[command(flatten)]
    size: CutSize,
    /// How long nobody else gets the window: `90s`, `10m`, `2h`
    #[arg(long, default_value = "10m", value_name = "TIME")]
    lease: String,
    /// Offer the last window of a stream too, which may still grow, once nothing was said for so long: `1h`; `0s` for at once
    #[arg(long, value_name = "TIME")]
    idle: Option<String>,
    /// Offer no window that was claimed so many times
    #[arg(long, value_name = "N")]
    max_attempts: Option<u32>,
    /// How messages are written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Next {
    fn wish(&self, engine: &Engine) -> anyhow::Result<NextWindow> {
        let stream = self.stream.as_deref().map(|asked| engine.read().stream(asked)).transpose()?;
        let time = |text: &str| {
            size(text, Measure::Time).ok_or_else(|| {
                Refused::user(format!(
                    "`{text}` is not a length of time: write `90s`, `10m` or `2h`"
                ))
            })
        };
        Ok(NextWindow {
            consumer: self.consumer.clone(),
            signature: self.signature.clone(),
            stream: stream.map(|stream| stream.id),
            spec: self.size.spec()?,
            lease_millis: time(&self.lease)?,
            idle_millis: self.idle.as_deref().map(time).transpose()?,
            attempts_max: self.max_attempts,
        })
    }
}

pub(super) fn next(
    engine: &mut Engine,
    next: &Next,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let wish = next.wish(engine)?;
    let Some(claimed) = engine.next_window(&wish)? else {
        if output.is_json() {
            output.answer_json(&Json::Null)?;
        } else {
            output.note(
                "nothing to do: every window is processed, being processed, or may still grow",
            );
        }
        return Ok(ExitCode::from(NOTHING));
    };
    if output.is_json() {
        output.answer_json(&json!({
            "run": run_json(&claimed.run),
            "window": extent_json(&claimed.run.extent),
            "stream": claimed.stream.name,
            "messages": json::messages(&claimed.messages),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = match next.format {
        Format::Text => claimed_text(&claimed, WindowFormat::Text),
        Format::Prompt => claimed_text(&claimed, WindowFormat::Prompt),
        Format::Jsonl => claimed_jsonl(&claimed),
    };
    output.answer(&printable(&text))?;
    Ok(ExitCode::SUCCESS)
}

/// The run on a line, then a message a line.
fn claimed_jsonl(claimed: &Claimed) -> String {
    let run = json!({ "run": run_json(&claimed.run), "stream": claimed.stream.name });
    format!("{run}\n{}", jsonl(&claimed.messages))
}

pub(super) fn end(
    engine: &mut Engine,
    run: &str,
    output: &mut Output,
    end: impl FnOnce(&mut Engine, RunId) -> Result<RunInfo, Error>,
) -> anyhow::Result<()> {
    let run = engine.read().run_named(run)?;
    let info = end(engine, run)?;
    if output.is_json() {
        output.answer_json(&info_json(&info))?;
    } else {
        output.answer(&line(&info))?;
    }
    Ok(())
}

pub(super) fn list(
    engine: &Engine,
    consumer: Option<&str>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let runs = engine.read().runs(consumer)?;
    if output.is_json() {
        let runs: Vec<Json> = runs.iter().map(info_json).collect();
        output.answer_json(&json!({ "runs": runs }))?;
    } else {
        output.answer(&runs.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(())
}

fn line(info: &RunInfo) -> String {
    let run = &info.run;
    let state = match &info.state {
        RunState::Claimed => format!("claimed until {}", format_instant(run.lease)),
        RunState::Expired => format!("expired at {}", format_instant(run.lease)),
        RunState::Done => "done".to_owned(),
        RunState::Failed(reason) if reason.is_empty() => "failed".to_owned(),
        RunState::Failed(reason) => format!("failed: {}", printable(reason)),
        RunState::Split(parts) => format!("split in {parts}"),
    };
    let who = [run.consumer.as_str(), run.signature.as_str()];
    let who: Vec<&str> = who.into_iter().filter(|part| !part.is_empty()).collect();
    format!(
        "{}  {}  attempt {}  {}  {state}",
        run.id.any(),
        run.extent.id().any(),
        run.attempt,
        printable(&who.join(" "))
    )
}

fn info_json(info: &RunInfo) -> Json {
    let mut json = run_json(&info.run);
    let (state, reason, parts) = match &info.state {
        RunState::Claimed => ("claimed", None, None),
        RunState::Expired => ("expired", None, None),
        RunState::Done => ("done", None, None),
        RunState::Failed(reason) => ("failed", Some(reason), None),
        RunState::Split(parts) => ("split", None, Some(parts)),
    };
    json["state"] = json!(state);
    json["reason"] = json!(reason);
    json["parts"] = json!(parts);
    json["ended_at"] = json!(info.ended.map(format_instant));
    json
}

fn run_json(run: &Run) -> Json {
    json!({
        "id": run.id.any().to_string(),
        "consumer": run.consumer,
        "signature": run.signature,
        "window": run.extent.id().any().to_string(),
        "attempt": run.attempt,
        "claimed_at": format_instant(run.claimed),
        "lease_until": format_instant(run.lease),
    })
}
