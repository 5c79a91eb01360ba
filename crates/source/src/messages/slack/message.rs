//! One message of a day: who said it, what it answers, edits and deletions, what hangs on it.

use lichen_model::{Message, MessageId, Role, StreamId, Zoned};

use super::{Day, Slack};
use crate::messages::parts::{Draft, Meta};
use crate::messages::record::Record;
use crate::messages::references::{self, Attachment, Embed, Reaction};
use crate::messages::time;

/// Kinds of messages that are notices: nobody said them.
const NOTICES: [&str; 12] = [
    "bot_add",
    "bot_remove",
    "bot_enable",
    "bot_disable",
    "pinned_item",
    "unpinned_item",
    "reminder_add",
    "joiner_notification",
    "sh_room_created",
    "huddle_thread",
    "ekm_access_denied",
    "app_conversation_join",
];

/// Puts a message into the batch; otherwise tells why not.
pub(super) fn read(slack: &Slack, day: &mut Day, text: &str, draft: &mut Draft) -> Option<String> {
    let record = match Record::parse(text) {
        Ok(record) => record,
        Err(error) => return Some(format!("is no JSON object ({error}); skipped")),
    };
    let message = match record.text("subtype").as_deref() {
        // The original tells how many replies it has; nothing new was said.
        Some("message_replied") => return None,
        Some("message_changed") => changed(slack, day, &record),
        Some("message_deleted") => {
            let original = stamp(&record, "deleted_ts")
                .or_else(|| stamp(&record.record("previous_message")?, "ts"));
            deleted(day, &record, original)
        }
        _ => said(slack, day.stream_of.id, &record),
    };
    let message = match message {
        Ok(message) => message,
        Err(what) => return Some(what.to_owned()),
    };
    if !day.seen.insert(message.id) {
        // A reply that was also sent to the channel may stand twice.
        return None;
    }
    draft.stream(day.stream_of.id, || day.stream_of.clone());
    draft.push(message);
    None
}

/// A time stamp, which is the message's id in its conversation, and the time it stands for.
fn stamp(record: &Record<'_>, name: &str) -> Option<(String, Zoned)> {
    let stamp = record.owned(name)?;
    let sent = time::number(&stamp)?;
    Some((stamp, sent))
}

fn id(stream: StreamId, (stamp, sent): &(String, Zoned)) -> MessageId {
    Message::id(stream, stamp, sent.at)
}

fn changed(slack: &Slack, day: &Day, record: &Record<'_>) -> Result<Message, &'static str> {
    let inner = record.record("message").ok_or("tells of a change without the message; skipped")?;
    if inner.text("subtype").as_deref() == Some("tombstone") {
        return deleted(day, record, stamp(&inner, "ts"));
    }
    let mut message = said(slack, day.stream_of.id, &inner)?;
    let original = message.id;
    message.id = Message::id_of_edit(original, Some(&message.text));
    message.replaces = Some(original);
    if inner.raw("edited").is_none()
        && let Some((_, at)) = stamp(record, "ts")
    {
        let mut meta = Meta::default();
        meta.text("edited_at", &time::rfc3339_of(at));
        let kept = Record::parse(&message.meta).ok();
        for name in ["attachments", "embeds", "reactions", "subtype", "bot"] {
            if let Some(raw) = kept.as_ref().and_then(|kept| kept.raw(name)) {
                meta.raw(name, raw.get());
            }
        }
        message.meta = meta.finish();
    }
    message.external_id = record.owned("ts").unwrap_or_default();
    Ok(message)
}

fn deleted(
    day: &Day,
    record: &Record<'_>,
    original: Option<(String, Zoned)>,
) -> Result<Message, &'static str> {
    let original = original.ok_or("tells of a deletion without the message; skipped")?;
    let replaced = id(day.stream_of.id, &original);
    let mut meta = Meta::default();
    meta.raw("deleted", "true");
    Ok(Message {
        id: Message::id_of_edit(replaced, None),
        stream: day.stream_of.id,
        external_id: record.owned("ts").unwrap_or_default(),
        author: String::new(),
        role: Role::User,
        sent: original.1,
        text: String::new(),
        tokens: 0,
        reply_to: None,
        replaces: Some(replaced),
        tool_calls: Vec::new(),
        meta: meta.finish(),
    })
}

