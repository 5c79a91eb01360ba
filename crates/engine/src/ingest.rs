//! Taking in what is new: every input is read, appended batch by batch, and then the index catches up.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use lichen_index::embed::StaticModel;
use lichen_model::{Batch, Oid, Problem, Repo};
use lichen_source::messages::{self, Format, Found, Mapping};
use lichen_source::{Estimate, Read, documents, git};
use lichen_store::Receipt;

use crate::{Engine, Error, Observer};

/// Threads that compare trees of a repository.
const GIT_THREADS: usize = 2;
/// Batches read ahead of the one that is appended.
const BATCHES_AHEAD: usize = 1;
/// Problems that a summary keeps; the rest are counted.
const PROBLEMS_KEPT: usize = 1000;

/// What to take in.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part that can be left out")]
pub struct IngestPlan {
    /// The repository whose memory this is; what is taken in without paths.
    pub root: PathBuf,
    /// Repositories, folders and files of messages; empty for the repository at `root`.
    pub paths: Vec<PathBuf>,
    /// Whether commits are taken in.
    pub git: bool,
    /// Whether the symbols of what commits changed are indexed.
    pub symbols: bool,
    /// Whether documents of work trees are taken in.
    pub documents: bool,
    /// Whether agents' transcripts of the repository at `root` are looked for.
    pub discover: bool,
    /// The format of the files, instead of telling it from their content.
    pub format: Option<String>,
    /// Names of fields, for formats whose names vary.
    pub mapping: Mapping,
}

impl IngestPlan {
    /// Everything of the repository at `root`.
    pub fn repository(root: PathBuf) -> Self {
        Self {
            root,
            paths: Vec::new(),
            git: true,
            symbols: true,
            documents: true,
            discover: true,
            format: None,
            mapping: Mapping::default(),
        }
    }

    /// These files, folders or repositories, and nothing else.
    pub fn of_paths(root: PathBuf, paths: Vec<PathBuf>) -> Self {
        Self { paths, ..Self::repository(root) }
    }
}

/// What an ingest did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IngestSummary {
    /// New commits.
    pub commits: usize,
    /// New versions of documents, ends included.
    pub versions: usize,
    /// New messages.
    pub messages: usize,
    /// New versions of symbols on the branches that are followed.
    pub symbol_versions: usize,
    /// References to code that were found in texts.
    pub references: usize,
    /// New passages.
    pub passages: usize,
    /// Passages that were indexed, those left over from before included.
    pub indexed: u64,
    /// The first problems of the input.
    pub problems: Vec<Problem>,
    /// How many problems there were.
    pub problem_count: usize,
    /// Whether it was stopped before the end.
    pub cancelled: bool,
    /// How long it took.
    pub seconds: f64,
    /// How long indexing symbols took of that.
    pub symbol_seconds: f64,
}

impl IngestSummary {
    fn add(&mut self, receipt: Receipt, problems: Vec<Problem>) {
        self.commits += receipt.commits;
        self.versions += receipt.versions;
        self.messages += receipt.messages;
        self.passages += receipt.passages.len();
        for problem in problems.into_iter().chain(receipt.problems) {
            self.add_problem(problem);
        }
    }

    fn add_problem(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_KEPT {
            self.problems.push(problem);
        }
    }
}

/// One thing to read.
pub(crate) enum Input {
    Git { folder: PathBuf, key: String },
    Documents { folder: PathBuf, repo: Repo },
    Messages { path: PathBuf, part: Option<String>, format: &'static Format, given: bool },
}

impl Input {
    fn stage(&self) -> String {
        let name = |path: &Path| {
            path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        };
        match self {
            Self::Git { folder, .. } => format!("commits of {}", name(folder)),
            Self::Documents { folder, .. } => format!("documents of {}", name(folder)),
            Self::Messages { path, .. } => format!("messages of {}", name(path)),
        }
    }

