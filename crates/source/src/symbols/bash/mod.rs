//! Bash: functions, and what a script sets outside of them.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_bash::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &["declaration_command"],
    attributes: &[],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    if draft.kind == SymbolKind::Variable {
        draft.is_container = false;
        let command = site.parent().filter(|parent| parent.kind() == "declaration_command");
        if command.is_some_and(|command| site.text(command).starts_with("readonly")) {
            draft.kind = SymbolKind::Constant;
        }
    }
    // What shUnit2 and Bats' older files run.
    draft.is_test |= draft.kind == SymbolKind::Function && draft.name.starts_with("test_");
    true
}
