//! Derived state: embeddings, vector search, full text and the columns that filters need. It must never know where
//! passages come from or are kept: deleting all of it loses time, never knowledge.
//!
//! **Invariant:** an index built at once and one built in any steps, sealed and opened in between, answer alike, to
//! the last bit.

mod columns;
pub mod embed;
mod error;
mod hit;
mod index;
mod manifest;
mod mask;
mod runs;
mod text;
mod vector;

pub use columns::{NO_AUTHOR, Row};
pub use embed::{Embedder, ModelKey, Vectors};
pub use error::{Error, Result};
pub use hit::Hit;
pub use index::{Entry, Finding, Index, Opened, Query, Search};
pub use text::{Bm25, Recipe, Similar, is_stop_word};
pub use vector::kernel::Kernel;
