//! Rust: impl blocks, methods, tests.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site, bare_type};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_rust::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &[],
    attributes: &["attribute_item", "inner_attribute_item"],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    let tested = site.attributes.iter().any(|attribute| is_test(&site.dense(*attribute)));
    draft.is_test |= tested;
    match draft.kind {
        SymbolKind::Extension => block(draft, site),
        SymbolKind::Function if site.in_type() => draft.kind = SymbolKind::Method,
        _ => {}
    }
    // `const _: () = ...` and the like say nothing of themselves.
    draft.name != "_"
}

/// An impl block is called after its type, and what a trait asks for stands under the trait.
fn block(draft: &mut Draft<'_>, site: &Site<'_, '_>) {
    let name = match bare_type(&draft.name) {
        name if name.is_empty() => {
            site.dense(draft.node.child_by_field_name("type").unwrap_or(draft.node))
        }
        name => name,
    };
    if let Some(of) = draft.node.child_by_field_name("trait") {
        let of = site.dense(of);
        let of = of
            .rsplit_once("::")
            .filter(|(path, _)| !path.contains('<'))
            .map_or(of.as_str(), |(_, of)| of)
            .to_owned();
        draft.inner = Some(vec![name.clone(), of.clone()]);
        draft.name = format!("{name} as {of}");
    } else {
        draft.inner = Some(vec![name.clone()]);
        draft.name = name;
    }
}

/// `#[test]`, `#[tokio::test]`, `#[rstest]`, `#[test_case(...)]`, `#[cfg(test)]`.
fn is_test(attribute: &str) -> bool {
    let inside = attribute.trim_start_matches("#[").trim_end_matches(']');
    let path = inside.split(['(', '=']).next().unwrap_or_default();
    matches!(
        path.rsplit("::").next(),
        Some("test" | "rstest" | "test_case" | "quickcheck" | "wasm_bindgen_test")
    ) || inside == "cfg(test)"
        || inside.starts_with("cfg(all(test,")
}
