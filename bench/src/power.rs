//! The power proof: the file system under a writer is stopped so that everything that was not synced is gone, as when the
//! power is cut. Without syncing, the same proof must find losses: a proof that finds none then could not find any.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;

use crate::check::Report;
use crate::child::{Heard, PATIENCE, Writer};
use crate::clock::{SystemClock, pause};
use crate::latency::{Latencies, Spread};
use crate::output::{say, say_json};
use crate::scratch;
use crate::seeded::{self, Seeded};
use crate::writer::Arguments as WriterArguments;

/// Cuts of one file system before a new one is made.
const CUTS_PER_STORE: u64 = 12;
/// Mebibytes of the file system.
const SIZE_MIB: u64 = 768;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often the power is cut
    #[arg(long, default_value_t = 20)]
    cuts: u64,
    /// What everything is made from; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,
    /// Runs the writer by way of `eatmydata`, which makes syncing do nothing: losses must be found then
    #[arg(long)]
    no_fsync: bool,
    /// The file system: ext4 or xfs
    #[arg(long, default_value = "ext4")]
    file_system: String,
    /// Where the image of the file system is kept
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Prints the outcome as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Default, Serialize)]
struct Outcome {
    seed: u64,
    file_system: String,
    synced: bool,
    cuts: u64,
    acknowledged_checked: u64,
    lost: u64,
    /// Stores that did not open after a cut.
    open_failures: u64,
    /// Messages or batches that were not as they must be, beside those that were lost.
    wrong: u64,
    /// What stores said of damage.
    repairs: u64,
    recovery_ms: Spread,
    seconds: f64,
}

/// A file system in a file, mounted; needs the right to mount, a loop device and `xfs_io`.
struct Lossy {
    image: PathBuf,
    at: PathBuf,
    mounted: bool,
}

fn call(program: &str, arguments: &[&str], paths: &[&Path]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .args(paths)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{program}` is needed"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{program} {}` failed: {error}", arguments.join(" "));
    Ok(())
}

impl Lossy {
    fn make(dir: &Path, file_system: &str) -> Result<Self> {
        let image = dir.join("image");
        let at = dir.join("mounted");
        fs_err::create_dir_all(&at)?;
        let file = fs_err::File::create(&image)?;
        file.set_len(SIZE_MIB << 20)?;
        match file_system {
            "ext4" => call("mkfs.ext4", &["-q", "-F"], &[&image])?,
            "xfs" => call("mkfs.xfs", &["-q", "-f"], &[&image])?,
            other => bail!("`{other}` is not known here: ext4 or xfs"),
        }
        let mut lossy = Self { image, at, mounted: false };
        lossy.mount()?;
        Ok(lossy)
    }

    fn mount(&mut self) -> Result<()> {
        call("mount", &["-o", "loop"], &[&self.image, &self.at])?;
        self.mounted = true;
        Ok(())
    }

    /// From now on nothing reaches the image, and what has not yet never will.
    fn cut(&self) -> Result<()> {
        call("xfs_io", &["-x", "-c", "shutdown"], &[&self.at])
    }

