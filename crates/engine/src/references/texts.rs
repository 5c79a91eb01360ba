//! Texts on their way to be resolved: what they mention, when they were written, and what was current then.

use lichen_model::{AsOf, Mention, RepoPath, Rung, StreamId, Timestamp};
use lichen_source::references::{Field, detect, in_call};
use lichen_store::{Page, Reader, ReferenceSource};
use rayon::prelude::*;

use super::Run;
use super::heads::Surroundings;
use crate::Error;

/// A text that mentions something, or none that does any more.
pub(super) struct Spoken {
    pub(super) source: ReferenceSource,
    pub(super) id: u128,
    pub(super) at: Timestamp,
    pub(super) as_of: Option<AsOf>,
    /// The fields of it with what each mentions.
    pub(super) fields: Vec<(&'static str, String, Vec<Mention>)>,
    pub(super) touched: Vec<RepoPath>,
    pub(super) roots: Vec<String>,
}

impl Spoken {
    fn new(source: ReferenceSource, id: u128, at: Timestamp, text: String) -> Self {
        let mentions = detect(&text);
        let text = if mentions.is_empty() { String::new() } else { text };
        Self {
            source,
            id,
            at,
            as_of: None,
            fields: vec![("", text, mentions)],
            touched: Vec::new(),
            roots: Vec::new(),
        }
    }

    fn mentions(&self) -> bool {
        self.fields.iter().any(|(.., mentions)| !mentions.is_empty())
    }
}

impl Run<'_> {
    /// The texts of a page in the order of their times, each with what it mentions.
    pub(super) fn texts(
        &mut self,
        store: &Reader,
        source: ReferenceSource,
        page: Page,
        landed: Option<u32>,
    ) -> Result<Vec<Spoken>, Error> {
        let mut spoken = match source {
            ReferenceSource::Commit => self.commits(store, page, landed)?,
            ReferenceSource::Version => self.versions(store, page)?,
            ReferenceSource::Message => self.messages(store, page)?,
            ReferenceSource::ToolCall => self.calls(store, page)?,
        };
        spoken.sort_by_key(|text| (text.at, text.id));
        Ok(spoken)
    }

    fn commits(
        &self,
        store: &Reader,
        page: Page,
        landed: Option<u32>,
    ) -> Result<Vec<Spoken>, Error> {
        let landed = self.ground.followed.zip(landed);
        let texts = store.commit_texts(self.ground.repo, page, landed)?;
        let one = |text: lichen_store::CommitText| {
            let as_of = AsOf { commit: text.oid, rung: Rung::Own };
            let source = ReferenceSource::Commit;
            let spoken = Spoken::new(source, text.id.as_u128(), text.at, text.text);
            Spoken { as_of: Some(as_of), ..spoken }
        };
        Ok(texts.into_par_iter().map(one).collect())
    }

    fn versions(&mut self, store: &Reader, page: Page) -> Result<Vec<Spoken>, Error> {
        let texts = store.version_texts(self.ground.repo, page)?;
        let one = |text: lichen_store::VersionText| {
            Spoken::new(ReferenceSource::Version, text.id.as_u128(), text.at, text.text)
        };
        let mut spoken: Vec<Spoken> = texts.into_par_iter().map(one).collect();
        for text in spoken.iter_mut().filter(|text| text.mentions()) {
            text.as_of = self.seen.as_of(self.git, text.at, None, &Surroundings::default());
        }
        Ok(spoken)
    }

    fn messages(&mut self, store: &Reader, page: Page) -> Result<Vec<Spoken>, Error> {
        let texts = store.message_texts(page)?;
        let one = |text: lichen_store::MessageText| {
            let place = (text.stream, text.id, text.meta);
            let source = ReferenceSource::Message;
            (Spoken::new(source, text.id.as_u128(), text.at, text.text), place)
        };
        let texts: Vec<_> = texts.into_par_iter().map(one).collect();
        self.placed(store, texts)
    }

    fn calls(&mut self, store: &Reader, page: Page) -> Result<Vec<Spoken>, Error> {
        let texts = store.call_texts(page)?;
        let one = |text: lichen_store::CallText| {
            let mentions = in_call(&text.call);
            let fields = [Field::Paths, Field::Command, Field::Patch].map(|field| {
                let of_field = mentions.iter().filter(|(of, _)| *of == field);
                let of_field: Vec<Mention> = of_field.map(|(_, mention)| mention.clone()).collect();
                let whole =
                    if of_field.is_empty() { String::new() } else { field.text(&text.call) };
                (field.as_str(), whole, of_field)
            });
            let spoken = Spoken {
                source: ReferenceSource::ToolCall,
                id: text.call.id.as_u128(),
                at: text.at,
                as_of: None,
                fields: fields.into(),
                touched: Vec::new(),
                roots: Vec::new(),
            };
            (spoken, (text.stream, text.message, text.meta))
        };
        let texts: Vec<_> = texts.into_par_iter().map(one).collect();
        self.placed(store, texts)
    }

    /// Says of texts of conversations what was current, and what was in hand.
    fn placed(
        &mut self,
        store: &Reader,
        texts: Vec<(Spoken, (StreamId, lichen_model::MessageId, String))>,
    ) -> Result<Vec<Spoken>, Error> {
        let speaking = texts.iter().filter(|(text, _)| text.mentions());
        self.seen.learn(store, self.git, speaking.map(|(_, (stream, ..))| *stream))?;
        let trees: Vec<String> = self
            .git
            .work_trees()
            .into_iter()
            .chain(self.git.work_tree())
            .map(|folder| folder.to_string_lossy().into_owned())
            .collect();
        let placed = texts.into_iter().map(|(mut text, (stream, message, meta))| {
            if text.mentions() {
                let around = Surroundings::of(&meta);
                let said = Some((stream, message));
                text.as_of = self.seen.as_of(self.git, text.at, said, &around);
                text.touched = self.seen.in_hand(stream, text.at);
                text.roots = trees.iter().cloned().chain(around.folder).collect();
            }
            text
        });
        Ok(placed.collect())
    }
}
