//! Purging: facts are written anew without some of their text, into a fresh file that takes the old one's place.
//!
//! DuckDB keeps what was deleted or updated in free blocks, so no statement takes a text off the disk. A purge therefore
//! surveys what changes, copies everything into a file beside the old one, proves the copy, and renames it. Ids that
//! come from texts are derived anew, and all that names them follows: taking the same sources in again changes nothing.
//!
//! **Invariant:** at every moment the data file is whole, the old one or the new one.
//! **Invariant:** `seq` and all that does not come from a changed text stays.

mod copy;
mod ids;
mod left;
mod marks;
mod stage;
mod survey;

use std::ops::Range;
use std::path::{Path, PathBuf};

use lichen_model::{PassageKind, TextHash};

use crate::error::{Doing, Result};
pub use copy::PurgeStep;
pub use marks::PurgedText;
pub use survey::{Left, Renamed, Survey};

/// The copy's name in the store's folder, until it takes the data file's place.
const FRESH: &str = "lichen.duckdb.fresh";

/// What texts are to be. Only what the purge is about is replaced; everything else stays byte for byte.
pub trait Rewrite {
    /// The text as it is to be; `None` where it stays.
    fn text(&self, text: &str) -> Option<Rewritten>;
    /// JSON as it is to be: it stays JSON.
    fn json(&self, json: &str) -> Option<String>;
    /// Fields of a message as JSON, of which some name places in its text.
    fn fields(&self, json: &str, text: Option<&Rewritten>) -> Option<String>;
    /// Words that were made from a text, as titles and contexts are. Where `cut`, the text they were made from changes, and
    /// what is replaced there may stand in them with its end cut off.
    fn words(&self, words: &str, cut: bool) -> Option<String>;
    /// All texts were read once, and all that is to be replaced is known from then on.
    fn settle(&mut self);
    /// Whether what is purged stands in these bytes.
    fn holds(&self, bytes: &[u8]) -> bool;
    /// Tokens of a text.
    fn tokens(&mut self, text: &str) -> u32;
    /// The hash under which a remote model's vector of a passage is kept.
    fn embedded(&self, kind: PassageKind, context: &str, text: &str) -> TextHash;
}

/// A text as it is to be, and how places in it move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// The text.
    pub text: String,
    /// The rounds in which it came from the stored one: of each the bytes that were replaced, in order, and how many took
    /// their place.
    pub rounds: Vec<Vec<(Range<usize>, usize)>>,
}

impl Rewritten {
    /// Where byte `at` of the stored text is now. What lay inside of something that was replaced is behind what took its
    /// place.
    pub fn place_of(&self, at: usize) -> usize {
        self.rounds.iter().fold(at, |at, round| {
            let before = round.iter().take_while(|(span, _)| span.start < at);
            let (mut gone, mut come, mut at) = (0, 0, at);
            for (span, new) in before {
                gone += span.len();
                come += new;
                at = at.max(span.end);
            }
            at - gone + come
        })
    }
}

/// Removes what a purge left that did not come to its end: the data file is whole without it.
pub(crate) fn sweep(dir: &Path) -> Result<()> {
    for path in fresh_files(dir) {
        match fs_err::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).doing("remove the copy of a purge that did not end");
            }
            _ => {}
        }
    }
    Ok(())
}

/// The copy and its log.
fn fresh_files(dir: &Path) -> [PathBuf; 2] {
    [dir.join(FRESH), dir.join(format!("{FRESH}.wal"))]
}

#[cfg(test)]
mod tests;
