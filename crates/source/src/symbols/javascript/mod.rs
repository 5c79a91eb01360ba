//! JavaScript: functions that are values, what they are kept in, tests that are calls.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site, child};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_javascript::LANGUAGE,
    queries: &[include_str!("query.scm"), include_str!("fields.scm")],
    wrappers: WRAPPERS,
    attributes: ATTRIBUTES,
    refine,
    compiled: OnceLock::new(),
};

pub(super) const WRAPPERS: &[&str] = &[
    "lexical_declaration",
    "variable_declaration",
    "export_statement",
    "expression_statement",
    "ambient_declaration",
];
pub(super) const ATTRIBUTES: &[&str] = &["decorator"];

pub(super) fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        "variable_declarator" if draft.kind == SymbolKind::Variable => {
            return variable(draft, site);
        }
        "assignment_expression" => return assigned(draft),
        "call_expression" => return test(draft, site),
        "export_statement" => "default".clone_into(&mut draft.name),
        "function_expression" | "generator_function" | "class" => {
            let kept = [
                "variable_declarator",
                "assignment_expression",
                "pair",
                "field_definition",
                "public_field_definition",
            ];
            if kept.contains(&site.parent_kind()) {
                return false;
            }
        }
        _ => draft.name = unquoted(&draft.name),
    }
    if draft.kind == SymbolKind::Method && draft.name == "constructor" {
        draft.kind = SymbolKind::Constructor;
    }
    true
}

fn variable(draft: &mut Draft<'_>, site: &Site<'_, '_>) -> bool {
    let of_module = |kind: &str| {
        WRAPPERS.contains(&kind)
            || matches!(kind, "program" | "internal_module" | "module" | "statement_block")
    };
    let is_const = site.parent().is_some_and(|parent| child(parent, &["const"]).is_some());
    if is_const {
        draft.kind = SymbolKind::Constant;
    }
    site.ancestors.iter().all(|node| of_module(node.kind()))
}

/// `exports.a`, `A.prototype.b`, `this.c`: what leads to the name is its scope, but for what every module has.
fn assigned(draft: &mut Draft<'_>) -> bool {
    let left = draft.name.split_whitespace().collect::<String>();
    if left.contains(['(', '[', '"', '\'']) {
        return false;
    }
    let everywhere = |part: &&str| {
        matches!(*part, "module" | "exports" | "this" | "window" | "globalThis" | "self" | "global")
    };
    let mut parts =
        left.split('.').skip_while(everywhere).filter(|part| *part != "prototype").peekable();
    draft.name.clear();
    if parts.peek().is_none() {
        "exports".clone_into(&mut draft.name);
    } else {
        draft.name_path(parts);
    }
    if left.contains('.') && draft.kind == SymbolKind::Function && !left.contains("exports") {
        draft.kind = SymbolKind::Method;
    }
    true
}

fn test(draft: &mut Draft<'_>, site: &Site<'_, '_>) -> bool {
    let Some(callee) = draft.scope_nodes.first() else { return false };
    let callee = site.text(*callee);
    let called = callee.split(['.', '(']).next().unwrap_or_default();
    let is_test = matches!(
        called,
        "it" | "test"
            | "describe"
            | "context"
            | "suite"
            | "specify"
            | "fit"
            | "xit"
            | "fdescribe"
            | "xdescribe"
            | "bench"
    );
    draft.name = unquoted(&draft.name);
    draft.is_test = true;
    is_test
}

/// Without the quotes of a string.
pub(super) fn unquoted(name: &str) -> String {
    name.trim_matches(|char| matches!(char, '"' | '\'' | '`')).to_owned()
}
