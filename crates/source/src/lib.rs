//! The outside world as model values: git, documents, chats, agents' transcripts.
//!
//! Every source is a reader that is pulled: [`Read::next_batch`] yields bounded [`Batch`](lichen_model::Batch)es of
//! facts, the passages cut from them, how far the source has been read, and what was wrong with it. A damaged entry
//! is a [`Problem`](lichen_model::Problem) and is skipped; the rest is kept. What is already known comes in as an
//! argument.
//!
//! This crate must never know a store, an index, SQL, the environment, the system's clock or a home directory.
//!
//! **Invariant:** the same input yields the same facts in the same order, however often it is read; a reader that is
//! dropped between two batches can be opened again and goes on from what was taken in.

pub mod documents;
pub mod git;
pub mod history;
pub mod lines;
pub mod messages;
pub mod passage;
pub mod redact;
pub mod references;
pub mod symbols;

mod error;
mod reader;
mod tar_file;
mod zip_file;

pub use error::{Error, Result};
pub use reader::{Estimate, Read, Unit};
