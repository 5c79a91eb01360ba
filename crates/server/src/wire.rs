//! Answers as JSON and as text. These shapes are an interface: the engine's own types may change, these may only grow.

mod code;
mod keys;
mod problem;
mod recall;
mod store;
mod stream;
pub(crate) mod text;

pub(crate) use code::{BlamedFile, History, LinksShape, Place, ReviewShape, SymbolPage};
pub(crate) use keys::{AuditPage, KeyPage, KeyShape, MadeKey, state as key_state};
pub use problem::ProblemDocument;
pub(crate) use recall::FoundThings;
pub use recall::RecallAnswer;
pub(crate) use store::{DoctorShape, DocumentPage, StatusShape, TableShape};
pub(crate) use stream::{
    ClaimedWindow, ExtentMessages, PostedShape, RunPage, RunShape, RunStanding, StreamPage,
    StreamShape, WindowMessages, WindowPage, WindowText, messages,
};
pub use stream::{MessagePage, MessageShape};
pub use text::human_bytes;

/// A shape on one line, the fields of each object by name.
pub fn json(shape: &impl serde::Serialize) -> String {
    serde_json::to_value(shape).expect("shapes hold nothing that JSON cannot").to_string()
}
