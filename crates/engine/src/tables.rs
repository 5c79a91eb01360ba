//! SQL for people, and everything out in open formats.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use lichen_store::{
    ExportFormat, Exported, Reader, RecallError, RecallRow, SqlLimits, Store, Table,
};

use crate::derived::Derived;
use crate::models::Embedders;
use crate::recall::{self, Question};
use crate::{Engine, Error, Observer, Recall};

/// What a search needs while a statement of SQL runs.
struct Parts {
    derived: Arc<Derived>,
    embedders: Arc<Embedders>,
    reader: Mutex<Reader>,
}

/// Where the table function `recall` finds what it needs: filled for as long as a statement runs, so that the index can
/// change between statements.
#[derive(Clone, Default)]
pub(crate) struct SqlSearch(Arc<Mutex<Option<Arc<Parts>>>>);

impl SqlSearch {
    /// Makes it the store's table function `recall`.
    pub(crate) fn register(&self, store: &mut Store) -> Result<(), Error> {
        let search = self.clone();
        Ok(store.register_recall(Arc::new(move |question, limit| search.run(question, limit)))?)
    }

    fn fill(&self, parts: Option<Arc<Parts>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = parts;
    }

    fn run(&self, question: &str, limit: usize) -> Result<Vec<RecallRow>, RecallError> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let parts = parts.ok_or("`recall` works within `lichen sql` only")?;
        let recall = Recall { query: question.to_owned(), limit, ..Recall::default() };
        recall::check(&recall)?;
        let index = parts.derived.index();
        let question = Question::new(question, &parts.derived.speakers(&index));
        let (ranked, _) = recall::search(
            &index,
            &parts.embedders,
            &question,
            &recall,
            &recall::Among::default(),
        )?;
        let best = &ranked[..ranked.len().min(limit)];
        let seqs: Vec<u64> = best.iter().map(|ranked| u64::from(ranked.seq)).collect();
        let hits = parts.reader.lock().unwrap_or_else(PoisonError::into_inner).hits(&seqs)?;
        let row = |(ranked, hit): (&recall::Ranked, lichen_store::Hit)| RecallRow {
            score: f64::from(ranked.score),
            kind: hit.kind,
            passage: hit.passage,
            seq: hit.seq,
            owner: hit.owner,
            text: hit.text,
        };
        Ok(best.iter().zip(hits).map(row).collect())
    }
}

impl Engine {
    /// Answers a statement of SQL, which can only read. `recall('question', k)` is a table function in it.
    ///
    /// # Errors
    /// A statement that is wrong, that would change anything, or that takes longer than its limit.
    pub fn sql(&mut self, query: &str, limits: SqlLimits) -> Result<Table, Error> {
        let parts = Parts {
            derived: Arc::clone(&self.reader.derived),
            embedders: Arc::clone(&self.reader.embedders),
            reader: Mutex::new(self.store.reader()?),
        };
        self.sql_search.fill(Some(Arc::new(parts)));
        let table = self.store.sql(query, limits);
        self.sql_search.fill(None);
        Ok(table?)
    }

    /// Writes every table to `dir`, which must not exist or be empty.
    pub fn export(
        &mut self,
        dir: &Path,
        format: ExportFormat,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Exported>, Error> {
        Ok(self.store.export(dir, format, &mut |table| observer.stage(table, None))?)
    }
}
