//! Purging: texts that should never have been taken in leave the facts, the index and every file of the store, and are
//! recognised when they are read again.

mod bytes;
mod rewrite;

use std::path::PathBuf;
use std::sync::Arc;

use lichen_model::AnyId;
use lichen_source::redact::{BYTES_MIN, Heard, Mark, Redactor};
use lichen_store::{Left, PurgedText};

use crate::open::INDEX;
use crate::{Engine, Error, Observer, redaction};
use bytes::Forms;
use rewrite::Purger;

/// Places above which a purge is asked for twice: a word of everyday use is rarely a secret.
pub const PURGE_PLACES_MAX: u64 = 1000;
/// Longer texts are no secrets but files.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// What to purge.
#[derive(Clone, Default)]
pub struct PurgePlan {
    /// The texts. They are recognised in all that is read from then on.
    pub texts: Vec<String>,
    /// Whether today's rules for secrets, and all texts that were purged before, are looked for in everything stored.
    pub again: bool,
    /// Whether to tell what would change, and change nothing.
    pub dry_run: bool,
    /// Whether to go on where a text stands in more places than secrets usually do.
    pub many: bool,
}

/// What a purge did, or would do. It tells no text that it is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PurgeReport {
    /// How often each text was found, in the order of the plan.
    pub found: Vec<u64>,
    /// How often the rules found something, by rule; of a purge that looks again.
    pub rules: Vec<(String, u64)>,
    /// The facts that changed: the id before, and the one now.
    pub changed: Vec<(AnyId, AnyId)>,
    /// Labels that changed.
    pub labels: usize,
    /// Passages of which the words changed.
    pub passages: usize,
    /// Vectors of a service that were made from what changed, and went.
    pub vectors: usize,
    /// Files that held copies of the texts and were removed.
    pub removed: Vec<PathBuf>,
    /// Where a text stays.
    pub left: Vec<PurgeLeft>,
    /// Bytes of the store's files that were looked through afterwards.
    pub bytes_checked: u64,
    /// Whether anything was changed: not for a dry run, nor where there was nothing.
    pub done: bool,
}

/// A place where a text stays: a name, which is what things are found by, or a file that is not the store's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgeLeft {
    /// A column, or a file.
    pub place: String,
    /// How many rows; 1 for a file.
    pub count: u64,
    /// One of the rows, as its table names it; empty where that would tell the text.
    pub row: String,
}

impl PurgeReport {
    /// Whether a text was found anywhere at all.
    pub fn found_any(&self) -> bool {
        !self.changed.is_empty()
            || self.labels > 0
            || !self.removed.is_empty()
            || !self.left.is_empty()
    }
}

impl Engine {
    /// Takes texts out of facts, index and files of the store. A crash leaves the store as it was or purged; then run it
    /// again, which ends what is left to do.
    pub fn purge(
        &mut self,
        plan: &PurgePlan,
        observer: &mut dyn Observer,
    ) -> Result<PurgeReport, Error> {
        let marks = self.marks(plan)?;
        let heard = Arc::new(Heard::default());
        let redactor = self.purging_redactor(plan, &marks)?.told_to(Arc::clone(&heard));
        let mut purger = Purger::new(redactor, Arc::clone(&heard), &plan.texts)?;
        observer.stage("looking for what is purged", None);
        let survey = self.store.survey(&mut purger)?;
        let mut report = PurgeReport {
            changed: survey.changed().iter().map(|renamed| (renamed.old, renamed.new)).collect(),
            labels: survey.labels(),
            passages: survey.passages(),
            vectors: survey.vectors(),
            left: survey.left().iter().map(left).collect(),
            ..PurgeReport::default()
        };
        report.count(plan, &purger);
        let forms = purger.into_forms();
        if plan.dry_run {
            let files = bytes::scan(&self.reader.dir, &forms)?;
            let ours = |path: &PathBuf| bytes::is_rewritten(&self.reader.dir, path);
            report.add_files(files.holding.into_iter().filter(|path| !ours(path)).collect(), self);
            return Ok(report);
        }
        let places: u64 = report.found.iter().sum();
        if places > PURGE_PLACES_MAX && !plan.many && !plan.again {
            return Err(Error::PurgeMany { places });
        }
        if !survey.is_empty() {
            if observer.cancelled() {
                return Err(Error::Cancelled);
            }
            // The index goes first: it can be derived again, and must not outlive what it was derived from.
            self.empty_index()?;
            bytes::sync_folder(&self.reader.dir.join(INDEX))?;
            let kept = marks.iter().filter(|(text, _)| report.found[*text] > 0);
            let kept: Vec<PurgedText> = kept.map(|(_, mark)| store_mark(mark)).collect();
            observer.stage("writing the store anew", None);
            self.store.purge(&survey, &kept, &|_| Ok(()))?;
            self.renew()?;
            self.look_again_for_references(observer)?;
            report.done = true;
        }
        // Whatever a purge that was cut short left to do.
        self.catch_up(observer)?;
        self.clean(&forms, &mut report)?;
        Ok(report)
    }

