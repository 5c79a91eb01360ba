//! The command line's grammar.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueHint};

use crate::commands;

/// The active memory of a codebase: what happened to the code, what was said about it, and the way back to both.
#[derive(Debug, Parser)]
#[command(name = "lichen", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  lichen ingest                       take in this repository, its documents and its agents' transcripts
  lichen recall why one owner         ask
  lichen at src/walk.rs:120           ask about a line
  lichen get m4q7k2v9xa               read what was found, verbatim
  lichen sql 'FROM git_commits LIMIT 5'

Exit codes: 0 done; 1 failed; 2 the request cannot be carried out as made; 3 a setting is wrong; 4 not found;
5 the store is in use; 130 stopped by Ctrl-C.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The store's folder [default: `.lichen` here or in the nearest folder above]
    #[arg(long, global = true, env = "LICHEN_STORE", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) store: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say less; twice: nothing but answers and errors
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "verbose")]
    pub(crate) quiet: u8,
    /// Say more on standard error; twice: everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Seconds to wait for another process that has the store open
    #[arg(long, global = true, value_name = "SECONDS")]
    pub(crate) wait: Option<f64>,
    /// A file of settings [default: `config.toml` in the store's folder, then the user's]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(commands::init::InitArgs),
    Ingest(commands::ingest::IngestArgs),
    Recall(commands::recall::RecallArgs),
    Get(commands::get::GetArgs),
    At(commands::at::AtArgs),
    History(commands::history::HistoryArgs),
    Blame(commands::blame::BlameArgs),
    Links(commands::links::LinksArgs),
    Symbols(commands::symbols::SymbolsArgs),
    Review(commands::review::ReviewArgs),
    Status(commands::status::StatusArgs),
    Doctor(commands::doctor::DoctorArgs),
    Index(commands::index::IndexArgs),
    Eval(commands::eval::EvalArgs),
    Serve(commands::serve::ServeArgs),
    Key(commands::key::KeyArgs),
    Stream(commands::stream::StreamArgs),
    Window(commands::window::WindowArgs),
    Purge(commands::purge::PurgeArgs),
    Hook(commands::hook::HookArgs),
    Sql(commands::sql::SqlArgs),
    Export(commands::export::ExportArgs),
    Demo(commands::demo::DemoArgs),
    Completions(commands::completions::CompletionsArgs),
    /// Parse blobs that come on standard input: what an ingest starts
    #[command(hide = true)]
    SymbolsWorker,
}
