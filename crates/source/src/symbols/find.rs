//! The definitions of a tree, found by the language's query as a walk comes to the nodes where its patterns begin.
//!
//! Asked of the whole tree at once, the query takes as long again as half the parse: it goes through every node with every pattern.
//! Asked only where a pattern can begin, and for that node alone, it finds the same.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tree_sitter::{Node, QueryCursor, QueryCursorOptions, QueryCursorState, StreamingIterator};

use super::draft::Draft;
use super::grammar::{Capture, Compiled};
use super::spend;

/// Matches that a query may have open at once; more are dropped by tree-sitter, oldest first.
const MATCHES_OPEN_MAX: u32 = 4_096;

/// A definition that was found, and by which pattern.
struct Found<'tree> {
    pattern: usize,
    /// The name, or the definition where it has none: what tells definitions apart.
    key: usize,
    draft: Draft<'tree>,
}

/// Finds definitions. Nodes are told to it in the order of a walk, from the outside in.
pub(super) struct Finder<'a, 'tree> {
    compiled: &'static Compiled,
    source: &'a [u8],
    steps_left: &'a mut usize,
    cursor: QueryCursor,
    /// What was found and not yet come to, by the node of the definition.
    waiting: HashMap<usize, Vec<Found<'tree>>>,
    /// The node of the definition that each name belongs to.
    named: HashMap<usize, usize>,
    stopped: bool,
}

impl<'a, 'tree> Finder<'a, 'tree> {
    pub(super) fn new(
        compiled: &'static Compiled,
        source: &'a [u8],
        steps_left: &'a mut usize,
    ) -> Self {
        let mut cursor = QueryCursor::new();
        cursor.set_match_limit(MATCHES_OPEN_MAX);
        // The node that it is asked for, and no other.
        cursor.set_max_start_depth(Some(0));
        Self {
            compiled,
            source,
            steps_left,
            cursor,
            waiting: HashMap::new(),
            named: HashMap::new(),
            stopped: false,
        }
    }

    /// Whether it took too long, so that definitions are missing.
    pub(super) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The definitions that a node is, in the order of their names. To be asked for every node, before those in it.
    pub(super) fn at(&mut self, node: Node<'tree>) -> Vec<Draft<'tree>> {
        if self.compiled.is_root(node) && !self.stopped {
            self.look(node);
        }
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let Some(mut found) = self.waiting.remove(&node.id()) else { return Vec::new() };
        found.sort_by_key(|found| found.draft.name_node.unwrap_or(found.draft.node).start_byte());
        found.into_iter().map(|found| found.draft).collect()
    }

    fn look(&mut self, node: Node<'tree>) {
        let (steps_left, stopped) = (&mut *self.steps_left, &mut self.stopped);
        let mut progress = |_: &QueryCursorState| {
            let flow = spend(steps_left);
            *stopped |= flow.is_break();
            flow
        };
        let options = QueryCursorOptions::new().progress_callback(&mut progress);
        let compiled = self.compiled;
        let mut matches =
            self.cursor.matches_with_options(&compiled.query, node, self.source, options);
        while let Some(matched) = matches.next() {
            let captures = matched
                .captures()
                .iter()
                .map(|capture| (compiled.captures[capture.index as usize], capture.node));
            let Some(draft) = draft(captures) else { continue };
            let key = draft.name_node.unwrap_or(draft.node).id();
            let found = Found { pattern: matched.pattern_index, key, draft };
            take(&mut self.waiting, &mut self.named, found);
        }
    }
}

/// Takes a match in. Of several with one name the first pattern in the file says what it is.
fn take<'tree>(
    waiting: &mut HashMap<usize, Vec<Found<'tree>>>,
    named: &mut HashMap<usize, usize>,
    found: Found<'tree>,
) {
    match named.entry(found.key) {
        Entry::Vacant(entry) => {
            entry.insert(found.draft.node.id());
        }
        Entry::Occupied(mut entry) => {
            // What the walk has come to already stays what it is.
            let Some(all) = waiting.get_mut(entry.get()) else { return };
            let Some(place) = all.iter().position(|known| known.key == found.key) else { return };
            let known = &mut all[place];
            if found.pattern == known.pattern {
                known.draft.add(found.draft);
                return;
            }
            if found.pattern > known.pattern {
                return;
            }
            all.remove(place);
            entry.insert(found.draft.node.id());
        }
    }
    waiting.entry(found.draft.node.id()).or_default().push(found);
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
