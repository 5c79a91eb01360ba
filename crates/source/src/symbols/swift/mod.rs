//! Swift: kinds of types, extensions, properties, tests.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site, bare_type, child};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_swift::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &[],
    attributes: &["attribute"],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        "class_declaration" => {
            let kind =
                draft.node.child_by_field_name("declaration_kind").map(|kind| site.dense(kind));
            draft.kind = match kind.as_deref() {
                Some("struct") => SymbolKind::Struct,
                Some("enum") => SymbolKind::Enum,
                Some("extension") => SymbolKind::Extension,
                _ => SymbolKind::Class,
            };
            let name = std::mem::take(&mut draft.name);
            draft.name_path(name.split('.').map(|part| part.split('<').next().unwrap_or_default()));
            draft.is_test |= child(draft.node, &["inheritance_specifier"])
                .is_some_and(|base| bare_type(&site.dense(base)) == "XCTestCase");
        }
        "function_declaration" => {
            if site.in_type() {
                draft.kind = SymbolKind::Method;
            }
            draft.is_test |= child(draft.node, &["modifiers"]).is_some_and(|modifiers| {
                site.text(modifiers).split_whitespace().any(|word| word == "@Test")
            }) || draft.kind == SymbolKind::Method
                && draft.name.starts_with("test");
        }
        "property_declaration" => {
            if site.in_function()
                || !matches!(site.parent_kind(), "source_file" | "class_body" | "enum_class_body")
            {
                return false;
            }
            if !site.in_type() {
                let binding = child(draft.node, &["value_binding_pattern"]);
                let is_let = binding.is_some_and(|binding| site.text(binding).contains("let"));
                draft.kind = if is_let { SymbolKind::Constant } else { SymbolKind::Variable };
            }
        }
        _ => {}
    }
    draft.name = draft.name.trim_matches('`').to_owned();
    true
}
