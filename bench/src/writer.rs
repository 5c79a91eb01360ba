//! The process that the proofs kill: opens a store, holds it against the oracle, and writes until it ends.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use lichen_engine::{Config, Engine, Error, IngestPlan, Live, LiveOptions, Recall, Unobserved};
use lichen_store::{Options, Step};
use serde::{Deserialize, Serialize};

use crate::check::{self, Expected, Report};
use crate::clock::{SystemClock, pause};
use crate::load::Feed;
use crate::oracle::{Attempt, Oracle, Outcome, Shape};
use crate::output::{say, say_json};
use crate::scratch;
use crate::seeded::Seeded;

/// What it prints when all of a limited number of batches are written and taken in.
pub(crate) const DONE: &str = "done";

/// Batches that a writer hands in without a pause; more would only make the store larger.
const QUICK: u64 = 30;

#[derive(clap::Args, Clone)]
pub(crate) struct Arguments {
    /// The store's folder
    #[arg(long)]
    pub(crate) store: PathBuf,
    /// The oracle's folder, on another file system
    #[arg(long)]
    pub(crate) oracle: PathBuf,
    /// What all messages are made from
    #[arg(long)]
    pub(crate) seed: u64,
    /// Which part of the load this is
    #[arg(long)]
    pub(crate) round: u64,
    /// Threads that write
    #[arg(long, default_value_t = 3)]
    pub(crate) writers: u64,
    /// Ends the process at the nth time that it comes to a step
    #[arg(long)]
    pub(crate) abort: Option<Moment>,
    /// Counts the steps of opening too
    #[arg(long)]
    pub(crate) abort_early: bool,
    /// Lets a step fail at the nth time that it comes to it
    #[arg(long)]
    pub(crate) fail: Option<Moment>,
    /// Looks and does not write
    #[arg(long)]
    pub(crate) only_check: bool,
    /// Tells first what DuckDB alone makes of the store's files
    #[arg(long)]
    pub(crate) alone: bool,
    /// Writes so many batches without any checkpoint, and waits
    #[arg(long)]
    pub(crate) batches: Option<u64>,
}

impl Arguments {
    /// Three threads that write to `store`, and nothing that befalls them.
    pub(crate) fn new(store: PathBuf, oracle: &Path, seed: u64, round: u64) -> Self {
        Self {
            store,
            oracle: oracle.to_owned(),
            seed,
            round,
            writers: 3,
            abort: None,
            abort_early: false,
            fail: None,
            only_check: false,
            alone: false,
            batches: None,
        }
    }
}

/// A step, and the how manieth time of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) step: Step,
    pub(crate) nth: u64,
}

impl FromStr for Moment {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, nth) = text.split_once(':').context("write `step:nth`")?;
        let step = Step::ALL.into_iter().find(|step| step.name() == name);
        Ok(Self { step: step.context("there is no such step")?, nth: nth.parse()? })
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.step.name(), self.nth)
    }
}

/// What DuckDB alone makes of the files of a store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Alone {
    /// Messages that it gives; none where it refuses the files.
    pub(crate) messages: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    end_with_parent();
    if arguments.alone {
        say_json(&Alone { messages: alone(&arguments.store).ok() })?;
    }
    let armed = Arc::new(AtomicBool::new(arguments.abort_early));
    let feed = Feed::new();
    let expected = Expected::read(&arguments.oracle, arguments.seed, &feed)?;
    let clock = SystemClock::new();
    let mut engine = open(arguments, &armed, clock)?;
    let open_ms = clock.elapsed().as_secs_f64() * 1e3;
    let report = check::check(&mut engine, &expected, arguments.seed)?;
    say_json(&Report { open_ms, ..report })?;
    if arguments.only_check {
        return Ok(engine.close()?);
    }
    armed.store(true, Ordering::SeqCst);
    write(arguments, engine, &feed)
}

/// Ends this process when the one that started it has ended: then nobody reads what it says.
fn end_with_parent() {
    std::thread::spawn(|| {
        let mut byte = [0];
        while matches!(std::io::stdin().read(&mut byte), Ok(1..)) {}
        std::process::abort();
    });
}

/// Opens the engine and brings its index up.
fn open(arguments: &Arguments, armed: &Arc<AtomicBool>, clock: SystemClock) -> Result<Engine> {
    lichen_engine::init(&arguments.store)?;
    let mut options = Options::new("a proof", Arc::new(clock));
    options.reserve_bytes = 4 << 20;
    options.at_step = hook(arguments, Arc::clone(armed));
    let mut engine = Engine::open_with(&arguments.store, Config::default(), options)?;
    engine.prepare(&mut Unobserved)?;
    Ok(engine)
}

fn hook(arguments: &Arguments, armed: Arc<AtomicBool>) -> lichen_store::AtStep {
    let (abort, fail) = (arguments.abort, arguments.fail);
    let counts: [AtomicU64; Step::ALL.len()] = Default::default();
    Arc::new(move |step| {
        if !armed.load(Ordering::SeqCst) {
            return Ok(());
        }
        let place = Step::ALL.iter().position(|other| *other == step).unwrap_or(0);
        let now = Some(Moment { step, nth: counts[place].fetch_add(1, Ordering::SeqCst) + 1 });
        if now == abort {
            std::process::abort();
        }
        if now == fail {
            Err(std::io::Error::other("a step that was made to fail"))
        } else {
            Ok(())
        }
    })
}

/// How many messages DuckDB gives of a copy of the store's files, without anything of ours.
fn alone(store: &Path) -> Result<u64> {
    let folder = scratch::in_memory()?;
    for name in ["lichen.duckdb", "lichen.duckdb.wal"] {
        if store.join(name).exists() {
            fs_err::copy(store.join(name), folder.path().join(name))?;
        }
    }
    let conn = duckdb::Connection::open(folder.path().join("lichen.duckdb"))?;
    Ok(conn.query_row("SELECT count(*) FROM messages", [], |row| row.get(0))?)
}

