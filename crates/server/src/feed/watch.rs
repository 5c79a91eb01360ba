//! Keeping up with a repository: its commits and documents, the transcripts of agents that work in it, and given files.

use std::time::Duration;

use lichen_engine::{Folders, IngestPlan, MessageFile, Observer};
use tokio::time::Instant;

use super::Feeder;
use super::feeder::blocking;
use super::report::Taken;
use super::stop::Stop;
use super::tail::{Tail, describe, look};
use crate::Result;

/// What is kept up with, and how often it is looked at.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What to take in, as an ingest would.
    pub plan: IngestPlan,
    /// Time between two looks at files that are known.
    pub interval: Duration,
    /// Time between two looks for new files, commits and documents: at least; never more than one part in twenty of the
    /// time is spent on it.
    pub search: Duration,
}

impl Watch {
    /// Keeps up with what `plan` names, twice a second.
    pub const fn new(plan: IngestPlan) -> Self {
        Self { plan, interval: Duration::from_millis(500), search: Duration::from_secs(2) }
    }
}

/// Keeps up until it is to end.
pub async fn watch(spec: &Watch, feeder: &Feeder) -> Result<()> {
    let mut tails: Vec<Tail> = Vec::new();
    let mut told = Vec::new();
    let plan = spec.plan.clone();
    let mut folders = Some(feeder.on_engine(move |engine| engine.folders(&plan)).await??);
    let mut due = Instant::now();
    while !feeder.stop().is_stopped() {
        let began = Instant::now();
        if began >= due {
            find_files(spec, &mut tails, &mut told, feeder).await?;
            folders = look_at_folders(folders, &mut told, feeder).await?;
            due = Instant::now() + spec.search.max(began.elapsed() * 20);
        }
        tails = look(tails, &mut told, feeder).await?;
        if feeder.pause(spec.interval).await {
            break;
        }
    }
    Ok(())
}

/// Follows files that were not there before.
async fn find_files(
    spec: &Watch,
    tails: &mut Vec<Tail>,
    told: &mut Vec<String>,
    feeder: &Feeder,
) -> Result<()> {
    const WHAT: &str = "looking for messages";
    let plan = spec.plan.clone();
    let files = match feeder.on_engine(move |engine| engine.message_files(&plan)).await? {
        Ok(files) => files,
        Err(error) => {
            // As where a given file is not there for a moment: those that are known are followed on.
            tell(told, WHAT, &error, feeder);
            return Ok(());
        }
    };
    told.retain(|known| known != WHAT);
    let new = |file: &MessageFile| !tails.iter().any(|tail| tail.file().source() == file.source());
    let new: Vec<MessageFile> = files.into_iter().filter(new).collect();
    for file in new {
        let position = feeder.position(&file.source()).await?;
        tails.push(Tail::new(file, position));
    }
    Ok(())
}

/// Takes in commits and documents where anything has changed.
async fn look_at_folders(
    folders: Option<Folders>,
    told: &mut Vec<String>,
    feeder: &Feeder,
) -> Result<Option<Folders>> {
    const WHAT: &str = "looking for commits and documents";
    let Some(mut folders) = folders else { return Ok(None) };
    let (folders, changed) = blocking(move || {
        let changed = folders.changed();
        (folders, changed)
    })
    .await;
    match changed {
        Ok(false) => return Ok(Some(folders)),
        Ok(true) => {}
        Err(error) => {
            tell(told, WHAT, &error, feeder);
            return Ok(Some(folders));
        }
    }
    let (plan, stop) = (folders.plan().clone(), feeder.stop().clone());
    let ingested = feeder.on_engine(move |engine| engine.ingest(&plan, &mut Until(stop))).await?;
    match ingested {
        Ok(summary) => {
            told.retain(|known| known != WHAT);
            summary.problems.iter().for_each(|problem| feeder.report().problem(problem));
            if summary.commits + summary.versions > 0 {
                feeder.report().taken(&Taken {
                    feed: folders.name(),
                    messages: 0,
                    commits: summary.commits,
                    versions: summary.versions,
                });
            }
        }
        Err(error) => tell(told, WHAT, &error, feeder),
    }
    Ok(Some(folders))
}

/// Tells a trouble once, until it is over.
fn tell(told: &mut Vec<String>, what: &str, error: &lichen_engine::Error, feeder: &Feeder) {
    if !told.iter().any(|known| known == what) {
        feeder.report().note(&format!("{what}: {}", describe(error)));
        told.push(what.to_owned());
    }
}

/// Stops an ingest when feeds are to end.
struct Until(Stop);

impl Observer for Until {
    fn stage(&mut self, _name: &str, _total: Option<u64>) {}
    fn stage_total(&mut self, _total: u64) {}
    fn done(&mut self, _done: u64) {}
    fn note(&mut self, _text: &str) {}
    fn cancelled(&self) -> bool {
        self.0.is_stopped()
    }
}
