//! Answers about code.

use lichen_engine::{
    AtAnswer, BlameAnswer, CommitInfo, Conversation, EditedLine, Freshness, HistoryAnswer, Life,
    LifeChange, Link, LinksAnswer, ReviewAnswer, SymbolInfo, SymbolsAnswer, format_instant,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What stands at a place.
#[derive(Serialize, ToSchema)]
pub(crate) struct Place {
    commit: CommitShape,
    path: String,
    line: Option<u32>,
    /// Lines of the file.
    lines: u32,
    /// How the file could be read: `ok`, `has_error`, ...
    status: &'static str,
    /// How the work tree differs; null where it does not, or was not asked.
    edit: Option<EditShape>,
    /// What stands around, outermost first; the last is the symbol.
    symbols: Vec<SymbolShape>,
    life: Option<LifeShape>,
    file_commits: Vec<CommitShape>,
    conversations: Vec<ConversationShape>,
    freshness: FreshnessShape,
}

/// How the work tree's file differs from the commit's.
#[derive(Serialize, ToSchema)]
pub(crate) struct EditShape {
    changed_lines: usize,
    /// Where the line stands in the commit.
    committed_line: Option<u32>,
    /// The line of the commit before it, where it is not committed.
    after_line: Option<u32>,
    new_file: bool,
}

/// The life of a symbol or a file.
#[derive(Serialize, ToSchema)]
pub(crate) struct History {
    symbol: Option<SymbolShape>,
    path: String,
    life: Option<LifeShape>,
    file_commits: Vec<CommitShape>,
    freshness: FreshnessShape,
}

/// Each line's symbol, version and conversation.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlamedFile {
    commit: CommitShape,
    path: String,
    lines: Vec<BlamedRun>,
    freshness: FreshnessShape,
}

/// A run of lines of one symbol.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlamedRun {
    first_line: u32,
    last_line: u32,
    symbol: Option<SymbolShape>,
    commit: Option<CommitShape>,
    changes: Vec<&'static str>,
    conversation: Option<ConversationShape>,
    text: Vec<String>,
}

/// Symbols of a commit.
#[derive(Serialize, ToSchema)]
pub(crate) struct SymbolPage {
    commit: CommitShape,
    symbols: Vec<ListedShape>,
    /// How many there are in all.
    count: usize,
    freshness: FreshnessShape,
}

/// A symbol in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListedShape {
    id: Option<String>,
    kind: &'static str,
    name: String,
    path: String,
    first_line: Option<u32>,
    last_line: Option<u32>,
    commit: Option<CommitShape>,
    changes: Vec<&'static str>,
    gone: bool,
}

/// What was said about the symbols that a branch changes.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewShape {
    base: String,
    head: String,
    /// How many symbols it changes.
    changed: usize,
    symbols: Vec<ReviewedShape>,
    freshness: FreshnessShape,
}

/// A changed symbol about which something was said.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewedShape {
    symbol: SymbolShape,
    path: String,
    changes: Vec<&'static str>,
    conversations: Vec<ConversationShape>,
}

/// What refers to what.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinksShape {
    of: String,
    kind: &'static str,
    /// What it refers to, in the order of the text.
    links: Vec<LinkShape>,
    /// What refers to it.
    referring: Vec<ConversationShape>,
}

/// A reference of a text.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkShape {
    /// The text; of a tool's call the call.
    source: String,
    /// The field of a tool's call; empty for a text.
    field: String,
    /// Its bytes in the text.
    span: [u32; 2],
    text: String,
    detector: String,
    /// `path`, `lines`, `commit`, `issue`, `symbol`.
    kind: String,
    /// `resolved`, `ambiguous`, `unresolved`, `foreign`.
    status: String,
    rule: String,
    confidence: f32,
    candidates: Vec<String>,
    candidate_count: u32,
    symbol: Option<String>,
    /// The commit that was current when the text was written.
    as_of: Option<String>,
    as_of_rule: String,
    as_of_confidence: f32,
    /// Only of what was pushed.
    permalink: Option<String>,
}

/// A commit.
#[derive(Serialize, ToSchema)]
pub(crate) struct CommitShape {
    /// What `get` takes; null for one that was not taken in.
    id: Option<String>,
    oid: String,
    author: String,
    at: String,
    subject: String,
}

/// A symbol where it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct SymbolShape {
    kind: &'static str,
    name: String,
    signature: String,
    first_line: Option<u32>,
    last_line: Option<u32>,
    test: bool,
}