    /// Whether a failure to read it ends the ingest: what was asked for by name must not be left out in silence.
    fn is_given(&self) -> bool {
        !matches!(self, Self::Messages { given: false, .. })
    }
}

impl Engine {
    /// Takes in what is new, then brings the index up. Taking in anything twice changes nothing. Stopped by the
    /// observer, it ends where the store is whole, and says so in the summary.
    pub fn ingest(
        &mut self,
        plan: &IngestPlan,
        observer: &mut dyn Observer,
    ) -> Result<IngestSummary, Error> {
        let started = self.reader.clock.monotonic_nanos();
        self.reader.derived.forget_directory();
        let mut summary = IngestSummary::default();
        for input in self.inputs(plan, observer)? {
            if observer.cancelled() {
                break;
            }
            observer.stage(&input.stage(), None);
            let read = self
                .open_reader(&input, plan)
                .and_then(|reader| self.drain(reader, &mut summary, observer));
            match read {
                Err(error @ Error::Source(_)) if !input.is_given() => {
                    summary.add_problem(Problem::new(input.stage(), "", describe(&error)));
                }
                other => other?,
            }
            if let (Input::Git { folder, key }, true) = (&input, plan.symbols) {
                self.take_in_symbols(folder, key, &mut summary, observer)?;
            }
        }
        self.reader.derived.forget_directory();
        if plan.symbols && !observer.cancelled() {
            summary.references = self.take_in_references(observer)?;
        }
        self.store.checkpoint()?;
        // Stores from before tokens were counted have some that are not.
        let mut counter = StaticModel::builtin()?.token_counter();
        self.store.count_tokens(&mut |text| counter.count(text))?;
        if !observer.cancelled() {
            summary.indexed = self.catch_up(observer)?;
        }
        summary.cancelled = observer.cancelled();
        summary.seconds = self.reader.clock.monotonic_nanos().saturating_sub(started) as f64 / 1e9;
        Ok(summary)
    }

