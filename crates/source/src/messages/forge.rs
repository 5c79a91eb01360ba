//! What forges share: files of issues, requests and comments as their APIs tell them.

mod objects;

use std::collections::HashMap;

use lichen_model::{Batch, Message, Progress, Role, Stream, StreamId, StreamKind};
use serde_json::Value;

use super::lines::{LINE_BYTES_MAX, Lines};
use super::parts::{self, Draft, Meta, Seen};
use super::{Source, time};
use crate::{Estimate, Read, Result, Unit};
use objects::{Next, Objects};

pub(super) use objects::first_names;

/// What one forge makes of an object.
pub(super) trait Forge {
    /// The name of the format.
    const NAME: &'static str;

    /// The messages of an object; what is wrong where something in it is none of the forge's.
    fn read(&mut self, object: &Value) -> Vec<Result<Entry, &'static str>>;
}

/// A message of a forge.
#[derive(Default)]
pub(super) struct Entry {
    /// The name of its stream: `owner/repo#12`.
    pub(super) stream: String,
    /// The stream's title, where the object tells it.
    pub(super) title: Option<String>,
    pub(super) external: String,
    pub(super) author: String,
    pub(super) is_notice: bool,
    /// When, as written.
    pub(super) sent: String,
    pub(super) text: String,
    /// Id of what it answers, in the same stream.
    pub(super) reply_to: Option<String>,
    pub(super) meta: Meta,
}

/// The messages of a file, batch by batch.
pub(super) struct Reader<F> {
    forge: F,
    source: Source,
    /// Tells whether the file is still the same; it is read by `objects`.
    lines: Lines,
    objects: Objects,
    titles: HashMap<StreamId, String>,
    seen: Seen,
    start: u64,
    /// Where the last batch stopped.
    told: u64,
    done: bool,
}

impl<F: Forge> Reader<F> {
    /// Opens a file; objects before the position are read again for their ids and titles alone.
    pub(super) fn open(source: Source, forge: F) -> Result<Self> {
        let lines = Lines::of(&source)?;
        let start = lines.at.offset;
        let limit = if source.line_bytes_max == 0 { LINE_BYTES_MAX } else { source.line_bytes_max };
        let objects = Objects::open(&source.path, lines.len(), limit)?;
        let (titles, seen) = (HashMap::new(), Seen::default());
        Ok(Self { forge, source, lines, objects, titles, seen, start, told: start, done: false })
    }

    fn object(&mut self, raw: &[u8], known: bool, draft: &mut Draft) {
        let (label, count) = (&self.source.label, self.objects.count);
        let mut problem = |what: &str| {
            if !known {
                draft.problems.at(label, format!("object {count}"), what);
            }
        };
        let text = String::from_utf8_lossy(raw);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            problem("is not UTF-8; unreadable bytes were replaced");
        }
        let object = serde_json::from_str(&text)
            .or_else(|_| serde_json::from_str(&parts::without_lone_surrogates(&text)));
        let entries = match object {
            Ok(object) => self.forge.read(&object),
            Err(error) => return problem(&format!("is no JSON ({error}); skipped")),
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.entry(entry, known, draft),
                Err(what) if !known => {
                    draft.problems.at(&self.source.label, format!("object {count}"), what);
                }
                Err(_) => {}
            }
        }
    }

    fn entry(&mut self, entry: Entry, known: bool, draft: &mut Draft) {
        let stream = Stream::id(F::NAME, &entry.stream);
        let sent = time::parse(&entry.sent);
        let id = Message::id(stream, &entry.external, sent.unwrap_or_default().at);
        let key = |external: &str| parts::key(&(stream.as_u128(), external));
        let before = self.seen.ids.insert(key(&entry.external), id);
        if let Some(title) = entry.title {
            self.titles.insert(stream, title);
        }
        // Pages overlap where something was added between them, and requests are issues, too.
        if known || before == Some(id) {
            return;
        }
        if sent.is_none() {
            let place = || format!("object {}", self.objects.count);
            let what = "has no time that can be read; taken as 1970";
            draft.problems.at(&self.source.label, place(), what);
        }
        let mut meta = entry.meta;
        let reply_to = entry.reply_to.and_then(|to| {
            let found = self.seen.ids.get(&key(&to)).copied();
            if found.is_none() {
                meta.text("reply_to", &to);
            }
            found.filter(|found| *found != id)
        });
        let (name, title) = (entry.stream, self.titles.get(&stream));
        let joined = draft.stream(stream, || Stream {
            id: stream,
            source: F::NAME.to_owned(),
            name,
            kind: StreamKind::Chat,
            title: String::new(),
        });
        if let Some(title) = title {
            joined.title.clone_from(title);
        }
        draft.push(Message {
            id,
            stream,
            external_id: entry.external,
            author: entry.author,
            role: if entry.is_notice { Role::System } else { Role::User },
            sent: sent.unwrap_or_default(),
            text: entry.text,
            tokens: 0,
            reply_to,
            replaces: None,
            tool_calls: Vec::new(),
            meta: meta.finish(),
        });
    }
}

