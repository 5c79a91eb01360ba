//! The store's behaviour through its public interface.

mod append;
mod sample;
