//! C: names deep in declarators.

use std::sync::OnceLock;

use lichen_model::SymbolKind;
use tree_sitter::Node;

use super::draft::{Draft, Site, children};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_c::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: WRAPPERS,
    attributes: ATTRIBUTES,
    refine,
    compiled: OnceLock::new(),
};

pub(super) const WRAPPERS: &[&str] = &["declaration", "template_declaration"];
pub(super) const ATTRIBUTES: &[&str] = &[
    "attribute_specifier",
    "attribute_declaration",
    "ms_declspec_modifier",
    "field_initializer_list",
];
/// Nodes around a name; what they say belongs to its type.
const AROUND: [&str; 8] = [
    "function_declarator",
    "pointer_declarator",
    "array_declarator",
    "parenthesized_declarator",
    "attributed_declarator",
    "reference_declarator",
    "init_declarator",
    "variadic_declarator",
];

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        "function_definition" => {
            let Some(found) = draft.scope_nodes.first().and_then(|node| declared(*node)) else {
                return false;
            };
            draft.name = site.dense(found.name);
            draft.name_node = Some(found.name);
            !is_keyword(&draft.name)
        }
        "type_definition" => {
            let Some(found) = draft.name_node.and_then(declared) else { return false };
            draft.name = site.dense(found.name);
            draft.name_node = Some(found.name);
            draft.body = draft.body.or_else(|| type_body(draft.node));
            true
        }
        _ if draft.kind == SymbolKind::Variable => variable(draft, site),
        _ => true,
    }
}

/// What the recovery from an error takes for a function.
pub(super) fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "if" | "else"
            | "for"
            | "while"
            | "do"
            | "switch"
            | "case"
            | "return"
            | "goto"
            | "sizeof"
            | "int"
            | "char"
            | "long"
            | "short"
            | "void"
            | "unsigned"
            | "signed"
            | "float"
            | "double"
            | "const"
            | "static"
            | "struct"
            | "union"
            | "enum"
    )
}

/// The body of the type that a declaration defines on its way.
pub(super) fn type_body(declaration: Node<'_>) -> Option<Node<'_>> {
    declaration.child_by_field_name("type")?.child_by_field_name("body")
}

/// A name in a declarator.
pub(super) struct Declared<'tree> {
    pub(super) name: Node<'tree>,
    /// Whether it is a function's: `f(...)`, and not `(*f)(...)`.
    pub(super) is_function: bool,
}

/// The name that a declarator declares.
pub(super) fn declared(mut node: Node<'_>) -> Option<Declared<'_>> {
    let mut is_function = false;
    while AROUND.contains(&node.kind()) {
        is_function = match node.kind() {
            "function_declarator" => true,
            "parenthesized_declarator" => is_function,
            "pointer_declarator" | "array_declarator" => false,
            _ => is_function,
        };
        node = node.child_by_field_name("declarator").or_else(|| {
            let mut cursor = node.walk();
            node.named_children(&mut cursor).find(|child| {
                AROUND.contains(&child.kind())
                    || child.kind().ends_with("identifier")
                    || child.kind().ends_with("_name")
            })
        })?;
    }
    Some(Declared { name: node, is_function })
}

/// Keeps what a file defines: neither prototypes nor what is elsewhere nor what lives in a function.
pub(super) fn variable<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    let of_file = |kind: &str| {
        matches!(
            kind,
            "translation_unit"
                | "declaration"
                | "declaration_list"
                | "linkage_specification"
                | "namespace_definition"
                | "template_declaration"
        ) || kind.starts_with("preproc_")
    };
    let Some(found) = draft.scope_nodes.first().and_then(|node| declared(*node)) else {
        return false;
    };
    draft.name = site.dense(found.name);
    draft.name_node = Some(found.name);
    draft.is_container = false;
    draft.body = site.parent().and_then(type_body).or(draft.body);
    let words = site
        .parent()
        .map(|parent| children(parent, &["storage_class_specifier", "type_qualifier"]));
    let has = |word: &str| words.iter().flatten().any(|node| site.text(*node) == word);
    if has("const") || has("constexpr") {
        draft.kind = SymbolKind::Constant;
    }
    let elsewhere = has("extern") && draft.body.is_none();
    !found.is_function && !elsewhere && site.ancestors.iter().all(|node| of_file(node.kind()))
}
