//! A conversation as a naive list, and the same in a store.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use lichen_engine::{Config, Engine, Extent, MessageView};
use lichen_model::{Batch, Message, MessageId, Role, Stream, StreamKind, Timestamp, Zoned};
use lichen_store::{Options, Store};
use lichen_testkit::FakeClock;
use proptest::prelude::*;

/// When the conversations begin, and what the clock shows, a year later.
const START: i64 = 1_600_000_000_000;
pub(crate) const NOW: i64 = START + 31_536_000_000;

/// One thing that happens in a batch. Numbers pick among what is there.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// A message, so many milliseconds after the last one; no text longer than a line.
    Said { after: i64, len: usize },
    /// A message that was sent before others that are there.
    Late { before: i64, len: usize },
    /// A message that is there comes again, as it was.
    Repeated { pick: usize },
    /// A message that is there comes again with another text.
    Reworded { pick: usize, len: usize },
    /// A message takes the place of another.
    Edited { pick: usize, len: usize },
    /// A message is taken back.
    Deleted { pick: usize },
}

pub(crate) fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    use Happening::{Deleted, Edited, Late, Repeated, Reworded, Said};
    let one = prop_oneof![
        12 => (0..5000_i64, 0..60_usize).prop_map(|(after, len)| Said { after, len }),
        1 => (0..5000_i64, 200..400_usize).prop_map(|(after, len)| Said { after, len }),
        3 => (0..40_000_i64, 0..60_usize).prop_map(|(before, len)| Late { before, len }),
        1 => any::<usize>().prop_map(|pick| Repeated { pick }),
        1 => (any::<usize>(), 0..60_usize).prop_map(|(pick, len)| Reworded { pick, len }),
        1 => (any::<usize>(), 0..60_usize).prop_map(|(pick, len)| Edited { pick, len }),
        1 => any::<usize>().prop_map(|pick| Deleted { pick }),
    ];
    prop::collection::vec(one, 1..40)
}

/// All facts of one stream, in the order of their arrival.
pub(crate) struct Conversation {
    pub(crate) stream: Stream,
    pub(crate) facts: Vec<Message>,
    ids: HashSet<MessageId>,
    said: usize,
}

impl Conversation {
    pub(crate) fn new(name: &str) -> Self {
        let stream = Stream {
            id: Stream::id("test", name),
            source: "test".to_owned(),
            name: name.to_owned(),
            kind: StreamKind::Chat,
            title: String::new(),
        };
        Self { stream, facts: Vec::new(), ids: HashSet::new(), said: 0 }
    }

    /// Takes a batch in, naively, and gives it as a store is to take it in.
    pub(crate) fn take(&mut self, happenings: &[Happening]) -> Batch {
        let before = self.facts.len();
        let mut last = self.facts.iter().map(|fact| fact.sent.at.millis()).max().unwrap_or(START);
        let mut messages = Vec::new();
        // What comes again with another text is stored after the rest of its batch, and once.
        let mut reworded: Vec<Message> = Vec::new();
        for happening in happenings {
            let there = |pick: usize| (before > 0).then(|| self.facts[pick % before].clone());
            let message = match *happening {
                Happening::Said { after, len } => {
                    last += after;
                    Some(self.said(last, len))
                }
                Happening::Late { before, len } => Some(self.said((last - before).max(START), len)),
                Happening::Repeated { pick } => there(pick),
                Happening::Reworded { pick, len } => {
                    let again =
                        there(pick).map(|fact| Message { text: text(len + 1, pick), ..fact });
                    let Some(again) = again else { continue };
                    let id = Message::id_of_edit(again.id, Some(&again.text));
                    let edit = Message { id, replaces: Some(again.id), ..again.clone() };
                    let same = self.facts[..before]
                        .iter()
                        .any(|fact| fact.id == again.id && fact.text == again.text);
                    let once = reworded.iter().all(|other| other.replaces != edit.replaces);
                    let fresh = !self.ids.contains(&id);
                    if !same && once && fresh {
                        reworded.push(edit);
                        messages.push(counted(again));
                    }
                    continue;
                }
                Happening::Edited { pick, len } => there(pick).map(|fact| {
                    let text = text(len, pick);
                    let id = Message::id_of_edit(fact.id, Some(&text));
                    Message { id, replaces: Some(fact.id), text, ..fact }
                }),
                Happening::Deleted { pick } => there(pick).map(|fact| {
                    let id = Message::id_of_edit(fact.id, None);
                    let (text, meta) = (String::new(), "{\"deleted\":true}".to_owned());
                    Message { id, replaces: Some(fact.id), text, meta, ..fact }
                }),
            };
            let Some(message) = message.map(counted) else { continue };
            if reworded.iter().any(|other| other.id == message.id) {
                continue;
            }
            if self.ids.insert(message.id) {
                self.facts.push(message.clone());
            }
            messages.push(message);
        }
        for edit in reworded {
            if self.ids.insert(edit.id) {
                self.facts.push(counted(edit));
            }
        }
        Batch { streams: vec![self.stream.clone()], messages, ..Batch::default() }
    }

