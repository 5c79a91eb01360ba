//! `lichen symbols`: what a commit defines.

use std::process::ExitCode;

use clap::Args;
use lichen_server::ask::{Ask, SymbolsAsk};

use super::{Context, answer};
use crate::output::Output;

/// List symbols: of a commit, or what changed since another
///
/// Hot spots, symbols that change together and who owns what are views for `lichen sql`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen symbols --path src/walk.rs
  lichen symbols --as-of v1.2.0 --kind function,method
  lichen symbols --changed-since v1.2.0 --json
  lichen symbols --name next")]
pub(crate) struct SymbolsArgs {
    /// As of this commit
    #[arg(long, value_name = "REV")]
    as_of: Option<String>,
    /// Only what is other than at this commit, and what is gone since
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
    /// Only in this path: a file, a folder, or a glob
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Only of these kinds: function, method, struct, class, ...
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<String>,
    /// Only what is called so, with more or less of what it stands in
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 200)]
    limit: usize,
}

pub(super) fn run(
    args: SymbolsArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let ask = Ask::Symbols(SymbolsAsk {
        as_of: args.as_of,
        changed_since: args.changed_since,
        path: args.path,
        kinds: (!args.kinds.is_empty()).then(|| args.kinds.join(",")),
        name: args.name,
        limit: args.limit,
        folder: Some(context.folder()),
    });
    answer(&ask, &mut *context.memory(output, false)?, output)?;
    Ok(ExitCode::SUCCESS)
}
