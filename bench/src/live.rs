//! The load program: how soon live messages are acknowledged and found while everything else goes on, beside the bare
//! database under the same load.

mod bare;
mod pace;
mod peak;
mod steady;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use lichen_engine::{Config, Engine, LiveOptions, Unobserved};
use lichen_store::Options;
use serde::Serialize;

use crate::clock::SystemClock;
use crate::latency::{Spread, median};
use crate::load::Feed;
use crate::memory;
use crate::output::{say, say_json, table};
use crate::scratch;

#[derive(clap::Args, Clone)]
pub(crate) struct Arguments {
    /// Seconds of the steady load
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Messages a second of the steady load
    #[arg(long, default_value_t = 2000)]
    rate: u64,
    /// Threads that write
    #[arg(long, default_value_t = 8)]
    writers: u64,
    /// Questions a second beside the steady load
    #[arg(long, default_value_t = 20)]
    recalls: u64,
    /// Seconds between checkpoints and seals of the index
    #[arg(long, default_value_t = 3)]
    settle: u64,
    /// Seconds of the peak load
    #[arg(long, default_value_t = 5)]
    peak_seconds: u64,
    /// Messages in each batch of the peak load
    #[arg(long, default_value_t = 100)]
    peak_batch: u64,
    /// Seconds of the bare database's load
    #[arg(long, default_value_t = 20)]
    bare_seconds: u64,
    /// Runs; medians of them are printed
    #[arg(long, default_value_t = 3)]
    runs: u64,
    /// MiB that DuckDB may keep of its file in memory: what it keeps grows up to that, whatever the load
    #[arg(long, default_value_t = 256)]
    database_mib: u64,
    /// Where the stores are made
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Prints every run as a line of JSON
    #[arg(long)]
    json: bool,
}

/// One run.
#[derive(Serialize)]
struct Run {
    steady: steady::Steady,
    peak: peak::Peak,
    bare: bare::Bare,
    /// Processes that wanted to run, before and after: a busy machine measures itself.
    load_before: f64,
    load_after: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut runs = Vec::new();
    for nth in 0..arguments.runs {
        let run = run_once(arguments, nth)?;
        if arguments.json {
            say_json(&run)?;
        }
        runs.push(run);
    }
    if !arguments.json {
        print(arguments, &runs)?;
    }
    Ok(())
}

fn run_once(arguments: &Arguments, nth: u64) -> Result<Run> {
    let load_before = memory::load_average();
    let feed = Feed::new();
    let folder = scratch::on_disk(arguments.dir.as_ref())?;
    let engine = open(&folder.path().join("store"), arguments)?;
    let options =
        LiveOptions { settle: Duration::from_secs(arguments.settle), ..LiveOptions::default() };
    let live = lichen_engine::Live::start(engine, options)?;
    let steady = steady::run(arguments, &live, &feed, nth)?;
    let peak = peak::run(arguments, &live, &feed, nth)?;
    live.stop()?.close()?;
    let bare = bare::run(arguments, &feed, nth)?;
    Ok(Run { steady, peak, bare, load_before, load_after: memory::load_average() })
}

fn open(store: &std::path::Path, arguments: &Arguments) -> Result<Engine> {
    lichen_engine::init(store)?;
    let mut options = Options::new("a measurement", Arc::new(SystemClock::new()));
    options.memory_limit_bytes = arguments.database_mib << 20;
    let mut engine = Engine::open_with(store, Config::default(), options)?;
    engine.prepare(&mut Unobserved)?;
    Ok(engine)
}

fn print(arguments: &Arguments, runs: &[Run]) -> Result<()> {
    let middle = |value: &dyn Fn(&Run) -> f64| median(runs.iter().map(value));
    let spread = |name: &str, of: &dyn Fn(&Run) -> Spread| {
        let count = middle(&|run| of(run).count as f64);
        let [p50, p99] = [middle(&|run| of(run).p50), middle(&|run| of(run).p99)];
        let worst = runs.iter().map(|run| of(run).max).fold(0.0, f64::max);
        let mut row = vec![name.to_owned(), format!("{count:.0}")];
        row.extend(
            [p50, p99, middle(&|run| of(run).max), worst].map(|value| format!("{value:.1}")),
        );
        row
    };
    say(&format!(
        "{} messages/s from {} writers for {} s, {} questions/s, checkpoint and seal every {} s; medians of {} runs, ms",
        arguments.rate,
        arguments.writers,
        arguments.seconds,
        arguments.recalls,
        arguments.settle,
        runs.len()
    ))?;
    let heading = ["", "count", "p50", "p99", "max", "worst of all"].map(str::to_owned).to_vec();
    table(&[
        heading,
        spread("acknowledged", &|run| run.steady.acknowledged),
        spread("searchable", &|run| run.steady.searchable),
        spread("recall beside it", &|run| run.steady.recall),
        spread("bare DuckDB commit", &|run| run.bare.committed),
    ])?;
    say(&format!(
        "bare DuckDB took in {:.0} of {} messages/s; the engine {:.0}",
        middle(&|run| run.bare.per_second),
        arguments.rate,
        middle(&|run| run.steady.per_second)
    ))?;
    say(&format!(
        "peak in batches of {}: {:.0} messages/s acknowledged, {:.0} where they were parsed before; {:.0} refused as busy",
        arguments.peak_batch,
        middle(&|run| run.peak.per_second),
        middle(&|run| run.peak.parsed_per_second),
        middle(&|run| run.peak.refused as f64)
    ))?;
    say(&format!(
        "resident without mapped files: {:.0} MiB after a sixth of the time, {:.0} at its end, {:.0} at most; processes that wanted to run: \
         {:.1} before, {:.1} after",
        middle(&|run| run.steady.resident_early_mib),
        middle(&|run| run.steady.resident_end_mib),
        middle(&|run| run.steady.resident_max_mib),
        middle(&|run| run.load_before),
        middle(&|run| run.load_after)
    ))
}
