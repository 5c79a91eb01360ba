//! Bringing the index up to the store: first build, catching up after a crash and rebuild are this one loop.

use lichen_index::embed::EmbedError;
use lichen_index::{Embedder, Entry, Vectors, is_stop_word};
use lichen_model::PassageKind;
use rayon::prelude::*;

use crate::models::low_half;
use crate::{Engine, Error, Observer};

/// Passages handed to the index at a time.
const STEP: usize = 16_384;
/// Passages after which the index is sealed on a long way, so that a crash repeats little.
const SEAL_EVERY: u32 = 262_144;
/// Texts that a thread embeds at a time.
const EMBED_STEP: usize = 256;

impl Engine {
    /// Indexes the passages that the index lacks, in order, and seals. Stopped by the observer, it seals what it has.
    /// Gives how many passages were indexed.
    pub(crate) fn catch_up(&mut self, observer: &mut dyn Observer) -> Result<u64, Error> {
        let total = self.store.read().passage_count()?;
        let from = self.index().watermark();
        if u64::from(from) < total {
            observer.stage("indexing", Some(total - u64::from(from)));
        }
        let mut sealed = from;
        while u64::from(self.index().watermark()) < total && !observer.cancelled() {
            self.index_step()?;
            observer.done(u64::from(self.index().watermark() - from));
            if self.index().watermark() - sealed >= SEAL_EVERY {
                self.index_mut().seal()?;
                sealed = self.index().watermark();
            }
        }
        if self.index().watermark() > sealed {
            self.index_mut().seal()?;
        }
        self.mask_superseded()?;
        let model = self.index().model().clone();
        if !self.is_built_in(&model)
            && let Err(error) = self.embed_behind(&model, observer)
        {
            observer.note(&format!(
                "passages are found by their words alone until they are embedded: {error}"
            ));
        }
        Ok(u64::from(self.index().watermark() - from))
    }

    /// Indexes the passages that the index lacks, in memory. Vectors of a service follow at the next [`Self::catch_up`].
    pub(crate) fn index_new(&mut self) -> Result<(), Error> {
        let total = self.store.read().passage_count()?;
        while u64::from(self.index().watermark()) < total {
            self.index_step()?;
        }
        Ok(())
    }

    /// Hands the next passages to the index. Vectors of a service follow later, so that words are found even where it
    /// does not answer.
    fn index_step(&mut self) -> Result<(), Error> {
        let from = u64::from(self.index().watermark());
        let stored = self.store.read().entries(from, STEP)?;
        let entries: Vec<Entry<'_>> = stored.iter().map(index_entry).collect();
        if self.is_built_in(self.index().model()) {
            let vectors = embed(self.embedder()?, &stored)?;
            self.change_index(|index| index.append(&entries, &vectors))
        } else {
            self.change_index(|index| index.append_without_vectors(&entries))
        }
    }

    /// Hides the passages of document versions that others follow.
    pub(crate) fn mask_superseded(&self) -> Result<(), Error> {
        let superseded = self.store.read().superseded_passages()?;
        self.index_mut().set_dead(superseded.into_iter().collect());
        Ok(())
    }
}

/// A passage as the index takes it in.
pub(crate) fn index_entry<'a>(entry: &'a lichen_store::Entry<'_>) -> Entry<'a> {
    Entry {
        seq: u32::try_from(entry.seq).expect("an index numbers its passages in 32 bits"),
        kind: entry.kind,
        site: entry.site,
        at: entry.at,
        group: low_half(entry.group),
        author: &entry.author,
        context: &entry.context,
        text: &entry.text,
        text_hash: entry.text_hash,
    }
}

/// What a service embeds of a passage: of documents and code their context too, which names what they are about.
pub(crate) fn whole_text(kind: PassageKind, context: &str, text: &str) -> String {
    match kind {
        PassageKind::Code | PassageKind::Doc => format!("{context}\n{text}"),
        PassageKind::Chat | PassageKind::Agent | PassageKind::Thinking | PassageKind::Commit => {
            text.to_owned()
        }
    }
}

/// What the built-in model embeds: of prose only content words, since function words drown the rest of a sum of word
/// vectors.
fn static_text(kind: PassageKind, context: &str, text: &str) -> String {
    match kind {
        PassageKind::Code => whole_text(kind, context, text),
        _ => content_words(&whole_text(kind, context, text)),
    }
}

/// `text` without its function words; whole where it has no others.
fn content_words(text: &str) -> String {
    let mut content = String::with_capacity(text.len());
    let mut lower = String::new();
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|char: char| !char.is_alphanumeric());
        lower.clear();
        lower.extend(bare.chars().flat_map(char::to_lowercase));
        if !is_stop_word(&lower) {
            if !content.is_empty() {
                content.push(' ');
            }
            content.push_str(word);
        }
    }
    if content.is_empty() { text.to_owned() } else { content }
}

/// Embeds on all threads; the outcome does not depend on how many.
pub(crate) fn embed(
    embedder: &dyn Embedder,
    entries: &[lichen_store::Entry<'_>],
) -> Result<Vectors, Error> {
    let parts: Vec<Vectors> = entries
        .par_chunks(EMBED_STEP)
        .map(|chunk| {
            let texts: Vec<String> = chunk
                .iter()
                .map(|entry| static_text(entry.kind, &entry.context, &entry.text))
                .collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            embedder.embed(&texts)
        })
        .collect::<Result<_, EmbedError>>()?;
    let mut all = Vectors::new(embedder.key().dims);
    for vector in parts.iter().flat_map(Vectors::rows) {
        let fits = all.push(vector);
        debug_assert!(fits, "an embedder's vectors have its dimensions");
    }
    Ok(all)
}
