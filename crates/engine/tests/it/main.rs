//! The engine's behaviour through its public interface.

#![expect(clippy::unwrap_used, reason = "where a helper of a test fails, the test does")]

mod code;
mod conversation;
mod references;
mod runs;
mod symbols;
mod windows;