    /// Indexes the symbols of a repository whose commits were taken in.
    fn take_in_symbols(
        &mut self,
        folder: &Path,
        key: &str,
        summary: &mut IngestSummary,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        if observer.cancelled() {
            return Ok(());
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let stage = format!("symbols of {name}");
        observer.stage(&stage, None);
        let started = self.reader.clock.monotonic_nanos();
        let indexed = self.index_symbols(folder, key, observer);
        let nanos = self.reader.clock.monotonic_nanos().saturating_sub(started);
        summary.symbol_seconds += nanos as f64 / 1e9;
        match indexed {
            Ok(indexed) => {
                summary.symbol_versions += indexed.receipt.versions;
                indexed.problems.into_iter().for_each(|problem| summary.add_problem(problem));
                Ok(())
            }
            // The rest of the memory is good without them.
            Err(error @ Error::Source(_)) => {
                summary.add_problem(Problem::new(stage, "", describe(&error)));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// What the plan comes to, in the order in which it is read: commits before the documents that stand on them.
    pub(crate) fn inputs(
        &self,
        plan: &IngestPlan,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Input>, Error> {
        let mut inputs = Vec::new();
        if plan.paths.is_empty() {
            self.add_folder(&plan.root, plan, &mut inputs)?;
            if plan.discover {
                self.add_discovered(plan, observer, &mut inputs)?;
            }
        }
        for path in &plan.paths {
            let metadata = fs_err::metadata(path).map_err(|source| Error::File { source })?;
            let format = match &plan.format {
                Some(name) => Some(messages::format(name).ok_or_else(|| unknown_format(name))?),
                // Some exports are folders; every other folder holds documents.
                None if metadata.is_dir() => messages::sniff(path).ok(),
                None => Some(messages::sniff(path)?),
            };
            match format {
                Some(format) => {
                    let path = absolute(path)?;
                    inputs.push(Input::Messages { path, part: None, format, given: true });
                }
                None => self.add_folder(path, plan, &mut inputs)?,
            }
        }
        Ok(inputs)
    }

    /// The commits and documents of a folder, which need not be a repository.
    fn add_folder(
        &self,
        folder: &Path,
        plan: &IngestPlan,
        inputs: &mut Vec<Input>,
    ) -> Result<(), Error> {
        let folder = absolute(folder)?;
        let key = self.key_of(&folder);
        match git::Repository::open(&folder, &key) {
            Ok(repository) => {
                if plan.git {
                    inputs.push(Input::Git { folder: folder.clone(), key: key.clone() });
                }
                if let (true, Some(work_tree)) = (plan.documents, repository.work_tree()) {
                    inputs.push(Input::Documents { folder: work_tree, repo: repository.repo() });
                }
            }
            Err(lichen_source::Error::NoRepository { .. }) if plan.documents => {
                let repo = documents::folder(&folder, &key);
                inputs.push(Input::Documents { folder, repo });
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Transcripts that agents' tools keep of the repository, told before they are read.
    fn add_discovered(
        &self,
        plan: &IngestPlan,
        observer: &mut dyn Observer,
        inputs: &mut Vec<Input>,
    ) -> Result<(), Error> {
        let discover = &self.reader.config.discover;
        if !discover.enabled || discover.homes.values().all(Vec::is_empty) {
            return Ok(());
        }
        let roots = repository_roots(&plan.root);
        for format in messages::FORMATS {
            let homes = discover.homes.get(format.name).filter(|homes| !homes.is_empty());
            let (Some(find), Some(homes)) = (format.discover, homes) else { continue };
            let found: Vec<Found> = find(homes, &roots)?;
            if found.is_empty() {
                continue;
            }
            // A file that holds many sessions counts once.
            let files: HashMap<&Path, u64> =
                found.iter().map(|file| (file.path.as_path(), file.bytes)).collect();
            let bytes: u64 = files.values().sum();
            let what = format!(
                "found {} transcripts of {} ({} KiB)",
                found.len(),
                format.name,
                bytes / 1024
            );
            observer.note(&format!("{what}; --no-discover leaves them out"));
            inputs.extend(found.into_iter().map(|file| Input::Messages {
                path: file.path,
                part: file.part,
                format,
                given: false,
            }));
        }
        Ok(())
    }

    /// What the store calls the repository or folder at `folder`: `.` where the store stands in it.
    pub(crate) fn key_of(&self, folder: &Path) -> String {
        let holds = |store: &Path| {
            store.parent().is_some_and(|parent| parent == folder) && store.ends_with(".lichen")
        };
        if holds(&self.reader.dir) { ".".to_owned() } else { folder.to_string_lossy().into_owned() }
    }

    fn open_reader(&self, input: &Input, plan: &IngestPlan) -> Result<Box<dyn Read + Send>, Error> {
        match input {
            Input::Git { folder, key } => Ok(Box::new(self.git_reader(folder, key)?)),
            Input::Documents { folder, repo } => Ok(Box::new(self.documents_reader(folder, repo)?)),
            Input::Messages { path, part, format, .. } => {
                let label = self.reader.label_of(path, part.as_deref());
                let position = self.store.read().progress(&format!("{}:{label}", format.name))?;
                let source = messages::Source {
                    path: path.clone(),
                    opened: None,
                    part: part.clone(),
                    label,
                    position,
                    repo_roots: repository_roots(&plan.root),
                    mapping: plan.mapping.clone(),
                    line_bytes_max: 0,
                    redactor: Some(Arc::clone(&self.reader.redactor)),
                };
                Ok((format.open)(&source)?)
            }
        }
    }

    /// A reader of the commits at `folder` that are not known yet.
    pub(crate) fn git_reader(&self, folder: &Path, key: &str) -> Result<git::Reader, Error> {
        let store = self.store.read();
        let repo = Repo::id(key);
        let commits = store.known_commits()?;
        let boundary: Vec<Oid> = store.boundary_commits()?;
        let refs: Vec<String> = store
            .refs(repo)?
            .into_iter()
            .filter(|seen| seen.state.target.is_some())
            .map(|seen| seen.state.reference.name)
            .collect();
        let people = store.people()?;
        let position = store.progress(&format!("git:{key}"))?;
        let known = git::Known {
            commit: &|oid| commits.contains(oid),
            boundary: &boundary,
            refs: &refs,
            people: &people,
            position: position.as_deref(),
        };
        let repository = git::Repository::open(folder, key)?;
        Ok(repository
            .redacted(Some(Arc::clone(&self.reader.redactor)))
            .read(&known, GIT_THREADS)?)
    }

    /// A reader of the documents below `folder` that differ from what is known.
    pub(crate) fn documents_reader(
        &self,
        folder: &Path,
        repo: &Repo,
    ) -> Result<documents::Reader, Error> {
        let store = self.store.read();
        let latest = store.latest_versions(repo.id)?.into_iter().map(|(path, latest)| {
            let latest = documents::Latest {
                version: latest.version,
                text_hash: latest.text_hash,
                document: latest.document,
            };
            (path, latest)
        });
        let known = documents::Known {
            latest: latest.collect(),
            position: store.progress(&format!("documents:{}", repo.key))?,
        };
        let mut options = documents::Options::new(repo.clone(), self.reader.clock.now());
        options.bytes_max = self.reader.config.documents.file_bytes_max;
        options.redactor = Some(Arc::clone(&self.reader.redactor));
        Ok(documents::Reader::open(folder, options, known)?)
    }

    /// Reads on a thread of its own and appends here, until the reader ends or the observer stops it.
    fn drain(
        &mut self,
        reader: Box<dyn Read + Send>,
        summary: &mut IngestSummary,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        observer.stage_total(reader.estimate().total);
        let (send, receive) =
            mpsc::sync_channel::<lichen_source::Result<(Batch, Estimate)>>(BATCHES_AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || read_ahead(reader, &send));
            for read in receive {
                let (mut batch, estimate) = read?;
                let problems = std::mem::take(&mut batch.problems);
                let receipt = self.store.append(&batch)?;
                summary.add(receipt, problems);
                observer.done(estimate.done);
                if observer.cancelled() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// Pulls batches until the source ends or nobody wants more.
fn read_ahead(
    mut reader: Box<dyn Read + Send>,
    send: &mpsc::SyncSender<lichen_source::Result<(Batch, Estimate)>>,
) {
    // Without the asset tokens stay uncounted; its loss is told where it is embedded with.
    let mut counter = StaticModel::builtin().ok().map(StaticModel::token_counter);
    loop {
        let read = match reader.next_batch() {
            Ok(Some(mut batch)) => {
                for message in &mut batch.messages {
                    message.tokens =
                        counter.as_mut().map_or(0, |counter| counter.count(&message.text));
                }
                Ok((batch, reader.estimate()))
            }
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let ends = read.is_err();
        if send.send(read).is_err() || ends {
            return;
        }
    }
}

/// The folders that count as the repository: its work tree, and what git knows as its own.
pub(crate) fn repository_roots(root: &Path) -> Vec<PathBuf> {
    let mut roots: Vec<PathBuf> = vec![root.to_owned()];
    // Sessions in linked work trees are sessions in this repository.
    roots.extend(
        git::Repository::open(root, "")
            .map_or_else(|_| Vec::new(), |repository| repository.work_trees()),
    );
    roots.extend(fs_err::canonicalize(root));
    let mut seen = HashSet::new();
    roots.retain(|root| seen.insert(root.clone()));
    roots
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    fs_err::canonicalize(path).map_err(|source| Error::File { source })
}

pub(crate) fn unknown_format(name: &str) -> Error {
    let known: Vec<&str> = messages::FORMATS.iter().map(|format| format.name).collect();
    Error::Question {
        what: format!("`{name}` is no format of messages; known are {}", known.join(", ")),
    }
}

/// An error with its causes on one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
