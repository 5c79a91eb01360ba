//! Ruby: singleton methods, attributes, methods and tests that are calls.

use std::sync::OnceLock;

use lichen_model::SymbolKind;

use super::draft::{Draft, Site, child};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_ruby::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: &[],
    attributes: &[],
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        "module" | "class" => {
            draft.body = draft.body.or_else(|| child(draft.node, &[";", "end"]));
            let name = std::mem::take(&mut draft.name);
            draft.name_path(name.split("::"));
            draft.is_test |= draft.kind == SymbolKind::Class && draft.name.ends_with("Test");
        }
        // `class << self` names nothing.
        "singleton_class" if draft.name == "self" => draft.inner = Some(Vec::new()),
        "method" => {
            draft.body = draft.body.or_else(|| child(draft.node, &[";", "end"]));
            if site.in_type()
                || site.container.is_some_and(|container| container.kind == SymbolKind::Module)
            {
                draft.kind = SymbolKind::Method;
            }
            draft.is_test |= draft.name.starts_with("test_");
            if draft.name == "initialize" {
                draft.kind = SymbolKind::Constructor;
            }
        }
        "singleton_method" => {
            draft.body = draft.body.or_else(|| child(draft.node, &[";", "end"]));
            let of = draft.scope_nodes.first().map(|of| site.dense(*of)).unwrap_or_default();
            if of != "self" {
                draft.scope.push(of);
            }
        }
        "assignment" => {
            let name = std::mem::take(&mut draft.name);
            draft.name_path(name.split("::"));
            let value = draft.body.map(|body| site.text(body)).unwrap_or_default();
            let makes = ["Class.new", "Struct.new", "Data.define"]
                .iter()
                .any(|make| value.starts_with(make));
            if makes {
                draft.kind = SymbolKind::Class;
            }
        }
        "simple_symbol" => {
            let call = draft.scope_nodes.first().map(|of| site.text(*of)).unwrap_or_default();
            draft.name = draft.name.trim_start_matches(':').to_owned();
            return call.starts_with("attr_") || call == "attribute" || call == "cattr_accessor";
        }
        "call" => return call(draft, site),
        _ => {}
    }
    true
}

fn call(draft: &mut Draft<'_>, site: &Site<'_, '_>) -> bool {
    let called = draft.scope_nodes.first().map(|of| site.text(*of)).unwrap_or_default();
    let name = draft.name.trim_start_matches(':').trim_matches(['"', '\'']).to_owned();
    match called.as_ref() {
        "define_method" | "define_singleton_method" => draft.kind = SymbolKind::Method,
        "describe" | "context" | "it" | "specify" | "feature" | "scenario" | "test"
        | "shared_examples" => {
            draft.is_test = true;
        }
        _ => return false,
    }
    draft.name = name;
    true
}
