//! References: mentions that were looked up in a repository, at the commit that was current when the text was written.

use std::ops::Range;

use crate::{Detector, Lines, Oid, RepoPath, SymbolKind};

/// What tells which commit was current when a text was written, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The text is the commit's own message.
    Own,
    /// A tool told the commit in that very message.
    Recorded,
    /// The reflog of the work tree says what was checked out.
    Reflog,
    /// The session told it at its start, or some messages before.
    Session,
    /// It was the last one of the branch by then.
    Committed,
}

impl Rung {
    /// Every rung.
    pub const ALL: [Self; 5] =
        [Self::Own, Self::Recorded, Self::Reflog, Self::Session, Self::Committed];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Recorded => "recorded",
            Self::Reflog => "reflog",
            Self::Session => "session",
            Self::Committed => "committed",
        }
    }

    /// The rung of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.as_str() == word)
    }

    /// How surely the commit was the current one.
    pub const fn confidence(self) -> f32 {
        match self {
            Self::Own => 1.0,
            Self::Recorded => 0.99,
            Self::Reflog => 0.95,
            Self::Session => 0.7,
            Self::Committed => 0.6,
        }
    }
}

/// The commit that was current when a text was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AsOf {
    /// The commit.
    pub commit: Oid,
    /// What tells it.
    pub rung: Rung,
}

/// What a mention came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceStatus {
    /// It names one thing.
    Resolved,
    /// It may name any of several things.
    Ambiguous,
    /// It names nothing that is known.
    Unresolved,
    /// It names something of another repository, of a library or of a machine.
    Foreign,
}

impl ReferenceStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Resolved, Self::Ambiguous, Self::Unresolved, Self::Foreign];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Ambiguous => "ambiguous",
            Self::Unresolved => "unresolved",
            Self::Foreign => "foreign",
        }
    }

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What shows that a mention means what it is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceRule {
    /// A session wrote the very text that the commit brought.
    Wrote,
    /// A tool was told to work on the file.
    Tool,
    /// An address of a page of this repository.
    Address,
    /// The object id of one commit.
    Oid,
    /// The number of an issue or a request of this repository.
    Number,
    /// The path of a file or folder, as it is written.
    Exact,
    /// The end of one path, with folders.
    Suffix,
    /// The name of one file or folder.
    Name,
    /// The path ends as a file's does: what stands before is the folder of some machine.
    Tail,
    /// The file of one class.
    Class,
    /// What the commit itself took away.
    Removed,
    /// What was there at another time.
    Former,
    /// One of several, which the text or its session has to do with.
    Context,
    /// The qualified name of one symbol.
    Qualified,
    /// The name of one symbol.
    Unique,
    /// The lines are none of the file's; the file is right.
    LineOutside,
    /// Nothing.
    None,
}

impl ReferenceRule {
    /// Every rule.
    pub const ALL: [Self; 17] = [
        Self::Wrote,
        Self::Tool,
        Self::Address,
        Self::Oid,
        Self::Number,
        Self::Exact,
        Self::Suffix,
        Self::Name,
        Self::Tail,
        Self::Class,
        Self::Removed,
        Self::Former,
        Self::Context,
        Self::Qualified,
        Self::Unique,
        Self::LineOutside,
        Self::None,
    ];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wrote => "wrote",
            Self::Tool => "tool",
            Self::Address => "address",
            Self::Oid => "oid",
            Self::Number => "number",
            Self::Exact => "exact",
            Self::Suffix => "suffix",
            Self::Name => "name",
            Self::Tail => "tail",
            Self::Class => "class",
            Self::Removed => "removed",
            Self::Former => "former",
            Self::Context => "context",
            Self::Qualified => "qualified",
            Self::Unique => "unique",
            Self::LineOutside => "line_outside",
            Self::None => "none",
        }
    }

    /// The rule of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == word)
    }

    /// How surely what it links belongs together, before anything speaks against it.
    pub const fn confidence(self) -> f32 {
        match self {
            Self::Wrote | Self::Tool | Self::Address => 0.99,
            Self::Oid | Self::Exact => 0.98,
            Self::Suffix | Self::Class | Self::Qualified => 0.95,
            Self::Number | Self::Name | Self::Removed | Self::Unique => 0.9,
            Self::Tail | Self::Context => 0.85,
            Self::Former => 0.7,
            Self::LineOutside => 0.5,
            Self::None => 0.0,
        }
    }
}

/// A thing that a mention may mean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A commit.
    Commit(Oid),
    /// A file, or a folder.
    File {
        /// A commit that has it: the one that was current, where that does.
        at: Oid,
        /// The path.
        path: RepoPath,
        /// The lines that are meant.
        lines: Option<Lines>,
    },
    /// A symbol.
    Symbol {
        /// A commit that has it: the one that was current, where that does.
        at: Oid,
        /// The file.
        path: RepoPath,
        /// What it is.
        kind: SymbolKind,
        /// Scope and name, joined by dots.
        qualified_name: String,
        /// The line of its name.
        line: u32,
    },
    /// An issue or a request of this repository.
    Issue {
        /// Its number.
        number: u64,
        /// Whether it is known to be a request.
        request: bool,
    },
}

impl Target {
    /// The word for what it is in tables and answers.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Commit(_) => "commit",
            Self::File { .. } => "file",
            Self::Symbol { .. } => "symbol",
            Self::Issue { .. } => "issue",
        }
    }
}

/// A mention that was looked up.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Bytes of the text; empty for what a tool was told.
    pub span: Range<u32>,
    /// What found it.
    pub detector: Detector,
    /// What it came to.
    pub status: ReferenceStatus,
    /// What shows it.
    pub rule: ReferenceRule,
    /// How surely it means the first of the candidates, given the commit.
    pub confidence: f32,
    /// What it may mean, the likeliest first: one where it is resolved, several where it is ambiguous.
    pub candidates: Vec<Target>,
    /// How many things it may mean; more than there are candidates where those are too many to be told.
    pub candidate_count: u32,
}

impl Reference {
    /// What it means, where that is certain.
    pub fn target(&self) -> Option<&Target> {
        (self.status == ReferenceStatus::Resolved).then(|| self.candidates.first()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::{ReferenceRule, ReferenceStatus, Rung};

    #[test]
    fn every_word_is_read_back() {
        assert!(Rung::ALL.iter().all(|rung| Rung::parse(rung.as_str()) == Some(*rung)));
        assert!(
            ReferenceRule::ALL
                .iter()
                .all(|rule| ReferenceRule::parse(rule.as_str()) == Some(*rule))
        );
        assert!(
            ReferenceStatus::ALL
                .iter()
                .all(|status| ReferenceStatus::parse(status.as_str()) == Some(*status))
        );
        assert_eq!(ReferenceRule::parse("guess"), None);
    }

    #[test]
    fn a_better_rung_is_surer() {
        assert!(Rung::ALL.windows(2).all(|pair| pair[0].confidence() > pair[1].confidence()));
    }
}
