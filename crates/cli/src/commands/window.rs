//! `lichen window`: streams and documents cut to sizes that a model can read, and the runs over them.

mod run;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use lichen_engine::{
    AnyId, Engine, Extent, Measure, MessageView, Window, WindowFormat, WindowSpec, printable,
    window_text,
};
use serde_json::{Value as Json, json};

use super::Context;
use crate::failure::Refused;
use crate::json;
use crate::output::Output;

/// Cut streams and documents into windows, and process them one by one
///
/// A window never splits a message, but for one that is larger than the window: its parts say so.
///
/// A consumer claims the next window, processes it, and says `done`, `fail` or `split`. Each window is processed once for
/// every consumer and signature. A claim that expires is offered again, and so is a window whose messages changed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen window list --stream general --by bytes --size 64KiB --overlap 10%
  lichen window show 3 --stream general --by tokens --size 8000 --format prompt
  lichen window list --document docs/data.md --by tokens --size 2000
  lichen window list --stream general --by time --size 1d
  lichen window next --consumer writer --signature v2 --lease 10m --format prompt
  lichen window done x8k2m4q7w1a
  lichen window fail x8k2m4q7w1a --reason 'the model answered nothing'
  lichen window split x8k2m4q7w1a --into 3
  lichen window runs --consumer writer")]
pub(crate) struct WindowArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Every window: its messages and size
    List(Cut),
    /// The messages of one window
    Show {
        /// Its number from the list; or the id of a run, or of a window that was claimed
        window: String,
        #[command(flatten)]
        cut: Cut,
        /// How messages are written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Claim the next window; exit code 4 where there is nothing to do
    Next(run::Next),
    /// Say that a run processed its window
    Done {
        /// The run
        run: String,
    },
    /// Say that a run did not process its window, which is offered again
    Fail {
        /// The run
        run: String,
        /// Why
        #[arg(long, default_value = "", value_name = "TEXT")]
        reason: String,
    },
    /// Split the window of a run, which proved too large, in windows of their own
    Split {
        /// The run
        run: String,
        /// In how many
        #[arg(long, default_value_t = 2, value_name = "N")]
        into: usize,
    },
    /// Every run: of which consumer, and what became of it
    Runs {
        /// Of this consumer only
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
    },
}

#[derive(Debug, Args)]
struct Cut {
    /// The stream: its name, title or id
    #[arg(long, conflicts_with = "document")]
    stream: Option<String>,
    /// A document instead, by its path in the repository
    #[arg(long, value_name = "PATH")]
    document: Option<String>,
    #[command(flatten)]
    size: CutSize,
}

#[derive(Debug, Args)]
struct CutSize {
    /// What the size counts
    #[arg(long, value_enum, default_value_t = By::Bytes)]
    by: By,
    /// At most this much: bytes (`64KiB`), tokens or messages (`500`), time (`12h`, `7d`)
    #[arg(long, default_value = "64KiB")]
    size: String,
    /// What neighbours have in common, as a share of the size
    #[arg(long, default_value = "0%", value_name = "PERCENT")]
    overlap: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    Bytes,
    Tokens,
    Count,
    Time,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Jsonl,
    /// Elements with ids
    Prompt,
}

