//! The damage proof: the logs that a killed writer left are cut, flipped, zeroed, exchanged and taken away, and every
//! acknowledged message must still be there, or its loss be told.

mod mutation;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::check::Report;
use crate::child::{Heard, PATIENCE, Writer};
use crate::clock::SystemClock;
use crate::output::{say, say_json, table};
use crate::scratch;
use crate::seeded::{self, Seeded};
use crate::writer::{Alone, Arguments as WriterArguments, DONE};
use mutation::{Files, Mutation, Target};

/// Processes that may die of a log before it is put aside.
const DEATHS_MAX: u64 = 3;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many damages are tried
    #[arg(long, default_value_t = 300)]
    mutations: usize,
    /// What everything is made from; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// Tries this damage only
    #[arg(long)]
    only: Option<usize>,
    /// Prints the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// What became of a damaged store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    tried: u64,
    /// Everything is there, and DuckDB alone would have had it too.
    intact: u64,
    /// Everything is there though DuckDB alone has less, and the store says so.
    restored: u64,
    /// Something is missing, and the store says so: where both logs are damaged.
    told: u64,
    /// The store does not open, says why, and keeps the bytes.
    refused: u64,
    /// Something is missing or wrong and nobody says so.
    silent: u64,
    /// Processes that died of the files before the store took notice.
    deaths: u64,
    /// It crashed again and again, or did not come to an end.
    crashed: u64,
    /// Of all these: DuckDB alone refuses the files.
    alone_refuses: u64,
    /// Of all these: DuckDB alone opens and has lost messages without a word.
    alone_loses: u64,
}

#[derive(Serialize)]
struct Outcome {
    seed: u64,
    acknowledged: u64,
    seconds: f64,
    by_target: BTreeMap<Target, Counts>,
}

/// A store as a kill left it, and what belongs to it.
struct Base {
    folder: tempfile::TempDir,
    oracle: tempfile::TempDir,
    seed: u64,
    files: Files,
    acknowledged: u64,
    /// What DuckDB alone gives of it.
    messages: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let clock = SystemClock::new();
    let seed = seeded::or_now(arguments.seed, &clock);
    let base = Base::make(seed)?;
    let mutations = mutation::all(&base.files, arguments.mutations, &mut Seeded::new(&[seed, 2]))?;
    let mut by_target: BTreeMap<Target, Counts> = BTreeMap::new();
    for (nth, mutation) in mutations.iter().enumerate() {
        if arguments.only.is_some_and(|only| only != nth) {
            continue;
        }
        let counts = by_target.entry(mutation.target).or_default();
        let trouble = base
            .try_out(mutation, counts)
            .with_context(|| format!("seed {seed}, damage {nth}: {mutation}"))?;
        if let Some(trouble) = trouble {
            say(&format!("seed {seed}, damage {nth}: {mutation}: {trouble}"))?;
        }
    }
    let outcome = Outcome {
        seed,
        acknowledged: base.acknowledged,
        seconds: clock.elapsed().as_secs_f64(),
        by_target,
    };
    print(&outcome, arguments.json)?;
    let bad = |counts: &Counts| counts.silent + counts.crashed;
    ensure!(outcome.by_target.values().map(bad).sum::<u64>() == 0, "the promise does not hold");
    let alone = |counts: &Counts| counts.alone_refuses + counts.alone_loses;
    ensure!(
        arguments.only.is_some() || outcome.by_target.values().map(alone).sum::<u64>() > 0,
        "no damage was one: the proof proves nothing"
    );
    Ok(())
}

fn writer(store: &Path, oracle: &Path, seed: u64) -> WriterArguments {
    WriterArguments { writers: 2, ..WriterArguments::new(store.to_owned(), oracle, seed, 0) }
}

/// Has a writer write some batches and kills it then.
fn write(arguments: &WriterArguments) -> Result<()> {
    let writer = Writer::start(arguments, None)?;
    let report: Option<Report> = writer.hear_json()?;
    let done = matches!(writer.hear(PATIENCE), Heard::Line(line) if line == DONE);
    let (_, error) = writer.kill()?;
    ensure!(report.is_some() && done, "the writer did not write: {error}");
    Ok(())
}

/// Has a store looked through and closed.
fn look(arguments: &WriterArguments) -> Result<(Option<Alone>, Option<Report>, bool, String)> {
    let arguments = WriterArguments { only_check: true, ..arguments.clone() };
    let writer = Writer::start(&arguments, None)?;
    let alone = if arguments.alone { writer.hear_json()? } else { None };
    let report = writer.hear_json()?;
    let (ended_well, error) = writer.end()?;
    Ok((alone, report, ended_well, error))
}

