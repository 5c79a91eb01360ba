//! The crash proof: a writer is killed again and again, at random and at every step of the journal's life, and what it was
//! told is held against what the store still has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use lichen_store::Step;
use serde::Serialize;

use crate::check::Report;
use crate::child::{Heard, PATIENCE, Writer};
use crate::clock::{SystemClock, pause};
use crate::latency::{Latencies, Spread};
use crate::output::{say, say_json};
use crate::scratch;
use crate::seeded::{self, Seeded};
use crate::writer::{Arguments as WriterArguments, Moment};

/// Kills of one store before the next one is begun, so that looking through it does not take all the time.
const KILLS_PER_STORE: u64 = 25;
/// How long a writer may take to come to the step at which it is to end.
const TO_STEP: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often the writer is killed
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// What everything is made from; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// Where the stores are made; the oracle is kept in memory
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Prints the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// What all the kills came to.
#[derive(Default, Serialize)]
struct Outcome {
    seed: u64,
    kills: u64,
    /// Those of them that hit while the store was being opened.
    kills_while_opening: u64,
    /// How often the writer ended at each step.
    at_step: BTreeMap<&'static str, u64>,
    /// Looks at a store.
    checks: u64,
    /// Acknowledged messages that were looked for, over all looks.
    acknowledged_checked: u64,
    lost: u64,
    duplicated: u64,
    altered: u64,
    partial: u64,
    foreign: u64,
    unfound: u64,
    findings: u64,
    open_failures: u64,
    /// What stores said of damage: a crash alone leaves at most a torn end of the journal.
    repairs: u64,
    recovery_ms: Spread,
    seconds: f64,
}

impl Outcome {
    fn is_good(&self) -> bool {
        self.lost
            + self.duplicated
            + self.altered
            + self.partial
            + self.foreign
            + self.unfound
            + self.findings
            + self.open_failures
            == 0
    }

    fn add(&mut self, report: &Report) {
        self.checks += 1;
        self.acknowledged_checked += report.acknowledged;
        self.lost += report.lost;
        self.duplicated += report.duplicated;
        self.altered += report.altered + report.reworded;
        self.partial += report.partial;
        self.foreign += report.foreign;
        self.unfound += report.unfound;
        self.findings += report.findings.len() as u64;
        self.repairs += report.repairs.len() as u64;
    }
}

/// When a writer is ended.
#[derive(Clone, Copy, Debug)]
enum Plan {
    /// So long after it was started: while it opens the store.
    Opening(Duration),
    /// At a step of opening.
    OpeningStep(Moment),
    /// So long after it began to write.
    Writing(Duration, Option<Moment>),
    /// At a step of writing.
    WritingStep(Moment),
}

