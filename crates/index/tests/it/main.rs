//! The index through its public door.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod corpus;
mod damage;
mod life;
mod models;
mod texts;
mod vectors;
