//! One message of a chat: its text joined from its pieces, times, media, reactions, notices.

use std::borrow::Cow;

use lichen_model::{Message, Role, Stream, Zoned};
use serde_json::value::RawValue;

use crate::messages::parts::{Meta, Seen, key, string};
use crate::messages::record::Record;
use crate::messages::references::{self, Attachment, Reaction};
use crate::messages::time;

/// Fields that are kept as they are.
const KEPT: [&str; 18] = [
    "from_id",
    "author",
    "forwarded_from",
    "saved_from",
    "via_bot",
    "sticker_emoji",
    "poll",
    "todo_list",
    "contact_information",
    "location_information",
    "place_name",
    "address",
    "game_title",
    "actor_id",
    "action",
    "title",
    "members",
    "duration_seconds",
];

/// Reads a message; otherwise tells why not.
pub(super) fn read(stream: &Stream, text: &str, seen: &mut Seen) -> Result<Message, String> {
    let fixed;
    let record = if let Ok(record) = Record::parse(text) {
        record
    } else {
        fixed = without_hex_escapes(text);
        Record::parse(&fixed).map_err(|error| format!("is no JSON object ({error}); skipped"))?
    };
    let id = record.owned("id").ok_or("has no id; skipped")?;
    if record.text("type").as_deref() == Some("unsupported") {
        return Err("is of a kind that the exporter leaves out; skipped".to_owned());
    }
    let sent = sent(&record, "date").ok_or("has no time that can be read; skipped")?;
    let message_id = Message::id(stream.id, &id, sent.at);
    if seen.ids.insert(key(&id), message_id) == Some(message_id) {
        return Err(format!("id came before at the same time: `{id}`; skipped"));
    }
    let mut meta = Meta::default();
    if let Some(edited) = self::sent(&record, "edited") {
        meta.text("edited_at", &time::rfc3339_of(edited));
    }
    for name in KEPT {
        if let Some(raw) = record.raw(name) {
            meta.raw(name, raw.get());
        }
    }
    references::list(&mut meta, "attachments", &attachments(&record));
    let reactions: Vec<_> = record.records("reactions").iter().map(reaction).collect();
    references::list(&mut meta, "reactions", &reactions);
    let service = record.text("type").as_deref() == Some("service");
    let answered = if service { "message_id" } else { "reply_to_message_id" };
    let mut reply_to = None;
    if let Some(to) = record.owned(answered) {
        let here = record.raw("reply_to_peer_id").is_none();
        reply_to = seen.ids.get(&key(&to)).copied().filter(|_| here);
        if reply_to.is_none() {
            // What it answers stands in another chat, or before the export's beginning.
            meta.text("reply_to", &to);
        }
    }
    let said = record.raw("text").map(joined).unwrap_or_default();
    let said = if !said.is_empty() {
        said
    } else if service {
        notice(&record)
    } else {
        record.record("poll").map(|poll| poll_text(&poll)).unwrap_or_default()
    };
    let mut authors = ["from", "actor", "from_id", "actor_id"].into_iter();
    let author = authors.find_map(|name| record.owned(name));
    Ok(Message {
        id: message_id,
        stream: stream.id,
        external_id: id,
        author: author.unwrap_or_default(),
        role: if service { Role::System } else { Role::User },
        sent,
        text: said,
        tokens: 0,
        reply_to,
        replaces: None,
        tool_calls: Vec::new(),
        meta: meta.finish(),
    })
}

/// A point in time: seconds, and the local time beside them, which tells the zone; of old exports the local time alone.
fn sent(record: &Record<'_>, name: &str) -> Option<Zoned> {
    let local = record.text(name).and_then(|text| time::parse(&text));
    let exact = record.scalar(&format!("{name}_unixtime")).and_then(|text| time::number(&text));
    let Some(exact) = exact else { return local };
    let minutes = local.map_or(0, |local| local.at.0.saturating_sub(exact.at.0) / 60_000);
    let told = minutes.unsigned_abs() <= 14 * 60 && minutes % 15 == 0;
    let offset_minutes = i16::try_from(minutes).ok().filter(|_| told).unwrap_or(0);
    Some(Zoned { at: exact.at, offset_minutes })
}

/// A text, or the texts of its pieces.
fn joined(raw: &RawValue) -> String {
    if let Some(text) = string(raw) {
        return text.into_owned();
    }
    let pieces: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    let text = |piece: &&RawValue| {
        string(piece)
            .map(Cow::into_owned)
            .or_else(|| Record::parse(piece.get()).ok()?.text("text").map(Cow::into_owned))
    };
    pieces.iter().filter_map(text).collect()
}

fn poll_text(poll: &Record<'_>) -> String {
    let question = poll.raw("question").map(joined);
    let answers =
        poll.records("answers").into_iter().filter_map(|answer| answer.raw("text").map(joined));
    question.into_iter().chain(answers).collect::<Vec<_>>().join("\n")
}

/// What happened, in the words of the export.
fn notice(record: &Record<'_>) -> String {
    let mut text = record.owned("action").unwrap_or_default().replace('_', " ");
    let members = record.items("members").into_iter().filter_map(string).collect::<Vec<_>>();
    let details = [
        record.owned("title").or_else(|| record.owned("new_title")),
        record.owned("information_text"),
        (!members.is_empty()).then(|| members.join(", ")),
    ];
    for detail in details.into_iter().flatten() {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&detail);
    }
    text
}

fn attachments(record: &Record<'_>) -> Vec<Attachment> {
    // Files that were left out have a remark in brackets in place of their path.
    let path = |name: &str| {
        let path = record.owned(name).filter(|path| !path.starts_with('('))?;
        path.rsplit('/').next().map(ToOwned::to_owned)
    };
    let mut attachments = Vec::new();
    if record.raw("photo").is_some() {
        attachments.push(Attachment {
            name: path("photo"),
            kind: Some("image".to_owned()),
            bytes: record.number("photo_file_size"),
            url: None,
        });
    }
    if record.raw("file").is_some() {
        attachments.push(Attachment {
            name: record.owned("file_name").or_else(|| path("file")),
            kind: record.owned("mime_type").or_else(|| record.owned("media_type")),
            bytes: record.number("file_size"),
            url: None,
        });
    }
    attachments
}

fn reaction(record: &Record<'_>) -> Reaction {
    let by = record.records("recent").iter().filter_map(|one| one.owned("from")).collect();
    let emoji = ["emoji", "document_id", "type"].into_iter().find_map(|name| record.owned(name));
    Reaction {
        emoji: emoji.unwrap_or_default(),
        count: record.number("count").unwrap_or_default(),
        by,
    }
}

/// The exporter writes control characters as `\x0B`, which is no JSON.
fn without_hex_escapes(json: &str) -> String {
    let mut fixed = String::with_capacity(json.len() + 16);
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        fixed.push_str(&rest[..at]);
        rest = &rest[at..];
        let len = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        if rest.starts_with("\\x") {
            fixed.push_str("\\u00");
        } else {
            fixed.push_str(&rest[..len]);
        }
        rest = &rest[len..];
    }
    fixed.push_str(rest);
    fixed
}
