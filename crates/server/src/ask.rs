//! What can be asked of a memory, as it travels: one shape for the command line, the socket and the network.

mod code;
mod conversation;
mod keys;
mod meaning;
mod quoted;
mod store;

pub use code::{AtAsk, BlameAsk, HistoryAsk, LinksAsk, ReviewAsk, ReviewFormat, SymbolsAsk};
pub use conversation::{
    ClaimAsk, CutAsk, FailAsk, FormatAsk, MessageFormat, RunEnd, RunsAsk, SplitAsk, StreamAsk,
    StreamsAsk, TailAsk,
};
pub use keys::{CreateKeyAsk, RotateKeyAsk};
pub(crate) use meaning::Thing;
pub use quoted::{path_text, word_text};
pub use store::{DoctorAsk, DocumentAsk, DocumentsAsk, GetAsk, RecallAsk, SqlAsk, TableFormat};

/// A question to a memory, or something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// The passages that answer a question best.
    Recall(RecallAsk),
    /// Things by their ids.
    Get(GetAsk),
    /// What stands at a place.
    At(AtAsk),
    /// The life of a symbol or a file.
    History(HistoryAsk),
    /// Each line's symbol, version and conversation.
    Blame(BlameAsk),
    /// What a commit defines.
    Symbols(SymbolsAsk),
    /// What was said about what a branch changes.
    Review(ReviewAsk),
    /// What a text refers to, and what refers to a commit or symbol.
    Links(LinksAsk),
    /// What the store holds.
    Status,
    /// Every stream.
    Streams(StreamsAsk),
    /// One stream.
    Stream(StreamAsk),
    /// The last messages of a stream.
    Tail(StreamAsk, TailAsk),
    /// The windows of a stream.
    Windows(StreamAsk, CutAsk),
    /// One of them, with its messages.
    Window(StreamAsk, usize, CutAsk, FormatAsk),
    /// The windows of a document.
    DocumentWindows(DocumentAsk, CutAsk),
    /// One of them, with its text.
    DocumentWindow(DocumentAsk, usize, CutAsk),
    /// The window that a run or its id names.
    ClaimedWindow(String, FormatAsk),
    /// The documents that are there.
    Documents(DocumentsAsk),
    /// The runs of a consumer, or of all.
    Runs(RunsAsk),
    /// Claims the next window.
    Claim(ClaimAsk, FormatAsk),
    /// Ends a run.
    EndRun(String, RunEnd),
    /// Checks everything.
    Doctor(DoctorAsk),
    /// A statement of SQL.
    Sql(SqlAsk),
    /// Every access key.
    Keys,
    /// Makes a key.
    CreateKey(CreateKeyAsk),
    /// Puts a new key in the place of an old one.
    RotateKey(String, RotateKeyAsk),
    /// Revokes a key.
    RevokeKey(String),
    /// What was done to keys.
    Audit,
}
