//! The history of symbols: what commits did to them, and from when to when each was what it was.

use crate::{Oid, RepoPath, SymbolKind};

/// What a commit did to a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolChangeKind {
    /// It came.
    Introduced,
    /// Its syntax changed.
    Body,
    /// Its declaration changed.
    Signature,
    /// Its documentation changed.
    Doc,
    /// Its layout or the comments in it changed, and nothing else of its text.
    Format,
    /// Only symbols in it changed, or came, or went.
    Member,
    /// It has another name.
    Renamed,
    /// What it stands in has another name, and it came along.
    Scope,
    /// It stands in another container of the same file.
    Moved,
    /// It stands in another file, or its file has another name.
    FileMoved,
    /// It came as a copy of another.
    Copied,
    /// It came out of another that went on without that part.
    Split,
    /// It went.
    Deleted,
    /// It was there already where known history begins.
    Boundary,
}

impl SymbolChangeKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Introduced,
        Self::Body,
        Self::Signature,
        Self::Doc,
        Self::Format,
        Self::Member,
        Self::Renamed,
        Self::Scope,
        Self::Moved,
        Self::FileMoved,
        Self::Copied,
        Self::Split,
        Self::Deleted,
        Self::Boundary,
    ];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::Body => "body",
            Self::Signature => "signature",
            Self::Doc => "doc",
            Self::Format => "format",
            Self::Member => "member",
            Self::Renamed => "renamed",
            Self::Scope => "scope",
            Self::Moved => "moved",
            Self::FileMoved => "file_moved",
            Self::Copied => "copied",
            Self::Split => "split",
            Self::Deleted => "deleted",
            Self::Boundary => "boundary",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Several kinds of change at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolChangeKinds(u16);

impl SymbolChangeKinds {
    /// None.
    pub const NONE: Self = Self(0);

    /// These and one more.
    #[must_use]
    pub const fn with(self, kind: SymbolChangeKind) -> Self {
        Self(self.0 | 1 << kind as u16)
    }

    /// These, and one more where something holds.
    #[must_use]
    pub const fn with_if(self, holds: bool, kind: SymbolChangeKind) -> Self {
        if holds { self.with(kind) } else { self }
    }

