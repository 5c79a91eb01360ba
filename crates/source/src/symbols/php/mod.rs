//! PHP: namespaces, anonymous classes, properties, tests.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site, bare_type, child};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_php::LANGUAGE_PHP,
    queries: &[include_str!("query.scm")],
    wrappers: &["const_declaration", "property_declaration", "expression_statement"],
    attributes: &["attribute_list"],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        "namespace_definition" => {
            draft.inner = Some(draft.name.split('\\').map(str::to_owned).collect());
            draft.name = draft.name.replace('\\', ".");
            draft.is_file_scope = draft.body.is_none();
        }
        "anonymous_class" => {
            let base = ["base_clause", "class_interface_clause"]
                .iter()
                .find_map(|kind| child(draft.node, &[kind]))
                .and_then(|clause| clause.named_child(0));
            let base = base.map(|base| bare_type(&site.dense(base))).unwrap_or_default();
            format!("anonymous {base}").trim_end().clone_into(&mut draft.name);
        }
        "method_declaration" => {
            if draft.name == "__construct" {
                draft.kind = SymbolKind::Constructor;
            }
            let attributes = draft.node.child_by_field_name("attributes");
            let attributes = attributes.map(|list| site.dense(list)).unwrap_or_default();
            draft.is_test |= draft.name.starts_with("test") || attributes.starts_with("#[Test");
        }
        "const_element" => draft.body = child(draft.node, &["="]),
        "assignment_expression" if site.in_function() => return false,
        _ => {}
    }
    draft.name = draft.name.trim_start_matches(['$', '&']).to_owned();
    true
}
