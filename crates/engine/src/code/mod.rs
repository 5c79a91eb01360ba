//! Questions about code: what stands at a place of any commit, how it came to be so, and what was said about it.
//!
//! Where a commit and a path meet is asked of git; the life of a symbol of the store, from the commit on that its chain knows. From a
//! commit that it does not know the way leads back through git, text by text, to one that it does.

mod answer;
mod at;
mod blame;
mod conversation;
mod file;
mod ground;
mod history;
mod life;
mod links;
mod list;
mod review;
mod text;

pub use answer::{
    AtAnswer, BlameAnswer, BlamedLines, CommitInfo, Conversation, Edit, EditedLine, Freshness,
    HistoryAnswer, Introduced, Life, LifeChange, ListedSymbol, ReviewAnswer, ReviewedSymbol,
    SymbolInfo, SymbolsAnswer,
};
pub use at::{At, Spot};
pub use blame::Blame;
pub use file::{FileOf, FilePlace};
pub use history::{AskedSymbol, HistoryOf};
pub use links::{Link, LinksAnswer, LinksOf};
pub use list::SymbolList;
pub use review::Review;
pub use text::{
    at_text, blame_text, history_text, links_text, review_markdown, review_text, symbols_text,
};