    /// Whether one is among them.
    pub const fn has(self, kind: SymbolChangeKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of [`SymbolChangeKind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = SymbolChangeKind> {
        SymbolChangeKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// A number that stands for them.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The kinds of [`SymbolChangeKinds::bits`]; what stands for no kind is left out.
    pub const fn from_bits(bits: u16) -> Self {
        const LAST: u16 = 1 << SymbolChangeKind::Boundary as u16;
        Self(bits & (LAST | (LAST - 1)))
    }
}

/// What shows that two symbols are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolMatch {
    /// Nothing: there is only one of them.
    #[default]
    None,
    /// They are called the same in the same file.
    Key,
    /// They say the very same.
    Body,
    /// They say the same but for layout.
    Norm,
    /// They say the same but for layout and their name.
    Anon,
    /// They are alike.
    Similarity,
}

impl SymbolMatch {
    /// Every way.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Key, Self::Body, Self::Norm, Self::Anon, Self::Similarity];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Key => "key",
            Self::Body => "body",
            Self::Norm => "norm",
            Self::Anon => "anon",
            Self::Similarity => "similarity",
        }
    }

    /// The way of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == word)
    }
}

/// What tells a symbol from all others of its blob.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolKey {
    /// The language, by its word.
    pub language: &'static str,
    /// What it is.
    pub kind: SymbolKind,
    /// Scope and name, joined by dots.
    pub qualified_name: String,
    /// Its own name.
    pub name: String,
    /// Its declaration.
    pub signature: String,
    /// Counts symbols that say the same of themselves.
    pub duplicate: u32,
}

/// A text of a file, as the file's name has it read: the same bytes may be read as two languages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobKey {
    /// Its object id.
    pub oid: Oid,
    /// The language that the name says, by its word; `header` or `script` where the text has to say.
    pub read_as: &'static str,
}

/// Where a symbol stands: a place among the symbols of a blob at a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolSite {
    /// The file.
    pub path: RepoPath,
    /// Its text.
    pub blob: BlobKey,
    /// Its place among the blob's symbols.
    pub ord: u32,
}

/// What a commit did to one symbol: an edge from what it was to what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct SymbolChange {
    /// The commit.
    pub commit: Oid,
    /// The parent that it is compared with.
    pub parent: u16,
    /// What it was; `None` for one that came.
    pub old: Option<SymbolSite>,
    /// What it is; `None` for one that went.
    pub new: Option<SymbolSite>,
    /// What happened.
    pub kinds: SymbolChangeKinds,
    /// What shows that both are one symbol.
    pub method: SymbolMatch,
    /// How surely, up to 1; of one that came, how surely it is new.
    pub score: f32,
}

/// A symbol through history: what all its versions are versions of.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeSymbol {
    /// Where it was first seen.
    pub first: SymbolKey,
    /// What it is called now, or was at last.
    pub last: SymbolKey,
    /// The commit that introduced it, or in which it was first seen.
    pub introduced: Oid,
    /// How surely it did not exist before.
    pub introduced_confidence: f32,
    /// The commit that deleted it, where it is gone.
    pub deleted: Option<Oid>,
    /// The symbol it was copied or split from: its place among the symbols.
    pub predecessor: Option<u32>,
}

/// From when to when a symbol was what it was, along the first parents of a ref.
///
/// **Invariant:** the intervals of one symbol are disjoint.
#[derive(Clone, Debug, PartialEq)]
pub struct SymbolVersion {
    /// The symbol: its place among the symbols.
    pub symbol: u32,
    /// What it is called.
    pub key: SymbolKey,
    /// Where it stood when it began.
    pub site: SymbolSite,
    /// Hash of its bytes.
    pub raw_hash: u128,
    /// Hash of its documentation's words.
    pub doc_hash: u128,
    /// The first position that has it; the oldest commit of the chain is at 0.
    pub from: u32,
    /// The first position that has it no more.
    pub to: Option<u32>,
    /// The commit of the chain that brought it.
    pub landed: Oid,
    /// The commit that made it: the same, or one that a merge brought.
    pub origin: Oid,
    /// What happened to it then.
    pub kinds: SymbolChangeKinds,
    /// What shows that it is the same symbol.
    pub method: SymbolMatch,
    /// How surely.
    pub score: f32,
}

/// From when to when a path had a text, along the first parents of a ref; only paths that may have symbols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileVersion {
    /// The path.
    pub path: RepoPath,
    /// Its text.
    pub blob: BlobKey,
    /// The text whose symbols it is taken to have: its own, or the last one known where that is missing.
    pub known: Option<BlobKey>,
    /// The first position that has it.
    pub from: u32,
    /// The first position that has it no more.
    pub to: Option<u32>,
}

/// What is there at a position of a ref, and what went before it, as far as somebody asks: where a lineage goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineageGround {
    /// How many positions are behind.
    pub positions: u32,
    /// How many symbols there ever were.
    pub symbols: u32,
    /// The files that are there.
    pub files: Vec<FileVersion>,
    /// What stands in them.
    pub versions: Vec<StandingVersion>,
    /// What stood in files of these paths when it went, in the order in which it did.
    pub gone: Vec<GoneSymbol>,
}

/// A version that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingVersion {
    /// The symbol.
    pub symbol: u32,
    /// What it is called.
    pub key: SymbolKey,
    /// The file.
    pub path: RepoPath,
    /// The first position that has it.
    pub from: u32,
}

/// A symbol that went: one that comes back at the same path under the same key is the same.
#[derive(Clone, Debug, PartialEq)]
pub struct GoneSymbol {
    /// The symbol.
    pub symbol: u32,
    /// What it was called at last.
    pub key: SymbolKey,
    /// The file that it stood in.
    pub path: RepoPath,
}

/// What commits add to a lineage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineageStep {
    /// How many positions were there before.
    pub positions: u32,
    /// How many symbols.
    pub symbols_before: u32,
    /// The commits of the positions that follow, the oldest first.
    pub chain: Vec<Oid>,
    /// Which position brought which commit, those of the chain included.
    pub brought: Vec<(Oid, u32)>,
    /// Symbols that came, in the order of their numbers.
    pub symbols: Vec<NewSymbol>,
    /// Versions that began, in order; some have ended since.
    pub versions: Vec<SymbolVersion>,
    /// Versions from before that ended: symbol, where it began, where it ended.
    pub ended: Vec<(u32, u32, u32)>,
    /// Texts of files that began, in order.
    pub files: Vec<FileVersion>,
    /// Texts from before that ended: path, where it began, where it ended.
    pub files_ended: Vec<(RepoPath, u32, u32)>,
}

/// A symbol that came.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSymbol {
    /// The first position that has it.
    pub from: u32,
    /// The commit that introduced it, or in which it was first seen.
    pub introduced: Oid,
    /// How surely it did not exist before.
    pub introduced_confidence: f32,
    /// The symbol it was copied or split from.
    pub predecessor: Option<u32>,
}

#[cfg(test)]
mod tests;
