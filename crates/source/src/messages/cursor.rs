//! Cursor: conversations in the database `<User>/globalStorage/state.vscdb`, and transcripts of agents in
//! `~/.cursor/projects/<project>/agent-transcripts/`.
//!
//! Nothing of it is documented. A conversation is the row `composerData:<id>`, which lists its bubbles; a bubble is the
//! row `bubbleId:<conversation>:<bubble>`: a person's words, or the model's words, thoughts or one use of a tool.
//! Conversations of before 2025 hold their bubbles themselves. Transcripts tell no times; a conversation that is in both
//! is read from the database.

mod bubble;
mod composer;
mod discover;
mod transcript;

use std::path::Path;

use super::agent::growing::Growing;
use super::{Format, sqlite};

/// The name of the format.
pub const NAME: &str = "cursor";

pub(super) const FORMAT: Format = Format {
    name: NAME,
    sniff,
    open: |source| {
        Ok(if transcript::is_transcript(&source.path) {
            let words = transcript::Transcript::open(source)?;
            Box::new(Growing::open(NAME, source, words)?)
        } else {
            Box::new(composer::open(source)?)
        })
    },
    discover: Some(discover::discover),
};

fn sniff(path: &Path, head: &[u8]) -> bool {
    if sqlite::is_database(head) {
        return composer::Rows::open(path).is_ok_and(|rows| rows.is_known());
    }
    transcript::is_transcript(path) && String::from_utf8_lossy(head).contains("\"role\"")
}
