//! The store's behaviour through its public interface.

#![expect(clippy::unwrap_used, reason = "where a helper of a test fails, the test does")]
#![expect(clippy::print_stdout, reason = "a test tells why it was skipped")]

mod access;
mod append;
mod crash;
mod doctor;
mod export;
mod filter;
mod idempotent;
mod journal;
mod owner;
mod purge;
mod read;
mod runs;
mod sample;
mod sql;
