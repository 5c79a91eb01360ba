//! Scala: packages, members, extensions, anonymous classes, tests that are calls.

use std::sync::OnceLock;

use lichen_model::SymbolKind;
use tree_sitter::Node;

use super::draft::{Draft, Site, bare_type};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_scala::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &["enum_case_definitions"],
    attributes: &["annotation"],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        "package_clause" => {
            draft.name.retain(|char| !char.is_whitespace());
            draft.is_file_scope = draft.body.is_none();
            let mut inner = Vec::new();
            if draft.is_file_scope {
                inner.extend_from_slice(site.file_scope);
                draft.scope.extend_from_slice(site.file_scope);
            }
            inner.extend(draft.name.split('.').map(str::to_owned));
            draft.inner = Some(inner);
        }
        "extension_definition" => {
            // `(text: String)`: the type that gets new members.
            let of = draft
                .scope_nodes
                .first()
                .map(|parameters| site.dense(*parameters))
                .unwrap_or_default();
            let of =
                of.trim_matches(['(', ')']).split_once(':').map_or("", |(_, of)| of).to_owned();
            draft.name = bare_type(&of);
            draft.name_node = draft.scope_nodes.first().copied();
        }
        "instance_expression" => {
            let of =
                draft.node.named_child(0).map(|of| bare_type(&site.dense(of))).unwrap_or_default();
            format!("anonymous {of}").trim_end().clone_into(&mut draft.name);
        }
        "function_definition" | "function_declaration" => {
            if site.in_type() {
                draft.kind = SymbolKind::Method;
            }
            if draft.name == "this" {
                draft.kind = SymbolKind::Constructor;
            }
        }
        "val_definition" | "var_definition" => {
            let direct = matches!(
                site.parent_kind(),
                "compilation_unit" | "template_body" | "enum_body" | "with_template_body"
            );
            let is_val = draft.node.kind() == "val_definition";
            if is_val && site.container.is_none_or(|container| container.kind == SymbolKind::Object)
            {
                draft.kind = SymbolKind::Constant;
            } else if !site.in_type() {
                draft.kind = SymbolKind::Variable;
            }
            return direct && !site.in_function();
        }
        "call_expression" => return test(draft, site),
        _ => {}
    }
    draft.name = draft.name.trim_matches('`').to_owned();
    true
}

fn test(draft: &mut Draft<'_>, site: &Site<'_, '_>) -> bool {
    let called = draft.scope_nodes.first().map(|of: &Node<'_>| site.text(*of)).unwrap_or_default();
    draft.name = draft.name.trim_matches('"').to_owned();
    draft.is_test = true;
    matches!(called.as_ref(), "test" | "it" | "describe" | "property" | "ignore")
}
