//! A definition as the query found it, and where it stands: what the functions of a language look at and change.

use std::borrow::Cow;

use lichen_model::SymbolKind;
use tree_sitter::Node;

/// A definition on its way to a symbol.
pub(super) struct Draft<'tree> {
    pub(super) kind: SymbolKind,
    /// The definition.
    pub(super) node: Node<'tree>,
    pub(super) name_node: Option<Node<'tree>>,
    /// The signature ends before it.
    pub(super) body: Option<Node<'tree>>,
    /// Documentation inside the definition.
    pub(super) doc: Option<Node<'tree>>,
    /// What the query captured as scope.
    pub(super) scope_nodes: Vec<Node<'tree>>,
    /// Set from the name node where empty.
    pub(super) name: String,
    /// Names between the container's and its own.
    pub(super) scope: Vec<String>,
    /// What definitions inside have for scope instead of its name.
    pub(super) inner: Option<Vec<String>>,
    pub(super) is_test: bool,
    /// Whether definitions inside are named after it.
    pub(super) is_container: bool,
    /// What follows it up to the end of the file stands in it.
    pub(super) is_file_scope: bool,
}

impl<'tree> Draft<'tree> {
    pub(super) fn new(
        kind: SymbolKind,
        node: Node<'tree>,
        name_node: Option<Node<'tree>>,
        body: Option<Node<'tree>>,
        doc: Option<Node<'tree>>,
        scope_nodes: Vec<Node<'tree>>,
    ) -> Self {
        Self {
            kind,
            node,
            name_node,
            body,
            doc,
            scope_nodes,
            name: String::new(),
            scope: Vec::new(),
            inner: None,
            is_test: false,
            is_container: kind != SymbolKind::Type,
            is_file_scope: false,
        }
    }

    /// Takes what another match of the same pattern knows more.
    pub(super) fn add(&mut self, other: Self) {
        self.body = self.body.or(other.body);
        self.doc = self.doc.or(other.doc);
        for node in other.scope_nodes {
            if !self.scope_nodes.contains(&node) {
                self.scope_nodes.push(node);
            }
        }
    }

    /// Takes a name of several parts: the last is its own.
    pub(super) fn name_path<'a>(&mut self, parts: impl IntoIterator<Item = &'a str>) {
        let mut parts: Vec<String> = parts
            .into_iter()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some(name) = parts.pop() {
            self.name = name;
            self.scope.extend(parts);
        }
    }

    /// What definitions inside add to the scope.
    pub(super) fn inner(&self) -> Vec<String> {
        self.inner.clone().unwrap_or_else(|| {
            let mut path = self.scope.clone();
            path.push(self.name.clone());
            path
        })
    }
}

/// What a definition stands in.
#[derive(Clone, Copy)]
pub(super) struct Container {
    pub(super) kind: SymbolKind,
    pub(super) is_test: bool,
}

/// Where a definition stands.
pub(super) struct Site<'a, 'tree> {
    pub(super) source: &'a [u8],
    /// The nodes above it, outermost first.
    pub(super) ancestors: &'a [Node<'tree>],
    /// The symbol it stands in.
    pub(super) container: Option<Container>,
    /// What the file's namespace is so far.
    pub(super) file_scope: &'a [String],
    /// The attributes before it.
    pub(super) attributes: &'a [Node<'tree>],
}

impl<'a, 'tree> Site<'a, 'tree> {
    pub(super) fn text(&self, node: Node<'_>) -> Cow<'a, str> {
        String::from_utf8_lossy(&self.source[node.byte_range()])
    }

    /// The node right above.
    pub(super) fn parent(&self) -> Option<Node<'tree>> {
        self.ancestors.last().copied()
    }

    pub(super) fn parent_kind(&self) -> &'tree str {
        self.parent().map_or("", |node| node.kind())
    }

    /// Whether it is a member of a type.
    pub(super) fn in_type(&self) -> bool {
        self.container.is_some_and(|container| container.kind.is_type())
    }

    /// Whether it stands in the body of a function.
    pub(super) fn in_function(&self) -> bool {
        self.container.is_some_and(|container| {
            matches!(
                container.kind,
                SymbolKind::Function | SymbolKind::Method | SymbolKind::Constructor
            )
        })
    }

    /// The text of a node on one line, without blanks.
    pub(super) fn dense(&self, node: Node<'_>) -> String {
        self.text(node).split_whitespace().collect()
    }
}

/// The first child of one of the kinds.
pub(super) fn child<'tree>(node: Node<'tree>, kinds: &[&str]) -> Option<Node<'tree>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| kinds.contains(&child.kind()))
}

/// Every child of one of the kinds.
pub(super) fn children<'tree>(node: Node<'tree>, kinds: &[&str]) -> Vec<Node<'tree>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).filter(|child| kinds.contains(&child.kind())).collect()
}

/// A type's name without its arguments: `Vec<T>` is `Vec`, `&mut T` is `T`, `a::B` is `B`.
pub(super) fn bare_type(text: &str) -> String {
    let text = text.trim_start_matches(['&', '*', '(', ' ']);
    let text = text.split(['<', '[', '(', '{', '?']).next().unwrap_or_default();
    let text = text.trim();
    let text = text.rsplit([' ', ')']).next().unwrap_or_default();
    text.rsplit([':', '.', '\\']).next().unwrap_or_default().trim_end_matches(')').to_owned()
}