    fn unmount(&mut self) -> Result<()> {
        call("umount", &[], &[&self.at])?;
        self.mounted = false;
        Ok(())
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        if self.mounted {
            // Nobody could do anything about it.
            let _unmounted = call("umount", &["-l"], &[&self.at]);
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let clock = SystemClock::new();
    let seed = seeded::or_now(arguments.seed, &clock);
    let mut outcome = Outcome {
        seed,
        file_system: arguments.file_system.clone(),
        synced: !arguments.no_fsync,
        ..Outcome::default()
    };
    let mut seeded = Seeded::new(&[seed, 3]);
    let mut recoveries = Latencies::default();
    while outcome.cuts < arguments.cuts {
        let folder = scratch::on_disk(arguments.dir.as_ref())?;
        let oracle = scratch::in_memory()?;
        let mut lossy = Lossy::make(folder.path(), &arguments.file_system)?;
        let until = arguments.cuts.min(outcome.cuts + CUTS_PER_STORE);
        let mut round = 0;
        while outcome.cuts < until {
            let store = lossy.at.join("store");
            let writer = WriterArguments::new(store, oracle.path(), seed, round);
            cut(arguments, &mut lossy, &writer, &mut seeded)?;
            outcome.cuts += 1;
            round += 1;
            let looked = look(&writer, &mut outcome, &mut recoveries)?;
            // After a loss the store and the oracle no longer belong together.
            if !looked {
                break;
            }
        }
        lossy.unmount()?;
    }
    outcome.recovery_ms = recoveries.spread();
    outcome.seconds = clock.elapsed().as_secs_f64();
    print(&outcome, arguments.json)?;
    let losses = outcome.lost + outcome.open_failures;
    if arguments.no_fsync {
        ensure!(losses > 0, "nothing was lost without syncing: the proof proves nothing");
    } else {
        ensure!(losses + outcome.wrong == 0, "the promise does not hold");
    }
    Ok(())
}

/// Has a writer write for a while and cuts the power.
fn cut(
    arguments: &Arguments,
    lossy: &mut Lossy,
    writer: &WriterArguments,
    seeded: &mut Seeded,
) -> Result<()> {
    let wrapper = arguments.no_fsync.then_some("eatmydata");
    let writer = Writer::start(writer, wrapper)?;
    let report: Option<Report> = writer.hear_json()?;
    if report.is_none() {
        let (_, error) = writer.kill()?;
        bail!("the store was not opened before the cut: {error}");
    }
    pause(Duration::from_millis(seeded.below(400)));
    // A file system that is being stopped may call a sync done that is not: then nobody may hear of it, as nobody would
    // where the power is cut.
    call("kill", &["-STOP", &writer.id().to_string()], &[])?;
    lossy.cut()?;
    let (running, error) = writer.kill()?;
    ensure!(running, "the writer ended by itself: {error}");
    lossy.unmount()?;
    lossy.mount()
}

/// Looks through the store; tells whether it is as it was left.
fn look(
    writer: &WriterArguments,
    outcome: &mut Outcome,
    recoveries: &mut Latencies,
) -> Result<bool> {
    let look = Writer::start(&WriterArguments { only_check: true, ..writer.clone() }, None)?;
    let Heard::Line(line) = look.hear(PATIENCE) else {
        let (_, error) = look.kill()?;
        outcome.open_failures += 1;
        say(&format!("cut {}: the store does not open: {error}", outcome.cuts))?;
        return Ok(false);
    };
    let report: Report = serde_json::from_str(&line)?;
    let (ended_well, error) = look.end()?;
    ensure!(ended_well, "it ended badly: {error}");
    recoveries.add(Duration::from_secs_f64(report.open_ms / 1e3));
    outcome.acknowledged_checked += report.acknowledged;
    outcome.lost += report.lost;
    outcome.wrong += report.duplicated
        + report.altered
        + report.reworded
        + report.partial
        + report.foreign
        + report.unfound
        + report.findings.len() as u64;
    outcome.repairs += report.repairs.len() as u64;
    if !report.is_good() {
        say(&format!("cut {}: {report:?}", outcome.cuts))?;
    }
    Ok(report.is_good())
}

fn print(outcome: &Outcome, json: bool) -> Result<()> {
    if json {
        return say_json(outcome);
    }
    let Spread { p50, p99, max, .. } = outcome.recovery_ms;
    say(&format!(
        "seed {}, {}, {}: {} cuts in {:.1} s, {} acknowledged messages checked: lost {}, wrong {}, open failures {}; {} \
         damages told; opened within p50 {p50:.0} ms, p99 {p99:.0} ms, max {max:.0} ms",
        outcome.seed,
        outcome.file_system,
        if outcome.synced { "synced" } else { "not synced" },
        outcome.cuts,
        outcome.seconds,
        outcome.acknowledged_checked,
        outcome.lost,
        outcome.wrong,
        outcome.open_failures,
        outcome.repairs
    ))
}
