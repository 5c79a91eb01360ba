//! The product as a library: the one place where sources, store and index meet. Plain data goes in and comes out; this
//! crate must never know the environment, a terminal or a wire format.
//!
//! **Invariant:** no type of DuckDB, gix or tantivy crosses this crate's boundary.

#![warn(missing_docs)]

mod access;
mod catch_up;
mod code;
mod config;
mod derived;
mod directory;
mod doctor;
mod documents;
mod error;
mod eval;
mod feeds;
mod get;
mod ingest;
mod live;
mod models;
mod observer;
mod open;
mod place;
mod purge;
mod reader;
mod recall;
mod redaction;
mod references;
mod sight;
mod status;
mod symbols;
mod tables;
mod when;
mod window;

pub use code::{
    AskedSymbol, At, AtAnswer, Blame, BlameAnswer, BlamedLines, CommitInfo, Conversation, Edit,
    EditedLine, FileOf, FilePlace, Freshness, HistoryAnswer, HistoryOf, Introduced, Life,
    LifeChange, Link, LinksAnswer, LinksOf, ListedSymbol, Review, ReviewAnswer, ReviewedSymbol,
    Spot, SymbolInfo, SymbolList, SymbolsAnswer, at_text, blame_text, history_text, links_text,
    review_markdown, review_text, symbols_text,
};
pub use config::{
    Config, DiscoverConfig, DocumentsConfig, EmbeddingConfig, StoreConfig, SymbolsConfig,
};
pub use doctor::DoctorFinding;
pub use documents::DocumentInfo;
pub use error::{Error, ErrorKind};
pub use eval::{
    Clone, EvalFile, EvalReport, HistoryMetrics, HistoryReport, Metrics, ReferenceCount,
    ReferenceFault, ReferenceMetrics, ReferenceReport, eval_history, eval_recall, eval_references,
};
pub use feeds::{Appended, Folders, Intake, MessageFile, MessageReader, Repeats, continues};
pub use get::{Found, Get, found_text};
pub use ingest::{IngestPlan, IngestSummary};
pub use lichen_index::embed::remote::{ApiKey, RemoteSettings, Service};
pub use lichen_model::{
    AccessKey, AccessScope, AnyId, AuditEntry, Clock, ParseIdError, PassageKind, Run, RunId,
    Stream, StreamLimits, Timestamp,
};
pub use lichen_source::messages::Mapping;
pub use lichen_source::symbols::Program;
pub use lichen_store::MessageView;
pub use lichen_store::{Column, ExportFormat, Exported, SqlLimits, Table, Value};
pub use live::{Acknowledged, Live, LiveOptions, LiveStatus};
pub use observer::{Observer, Unobserved};
pub use open::Engine;
pub use place::{find_store, init, new_store_dir, repository_root};
pub use purge::{PURGE_PLACES_MAX, PurgeLeft, PurgePlan, PurgeReport};
pub use reader::Reader;
pub use recall::{Answer, Flag, Hit, Recall, Scope, TOKEN_BYTES, answer_text, printable};
pub use status::{HeadStatus, IndexStatus, Status};
pub use symbols::serve_symbols;
pub use when::{format_date, format_instant, parse_until, parse_when};
pub use window::{
    Claimed, Extent, Measure, NextWindow, Part, RunInfo, RunState, Standing, StreamInfo, Window,
    WindowFormat, WindowSpec, claimed_text, window_text,
};
