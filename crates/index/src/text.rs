//! The full-text index: sealed segments, a segment under way for bulk loads, and a tail in memory.
//!
//! A few new texts are indexed in memory and found at once. Many at a time stream into a segment under way, which
//! the next search finishes first.

mod analysis;
mod folder;
mod query;
mod recipe;
mod schema;
mod score;
mod segment;
mod stop_words;
mod tail;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use lichen_model::PassageKind;
use query::ClassQuery;
pub use query::Similar;
use recipe::Class;
pub use recipe::{Bm25, Recipe};
pub(crate) use schema::TEXT_VERSION;
use score::Corpus;
pub(crate) use score::Weighed;
use segment::{Segment, Writer};
pub use stop_words::is_stop_word;
use tail::Tail;

use crate::error::Result;
use crate::{Entry, runs};

/// Passages that the tail may hold.
const TAIL_ROWS: usize = 1024;
/// Passages at which joined segments are long enough.
const SEGMENT_ROWS: u32 = 1 << 18;

/// Words to score passages by.
pub(crate) struct Words<'a> {
    pub(crate) text: &'a str,
    /// The kinds that are scored.
    pub(crate) kinds: &'a [PassageKind],
    pub(crate) similar: &'a [Similar<'a>],
    pub(crate) recipe: &'a Recipe,
}

/// The texts of passages `0..len`.
pub(crate) struct TextIndex {
    dir: PathBuf,
    state: RwLock<State>,
}

struct State {
    segments: Vec<Arc<Segment>>,
    /// Texts after the segments; nothing is in the tail then. Locked only because the library's writer cannot be looked
    /// at from several threads; nobody ever waits for it.
    writer: Option<Mutex<Writer>>,
    tail: Tail,
    counts: [u32; Class::ALL.len()],
}

impl TextIndex {
    /// No texts; segments will lie in `dir`.
    pub(crate) fn new(dir: PathBuf) -> Self {
        let state = State {
            segments: Vec::new(),
            writer: None,
            tail: Tail::new(0),
            counts: [0; Class::ALL.len()],
        };
        Self { dir, state: RwLock::new(state) }
    }

    /// Opens the segments of these names in `dir`; the kinds of all their passages give the counts.
    pub(crate) fn open(
        dir: PathBuf,
        names: &[String],
        kinds: &[u32; PassageKind::ALL.len()],
    ) -> Result<Self> {
        let mut index = Self::new(dir);
        let mut first = 0;
        let mut segments = Vec::with_capacity(names.len());
        for name in names {
            let segment = Segment::open(index.dir.join(name), first)?;
            first += segment.len();
            segments.push(Arc::new(segment));
        }
        let state = index.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.segments = segments;
        state.tail = Tail::new(first);
        state.counts = recipe::by_class(kinds);
        Ok(index)
    }

    /// How many texts the segments hold.
    pub(crate) fn sealed(&self) -> u32 {
        self.read().segments.iter().map(|segment| segment.len()).sum()
    }

    /// Takes in the next texts.
    pub(crate) fn append(&mut self, entries: &[Entry<'_>]) -> Result<()> {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            state.counts[Class::of(entry.kind) as usize] += 1;
        }
        if state.writer.is_none() && state.tail.len() as usize + entries.len() <= TAIL_ROWS {
            for entry in entries {
                state.tail.add(Class::of(entry.kind), entry.text, entry.context);
            }
            return Ok(());
        }
        state.spill(&self.dir, false)?;
        for entry in entries {
            state.write(&self.dir, false, Class::of(entry.kind), entry.text, entry.context)?;
        }
        Ok(())
    }

    /// The score of every passage for the words: 0 where none of them is. Of an empty text there are none.
    pub(crate) fn scores(
        &self,
        words: &Words<'_>,
        weighed: Option<&Weighed>,
        len: u32,
    ) -> Result<Vec<f32>> {
        let mut state = self.read();
        if state.writer.is_some() {
            drop(state);
            self.state.write().unwrap_or_else(PoisonError::into_inner).finish()?;
            state = self.read();
        }
        let corpus = Corpus {
            segments: &state.segments,
            tail: &state.tail,
            counts: weighed.map_or(state.counts, Weighed::counts),
            weighed,
        };
        if words.text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let held = state.tail.first() + state.tail.len();
        let mut scores = vec![0.0; len.max(held) as usize];
        for class in Class::ALL {
            if words.kinds.iter().any(|kind| Class::of(*kind) == class) {
                let similar = if class == Class::Code { words.similar } else { &[] };
                let query = ClassQuery::new(class, words.text, similar);
                let (bm25, phrase_weight) = (words.recipe.of(class), words.recipe.phrase_weight);
                corpus.score(class, &query, bm25, phrase_weight, &mut scores)?;
            }
        }
        Ok(scores)
    }

    /// Moves everything into segments.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.tail.len() > 0 {
            state.spill(&self.dir, true)?;
        }
        state.finish()
    }

    /// Joins small segments. The folders of those joined stay until they are swept.
    pub(crate) fn join(&mut self) -> Result<()> {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let lens: Vec<u32> = state.segments.iter().map(|segment| segment.len()).collect();
        let Some(range) = runs::to_join(&lens, SEGMENT_ROWS) else { return Ok(()) };
        let name = segment::folder_name(
            state.segments[range.start].first(),
            lens[range.clone()].iter().sum(),
        );
        let joined = Segment::join(&state.segments[range.clone()], self.dir.join(name))?;
        state.segments.splice(range, [Arc::new(joined)]);
        Ok(())
    }

    /// How many texts there are.
    pub(crate) fn len(&self) -> u32 {
        let state = self.read();
        let sealed: u32 = state.segments.iter().map(|segment| segment.len()).sum();
        let under_way = state
            .writer
            .as_ref()
            .map_or(0, |writer| writer.lock().unwrap_or_else(PoisonError::into_inner).len());
        sealed + under_way + state.tail.len()
    }

    /// Reads every segment against its own checksums; gives what is wrong with which.
    pub(crate) fn verify(&self) -> Vec<(PathBuf, String)> {
        let state = self.read();
        state
            .segments
            .iter()
            .filter_map(|segment| Some((segment.dir().to_owned(), segment.verify()?)))
            .collect()
    }

    /// The folders of the segments.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        self.read().segments.iter().map(|segment| segment.dir().to_owned()).collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Moves the tail into the segment under way, which will hold no more where `few`.
    fn spill(&mut self, dir: &Path, few: bool) -> Result<()> {
        for text in self.tail.take() {
            self.write(dir, few, text.class, &text.body, &text.context)?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        dir: &Path,
        few: bool,
        class: Class,
        body: &str,
        context: &str,
    ) -> Result<()> {
        let writer = if let Some(writer) = &mut self.writer {
            writer
        } else {
            let first = self.segments.last().map_or(0, |last| last.first() + last.len());
            self.writer.insert(Mutex::new(Writer::start(dir, first, few)?))
        };
        let writer = writer.get_mut().unwrap_or_else(PoisonError::into_inner);
        writer.add(class, body, context)?;
        if writer.is_full() {
            self.finish()?;
        }
        Ok(())
    }

    /// Makes a segment of the one under way.
    fn finish(&mut self) -> Result<()> {
        if let Some(writer) = self.writer.take() {
            let writer = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
            let segment = writer.finish()?;
            self.tail = Tail::new(segment.first() + segment.len());
            self.segments.push(Arc::new(segment));
        }
        Ok(())
    }
}
