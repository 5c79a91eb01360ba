//! End-to-end tests of the program: each command as a person would run it, and what a crash or a full disk leaves.
#![expect(
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "a test ends where something is missing"
)]

mod commands;
mod crash;
mod disk;
mod harness;
mod hook;
mod purge;
mod runs;
mod secrets;
mod serving;
mod streams;
mod transcripts;
mod watching;
