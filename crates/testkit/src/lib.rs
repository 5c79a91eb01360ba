//! Development only: a clock that tests own, toy repositories, naive oracles; no shipped crate may depend on it.

mod clock;
pub mod repo;

pub use clock::FakeClock;
