//! Finding what texts say of code: links, diffs, stack frames, paths with and without lines, commits, issues, symbols; and what of
//! a repository they mean.
//!
//! [`detect`] looks nothing up: a mention says what a text seems to name. [`resolve()`] asks a repository ([`Code`], [`Snapshot`]) at
//! the commit that was current when the text was written ([`Heads`]). Detectors are asked in the order of [`Detector`]; what one has found is left alone by those after it, so that the
//! hash in a link is no commit and the file in a stack frame no path of its own.

mod as_of;
mod code;
mod commits;
pub mod eval;
mod frames;
mod hunks;
mod issues;
mod links;
mod names;
mod paths;
mod remote;
mod resolve;
mod snapshot;
mod structured;
mod wrote;

use std::ops::Range;

use lichen_model::{Detector, Mention, Named};

use crate::redact;

pub use as_of::{Evidence, Heads, recorded};
pub use code::{Changed, Code, Definition, Entry};
pub use remote::{Forge, Remote};
pub use resolve::{RESOLVER_VERSION, Setting, resolve};
pub use snapshot::{Defined, Definitions, Parsed, Snapshot, defined};
pub use structured::{Field, in_call};
pub use wrote::{Edit, Edits, edits, wrote};

/// Bytes of a text that are searched: what is longer is no speech, but something that was pasted.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Bytes of a line that are searched.
const LINE_BYTES_MAX: usize = 4000;

/// The mentions in `text`, in order, none over another.
pub fn detect(text: &str) -> Vec<Mention> {
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let mut found = Found::new(text);
    links::detect(text, &mut found);
    hunks::detect(text, &mut found);
    frames::detect(text, &mut found);
    paths::detect(text, &mut found);
    commits::detect(text, &mut found);
    issues::detect(text, &mut found);
    names::detect(text, &mut found);
    found.mentions.sort_by_key(|mention| mention.span.start);
    found.mentions
}

/// What was found so far.
struct Found {
    mentions: Vec<Mention>,
    /// Stretches of the text that are taken, by their starts: none touches another.
    taken: std::collections::BTreeMap<usize, usize>,
}

impl Found {
    fn new(text: &str) -> Self {
        let mut found = Self { mentions: Vec::new(), taken: std::collections::BTreeMap::new() };
        // What stands for a secret ends like an object id.
        for placeholder in redact::placeholders(text) {
            found.take(placeholder);
        }
        found
    }

    /// Whether anything of `span` is taken.
    fn is_taken(&self, span: &Range<usize>) -> bool {
        self.taken.range(..span.end).next_back().is_some_and(|(_, &end)| end > span.start)
    }

    /// Takes `span` so that nobody finds anything in it.
    fn take(&mut self, span: Range<usize>) {
        if !span.is_empty() {
            self.taken.insert(span.start, span.end);
        }
    }

    /// Notes a mention, unless some of it is taken; tells whether it was noted.
    fn add(&mut self, span: Range<usize>, detector: Detector, named: Named) -> bool {
        if span.is_empty() || self.is_taken(&span) {
            return false;
        }
        let place = |byte: usize| u32::try_from(byte).expect("a text is below its limit");
        self.mentions.push(Mention { span: place(span.start)..place(span.end), detector, named });
        self.take(span);
        true
    }
}

/// The lines of `text` with where they begin, without their ends; those that are too long are left out.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line.trim_end_matches(['\n', '\r'])))
        })
        .filter(|(_, line)| line.len() <= LINE_BYTES_MAX)
}

/// The character before a byte of `text`.
fn before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back()
}

/// The character at a byte of `text`.
fn after(text: &str, at: usize) -> Option<char> {
    text[at..].chars().next()
}

/// Whether a character can be part of a name in code.
fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests;
