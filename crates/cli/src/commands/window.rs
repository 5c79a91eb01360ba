//! `lichen window`: streams and documents cut to sizes that a model can read.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use lichen_engine::{Engine, Measure, Window, WindowFormat, WindowSpec, printable, window_text};
use serde_json::{Value as Json, json};

use super::Context;
use crate::failure::Refused;
use crate::json;
use crate::output::Output;

/// Cut a stream or a document into windows
///
/// A window never splits a message, but for one that is larger than the window: its parts say so.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen window list --stream general --by bytes --size 64KiB --overlap 10%
  lichen window show 3 --stream general --by tokens --size 8000 --format xml
  lichen window list --document docs/data.md --by tokens --size 2000
  lichen window list --stream general --by time --size 1d")]
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
        /// Its number from the list
        number: usize,
        #[command(flatten)]
        cut: Cut,
        /// How messages are written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

#[derive(Debug, Args)]
struct Cut {
    /// The stream: its name, title or id
    #[arg(long, required_unless_present = "document", conflicts_with = "document")]
    stream: Option<String>,
    /// A document instead, by its path in the repository
    #[arg(long, value_name = "PATH")]
    document: Option<String>,
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
    Xml,
    Jsonl,
}

pub(super) fn run(
    args: &WindowArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let engine = context.open()?;
    match &args.action {
        Action::List(cut) => {
            let windows: Vec<Window> = match &cut.document {
                Some(path) => {
                    let version = engine.document_at(path)?;
                    let cut = engine.document_windows(version, &cut.spec()?)?;
                    cut.into_iter().map(|(window, _)| window).collect()
                }
                None => engine.windows(cut.stream(&engine)?.id, &cut.spec()?)?,
            };
            if output.is_json() {
                let windows: Vec<Json> = windows.iter().map(window_json).collect();
                output.answer_json(&json!({ "windows": windows }))?;
            } else {
                output.answer(&windows.iter().map(line).collect::<Vec<_>>().join("\n"))?;
            }
        }
        Action::Show { number, cut, format } => show(&engine, *number, cut, *format, output)?,
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
        let windows = engine.document_windows(engine.document_at(path)?, &cut.spec()?)?;
        let (window, text) = windows.get(number).ok_or_else(|| missing(windows.len()))?;
        if output.is_json() {
            output.answer_json(&json!({ "window": window_json(window), "text": text }))?;
        } else {
            output.answer(text)?;
        }
        return Ok(());
    }
    let stream = cut.stream(engine)?;
    let windows = engine.windows(stream.id, &cut.spec()?)?;
    let window = windows.get(number).ok_or_else(|| missing(windows.len()))?;
    let messages = engine.messages_of(stream.id, window)?;
    if output.is_json() {
        let answer =
            json!({ "window": window_json(window), "messages": json::messages(&messages) });
        output.answer_json(&answer)?;
        return Ok(());
    }
    let text = match format {
        Format::Text => window_text(&messages, WindowFormat::Text),
        Format::Xml => window_text(&messages, WindowFormat::Xml),
        Format::Jsonl => {
            let lines: Vec<String> =
                json::messages(&messages).iter().map(ToString::to_string).collect();
            lines.join("\n")
        }
    };
    output.answer(&printable(&text))?;
    Ok(())
}

impl Cut {
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

    fn stream(&self, engine: &Engine) -> anyhow::Result<lichen_engine::Stream> {
        Ok(engine.stream(self.stream.as_deref().unwrap_or_default())?)
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
    let at = |at: lichen_engine::Standing| json!({ "place": at.place, "late": at.late });
    let part = window.part.as_ref().map(|part| {
        json!({ "nth": part.nth, "of": part.of, "start": part.bytes.start, "end": part.bytes.end })
    });
    json!({
        "nth": window.nth,
        "first": at(window.first),
        "last": at(window.last),
        "messages": window.count,
        "size": window.size,
        "part": part,
    })
}
