//! Names of symbols: only forms that prose has not, and only where one symbol of the commit bears the name.

use std::collections::BTreeMap;

use lichen_model::{NameForm, Oid, ReferenceRule, ReferenceStatus, RepoPath, SymbolKind, Target};

use super::{CANDIDATES_MAX, Lookup, Outcome};
use crate::references::code::Definition;

/// Words that stand for the thing whose member follows.
const SELVES: [&str; 6] = ["self", "this", "Self", "super", "cls", "$this"];
/// Words of languages that people put in backticks, and names that everything has.
const WORDS: [&str; 63] = [
    "and",
    "as",
    "async",
    "await",
    "bool",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "def",
    "default",
    "double",
    "dyn",
    "else",
    "enum",
    "error",
    "except",
    "extern",
    "false",
    "final",
    "finally",
    "float",
    "fn",
    "for",
    "function",
    "if",
    "impl",
    "import",
    "in",
    "int",
    "interface",
    "let",
    "long",
    "loop",
    "match",
    "mod",
    "module",
    "mut",
    "nil",
    "none",
    "not",
    "null",
    "or",
    "pub",
    "return",
    "self",
    "static",
    "str",
    "string",
    "struct",
    "super",
    "this",
    "throw",
    "trait",
    "true",
    "try",
    "type",
    "use",
    "void",
];

/// A symbol as people speak of it: several definitions of one name in one file are one, overloads and blocks that add members
/// among them.
#[derive(Clone, Debug)]
struct Named {
    at: Oid,
    definition: Definition,
}

impl Named {
    fn target(self) -> Target {
        let Definition { path, kind, qualified_name, line, .. } = self.definition;
        Target::Symbol { at: self.at, path, kind, qualified_name, line }
    }
}

impl Lookup<'_> {
    /// A symbol by its name; `None` for what may as well be no symbol.
    pub(super) fn symbol(&mut self, parts: &[String], form: NameForm) -> Option<Outcome> {
        let (name, scope) = parts.split_last()?;
        if scope.is_empty() && WORDS.contains(&name.as_str()) {
            return None;
        }
        let own = scope.iter().all(|part| SELVES.contains(&part.as_str()));
        let scope = if own { &[] } else { scope };
        let commit = self.setting.commit.clone();
        let mut found = grouped(&commit, self.code.symbols(&commit, name));
        narrow(&mut found, scope);
        if found.is_empty()
            && let Some(parent) = self.change.parent.clone()
        {
            found = grouped(&parent, self.code.symbols_before(&commit, name));
            narrow(&mut found, scope);
        }
        let outcome = self.choose_symbol(found, scope, parts.len() > 1 && own, form);
        // Prose is full of names that are none of ours.
        let is_kept = outcome.status != ReferenceStatus::Unresolved
            || outcome.count > 0
            || form == NameForm::Quoted
            || form == NameForm::Qualified;
        is_kept.then_some(outcome)
    }

    /// A member by a name that looks like a file's; `None` where it is none.
    pub(super) fn member(&mut self, text: &str) -> Option<Outcome> {
        let path = crate::references::names::qualified(text)?;
        let outcome = self.symbol(&path, NameForm::Qualified)?;
        (outcome.status != ReferenceStatus::Unresolved).then_some(outcome)
    }

    /// Whether the text names what a symbol stands in.
    fn names_scope(&self, named: &Named) -> bool {
        let scope = named.definition.qualified_name.rsplit('.').nth(1);
        scope.is_some_and(|scope| self.scopes.contains(scope))
    }

    fn choose_symbol(
        &self,
        mut found: Vec<Named>,
        scope: &[String],
        own: bool,
        form: NameForm,
    ) -> Outcome {
        // What stands in something that the text names is meant, if it is only one.
        let scoped: Vec<Named> =
            found.iter().filter(|named| self.names_scope(named)).cloned().collect();
        if let ([one], true) = (&scoped[..], scope.is_empty()) {
            return Outcome::one(ReferenceRule::Context, one.clone().target());
        }
        let near: Vec<Named> =
            found.iter().filter(|named| self.is_near(&named.definition.path)).cloned().collect();
        let first = found.first().filter(|_| scope.is_empty());
        // A plain word in backticks and the name of a variant may as well mean something else.
        if first.is_some_and(|named| is_plain(named, form)) {
            found.truncate(CANDIDATES_MAX);
            let targets = found.into_iter().map(Named::target).collect();
            return Outcome::several(ReferenceRule::Unique, targets).doubted(0.6);
        }
        // A member of something unnamed: only of what is at hand.
        let needs_context = own;
        if let [one] = &near[..]
            && (found.len() > 1 || needs_context)
        {
            return Outcome::one(ReferenceRule::Context, one.clone().target());
        }
        defined_once(&mut found);
        match found.len() {
            0 => Outcome::unresolved(),
            1 if needs_context && near.is_empty() => {
                Outcome::several(ReferenceRule::Unique, vec![found.remove(0).target()]).doubted(0.6)
            }
            1 => {
                let qualified = !scope.is_empty();
                let rule = if qualified { ReferenceRule::Qualified } else { ReferenceRule::Unique };
                Outcome::one(rule, found.remove(0).target())
            }
            count if count <= CANDIDATES_MAX => {
                found.sort_by_key(|named| !self.is_near(&named.definition.path));
                let targets = found.into_iter().map(Named::target).collect();
                Outcome::several(ReferenceRule::Unique, targets)
            }
            // A name that everything has says nothing.
            count => Outcome { count, ..Outcome::unresolved() },
        }
    }
}

