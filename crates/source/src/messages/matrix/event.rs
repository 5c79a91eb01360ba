//! One event of a room: who said what, what it answers or takes the place of, what hangs on it.

use std::ops::Range;

use lichen_model::{Message, MessageId, Role, StreamId, Zoned};

use super::Room;
use crate::messages::Source;
use crate::messages::parts::{self, Meta};
use crate::messages::record::Record;
use crate::messages::references::{self, Attachment, Reaction};
use crate::messages::time;

/// A message, and the spans of its text that quote another.
type Said = (Message, Vec<Range<usize>>);

/// Kinds of content that are a file.
const FILES: [&str; 4] = ["m.image", "m.file", "m.audio", "m.video"];
/// Where a poll's content stands, and the text within it: as specified, and as it was before.
const POLLS: [&str; 2] = ["m.poll", "org.matrix.msc3381.poll.start"];
const TEXTS: [&str; 3] = ["body", "m.text", "org.matrix.msc1767.text"];

/// Reads an event; `None` for one that says nothing of its own.
pub(super) fn read(source: &Source, room: &mut Room, text: &str) -> Result<Option<Said>, String> {
    let record =
        Record::parse(text).map_err(|error| format!("is no JSON object ({error}); skipped"))?;
    let id = record.owned("event_id").ok_or("has no id; skipped")?;
    let sent = time_of(&record).ok_or("has no time that can be read; skipped")?;
    let kind = record.owned("type").unwrap_or_default();
    // Names and reactions were taken in before.
    if kind == "m.reaction" {
        return Ok(None);
    }
    let event = Event { stream: room.stream().id, id, sent, kind };
    if event.kind == "m.room.redaction" {
        return Ok(event.deletion(room, &record));
    }
    let content = record.record("content");
    let relation = content.as_ref().and_then(|content| content.record("m.relates_to"));
    if let (Some(content), Some(relation)) = (&content, &relation)
        && relation.text("rel_type").as_deref() == Some("m.replace")
    {
        return Ok(event.edit(source, room, &record, content, relation));
    }
    let message_id = Message::id(event.stream, &event.id, sent.at);
    if room.seen.insert(parts::key(&event.id), (message_id, sent)).is_some() {
        return Err(format!("id came before: `{}`; skipped", event.id));
    }
    Ok(Some(event.said(source, room, &record, message_id)))
}

struct Event {
    stream: StreamId,
    id: String,
    sent: Zoned,
    kind: String,
}

impl Event {
    fn message(&self, id: MessageId, author: String, text: String, meta: Meta) -> Message {
        Message {
            id,
            stream: self.stream,
            external_id: self.id.clone(),
            author,
            role: Role::User,
            sent: self.sent,
            text,
            tokens: 0,
            reply_to: None,
            replaces: None,
            tool_calls: Vec::new(),
            meta: meta.finish(),
        }
    }

    fn said(&self, source: &Source, room: &Room, record: &Record<'_>, id: MessageId) -> Said {
        let empty = Record::default();
        let content = record.record("content").unwrap_or_default();
        let unsigned = record.record("unsigned").unwrap_or_default();
        let redacted = unsigned.raw("redacted_because").is_some();
        let notice = !redacted && !is_said(&self.kind);
        let mut meta = Meta::default();
        if notice {
            meta.text("type", &self.kind);
            for name in ["membership", "url"] {
                if let Some(told) = content.text(name) {
                    meta.text(name, &told);
                }
            }
        }
        match content.text("msgtype").as_deref() {
            Some("m.notice") => meta.raw("bot", "true"),
            Some(kind @ ("m.emote" | "m.location")) => meta.text("msgtype", kind),
            _ => {}
        }
        if let Some(at) = edited(&unsigned) {
            meta.text("edited_at", &time::rfc3339_of(at));
        }
        if redacted {
            meta.raw("deleted", "true");
        }
        let file = self.file(&content);
        references::list(&mut meta, "attachments", file.as_slice());
        references::list(&mut meta, "reactions", &reactions(room, &self.id, &unsigned));
        let relation = content.record("m.relates_to");
        let relation = relation.as_ref().unwrap_or(&empty);
        let reply = answered(relation);
        let reply_to = reply.as_ref().and_then(|to| room.seen.get(&parts::key(to)));
        if let (Some(to), None) = (&reply, reply_to) {
            meta.text("reply_to", to);
        }
        let text = if redacted { String::new() } else { self.text(&content, file.is_some()) };
        let text = source.redact(text.into()).into_owned();
        let quoted = if reply.is_some() { quoted(&text) } else { Vec::new() };
        let author = record.owned("sender").map(|sender| room.name_of(&sender));
        let mut message = self.message(id, author.unwrap_or_default(), text, meta);
        message.reply_to = reply_to.map(|(id, _)| *id);
        if notice {
            message.role = Role::System;
        }
        (message, quoted)
    }

    /// A new text for an event that was read before; one whose event is not there stands for itself.
    fn edit(
        &self,
        source: &Source,
        room: &mut Room,
        record: &Record<'_>,
        content: &Record<'_>,
        relation: &Record<'_>,
    ) -> Option<Said> {
        let new = content.record("m.new_content");
        let content = new.as_ref().unwrap_or(content);
        let author = record.owned("sender").map(|sender| room.name_of(&sender)).unwrap_or_default();
        let mut meta = Meta::default();
        meta.text("edited_at", &time::rfc3339_of(self.sent));
        let file = self.file(content);
        references::list(&mut meta, "attachments", file.as_slice());
        let text = self.text(content, file.is_some());
        let text = source.redact(text.into()).into_owned();
        let original = relation.owned("event_id")?;
        let Some(&(replaced, sent)) = room.seen.get(&parts::key(&original)) else {
            meta.text("replaces", &original);
            let id = Message::id(self.stream, &self.id, self.sent.at);
            room.seen.insert(parts::key(&self.id), (id, self.sent));
            return Some((self.message(id, author, text, meta), Vec::new()));
        };
        let id = Message::id_of_edit(replaced, Some(&text));
        // A deletion may be of the edit.
        room.seen.insert(parts::key(&self.id), (replaced, sent));
        let mut message = self.message(id, author, text, meta);
        (message.replaces, message.sent) = (Some(replaced), sent);
        Some((message, Vec::new()))
    }

