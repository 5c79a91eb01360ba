//! One walk over a tree: the file's tokens, which definition stands in which, and what stands before each.
//!
//! The walk keeps its own stack, so that a deep tree costs memory and nothing else, and never asks a node for its parent
//! or siblings, which tree-sitter searches from the root.

use std::collections::HashMap;
use std::ops::Range;

use lichen_model::{Span, Symbol, SymbolKind};
use tree_sitter::{Node, TreeCursor};

use super::body::{self, Stretch};
use super::draft::{Container, Draft, Site};
use super::find::Finder;
use super::grammar::{Compiled, Grammar, NodeClass};
use super::guard;
use super::signature;
use super::tokens::Tokens;

/// A comment or an attribute, and where its tokens begin.
#[derive(Clone, Copy)]
struct Lead<'tree> {
    node: Node<'tree>,
    class: NodeClass,
    token: usize,
    /// Whether something else stands before it on its line.
    trails: bool,
}

/// A node that the walk is in.
struct Frame<'tree> {
    node: Node<'tree>,
    class: NodeClass,
    /// Where its tokens begin.
    token: usize,
    /// What stands before it.
    lead: Vec<Lead<'tree>>,
    /// Comments and attributes that wait for the next child.
    pending: Vec<Lead<'tree>>,
    /// The last child that ended.
    last: Option<Node<'tree>>,
    /// Whether only one of its children declares something; known once it was asked.
    is_single: Option<bool>,
    /// How many symbols begin here.
    opened: usize,
    /// Whether it is the documentation in the definition around it.
    is_doc: bool,
}

/// A definition that the walk is in, or whose file it stands for.
struct Open<'tree> {
    draft: Draft<'tree>,
    /// Its place among the symbols.
    ord: usize,
    scope: Vec<String>,
    parent: Option<usize>,
    /// The node it ends with: the definition or what wraps it.
    node: Node<'tree>,
    tokens: usize,
    /// The tokens of the documentation in it.
    doc_tokens: Range<usize>,
    lead: Vec<Lead<'tree>>,
    holes: Vec<Range<usize>>,
}

struct Walk<'a, 'tree> {
    source: &'a [u8],
    grammar: &'static Grammar,
    compiled: &'static Compiled,
    finder: Finder<'a, 'tree>,
    tokens: Tokens,
    /// Everything up to here is a token, a comment or layout.
    covered: usize,
    frames: Vec<Frame<'tree>>,
    open: Vec<Open<'tree>>,
    /// What the rest of the file stands in.
    file_scope: Option<(Vec<String>, usize)>,
    /// Attributes so far, in order: they are in no signature.
    attributes: Vec<Range<usize>>,
    done: Vec<Option<Symbol>>,
}

/// The symbols of a file; `None` where finding them takes too long.
pub(super) fn symbols(
    root: Node<'_>,
    source: &[u8],
    grammar: &'static Grammar,
    steps_left: &mut usize,
) -> Option<Vec<Symbol>> {
    let mut walk = Walk {
        source,
        grammar,
        compiled: grammar.compiled(),
        finder: Finder::new(grammar.compiled(), source, steps_left),
        tokens: Tokens::default(),
        covered: 0,
        frames: Vec::new(),
        open: Vec::new(),
        file_scope: None,
        attributes: Vec::new(),
        done: Vec::new(),
    };
    walk.run(root.walk());
    if walk.finder.is_stopped() {
        return None;
    }
    let mut symbols: Vec<Symbol> = walk.done.into_iter().flatten().collect();
    count_duplicates(&mut symbols);
    Some(symbols)
}

/// Tells symbols apart that say the same of themselves, by their order.
pub(super) fn count_duplicates(symbols: &mut [Symbol]) {
    let mut seen: HashMap<(SymbolKind, String, String), u32> = HashMap::new();
    for symbol in symbols {
        let key = (symbol.kind, symbol.qualified_name(), symbol.signature.clone());
        let count = seen.entry(key).or_default();
        symbol.duplicate = *count;
        *count += 1;
    }
}

