//! Measuring retrieval on labelled data: each file gets a memory of its own and is asked as `recall` would be.

mod dataset;
mod history;
mod metrics;
mod references;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lichen_model::{
    AnyId, Batch, Clock, Document, DocumentKind, DocumentVersion, Owner, PassageKind, Repo,
    RepoPath, TextHash, Timestamp,
};
use lichen_source::{documents, passage};

use self::dataset::{Dataset, LabelledQuery, TextDocument};
pub use self::history::{Clone, HistoryMetrics, HistoryReport, eval_history};
use self::metrics::Judged;
pub use self::metrics::Metrics;
pub use self::references::{
    ReferenceCount, ReferenceFault, ReferenceMetrics, ReferenceReport, eval_references,
};
use crate::recall::Ranked;
use crate::{Config, Engine, Error, IngestPlan, Observer, Recall};

/// Hits that each question reads back, so that latencies are those of whole recalls.
const READ_BACK: usize = 10;

/// What an evaluation measured.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalReport {
    /// Each file's means, in the order given.
    pub files: Vec<EvalFile>,
    /// Means over all questions of all files.
    pub total: Metrics,
}

/// What one file measured.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalFile {
    /// The file.
    pub path: PathBuf,
    /// The name it gives itself.
    pub name: String,
    /// Means over its questions.
    pub metrics: Metrics,
}

/// Measures `recall` on files of labelled data (see `docs/guide/measure.md`).
///
/// # Errors
/// A file that is not of the format, and everything that taking it in may meet.
pub fn eval_recall(
    files: &[PathBuf],
    config: &Config,
    clock: &Arc<dyn Clock>,
    observer: &mut dyn Observer,
) -> Result<EvalReport, Error> {
    let mut report = EvalReport { files: Vec::new(), total: Metrics::default() };
    let mut all = Vec::new();
    for path in files {
        let dataset = Dataset::read(path)?;
        let judged = judge(&dataset, config, clock, observer)?;
        report.files.push(EvalFile {
            path: path.clone(),
            name: dataset.name,
            metrics: Metrics::of(&judged),
        });
        all.extend(judged);
    }
    report.total = Metrics::of(&all);
    Ok(report)
}

/// The data's own ids of what passages belong to, and the streams of messages.
type Labels = HashMap<AnyId, (String, Option<String>)>;

/// Asks all questions of a data set.
fn judge(
    dataset: &Dataset,
    config: &Config,
    clock: &Arc<dyn Clock>,
    observer: &mut dyn Observer,
) -> Result<Vec<Judged>, Error> {
    let folder = tempfile::tempdir().map_err(|source| Error::File { source })?;
    let dir = folder.path().join("store");
    crate::init(&dir)?;
    let mut engine = Engine::open(&dir, config.clone(), "eval", Arc::clone(clock))?;
    let labels = if dataset.documents.is_empty() {
        take_in_messages(&mut engine, folder.path(), dataset, observer)?
    } else {
        take_in_documents(&mut engine, &dataset.documents, observer)?
    };
    let owners = owners(&engine)?;
    let streams: HashMap<&str, &str> = labels
        .values()
        .filter_map(|(id, stream)| Some((id.as_str(), stream.as_deref()?)))
        .collect();
    observer.stage(&format!("asking {}", dataset.name), Some(dataset.queries.len() as u64));
    let mut judged = Vec::with_capacity(dataset.queries.len());
    for (done, query) in dataset.queries.iter().enumerate() {
        if observer.cancelled() {
            return Err(Error::Cancelled);
        }
        judged.push(ask(&engine, query, &owners, &labels, &streams)?);
        observer.done(done as u64 + 1);
    }
    Ok(judged)
}

