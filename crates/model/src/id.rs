//! Ids: 128 bits that depend on nothing but the thing they name.
//!
//! An [`Id`] is 48 bits of the thing's own time in milliseconds, then 80 bits of BLAKE3 over the kind and the
//! natural key. The same thing imported twice has the same id, and ids of one kind sort by time, so that a range
//! of a table holds a range of ids and block statistics prune look-ups.

use std::fmt;
use std::str::FromStr;

use crate::Timestamp;

const HASH_BITS: u32 = 80;
const HASH_MASK: u128 = (1 << HASH_BITS) - 1;
const TIME_MAX: i64 = (1 << 48) - 1;
/// Crockford's base32: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of the text form after the kind's letter: 26 of five bits hold 128.
const TEXT_LEN: usize = 26;

/// What an id names. The letter opens the id's text form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A git commit.
    Commit,
    /// A document: a text's home.
    Document,
    /// A message of a stream.
    Message,
    /// A passage.
    Passage,
    /// A person as named in commits.
    Person,
    /// A ref of a repository.
    Ref,
    /// A repository.
    Repo,
    /// An attempt of a consumer at a window.
    Run,
    /// A stream of messages.
    Stream,
    /// A symbol through the history of a ref.
    Symbol,
    /// An agent's use of a tool.
    ToolCall,
    /// One version of a document.
    Version,
    /// A window of a stream.
    Window,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Commit,
        Self::Document,
        Self::Message,
        Self::Passage,
        Self::Person,
        Self::Ref,
        Self::Repo,
        Self::Run,
        Self::Stream,
        Self::Symbol,
        Self::ToolCall,
        Self::Version,
        Self::Window,
    ];

    /// The letter that opens the text form.
    pub const fn letter(self) -> char {
        match self {
            Self::Commit => 'c',
            Self::Document => 'd',
            Self::Message => 'm',
            Self::Passage => 'p',
            Self::Person => 'h',
            Self::Ref => 'b',
            Self::Repo => 'r',
            Self::Run => 'x',
            Self::Stream => 's',
            Self::Symbol => 'y',
            Self::ToolCall => 't',
            Self::Version => 'v',
            Self::Window => 'w',
        }
    }

    /// The kind whose text form opens with `letter`.
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.letter() == letter)
    }

    /// The word for it in messages to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Document => "document",
            Self::Message => "message",
            Self::Passage => "passage",
            Self::Person => "person",
            Self::Ref => "ref",
            Self::Repo => "repository",
            Self::Run => "run",
            Self::Stream => "stream",
            Self::Symbol => "symbol",
            Self::ToolCall => "tool call",
            Self::Version => "document version",
            Self::Window => "window",
        }
    }
}

/// 48 bits of time in milliseconds, then 80 bits of hash.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u128);

impl Id {
    /// The id of the thing of `kind` whose natural key is `key`. Times before 1970 count as 1970, and a thing
    /// without a time of its own takes `Timestamp(0)`.
    pub fn derive(kind: Kind, at: Timestamp, key: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[kind.letter() as u8]);
        for part in key {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut low = [0; 16];
        low[6..].copy_from_slice(&hasher.finalize().as_bytes()[..10]);
        let time = at.millis().clamp(0, TIME_MAX).unsigned_abs();
        Self((u128::from(time) << HASH_BITS) | u128::from_be_bytes(low))
    }

    /// The id as stored.
    pub const fn from_u128(raw: u128) -> Self {
        Self(raw)
    }

    /// The id as stored.
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// The time part, to the millisecond.
    pub fn at(self) -> Timestamp {
        Timestamp(i64::try_from(self.0 >> HASH_BITS).expect("48 bits fit"))
    }

    /// The hash part: the low 80 bits.
    pub const fn hash_bits(self) -> u128 {
        self.0 & HASH_MASK
    }

    fn text(self) -> [u8; TEXT_LEN] {
        let mut text = [0; TEXT_LEN];
        let mut rest = self.0;
        for slot in text.iter_mut().rev() {
            *slot = ALPHABET[usize::try_from(rest & 31).expect("five bits fit")];
            rest >>= 5;
        }
        text
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// The first letter names no kind.
    #[error("`{0}` is not an id: an id opens with the letter of its kind, as in `m01j8...`")]
    Kind(String),
    /// A character outside Crockford's base32.
    #[error("`{0}` is not an id: `{1}` is not a character of base32")]
    Character(String, char),
    /// Too short for a short form, or too long.
    #[error("`{0}` is not an id: after the letter come {min} to {TEXT_LEN} characters", min = AnyId::SHORT_MIN)]
    Length(String),
}

/// An id whose kind is known at run time: what a person types or an answer prints.
///
/// The full form is the kind's letter and 26 characters. The *short* form keeps only the last characters, which
/// carry the hash: [`AnyId::short`] prints ten of them, and at least [`AnyId::SHORT_MIN`] are needed to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnyId {
    /// What it names.
    pub kind: Kind,
    /// The id, or the known low bits of it.
    pub id: Id,
    /// How many low bits are known: 128 for a full id.
    pub bits: u32,
}

