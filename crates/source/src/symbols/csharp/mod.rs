//! C#: namespaces, operators, explicit interfaces, constants, tests.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site, child, children};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_c_sharp::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &["variable_declaration", "field_declaration", "event_field_declaration"],
    attributes: &["attribute_list"],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        kind @ ("namespace_declaration" | "file_scoped_namespace_declaration") => {
            draft.name.retain(|char| !char.is_whitespace());
            draft.inner = Some(draft.name.split('.').map(str::to_owned).collect());
            draft.is_file_scope = kind.starts_with("file");
        }
        "destructor_declaration" => draft.name.insert(0, '~'),
        "operator_declaration" | "conversion_operator_declaration" => {
            draft.name.insert_str(0, "operator ");
        }
        "indexer_declaration" => "this[]".clone_into(&mut draft.name),
        "variable_declarator" => {
            draft.body = child(draft.node, &["="]);
            let field = site.ancestors.iter().rev().find(|node| node.kind() == "field_declaration");
            let words = field.map(|field| children(*field, &["modifier"])).unwrap_or_default();
            let has = |word: &str| words.iter().any(|node| site.text(*node) == word);
            if has("const") || has("static") && has("readonly") {
                draft.kind = SymbolKind::Constant;
            }
        }
        _ => {}
    }
    if let Some(of) = child(draft.node, &["explicit_interface_specifier"]) {
        draft.scope.push(site.dense(of).trim_end_matches('.').to_owned());
    }
    if draft.kind == SymbolKind::Method {
        draft.is_test |= children(draft.node, GRAMMAR.attributes)
            .into_iter()
            .flat_map(|list| children(list, &["attribute"]))
            .filter_map(|attribute| attribute.child_by_field_name("name"))
            .any(|name| is_test(&site.text(name)));
    }
    true
}

fn is_test(attribute: &str) -> bool {
    matches!(
        attribute.rsplit('.').next(),
        Some(
            "Test"
                | "TestCase"
                | "TestCaseSource"
                | "Fact"
                | "Theory"
                | "TestMethod"
                | "DataTestMethod"
                | "Benchmark"
        )
    )
}
