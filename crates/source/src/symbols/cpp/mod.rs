//! C++: qualified names, members, what the macros of `GoogleTest` define.

use std::sync::OnceLock;

use lichen_model::SymbolKind;
use tree_sitter::Node;

use super::c::{self, ATTRIBUTES, WRAPPERS, declared, type_body};
use super::draft::{Draft, Site};
use super::grammar::Grammar;

pub(super) static GRAMMAR: Grammar = Grammar {
    language: tree_sitter_cpp::LANGUAGE,
    queries: &[include_str!("query.scm")],
    wrappers: WRAPPERS,
    attributes: ATTRIBUTES,
    refine,
    compiled: OnceLock::new(),
};

fn refine<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    match draft.node.kind() {
        "function_definition" | "field_declaration" => function(draft, site),
        "type_definition" => {
            let Some(found) = draft.name_node.and_then(declared) else { return false };
            take_name(draft, found.name, site);
            draft.body = draft.body.or_else(|| type_body(draft.node));
            true
        }
        _ if draft.kind == SymbolKind::Variable => {
            let kept = c::variable(draft, site);
            let path = std::mem::take(&mut draft.name);
            name_path(draft, &path);
            kept
        }
        "namespace_definition" if draft.name_node.is_none() => {
            "anonymous".clone_into(&mut draft.name);
            // It names nothing.
            draft.inner = Some(Vec::new());
            true
        }
        "namespace_definition"
        | "class_specifier"
        | "struct_specifier"
        | "union_specifier"
        | "enum_specifier" => {
            let path = draft.name.split_whitespace().collect::<String>();
            name_path(draft, &path);
            true
        }
        _ => true,
    }
}

fn take_name<'tree>(draft: &mut Draft<'tree>, name: Node<'tree>, site: &Site<'_, '_>) {
    // `operator new` and `operator bool` need their blank.
    let text = site.text(name);
    let words: Vec<&str> = text.split_whitespace().collect();
    // A macro before a name is taken for a part of it.
    let text = if text.contains("operator") {
        words.join(" ")
    } else {
        words.last().map_or_else(String::new, ToString::to_string)
    };
    name_path(draft, &text);
    draft.name_node = Some(innermost(name));
}

/// The last part of a qualified name.
fn innermost(mut name: Node<'_>) -> Node<'_> {
    while name.kind() == "qualified_identifier"
        && let Some(inner) = name.child_by_field_name("name")
    {
        name = inner;
    }
    name
}

/// `a::B<T>::c` is `c` in `B` in `a`.
fn name_path(draft: &mut Draft<'_>, path: &str) {
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    let mut depth = 0_usize;
    let (scope, operator) = match path.find("operator") {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    let mut chars = scope.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && chars.peek() == Some(&':') => {
                chars.next();
                parts.push(std::mem::take(&mut part));
            }
            char if depth == 0 => part.push(char),
            _ => {}
        }
    }
    part.push_str(operator);
    parts.push(part);
    draft.name.clear();
    draft.name_path(parts.iter().map(String::as_str));
}

fn function<'tree>(draft: &mut Draft<'tree>, site: &Site<'_, 'tree>) -> bool {
    let Some(&declarator) = draft.scope_nodes.first() else { return false };
    if declarator.kind() == "operator_cast" {
        let of =
            declarator.child_by_field_name("type").map(|of| site.dense(of)).unwrap_or_default();
        draft.name = format!("operator {of}");
        draft.kind = SymbolKind::Method;
        return true;
    }
    let Some(found) = declared(declarator) else { return false };
    take_name(draft, found.name, site);
    if c::is_keyword(&draft.name) || draft.name == "catch" {
        return false;
    }
    let parameters = declarator.child_by_field_name("parameters");
    let macros = ["TEST", "TEST_F", "TEST_P", "TYPED_TEST", "TYPED_TEST_P"];
    if let (true, Some(parameters)) = (macros.contains(&draft.name.as_str()), parameters) {
        let names = site.dense(parameters);
        draft.name_path(names.trim_matches(['(', ')']).split(','));
        draft.is_test = true;
        return true;
    }
    let of = draft.scope.last().cloned().or_else(|| {
        let class = site.ancestors.iter().rev().find(|node| node.kind().ends_with("_specifier"))?;
        class.child_by_field_name("name").map(|name| site.dense(name))
    });
    if let Some(of) = of.filter(|_| site.in_type() || !draft.scope.is_empty()) {
        let is_constructor = draft.name == of || draft.name.starts_with('~');
        draft.kind = if is_constructor { SymbolKind::Constructor } else { SymbolKind::Method };
    }
    true
}
