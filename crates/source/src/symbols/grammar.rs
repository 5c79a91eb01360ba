//! A language's grammar, with our query compiled for it.

use std::collections::HashSet;
use std::sync::OnceLock;

use lichen_model::SymbolKind;
use tree_sitter::{Language, Node, Query};
use tree_sitter_language::LanguageFn;

use super::draft::{Draft, Site};

/// What is known of a language.
///
/// A query names definitions by their kind (`@function`) and tells `@name`, `@body` (what a signature ends before), `@scope`
/// (names that stand between the container's and its own) and `@doc` (documentation inside the definition). Where several
/// patterns match with one name, the first in the file says what it is.
pub(super) struct Grammar {
    pub(super) language: LanguageFn,
    pub(super) queries: &'static [&'static str],
    /// Nodes that a definition inside takes for its own where it is the only one: `export`, `template <...>`, a statement.
    pub(super) wrappers: &'static [&'static str],
    /// Attributes, annotations, decorators: part of a definition, but not of its signature.
    pub(super) attributes: &'static [&'static str],
    /// What the query cannot say; `false` drops the definition.
    pub(super) refine: for<'tree> fn(&mut Draft<'tree>, &Site<'_, 'tree>) -> bool,
    pub(super) compiled: OnceLock<Compiled>,
}

/// What a capture of a query stands for.
#[derive(Clone, Copy)]
pub(super) enum Capture {
    Definition(SymbolKind),
    Name,
    Body,
    Scope,
    Doc,
}

/// What a kind of node is to the walk.
#[derive(Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "a kind of node can be any of them")]
pub(super) struct NodeClass {
    pub(super) comment: bool,
    pub(super) attribute: bool,
    pub(super) wrapper: bool,
    /// What stands between its children is text too.
    pub(super) string: bool,
}

/// A grammar and its query, ready for use.
pub(super) struct Compiled {
    pub(super) language: Language,
    pub(super) query: Query,
    pub(super) captures: Vec<Capture>,
    roots: Vec<bool>,
    classes: Vec<NodeClass>,
}

impl Grammar {
    pub(super) fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| Compiled::new(self))
    }
}

impl Compiled {
    fn new(grammar: &Grammar) -> Self {
        let language = Language::new(grammar.language);
        let text = grammar.queries.concat();
        let query =
            Query::new(&language, &text).expect("a test compiles the query of every language");
        let captures = query.capture_names().iter().map(|name| match *name {
            "name" => Capture::Name,
            "body" => Capture::Body,
            "scope" => Capture::Scope,
            "doc" => Capture::Doc,
            kind => Capture::Definition(
                SymbolKind::parse(kind).expect("a test compiles the query of every language"),
            ),
        });
        let captures = captures.collect();
        let roots = roots(&language, &query, &text);
        let count = u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        let classes = (0..count).map(|id| class(&language, id, grammar)).collect();
        Self { language, query, captures, roots, classes }
    }

    /// What a node is to the walk. Only ERROR has a kind that is not in the table.
    pub(super) fn class(&self, node: Node<'_>) -> NodeClass {
        self.classes.get(usize::from(node.kind_id())).copied().unwrap_or_default()
    }

    /// Whether a pattern of the query can begin at a node.
    pub(super) fn is_root(&self, node: Node<'_>) -> bool {
        self.roots.get(usize::from(node.kind_id())).copied().unwrap_or_default()
    }
}

/// The kinds of nodes at which a pattern of the query begins: what follows its first bracket.
fn roots(language: &Language, query: &Query, text: &str) -> Vec<bool> {
    let begins = (0..query.pattern_count()).map(|pattern| {
        let pattern = &text[query.start_byte_for_pattern(pattern)..];
        let kind = pattern.strip_prefix('(').expect("a test compiles the query of every language");
        let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
        &kind[..kind.find(|char| !is_part(char)).unwrap_or(kind.len())]
    });
    let begins: HashSet<&str> = begins.collect();
    let count = u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
    // Several ids may share a name.
    let is_root = |id: u16| language.node_kind_for_id(id).is_some_and(|kind| begins.contains(kind));
    (0..count).map(|id| language.node_kind_is_named(id) && is_root(id)).collect()
}

fn class(language: &Language, id: u16, grammar: &Grammar) -> NodeClass {
    let Some(kind) = language.node_kind_for_id(id) else { return NodeClass::default() };
    if !language.node_kind_is_named(id) {
        return NodeClass::default();
    }
    NodeClass {
        comment: kind == "comment" || kind.ends_with("_comment"),
        attribute: grammar.attributes.contains(&kind),
        wrapper: grammar.wrappers.contains(&kind),
        string: ["string", "heredoc", "char", "regex", "template_lit", "nowdoc"]
            .iter()
            .any(|part| kind.contains(part)),
    }
}
