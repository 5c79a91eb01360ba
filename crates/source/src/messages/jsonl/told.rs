//! One line after the other becomes a message: what earlier lines told, and how the next one is read.

use std::borrow::Cow;

use lichen_model::{Message, MessageId, Role, Stream, StreamId, StreamKind, Tag, Zoned};

use super::fields::{Fields, parse_role, strings, tool_calls};
use super::recent::Recent;
use super::{NAME, Repeats};
use crate::messages::Source;
use crate::messages::mapping::{Field, Tree};
use crate::messages::parts::{self, Draft, scalar};

/// Who speaks: people, or agents and those who talk to them.
pub(super) enum Kinds {
    /// In all streams of a file alike: its first message decides, and its position keeps it.
    OfFile(Option<StreamKind>),
    /// In each stream: its first message here decides.
    OfStreams(Recent<StreamKind>),
}

impl Kinds {
    fn of(&mut self, stream: StreamId, first: StreamKind) -> StreamKind {
        match self {
            Self::OfFile(kind) => *kind.get_or_insert(first),
            Self::OfStreams(kinds) => {
                let kind = kinds.get(parts::key(&stream.as_u128())).unwrap_or(first);
                kinds.insert(parts::key(&stream.as_u128()), kind);
                kind
            }
        }
    }
}

/// How the lines of one place are read, and what they have told so far.
pub(super) struct Told {
    pub(super) source: Source,
    tree: Tree,
    /// The name of the stream of lines that name none.
    stem: String,
    pub(super) kinds: Kinds,
    /// Messages by the source's id in its stream.
    ids: Recent<MessageId>,
    /// How many messages without an id had this author, text and time in this stream.
    equals: Recent<u32>,
    repeats: Repeats,
}

struct Identity {
    stream: StreamId,
    id: MessageId,
    external: String,
    sent: Option<Zoned>,
    /// A message of this id and time came before.
    again: bool,
}

impl Told {
    /// Nothing yet. Of a place without an end only the newest `remembered` messages are known to later ones.
    pub(super) fn new(
        source: Source,
        stem: String,
        kinds: Kinds,
        repeats: Repeats,
        remembered: usize,
    ) -> Self {
        Self {
            tree: source.mapping.tree(),
            source,
            stem,
            kinds,
            ids: Recent::new(remembered),
            equals: Recent::new(remembered),
            repeats,
        }
    }

    pub(super) fn parse<'a>(&self, line: &'a str) -> Result<Fields<'a>, String> {
        Fields::parse(line, &self.tree)
    }

    /// Remembers a message that was taken in before.
    pub(super) fn know(&mut self, fields: &Fields<'_>) {
        self.identify(fields);
    }

    /// The stream and the message's id; what later lines need to know of it is kept.
    fn identify(&mut self, fields: &Fields<'_>) -> Identity {
        let name = fields.text(Field::Stream).filter(|name| !name.is_empty());
        let stream = Stream::id(NAME, name.as_deref().unwrap_or(&self.stem));
        let sent = fields.time();
        let at = sent.unwrap_or_default().at;
        let external = fields.text(Field::Id).unwrap_or_default().into_owned();
        if external.is_empty() {
            let (author, text) =
                (fields.author(), self.source.redact(fields.text(Field::Text).unwrap_or_default()));
            let key = parts::key(&(stream.as_u128(), &author, &text, at));
            let before = self.equals.get(key).unwrap_or_default();
            self.equals.insert(key, before.saturating_add(1));
            let nth = match self.repeats {
                Repeats::Counted => before,
                Repeats::One => 0,
            };
            let id = Message::id_by_content(stream, &author, &text, nth, at);
            let again = self.repeats == Repeats::One && before > 0;
            return Identity { stream, id, external, sent, again };
        }
        let id = Message::id(stream, &external, at);
        let before = self.ids.insert(parts::key(&(stream.as_u128(), &external)), id);
        Identity { stream, id, external, sent, again: before == Some(id) }
    }

    /// Adds the message of the line at `place` to `draft`. A line without a text is damaged: nothing is added.
    pub(super) fn add(
        &mut self,
        mut fields: Fields<'_>,
        place: &str,
        draft: &mut Draft,
    ) -> Result<(), String> {
        let body = fields.text(Field::Text);
        let tools = fields.raw(Field::Tools);
        if body.is_none() && tools.is_none() {
            return Err(format!(
                "has no text under `{}`; skipped",
                self.source.mapping.path(Field::Text)
            ));
        }
        let Identity { stream, id, external, sent, again } = self.identify(&fields);
        // With another text it is an edit.
        if again && draft.has_said(id, &self.source.redact(body.clone().unwrap_or_default())) {
            if !external.is_empty() && self.repeats == Repeats::Counted {
                let what = format!("id came before at the same time: `{external}`; skipped");
                draft.problems.at(&self.source.label, place, what);
            }
            return Ok(());
        }
        if sent.is_none() {
            draft.problems.at(&self.source.label, place, self.without_time(&fields));
        }
        let role = fields.text(Field::Role);
        let (stem, title) = (&self.stem, fields.text(Field::Title).unwrap_or_default());
        let agent = role.is_some() || tools.is_some();
        let kind = self.kinds.of(stream, if agent { StreamKind::Agent } else { StreamKind::Chat });
        let entry = draft.stream(stream, || Stream {
            id: stream,
            source: NAME.to_owned(),
            name: fields
                .text(Field::Stream)
                .filter(|name| !name.is_empty())
                .map_or_else(|| stem.clone(), Cow::into_owned),
            kind,
            title: String::new(),
        });
        if !title.is_empty() && entry.title != title {
            entry.title = title.into_owned();
        }
        if let Some(tags) = fields.raw(Field::Tags) {
            let names = strings(tags)
                .into_iter()
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty());
            draft.tags.extend(names.map(|name| Tag { thing: id.any(), name }));
        }
        let reply_to = fields.raw(Field::ReplyTo).and_then(scalar).filter(|to| !to.is_empty());
        let reply_id =
            reply_to.as_ref().and_then(|to| self.ids.get(parts::key(&(stream.as_u128(), to))));
        if let (Some(to), None) = (&reply_to, reply_id) {
            // The message did not come before this one: what the source said of it is kept.
            fields.meta.text(self.source.mapping.path(Field::ReplyTo), to);
        }
        let known_role = role.as_deref().map(parse_role);
        if let (Some(role), Some(None)) = (&role, known_role) {
            fields.meta.text(self.source.mapping.path(Field::Role), role);
        }
        draft.push(Message {
            id,
            stream,
            external_id: external,
            author: fields.author().into_owned(),
            role: known_role.flatten().unwrap_or(Role::User),
            sent: sent.unwrap_or_default(),
            text: body.map_or_else(String::new, Cow::into_owned),
            tokens: 0,
            reply_to: reply_id,
            replaces: None,
            tool_calls: tools.map_or_else(Vec::new, |tools| tool_calls(id, tools)),
            meta: fields.meta.finish(),
        });
        Ok(())
    }

    fn without_time(&self, fields: &Fields<'_>) -> String {
        match fields.raw(Field::Time) {
            None => format!(
                "has no time under `{}`; taken as 1970",
                self.source.mapping.path(Field::Time)
            ),
            Some(raw) => {
                let json = raw.get();
                let short = &json[..json.floor_char_boundary(60)];
                format!("has a time that cannot be read: {short}; taken as 1970")
            }
        }
    }
}
