//! Java: packages, anonymous classes, constants, tests.

use std::sync::OnceLock;

use lichen_model::SymbolKind;
use tree_sitter::Node;

use super::draft::{Draft, Site, bare_type, child, children};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_java::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &["field_declaration", "constant_declaration"],
    attributes: &["annotation", "marker_annotation"],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match (draft.kind, draft.node.kind()) {
        (SymbolKind::Module, "package_declaration") => {
            draft.is_file_scope = true;
            draft.name.retain(|char| !char.is_whitespace());
            draft.inner = Some(draft.name.split('.').map(str::to_owned).collect());
        }
        (_, "object_creation_expression") => {
            draft.name = format!("anonymous {}", bare_type(&draft.name));
        }
        (SymbolKind::Method, _) => {
            let annotated = modifiers(draft.node).is_some_and(|modifiers| {
                children(modifiers, GRAMMAR.attributes).into_iter().any(|annotation| {
                    let name = annotation.child_by_field_name("name");
                    name.is_some_and(|name| is_test(&site.text(name)))
                })
            });
            // JUnit 3 went by names alone.
            let field = |name: &str, text: &str| {
                draft.node.child_by_field_name(name).is_some_and(|node| site.text(node) == text)
            };
            let named = draft.name.starts_with("test")
                && field("type", "void")
                && field("parameters", "()");
            draft.is_test |= annotated || named;
        }
        (SymbolKind::Field, _) => {
            let modifiers = site.parent().and_then(modifiers);
            let modifiers = modifiers.map(|modifiers| site.text(modifiers)).unwrap_or_default();
            let has = |word: &str| modifiers.split_whitespace().any(|modifier| modifier == word);
            if has("static") && has("final") {
                draft.kind = SymbolKind::Constant;
            }
        }
        _ => {}
    }
    true
}

fn modifiers(node: Node<'_>) -> Option<Node<'_>> {
    child(node, &["modifiers"])
}

fn is_test(annotation: &str) -> bool {
    matches!(
        annotation.rsplit('.').next(),
        Some("Test" | "ParameterizedTest" | "RepeatedTest" | "TestFactory" | "TestTemplate")
    )
}