pub(super) fn run(
    args: &WindowArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let mut engine = context.open()?;
    match &args.action {
        Action::List(cut) => {
            let windows: Vec<Window> = match &cut.document {
                Some(path) => {
                    let version = engine.read().document_at(path)?;
                    let cut = engine.read().document_windows(version, &cut.size.spec()?)?;
                    cut.into_iter().map(|(window, _)| window).collect()
                }
                None => engine.read().windows(cut.stream(&engine)?.id, &cut.size.spec()?)?,
            };
            if output.is_json() {
                let windows: Vec<Json> = windows.iter().map(window_json).collect();
                output.answer_json(&json!({ "windows": windows }))?;
            } else {
                output.answer(&windows.iter().map(line).collect::<Vec<_>>().join("\n"))?;
            }
        }
        Action::Show { window, cut, format } => match window.parse() {
            Ok(number) => show(&engine, number, cut, *format, output)?,
            Err(_) => show_claimed(&engine, window, *format, output)?,
        },
        Action::Next(next) => return run::next(&mut engine, next, output),
        Action::Done { run } => {
            run::end(&mut engine, run, output, Engine::finish_run)?;
        }
        Action::Fail { run, reason } => {
            run::end(&mut engine, run, output, |engine, run| engine.fail_run(run, reason))?;
        }
        Action::Split { run, into } => {
            run::end(&mut engine, run, output, |engine, run| engine.split_run(run, *into))?;
        }
        Action::Runs { consumer } => run::list(&engine, consumer.as_deref(), output)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(
    engine: &Engine,
    number: usize,
    cut: &Cut,
    format: Format,
    output: &mut Output,
) -> anyhow::Result<()> {
    let missing =
        |count| Refused::user(format!("there is no window {number}: there are {count}, from 0"));
    if let Some(path) = &cut.document {
        let windows =
            engine.read().document_windows(engine.read().document_at(path)?, &cut.size.spec()?)?;
        let (window, text) = windows.get(number).ok_or_else(|| missing(windows.len()))?;
        if output.is_json() {
            output.answer_json(&json!({ "window": window_json(window), "text": text }))?;
        } else {
            output.answer(text)?;
        }
        return Ok(());
    }
    let stream = cut.stream(engine)?;
    let windows = engine.read().windows(stream.id, &cut.size.spec()?)?;
    let window = windows.get(number).ok_or_else(|| missing(windows.len()))?;
    show_messages(&window_json(window), &engine.read().messages_of(&window.extent)?, format, output)
}

/// Shows a window that a run or an id names.
fn show_claimed(
    engine: &Engine,
    asked: &str,
    format: Format,
    output: &mut Output,
) -> anyhow::Result<()> {
    let id: AnyId = asked.parse().map_err(|_| {
        Refused::user(format!(
            "`{asked}` is neither a number of the list nor the id of a run or window"
        ))
    })?;
    let extent = engine.read().claimed_extent(id)?;
    show_messages(&extent_json(&extent), &engine.read().messages_of(&extent)?, format, output)
}

fn show_messages(
    window: &Json,
    messages: &[MessageView],
    format: Format,
    output: &mut Output,
) -> anyhow::Result<()> {
    if output.is_json() {
        output.answer_json(&json!({ "window": window, "messages": json::messages(messages) }))?;
        return Ok(());
    }
    let text = match format {
        Format::Text => window_text(messages, WindowFormat::Text),
        Format::Prompt => window_text(messages, WindowFormat::Prompt),
        Format::Jsonl => jsonl(messages),
    };
    output.answer(&printable(&text))?;
    Ok(())
}

fn jsonl(messages: &[MessageView]) -> String {
    let lines: Vec<String> = json::messages(messages).iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Cut {
    fn stream(&self, engine: &Engine) -> anyhow::Result<lichen_engine::Stream> {
        let asked = self.stream.as_deref().ok_or_else(|| {
            Refused::user("name a stream with `--stream`, or a document with `--document`")
        })?;
        Ok(engine.read().stream(asked)?)
    }
}

impl CutSize {
    fn spec(&self) -> anyhow::Result<WindowSpec> {
        let by = match self.by {
            By::Bytes => Measure::Bytes,
            By::Tokens => Measure::Tokens,
            By::Count => Measure::Count,
            By::Time => Measure::Time,
        };
        let size = size(&self.size, by).ok_or_else(|| {
            Refused::user(format!(
                "`{}` is not a size by {by:?}: write `64KiB`, `500`, or for time `12h` or `7d`",
                self.size
            ))
        })?;
        let share = self.overlap.trim_end_matches('%').parse::<f64>().ok();
        let overlap = share.map(|share| share / 100.0).ok_or_else(|| {
            Refused::user(format!("`{}` is not a share: write `10%`", self.overlap))
        })?;
        Ok(WindowSpec { by, size, overlap })
    }
}

/// A size in the unit of `by`: bytes, tokens, messages, or milliseconds.
fn size(text: &str, by: Measure) -> Option<u64> {
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let unit = match (by, unit.trim()) {
        (Measure::Bytes | Measure::Tokens | Measure::Count, "") => 1,
        (Measure::Bytes, "B") => 1,
        (Measure::Bytes, "kB" | "KB") => 1000,
        (Measure::Bytes, "KiB" | "K" | "k") => 1 << 10,
        (Measure::Bytes, "MB") => 1_000_000,
        (Measure::Bytes, "MiB" | "M") => 1 << 20,
        (Measure::Tokens, "k") => 1000,
        (Measure::Time, "s") => 1000,
        (Measure::Time, "m" | "min") => 60_000,
        (Measure::Time, "h") => 3_600_000,
        (Measure::Time, "d") => 86_400_000,
        (Measure::Time, "w") => 604_800_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

fn line(window: &Window) -> String {
    let part = window.part.as_ref().map_or_else(String::new, |part| {
        format!("  part {} of {} of a larger message", part.nth + 1, part.of)
    });
    format!("{:>6}  {:>7} messages {:>12}{part}", window.nth, window.count, window.size)
}

fn window_json(window: &Window) -> Json {
    let mut json = extent_json(&window.extent);
    let part = window.part.as_ref().map(|part| {
        json!({ "nth": part.nth, "of": part.of, "start": part.bytes.start, "end": part.bytes.end })
    });
    json["nth"] = json!(window.nth);
    json["messages"] = json!(window.count);
    json["size"] = json!(window.size);
    json["part"] = json!(part);
    json
}

/// Where a window lies. Windows of documents are in no stream and have no id.
fn extent_json(extent: &Extent) -> Json {
    let at = |at: lichen_engine::Standing| json!({ "place": at.place, "late": at.late });
    let stream = (extent.stream != lichen_model::StreamId::default())
        .then(|| extent.stream.any().to_string());
    json!({
        "id": stream.as_ref().map(|_| extent.id().any().to_string()),
        "stream": stream,
        "first": at(extent.first),
        "last": at(extent.last),
        "bytes": extent.bytes.as_ref().map(|bytes| [bytes.start, bytes.end]),
    })
}
