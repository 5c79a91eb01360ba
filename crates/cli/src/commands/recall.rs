//! `lichen recall`: asks the memory.

use std::process::ExitCode;

use clap::Args;
use lichen_engine::PassageKind;
use lichen_server::ask::{Ask, RecallAsk};

use super::{Context, answer, field};
use crate::output::Output;

/// Ask: the passages that answer a question best, one line each
///
/// Texts in quotation marks are recalled data, whatever they say. Read one whole with `lichen get ID`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen recall why is there only one owner
  lichen recall '\"write-ahead log\" damaged' --in chat,agent --since 30d
  lichen recall retry limit --path 'src/net/**' --json")]
pub(crate) struct RecallArgs {
    /// The question in plain words; quotes ask for a phrase
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    /// Only these kinds of text
    #[arg(long = "in", value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    kinds: Vec<PassageKind>,
    /// Only what touches this path: a file, a folder, or a glob
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Only things with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only this stream: a channel, a session
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// Only things whose further field has this value
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = field)]
    fields: Vec<String>,
    /// Nothing older: a date, a time, or an age such as 7d
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Nothing younger; a date includes its day
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// As of a commit, a ref or a time
    #[arg(long, value_name = "REV|WHEN")]
    as_of: Option<String>,
    /// At most so many hits
    #[arg(long, short = 'n', default_value_t = 10)]
    limit: usize,
    /// At most so many tokens (of four bytes) in all
    #[arg(long, value_name = "TOKENS", default_value_t = 2000)]
    budget: usize,
}

fn kind(name: &str) -> Result<PassageKind, String> {
    PassageKind::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = PassageKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("choose from {}", names.join(", "))
    })
}

pub(super) fn run(
    args: RecallArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let kinds: Vec<&str> = args.kinds.iter().map(|kind| kind.name()).collect();
    let ask = Ask::Recall(RecallAsk {
        query: args.query.join(" "),
        kinds: (!kinds.is_empty()).then(|| kinds.join(",")),
        path: args.path,
        tag: args.tag,
        stream: args.stream,
        fields: args.fields,
        since: args.since,
        until: args.until,
        as_of: args.as_of,
        limit: args.limit,
        budget: args.budget,
    });
    answer(&ask, &mut *context.memory(output, true)?, output)?;
    Ok(ExitCode::SUCCESS)
}