impl AnyId {
    /// The fewest characters of a short form.
    pub const SHORT_MIN: usize = 6;
    const SHORT_LEN: usize = 10;

    /// A full id.
    pub const fn full(kind: Kind, id: Id) -> Self {
        Self { kind, id, bits: 128 }
    }

    /// Whether all bits are known.
    pub const fn is_full(self) -> bool {
        self.bits == 128
    }

    /// Whether `id` agrees with the known bits.
    pub const fn matches(self, id: Id) -> bool {
        let mask = if self.bits >= 128 { u128::MAX } else { (1 << self.bits) - 1 };
        (id.0 ^ self.id.0) & mask == 0
    }

    /// The text that answers print: the kind's letter and ten characters of the hash.
    pub fn short(self) -> String {
        let text = self.id.text();
        let tail = std::str::from_utf8(&text[TEXT_LEN - Self::SHORT_LEN..])
            .expect("the alphabet is ASCII");
        format!("{}{tail}", self.kind.letter())
    }
}

impl fmt::Display for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.id.text();
        let chars = (self.bits.div_ceil(5) as usize).min(TEXT_LEN);
        let tail = std::str::from_utf8(&text[TEXT_LEN - chars..]).expect("the alphabet is ASCII");
        write!(f, "{}{tail}", self.kind.letter())
    }
}

impl FromStr for AnyId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut chars = text.trim().chars();
        let kind = chars
            .next()
            .and_then(|letter| Kind::from_letter(letter.to_ascii_lowercase()))
            .ok_or_else(|| ParseIdError::Kind(text.to_owned()))?;
        let mut raw: u128 = 0;
        let mut count = 0;
        for char in chars {
            if count == TEXT_LEN {
                return Err(ParseIdError::Length(text.to_owned()));
            }
            let digit =
                digit(char).ok_or_else(|| ParseIdError::Character(text.to_owned(), char))?;
            if count == 0 && text.trim().len() == TEXT_LEN + 1 && digit > 7 {
                return Err(ParseIdError::Length(text.to_owned()));
            }
            raw = (raw << 5) | u128::from(digit);
            count += 1;
        }
        if count < Self::SHORT_MIN {
            return Err(ParseIdError::Length(text.to_owned()));
        }
        let bits =
            if count == TEXT_LEN { 128 } else { u32::try_from(count * 5).expect("at most 125") };
        Ok(Self { kind, id: Id(raw), bits })
    }
}

/// Crockford's reading: either case, and the letters that look like digits are those digits.
fn digit(char: char) -> Option<u8> {
    let lower = char.to_ascii_lowercase();
    let lower = match lower {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|&a| char::from(a) == lower)?;
    u8::try_from(place).ok()
}

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Id);

        impl $name {
            /// What the id names.
            pub const KIND: Kind = Kind::$kind;

            /// The id of the thing whose natural key is `key`: see [`Id::derive`].
            pub fn derive(at: Timestamp, key: &[&[u8]]) -> Self {
                Self(Id::derive(Kind::$kind, at, key))
            }

            /// The id with its kind told at run time.
            pub const fn any(self) -> AnyId {
                AnyId::full(Kind::$kind, self.0)
            }

            /// The id as stored.
            pub const fn as_u128(self) -> u128 {
                self.0.as_u128()
            }

            /// The id as stored.
            pub const fn from_u128(raw: u128) -> Self {
                Self(Id::from_u128(raw))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.any().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

typed_id! {
    /// Natural key: the object id. A commit is the same commit in every clone.
    CommitId = Commit;
    /// Natural key: the repository's key and the path.
    DocumentId = Document;
    /// Natural key: the stream, and the message's own id there, or else its author, text and place among equals.
    MessageId = Message;
    /// Natural key: the owner and the place in it.
    PassageId = Passage;
    /// Natural key: name and e-mail address as recorded.
    PersonId = Person;
    /// Natural key: the repository's key and the full name.
    RefId = Ref;
    /// Natural key: where it stands, seen from the store.
    RepoId = Repo;
    /// Natural key: consumer, signature, window and attempt.
    RunId = Run;
    /// Natural key: the kind of source and the name in it.
    StreamId = Stream;
    /// Natural key: the ref, the commit that introduced it, and where it stood when it was first seen.
    SymbolId = Symbol;
    /// Natural key: the message and the place in it.
    ToolCallId = ToolCall;
    /// Natural key: the document, the version before it, and the text's hash.
    VersionId = Version;
    /// Natural key: the stream, where the window begins and ends, and how many late and replaced messages it holds.
    WindowId = Window;
}

#[cfg(test)]
mod tests;
