//! End-to-end tests of the program: each command as a person would run it, and what a crash or a full disk leaves.

mod commands;
mod crash;
mod disk;
mod harness;
