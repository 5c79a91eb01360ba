//! One message of a channel: who said it, what it answers, what hangs on it.

use lichen_model::{Message, MessageId, Role, Stream, Timestamp, Zoned};

use crate::messages::parts::{Meta, Seen, key};
use crate::messages::record::Record;
use crate::messages::references::{self, Attachment, Embed, Reaction};
use crate::messages::time;

/// The kinds that people and apps write; all others are notices. Kinds that the exporter has no name for it gives by
/// number: 20 and 23 are commands of apps.
const SAID: [&str; 7] = ["Default", "Reply", "0", "19", "20", "23", ""];
/// Where Discord's ids begin to count, in milliseconds since 1970.
const EPOCH_MILLIS: i64 = 1_420_070_400_000;

/// Reads a message; otherwise tells why not.
pub(super) fn read(
    stream: &Stream,
    channel: &str,
    text: &str,
    seen: &mut Seen,
) -> Result<Message, String> {
    let record =
        Record::parse(text).map_err(|error| format!("is no JSON object ({error}); skipped"))?;
    let id = record.owned("id").ok_or("has no id; skipped")?;
    let sent = at(&record, "timestamp").ok_or("has no time that can be read; skipped")?;
    let message_id = Message::id(stream.id, &id, sent.at);
    if seen.ids.insert(key(&id), message_id) == Some(message_id) {
        return Err(format!("id came before at the same time: `{id}`; skipped"));
    }
    let kind = record.owned("type").unwrap_or_default();
    let notice = !SAID.contains(&kind.as_str());
    let mut meta = Meta::default();
    if notice {
        meta.text("type", &kind);
    }
    let author = record.record("author");
    if author.as_ref().is_some_and(|author| author.is_true("isBot")) {
        meta.raw("bot", "true");
    }
    if let Some(edited) = at(&record, "timestampEdited") {
        meta.text("edited_at", &time::rfc3339_of(edited));
    }
    if record.is_true("isPinned") {
        meta.raw("pinned", "true");
    }
    if let Some(ended) = record.raw("callEndedTimestamp") {
        meta.raw("call_ended", ended.get());
    }
    if let Some(name) = record.record("interaction").and_then(|record| record.owned("name")) {
        meta.text("interaction", &name);
    }
    let forwarded = record.record("forwardedMessage");
    let parts: Vec<_> = [Some(&record), forwarded.as_ref()].into_iter().flatten().collect();
    let all = |name: &str| parts.iter().flat_map(|part| part.records(name)).collect::<Vec<_>>();
    let mut attachments: Vec<_> = all("attachments").iter().map(attachment).collect();
    attachments.extend(all("stickers").iter().map(sticker));
    references::list(&mut meta, "attachments", &attachments);
    let shown = all("embeds");
    let embeds: Vec<_> = shown.iter().filter_map(embed).collect();
    references::list(&mut meta, "embeds", &embeds);
    let reactions: Vec<_> = record.records("reactions").iter().filter_map(reaction).collect();
    references::list(&mut meta, "reactions", &reactions);
    let mut reply_to = None;
    if let Some(reference) = record.record("reference")
        && let Some(to) = reference.owned("messageId")
    {
        let here = reference.owned("channelId").is_none_or(|id| id == channel)
            && reference.owned("type").is_none_or(|kind| kind == "Default");
        reply_to = if here { answered(stream, &to, &id, sent.at, seen) } else { None };
        if reply_to.is_none() {
            let name = if forwarded.is_some() { "forwarded_from" } else { "reply_to" };
            meta.text(name, &to);
        }
    }
    let content =
        parts.iter().find_map(|part| part.text("content")).map(std::borrow::Cow::into_owned);
    // What an app says often stands in its embeds alone.
    let text = content.or_else(|| shown_text(&shown)).unwrap_or_default();
    Ok(Message {
        id: message_id,
        stream: stream.id,
        external_id: id,
        author: author.as_ref().and_then(name).unwrap_or_default(),
        role: if notice { Role::System } else { Role::User },
        sent,
        text,
        tokens: 0,
        reply_to,
        replaces: None,
        tool_calls: Vec::new(),
        meta: meta.finish(),
    })
}

fn at(record: &Record<'_>, name: &str) -> Option<Zoned> {
    time::parse(&record.text(name)?)
}

/// The id of the message that is answered. One of another part of the export is known by its number, which tells its
/// time, as long as numbers and times agree here.
fn answered(
    stream: &Stream,
    to: &str,
    id: &str,
    sent: Timestamp,
    seen: &Seen,
) -> Option<MessageId> {
    let told = |id: &str| Some(Timestamp((id.parse::<i64>().ok()? >> 22) + EPOCH_MILLIS));
    seen.ids.get(&key(&to)).copied().or_else(|| {
        (told(id) == Some(sent)).then_some(())?;
        Some(Message::id(stream.id, to, told(to)?))
    })
}

fn name(person: &Record<'_>) -> Option<String> {
    ["nickname", "name", "id"].into_iter().find_map(|name| person.owned(name))
}

fn attachment(record: &Record<'_>) -> Attachment {
    let name = record.owned("fileName");
    Attachment { name, kind: None, bytes: record.number("fileSizeBytes"), url: record.owned("url") }
}

fn sticker(record: &Record<'_>) -> Attachment {
    let (name, kind) = (record.owned("name"), Some("sticker".to_owned()));
    Attachment { name, kind, bytes: None, url: record.owned("sourceUrl") }
}

fn embed(record: &Record<'_>) -> Option<Embed> {
    let embed = Embed { title: record.owned("title"), url: record.owned("url") };
    (embed != Embed::default()).then_some(embed)
}

fn shown_text(shown: &[Record<'_>]) -> Option<String> {
    let of_one = |shown: &Record<'_>| {
        let mut parts: Vec<_> =
            ["title", "description"].into_iter().filter_map(|name| shown.owned(name)).collect();
        for field in shown.records("fields") {
            parts.extend(["name", "value"].into_iter().filter_map(|name| field.owned(name)));
        }
        (!parts.is_empty()).then(|| parts.join("\n"))
    };
    let texts: Vec<_> = shown.iter().filter_map(of_one).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn reaction(record: &Record<'_>) -> Option<Reaction> {
    let emoji = record.record("emoji")?;
    let emoji = emoji.owned("name").or_else(|| emoji.owned("code"))?;
    let by = record.records("users").iter().filter_map(name).collect();
    Some(Reaction { emoji, count: record.number("count").unwrap_or_default(), by })
}
