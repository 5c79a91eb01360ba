//! Reading things by their ids: the verbatim text with where it comes from.

use std::fmt::Write as _;

use lichen_model::{
    AnyId, ChangeStatus, CommitId, DocumentId, FileChange, Kind, MessageId, PassageId, Role,
    StreamId, VersionId,
};
use lichen_store::{CommitView, Hit, Home, MessageView, VersionView};

use crate::recall::{TOKEN_BYTES, printable};
use crate::when::{format_instant, format_zoned};
use crate::{Error, Reader};

/// What to read.
#[derive(Clone, Debug)]
pub struct Get {
    /// Ids, in full or short.
    pub ids: Vec<AnyId>,
    /// So many messages of the stream before and after each message too.
    pub around: usize,
    /// The byte of the text to begin at; moved forward to a character.
    pub offset: u64,
    /// At most so many tokens of text over all, counted at four bytes each.
    pub budget: usize,
}

/// A thing with its text, or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The thing.
    pub id: AnyId,
    /// Where it comes from: names and values, in the order to be shown.
    pub provenance: Vec<(String, String)>,
    /// The text from `offset` on, verbatim.
    pub text: String,
    /// The first byte of `text` in the whole.
    pub offset: u64,
    /// Bytes of the whole.
    pub bytes: u64,
    /// Where to go on; `None` at the end.
    pub next_offset: Option<u64>,
    /// Whether it was asked for; else it stands around something that was.
    pub asked_for: bool,
}

impl Found {
    /// The text of a thing that was asked for from `offset` on, at most `bytes_max` of it, cut between characters.
    pub(crate) fn part(
        id: AnyId,
        provenance: Vec<(String, String)>,
        whole: &str,
        offset: u64,
        bytes_max: usize,
    ) -> Self {
        let mut start = usize::try_from(offset).unwrap_or(usize::MAX).min(whole.len());
        while !whole.is_char_boundary(start) {
            start += 1;
        }
        let mut end = whole.len().min(start.saturating_add(bytes_max));
        while !whole.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            id,
            provenance,
            text: whole[start..end].to_owned(),
            offset: start as u64,
            bytes: whole.len() as u64,
            next_offset: (end < whole.len()).then_some(end as u64),
            asked_for: true,
        }
    }
}

impl Reader {
    /// Reads things by their ids, in the order asked for.
    ///
    /// # Errors
    /// An id that names nothing, or a short one that names several things.
    pub fn get(&self, get: &Get) -> Result<Vec<Found>, Error> {
        let mut left = get.budget.saturating_mul(TOKEN_BYTES);
        let mut all = Vec::new();
        for asked in &get.ids {
            let id = self.one(*asked)?;
            for thing in self.things(id, get.around)? {
                let offset = if thing.asked_for { get.offset } else { 0 };
                let mut found = Found::part(thing.id, thing.provenance, &thing.text, offset, left);
                found.asked_for = thing.asked_for;
                left -= found.text.len();
                all.push(found);
            }
        }
        Ok(all)
    }

