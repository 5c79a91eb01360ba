//! Mentions: places in a text that seem to speak of code, before anybody looked whether what they name exists.

use std::ops::Range;

/// A place in a text that seems to name something of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Bytes of the text, on character boundaries.
    pub span: Range<u32>,
    /// What found it.
    pub detector: Detector,
    /// What it seems to name.
    pub named: Named,
}

/// What finds mentions, in the order in which they are asked: what one has found is left alone by those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detector {
    /// An address of a page of a forge.
    Link,
    /// A hunk of a unified diff.
    Hunk,
    /// A line of a stack trace, a compiler or a test runner.
    Frame,
    /// A path with a line.
    PathLine,
    /// A path.
    Path,
    /// A commit by its object id.
    Commit,
    /// An issue or a request by its number.
    Issue,
    /// A symbol by its name.
    Symbol,
}

impl Detector {
    /// Every detector, in order.
    pub const ALL: [Self; 8] = [
        Self::Link,
        Self::Hunk,
        Self::Frame,
        Self::PathLine,
        Self::Path,
        Self::Commit,
        Self::Issue,
        Self::Symbol,
    ];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Hunk => "hunk",
            Self::Frame => "frame",
            Self::PathLine => "path_line",
            Self::Path => "path",
            Self::Commit => "commit",
            Self::Issue => "issue",
            Self::Symbol => "symbol",
        }
    }

    /// The detector of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|detector| detector.as_str() == word)
    }
}

/// Lines of a file, from 1, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lines {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

impl Lines {
    /// One line.
    pub const fn one(line: u32) -> Self {
        Self { first: line, last: line }
    }
}

/// What a mention seems to name. Texts are as written, but for quotes and marks around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A page of a forge.
    Page {
        /// The host, as `github.com`.
        host: String,
        /// The repository there, as `owner/name`.
        repository: String,
        /// The page.
        page: Page,
    },
    /// Lines of a file, as a diff, a stack trace or a person gives them.
    Place {
        /// The path.
        path: String,
        /// The lines; `None` for the whole file.
        lines: Option<Lines>,
        /// The column in the first line, from 1.
        column: Option<u32>,
        /// The function that stands there, where the text says so.
        function: Option<String>,
    },
    /// A commit.
    Commit {
        /// The beginning of its object id, in lower case.
        oid: String,
        /// Whether the text says that it is one: `commit 1f2e3d4`, in backticks.
        said: bool,
    },
    /// An issue or a request.
    Issue {
        /// The repository where the text names one: `owner/name`.
        repository: Option<String>,
        /// Its number.
        number: u64,
        /// Whether it is a merge request of GitLab, `!12`.
        request: bool,
    },
    /// A symbol.
    Symbol {
        /// The parts of its name, outermost first.
        path: Vec<String>,
        /// How it was written.
        form: NameForm,
    },
}

/// A page of a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// A file at a revision. Names of branches may hold slashes, so where the revision ends and the path begins is for
    /// those to say who know the repository.
    File {
        /// Revision and path.
        rest: String,
        /// The lines.
        lines: Option<Lines>,
    },
    /// A commit.
    Commit {
        /// Its object id or another name of it.
        rev: String,
    },
    /// An issue, or a request where the forge tells them apart.
    Issue {
        /// Its number.
        number: u64,
        /// Whether it is a pull or merge request.
        request: bool,
    },
}

/// How a name of a symbol was written: how likely it is that it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameForm {
    /// Several parts, joined as languages join them: `Parser::next`, `app.route`.
    Qualified,
    /// In backticks.
    Quoted,
    /// With a call's brackets behind it: `next()`.
    Called,
    /// In the middle of prose, in a form that prose has not: `camelCase`, `snake_case`.
    Shaped,
}
