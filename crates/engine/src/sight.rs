//! What a reader may see: every conversation, or those of some streams only, as if there were no others.
//!
//! **Invariant:** a limited reader answers as the same reader over a store without the other streams would: what they hold changes no
//! id, count, error, hit or score. The two things that it may change are named in `docs/decisions/owner.md`.

use std::sync::Arc;

use lichen_index::Index;
use lichen_model::{AnyId, Kind, MessageId, RunId, Stream, StreamId, StreamLimits, Timestamp};
use lichen_store::{Filter, Said, SpokenOf};
use roaring::RoaringBitmap;

use crate::recall::Speakers;
use crate::when::year;
use crate::{Error, Reader};

impl Reader {
    /// Another reader, which sees of conversations only those of some streams.
    pub fn limited(&self, limits: StreamLimits) -> Result<Self, Error> {
        Ok(Self { sight: Some(limits), ..self.beside(self.store.beside()?) })
    }

    /// Whether it sees some streams only.
    pub(crate) fn is_limited(&self) -> bool {
        self.sight.is_some()
    }

    /// Every stream that it sees.
    pub(crate) fn seen_streams(&self) -> Result<Vec<Stream>, Error> {
        let mut streams = self.store.streams()?;
        if let Some(limits) = &self.sight {
            streams.retain(|stream| limits.allow(&stream.name));
        }
        Ok(streams)
    }

    /// The streams that it sees; `None` for all.
    pub(crate) fn sight(&self) -> Result<Option<Vec<StreamId>>, Error> {
        if self.sight.is_none() {
            return Ok(None);
        }
        Ok(Some(self.seen_streams()?.iter().map(|stream| stream.id).collect()))
    }

    /// The full ids that agree with `asked`, of things that it sees.
    pub(crate) fn resolve(&self, asked: AnyId) -> Result<Vec<AnyId>, Error> {
        let mut found = self.store.resolve(asked)?;
        if let Some(streams) = self.sight()? {
            let mut seen = Vec::new();
            for thing in found {
                if self.sees(thing, &streams)? {
                    seen.push(thing);
                }
            }
            found = seen;
        }
        Ok(found)
    }

    fn sees(&self, thing: AnyId, streams: &[StreamId]) -> Result<bool, Error> {
        let of_message = |message: MessageId| -> Result<bool, Error> {
            Ok(self.store.messages_in(&[message], streams)?.contains(&message))
        };
        Ok(match thing.kind {
            Kind::Stream => streams.contains(&StreamId(thing.id)),
            Kind::Message => of_message(MessageId(thing.id))?,
            Kind::Passage | Kind::ToolCall => match self.store.message_behind(thing)? {
                Some(message) => of_message(message)?,
                None => true,
            },
            Kind::Run => {
                let run = self.store.run(RunId(thing.id))?;
                run.is_some_and(|view| streams.contains(&view.run.extent.stream))
            }
            Kind::Window => {
                let runs = self.store.runs_of_window(thing)?;
                runs.iter().any(|view| streams.contains(&view.run.extent.stream))
            }
            Kind::Commit
            | Kind::Document
            | Kind::Person
            | Kind::Ref
            | Kind::Repo
            | Kind::Symbol
            | Kind::Version => true,
        })
    }

    /// What was said of code, as far as it sees it: at most `count` references.
    pub(crate) fn said(&self, mut of: SpokenOf, count: usize) -> Result<Vec<Said>, Error> {
        of.streams = self.sight()?;
        Ok(self.store.said(&of, count)?)
    }

    /// Who speaks in `index`: of some passages those who wrote them.
    pub(crate) fn speakers(&self, index: &Index, seen: Option<&RoaringBitmap>) -> Arc<Speakers> {
        let Some(seen) = seen else { return self.derived.speakers(index) };
        let mut names = vec![""; index.authors().len()];
        let mut times: Option<(Timestamp, Timestamp)> = None;
        for row in seen.iter().map_while(|seq| index.row(seq)) {
            let author = usize::try_from(row.author).ok();
            if let Some((place, name)) =
                author.and_then(|at| Some((names.get_mut(at)?, index.authors().get(at)?)))
            {
                *place = name;
            }
            let (first, last) = times.unwrap_or((row.at, row.at));
            times = Some((first.min(row.at), last.max(row.at)));
        }
        let (first, last) = times.unwrap_or_default();
        Arc::new(Speakers::new(names, year(first)..=year(last)))
    }

    /// The passages that it sees; `None` for all.
    pub(crate) fn seen_passages(&self) -> Result<Option<RoaringBitmap>, Error> {
        if !self.is_limited() {
            return Ok(None);
        }
        let filter = Filter { streams: self.sight()?, ..Filter::default() };
        Ok(Some(self.store.filter(&filter)?.into_iter().collect()))
    }
}
