//! Measuring the history of symbols on methods whose pasts people validated: each repository is taken in from its clone, and
//! asked as `history` would be.

use std::path::{Path, PathBuf};

use lichen_model::Oid;
use lichen_source::git::Repository;
use lichen_source::history::eval::{self, Found, Method, Score};
use lichen_source::history::{Extractor, History};
use lichen_source::symbols::Limits;

use crate::{Error, Observer};

/// A repository by the name that labelled data know it by, and where a clone of it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clone {
    /// Its name.
    pub name: String,
    /// The clone, bare or not.
    pub path: PathBuf,
}

/// What an evaluation measured.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryReport {
    /// Each repository's, by name.
    pub repositories: Vec<(String, HistoryMetrics)>,
    /// Over all methods of all of them.
    pub total: HistoryMetrics,
}

/// How many commits were told rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HistoryMetrics {
    /// Methods that were asked for.
    pub methods: usize,
    /// Those whose introducing commit was told.
    pub introductions: usize,
    /// The share of what was told that is right.
    pub precision: f64,
    /// The share of what is right that was told.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

impl HistoryMetrics {
    fn of(score: &Score) -> Self {
        Self {
            methods: score.methods,
            introductions: score.introductions,
            precision: score.precision(),
            recall: score.recall(),
            f1: score.f1(),
        }
    }
}

/// Measures the history of symbols on files of labelled data (see `docs/guide/measure.md`).
///
/// # Errors
/// A file that is not of the format, a clone that is none, and methods of a repository without a clone.
pub fn eval_history(
    files: &[PathBuf],
    clones: &[Clone],
    threads: usize,
    observer: &mut dyn Observer,
) -> Result<HistoryReport, Error> {
    let mut methods = Vec::new();
    for path in files {
        methods.extend(read(path)?);
    }
    if let Some(method) =
        methods.iter().find(|method| clones.iter().all(|clone| clone.name != method.repository))
    {
        let what = format!(
            "no clone of `{0}` was given, of which methods are asked for: `--repo {0}=PATH`",
            method.repository
        );
        return Err(Error::Question { what });
    }
    let (mut repositories, mut all) = (Vec::new(), Score::default());
    for clone in clones {
        if observer.cancelled() {
            return Err(Error::Cancelled);
        }
        let of: Vec<&Method> =
            methods.iter().filter(|method| method.repository == clone.name).collect();
        observer.stage(&format!("history of {}", clone.name), None);
        let found = find(clone, &of, threads)?;
        let mut score = Score::default();
        for (method, found) in of.iter().zip(&found) {
            // One that is not there counts as nothing told.
            let found = found.clone().unwrap_or_default();
            score.add(method, &found);
            all.add(method, &found);
        }
        repositories.push((clone.name.clone(), HistoryMetrics::of(&score)));
    }
    Ok(HistoryReport { repositories, total: HistoryMetrics::of(&all) })
}

fn read(path: &Path) -> Result<Vec<Method>, Error> {
    let bytes = fs_err::read(path).map_err(|source| Error::File { source })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Dataset { path: path.to_owned(), what: error.to_string() })
}

fn find(clone: &Clone, methods: &[&Method], threads: usize) -> Result<Vec<Option<Found>>, Error> {
    let repository = Repository::open(&clone.path, &clone.name)?;
    let mut tips: Vec<Oid> = methods.iter().filter_map(|method| method.start()).collect();
    tips.sort();
    tips.dedup();
    let mut history = History::new(threads)?;
    let mut extractor = Extractor::Here(Limits::default());
    history.extend(&repository, &tips, &mut extractor, &mut |_, _, _, _| {})?;
    Ok(eval::evaluate(&history, &repository, methods))
}
