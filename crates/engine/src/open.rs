//! Opening a store with its index, and letting go of both.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use lichen_index::{Embedder, Index, Opened};
use lichen_model::Clock;
use lichen_source::redact::Redactor;
use lichen_store::{Options, Store};

use crate::directory::Directory;
use crate::models::{self, Embedders};
use crate::recall::Speakers;
use crate::tables::SqlSearch;
use crate::{Config, Error, Observer, redaction};

/// The folder of derived state in a store.
pub(crate) const INDEX: &str = "index";

/// A store that is open, with its index. One process at a time has one.
pub struct Engine {
    pub(crate) dir: PathBuf,
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    /// Shared with the search of SQL while a statement runs, and only then.
    pub(crate) index: Arc<Index>,
    pub(crate) embedders: Arc<Embedders>,
    /// Why the index that was found could not be used; it has been emptied.
    pub(crate) damage: Option<String>,
    /// Who speaks in the store, gathered at the first question.
    pub(crate) speakers: OnceLock<Arc<Speakers>>,
    /// What every answer needs, read at the first.
    pub(crate) directory: OnceLock<Arc<Directory>>,
    /// What takes secrets out of all that is read.
    pub(crate) redactor: Arc<Redactor>,
    /// Where the search of SQL finds what it needs.
    pub(crate) sql_search: SqlSearch,
}

impl Engine {
    /// Opens the store at `dir`. The index is opened beside it, whatever its state: see [`Self::prepare`].
    ///
    /// # Errors
    /// A store that another process has open, that is newer than this program, or that cannot be read.
    pub fn open(
        dir: &Path,
        config: Config,
        command: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        if !dir.is_dir() {
            return Err(Error::NoStore { dir: dir.to_owned() });
        }
        let dir = fs_err::canonicalize(dir).map_err(|source| Error::File { source })?;
        let mut options = Options::new(command, Arc::clone(&clock));
        options.memory_limit_bytes = config.store.memory_mib << 20;
        options.threads = u32::try_from(config.store.threads).unwrap_or(u32::MAX);
        options.wait = config.store.wait;
        let mut store = Store::open(&dir, options)?;
        let redactor = Arc::new(redaction::redactor(&dir)?);
        let embedders = Arc::new(Embedders::new(&config, &clock));
        let sql_search = SqlSearch::default();
        sql_search.register(&mut store)?;
        let (index, damage) = match Index::open(&dir.join(INDEX), embedders.built_in_key())? {
            Opened::Ready(index) | Opened::Missing(index) => (index, None),
            Opened::Damaged { index, reason } => (index, Some(reason)),
        };
        let (index, speakers, directory) = (Arc::new(index), OnceLock::new(), OnceLock::new());
        let mut engine = Self {
            dir,
            config,
            clock,
            store,
            index,
            embedders,
            damage,
            speakers,
            directory,
            redactor,
            sql_search,
        };
        engine.mask_superseded()?;
        Ok(engine)
    }

    /// The index, to change it.
    pub(crate) fn index_mut(&mut self) -> &mut Index {
        self.speakers = OnceLock::new();
        Arc::get_mut(&mut self.index)
            .expect("SQL's search gives the index back when its statement ends")
    }

    /// Brings the index up to the store: rebuilds it where it was damaged or belongs to other passages, and indexes what
    /// a stopped or killed ingest left. Does nothing where all is well.
    pub fn prepare(&mut self, observer: &mut dyn Observer) -> Result<(), Error> {
        if let Some(reason) = self.damage.take() {
            observer.note(&format!(
                "the index was damaged ({reason}) and is derived anew from the store"
            ));
        } else if !self.index_fits()? {
            observer
                .note("the index belongs to other passages than the store's and is derived anew");
            self.empty_index()?;
        }
        self.catch_up(observer)?;
        Ok(())
    }

    /// Whether the last indexed passage is the store's of that number.
    fn index_fits(&self) -> Result<bool, Error> {
        let Some(last) = self.index.watermark().checked_sub(1) else { return Ok(true) };
        let stored = self.store.read().entries(u64::from(last), 1)?;
        let indexed = self.index.row(last);
        Ok(match (stored.first(), indexed) {
            (Some(entry), Some(row)) => models::low_half(entry.text_hash.0) == row.text_hash,
            _ => false,
        })
    }

    /// Throws the index away and begins an empty one for the same model.
    pub(crate) fn empty_index(&mut self) -> Result<(), Error> {
        let model = self.index.model().clone();
        self.speakers = OnceLock::new();
        self.index = Arc::new(Index::create(&self.dir.join(INDEX), &model)?);
        Ok(())
    }

    /// Derives the index anew from the store. Gives how many passages were indexed.
    pub fn rebuild_index(&mut self, observer: &mut dyn Observer) -> Result<u64, Error> {
        self.empty_index()?;
        let indexed = self.catch_up(observer)?;
        if observer.cancelled() { Err(Error::Cancelled) } else { Ok(indexed) }
    }

    /// The model that recall searches with.
    pub fn model(&self) -> String {
        self.index.model().to_string()
    }

    /// The embedder of the model that is searched.
    pub(crate) fn embedder(&self) -> Result<&dyn Embedder, Error> {
        self.embedders.of(self.index.model())
    }

    /// Closes the store: all that it took in is in its main file then.
    pub fn close(self) -> Result<(), Error> {
        Ok(self.store.close()?)
    }
}
