//! One message: who said it, what it said before it was edited, what hangs on it.

use lichen_model::{Message, Role, Stream, Zoned};

use super::tables::Tables;
use crate::messages::Source;
use crate::messages::parts::Meta;
use crate::messages::record::Record;
use crate::messages::references;
use crate::messages::time;

/// What a message said, and since when.
struct Text {
    text: String,
    since: Option<Zoned>,
}

/// Reads a message: as it was first said, and every edit after it. Otherwise tells why not.
pub(super) fn read(
    source: &Source,
    tables: &Tables,
    text: &str,
) -> Result<(Stream, Vec<Message>), String> {
    let record =
        Record::parse(text).map_err(|error| format!("is no JSON object ({error}); skipped"))?;
    let external = record.owned("id").ok_or("has no id; skipped")?;
    let number = record.number("id").ok_or("has an id that is no number; skipped")?;
    let sent = at(&record, "date_sent")
        .or_else(|| at(&record, "pub_date"))
        .ok_or("has no time that can be read; skipped")?;
    let recipient = record.number("recipient").ok_or("has no recipient; skipped")?;
    let sender = record.number("sender").unwrap_or_default();
    let topic = record.owned("subject").unwrap_or_default();
    let told = record.owned("recipient_name");
    let place = tables.place(recipient, sender, &topic, told.as_deref());
    let person = tables.person_of(sender);
    let id = place.id(&external, sent.at);
    let texts = texts(source, &record);
    let last = texts.len() - 1;
    let said = |(nth, text): (usize, Text)| {
        let mut meta = Meta::default();
        if person.bot {
            meta.raw("bot", "true");
        }
        if let Some(since) = text.since {
            meta.text("edited_at", &time::rfc3339_of(since));
        }
        // What hangs on a message hangs on what holds of it.
        if nth == last {
            references::list(&mut meta, "attachments", tables.attachments(number));
            references::list(&mut meta, "reactions", &tables.reactions(number));
        }
        let edit = nth > 0;
        Message {
            id: if edit { Message::id_of_edit(id, Some(&text.text)) } else { id },
            stream: place.stream.id,
            external_id: external.clone(),
            author: person.name.clone(),
            role: Role::User,
            sent,
            text: text.text,
            tokens: 0,
            reply_to: None,
            replaces: edit.then_some(id),
            tool_calls: Vec::new(),
            meta: meta.finish(),
        }
    };
    let messages = texts.into_iter().enumerate().map(said).collect();
    Ok((place.stream, messages))
}

/// The texts in the order in which they held. The history tells, the newest first, what each edit of the text took
/// the place of; edits of a topic alone tell none.
fn texts(source: &Source, record: &Record<'_>) -> Vec<Text> {
    let redacted = |text: String| source.redact(text.into()).into_owned();
    let now = redacted(record.owned("content").unwrap_or_default());
    let history = record.owned("edit_history").unwrap_or_default();
    let entries: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(&history).unwrap_or_default();
    let mut texts = Vec::new();
    let mut since = None;
    for raw in entries.into_iter().rev() {
        let Ok(entry) = Record::parse(raw.get()) else { continue };
        if entry.raw("prev_content").is_none() {
            continue;
        }
        let text = redacted(entry.owned("prev_content").unwrap_or_default());
        texts.push(Text { text, since });
        since = at(&entry, "timestamp").or(since);
    }
    if since.is_none() {
        since = at(record, "last_edit_time").filter(|_| history.contains("prev_content"));
    }
    texts.push(Text { text: now, since });
    // Of an edit that says again what one before it said, only the later one counts.
    let mut kept: Vec<Text> = Vec::new();
    for text in texts {
        let first = kept.first().is_some_and(|first| first.text == text.text) && kept.len() == 1;
        if first {
            continue;
        }
        if let Some(again) = kept.iter().skip(1).position(|before| before.text == text.text) {
            kept.remove(again + 1);
        }
        kept.push(text);
    }
    kept
}

fn at(record: &Record<'_>, name: &str) -> Option<Zoned> {
    time::number(&record.scalar(name)?)
}