impl<'tree> Walk<'_, 'tree> {
    fn run(&mut self, mut cursor: TreeCursor<'tree>) {
        loop {
            if self.enter(cursor.node()) && cursor.goto_first_child() {
                continue;
            }
            loop {
                self.exit();
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    /// Whether there is something in the node that matters.
    fn enter(&mut self, node: Node<'tree>) -> bool {
        let class = self.compiled.class(node);
        // Whatever stands before it is no part of it.
        self.gap(node.start_byte());
        let token = self.tokens.len();
        if class.attribute {
            self.attributes.push(node.byte_range());
        }
        let lead = self.lead(node, class, token);
        if class.comment {
            self.covered = self.covered.max(node.end_byte());
        }
        let has_children = node.child_count() > 0;
        let around = self.open.last_mut();
        let around = around.filter(|open| open.draft.doc.is_some_and(|doc| doc.id() == node.id()));
        let is_doc = around.is_some();
        if let Some(open) = around {
            open.doc_tokens = token..token;
        }
        self.frames.push(Frame {
            node,
            class,
            token,
            lead,
            pending: Vec::new(),
            last: None,
            is_single: None,
            opened: 0,
            is_doc,
        });
        if class.comment {
            return false;
        }
        for draft in self.finder.at(node) {
            self.begin(draft);
        }
        if has_children {
            if node.is_named() {
                self.tokens.open(node.kind_id(), node.start_byte());
            }
        } else if node.end_byte() > node.start_byte() {
            let in_string =
                self.frames.iter().rev().nth(1).is_some_and(|parent| parent.class.string);
            self.tokens.token(self.source, node.byte_range(), in_string);
            self.covered = node.end_byte();
        }
        has_children
    }

    fn exit(&mut self) {
        let frame = self.frames.pop().expect("every node that is left was entered");
        if !frame.class.comment && frame.node.child_count() > 0 {
            if frame.class.string {
                self.take_gap(frame.node.end_byte(), true);
            }
            if frame.node.is_named() {
                self.tokens.close(frame.node.end_byte());
            }
        }
        if let Some(open) = self.open.last_mut().filter(|_| frame.is_doc) {
            open.doc_tokens.end = self.tokens.len();
        }
        for _ in 0..frame.opened {
            let open = self.open.pop().expect("what was opened here is open");
            self.finish(open);
        }
        if let Some(parent) = self.frames.last_mut() {
            parent.last = Some(frame.node);
        }
    }

    /// Text between two leaves is a token where it is no layout.
    fn gap(&mut self, to: usize) {
        let in_string = self.frames.last().is_some_and(|frame| frame.class.string);
        self.take_gap(to, in_string);
    }

    fn take_gap(&mut self, to: usize, in_string: bool) {
        if to <= self.covered {
            return;
        }
        let gap = self.covered..to;
        self.covered = to;
        if in_string {
            self.tokens.token(self.source, gap, true);
            return;
        }
        let text = &self.source[gap.clone()];
        // A backslash continues a line.
        let layout = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\\';
        if let (Some(first), Some(last)) = (
            text.iter().position(|byte| !layout(byte)),
            text.iter().rposition(|byte| !layout(byte)),
        ) {
            self.tokens.token(self.source, gap.start + first..gap.start + last + 1, false);
        }
    }

    /// What stands before a node; a comment or attribute waits for the next one.
    fn lead(&mut self, node: Node<'tree>, class: NodeClass, token: usize) -> Vec<Lead<'tree>> {
        let Some(parent) = self.frames.last_mut() else { return Vec::new() };
        if class.attribute || class.comment {
            let trails = class.comment
                && parent
                    .last
                    .is_some_and(|last| end(self.source, last).1 == node.start_position().row);
            let inner = class.comment && self.source[node.byte_range()].starts_with(b"//!");
            if !inner {
                parent.pending.push(Lead { node, class, token, trails });
            }
            return Vec::new();
        }
        if parent.pending.is_empty() {
            return Vec::new();
        }
        let mut lead = std::mem::take(&mut parent.pending);
        let mut next_row = node.start_position().row;
        let mut first = lead.len();
        for (at, before) in lead.iter().enumerate().rev() {
            let (_, end_row) = end(self.source, before.node);
            // A comment behind something on its line speaks of that, unless something follows it there.
            if before.class.comment && next_row > end_row + usize::from(!before.trails) {
                // An attribute belongs to what follows it wherever it stands.
                if !lead[..at].iter().any(|further| further.class.attribute) {
                    break;
                }
                continue;
            }
            next_row = before.node.start_position().row;
            first = at;
        }
        lead.drain(..first);
        lead
    }

    /// A definition begins at the node entered last.
    fn begin(&mut self, mut draft: Draft<'tree>) {
        let depth = self.frames.len() - 1;
        let wrapper = self.wrapper(depth, draft.kind);
        let lead_frame = self.lead_frame(wrapper);
        let lead = self.frames[lead_frame].lead.clone();
        let attributes: Vec<_> =
            lead.iter().filter(|lead| lead.class.attribute).map(|lead| lead.node).collect();
        let ancestors: Vec<_> = self.frames[..depth].iter().map(|frame| frame.node).collect();
        let container = self
            .open
            .iter()
            .rev()
            .find(|open| open.draft.is_container && open.draft.node.id() != draft.node.id());
        let (outer, parent) = match (container, &self.file_scope) {
            (Some(open), _) => {
                let mut outer = open.scope.clone();
                outer.extend(open.draft.inner());
                (outer, Some(open.ord))
            }
            (None, Some((scope, ord))) => (scope.clone(), Some(*ord)),
            (None, None) => (Vec::new(), None),
        };
        let site = Site {
            source: self.source,
            ancestors: &ancestors,
            container: container
                .map(|open| Container { kind: open.draft.kind, is_test: open.draft.is_test }),
            file_scope: self.file_scope.as_ref().map_or(&[], |(scope, _)| scope.as_slice()),
            attributes: &attributes,
        };
        draft.is_test |= site.container.is_some_and(|container| container.is_test);
        if let Some(name) = draft.name_node {
            draft.name = site.text(name).into_owned();
        }
        if !(self.grammar.refine)(&mut draft, &site) || draft.name.is_empty() {
            return;
        }
        let ord = self.done.len();
        self.done.push(None);
        // What follows a file's namespace is no part of the symbols around it: there are none.
        if draft.is_file_scope {
            self.file_scope = Some((draft.inner(), ord));
        }
        let parent = parent.filter(|_| !draft.is_file_scope);
        let scope = if draft.is_file_scope { Vec::new() } else { outer };
        let frame = &self.frames[wrapper];
        let tokens =
            lead.iter().find(|lead| lead.class.attribute).map_or(frame.token, |lead| lead.token);
        self.open.push(Open {
            draft,
            ord,
            scope,
            parent,
            node: frame.node,
            tokens,
            doc_tokens: tokens..tokens,
            lead,
            holes: Vec::new(),
        });
        self.frames[wrapper].opened += 1;
    }

    /// The frame that a definition takes for its own: itself, or what wraps it and nothing else.
    fn wrapper(&mut self, depth: usize, kind: SymbolKind) -> usize {
        let mut at = depth;
        while at > 0 && self.frames[at - 1].class.wrapper {
            let kind_id = self.frames[at].node.kind_id();
            let above = &mut self.frames[at - 1];
            let node = above.node;
            // `struct a { ... } b;` declares b.
            if kind.is_type() && node.kind() == "declaration" {
                break;
            }
            let single = *above.is_single.get_or_insert_with(|| {
                let mut cursor = node.walk();
                let like = |child: &Node<'_>| child.kind_id() == kind_id;
                node.children(&mut cursor).filter(like).nth(1).is_none()
            });
            // Symbols end in the order they began: what began above must not end first.
            if !single || self.frames[at].opened > 0 {
                break;
            }
            at -= 1;
        }
        at
    }

    /// The frame whose lead is a definition's: its own, or that of a node that begins with it.
    fn lead_frame(&self, wrapper: usize) -> usize {
        let mut at = wrapper;
        while at > 0
            && self.frames[at].lead.is_empty()
            && self.frames[at - 1].opened == 0
            && self.frames[at - 1].node.start_byte() == self.frames[at].node.start_byte()
        {
            at -= 1;
        }
        at
    }

    fn finish(&mut self, open: Open<'tree>) {
        let Open { draft, ord, scope, parent, node, tokens: first, doc_tokens, lead, holes } = open;
        let whole = first..self.tokens.len();
        if let Some(around) = self.open.last_mut()
            && !draft.kind.is_part()
        {
            around.holes.push(whole.clone());
        }
        let definition = span(self.source, node, node);
        let comments: Vec<_> =
            lead.iter().filter(|lead| lead.class.comment).map(|lead| lead.node).collect();
        let doc = match (comments.as_slice(), draft.doc) {
            (_, Some(inside)) => Some(span(self.source, inside, inside)),
            ([first, .., last], _) => Some(span(self.source, *first, *last)),
            ([only], _) => Some(span(self.source, *only, *only)),
            ([], None) => None,
        };
        let docs = comments.iter().copied().chain(draft.doc);
        let doc_hash =
            doc.map_or(0, |_| body::doc_hash(docs.map(|node| &self.source[node.byte_range()])));
        let attributes = lead.iter().filter(|lead| lead.class.attribute);
        let mut raw: Vec<&[u8]> =
            attributes.map(|lead| &self.source[lead.node.byte_range()]).collect();
        let mut lines = definition.lines();
        let bytes = definition.start_byte as usize..definition.end_byte as usize;
        let doc_bytes = draft.doc.map_or(bytes.start..bytes.start, |doc| doc.byte_range());
        raw.push(&self.source[bytes.start..doc_bytes.start]);
        let behind = &self.source[doc_bytes.end..bytes.end];
        raw.push(if draft.doc.is_some() { behind.trim_ascii_start() } else { behind });
        if let Some(inside) = draft.doc {
            lines = lines.saturating_sub(span(self.source, inside, inside).lines());
        }
        let stretch = Stretch { whole, doc: doc_tokens, holes: &holes };
        let body = body::measure(&self.tokens, &stretch, &draft.name, &raw, lines.max(1));
        let start = lead.first().map_or(definition, |lead| span(self.source, lead.node, node));
        let name = draft.name_node.unwrap_or(draft.node).start_position();
        let mut full = scope;
        full.extend(draft.scope.iter().cloned());
        let signature = self.signature(&draft, node);
        self.done[ord] = Some(Symbol {
            kind: draft.kind,
            name: draft.name,
            scope: full,
            signature,
            duplicate: 0,
            parent: parent.map(number),
            span: start,
            definition,
            doc,
            doc_hash,
            name_line: number(name.row + 1),
            name_column: number(name.column + 1),
            is_test: draft.is_test,
            body,
        });
    }

    fn signature(&self, draft: &Draft<'tree>, node: Node<'tree>) -> String {
        let end = draft.body.map_or(node.end_byte(), |body| body.start_byte());
        let header = self.tokens.within(node.start_byte()..end);
        let is_attribute = |span: &Range<usize>| {
            let next = self.attributes.partition_point(|range| range.start <= span.start);
            // Attributes may stand in attributes; the outermost begins first.
            self.attributes[..next].iter().rev().take(8).any(|range| range.end >= span.end)
        };
        let tokens = self.tokens.spans(header).filter(|(span, _)| !is_attribute(span));
        signature::join(tokens.map(|(span, in_string)| (&self.source[span], in_string)))
    }
}

/// From the start of one node to the end of another, without blanks at its end.
fn span(source: &[u8], first: Node<'_>, last: Node<'_>) -> Span {
    let (end_byte, end_row) = end(source, last);
    Span {
        start_byte: number(first.start_byte()),
        end_byte: number(end_byte.max(first.start_byte())),
        start_line: number(first.start_position().row + 1),
        end_line: number(end_row + 1),
    }
}

/// Where a node's text ends, and on which row: some grammars count line ends to a node.
fn end(source: &[u8], node: Node<'_>) -> (usize, usize) {
    let text = &source[node.byte_range()];
    let kept = text.len() - text.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    let rows = guard::line_ends(&text[kept..]);
    (node.start_byte() + kept, node.end_position().row.saturating_sub(rows))
}

fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
