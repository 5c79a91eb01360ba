//! `lichen window`: streams and documents cut to sizes that a model can read, and the runs over them.

mod run;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use lichen_server::ask::{
    Ask, CutAsk, DocumentAsk, FailAsk, FormatAsk, MessageFormat, RunEnd, RunsAsk, SplitAsk,
    StreamAsk,
};

use super::{Context, answer};
use crate::failure::Refused;
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
    let end = |run: &String, end| Ask::EndRun(run.clone(), end);
    let ask = match &args.action {
        Action::List(cut) => match &cut.document {
            Some(path) => Ask::DocumentWindows(DocumentAsk { path: path.clone() }, cut.size.ask()),
            None => Ask::Windows(cut.stream()?, cut.size.ask()),
        },
        Action::Show { window, cut, format } => match (window.parse(), &cut.document) {
            (Ok(number), Some(path)) => {
                Ask::DocumentWindow(DocumentAsk { path: path.clone() }, number, cut.size.ask())
            }
            (Ok(number), None) => Ask::Window(cut.stream()?, number, cut.size.ask(), format.ask()),
            (Err(_), _) => Ask::ClaimedWindow(window.clone(), format.ask()),
        },
        Action::Next(next) => return run::next(next, context, output),
        Action::Done { run } => end(run, RunEnd::Done),
        Action::Fail { run, reason } => end(run, RunEnd::Fail(FailAsk { reason: reason.clone() })),
        Action::Split { run, into } => end(run, RunEnd::Split(SplitAsk { into: *into })),
        Action::Runs { consumer } => {
            Ask::Runs(RunsAsk { consumer: consumer.clone(), ..RunsAsk::default() })
        }
    };
    answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}

impl Cut {
    fn stream(&self) -> anyhow::Result<StreamAsk> {
        let asked = self.stream.clone().ok_or_else(|| {
            Refused::user("name a stream with `--stream`, or a document with `--document`")
        })?;
        Ok(StreamAsk { stream: asked })
    }
}

impl CutSize {
    fn ask(&self) -> CutAsk {
        let by = match self.by {
            By::Bytes => "bytes",
            By::Tokens => "tokens",
            By::Count => "count",
            By::Time => "time",
        };
        CutAsk { by: by.to_owned(), size: self.size.clone(), overlap: self.overlap.clone() }
    }
}

impl Format {
    const fn ask(self) -> FormatAsk {
        let format = match self {
            Self::Text => MessageFormat::Text,
            Self::Jsonl => MessageFormat::Jsonl,
            Self::Prompt => MessageFormat::Prompt,
        };
        FormatAsk { format }
    }
}