impl<F: Forge> Read for Reader<F> {
    fn next_batch(&mut self) -> Result<Option<Batch>> {
        let mut draft = Draft::new(&self.source);
        while !self.done && !draft.is_full() {
            let next = self.objects.next()?;
            let known = self.objects.offset <= self.start;
            let (label, count) = (&self.source.label, self.objects.count);
            let place = format!("object {count}");
            match next {
                None => self.done = true,
                Some(Next::Object(raw)) => self.object(&raw, known, &mut draft),
                Some(Next::Damaged(what)) if !known => draft.problems.at(label, place, what),
                Some(Next::Damaged(_)) => {}
                Some(Next::Unended) => {
                    let what = "has no end yet; it is read once it has one";
                    draft.problems.at(label, place, what);
                    self.done = true;
                }
            }
            draft.bytes = self.objects.offset.saturating_sub(self.told);
        }
        if self.objects.offset <= self.told {
            return Ok(None);
        }
        self.told = self.objects.offset;
        self.lines.at.offset = self.told;
        let position = self.lines.position("")?;
        let progress = Progress { source: format!("{}:{}", F::NAME, self.source.label), position };
        Ok(Some(draft.finish(&self.source.label, progress)))
    }

    fn estimate(&self) -> Estimate {
        let total = self.lines.len().saturating_sub(self.start);
        let done = self.objects.offset.saturating_sub(self.start).min(total);
        Estimate { total, done, unit: Unit::Bytes }
    }
}

/// Whether an object has all of these fields.
pub(super) fn has(object: &Value, names: &[&str]) -> bool {
    names.iter().all(|name| object.get(name).is_some())
}

/// A string, or a number's digits; empty for anything else.
pub(super) fn text(object: &Value, name: &str) -> String {
    match object.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Keeps fields as they are, but for those that are null.
pub(super) fn keep(meta: &mut Meta, object: &Value, names: &[(&str, &str)]) {
    for (key, name) in names {
        if let Some(value) = object.get(name).filter(|value| !value.is_null()) {
            meta.raw(key, &value.to_string());
        }
    }
}

/// Keeps how often people reacted.
pub(super) fn keep_reactions<'a>(meta: &mut Meta, all: impl Iterator<Item = (&'a str, &'a Value)>) {
    let counted: Vec<_> = all
        .filter_map(|(name, count)| Some((name, count.as_u64().filter(|count| *count > 0)?)))
        .map(|(name, count)| serde_json::json!({"emoji": name, "count": count}))
        .collect();
    if !counted.is_empty() {
        meta.raw("reactions", &Value::from(counted).to_string());
    }
}

/// Keeps the names of labels, which are strings or objects with a name.
pub(super) fn keep_labels(meta: &mut Meta, object: &Value) {
    let labels = object.get("labels").and_then(Value::as_array);
    let name =
        |label: &Value| label.as_str().or_else(|| label.get("name")?.as_str()).map(Value::from);
    let names: Vec<_> = labels.into_iter().flatten().filter_map(name).collect();
    if !names.is_empty() {
        meta.raw("labels", &Value::from(names).to_string());
    }
}
