//! The store's behaviour through its public interface.

mod append;
mod crash;
mod doctor;
mod export;
mod filter;
mod idempotent;
mod owner;
mod read;
mod sample;
mod sql;
