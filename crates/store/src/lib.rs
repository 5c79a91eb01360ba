//! Ground state: the only SQL, the only DuckDB; it must never know a source, an index or how answers look.
//!
//! **Invariant:** appending the same batch twice changes nothing.
//! **Invariant:** facts are appended, never edited; a correction is a new fact. Only a purge takes text out of them, and
//! writes the whole file anew for it.
//! **Invariant:** what the journal acknowledged is in the journal or in the data file.
//! **Invariant:** one process owns a store; a second one is told who does.

mod append;
mod apply;
mod journal;
mod open;
mod purge;
mod reader;
mod recovery;

mod access;
mod commits;
mod documents;
mod embeddings;
mod messages;
mod passages;
mod progress;
mod refs;
mod repos;
mod runs;
mod symbols;
mod tags;

mod chains;
mod changes;
mod counts;
mod filter;
mod get;
mod history;
mod hits;
mod lives;
mod named;
mod said;
mod shown;
mod spoken;
mod sums;
mod text_symbols;

mod doctor;
mod export;
mod recall;
mod sql;

mod columns;
mod disk;
mod error;
mod migrate;
mod owner;
mod row;

pub use append::Receipt;
pub use apply::Applied;
pub use chains::{FollowedRef, Position};
pub use changes::LastChange;
pub use counts::Counts;
pub use doctor::Finding;
pub use documents::{CurrentDocument, Latest};
pub use error::{Error, Result};
pub use export::{ExportFormat, Exported};
pub use filter::{AsOf, Filter, PathFilter};
pub use get::{CommitView, MessageView, VersionView};
pub use hits::{Hit, Home};
pub use journal::{AtStep, Journal, Step};
pub use lives::{CommitLine, StoredVersion, SymbolLife, SymbolThen, SymbolsWanted};
pub use named::{NamedSymbol, NamedSymbols};
pub use open::{Options, Store};
pub use passages::Entry;
pub use purge::{Left, PurgeStep, PurgedText, Renamed, Rewrite, Rewritten, Survey};
pub use reader::Reader;
pub use recall::{RecallError, RecallFn, RecallRow};
pub use refs::SeenRef;
pub use runs::RunView;
pub use said::{Said, SpokenOf};
pub use shown::{Place, Shown};
pub use spoken::{
    CallText, ChangedFile, CommitText, Edited, MessageText, Page, TextRows, ToolAnswer, VersionText,
};
pub use sql::{Column, SqlLimits, Table, Value};
pub use sums::{Disorder, Late, Measure};
pub use symbols::{
    BadBlob, FoundReference, IndexedBefore, IndexedCommit, KnownCommit, ReadBlob, Recalled,
    RefStep, ReferenceBatch, ReferenceGround, ReferenceSource, StoredReference, SymbolBatch,
    SymbolIds, SymbolReceipt,
};
pub use text_symbols::{KnownText, StoredKey, TextSymbol};

/// The name under which the data file is attached.
const CATALOG: &str = "lichen";