fn write(arguments: &Arguments, engine: Engine, feed: &Feed) -> Result<()> {
    let options = if arguments.batches.is_some() {
        LiveOptions {
            gather: Duration::ZERO,
            seal_passages: u32::MAX,
            checkpoint_bytes: u64::MAX,
            settle: Duration::from_hours(1),
            ..LiveOptions::default()
        }
    } else {
        LiveOptions {
            gather: Duration::from_millis(2),
            seal_passages: 150,
            checkpoint_bytes: 48 << 10,
            settle: Duration::from_millis(100),
            ..LiveOptions::default()
        }
    };
    let live = Live::start(engine, options)?;
    let oracle = Oracle::of_round(&arguments.oracle, arguments.round)?;
    let work = Work { arguments, live: &live, oracle: &oracle, feed, last: Mutex::default() };
    std::thread::scope(|scope| -> Result<()> {
        let writers: Vec<_> = (0..arguments.writers)
            .map(|writer| (writer, &work))
            .map(|(writer, work)| scope.spawn(move || work.write(writer)))
            .collect();
        if arguments.batches.is_none() {
            scope.spawn(|| work.read());
        }
        for writer in writers {
            writer.join().map_err(|_| anyhow!("a writer panicked"))??;
        }
        Ok(())
    })?;
    let last = *work.last.lock().unwrap_or_else(PoisonError::into_inner);
    anyhow::ensure!(live.wait_searchable(last, Duration::from_mins(1)), "not taken in");
    say(DONE)?;
    loop {
        pause(Duration::from_secs(1));
    }
}

/// What the threads share.
struct Work<'a> {
    arguments: &'a Arguments,
    live: &'a Live,
    oracle: &'a Oracle,
    feed: &'a Feed,
    /// The greatest number of an acknowledged record.
    last: Mutex<u64>,
}

impl Work<'_> {
    /// Writes batches, one after the other: what is not known to be stored is handed in again, as a client would.
    fn write(&self, writer: u64) -> Result<()> {
        let Arguments { seed, round, .. } = *self.arguments;
        let mut seeded = Seeded::new(&[seed, round, writer, u64::MAX]);
        let mut outcomes: HashMap<u64, (Shape, Outcome)> = HashMap::new();
        let mut content = 0;
        for nth in 0..self.arguments.batches.unwrap_or(u64::MAX) {
            let before = outcomes.get(&content).copied();
            let shape = match before {
                Some((shape, Outcome::Unknown)) => shape,
                Some((shape, _)) if seeded.percent(10) => shape,
                _ => {
                    content = nth + 1;
                    self.shape(&mut seeded, writer, nth, &outcomes)
                }
            };
            let attempt = Attempt { round, writer, nth, content, shape };
            self.oracle.attempt(&attempt)?;
            let outcome = self.hand_in(&attempt)?;
            self.oracle.outcome(&attempt, outcome)?;
            outcomes.insert(content, (shape, outcome));
            if nth >= QUICK || outcome != Outcome::Acknowledged {
                pause(Duration::from_millis(5));
            }
        }
        Ok(())
    }

    fn shape(
        &self,
        seeded: &mut Seeded,
        writer: u64,
        nth: u64,
        outcomes: &HashMap<u64, (Shape, Outcome)>,
    ) -> Shape {
        let of = seeded.below(nth + 1);
        match seeded.below(100) {
            0..12 if outcomes.get(&of) == Some(&(Shape::Few, Outcome::Acknowledged)) => {
                Shape::Edit { of }
            }
            12..22 => Shape::Late,
            22..26 => Shape::Many,
            // Around the journal; it would not come back from one.
            26..28 if writer == 0 && self.arguments.batches.is_none() => Shape::Bulk,
            _ => Shape::Few,
        }
    }

    fn hand_in(&self, attempt: &Attempt) -> Result<Outcome> {
        let lines = attempt.lines(self.arguments.seed);
        if attempt.shape == Shape::Bulk {
            return self.ingest(attempt, &lines);
        }
        match self.live.append(self.feed.batch(&lines)?) {
            Ok(acknowledged) => {
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                *last = acknowledged.seq.max(*last);
                Ok(Outcome::Acknowledged)
            }
            Err(Error::Store(lichen_store::Error::Unknown { .. })) => Ok(Outcome::Unknown),
            Err(_) => Ok(Outcome::Refused),
        }
    }

    /// Takes a file in as `lichen ingest` does.
    fn ingest(&self, attempt: &Attempt, lines: &str) -> Result<Outcome> {
        let name = format!("{}-{}-{}.jsonl", attempt.round, attempt.writer, attempt.nth);
        let path = self.arguments.oracle.join(name);
        fs_err::write(&path, lines)?;
        let root = self.arguments.oracle.clone();
        let taken = self.live.on_engine(move |engine| {
            engine.ingest(&IngestPlan::of_paths(root, vec![path]), &mut Unobserved)
        })?;
        Ok(if taken.is_ok() { Outcome::Acknowledged } else { Outcome::Unknown })
    }

    /// Asks while others write, until the process ends.
    fn read(&self) {
        let mut seeded = Seeded::new(&[self.arguments.seed, self.arguments.round]);
        loop {
            let query = crate::load::text(&mut seeded, 3);
            let recall = Recall { query, limit: 5, ..Recall::default() };
            // A question may come while the store mends itself.
            let _answer = self.live.read(|reader| reader.recall(&recall));
            pause(Duration::from_millis(5));
        }
    }
}
