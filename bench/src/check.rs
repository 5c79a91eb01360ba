//! Holding a store against its oracle, through the ways in which it is read.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::Result;
use lichen_engine::{AnyId, Engine, Get, Recall, Unobserved};
use lichen_model::{Message, MessageId};
use serde::{Deserialize, Serialize};

use crate::load::Feed;
use crate::oracle::{self, Outcome};
use crate::seeded::Seeded;

/// Messages of a store that are recalled by their own words.
const RECALLS: u64 = 6;

/// Lost messages of which the beginning is told.
const LOST_TEXTS: usize = 8;

/// What a store must hold, and what it may.
#[derive(Default)]
pub(crate) struct Expected {
    required: HashMap<MessageId, String>,
    /// Batches of which nobody was told whether they are stored: each is there as a whole or not at all.
    optional: Vec<Vec<(MessageId, String)>>,
    /// Messages that an edit has taken the place of, or may have.
    edited: HashSet<MessageId>,
    /// All texts with which a message was sent, the first and those of edits.
    sent: HashMap<MessageId, HashSet<String>>,
}

impl Expected {
    /// What the oracle in `dir` says.
    pub(crate) fn read(dir: &Path, seed: u64, feed: &Feed) -> Result<Self> {
        let mut expected = Self::default();
        let mut first_texts: HashMap<MessageId, String> = HashMap::new();
        for (attempt, outcome) in oracle::read(dir)? {
            if outcome == Outcome::Refused {
                continue;
            }
            let batch = feed.batch(&attempt.lines(seed))?;
            let mut stored = Vec::new();
            for message in batch.messages {
                expected.sent.entry(message.id).or_default().insert(message.text.clone());
                match first_texts.get(&message.id) {
                    Some(text) if *text != message.text => {
                        expected.edited.insert(message.id);
                        let id = Message::id_of_edit(message.id, Some(&message.text));
                        stored.push((id, message.text));
                    }
                    _ => stored.push((message.id, message.text)),
                }
            }
            if outcome == Outcome::Acknowledged {
                for (id, text) in stored {
                    first_texts.entry(id).or_insert_with(|| text.clone());
                    expected.required.insert(id, text);
                }
            } else {
                expected.optional.push(stored);
            }
        }
        Ok(expected)
    }

    /// Whether a message was ever sent with this text.
    fn was_sent(&self, id: MessageId, text: &str) -> bool {
        self.sent.get(&id).is_some_and(|texts| texts.contains(text))
    }

    fn text(&self, id: MessageId) -> Option<&str> {
        let optional = || self.optional.iter().flatten().find(|(other, _)| *other == id);
        self.required.get(&id).map(String::as_str).or_else(|| Some(&optional()?.1))
    }
}

/// What the comparison found. All but the first three ought to be nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Milliseconds until the store was open and its index caught up.
    pub(crate) open_ms: f64,
    /// Acknowledged messages that were looked for.
    pub(crate) acknowledged: u64,
    /// What the store said of damage when it was opened.
    pub(crate) repairs: Vec<String>,
    /// Acknowledged messages that are not there.
    pub(crate) lost: u64,
    /// The beginnings of some of them, which tell round, writer and batch.
    pub(crate) lost_texts: Vec<String>,
    /// Messages that are there more than once.
    pub(crate) duplicated: u64,
    /// Messages with a text that nobody sent.
    pub(crate) altered: u64,
    /// Messages with another of the texts they were sent with than the one they must have: the first of them is lost,
    /// and an edit of it stands there in its place.
    pub(crate) reworded: u64,
    /// Batches of which a part is there.
    pub(crate) partial: u64,
    /// Messages that nobody sent, or that were refused.
    pub(crate) foreign: u64,
    /// Messages that are in the store and are not found by their words.
    pub(crate) unfound: u64,
    /// What `doctor` found.
    pub(crate) findings: Vec<String>,
}

impl Report {
    /// Whether everything is as it must be.
    pub(crate) fn is_good(&self) -> bool {
        self.lost + self.reworded == 0 && self.is_consistent()
    }

