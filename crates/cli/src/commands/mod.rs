//! The commands, one file each, and what they share: settings, the store's place, the clock and the wish to stop.

pub(crate) mod at;
pub(crate) mod blame;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod hook;
pub(crate) mod index;
pub(crate) mod ingest;
pub(crate) mod init;
pub(crate) mod links;
mod live;
pub(crate) mod purge;
pub(crate) mod recall;
pub(crate) mod review;
pub(crate) mod sql;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod symbols;
mod symbols_worker;
pub(crate) mod window;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lichen_engine::{Clock, Config, Engine, Timestamp};

use crate::args::{Command, Global};
use crate::clock::SystemClock;
use crate::config;
use crate::failure::Refused;
use crate::output::Output;
use crate::progress::Bars;

/// Runs `command`.
pub(crate) fn run(
    command: Command,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    match command {
        Command::Init(args) => init::run(&args, context, output),
        Command::Ingest(args) => ingest::run(&args, context, output),
        Command::Recall(args) => recall::run(args, context, output),
        Command::Get(args) => get::run(args, context, output),
        Command::At(args) => at::run(args, context, output),
        Command::History(args) => history::run(args, context, output),
        Command::Links(args) => links::run(args, context, output),
        Command::Blame(args) => blame::run(args, context, output),
        Command::Symbols(args) => symbols::run(args, context, output),
        Command::Review(args) => review::run(args, context, output),
        Command::Status(args) => status::run(&args, context, output),
        Command::Doctor(args) => doctor::run(&args, context, output),
        Command::Index(args) => index::run(&args, context, output),
        Command::Eval(args) => eval::run(&args, context, output),
        Command::Stream(args) => stream::run(&args, context, output),
        Command::Window(args) => window::run(&args, context, output),
        Command::Purge(args) => purge::run(&args, context, output),
        Command::Hook(args) => hook::run(&args, context, output),
        Command::Sql(args) => sql::run(&args, context, output),
        Command::Export(args) => export::run(&args, context, output),
        Command::Demo(args) => demo::run(&args, context, output),
        Command::Completions(args) => completions::run(&args, output),
        Command::SymbolsWorker => symbols_worker::run(),
    }
}

/// What commands share.
pub(crate) struct Context<'a> {
    global: &'a Global,
    here: PathBuf,
    clock: Arc<SystemClock>,
    stop: Arc<AtomicBool>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(global: &'a Global, stop: Arc<AtomicBool>) -> anyhow::Result<Self> {
        let here = std::env::current_dir().map_err(|error| {
            Refused::config(format!("could not tell the current folder: {error}"))
        })?;
        Ok(Self { global, here, clock: Arc::new(SystemClock::new()), stop })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    pub(crate) fn here(&self) -> &Path {
        &self.here
    }

    /// The repository around the current folder, or the folder.
    pub(crate) fn root(&self) -> PathBuf {
        lichen_engine::repository_root(&self.here).unwrap_or_else(|| self.here.clone())
    }

    /// The flag that Ctrl-C raises.
    pub(crate) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    pub(crate) fn bars(&self, output: &Output) -> Bars {
        Bars::new(output, self.global.quiet > 0, Arc::clone(&self.stop))
    }

    pub(crate) fn config(&self, store: Option<&Path>) -> anyhow::Result<Config> {
        config::load(self.global, store)
    }

    /// The folder of the store that a command means.
    pub(crate) fn store_dir(&self) -> anyhow::Result<PathBuf> {
        match &self.global.store {
            Some(dir) => Ok(self.here.join(dir)),
            None => Ok(lichen_engine::find_store(&self.here)?),
        }
    }

    /// The folder in which a new store belongs: in the repository around the current folder, else right here.
    pub(crate) fn new_store_dir(&self) -> PathBuf {
        match &self.global.store {
            Some(dir) => self.here.join(dir),
            None => lichen_engine::new_store_dir(&self.here),
        }
    }

    /// Opens the store that a command means.
    pub(crate) fn open(&self) -> anyhow::Result<Engine> {
        self.open_at(&self.store_dir()?)
    }

    /// Opens the store that a command means and brings its index up.
    pub(crate) fn open_prepared(&self, output: &Output) -> anyhow::Result<Engine> {
        let mut engine = self.open()?;
        engine.prepare(&mut self.bars(output))?;
        Ok(engine)
    }

    pub(crate) fn open_at(&self, dir: &Path) -> anyhow::Result<Engine> {
        let config = self.config(Some(dir))?;
        let command = std::env::args().take(2).collect::<Vec<_>>().join(" ");
        Ok(Engine::open(dir, config, &command, self.clock())?)
    }
}

/// `FIELD=VALUE` as its two parts.
pub(crate) fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.is_empty() => Ok((field.to_owned(), value.to_owned())),
        _ => Err("write FIELD=VALUE".to_owned()),
    }
}

/// A number of bytes for people.
pub(crate) fn human_bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}
