//! Feeds against a live engine: what is sent is found, in its order, once, through every kind of interruption; and a store that is served
//! against all who ask it.
#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod back_pressure;
mod fetched;
mod gated;
mod keyed;
mod memory;
mod place;
mod polled;
mod posted;
mod served;
mod socketed;
mod spoken;
mod tailed;
mod watched;
