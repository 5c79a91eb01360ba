//! Python: methods, constants, tests.

use std::sync::OnceLock;

use lichen_model::SymbolKind;
use tree_sitter::Node;

use super::draft::{Draft, Site};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_python::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &["decorated_definition", "expression_statement"],
    attributes: &["decorator"],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    if matches!(draft.kind, SymbolKind::Function | SymbolKind::Class) {
        draft.doc = draft.body.and_then(documentation);
    }
    match draft.kind {
        SymbolKind::Function => {
            if site.in_type() {
                draft.kind = match draft.name.as_str() {
                    "__init__" | "__new__" => SymbolKind::Constructor,
                    _ => SymbolKind::Method,
                };
            }
            draft.is_test |= draft.name.starts_with("test_")
                || (draft.name.starts_with("test") && site.in_type());
            true
        }
        SymbolKind::Class => {
            let bases = draft.node.child_by_field_name("superclasses");
            draft.is_test |= bases.is_some_and(|bases| site.text(bases).contains("TestCase"))
                || draft.name.starts_with("Test");
            true
        }
        SymbolKind::Variable => variable(draft, site),
        _ => true,
    }
}

/// The string that a body begins with.
fn documentation(body: Node<'_>) -> Option<Node<'_>> {
    let first = body.named_child(0)?;
    let only = first.named_child(0)?;
    (first.kind() == "expression_statement"
        && first.named_child_count() == 1
        && only.kind() == "string")
        .then_some(first)
}

/// Keeps what a module or a class holds: an assignment right in it, or under a condition.
fn variable(draft: &mut Draft<'_>, site: &Site<'_, '_>) -> bool {
    let statement = |kind: &str| {
        matches!(
            kind,
            "module"
                | "expression_statement"
                | "block"
                | "class_definition"
                | "decorated_definition"
                | "if_statement"
                | "elif_clause"
                | "else_clause"
                | "try_statement"
                | "except_clause"
        )
    };
    let mut above = site.ancestors.iter().rev().map(Node::kind);
    let direct = above.by_ref().take_while(|kind| *kind != "class_definition").all(statement);
    draft.is_container = false;
    if site.in_type() {
        draft.kind = SymbolKind::Field;
    } else if draft.name.chars().any(char::is_uppercase)
        && !draft.name.chars().any(char::is_lowercase)
    {
        draft.kind = SymbolKind::Constant;
    }
    direct && !site.in_function()
}
