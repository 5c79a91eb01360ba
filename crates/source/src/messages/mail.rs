//! What mailboxes share: one mail as a message, and the threads between them.

mod quoted;

use std::collections::HashMap;

use lichen_model::{Message, MessageId, Role, Stream, StreamId, StreamKind, Timestamp, Zoned};
use mail_parser::{Address, HeaderValue, MessageParser, MimeHeaders};

use super::Source;
use super::parts::{self, Draft, Meta};

/// A mailbox on its way into batches.
pub(super) struct Mailbox {
    source: &'static str,
    name: String,
    stream: StreamId,
    /// Mails by the hash of their Message-ID.
    ids: HashMap<u64, MessageId>,
}

/// What the headers of a mail tell of its place.
struct Head {
    external: String,
    sent: Option<Zoned>,
    /// Message-IDs of what it answers, the closest first.
    parents: Vec<String>,
}

impl Mailbox {
    pub(super) fn new(source: &'static str, name: String) -> Self {
        Self { source, stream: Stream::id(source, &name), name, ids: HashMap::new() }
    }

    /// Takes note of a mail that was read before, for those that answer it.
    pub(super) fn know(&mut self, raw: &[u8]) {
        if let Some(mail) = MessageParser::default().parse_headers(raw) {
            let head = head(&mail, raw);
            self.identify(&head);
        }
    }

    fn identify(&mut self, head: &Head) -> MessageId {
        let id = Message::id(self.stream, &head.external, head.sent.unwrap_or_default().at);
        self.ids.insert(parts::key(&head.external), id);
        id
    }

    /// Whether the mail answers one that is not known yet.
    pub(super) fn refers_to_unknown(&self, raw: &[u8]) -> bool {
        MessageParser::default().parse_headers(raw).is_some_and(|mail| {
            let parents = head(&mail, raw).parents;
            parents.first().is_some_and(|parent| !self.ids.contains_key(&parts::key(parent)))
        })
    }

    /// Reads a mail; what is wrong with it is told.
    pub(super) fn read(
        &mut self,
        source: &Source,
        raw: &[u8],
        draft: &mut Draft,
    ) -> Vec<&'static str> {
        let Some(mail) = MessageParser::default().parse(raw) else {
            return vec!["is no mail; skipped"];
        };
        let head = head(&mail, raw);
        let mut problems = Vec::new();
        if head.sent.is_none() {
            problems.push("has no date that can be read; taken as 1970");
        }
        let id = self.identify(&head);
        // Quoted spans are those of the text that is kept.
        let text = source.redact(text(&mail).into()).into_owned();
        let quoted = quoted::spans(&text);
        let mut meta = Meta::default();
        if let Some(subject) = mail.subject() {
            meta.text("subject", subject);
        }
        for (key, address) in [("from", mail.from()), ("to", mail.to()), ("cc", mail.cc())] {
            if let Some(list) = address.map(addresses).filter(|list| !list.is_empty()) {
                meta.raw(key, &serde_json::json!(list).to_string());
            }
        }
        let reply_to = head.parents.iter().find_map(|to| self.ids.get(&parts::key(to)).copied());
        if let (Some(parent), None) = (head.parents.first(), reply_to) {
            meta.text("in_reply_to", parent);
        }
        if !quoted.is_empty() {
            let spans: Vec<_> = quoted.iter().map(|span| [span.start, span.end]).collect();
            meta.raw("quoted", &serde_json::json!(spans).to_string());
        }
        let attachments: Vec<_> = mail.attachments().map(attachment).collect();
        if !attachments.is_empty() {
            meta.raw("attachments", &serde_json::json!(attachments).to_string());
        }
        let (stream, source, name) = (self.stream, self.source, &self.name);
        draft.stream(stream, || Stream {
            id: stream,
            source: source.to_owned(),
            name: name.clone(),
            kind: StreamKind::Chat,
            title: String::new(),
        });
        let author = mail.from().and_then(Address::first).map_or_else(String::new, |from| {
            from.name().or(from.address()).unwrap_or_default().to_owned()
        });
        let message = Message {
            id,
            stream,
            external_id: head.external,
            author,
            role: Role::User,
            sent: head.sent.unwrap_or_default(),
            text,
            tokens: 0,
            reply_to: reply_to.filter(|to| *to != id),
            replaces: None,
            tool_calls: Vec::new(),
            meta: meta.finish(),
        };
        draft.push_but(message, quoted);
        problems
    }
}

fn head(mail: &mail_parser::Message<'_>, raw: &[u8]) -> Head {
    let external = mail
        .message_id()
        .filter(|id| !id.is_empty())
        .map_or_else(|| blake3::hash(raw).to_hex()[..32].to_owned(), ToOwned::to_owned);
    let mut parents = ids(mail.in_reply_to());
    let mut references = ids(mail.references());
    references.reverse();
    parents.append(&mut references);
    let sent = mail.date().filter(|date| date.is_valid()).map(|date| {
        let minutes = i16::from(date.tz_hour) * 60 + i16::from(date.tz_minute);
        Zoned {
            at: Timestamp(date.to_timestamp() * 1000),
            offset_minutes: if date.tz_before_gmt { -minutes } else { minutes },
        }
    });
    Head { external, sent, parents }
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![id.to_string()],
        HeaderValue::TextList(list) => list.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

fn addresses(address: &Address<'_>) -> Vec<String> {
    address.iter().filter_map(|one| one.address().or(one.name())).map(ToOwned::to_owned).collect()
}

/// The plain text; that of the HTML where there is no other.
fn text(mail: &mail_parser::Message<'_>) -> String {
    let bodies = (0..mail.text_body_count()).filter_map(|place| mail.body_text(place));
    let text = bodies.map(|body| body.replace("\r\n", "\n")).collect::<Vec<_>>().join("\n");
    text.trim_end().to_owned()
}

fn attachment(part: &mail_parser::MessagePart<'_>) -> serde_json::Value {
    let mut known = serde_json::Map::new();
    if let Some(name) = part.attachment_name() {
        known.insert("name".to_owned(), name.into());
    }
    if let Some(kind) = part.content_type() {
        let subtype = kind.subtype().map_or_else(String::new, |subtype| format!("/{subtype}"));
        known.insert("type".to_owned(), format!("{}{subtype}", kind.ctype()).into());
    }
    known.insert("bytes".to_owned(), part.len().into());
    known.into()
}
