//! The nouns of Lichen and their ids; it must never know a file, a clock, a database or a wire format.
//!
//! | word | meaning |
//! | --- | --- |
//! | fact | a row that cannot be derived from other rows; facts are appended, a correction is a new fact |
//! | document | a text with a home: a file of the work tree; each text it had is a *version* |
//! | message | one utterance in a stream: author, role, time, text |
//! | stream | an ordered source of messages: a channel, a thread, an agent's session |
//! | passage | the unit that is embedded and retrieved: a span of a message, a commit or a document's version |
//! | commit, ref, path | as in git |
//! | symbol | a function, type, module, constant or heading, as one blob defines it |
//! | lineage | the symbols of a ref through its history; what one was for a while is a *version* of it |
//! | batch | what one `read` of a source yields and one transaction of the store takes |
//! | problem | a damaged entry, told as data: where, and what is wrong with it |
//!
//! **Invariant:** no I/O, no clock, no serialization; ids depend on nothing but the thing they name.

#![warn(missing_docs)]

mod batch;
mod clock;
mod commit;
mod document;
mod id;
mod message;
mod passage;
mod problem;
mod progress;
mod repo;
mod symbol;
mod symbol_history;
mod tag;

pub use batch::Batch;
pub use clock::{Clock, Timestamp, Zoned};
pub use commit::{ChangeStatus, Commit, FileChange, Oid, RepoPath};
pub use document::{Document, DocumentKind, DocumentVersion};
pub use id::{
    AnyId, CommitId, DocumentId, Id, Kind, MessageId, ParseIdError, PassageId, PersonId, RefId,
    RepoId, StreamId, ToolCallId, VersionId,
};
pub use message::{Message, Role, Stream, StreamKind, ToolCall};
pub use passage::{Owner, Passage, PassageKind, Site, TextHash};
pub use problem::Problem;
pub use progress::Progress;
pub use repo::{Person, Ref, RefKind, RefState, Repo};
pub use symbol::{Body, Encoding, Extraction, ExtractionStatus, Sketch, Span, Symbol, SymbolKind};
pub use symbol_history::{
    CodeSymbol, FileVersion, SymbolChange, SymbolChangeKind, SymbolChangeKinds, SymbolKey,
    SymbolMatch, SymbolSite, SymbolVersion,
};
pub use tag::Tag;
