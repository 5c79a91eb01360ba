//! `lichen window next`: a consumer claims a window.

use std::process::ExitCode;

use clap::Args;
use lichen_server::Verdict;
use lichen_server::ask::{Ask, ClaimAsk, CutAsk};

use super::{CutSize, Format};
use crate::commands::{Context, shape};
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
    fn ask(&self) -> ClaimAsk {
        let CutAsk { by, size, overlap } = self.size.ask();
        ClaimAsk {
            consumer: self.consumer.clone(),
            signature: self.signature.clone(),
            stream: self.stream.clone(),
            by,
            size,
            overlap,
            lease: self.lease.clone(),
            idle: self.idle.clone(),
            max_attempts: self.max_attempts,
        }
    }
}

pub(super) fn next(
    next: &Next,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let ask = Ask::Claim(next.ask(), next.format.ask());
    let reply = context.memory(output, false)?.ask(&ask, shape(output))?;
    if reply.verdict == Verdict::Answered || output.is_json() {
        output.answer(&reply.body)?;
    } else {
        reply.notes.iter().for_each(|note| output.note(note));
    }
    Ok(match reply.verdict {
        Verdict::Nothing => ExitCode::from(NOTHING),
        Verdict::Answered | Verdict::Damaged => ExitCode::SUCCESS,
    })
}
