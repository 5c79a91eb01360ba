//! `lichen blame`: each line's symbol, version and conversation.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueHint};
use lichen_server::ask::{Ask, BlameAsk, path_text};

use super::{Context, answer};
use crate::output::Output;

/// Show for each line its symbol, the commit that made that what it is, and what was said about it
///
/// Where `git blame` names who last touched a line, this names who last changed what the line belongs to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen blame src/walk.rs
  lichen blame src/walk.rs -L 100,140 --sha v1.2.0")]
pub(crate) struct BlameArgs {
    /// A file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Only these lines
    #[arg(short = 'L', value_name = "FIRST,LAST", value_parser = lines)]
    lines: Option<(u32, u32)>,
    /// At this commit
    #[arg(long, value_name = "REV")]
    sha: Option<String>,
}

/// `a,b`, `a` for one line, `a,+n` for as many, as git takes them.
fn lines(text: &str) -> Result<(u32, u32), String> {
    let wrong = || "write FIRST,LAST, FIRST,+COUNT or one line".to_owned();
    let number = |text: &str| text.parse::<u32>().ok().filter(|line| *line > 0).ok_or_else(wrong);
    let Some((first, last)) = text.split_once(',') else {
        let line = number(text)?;
        return Ok((line, line));
    };
    let first = number(first)?;
    let last = match last.strip_prefix('+') {
        Some(count) => first.saturating_add(number(count)? - 1),
        None => number(last)?,
    };
    if last < first {
        Err("the last line comes before the first".to_owned())
    } else {
        Ok((first, last))
    }
}

pub(super) fn run(
    args: BlameArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let ask = Ask::Blame(BlameAsk {
        file: path_text(&args.file),
        first: args.lines.map(|(first, _)| first),
        last: args.lines.map(|(_, last)| last),
        sha: args.sha,
        folder: Some(context.folder()),
    });
    answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn lines_are_read_as_git_reads_them() {
        for (text, expected) in [
            ("3,7", Some((3, 7))),
            ("3", Some((3, 3))),
            ("3,+2", Some((3, 4))),
            ("7,3", None),
            ("0,3", None),
            ("3,+0", None),
            ("a,b", None),
            ("", None),
        ] {
            assert_eq!(lines(text).ok(), expected, "{text}");
        }
    }
}
