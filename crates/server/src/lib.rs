//! The owner of a store and those who ask it: feeds that come in while an engine is live, routes and a socket that answer, and the
//! client on the other side. The only async; this crate must never know SQL, a format of messages, a terminal or the environment.
//!
//! **Invariant:** it holds no state that a restart needs: positions are in the store, with the messages they stand for, and so are keys.

#![warn(missing_docs)]

mod access;
pub mod ask;
mod client;
mod error;
pub mod feed;
mod gate;
mod local;
mod memory;
mod metrics;
mod refusal;
mod request;
mod routes;
mod serve;
mod service;
mod skew;
mod socket;
pub mod wire;

pub use client::Client;
pub use error::{Error, Result};
pub use memory::{Local, Memory, Reply, Shape, Taken, Verdict};
pub use routes::description;
pub use serve::{Owner, ServeOptions, check_unserved};
