//! Opening a store with its index, and letting go of both.

use std::path::Path;
use std::sync::{Arc, RwLockReadGuard, RwLockWriteGuard};

use lichen_index::{Embedder, Index, Opened};
use lichen_model::Clock;
use lichen_source::symbols::Pool;
use lichen_store::{Options, Store};

use crate::derived::Derived;
use crate::models::{self, Embedders};
use crate::tables::SqlSearch;
use crate::{Config, Error, Observer, Reader, redaction};

/// The folder of derived state in a store.
pub(crate) const INDEX: &str = "index";

/// A store that is open, with its index: the one that writes. One process at a time has one.
pub struct Engine {
    pub(crate) reader: Reader,
    pub(crate) store: Store,
    /// Where the search of SQL finds what it needs.
    pub(crate) sql_search: SqlSearch,
    /// Processes that read blobs, once there was one to read.
    pub(crate) symbol_pool: Option<Pool>,
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
        let mut options = Options::new(command, clock);
        options.memory_limit_bytes = config.store.memory_mib << 20;
        options.threads = u32::try_from(config.store.threads).unwrap_or(u32::MAX);
        options.wait = config.store.wait;
        options.backlog_bytes_max = config.store.backlog_bytes_max;
        Self::open_with(dir, config, options)
    }

    /// The same with all options of the store, of which `config` then sets none: for proofs.
    pub fn open_with(dir: &Path, config: Config, options: Options) -> Result<Self, Error> {
        if !dir.is_dir() {
            return Err(Error::NoStore { dir: dir.to_owned() });
        }
        let dir = fs_err::canonicalize(dir).map_err(|source| Error::File { source })?;
        let clock = Arc::clone(&options.clock);
        let mut store = Store::open(&dir, options)?;
        let redactor = Arc::new(redaction::remembering(&dir, store.read())?);
        let embedders = Embedders::new(&config, &clock);
        let sql_search = SqlSearch::default();
        sql_search.register(&mut store)?;
        let (index, damage) = match Index::open(&dir.join(INDEX), embedders.built_in_key())? {
            Opened::Ready(index) | Opened::Missing(index) => (index, None),
            Opened::Damaged { index, reason } => (index, Some(reason)),
        };
        let reader = Reader {
            dir,
            config: Arc::new(config),
            clock,
            store: store.reader()?,
            derived: Arc::new(Derived::new(index, damage)),
            embedders: Arc::new(embedders),
            redactor,
            sight: None,
        };
        let engine = Self { reader, store, sql_search, symbol_pool: None };
        engine.mask_superseded()?;
        Ok(engine)
    }

    /// Reads of the store and its index.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Another reader, for another thread.
    pub fn reader(&self) -> Result<Reader, Error> {
        Ok(self.reader.beside(self.store.reader()?))
    }

    /// What an unclean end had damaged, and what was done about it; empty where nothing was.
    pub fn repairs(&self) -> &[String] {
        self.store.repairs()
    }

    pub(crate) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.reader.derived.index()
    }

    /// The index, to change it.
    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.reader.derived.index_mut()
    }

    /// Brings the index up to the store: rebuilds it where it was damaged or belongs to other passages, and indexes what
    /// a stopped or killed ingest left. Does nothing where all is well.
    pub fn prepare(&mut self, observer: &mut dyn Observer) -> Result<(), Error> {
        if let Some(reason) = self.reader.derived.take_damage() {
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
        let Some(last) = self.index().watermark().checked_sub(1) else { return Ok(true) };
        let stored = self.store.read().entries(u64::from(last), 1)?;
        let indexed = self.index().row(last);
        Ok(match (stored.first(), indexed) {
            (Some(entry), Some(row)) => models::low_half(entry.text_hash.0) == row.text_hash,
            _ => false,
        })
    }

    /// Changes the index. Where that fails it is opened as it was sealed last, before anybody can ask it: what it lacks then
    /// follows from the store.
    pub(crate) fn change_index(
        &self,
        change: impl FnOnce(&mut Index) -> lichen_index::Result<()>,
    ) -> Result<(), Error> {
        let mut index = self.index_mut();
        let Err(error) = change(&mut index) else { return Ok(()) };
        if !index.is_whole() {
            *index = self.sealed_index()?;
            drop(index);
            self.mask_superseded()?;
        }
        Err(error.into())
    }

    /// Opens the index as it was sealed last, where a change of it failed and it could not be opened then.
    pub(crate) fn reopen_index(&self) -> Result<(), Error> {
        let sealed = self.sealed_index()?;
        *self.index_mut() = sealed;
        self.mask_superseded()
    }

    fn sealed_index(&self) -> Result<Index, Error> {
        let reader = &self.reader;
        let opened = Index::open(&reader.dir.join(INDEX), reader.embedders.built_in_key())?;
        Ok(match opened {
            Opened::Ready(index) | Opened::Missing(index) => index,
            Opened::Damaged { index, reason } => {
                reader.derived.set_damage(reason);
                index
            }
        })
    }

    /// Throws the index away and begins an empty one for the same model.
    pub(crate) fn empty_index(&self) -> Result<(), Error> {
        let mut index = self.index_mut();
        let model = index.model().clone();
        *index = Index::create(&self.reader.dir.join(INDEX), &model)?;
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
        self.index().model().to_string()
    }

    /// The embedder of the model that is searched.
    pub(crate) fn embedder(&self) -> Result<&dyn Embedder, Error> {
        self.reader.embedders.of(self.index().model())
    }

    /// Closes the store: all that it took in is in its main file then.
    pub fn close(self) -> Result<(), Error> {
        Ok(self.store.close()?)
    }
}