impl Plan {
    fn draw(seeded: &mut Seeded) -> Self {
        let place = usize::try_from(seeded.below(Step::ALL.len() as u64)).unwrap_or(0);
        let step = Step::ALL[place];
        let millis = |seeded: &mut Seeded, below| Duration::from_millis(seeded.below(below));
        match seeded.below(100) {
            0..15 => Self::Opening(millis(seeded, 60)),
            15..25 => {
                let steps =
                    [Step::Recover, Step::Apply, Step::Mark, Step::Checkpoint, Step::Forget];
                let place = usize::try_from(seeded.below(steps.len() as u64)).unwrap_or(0);
                Self::OpeningStep(Moment { step: steps[place], nth: 1 + seeded.below(2) })
            }
            25..60 => {
                let fails = seeded.percent(40) && step != Step::Recover;
                let moment = Moment { step, nth: 1 + seeded.below(20) };
                Self::Writing(millis(seeded, 300), fails.then_some(moment))
            }
            _ if step == Step::Recover => Self::OpeningStep(Moment { step, nth: 1 }),
            _ => {
                // Groups are written all the time; the others come more rarely.
                let often = [Step::Write, Step::Sync, Step::Acknowledge].contains(&step);
                Self::WritingStep(Moment {
                    step,
                    nth: 1 + seeded.below(if often { 40 } else { 3 }),
                })
            }
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let clock = SystemClock::new();
    let seed = seeded::or_now(arguments.seed, &clock);
    let mut proof = Proof {
        seed,
        seeded: Seeded::new(&[seed, 1]),
        outcome: Outcome { seed, ..Outcome::default() },
        recoveries: Latencies::default(),
    };
    while proof.outcome.kills < arguments.kills {
        let store = scratch::on_disk(arguments.dir.as_ref())?;
        let oracle = scratch::in_memory()?;
        let until = arguments.kills.min(proof.outcome.kills + KILLS_PER_STORE);
        if let Err(error) = proof.store(store.path(), oracle.path(), until) {
            let (store, oracle) = (store.keep(), oracle.keep());
            bail!(
                "{error:#}\nseed {seed}; the store is kept in `{}`, its oracle in `{}`",
                store.display(),
                oracle.display()
            );
        }
    }
    let Proof { mut outcome, recoveries, .. } = proof;
    outcome.recovery_ms = recoveries.spread();
    outcome.seconds = clock.elapsed().as_secs_f64();
    print(&outcome, arguments.json)?;
    ensure!(outcome.is_good(), "the promise does not hold");
    Ok(())
}

struct Proof {
    seed: u64,
    seeded: Seeded,
    outcome: Outcome,
    recoveries: Latencies,
}

impl Proof {
    /// Kills the writer of one store until there were so many kills, and looks through it at the end.
    fn store(&mut self, store: &Path, oracle: &Path, until: u64) -> Result<()> {
        let writer = WriterArguments::new(store.join("store"), oracle, self.seed, 0);
        let (mut round, mut openings) = (0, 0);
        while self.outcome.kills < until {
            let plan = Plan::draw(&mut self.seeded);
            let opening = matches!(plan, Plan::Opening(_) | Plan::OpeningStep(_));
            // A log of which three openings died is put aside, and what was taken in around the journal with it. That is
            // told and meant: the proof of damage looks at it.
            openings = if opening { openings + 1 } else { 0 };
            if openings > 2 {
                continue;
            }
            self.kill(&WriterArguments { round, ..writer.clone() }, plan)?;
            round += 1;
        }
        let last = Writer::start(&WriterArguments { only_check: true, ..writer }, None)?;
        self.look(last.hear_json()?)?;
        let (ended_well, error) = last.end()?;
        ensure!(ended_well, "the last look ended badly: {error}");
        Ok(())
    }

    fn kill(&mut self, writer: &WriterArguments, plan: Plan) -> Result<()> {
        let mut arguments = writer.clone();
        match plan {
            Plan::Opening(_) => {}
            Plan::OpeningStep(moment) => {
                arguments.abort = Some(moment);
                arguments.abort_early = true;
            }
            Plan::Writing(_, fail) => arguments.fail = fail,
            Plan::WritingStep(moment) => arguments.abort = Some(moment),
        }
        let writer = Writer::start(&arguments, None)?;
        match plan {
            Plan::Opening(after) => {
                pause(after);
                // Where it was fast, it writes already.
                if matches!(writer.hear(Duration::ZERO), Heard::Nothing) {
                    self.outcome.kills_while_opening += 1;
                }
                return self.end(writer, plan);
            }
            Plan::OpeningStep(moment) => match writer.hear(PATIENCE) {
                // It did not come to the step: it writes.
                Heard::Line(line) => self.look(Some(serde_json::from_str(&line)?))?,
                Heard::Nothing => return self.not_opened(writer),
                Heard::Ended => {
                    let (_, error) = writer.kill()?;
                    ensure!(error.is_empty(), "it could not open the store: {error}");
                    *self.outcome.at_step.entry(moment.step.name()).or_default() += 1;
                    self.outcome.kills_while_opening += 1;
                    self.outcome.kills += 1;
                    return Ok(());
                }
            },
            Plan::Writing(..) | Plan::WritingStep(_) => match writer.hear_json()? {
                None => return self.not_opened(writer),
                report => self.look(report)?,
            },
        }
        match plan {
            Plan::Writing(after, _) => pause(after),
            Plan::WritingStep(moment) => {
                if matches!(writer.hear(TO_STEP), Heard::Ended) {
                    *self.outcome.at_step.entry(moment.step.name()).or_default() += 1;
                }
            }
            Plan::Opening(_) | Plan::OpeningStep(_) => pause(Duration::from_millis(50)),
        }
        self.end(writer, plan)
    }

    /// Kills the writer. One that ended by itself must have come to its step, which one that was meant to end while opening may do
    /// later.
    fn end(&mut self, writer: Writer, plan: Plan) -> Result<()> {
        let (running, error) = writer.kill()?;
        let steps = matches!(plan, Plan::WritingStep(_) | Plan::OpeningStep(_));
        ensure!(error.is_empty() && (running || steps), "it failed: {error} ({plan:?})");
        self.outcome.kills += 1;
        Ok(())
    }

    fn not_opened(&mut self, writer: Writer) -> Result<()> {
        self.outcome.open_failures += 1;
        let (running, error) = writer.kill()?;
        bail!("the store was not opened: {}", if running { "it took too long" } else { &error });
    }

    fn look(&mut self, report: Option<Report>) -> Result<()> {
        let Some(report) = report else { bail!("the store was not opened for the last look") };
        self.recoveries.add(Duration::from_secs_f64(report.open_ms / 1e3));
        self.outcome.add(&report);
        ensure!(report.is_good(), "after {} kills: {report:?}", self.outcome.kills);
        Ok(())
    }
}

fn print(outcome: &Outcome, json: bool) -> Result<()> {
    if json {
        return say_json(outcome);
    }
    let Outcome { seed, kills, kills_while_opening, checks, acknowledged_checked, .. } = outcome;
    say(&format!(
        "seed {seed}: {kills} kills ({kills_while_opening} while opening) in {:.1} s, {checks} looks, \
         {acknowledged_checked} acknowledged messages checked",
        outcome.seconds
    ))?;
    say(&format!(
        "lost {}, duplicated {}, altered {}, partial {}, foreign {}, not found by words {}, findings {}, open failures {}",
        outcome.lost,
        outcome.duplicated,
        outcome.altered,
        outcome.partial,
        outcome.foreign,
        outcome.unfound,
        outcome.findings,
        outcome.open_failures
    ))?;
    let steps: Vec<String> =
        outcome.at_step.iter().map(|(step, count)| format!("{step} {count}")).collect();
    say(&format!(
        "ended at {} of {} steps: {}; {} torn ends told",
        steps.len(),
        Step::ALL.len(),
        steps.join(", "),
        outcome.repairs
    ))?;
    let Spread { p50, p99, max, .. } = outcome.recovery_ms;
    say(&format!("opened within p50 {p50:.0} ms, p99 {p99:.0} ms, max {max:.0} ms"))
}
