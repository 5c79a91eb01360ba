//! TypeScript, with and without JSX: namespaces on top of what JavaScript has.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site};
use super::grammar::Grammar;
use super::javascript::{self, ATTRIBUTES, WRAPPERS};

const QUERIES: &[&str] = &[include_str!("../javascript/query.scm"), include_str!("query.scm")];

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
    queries: QUERIES,
    wrappers: WRAPPERS,
    attributes: ATTRIBUTES,
    refine,
    compiled: OnceLock::new(),
};

pub(super) static TSX: Grammar = Grammar {
    language: tree_sitter_typescript::LANGUAGE_TSX,
    queries: QUERIES,
    wrappers: WRAPPERS,
    attributes: ATTRIBUTES,
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    if !javascript::refine(draft, site) {
        return false;
    }
    if draft.kind == SymbolKind::Module {
        let name = std::mem::take(&mut draft.name);
        if name.contains('/') {
            draft.name = name;
        } else {
            draft.name_path(name.split('.'));
        }
    }
    true
}
