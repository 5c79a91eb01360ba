//! What an export tells besides messages: the organization, people, channels, conversations, reactions, attachments.

use std::collections::HashMap;
use std::io::BufRead;

use lichen_model::{Stream, StreamKind};

use super::{NAME, Place};
use crate::messages::json_stream::{Begin, Fault, JsonStream, Next};
use crate::messages::record::{Record, utf8};
use crate::messages::references::{Attachment, Reaction};

/// Kinds of recipients.
const PERSONAL: u64 = 1;
const CHANNEL: u64 = 2;
const GROUP: u64 = 3;
/// What a topic's name begins with once it is resolved.
const RESOLVED: &str = "✔ ";

/// The rows that are needed, by their ids.
#[derive(Default)]
pub(super) struct Tables {
    realm: String,
    realm_title: String,
    people: HashMap<u64, Person>,
    channels: HashMap<u64, String>,
    /// Kind, and the id of the person, channel or group.
    recipients: HashMap<u64, (u64, u64)>,
    /// Who takes part, by recipient.
    members: HashMap<u64, Vec<u64>>,
    signs: Vec<String>,
    places: HashMap<String, usize>,
    /// Of each message, the signs and who gave them.
    reactions: HashMap<u64, Vec<(usize, u64)>>,
    attachments: HashMap<u64, Vec<Attachment>>,
}

#[derive(Clone, Default)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) bot: bool,
}

impl Tables {
    /// Reads a file of tables.
    pub(super) fn read<R: BufRead>(&mut self, stream: &mut JsonStream<R>) -> Result<(), Fault> {
        let mut buffer = Vec::new();
        if stream.begin()? != Begin::Object {
            return Err(Fault::Damaged("is no object of tables".to_owned()));
        }
        stream.enter()?;
        while let Next::Key(table) = stream.next()? {
            let Some(take) = Self::row(&table) else {
                stream.skip()?;
                continue;
            };
            if stream.begin()? != Begin::Array {
                stream.skip()?;
                continue;
            }
            stream.enter()?;
            while stream.next()? != Next::End {
                if stream.value(&mut buffer)?
                    && let Ok(record) = Record::parse(&utf8(&buffer).0)
                {
                    take(self, &record);
                }
            }
        }
        Ok(())
    }

    /// What takes the rows of a table.
    fn row(table: &str) -> Option<fn(&mut Self, &Record<'_>)> {
        Some(match table {
            "zerver_realm" => Self::realm,
            "zerver_userprofile"
            | "zerver_userprofile_crossrealm"
            | "zerver_userprofile_mirrordummy" => Self::person,
            "zerver_stream" => |tables, record| {
                if let (Some(id), Some(name)) = (record.number("id"), record.owned("name")) {
                    tables.channels.insert(id, name);
                }
            },
            "zerver_recipient" => |tables, record| {
                let told = |name| record.number(name);
                if let (Some(id), Some(kind), Some(of)) =
                    (told("id"), told("type"), told("type_id"))
                {
                    tables.recipients.insert(id, (kind, of));
                }
            },
            "zerver_subscription" => |tables, record| {
                let (to, who) = (record.number("recipient"), record.number("user_profile"));
                if let (Some(to), Some(who)) = (to, who)
                    && tables.recipients.get(&to).is_none_or(|(kind, _)| *kind == GROUP)
                {
                    tables.members.entry(to).or_default().push(who);
                }
            },
            "zerver_reaction" => Self::reaction,
            "zerver_attachment" => |tables, record| {
                let kind = record.owned("content_type");
                let url = record.owned("path_id").map(|path| format!("/user_uploads/{path}"));
                let (name, bytes) = (record.owned("file_name"), record.number("size"));
                let attachment = Attachment { name, kind, bytes, url };
                for raw in record.items("messages") {
                    if let Ok(message) = raw.get().parse() {
                        tables.attachments.entry(message).or_default().push(attachment.clone());
                    }
                }
            },
            _ => return None,
        })
    }

    fn realm(&mut self, record: &Record<'_>) {
        self.realm = record.owned("string_id").unwrap_or_default();
        self.realm_title = record.owned("name").unwrap_or_default();
    }