    /// The marks of the texts of a plan, each with its text's place there: a text that JSON writes otherwise has two.
    fn marks(&self, plan: &PurgePlan) -> Result<Vec<(usize, Mark)>, Error> {
        let purges = self.store.read().purged()?;
        let purge = purges.iter().map(|mark| mark.purge + 1).max().unwrap_or(0);
        let plain = redaction::redactor(&self.reader.dir)?;
        let mut marks = Vec::new();
        for (place, text) in plan.texts.iter().enumerate() {
            let refused = |what| Error::PurgeText { number: place + 1, what };
            if text.trim().len() < BYTES_MIN {
                return Err(refused(
                    "has fewer than 6 bytes: so short a text stands in many others",
                ));
            }
            if text.len() > TEXT_BYTES_MAX {
                return Err(refused(
                    "has more than a MiB: name a part of it that nothing else holds",
                ));
            }
            let mark = plain.mark(purge, text);
            let mark = mark.ok_or_else(|| {
                refused("holds a placeholder, which is no secret: name what stands around it")
            })?;
            marks.push((place, mark));
            let json = bytes::json_form(text);
            if json != *text {
                marks.extend(plain.mark(purge, &json).map(|mark| (place, mark)));
            }
        }
        Ok(marks)
    }

    /// What replaces: the texts of the plan alone, or all that is known to be secret.
    fn purging_redactor(
        &self,
        plan: &PurgePlan,
        marks: &[(usize, Mark)],
    ) -> Result<Redactor, Error> {
        let plain = redaction::redactor(&self.reader.dir)?;
        let marks = marks.iter().map(|(_, mark)| *mark);
        if !plan.again {
            return Ok(plain.without_rules().remembering(&marks.collect::<Vec<_>>()));
        }
        let mut all = redaction::marks(&self.store.read().purged()?);
        all.extend(marks);
        Ok(plain.remembering(&all))
    }

    /// Reads the store that stands there now.
    fn renew(&mut self) -> Result<(), Error> {
        self.reader.store = self.store.reader()?;
        let redactor = redaction::remembering(&self.reader.dir, &self.reader.store)?;
        self.reader.redactor = Arc::new(redactor);
        self.reader.derived.forget_directory();
        Ok(())
    }

    /// Removes copies that earlier failures left, and looks through every byte of the store.
    fn clean(&mut self, forms: &Forms, report: &mut PurgeReport) -> Result<(), Error> {
        let dir = self.reader.dir.clone();
        bytes::empty_spilled(&dir)?;
        let checked = bytes::scan(&dir, forms)?;
        // A name that stays is in the files that hold it.
        let named = !report.left.is_empty();
        for path in checked.holding {
            if bytes::is_copy(&dir, &path) {
                fs_err::remove_file(&path).map_err(|source| Error::File { source })?;
                report.removed.push(self.shown(&path));
            } else if !bytes::is_rewritten(&dir, &path) || !named {
                report.add_files(vec![path], self);
            }
        }
        report.bytes_checked = checked.bytes;
        Ok(())
    }

    /// A file as people name it: from the store's folder.
    fn shown(&self, path: &std::path::Path) -> PathBuf {
        path.strip_prefix(&self.reader.dir).unwrap_or(path).to_owned()
    }
}

impl PurgeReport {
    fn count(&mut self, plan: &PurgePlan, purger: &Purger) {
        self.found = plan.texts.iter().map(|text| purger.count_of(text)).collect();
        if plan.again {
            self.rules = purger.by_rule();
        }
    }

    fn add_files(&mut self, files: Vec<PathBuf>, engine: &Engine) {
        self.left.extend(files.into_iter().map(|path| PurgeLeft {
            place: format!("file {}", engine.shown(&path).display()),
            count: 1,
            row: String::new(),
        }));
    }
}

fn left(left: &Left) -> PurgeLeft {
    let place = format!("{}.{}", left.table, left.column);
    PurgeLeft { place, count: left.count, row: left.row.clone() }
}

fn store_mark(mark: &Mark) -> PurgedText {
    PurgedText { purge: mark.purge, bytes: mark.bytes, head: mark.head, hash: mark.hash }
}

#[cfg(test)]
mod tests;
