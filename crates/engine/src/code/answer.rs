//! What questions about code answer: plain data.

use lichen_model::{AnyId, Zoned};

/// A commit as a line about it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// What `get` takes to show it; `None` for one that was not taken in.
    pub id: Option<AnyId>,
    /// Its object id.
    pub oid: String,
    /// Its author; empty where the commit is not at hand.
    pub author: String,
    /// When it was committed.
    pub at: Zoned,
    /// The first line of its message.
    pub subject: String,
}

/// A symbol where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolInfo {
    /// What it is.
    pub kind: &'static str,
    /// What it stands in and its name, joined by dots.
    pub name: String,
    /// Its declaration.
    pub signature: String,
    /// Its first line, with documentation.
    pub first_line: u32,
    /// Its last line.
    pub last_line: u32,
    /// Whether it is a test, or stands in one.
    pub is_test: bool,
}

/// How the work tree's file differs from the commit's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Lines that are new or changed.
    pub changed_lines: usize,
    /// Where the asked line stands in the commit.
    pub line: EditedLine,
}

/// Where a line of an edited file stands in the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditedLine {
    /// No line was asked for.
    None,
    /// At this line, unchanged.
    Same(u32),
    /// It is not committed; this line of the commit stands before it, 0 for the file's beginning.
    After(u32),
    /// The commit has no such file.
    NewFile,
}

/// Where a symbol began.
#[derive(Clone, Debug, PartialEq)]
pub struct Introduced {
    /// The commit.
    pub commit: CommitInfo,
    /// How surely it was not there before.
    pub confidence: f32,
    /// Whether that is sure enough to say so; else it was first seen there.
    pub is_sure: bool,
}

/// One change in the life of a symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct LifeChange {
    /// The commit that made it.
    pub commit: CommitInfo,
    /// The commit that brought it into the branch, where that is another.
    pub landed: Option<CommitInfo>,
    /// What it did, in words.
    pub kinds: Vec<&'static str>,
    /// What shows that it is the same symbol before and after.
    pub method: &'static str,
    /// How surely.
    pub score: f32,
    /// What the symbol was called from then on.
    pub name: String,
    /// How it was declared from then on.
    pub signature: String,
    /// The file it stood in from then on.
    pub path: String,
    /// What changed in its text, as a unified diff, where that was asked for.
    pub diff: Option<String>,
}

/// The life of a symbol up to the commit that was asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// The symbol; `None` where it is followed nowhere.
    pub symbol: Option<AnyId>,
    /// Where it began; `None` where that is not known.
    pub introduced: Option<Introduced>,
    /// The newest first.
    pub changes: Vec<LifeChange>,
    /// How many changes there are in all.
    pub change_count: usize,
    /// Who changed it, and how often; who did most first.
    pub authors: Vec<(String, usize)>,
    /// What it was copied or split from.
    pub made_from: Option<String>,
    /// What became of it after the commit that was asked about, in words; empty where nothing did.
    pub later: String,
    /// Whether `changes` begin with the first; else history is cut, or the way back was too long.
    pub is_whole: bool,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// What `get` takes to show it.
    pub id: AnyId,
    /// Who said it; empty for documents.
    pub author: String,
    /// When.
    pub at: Zoned,
    /// The stream or the document; empty for commits.
    pub place: String,
    /// The words around, on one line.
    pub quote: String,
    /// The words that speak of the code.
    pub raw: String,
    /// What they speak of: `symbol`, `commit` or `file`.
    pub of: &'static str,
    /// What found them.
    pub detector: &'static str,
    /// By which rule they were resolved.
    pub rule: String,
    /// How surely they mean this.
    pub confidence: f32,
}

/// How fresh an answer is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// The ref whose symbols are followed.
    pub followed: Option<String>,
    /// The last commit that was taken in of it.
    pub tip: Option<String>,
    /// Commits of `HEAD` that are behind it; `None` where that cannot be told.
    pub behind: Option<u64>,
    /// Whether the asked commit was asked of git, because it is not on that ref.
    pub off_chain: bool,
    /// What else is to be known of the answer.
    pub notes: Vec<String>,
}