    fn person(&mut self, record: &Record<'_>) {
        let Some(id) = record.number("id") else { return };
        let mut names = ["full_name", "delivery_email", "email"].into_iter();
        let name = names.find_map(|name| record.owned(name)).unwrap_or_default();
        self.people.insert(id, Person { name, bot: record.is_true("is_bot") });
    }

    fn reaction(&mut self, record: &Record<'_>) {
        let told = |name| record.number(name);
        let (Some(message), Some(who)) = (told("message"), told("user_profile")) else { return };
        let Some(sign) = record.owned("emoji_name") else { return };
        let next = self.signs.len();
        let place = *self.places.entry(sign.clone()).or_insert(next);
        if place == next {
            self.signs.push(sign);
        }
        self.reactions.entry(message).or_default().push((place, who));
    }

    /// All tables have been read.
    pub(super) fn finish(&mut self) {
        let recipients = &self.recipients;
        self.members.retain(|to, _| recipients.get(to).is_some_and(|(kind, _)| *kind == GROUP));
        for members in self.members.values_mut() {
            members.sort_unstable();
            members.dedup();
        }
    }

    pub(super) fn person_of(&self, id: u64) -> Person {
        let unknown = || Person { name: format!("user {id}"), bot: false };
        self.people
            .get(&id)
            .filter(|person| !person.name.is_empty())
            .cloned()
            .unwrap_or_else(unknown)
    }

    /// Where a message to that recipient stands; of a user's own export, `told` is what it calls the recipient.
    pub(super) fn place(
        &self,
        recipient: u64,
        sender: u64,
        topic: &str,
        told: Option<&str>,
    ) -> Place {
        let realm = if self.realm.is_empty() { "zulip" } else { &self.realm };
        let (kind, of) = self.recipients.get(&recipient).copied().unwrap_or_default();
        let (home, name, title) = if kind == CHANNEL {
            let home = format!("{realm}/{of}");
            let channel = self.channels.get(&of).map(String::as_str).or(told);
            let channel = channel.map_or_else(|| of.to_string(), ToOwned::to_owned);
            let plain = topic.strip_prefix(RESOLVED).unwrap_or(topic);
            (home.clone(), format!("{home}/{plain}"), format!("#{channel} > {topic}"))
        } else {
            let mut people = match kind {
                PERSONAL => vec![sender, of],
                _ => self.members.get(&recipient).cloned().unwrap_or_default(),
            };
            people.sort_unstable();
            people.dedup();
            let known = people.iter().any(|id| self.people.contains_key(id));
            let names: Vec<_> = people.iter().map(|id| self.person_of(*id).name).collect();
            let title = match told {
                Some(told) if !known || names.is_empty() => told.to_owned(),
                _ => names.join(", "),
            };
            let ids: Vec<_> = people.iter().map(u64::to_string).collect();
            let ids = if ids.is_empty() { format!("r{recipient}") } else { ids.join(",") };
            let home = format!("{realm}/dm/{ids}");
            (home.clone(), home, title)
        };
        let title = if self.realm_title.is_empty() {
            title
        } else {
            format!("{} {title}", self.realm_title)
        };
        let stream = Stream {
            id: Stream::id(NAME, &name),
            source: NAME.to_owned(),
            name,
            kind: StreamKind::Chat,
            title,
        };
        Place { stream, home: Stream::id(NAME, &home) }
    }

    pub(super) fn reactions(&self, message: u64) -> Vec<Reaction> {
        let mut reactions: Vec<(usize, Reaction)> = Vec::new();
        for &(sign, who) in self.reactions.get(&message).into_iter().flatten() {
            let known = reactions.iter().position(|(place, _)| *place == sign);
            let at = known.unwrap_or_else(|| {
                let emoji = self.signs[sign].clone();
                reactions.push((sign, Reaction { emoji, ..Reaction::default() }));
                reactions.len() - 1
            });
            reactions[at].1.count += 1;
            reactions[at].1.by.push(self.person_of(who).name);
        }
        reactions.into_iter().map(|(_, reaction)| reaction).collect()
    }

    pub(super) fn attachments(&self, message: u64) -> &[Attachment] {
        self.attachments.get(&message).map(Vec::as_slice).unwrap_or_default()
    }
}