/// The life of a symbol.
#[derive(Serialize, ToSchema)]
pub(crate) struct LifeShape {
    symbol: Option<String>,
    introduced: Option<IntroducedShape>,
    /// The newest first.
    changes: Vec<ChangeShape>,
    change_count: usize,
    authors: Vec<AuthorShape>,
    made_from: Option<String>,
    later: String,
    whole: bool,
}

/// Where a symbol began.
#[derive(Serialize, ToSchema)]
pub(crate) struct IntroducedShape {
    commit: CommitShape,
    confidence: f32,
    sure: bool,
}

/// Who changed a symbol, and how often.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthorShape {
    author: String,
    changes: usize,
}

/// One change in a life.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangeShape {
    commit: CommitShape,
    landed: Option<CommitShape>,
    changes: Vec<&'static str>,
    method: &'static str,
    score: f32,
    name: String,
    signature: String,
    path: String,
    diff: Option<String>,
}

/// Something that was said: recalled data, whatever it says.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationShape {
    id: String,
    kind: &'static str,
    author: String,
    at: String,
    place: String,
    quote: String,
    raw: String,
    /// What it speaks of: `symbol`, `commit` or `file`.
    of: &'static str,
    detector: &'static str,
    rule: String,
    confidence: f32,
}

/// How fresh an answer is.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreshnessShape {
    followed: Option<String>,
    tip: Option<String>,
    behind: Option<u64>,
    off_chain: bool,
    notes: Vec<String>,
}

fn each<'a, T, S: From<&'a T>>(all: &'a [T]) -> Vec<S> {
    all.iter().map(S::from).collect()
}

fn maybe<'a, T, S: From<&'a T>>(one: Option<&'a T>) -> Option<S> {
    one.map(S::from)
}

impl From<&AtAnswer> for Place {
    fn from(answer: &AtAnswer) -> Self {
        let edit = answer.edit.as_ref().map(|edit| {
            let (committed_line, after_line, new_file) = match edit.line {
                EditedLine::None => (None, None, false),
                EditedLine::Same(line) => (Some(line), None, false),
                EditedLine::After(line) => (None, Some(line), false),
                EditedLine::NewFile => (None, None, true),
            };
            EditShape { changed_lines: edit.changed_lines, committed_line, after_line, new_file }
        });
        Self {
            commit: (&answer.commit).into(),
            path: answer.path.clone(),
            line: answer.line,
            lines: answer.lines,
            status: answer.status,
            edit,
            symbols: each(&answer.symbols),
            life: maybe(answer.life.as_ref()),
            file_commits: each(&answer.file_commits),
            conversations: each(&answer.conversations),
            freshness: (&answer.freshness).into(),
        }
    }
}

impl From<&HistoryAnswer> for History {
    fn from(answer: &HistoryAnswer) -> Self {
        Self {
            symbol: maybe(answer.symbol.as_ref()),
            path: answer.path.clone(),
            life: maybe(answer.life.as_ref()),
            file_commits: each(&answer.file_commits),
            freshness: (&answer.freshness).into(),
        }
    }
}

impl From<&BlameAnswer> for BlamedFile {
    fn from(answer: &BlameAnswer) -> Self {
        let run = answer.lines.iter().map(|run| BlamedRun {
            first_line: run.first_line,
            last_line: run.last_line,
            symbol: maybe(run.symbol.as_ref()),
            commit: maybe(run.commit.as_ref()),
            changes: run.kinds.clone(),
            conversation: maybe(run.conversation.as_ref()),
            text: run.text.clone(),
        });
        Self {
            commit: (&answer.commit).into(),
            path: answer.path.clone(),
            lines: run.collect(),
            freshness: (&answer.freshness).into(),
        }
    }
}

impl From<&SymbolsAnswer> for SymbolPage {
    fn from(answer: &SymbolsAnswer) -> Self {
        let symbols = answer.symbols.iter().map(|symbol| ListedShape {
            id: symbol.id.map(|id| id.to_string()),
            kind: symbol.kind,
            name: symbol.name.clone(),
            path: symbol.path.clone(),
            first_line: symbol.lines.map(|(first, _)| first),
            last_line: symbol.lines.map(|(_, last)| last),
            commit: maybe(symbol.commit.as_ref()),
            changes: symbol.kinds.clone(),
            gone: symbol.is_gone,
        });
        Self {
            commit: (&answer.commit).into(),
            symbols: symbols.collect(),
            count: answer.count,
            freshness: (&answer.freshness).into(),
        }
    }
}

