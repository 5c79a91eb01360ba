//! Symbols: what a blob defines, a pure function of its bytes, its language and the extractor's version.
//!
//! A grammar of tree-sitter parses the blob; a query of ours, one for each language, finds the definitions; one walk over the
//! tree names them by their nesting and measures their texts. What a query cannot say stands beside it in a few functions.
//! Blobs come from anyone, and grammars are C: sizes, nesting and work are bounded before and while a blob is parsed, and
//! [`Pool`] does it in child processes, so that a crash costs one blob.
//!
//! **Invariant:** nothing of one blob is left when the next is read; the limits count work, not time.

mod body;
mod codec;
mod draft;
mod find;
mod grammar;
mod guard;
mod language;
mod place;
mod pool;
mod signature;
mod tokens;
mod walk;
pub mod worker;

mod bash;
mod c;
mod cpp;
mod csharp;
mod go;
mod java;
mod javascript;
mod kotlin;
mod markdown;
mod php;
mod python;
mod ruby;
mod rust;
mod scala;
mod swift;
mod typescript;

use std::borrow::Cow;
use std::ops::ControlFlow;

use lichen_model::{Extraction, ExtractionStatus, Symbol};
use tree_sitter::{ParseOptions, Parser, Tree};

use grammar::Grammar;
use guard::Text;

use crate::redact::Redactor;

pub use language::Language;
pub use place::{around, byte_at};
pub use pool::{Allowance, Job, Outcome, Pool, Program};

/// Changes whenever the same bytes may give another extraction.
pub const EXTRACTOR_VERSION: u32 = 1;

/// What a blob may cost; beyond it only its status is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a blob.
    pub bytes_max: usize,
    /// Brackets that are open at once: the grammars' error recovery is quadratic in them.
    pub nesting_max: usize,
    /// Nodes of a tree.
    pub nodes_max: usize,
    /// Steps of the parser and the query for any blob,
    pub steps: usize,
    /// and for each KiB of it. A step is what lies between two calls that a parse makes to ask whether to go on.
    pub steps_per_kib: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: 2 << 20,
            nesting_max: 1_000,
            nodes_max: 2_000_000,
            steps: 20_000,
            steps_per_kib: 50,
        }
    }
}

impl Limits {
    const fn steps_max(&self, bytes: usize) -> usize {
        self.steps.saturating_add((bytes / 1024).saturating_mul(self.steps_per_kib))
    }
}

/// What a blob in `language` defines.
pub fn extract(bytes: &[u8], language: Language, limits: &Limits) -> Extraction {
    let text = match guard::text(bytes, language, limits) {
        Ok(text) => text,
        Err(status) => {
            return Extraction {
                lines: guard::lines(bytes, status),
                ..Extraction::without_symbols(status)
            };
        }
    };
    let mut extraction = match language.grammar() {
        Some(grammar) => parsed(&text, grammar, limits),
        None => markdown::extract(&text),
    };
    extraction.encoding = text.encoding;
    extraction.lines = text.lines();
    text.place_in_blob(&mut extraction.symbols);
    extraction
}

/// The text of a blob as lines are counted in it: without a mark, and UTF-16 as UTF-8; empty for what is no text.
pub(crate) fn decoded(blob: &[u8]) -> Cow<'_, [u8]> {
    guard::decode(blob).map_or(Cow::Borrowed(&[]), |text| text.bytes)
}

/// Takes secrets out of what is told of symbols: a signature shows default values, a test's name is free text. Hashes stay.
pub fn redact(extraction: &mut Extraction, redactor: &Redactor) {
    extraction.symbols.iter_mut().for_each(|symbol| redact_symbol(symbol, redactor));
}

/// Takes secrets out of what is told of one symbol.
pub(crate) fn redact_symbol(symbol: &mut Symbol, redactor: &Redactor) {
    redactor.apply(&mut symbol.name);
    symbol.scope.iter_mut().for_each(|part| redactor.apply(part));
    redactor.apply(&mut symbol.signature);
}

fn parsed(text: &Text<'_>, grammar: &'static Grammar, limits: &Limits) -> Extraction {
    let source: &[u8] = &text.bytes;
    let mut steps_left = limits.steps_max(source.len());
    let Some(tree) = parse(source, grammar, &mut steps_left) else {
        return Extraction::without_symbols(ExtractionStatus::Timeout);
    };
    let root = tree.root_node();
    if root.descendant_count() > limits.nodes_max {
        return Extraction::without_symbols(ExtractionStatus::TooLarge);
    }
    let Some(symbols) = walk::symbols(root, source, grammar, &mut steps_left) else {
        return Extraction::without_symbols(ExtractionStatus::Timeout);
    };
    let status = if root.has_error() { ExtractionStatus::HasError } else { ExtractionStatus::Ok };
    Extraction { status, symbols, ..Extraction::default() }
}

fn parse(source: &[u8], grammar: &Grammar, steps_left: &mut usize) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&grammar.compiled().language).expect("the grammar's ABI is the library's");
    let mut progress = |_: &tree_sitter::ParseState| spend(steps_left);
    let options = ParseOptions::new().progress_callback(&mut progress);
    parser.parse_with_options(
        &mut |at, _| source.get(at..).unwrap_or_default(),
        None,
        Some(options),
    )
}

fn spend(steps_left: &mut usize) -> ControlFlow<()> {
    match steps_left.checked_sub(1) {
        Some(left) => {
            *steps_left = left;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    }
}

#[cfg(test)]
mod tests;
