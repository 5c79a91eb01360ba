//! Measuring references on messages of commits in which people labelled every one: the messages are read from clones, and
//! resolved as those of any commit are.

use std::path::{Path, PathBuf};

use lichen_model::{Clock, Rung};
use lichen_source::git::Repository;
use lichen_source::references::eval::{Count, Fault, Labelled, LabelledMessage, Score, Sort};
use lichen_source::references::{Code as _, Parsed, Remote, Setting, Snapshot, detect, resolve};

use super::Clone;
use crate::{Error, Observer};

/// What an evaluation of references measured.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceReport {
    /// Each repository's, by name.
    pub repositories: Vec<(String, ReferenceMetrics)>,
    /// Over all messages of all of them.
    pub total: ReferenceMetrics,
    /// What was told wrongly or not at all, in order.
    pub faults: Vec<ReferenceFault>,
}

/// How rightly references were told, and how quickly.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReferenceMetrics {
    /// Messages.
    pub messages: usize,
    /// Bytes of them.
    pub bytes: usize,
    /// Milliseconds for each KiB of text: finding and resolving, once files and symbols of the commit are at hand.
    pub ms_per_kib: f64,
    /// Each sort of references.
    pub sorts: Vec<ReferenceCount>,
}

/// How rightly one sort of references was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceCount {
    /// The sort.
    pub sort: &'static str,
    /// References that were told as certain.
    pub claimed: usize,
    /// Those that are right.
    pub right: usize,
    /// References that people labelled.
    pub labelled: usize,
    /// Those that were told rightly.
    pub found: usize,
    /// Those that were only among several that were offered.
    pub offered: usize,
    /// The share of what was told that is right.
    pub precision: f64,
    /// The share of what is right that was told.
    pub recall: f64,
}

/// Something that was told wrongly, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceFault {
    /// The repository.
    pub repository: String,
    /// The commit whose message it is.
    pub commit: String,
    /// The words.
    pub words: String,
    /// What sort it is.
    pub sort: &'static str,
    /// What was told; empty for nothing.
    pub told: String,
    /// What is right; empty for nothing.
    pub expected: String,
}

#[derive(Default)]
struct Measured {
    messages: usize,
    bytes: usize,
    nanos: u64,
    score: Score,
}

impl Measured {
    fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.nanos += other.nanos;
        self.score.add(&other.score);
    }

    fn metrics(&self) -> ReferenceMetrics {
        let kib = self.bytes as f64 / 1024.0;
        let ms = self.nanos as f64 / 1e6;
        let count = |sort: Sort| {
            let count = self.score.count(sort);
            let (precision, recall) = (count.precision(), count.recall());
            let Count { claimed, right, labelled, found, offered } = count;
            let sort = sort.as_str();
            ReferenceCount { sort, claimed, right, labelled, found, offered, precision, recall }
        };
        ReferenceMetrics {
            messages: self.messages,
            bytes: self.bytes,
            ms_per_kib: if self.bytes == 0 { 0.0 } else { ms / kib },
            sorts: Sort::ALL.into_iter().map(count).collect(),
        }
    }
}

/// Measures references on files of labelled data (see `docs/guide/measure.md`).
///
/// # Errors
/// A file that is not of the format, a clone that is none, messages of a repository without a clone, and commits that a clone
/// does not have.
pub fn eval_references(
    files: &[PathBuf],
    clones: &[Clone],
    clock: &dyn Clock,
    observer: &mut dyn Observer,
) -> Result<ReferenceReport, Error> {
    let mut labelled = Labelled::default();
    for path in files {
        let Labelled { repositories, messages } = read(path)?;
        labelled.repositories.extend(repositories);
        labelled.messages.extend(messages);
    }
    if let Some(message) = labelled
        .messages
        .iter()
        .find(|message| clones.iter().all(|clone| clone.name != message.repository))
    {
        let what = format!(
            "no clone of `{0}` was given, of which messages are asked for: `--repo {0}=PATH`",
            message.repository
        );
        return Err(Error::Question { what });
    }
    let (mut repositories, mut all, mut faults) = (Vec::new(), Measured::default(), Vec::new());
    for clone in clones {
        let of: Vec<&LabelledMessage> =
            labelled.messages.iter().filter(|message| message.repository == clone.name).collect();
        let web = labelled.repositories.iter().filter(|repository| repository.name == clone.name);
        let remotes: Vec<Remote> = web
            .flat_map(|repository| &repository.web)
            .filter_map(|web| Remote::parse(web))
            .collect();
        observer.stage(&format!("references of {}", clone.name), Some(of.len() as u64));
        let measured = measure(clone, &of, remotes, clock, observer, &mut faults)?;
        all.add(&measured);
        repositories.push((clone.name.clone(), measured.metrics()));
    }
    Ok(ReferenceReport { repositories, total: all.metrics(), faults })
}

fn read(path: &Path) -> Result<Labelled, Error> {
    let bytes = fs_err::read(path).map_err(|source| Error::File { source })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Dataset { path: path.to_owned(), what: error.to_string() })
}

fn measure(
    clone: &Clone,
    messages: &[&LabelledMessage],
    remotes: Vec<Remote>,
    clock: &dyn Clock,
    observer: &mut dyn Observer,
    faults: &mut Vec<ReferenceFault>,
) -> Result<Measured, Error> {
    let repository = Repository::open(&clone.path, &clone.name)?;
    let mut code = Snapshot::new(&repository, Parsed::default());
    if !remotes.is_empty() {
        code = code.with_remotes(remotes);
    }
    // In the order of their times: neighbours have most of their files in common.
    let mut ordered = Vec::with_capacity(messages.len());
    for message in messages {
        let found = repository.commit(&message.commit).and_then(|commit| {
            Some((code.committed(&commit)?, commit.clone(), repository.message(&commit)?))
        });
        let Some((written, commit, text)) = found else {
            let what = format!("the clone of `{}` has no commit `{}`", clone.name, message.commit);
            return Err(Error::Question { what });
        };
        ordered.push((written, commit, text, *message));
    }
    ordered.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut measured = Measured::default();
    for (done, (written, commit, text, message)) in ordered.into_iter().enumerate() {
        if observer.cancelled() {
            return Err(Error::Cancelled);
        }
        code.move_to(&commit);
        let started = clock.monotonic_nanos();
        let mentions = detect(&text);
        let setting =
            Setting { written, commit: &commit, rung: Rung::Own, touched: &[], roots: &[] };
        let told = resolve(&mentions, &setting, &mut code);
        measured.nanos += clock.monotonic_nanos().saturating_sub(started);
        measured.messages += 1;
        measured.bytes += text.len();
        let wrong = measured.score.judge(&text, &message.references, &told);
        faults.extend(wrong.into_iter().map(|fault| fault_of(message, &text, fault)));
        observer.done(done as u64 + 1);
    }
    Ok(measured)
}

fn fault_of(message: &LabelledMessage, text: &str, fault: Fault) -> ReferenceFault {
    let Fault { span, sort, told, expected } = fault;
    ReferenceFault {
        repository: message.repository.clone(),
        commit: message.commit.clone(),
        words: text.get(span.start as usize..span.end as usize).unwrap_or_default().to_owned(),
        sort: sort.as_str(),
        told,
        expected,
    }
}
