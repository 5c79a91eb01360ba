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
pub(crate) mod key;
pub(crate) mod links;
mod live;
pub(crate) mod purge;
pub(crate) mod recall;
pub(crate) mod review;
pub(crate) mod serve;
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

use lichen_engine::{Clock, Config, Engine};
use lichen_server::ask::{Ask, path_text};
use lichen_server::{Client, Local, Memory, Reply, Shape};

use crate::args::{Command, Global};
use crate::clock::SystemClock;
use crate::config;
use crate::failure::Refused;
use crate::output::Output;
use crate::progress::Bars;

/// The version of this program, which an owner's must fit.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

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
        Command::Get(args) => get::run(&args, context, output),
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
        Command::Serve(args) => serve::run(&args, context, output),
        Command::Key(args) => key::run(&args, context, output),
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

    /// The memory that a command means: through the socket of the process that owns the store, or where there is none the store
    /// itself, with its index brought up where `prepared` says so.
    pub(crate) fn memory(
        &self,
        output: &Output,
        prepared: bool,
    ) -> anyhow::Result<Box<dyn Memory>> {
        let dir = self.store_dir()?;
        if let Some(client) = Client::connect(&dir, VERSION)? {
            return Ok(Box::new(client));
        }
        let mut engine = match self.open_at(&dir) {
            Ok(engine) => engine,
            Err(error) => {
                // An owner may have begun meanwhile.
                let client = Client::connect(&dir, VERSION)?;
                return client.map_or(Err(error), |client| Ok(Box::new(client) as Box<_>));
            }
        };
        let mut bars = self.bars(output);
        if prepared {
            engine.prepare(&mut bars)?;
        }
        Ok(Box::new(Local::new(engine, Box::new(bars))))
    }

    /// The owner of the store that a command means, where one listens.
    pub(crate) fn owner(&self) -> anyhow::Result<Option<Client>> {
        Ok(Client::connect(&self.store_dir()?, VERSION)?)
    }

    /// Where a question is asked, as it is told to the memory.
    pub(crate) fn folder(&self) -> String {
        path_text(&self.here)
    }

    pub(crate) fn open_at(&self, dir: &Path) -> anyhow::Result<Engine> {
        let config = self.config(Some(dir))?;
        let command = std::env::args().take(2).collect::<Vec<_>>().join(" ");
        Ok(Engine::open(dir, config, &command, self.clock())?)
    }
}

/// `FIELD=VALUE`, as it is.
pub(crate) fn field(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((field, _)) if !field.is_empty() => Ok(text.to_owned()),
        _ => Err("write FIELD=VALUE".to_owned()),
    }
}

/// How answers are to be written.
pub(crate) fn shape(output: &Output) -> Shape {
    if output.is_json() { Shape::Json } else { Shape::Text }
}

/// Asks and prints the answer.
pub(crate) fn answer(
    ask: &Ask,
    memory: &mut dyn Memory,
    output: &mut Output,
) -> anyhow::Result<Reply> {
    let reply = memory.ask(ask, shape(output))?;
    output.answer(&reply.body)?;
    Ok(reply)
}
