//! A language's grammar, with our query compiled for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

use lichen_model::SymbolKind;
use tree_sitter::{
    Language, Node, Query, QueryCursor, QueryCursorOptions, QueryCursorState, StreamingIterator,
};
use tree_sitter_language::LanguageFn;

use super::draft::{Draft, Site};
use super::spend;

/// Matches that a query may have open at once; more are dropped by tree-sitter, oldest first.
const MATCHES_OPEN_MAX: u32 = 4_096;

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
enum Capture {
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
    query: Query,
    captures: Vec<Capture>,
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
        let query = Query::new(&language, &grammar.queries.concat())
            .expect("a test compiles the query of every language");
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
        let count = u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        let classes = (0..count).map(|id| class(&language, id, grammar)).collect();
        Self { language, query, captures, classes }
    }

    /// What a node is to the walk. Only ERROR has a kind that is not in the table.
    pub(super) fn class(&self, node: Node<'_>) -> NodeClass {
        self.classes.get(usize::from(node.kind_id())).copied().unwrap_or_default()
    }

    /// The definitions in a tree, by the id of their node; `None` where that takes too long.
    pub(super) fn find<'tree>(
        &self,
        root: Node<'tree>,
        source: &[u8],
        steps_left: &mut usize,
    ) -> Option<HashMap<usize, Vec<Draft<'tree>>>> {
        let mut cursor = QueryCursor::new();
        cursor.set_match_limit(MATCHES_OPEN_MAX);
        let mut stopped = false;
        let mut progress = |_: &QueryCursorState| {
            let flow = spend(steps_left);
            stopped |= flow.is_break();
            flow
        };
        let options = QueryCursorOptions::new().progress_callback(&mut progress);
        let mut matches = cursor.matches_with_options(&self.query, root, source, options);
        let mut found: HashMap<usize, (usize, Draft<'tree>)> = HashMap::new();
        while let Some(matched) = matches.next() {
            let captures = matched
                .captures()
                .iter()
                .map(|capture| (self.captures[capture.index as usize], capture.node));
            let Some(draft) = draft(captures) else { continue };
            let key = draft.name_node.unwrap_or(draft.node).id();
            match found.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert((matched.pattern_index, draft));
                }
                Entry::Occupied(mut entry) => {
                    let (pattern, known) = entry.get_mut();
                    if matched.pattern_index < *pattern {
                        *entry.get_mut() = (matched.pattern_index, draft);
                    } else if matched.pattern_index == *pattern {
                        known.add(draft);
                    }
                }
            }
        }
        drop(matches);
        if stopped {
            return None;
        }
        let mut by_node: HashMap<usize, Vec<Draft<'tree>>> = HashMap::new();
        for (_, draft) in found.into_values() {
            by_node.entry(draft.node.id()).or_default().push(draft);
        }
        for drafts in by_node.values_mut() {
            drafts.sort_by_key(|draft| draft.name_node.unwrap_or(draft.node).start_byte());
        }
        Some(by_node)
    }
}

fn draft<'tree>(captures: impl Iterator<Item = (Capture, Node<'tree>)>) -> Option<Draft<'tree>> {
    let (mut definition, mut name, mut body, mut doc) = (None, None, None, None);
    let mut scope = Vec::new();
    for (capture, node) in captures {
        match capture {
            Capture::Definition(kind) => definition = Some((kind, node)),
            Capture::Name => name = Some(node),
            Capture::Body => body = body.or(Some(node)),
            Capture::Scope => scope.push(node),
            Capture::Doc => doc = doc.or(Some(node)),
        }
    }
    let (kind, node) = definition?;
    Some(Draft::new(kind, node, name, body, doc, scope))
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
