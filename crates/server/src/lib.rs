//! What comes in while an engine is live: feeds of messages from files, pipes, requests and other servers. The only async;
//! this crate must never know SQL, a format of messages, a terminal or the environment.
//!
//! **Invariant:** it holds no state that a restart needs: positions are in the store, with the messages they stand for.

#![warn(missing_docs)]

mod error;
pub mod feed;

pub use error::{Error, Result};
