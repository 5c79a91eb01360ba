//! The nouns of Lichen and their ids; it must never know a file, a clock, a database or a wire format.
//!
//! | word | meaning |
//! | --- | --- |
//! | fact | a row that cannot be derived from other rows; facts are appended, a correction is a new fact |
//! | document | a text with a home: a file of the work tree; each text it had is a *version* |
//! | message | one utterance in a stream: author, role, time, text |
//! | stream | an ordered source of messages: a channel, a thread, an agent's session |
//! | window | a stretch of consecutive messages of a stream cut to a size; its *extent* says where it lies and in what state |
//! | run | one attempt of a consumer at processing a window |
//! | passage | the unit that is embedded and retrieved: a span of a message, a commit or a document's version |
//! | commit, ref, path | as in git |
//! | mention | a place in a text that seems to speak of code; resolved, it is a *reference* |
//! | symbol | a function, type, module, constant or heading, as one blob defines it |
//! | lineage | the symbols of a ref through its history; what one was for a while is a *version* of it |
//! | access key | what a program shows over the network to be let in; its *scopes* say what it may do |
//! | batch | what one `read` of a source yields and one transaction of the store takes |
//! | problem | a damaged entry, told as data: where, and what is wrong with it |
//!
//! **Invariant:** no I/O, no clock, no serialization; ids depend on nothing but the thing they name.

#![warn(missing_docs)]

mod access;
mod batch;
mod clock;
mod commit;
mod document;
mod id;
mod mention;
mod message;
mod passage;
mod problem;
mod progress;
mod reference;
mod repo;
mod run;
mod symbol;
mod symbol_history;
mod tag;
mod window;

pub use access::{AccessKey, AccessScope, AuditEntry, StreamLimits};
pub use batch::Batch;
pub use clock::{Clock, Timestamp, Zoned};
pub use commit::{ChangeStatus, Commit, FileChange, Oid, RepoPath};
pub use document::{Document, DocumentKind, DocumentVersion};
pub use id::{
    AnyId, CommitId, DocumentId, Id, Kind, MessageId, ParseIdError, PassageId, PersonId, RefId,
    RepoId, RunId, StreamId, SymbolId, ToolCallId, VersionId, WindowId,
};
pub use mention::{Detector, Lines, Mention, NameForm, Named, Page};
pub use message::{Message, Role, Stream, StreamKind, ToolCall};
pub use passage::{Owner, Passage, PassageKind, Site, TextHash};
pub use problem::Problem;
pub use progress::Progress;
pub use reference::{AsOf, Reference, ReferenceRule, ReferenceStatus, Rung, Target};
pub use repo::{Person, Ref, RefKind, RefState, Repo};
pub use run::{Outcome, Run, RunEvent};
pub use symbol::{
    Body, Encoding, Extraction, ExtractionStatus, LANGUAGES, Sketch, Span, Symbol, SymbolKind,
    language_word,
};
pub use symbol_history::{
    BlobKey, CodeSymbol, FileVersion, GoneSymbol, LineageGround, LineageStep, NewSymbol,
    StandingVersion, SymbolChange, SymbolChangeKind, SymbolChangeKinds, SymbolKey, SymbolMatch,
    SymbolSite, SymbolVersion,
};
pub use tag::Tag;
pub use window::{Extent, Standing};
