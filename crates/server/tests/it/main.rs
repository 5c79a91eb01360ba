//! Feeds against a live engine: what is sent is found, in its order, once, through every kind of interruption.
#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod back_pressure;
mod fetched;
mod place;
mod polled;
mod posted;
mod tailed;
mod watched;
