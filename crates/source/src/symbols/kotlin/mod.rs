//! Kotlin: kinds of classes, extension functions, properties, tests.

use std::sync::OnceLock;

use lichen_model::SymbolKind;
use tree_sitter::Node;

use super::draft::{Draft, Site, bare_type, child, children};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_kotlin_ng::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &[],
    attributes: &["annotation"],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        "package_header" => {
            draft.is_file_scope = true;
            draft.name.retain(|char| !char.is_whitespace());
            draft.inner = Some(draft.name.split('.').map(str::to_owned).collect());
        }
        "class_declaration" => draft.kind = class_kind(draft.node, site),
        "companion_object" => {
            draft.name = draft
                .scope_nodes
                .first()
                .map_or_else(|| "Companion".to_owned(), |name| site.dense(*name));
            draft.name_node = draft.scope_nodes.first().copied();
        }
        "object_literal" => {
            let of =
                child(draft.node, &["delegation_specifiers"]).map(|of| bare_type(&site.dense(of)));
            format!("anonymous {}", of.unwrap_or_default()).trim_end().clone_into(&mut draft.name);
        }
        "secondary_constructor" => "constructor".clone_into(&mut draft.name),
        "function_declaration" => {
            if site.in_type() {
                draft.kind = SymbolKind::Method;
            }
            draft.scope.extend(receiver(draft, site));
            draft.is_test |= modifiers(draft.node).is_some_and(|modifiers| {
                children(modifiers, GRAMMAR.attributes)
                    .into_iter()
                    .any(|annotation| is_test(&site.dense(annotation)))
            });
        }
        "property_declaration" => return property(draft, site),
        "type_alias" => draft.body = child(draft.node, &["="]),
        _ => {}
    }
    draft.name = draft.name.trim_matches('`').to_owned();
    true
}

fn modifiers(node: Node<'_>) -> Option<Node<'_>> {
    child(node, &["modifiers"])
}

fn class_kind(node: Node<'_>, site: &Site<'_, '_>) -> SymbolKind {
    let modified = |word: &str| {
        modifiers(node).is_some_and(|modifiers| {
            children(modifiers, &["class_modifier"])
                .into_iter()
                .any(|modifier| site.text(modifier) == word)
        })
    };
    if child(node, &["interface"]).is_some_and(|child| !child.is_missing()) {
        SymbolKind::Interface
    } else if child(node, &["enum", "enum_class_body"]).is_some_and(|child| !child.is_missing())
        || modified("enum")
    {
        SymbolKind::Enum
    } else if modified("annotation") {
        SymbolKind::Annotation
    } else {
        SymbolKind::Class
    }
}

/// The type that a function or property extends.
fn receiver(draft: &Draft<'_>, site: &Site<'_, '_>) -> Option<String> {
    let name = draft.name_node?;
    let types = ["user_type", "nullable_type", "parenthesized_type", "function_type"];
    let before =
        children(draft.node, &types).into_iter().find(|of| of.end_byte() <= name.start_byte())?;
    Some(bare_type(&site.dense(before)))
}

fn property(draft: &mut Draft<'_>, site: &Site<'_, '_>) -> bool {
    if site.in_function()
        || !matches!(site.parent_kind(), "source_file" | "class_body" | "enum_class_body")
    {
        return false;
    }
    draft.body = child(draft.node, &["=", "property_delegate", "getter", "setter"]);
    draft.scope.extend(receiver(draft, site));
    let is_const = modifiers(draft.node).is_some_and(|modifiers| {
        children(modifiers, &["property_modifier"])
            .into_iter()
            .any(|modifier| site.text(modifier) == "const")
    });
    if is_const {
        draft.kind = SymbolKind::Constant;
    } else if !site.in_type() {
        draft.kind = SymbolKind::Variable;
    }
    draft.name = draft.name.trim_matches('`').to_owned();
    true
}

fn is_test(annotation: &str) -> bool {
    let name = annotation.trim_start_matches('@').split('(').next().unwrap_or_default();
    matches!(
        name.rsplit('.').next(),
        Some("Test" | "ParameterizedTest" | "RepeatedTest" | "TestFactory")
    )
}
