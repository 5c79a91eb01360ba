//! `lichen serve`: owns the store for all who ask.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use lichen_engine::IngestPlan;
use lichen_server::feed::Watch;
use lichen_server::{Owner, ServeOptions, check_unserved};
use tokio::signal::unix::{SignalKind, signal};

use super::{Context, VERSION, live};
use crate::failure::Refused;
use crate::output::Output;

/// How often it is looked whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(50);

/// Own the store, and answer all who ask
///
/// Commands of the same user find it by its socket in the store, `run/owner.sock`, and need no key. With `--listen` it answers
/// over the network, too, to whoever shows a key of `lichen key create`. Ctrl-C or SIGTERM ends it where nothing is half done.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen serve
  lichen serve --watch                   keep up with the repository meanwhile
  lichen serve --listen 127.0.0.1:7391
  lichen serve --listen 10.0.0.5:7391 --expose --host memory.example")]
pub(crate) struct ServeArgs {
    /// An address to listen on beside the socket
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Allow an address that other machines can reach; what goes over it is not encrypted
    #[arg(long, requires = "listen")]
    expose: bool,
    /// A name of this server in requests, such as that of a proxy in front of it; may be given several times
    #[arg(long = "host", value_name = "NAME[:PORT]", requires = "listen")]
    hosts: Vec<String>,
    /// Requests a second that each key may make
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Keep up with the repository meanwhile: its commits, documents and agents' transcripts
    #[arg(long)]
    watch: bool,
}

pub(super) fn run(
    args: &ServeArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    if let Some(address) = args.listen.filter(|address| !address.ip().is_loopback()) {
        if !args.expose {
            let what = format!(
                "{address} can be reached from other machines: listen on 127.0.0.1, behind a proxy that encrypts, or give `--expose`"
            );
            return Err(Refused::user(what).into());
        }
        output.problem(&format!(
            "what goes over {address} is not encrypted, keys included: put a proxy that encrypts in front of it"
        ));
    }
    let dir = context.store_dir().unwrap_or_else(|_| context.new_store_dir());
    if lichen_engine::init(&dir)? {
        output.note(&format!("made a store at {}", dir.display()));
    }
    check_unserved(&dir, VERSION)?;
    let mut engine = context.open_at(&dir)?;
    engine.prepare(&mut context.bars(output))?;
    let options = ServeOptions {
        listen: args.listen,
        hosts: args.hosts.clone(),
        requests_per_second: args.rate,
        watch: args.watch.then(|| Watch::new(IngestPlan::repository(context.root()))),
        ..ServeOptions::new(VERSION)
    };
    let report = live::Lines::report(&output.quieter());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let asked = context.stop();
    let clock = context.clock();
    let engine = runtime.block_on(async {
        // Before it listens, so that no signal is missed.
        let mut ends = signal(SignalKind::terminate())?;
        let owner = Owner::start(engine, options, report, Arc::clone(&clock)).await?;
        output.note(&format!("serving {} on {}", dir.display(), owner.socket().display()));
        if let Some(address) = owner.address() {
            output.note(&format!("and on http://{address}"));
            if !owner.has_keys() {
                output.note("no key is in use: `lichen key create` makes one");
            }
        }
        let interrupted = async {
            let mut look = tokio::time::interval(LOOK);
            while !asked.load(Ordering::SeqCst) {
                look.tick().await;
            }
        };
        tokio::select! {
            _ = ends.recv() => {}
            () = interrupted => {}
        }
        output.note("ending: what was acknowledged is taken in");
        anyhow::Ok(owner.stop().await?)
    })?;
    // Whatever still waits for the disk or a slow client has no part in the store any more.
    runtime.shutdown_background();
    engine.close()?;
    Ok(ExitCode::SUCCESS)
}