/// One question, timed as a whole recall, with its full ranking.
fn ask(
    engine: &Engine,
    query: &LabelledQuery,
    owners: &[Owner],
    labels: &Labels,
    streams: &HashMap<&str, &str>,
) -> Result<Judged, Error> {
    let recall = Recall { query: query.text.clone(), limit: READ_BACK, ..Recall::default() };
    let started = engine.reader.clock.monotonic_nanos();
    let (_answer, ranked) = engine.reader.recall_ranked(&recall)?;
    let nanos = engine.reader.clock.monotonic_nanos().saturating_sub(started);
    let owner = |ranked: &Ranked| owners.get(usize::try_from(ranked.seq).ok()?);
    let found: Vec<&(String, Option<String>)> =
        ranked.iter().filter_map(owner).filter_map(|owner| labels.get(&owner.any())).collect();
    let ranked = distinct(found.iter().map(|(id, _)| id.as_str()));
    let with_streams = found.iter().any(|(_, stream)| stream.is_some());
    Ok(Judged {
        ranked,
        relevant: query.relevant.iter().cloned().collect(),
        streams: with_streams
            .then(|| distinct(found.iter().filter_map(|(_, stream)| stream.as_deref()))),
        relevant_streams: query
            .relevant
            .iter()
            .filter_map(|id| streams.get(id.as_str()).map(|stream| (*stream).to_owned()))
            .collect(),
        nanos,
    })
}

/// Whose text each passage is a span of, by number.
fn owners(engine: &Engine) -> Result<Vec<Owner>, Error> {
    let entries = engine.store.read().entries(0, usize::MAX >> 1)?;
    Ok(entries.into_iter().map(|entry| entry.site.owner).collect())
}

/// Each once, in the order of the first.
fn distinct<'a>(items: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(*item)).map(str::to_owned).collect()
}

/// Messages go in as any JSONL file would.
fn take_in_messages(
    engine: &mut Engine,
    folder: &Path,
    dataset: &Dataset,
    observer: &mut dyn Observer,
) -> Result<Labels, Error> {
    let mut lines = String::new();
    for message in &dataset.messages {
        lines.push_str(&message.to_string());
        lines.push('\n');
    }
    let path = folder.join("messages.jsonl");
    fs_err::write(&path, lines).map_err(|source| Error::File { source })?;
    let mut plan = IngestPlan::of_paths(folder.to_owned(), vec![path]);
    plan.format = Some("jsonl".to_owned());
    engine.ingest(&plan, observer)?;
    let store = engine.store.read();
    let mut labels = Labels::new();
    for stream in store.streams()? {
        for view in store.messages_of(stream.id, None, None, usize::MAX >> 1)? {
            labels.insert(
                view.message.id.any(),
                (view.message.external_id, Some(stream.name.clone())),
            );
        }
    }
    Ok(labels)
}

/// Documents go in as files of a folder would, each under its id as path.
fn take_in_documents(
    engine: &mut Engine,
    texts: &[TextDocument],
    observer: &mut dyn Observer,
) -> Result<Labels, Error> {
    let repo = documents::folder(Path::new("data"), "data");
    let mut labels = Labels::new();
    for some in texts.chunks(2000) {
        let mut batch = Batch { repos: vec![repo.clone()], ..Batch::default() };
        for document in some {
            let version = version(&repo, document);
            labels.insert(version.id.any(), (document.id.clone(), None));
            let pieces = passage::cut_document(version.document.kind, &document.text);
            batch.passages.extend(passage::passages(
                Owner::Version(version.id),
                PassageKind::Doc,
                "",
                pieces,
            ));
            batch.versions.push(version);
        }
        engine.store.append(&batch)?;
    }
    engine.catch_up(observer)?;
    Ok(labels)
}

fn version(repo: &Repo, document: &TextDocument) -> DocumentVersion {
    let path = RepoPath::from(document.id.as_str());
    let id = Document::id(repo.id, &path);
    let text_hash = TextHash::of(&document.text);
    let kind = if documents::looks_like_code(&document.text) {
        DocumentKind::Code
    } else {
        DocumentKind::Text
    };
    DocumentVersion {
        id: DocumentVersion::id(id, None, text_hash),
        document: Document { id, repo: repo.id, path, kind, language: None },
        previous: None,
        text: Some(document.text.clone()),
        text_hash,
        title: String::new(),
        meta: String::new(),
        seen: Timestamp(0),
    }
}