    fn said(&mut self, at: i64, len: usize) -> Message {
        self.said += 1;
        let (at, external_id) = (Timestamp(at), self.said.to_string());
        Message {
            id: Message::id(self.stream.id, &external_id, at),
            stream: self.stream.id,
            external_id,
            author: "ada".to_owned(),
            role: Role::User,
            sent: Zoned { at, offset_minutes: 0 },
            text: text(len, self.said),
            tokens: 0,
            reply_to: None,
            replaces: None,
            tool_calls: Vec::new(),
            meta: String::new(),
        }
    }

    /// What is to be read today, in order, and which of it came late.
    pub(crate) fn today(&self) -> Vec<(&Message, bool)> {
        let mut timely: Vec<&Message> = Vec::new();
        let mut all: Vec<(usize, bool, i64, usize)> = Vec::new();
        for (nth, fact) in self.facts.iter().enumerate() {
            let at = fact.sent.at.millis();
            let late = timely.last().is_some_and(|last| at < last.sent.at.millis());
            if !late {
                timely.push(fact);
            }
            // After so many timely ones.
            let after = timely.iter().filter(|timely| timely.sent.at.millis() <= at).count();
            all.push(if late { (after, true, at, nth) } else { (timely.len(), false, 0, nth) });
        }
        all.sort_unstable();
        let mut holds: HashMap<MessageId, MessageId> = HashMap::new();
        for fact in &self.facts {
            holds.extend(fact.replaces.map(|replaced| (replaced, fact.id)));
        }
        let alive = |fact: &Message| {
            !holds.contains_key(&fact.id)
                && fact.replaces.is_none_or(|replaced| holds[&replaced] == fact.id)
        };
        all.into_iter()
            .map(|(_, late, _, nth)| (&self.facts[nth], late))
            .filter(|(fact, _)| alive(fact))
            .collect()
    }
}

fn counted(message: Message) -> Message {
    // Not what the tokenizer says, which tests must not depend on: whatever the source gave is stored.
    let tokens = u32::try_from(message.text.split_whitespace().count()).unwrap();
    Message { tokens, ..message }
}

/// Words of `len` bytes, or up to one more where a character has two.
fn text(len: usize, seed: usize) -> String {
    let mut text = String::new();
    let words = ["moss", "säge", "a", "lichen grows"];
    for nth in seed % 7.. {
        if text.len() >= len {
            break;
        }
        text.push_str(words[nth % words.len()]);
        text.push(' ');
    }
    let end = text.floor_char_boundary(len);
    text.truncate(end);
    text
}

/// Appends batches to the store in `dir`.
pub(crate) fn append(dir: &Path, clock: &Arc<FakeClock>, batches: &[Batch]) {
    let mut store = Store::open(dir, Options::new("a test", Arc::clone(clock) as _)).unwrap();
    for batch in batches {
        let receipt = store.append(batch).unwrap();
        assert_eq!(receipt.problems, []);
    }
    assert_eq!(store.read().doctor().unwrap(), []);
    store.close().unwrap();
}

pub(crate) fn engine(dir: &Path, clock: &Arc<FakeClock>) -> Engine {
    Engine::open(dir, Config::default(), "a test", Arc::clone(clock) as _).unwrap()
}

/// What a window holds: ids and texts.
pub(crate) fn content(engine: &Engine, extent: &Extent) -> Vec<(MessageId, String)> {
    contents(engine.read().messages_of(extent).unwrap())
}

pub(crate) fn contents(messages: Vec<MessageView>) -> Vec<(MessageId, String)> {
    messages.into_iter().map(|view| (view.message.id, view.message.text)).collect()
}