    /// The one thing that `asked` names.
    fn one(&self, asked: AnyId) -> Result<AnyId, Error> {
        match self.resolve(asked)?.as_slice() {
            [] => Err(Error::UnknownId { id: asked.to_string() }),
            [id] => Ok(*id),
            several => Err(Error::AmbiguousId {
                id: asked.to_string(),
                candidates: several.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    /// The thing `id`, and for a message those around it, in order.
    fn things(&self, id: AnyId, around: usize) -> Result<Vec<Thing>, Error> {
        let store = &self.store;
        let unknown = || Error::UnknownId { id: id.to_string() };
        let things = match id.kind {
            Kind::Message => {
                let messages = store.around(MessageId(id.id), around)?;
                messages.into_iter().map(|view| message(view, id)).collect()
            }
            Kind::Commit => vec![commit(store.commit(CommitId(id.id))?.ok_or_else(unknown)?)],
            Kind::Version => vec![version(&store.version(VersionId(id.id))?.ok_or_else(unknown)?)],
            Kind::Document => {
                let last = store.versions_of(DocumentId(id.id))?.pop().ok_or_else(unknown)?;
                vec![version(&store.version(last)?.ok_or_else(unknown)?)]
            }
            Kind::Passage => {
                let seq = store.seq_of(PassageId(id.id))?.ok_or_else(unknown)?;
                vec![passage(store.hits(&[seq])?.pop().ok_or_else(unknown)?)]
            }
            Kind::Stream => {
                let messages = store.messages_of(StreamId(id.id), None, None, usize::MAX >> 1)?;
                messages.into_iter().map(|view| message(view, id)).collect()
            }
            Kind::Run | Kind::Window => {
                let messages = self.messages_of(&self.claimed_extent(id)?)?;
                messages.into_iter().map(|view| message(view, id)).collect()
            }
            Kind::Person | Kind::Ref | Kind::Repo | Kind::Symbol | Kind::ToolCall => {
                let what =
                    format!("a {} has no text of its own; ask with `lichen sql`", id.kind.name());
                return Err(Error::Question { what });
            }
        };
        if things.is_empty() { Err(unknown()) } else { Ok(things) }
    }
}

/// A thing whole.
struct Thing {
    id: AnyId,
    provenance: Vec<(String, String)>,
    text: String,
    asked_for: bool,
}

/// Names and values, without those that have none.
pub(crate) fn provenance<const N: usize>(pairs: [(&str, String); N]) -> Vec<(String, String)> {
    pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn message(view: MessageView, asked: AnyId) -> Thing {
    let MessageView { message, stream, .. } = view;
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
        Role::System => "system",
        Role::Thinking => "thinking",
    };
    let mut known = provenance([
        ("at", format_zoned(message.sent)),
        (
            "stream",
            format!("{} {} {}", stream.source, stream.name, stream.title).trim_end().to_owned(),
        ),
        ("author", message.author),
        ("role", role.to_owned()),
        ("answers", message.reply_to.map(|id| id.to_string()).unwrap_or_default()),
        ("fields", message.meta),
    ]);
    for call in message.tool_calls {
        known.push((
            format!("tool {}", call.tool),
            call.patch.or(call.command).unwrap_or(call.input),
        ));
    }
    let id = message.id.any();
    Thing {
        id,
        provenance: known,
        text: message.text,
        asked_for: id == asked || asked.kind == Kind::Stream,
    }
}

fn commit(view: CommitView) -> Thing {
    let CommitView { commit, author, committer } = view;
    let parents: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
    let changes = commit.changes.map_or_else(
        || "unknown: trees were missing".to_owned(),
        |changes| changes.iter().map(change).collect::<Vec<_>>().join("\n"),
    );
    let known = provenance([
        ("commit", commit.oid.to_string()),
        ("parents", parents.join(" ")),
        ("author", format!("{} <{}>", author.name, author.email)),
        ("authored", format_zoned(commit.authored)),
        ("committer", format!("{} <{}>", committer.name, committer.email)),
        ("committed", format_zoned(commit.committed)),
        ("changes", changes),
    ]);
    Thing { id: commit.id.any(), provenance: known, text: commit.message, asked_for: true }
}

/// A changed path as git's short status writes it.
fn change(change: &FileChange) -> String {
    let letter = match change.status {
        ChangeStatus::Added => 'A',
        ChangeStatus::Modified => 'M',
        ChangeStatus::Deleted => 'D',
        ChangeStatus::Renamed => 'R',
        ChangeStatus::TypeChanged => 'T',
    };
    let old =
        change.old_path.as_ref().map_or_else(String::new, |old| format!("{} -> ", old.to_text()));
    format!("{letter} {old}{}", change.path.to_text())
}

fn version(view: &VersionView) -> Thing {
    let version = &view.version;
    let state = if version.text.is_none() {
        "gone".to_owned()
    } else if view.current == version.id {
        "current".to_owned()
    } else {
        format!("superseded; current is {}", view.current)
    };
    let known = provenance([
        ("path", version.document.path.to_text().into_owned()),
        ("title", version.title.clone()),
        ("seen", format_instant(version.seen)),
        ("version", format!("{} ({state})", view.ord + 1)),
        ("fields", version.meta.clone()),
    ]);
    Thing {
        id: version.id.any(),
        provenance: known,
        text: version.text.clone().unwrap_or_default(),
        asked_for: true,
    }
}

fn passage(hit: Hit) -> Thing {
    let (first, last) = hit.lines;
    let place = match &hit.home {
        Home::Version { document, .. } => format!("{}:{first}-{last}", document.path.to_text()),
        Home::Message { name, .. } => format!("#{name}"),
        Home::Commit { oid, .. } => oid.to_string(),
    };
    let known = provenance([
        ("place", place),
        ("of", hit.owner.any().to_string()),
        ("at", format_zoned(hit.at)),
        ("author", hit.author),
        ("context", hit.context),
    ]);
    Thing { id: hit.passage.any(), provenance: known, text: hit.text, asked_for: true }
}

/// Things as text: what they are, where they come from, and the verbatim text, which is data whatever it says.
pub fn found_text(found: &[Found]) -> String {
    let mut text = String::new();
    for (place, one) in found.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        let mark = if one.asked_for { "" } else { " (around)" };
        let _ = writeln!(text, "{} {}{mark}", one.id, one.id.kind.name());
        for (name, value) in &one.provenance {
            let value = printable(value);
            let separator = if value.contains('\n') { "\n" } else { " " };
            let _ = writeln!(text, "{name}:{separator}{value}");
        }
        let _ = writeln!(text, "---\n{}", printable(&one.text));
        if let Some(next) = one.next_offset {
            let _ = writeln!(
                text,
                "--- {} of {} bytes; go on with `lichen get {} --offset {next}`",
                next - one.offset,
                one.bytes,
                one.id
            );
        }
    }
    text
}
