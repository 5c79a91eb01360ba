//! Which model embeds what, and moving the index from one to another.

use std::sync::Arc;

use lichen_index::embed::StaticModel;
use lichen_index::embed::remote::{Remote, ThreadSleep};
use lichen_index::{Embedder, ModelKey, Vectors};
use lichen_model::{Clock, TextHash};

use crate::catch_up::{embed, whole_text};
use crate::{Config, EmbeddingConfig, Engine, Error, Observer};

/// Passages whose vectors are asked from a service before they are kept.
const REMOTE_STEP: usize = 256;

/// The built-in model and the one that the settings name.
pub(crate) struct Embedders {
    built_in_key: ModelKey,
    remote: Option<Remote>,
}

impl Embedders {
    pub(crate) fn new(config: &Config, clock: &Arc<dyn Clock>) -> Self {
        let remote = match &config.embedding {
            EmbeddingConfig::BuiltIn => None,
            EmbeddingConfig::Remote(settings) => {
                Some(Remote::new((**settings).clone(), Arc::clone(clock), Arc::new(ThreadSleep)))
            }
        };
        Self { built_in_key: StaticModel::builtin_key(), remote }
    }

    pub(crate) fn built_in_key(&self) -> &ModelKey {
        &self.built_in_key
    }

    /// The vector of a question. A sum of word vectors wants its content words alone, a service the whole.
    pub(crate) fn embed_question(
        &self,
        model: &ModelKey,
        whole: &str,
        content: &str,
    ) -> Result<Vec<f32>, Error> {
        let text = if *model == self.built_in_key { content } else { whole };
        Ok(self.of(model)?.embed_query(text)?)
    }

    /// The embedder of `model`.
    pub(crate) fn of(&self, model: &ModelKey) -> Result<&dyn Embedder, Error> {
        if *model == self.built_in_key {
            return Ok(StaticModel::builtin()?);
        }
        match &self.remote {
            Some(remote) if remote.key() == model => Ok(remote),
            _ => Err(Error::UnknownModel { model: model.to_string() }),
        }
    }

    /// The model that the settings name.
    fn wanted(&self) -> &ModelKey {
        self.remote.as_ref().map_or(&self.built_in_key, |remote| remote.key())
    }
}

impl Engine {
    /// Whether `model`'s vectors are derived at no cost, and so need not be kept.
    pub(crate) fn is_built_in(&self, model: &ModelKey) -> bool {
        model == self.reader.embedders.built_in_key()
    }

    /// Embeds all passages with the model of the settings, and searches with it once all are. Goes on where it was
    /// stopped. Gives how many passages have vectors of it.
    pub fn move_to_model(&mut self, observer: &mut dyn Observer) -> Result<u64, Error> {
        self.prepare(observer)?;
        let wanted = self.reader.embedders.wanted().clone();
        if wanted == *self.index().model() {
            return Ok(u64::from(self.index().watermark()));
        }
        self.index_mut().begin_model(&wanted);
        self.embed_behind(&wanted, observer)?;
        if observer.cancelled() {
            return Err(Error::Cancelled);
        }
        let before = self.index().model().clone();
        self.index_mut().switch_model(&wanted)?;
        self.index_mut().drop_model(&before)?;
        Ok(u64::from(self.index().watermark()))
    }

    /// Gives vectors of `model` to the passages that lack them, in order.
    pub(crate) fn embed_behind(
        &mut self,
        model: &ModelKey,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        let from = self.index().vectors(model).unwrap_or(0);
        let total = self.index().watermark();
        if from < total {
            observer.stage(&format!("embedding with {model}"), Some(u64::from(total - from)));
        }
        let mut done = from;
        while done < total && !observer.cancelled() {
            let vectors = match self.vectors_of(model, done) {
                Ok(vectors) => vectors,
                Err(error) => {
                    // What was embedded so far stays, and the next try goes on from there.
                    self.index_mut().seal()?;
                    return Err(error);
                }
            };
            self.index_mut().append_vectors(model, done, &vectors)?;
            done += u32::try_from(vectors.len()).expect("a step is small");
            observer.done(u64::from(done - from));
        }
        Ok(self.index_mut().seal()?)
    }

    /// Vectors of the passages from `first` on, a step of them. What a service gave is kept, and not asked for again.
    fn vectors_of(&mut self, model: &ModelKey, first: u32) -> Result<Vectors, Error> {
        let entries = self.store.read().entries(u64::from(first), REMOTE_STEP)?;
        if self.is_built_in(model) {
            return embed(self.reader.embedders.of(model)?, &entries);
        }
        let texts: Vec<String> = entries
            .iter()
            .map(|entry| whole_text(entry.kind, &entry.context, &entry.text))
            .collect();
        let hashes: Vec<TextHash> = texts.iter().map(|text| TextHash::of(text)).collect();
        let name = model.to_string();
        let mut known = self.store.read().embeddings(&name, &hashes)?;
        let missing: Vec<usize> =
            (0..texts.len()).filter(|&at| !known.contains_key(&hashes[at])).collect();
        if !missing.is_empty() {
            let asked: Vec<&str> = missing.iter().map(|&at| texts[at].as_str()).collect();
            let given = self.reader.embedders.of(model)?.embed(&asked)?;
            let pairs: Vec<(TextHash, Vec<f32>)> = missing
                .iter()
                .zip(given.rows())
                .map(|(&at, vector)| (hashes[at], vector.to_vec()))
                .collect();
            self.store.put_embeddings(&name, model.dims, &pairs)?;
            known.extend(pairs);
        }
        let mut vectors = Vectors::new(model.dims);
        for hash in &hashes {
            let vector = known.get(hash).map_or(&[][..], Vec::as_slice);
            if !vectors.push(vector) {
                return Err(Error::KeptVector { model: name });
            }
        }
        Ok(vectors)
    }
}

/// The low half of a hash, which the index keeps.
pub(crate) fn low_half(hash: u128) -> u64 {
    u64::try_from(hash & u128::from(u64::MAX)).expect("masked to 64 bits")
}