impl Base {
    fn make(seed: u64) -> Result<Self> {
        let folder = scratch::in_memory()?;
        let oracle = scratch::in_memory()?;
        let store = folder.path().join("store");
        let arguments = writer(&store, oracle.path(), seed);
        write(&WriterArguments { batches: Some(12), ..arguments.clone() })?;
        let stale = fs_err::read(store.join("lichen.duckdb.wal"))?;
        // Checkpointed and closed.
        let (_, report, _, error) = look(&arguments)?;
        ensure!(report.is_some_and(|report| report.is_good()), "{error}");
        write(&WriterArguments { round: 1, batches: Some(20), ..arguments.clone() })?;
        let foreign = Self::foreign_log(seed + 1)?;
        let copy = folder.path().join("copy");
        scratch::copy(&store, &copy)?;
        let arguments = WriterArguments { alone: true, ..writer(&copy, oracle.path(), seed) };
        let (alone, report, _, error) = look(&arguments)?;
        let report = report.with_context(|| format!("an undamaged store did not open: {error}"))?;
        ensure!(report.is_good(), "{report:?}");
        let messages = alone.and_then(|alone| alone.messages).context("DuckDB opens it")?;
        fs_err::remove_dir_all(copy)?;
        let files = Files::read(&store, stale, foreign)?;
        Ok(Self { folder, oracle, seed, files, acknowledged: report.acknowledged, messages })
    }

    /// The log of another store.
    fn foreign_log(seed: u64) -> Result<Vec<u8>> {
        let folder = scratch::in_memory()?;
        let oracle = scratch::in_memory()?;
        let store = folder.path().join("store");
        write(&WriterArguments { batches: Some(8), ..writer(&store, oracle.path(), seed) })?;
        Ok(fs_err::read(store.join("lichen.duckdb.wal"))?)
    }

    /// Damages a copy and counts what became of it; says what was not as it must be.
    fn try_out(&self, mutation: &Mutation, counts: &mut Counts) -> Result<Option<String>> {
        let copy = scratch::in_memory()?;
        let store = copy.path().join("store");
        let fresh = || -> Result<()> {
            if store.exists() {
                fs_err::remove_dir_all(&store)?;
            }
            scratch::copy(&self.folder.path().join("store"), &store)?;
            mutation.apply(&self.files, &store)
        };
        fresh()?;
        counts.tried += 1;
        let arguments =
            WriterArguments { alone: true, ..writer(&store, self.oracle.path(), self.seed) };
        let (mut alone, mut report, mut ended_well, mut error) = look(&arguments)?;
        if alone.is_none() {
            // DuckDB alone took the whole process with it.
            alone = Some(Alone { messages: None });
            fresh()?;
            let arguments = WriterArguments { alone: false, ..arguments.clone() };
            (_, report, ended_well, error) = look(&arguments)?;
        }
        // DuckDB may take ours with it too: it must not go on for ever.
        for _ in 0..DEATHS_MAX {
            if report.is_some() || error.contains("Error:") {
                break;
            }
            counts.deaths += 1;
            let arguments = WriterArguments { alone: false, ..arguments.clone() };
            (_, report, ended_well, error) = look(&arguments)?;
        }
        let alone = alone.and_then(|alone| alone.messages);
        counts.alone_refuses += u64::from(alone.is_none());
        counts.alone_loses += u64::from(alone.is_some_and(|messages| messages < self.messages));
        let Some(report) = report else {
            if error.contains("Error:") && mutation.is_kept(&self.files, &store)? {
                counts.refused += 1;
                // With a journal that is whole there is nothing to refuse for.
                return Ok((mutation.target == Target::Log).then_some(error));
            }
            counts.crashed += 1;
            return Ok(Some(format!("it crashed: {error}")));
        };
        if !ended_well {
            counts.crashed += 1;
            return Ok(Some(format!("it ended badly: {error}")));
        }
        let told = !report.repairs.is_empty();
        let differs = alone != Some(self.messages);
        let place = match (report.is_good(), told) {
            (true, false) if !differs => &mut counts.intact,
            (true, true) => &mut counts.restored,
            (false, true) if report.is_consistent() && mutation.target == Target::Both => {
                &mut counts.told
            }
            _ => {
                counts.silent += 1;
                return Ok(Some(format!("{report:?}; DuckDB alone gives {alone:?} messages")));
            }
        };
        *place += 1;
        Ok(None)
    }
}

fn print(outcome: &Outcome, json: bool) -> Result<()> {
    if json {
        return say_json(outcome);
    }
    say(&format!(
        "seed {}: {} acknowledged messages, {:.1} s",
        outcome.seed, outcome.acknowledged, outcome.seconds
    ))?;
    let heading = [
        "damaged",
        "tried",
        "intact",
        "restored + told",
        "lost + told",
        "refused + kept",
        "SILENT",
        "deaths",
        "CRASHED",
        "DuckDB alone: refuses",
        "loses silently",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (target, counts) in &outcome.by_target {
        let numbers = [
            counts.tried,
            counts.intact,
            counts.restored,
            counts.told,
            counts.refused,
            counts.silent,
            counts.deaths,
            counts.crashed,
            counts.alone_refuses,
            counts.alone_loses,
        ];
        let mut row = vec![target.name().to_owned()];
        row.extend(numbers.map(|number| number.to_string()));
        rows.push(row);
    }
    table(&rows)
}