impl From<&LinksAnswer> for LinksShape {
    fn from(answer: &LinksAnswer) -> Self {
        Self {
            of: answer.of.to_string(),
            kind: answer.of.kind.name(),
            links: answer.links.iter().map(Into::into).collect(),
            referring: each(&answer.referring),
        }
    }
}

impl From<&Link> for LinkShape {
    fn from(link: &Link) -> Self {
        Self {
            source: link.source.clone(),
            field: link.field.clone(),
            span: [link.span.0, link.span.1],
            text: link.text.clone(),
            detector: link.detector.clone(),
            kind: link.kind.clone(),
            status: link.status.clone(),
            rule: link.rule.clone(),
            confidence: link.confidence,
            candidates: link.candidates.clone(),
            candidate_count: link.candidate_count,
            symbol: link.symbol.map(|id| id.to_string()),
            as_of: link.as_of.clone(),
            as_of_rule: link.as_of_rule.clone(),
            as_of_confidence: link.as_of_confidence,
            permalink: link.permalink.clone(),
        }
    }
}

impl From<&ReviewAnswer> for ReviewShape {
    fn from(answer: &ReviewAnswer) -> Self {
        let symbols = answer.symbols.iter().map(|reviewed| ReviewedShape {
            symbol: (&reviewed.symbol).into(),
            path: reviewed.path.clone(),
            changes: reviewed.kinds.clone(),
            conversations: each(&reviewed.conversations),
        });
        Self {
            base: answer.base.clone(),
            head: answer.head.clone(),
            changed: answer.changed,
            symbols: symbols.collect(),
            freshness: (&answer.freshness).into(),
        }
    }
}

impl From<&CommitInfo> for CommitShape {
    fn from(commit: &CommitInfo) -> Self {
        Self {
            id: commit.id.map(|id| id.to_string()),
            oid: commit.oid.clone(),
            author: commit.author.clone(),
            at: format_instant(commit.at.at),
            subject: commit.subject.clone(),
        }
    }
}

impl From<&SymbolInfo> for SymbolShape {
    fn from(symbol: &SymbolInfo) -> Self {
        // A symbol that is gone stands on no line.
        let line = |line: u32| (line > 0).then_some(line);
        Self {
            kind: symbol.kind,
            name: symbol.name.clone(),
            signature: symbol.signature.clone(),
            first_line: line(symbol.first_line),
            last_line: line(symbol.last_line),
            test: symbol.is_test,
        }
    }
}

impl From<&Life> for LifeShape {
    fn from(life: &Life) -> Self {
        let introduced = life.introduced.as_ref().map(|introduced| IntroducedShape {
            commit: (&introduced.commit).into(),
            confidence: introduced.confidence,
            sure: introduced.is_sure,
        });
        let author = |(author, changes): &(String, usize)| AuthorShape {
            author: author.clone(),
            changes: *changes,
        };
        Self {
            symbol: life.symbol.map(|id| id.to_string()),
            introduced,
            changes: each(&life.changes),
            change_count: life.change_count,
            authors: life.authors.iter().map(author).collect(),
            made_from: life.made_from.clone(),
            later: life.later.clone(),
            whole: life.is_whole,
        }
    }
}

impl From<&LifeChange> for ChangeShape {
    fn from(change: &LifeChange) -> Self {
        Self {
            commit: (&change.commit).into(),
            landed: maybe(change.landed.as_ref()),
            changes: change.kinds.clone(),
            method: change.method,
            score: change.score,
            name: change.name.clone(),
            signature: change.signature.clone(),
            path: change.path.clone(),
            diff: change.diff.clone(),
        }
    }
}

impl From<&Conversation> for ConversationShape {
    fn from(said: &Conversation) -> Self {
        Self {
            id: said.id.to_string(),
            kind: said.id.kind.name(),
            author: said.author.clone(),
            at: format_instant(said.at.at),
            place: said.place.clone(),
            quote: said.quote.clone(),
            raw: said.raw.clone(),
            of: said.of,
            detector: said.detector,
            rule: said.rule.clone(),
            confidence: said.confidence,
        }
    }
}

impl From<&Freshness> for FreshnessShape {
    fn from(freshness: &Freshness) -> Self {
        Self {
            followed: freshness.followed.clone(),
            tip: freshness.tip.clone(),
            behind: freshness.behind,
            off_chain: freshness.off_chain,
            notes: freshness.notes.clone(),
        }
    }
}