/// Whether a name is a word of prose in nothing but its form, or one of several values.
fn is_plain(named: &Named, form: NameForm) -> bool {
    let name = named.definition.qualified_name.rsplit('.').next().unwrap_or_default();
    let is_word = form == NameForm::Quoted && name.chars().all(|char| char.is_ascii_lowercase());
    is_word || named.definition.kind == SymbolKind::Variant
}

/// Of a function of C that headers declare leaves what defines it.
fn defined_once(found: &mut Vec<Named>) {
    let is_header = |named: &Named| {
        let path = named.definition.path.to_text();
        path.ends_with(".h") || path.ends_with(".hpp")
    };
    let sources = found.iter().filter(|named| !is_header(named)).count();
    let callable =
        |named: &Named| matches!(named.definition.kind, SymbolKind::Function | SymbolKind::Macro);
    if sources == 1 && found.len() > 1 && found.iter().all(callable) {
        found.retain(|named| !is_header(named));
    }
}

/// Definitions as people speak of them, in the order of their paths.
fn grouped(at: &Oid, definitions: Vec<Definition>) -> Vec<Named> {
    let mut groups: BTreeMap<(RepoPath, String), Definition> = BTreeMap::new();
    for definition in definitions {
        let key = (definition.path.clone(), definition.qualified_name.clone());
        groups
            .entry(key)
            .and_modify(|known| {
                if rank(&definition) < rank(known) {
                    known.clone_from(&definition);
                }
            })
            .or_insert(definition);
    }
    let mut all: Vec<Definition> = groups.into_values().collect();
    // A constructor is spoken of as its class.
    let names: Vec<(RepoPath, String)> =
        all.iter().map(|one| (one.path.clone(), one.qualified_name.clone())).collect();
    all.retain(|one| {
        one.kind != SymbolKind::Constructor
            || one.qualified_name.rsplit_once('.').is_none_or(|(class, name)| {
                class.rsplit('.').next() != Some(name)
                    || !names.contains(&(one.path.clone(), class.to_owned()))
            })
    });
    prefer(&mut all, |one| !one.is_test);
    prefer(&mut all, |one| !matches!(one.kind, SymbolKind::Variable | SymbolKind::Module));
    prefer(&mut all, |one| !matches!(one.kind, SymbolKind::Field));
    prefer(&mut all, |one| one.kind != SymbolKind::Extension);
    all.into_iter().map(|definition| Named { at: at.clone(), definition }).collect()
}

/// Which of several definitions of one name stands for them.
fn rank(definition: &Definition) -> (bool, u32) {
    let added = matches!(definition.kind, SymbolKind::Extension | SymbolKind::Constructor);
    (added, definition.line)
}

/// Leaves only those of a sort, if there are any.
fn prefer(all: &mut Vec<Definition>, wanted: impl Fn(&Definition) -> bool) {
    if all.iter().any(&wanted) {
        all.retain(wanted);
    }
}

/// Leaves the symbols that stand in what a name says they stand in: types, or the folders and files of modules.
fn narrow(found: &mut Vec<Named>, scope: &[String]) {
    if !scope.is_empty() {
        found.retain(|named| stands_in(&named.definition, scope));
    }
}

/// Whether each part of a scope, from the innermost, is that of the symbol's own, or of its path.
fn stands_in(definition: &Definition, scope: &[String]) -> bool {
    let own: Vec<&str> = definition.qualified_name.split('.').rev().skip(1).collect();
    let path = definition.path.to_text();
    let stem = path.rsplit_once('.').map_or(&*path, |(stem, _)| stem);
    let folders: Vec<String> = stem.split('/').rev().map(|name| name.replace('-', "_")).collect();
    let mut own = own.into_iter();
    let mut folders = folders.iter().map(String::as_str);
    let mut in_own = true;
    scope.iter().rev().enumerate().all(|(at, part)| {
        if in_own && own.next() == Some(part) {
            return true;
        }
        in_own = false;
        // `crate::x`: whatever is here.
        if part == "crate" && at + 1 == scope.len() {
            return true;
        }
        // Names of modules that stand for their folder lie between: `src`, `lib`, `mod`, `__init__`.
        folders.any(|folder| folder.eq_ignore_ascii_case(part))
    })
}