    /// A deletion of an event that was read before. Of others nothing is known.
    fn deletion(&self, room: &Room, record: &Record<'_>) -> Option<Said> {
        let content = record.record("content").unwrap_or_default();
        let original = record.owned("redacts").or_else(|| content.owned("redacts"))?;
        let &(replaced, sent) = room.seen.get(&parts::key(&original))?;
        let mut meta = Meta::default();
        meta.raw("deleted", "true");
        let id = Message::id_of_edit(replaced, None);
        let mut message = self.message(id, String::new(), String::new(), meta);
        (message.replaces, message.sent) = (Some(replaced), sent);
        Some((message, Vec::new()))
    }

    fn file(&self, content: &Record<'_>) -> Option<Attachment> {
        let msgtype = content.text("msgtype").unwrap_or_default();
        let sticker = self.kind == "m.sticker";
        if !sticker && !FILES.contains(&&*msgtype) {
            return None;
        }
        let info = content.record("info").unwrap_or_default();
        // What was encrypted stands in an object of its own.
        let encrypted = || content.record("file").and_then(|file| file.owned("url"));
        let kind = if sticker { Some("sticker".to_owned()) } else { info.owned("mimetype") };
        Some(Attachment {
            name: content.owned("filename").or_else(|| content.owned("body")),
            kind,
            bytes: info.number("size"),
            url: content.owned("url").or_else(encrypted),
        })
    }

    fn text(&self, content: &Record<'_>, file: bool) -> String {
        let body = content.owned("body").unwrap_or_default();
        if file {
            // The name of a file is its text, unless both are told.
            let named = content.owned("filename").is_some_and(|name| name != body);
            return if named { body } else { String::new() };
        }
        match self.kind.as_str() {
            "m.room.topic" => content.owned("topic").unwrap_or_default(),
            "m.room.name" => content.owned("name").unwrap_or_default(),
            _ if body.is_empty() => poll(content).unwrap_or_default(),
            _ => body,
        }
    }
}

/// Whether a person or an app wrote an event of this kind.
fn is_said(kind: &str) -> bool {
    matches!(kind, "m.room.message" | "m.room.encrypted" | "m.sticker")
        || kind.starts_with("m.poll.")
        || kind.starts_with("org.matrix.msc3381.poll.")
}

fn time_of(record: &Record<'_>) -> Option<Zoned> {
    time::number(&record.scalar("origin_server_ts")?)
}

/// When the text of an event took the place of another.
fn edited(unsigned: &Record<'_>) -> Option<Zoned> {
    time_of(&unsigned.record("m.relations")?.record("m.replace")?)
}

/// The id of what is answered: in a thread without an answer of its own, the thread's root.
fn answered(relation: &Record<'_>) -> Option<String> {
    let thread = relation.text("rel_type").as_deref() == Some("m.thread");
    let root = || relation.owned("event_id").filter(|_| thread);
    if thread && relation.is_true("is_falling_back") {
        return root();
    }
    relation.record("m.in_reply_to").and_then(|to| to.owned("event_id")).or_else(root)
}

/// What an older app puts in front of an answer: the answered lines, each after `> `, and a blank one.
fn quoted(text: &str) -> Vec<Range<usize>> {
    let lines = text.split_inclusive('\n').take_while(|line| line.starts_with("> "));
    let len: usize = lines.map(str::len).sum();
    if len == 0 || len == text.len() {
        return Vec::new();
    }
    std::iter::once(0..len).collect()
}

/// Signs of the events of others, or as the server counted them.
fn reactions(room: &Room, id: &str, unsigned: &Record<'_>) -> Vec<Reaction> {
    let mut reactions: Vec<Reaction> = Vec::new();
    for (sign, by) in room.reactions.get(&parts::key(&id)).into_iter().flatten() {
        let known = reactions.iter().position(|reaction| reaction.emoji == *sign);
        let place = known.unwrap_or_else(|| {
            reactions.push(Reaction { emoji: sign.clone(), ..Reaction::default() });
            reactions.len() - 1
        });
        reactions[place].count += 1;
        reactions[place].by.push(room.name_of(by));
    }
    if reactions.is_empty() {
        let counted = unsigned.record("m.relations").and_then(|all| all.record("m.annotation"));
        let counted = counted.map(|all| all.records("chunk")).unwrap_or_default();
        reactions.extend(counted.iter().filter_map(|record| {
            let (emoji, count) = (record.owned("key")?, record.number("count").unwrap_or(1));
            Some(Reaction { emoji, count, by: Vec::new() })
        }));
    }
    reactions
}

/// The question of a poll and its answers, a line each.
fn poll(content: &Record<'_>) -> Option<String> {
    let text = |record: &Record<'_>| {
        TEXTS.iter().find_map(|name| {
            record.owned(name).or_else(|| record.records(name).first()?.owned("body"))
        })
    };
    let poll = POLLS.iter().find_map(|name| content.record(name))?;
    let question = poll.record("question").as_ref().and_then(text)?;
    let answers = poll.records("answers");
    let answers = answers.iter().filter_map(text).map(|answer| format!("\n- {answer}"));
    Some(question + &answers.collect::<String>())
}