    /// Whether what is there was sent, though something may be missing.
    pub(crate) fn is_consistent(&self) -> bool {
        self.altered + self.duplicated + self.partial + self.foreign + self.unfound == 0
            && self.findings.is_empty()
    }
}

/// Holds `engine`, whose index has caught up, against what is expected.
pub(crate) fn check(engine: &mut Engine, expected: &Expected, seed: u64) -> Result<Report> {
    let mut report = Report {
        acknowledged: expected.required.len() as u64,
        repairs: engine.repairs().to_vec(),
        ..Report::default()
    };
    let present = present(engine, &mut report)?;
    for (id, text) in &expected.required {
        match present.get(id) {
            None => {
                report.lost += 1;
                if report.lost_texts.len() < LOST_TEXTS {
                    report.lost_texts.push(text.chars().take(24).collect());
                }
            }
            Some(stored) if stored == text => {}
            Some(stored) if expected.was_sent(*id, stored) => report.reworded += 1,
            Some(_) => report.altered += 1,
        }
    }
    let mut allowed: HashSet<MessageId> = expected.required.keys().copied().collect();
    for group in &expected.optional {
        let open: Vec<_> =
            group.iter().filter(|(id, _)| !expected.required.contains_key(id)).collect();
        let there = open.iter().filter(|(id, _)| present.contains_key(id)).count();
        if there != 0 && there != open.len() {
            report.partial += 1;
        }
        let altered = |(id, text): &&&(MessageId, String)| {
            present.get(id).is_some_and(|stored| stored != text)
        };
        report.altered += open.iter().filter(altered).count() as u64;
        allowed.extend(open.iter().map(|(id, _)| *id));
    }
    report.foreign = present.keys().filter(|id| !allowed.contains(id)).count() as u64;
    recall(engine, expected, &present, seed, &mut report)?;
    let findings = engine.doctor(false, &mut Unobserved)?;
    let damages = findings.into_iter().filter(|finding| finding.damage);
    report.findings.extend(damages.map(|finding| format!("{}: {}", finding.check, finding.what)));
    Ok(report)
}

/// All messages by their ids, read stream by stream.
fn present(engine: &Engine, report: &mut Report) -> Result<HashMap<MessageId, String>> {
    let mut present = HashMap::new();
    for info in engine.read().streams()? {
        let get =
            Get { ids: vec![info.stream.id.any()], around: 0, offset: 0, budget: usize::MAX >> 8 };
        for found in engine.read().get(&get)? {
            let AnyId { id, .. } = found.id;
            if present.insert(MessageId(id), found.text).is_some() {
                report.duplicated += 1;
            }
        }
    }
    let counts = engine.read().status()?.counts;
    let rows = counts.iter().find(|(table, _)| table == "messages").map_or(0, |(_, rows)| *rows);
    if rows != present.len() as u64 + report.duplicated {
        report.findings.push(format!("{rows} rows, and {} messages in streams", present.len()));
    }
    Ok(present)
}

/// Looks for some of the messages by their words.
fn recall(
    engine: &Engine,
    expected: &Expected,
    present: &HashMap<MessageId, String>,
    seed: u64,
    report: &mut Report,
) -> Result<()> {
    let mut ids: Vec<MessageId> = present
        .keys()
        .copied()
        .filter(|id| !expected.edited.contains(id) && expected.text(*id).is_some())
        .filter(|id| present[id].starts_with("mark"))
        .collect();
    ids.sort_unstable();
    let mut seeded = Seeded::new(&[seed, ids.len() as u64]);
    for _ in 0..RECALLS.min(ids.len() as u64) {
        let place = usize::try_from(seeded.below(ids.len() as u64))?;
        let text = &present[&ids[place]];
        // All of them: a hundred messages of one batch share most parts of their first word, and speak for each other.
        let recall = Recall { query: text.clone(), limit: 50, ..Recall::default() };
        let answer = engine.read().recall(&recall)?;
        if !answer.hits.iter().any(|hit| hit.text == *text) {
            report.unfound += 1;
            report.findings.push(format!(
                "`{text}` is not among the {} hits of {} candidates",
                answer.hits.len(),
                answer.candidates
            ));
        }
    }
    Ok(())
}
