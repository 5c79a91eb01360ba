//! Go: receivers, tests, what only a package holds.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site, bare_type, child};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_go::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &["type_declaration", "const_declaration", "var_declaration", "var_spec_list"],
    attributes: &[],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.kind {
        SymbolKind::Module => draft.is_file_scope = true,
        SymbolKind::Method => {
            let receiver = draft.node.child_by_field_name("receiver");
            if let Some(parameter) =
                receiver.and_then(|list| child(list, &["parameter_declaration"]))
                && let Some(of) = parameter.child_by_field_name("type")
            {
                draft.scope.push(bare_type(&site.dense(of)));
            }
        }
        SymbolKind::Function => {
            let tests = ["Test", "Benchmark", "Example", "Fuzz"].iter().any(|prefix| {
                draft
                    .name
                    .strip_prefix(prefix)
                    .is_some_and(|rest| !rest.starts_with(char::is_lowercase))
            });
            let parameters = draft.node.child_by_field_name("parameters");
            let of_testing = parameters.is_some_and(|list| {
                let text = site.dense(list);
                text == "()" && draft.name.starts_with("Example") || text.contains("*testing.")
            });
            draft.is_test |= tests && of_testing;
        }
        SymbolKind::Constant | SymbolKind::Variable => {
            draft.is_container = false;
            return !site.in_function() && draft.name != "_";
        }
        _ => {}
    }
    true
}