fn said(slack: &Slack, stream: StreamId, record: &Record<'_>) -> Result<Message, &'static str> {
    let stamped = stamp(record, "ts").ok_or("has no time that can be read; skipped")?;
    let subtype = record.text("subtype");
    let gone = subtype.as_deref() == Some("tombstone");
    let notice = subtype.as_deref().is_some_and(|subtype| {
        NOTICES.contains(&subtype)
            || subtype.starts_with("channel_")
            || subtype.starts_with("group_")
    });
    let root = stamp(record, "thread_ts").filter(|(root, _)| *root != stamped.0);
    let mut meta = Meta::default();
    if let Some(subtype) = &subtype {
        meta.text("subtype", subtype);
    }
    if record.raw("bot_id").is_some() || subtype.as_deref() == Some("bot_message") {
        meta.raw("bot", "true");
    }
    if let Some((_, at)) = record.record("edited").and_then(|edited| stamp(&edited, "ts")) {
        meta.text("edited_at", &time::rfc3339_of(at));
    }
    if gone {
        meta.raw("deleted", "true");
    }
    let mut files = record.records("files");
    files.extend(record.record("file"));
    let files: Vec<_> = files.iter().map(attachment).collect();
    references::list(&mut meta, "attachments", &files);
    let shown = record.records("attachments");
    let embeds: Vec<_> = shown.iter().filter_map(embed).collect();
    references::list(&mut meta, "embeds", &embeds);
    let reactions: Vec<_> =
        record.records("reactions").iter().filter_map(|record| reaction(slack, record)).collect();
    references::list(&mut meta, "reactions", &reactions);
    let text = record.text("text").map(|text| unescaped(&text));
    // What an app says often stands in its attachments alone.
    let text = if gone { None } else { text.or_else(|| shown_text(&shown)) };
    Ok(Message {
        id: id(stream, &stamped),
        stream,
        author: if gone { String::new() } else { author(slack, record) },
        role: if notice { Role::System } else { Role::User },
        sent: stamped.1,
        external_id: stamped.0,
        text: text.unwrap_or_default(),
        tokens: 0,
        reply_to: root.map(|root| id(stream, &root)),
        replaces: None,
        tool_calls: Vec::new(),
        meta: meta.finish(),
    })
}

fn author(slack: &Slack, record: &Record<'_>) -> String {
    let user = record.owned("user");
    if let Some(known) = user.as_ref().and_then(|user| slack.people.get(user)) {
        return known.clone();
    }
    let profile = record.record("user_profile");
    let in_profile = |name: &str| profile.as_ref().and_then(|profile| profile.owned(name));
    let bot = record.owned("bot_id");
    in_profile("display_name")
        .or_else(|| in_profile("real_name"))
        .or_else(|| record.owned("username"))
        .or_else(|| record.record("bot_profile").and_then(|bot| bot.owned("name")))
        .or_else(|| bot.as_ref().and_then(|bot| slack.people.get(bot)).cloned())
        .or(user)
        .or(bot)
        .unwrap_or_default()
}

fn attachment(file: &Record<'_>) -> Attachment {
    Attachment {
        name: file.owned("name").or_else(|| file.owned("title")),
        kind: file.owned("mimetype").or_else(|| file.owned("filetype")),
        bytes: file.number("size"),
        url: file.owned("url_private").or_else(|| file.owned("permalink")),
    }
}

fn embed(shown: &Record<'_>) -> Option<Embed> {
    let title = shown.text("title").map(|title| unescaped(&title));
    let mut urls = ["title_link", "from_url", "original_url"].into_iter();
    let url = urls.find_map(|name| shown.owned(name));
    (title.is_some() || url.is_some()).then_some(Embed { title, url })
}

fn shown_text(shown: &[Record<'_>]) -> Option<String> {
    let of_one = |shown: &Record<'_>| {
        let parts: Vec<_> = ["pretext", "title", "text"]
            .into_iter()
            .filter_map(|name| shown.text(name))
            .map(|text| unescaped(&text))
            .collect();
        if parts.is_empty() {
            shown.text("fallback").map(|text| unescaped(&text))
        } else {
            Some(parts.join("\n"))
        }
    };
    let texts: Vec<_> = shown.iter().filter_map(of_one).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn reaction(slack: &Slack, record: &Record<'_>) -> Option<Reaction> {
    let users = record.items("users").into_iter().filter_map(super::super::parts::string);
    let by: Vec<_> = users.map(|id| slack.name_of(&id)).collect();
    let count = record.number("count").unwrap_or(by.len() as u64);
    Some(Reaction { emoji: record.owned("name")?, count, by })
}

/// Slack escapes three characters, and no others.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
