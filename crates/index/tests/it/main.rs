//! The index through its public door.

mod corpus;
mod damage;
mod life;
mod models;
mod texts;
mod vectors;
