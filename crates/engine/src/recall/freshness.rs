//! How a recalled passage of a document stands to the work tree now: told by its content, never guessed.

use std::path::Path;

use lichen_model::Document;
use lichen_source::documents::{self, Now};
use lichen_source::redact::Redactor;

use super::answer::Flag;

/// `None` where the passage stands at its line still, or where nothing can be told.
pub(super) fn flag(
    folder: &Path,
    document: &Document,
    text: &str,
    line: u32,
    redactor: &Redactor,
) -> Option<Flag> {
    let now = match documents::now(folder, document, Some(redactor)) {
        Now::Text(now) => now,
        Now::Gone => return Some(Flag::Gone),
        Now::Unknown => return None,
    };
    // White space at the end of a passage is what editors trim, and says nothing.
    let text = text.trim_end();
    let mut lines =
        now.match_indices(text).map(|(at, _)| now[..at].matches('\n').count() + 1).peekable();
    if lines.peek().is_none() {
        return Some(Flag::Stale);
    }
    (!lines.any(|at| at == line as usize)).then_some(Flag::Moved)
}
