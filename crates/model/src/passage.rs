//! Passages: what is embedded and retrieved.

use std::fmt;
use std::ops::Range;

use crate::{AnyId, CommitId, Id, Kind, MessageId, PassageId, VersionId};

/// The first 128 bits of BLAKE3 of a text.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextHash(pub u128);

impl TextHash {
    /// The hash of `text`.
    pub fn of(text: &str) -> Self {
        let mut head = [0; 16];
        head.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..16]);
        Self(u128::from_be_bytes(head))
    }
}

impl fmt::Debug for TextHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What kind of text a passage is: what `recall --in` chooses from, and how its words are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PassageKind {
    /// A message between people.
    Chat = 0,
    /// A message of an agent's session.
    Agent = 1,
    /// Prose of a document.
    Doc = 2,
    /// Source code.
    Code = 3,
    /// A commit's message and paths.
    Commit = 4,
    /// A model's reasoning before it speaks: found only when it is asked for by name.
    Thinking = 5,
}

impl PassageKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Chat, Self::Agent, Self::Doc, Self::Code, Self::Commit, Self::Thinking];

    /// Its word in commands, answers and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Agent => "agent",
            Self::Doc => "doc",
            Self::Code => "code",
            Self::Commit => "commit",
            Self::Thinking => "thinking",
        }
    }

    /// The kind of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The fact that a passage is a span of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A commit's message.
    Commit(CommitId),
    /// A message.
    Message(MessageId),
    /// One version of a document.
    Version(VersionId),
}

impl Owner {
    /// Its id with the kind told at run time.
    pub const fn any(self) -> AnyId {
        match self {
            Self::Commit(id) => id.any(),
            Self::Message(id) => id.any(),
            Self::Version(id) => id.any(),
        }
    }

    /// The owner that `kind` and `id` name; `None` for kinds that own no passages.
    pub const fn new(kind: Kind, id: Id) -> Option<Self> {
        match kind {
            Kind::Commit => Some(Self::Commit(CommitId(id))),
            Kind::Message => Some(Self::Message(MessageId(id))),
            Kind::Version => Some(Self::Version(VersionId(id))),
            _ => None,
        }
    }
}

/// A span of an owner's text: the unit that is embedded and retrieved. It can be cut again from the facts, so it
/// is no fact itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Whose text it is a span of.
    pub owner: Owner,
    /// Its place among the owner's passages, from 0.
    pub ord: u32,
    /// What kind of text it is.
    pub kind: PassageKind,
    /// Bytes of the owner's text, on character boundaries.
    pub span: Range<u32>,
    /// First line in the owner's text, from 1.
    pub line: u32,
    /// Words that place the text and are searched with it: the author, the path and headings above, changed paths.
    pub context: String,
}

impl Passage {
    /// The id of a passage: its owner and its place there, at the owner's time.
    pub fn id(&self) -> PassageId {
        self.site().id()
    }

    /// Where it stands.
    pub const fn site(&self) -> Site {
        let Range { start, end } = self.span;
        Site { owner: self.owner, ord: self.ord, start, end, line: self.line }
    }
}

/// Where a passage stands in its owner's text: all of a passage but its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Whose text it is a span of.
    pub owner: Owner,
    /// Its place among the owner's passages, from 0.
    pub ord: u32,
    /// First byte of the owner's text.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// First line in the owner's text, from 1.
    pub line: u32,
}

impl Site {
    /// The id of the passage that stands here.
    pub fn id(&self) -> PassageId {
        let owner = self.owner.any();
        PassageId::derive(
            owner.id.at(),
            &[&owner.id.as_u128().to_be_bytes(), &self.ord.to_be_bytes()],
        )
    }

    /// The bytes of the owner's text.
    pub const fn bytes(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}