/// What stands at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct AtAnswer {
    /// The commit whose state it is; with an `edit`, the one that was edited.
    pub commit: CommitInfo,
    /// The file.
    pub path: String,
    /// The line that was asked for.
    pub line: Option<u32>,
    /// Lines of the file.
    pub lines: u32,
    /// How the file could be read: `ok`, `has_error`, ...
    pub status: &'static str,
    /// How the work tree differs; `None` where it does not, or was not asked.
    pub edit: Option<Edit>,
    /// What stands around the place, outermost first; the last is the symbol.
    pub symbols: Vec<SymbolInfo>,
    /// The life of the symbol.
    pub life: Option<Life>,
    /// The last commits that changed the file, where there is no symbol: the newest first.
    pub file_commits: Vec<CommitInfo>,
    /// What was said about it.
    pub conversations: Vec<Conversation>,
    /// How fresh this is.
    pub freshness: Freshness,
}

/// The life of a symbol, or of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryAnswer {
    /// The symbol as it is now, or was at last; `None` for a file.
    pub symbol: Option<SymbolInfo>,
    /// The file.
    pub path: String,
    /// The life of the symbol.
    pub life: Option<Life>,
    /// The commits that changed the file, where it is one.
    pub file_commits: Vec<CommitInfo>,
    /// How fresh this is.
    pub freshness: Freshness,
}

/// A run of lines of one symbol.
#[derive(Clone, Debug, PartialEq)]
pub struct BlamedLines {
    /// The first line.
    pub first_line: u32,
    /// The last line.
    pub last_line: u32,
    /// The innermost symbol; `None` between symbols.
    pub symbol: Option<SymbolInfo>,
    /// The commit that made the symbol what it is.
    pub commit: Option<CommitInfo>,
    /// What that commit did.
    pub kinds: Vec<&'static str>,
    /// The surest thing that was said about it.
    pub conversation: Option<Conversation>,
    /// The lines.
    pub text: Vec<String>,
}

/// Each line's symbol, version and conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct BlameAnswer {
    /// The commit.
    pub commit: CommitInfo,
    /// The file.
    pub path: String,
    /// In order.
    pub lines: Vec<BlamedLines>,
    /// How fresh this is.
    pub freshness: Freshness,
}

/// A symbol in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedSymbol {
    /// The symbol; `None` where it is followed nowhere.
    pub id: Option<AnyId>,
    /// What it is.
    pub kind: &'static str,
    /// Its whole name.
    pub name: String,
    /// The file.
    pub path: String,
    /// Its lines, where they are known.
    pub lines: Option<(u32, u32)>,
    /// The commit that made it what it is, where that is known.
    pub commit: Option<CommitInfo>,
    /// What happened, in words.
    pub kinds: Vec<&'static str>,
    /// Whether it is gone.
    pub is_gone: bool,
}

/// Symbols of a commit.
#[derive(Clone, Debug, PartialEq)]
pub struct SymbolsAnswer {
    /// The commit.
    pub commit: CommitInfo,
    /// By path and line; those that are gone last.
    pub symbols: Vec<ListedSymbol>,
    /// How many there are in all.
    pub count: usize,
    /// How fresh this is.
    pub freshness: Freshness,
}

/// A changed symbol about which something was said.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewedSymbol {
    /// The symbol, as it is now; as it was, where it is gone.
    pub symbol: SymbolInfo,
    /// The file.
    pub path: String,
    /// What happened to it.
    pub kinds: Vec<&'static str>,
    /// What was said.
    pub conversations: Vec<Conversation>,
}

/// What is to be known about what a branch changed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewAnswer {
    /// Where the branch left.
    pub base: String,
    /// Where it is.
    pub head: String,
    /// How many symbols it changed.
    pub changed: usize,
    /// Those about which something was said.
    pub symbols: Vec<ReviewedSymbol>,
    /// How fresh this is.
    pub freshness: Freshness,
}
