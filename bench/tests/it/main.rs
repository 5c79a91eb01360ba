//! The proofs at the length that fits into every run of the tests, and live engines on disks that are full.

#![expect(clippy::unwrap_used, reason = "where a helper of a test fails, the test does")]
#![expect(clippy::print_stdout, reason = "a test tells why it was skipped")]

mod disk;
mod proofs;
