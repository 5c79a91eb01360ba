//! What the blobs of a repository define, each word and text kept once: numbers stand for them.
//!
//! Numbers are given in the order in which blobs are read, which is any: nothing may depend on how they compare.

use std::collections::HashMap;
use std::sync::Arc;

use gix::ObjectId;
use lichen_model::{
    BlobKey, Body, Extraction, ExtractionStatus, FileChange, Oid, RepoPath, Sketch, Symbol,
    SymbolKey, SymbolKind,
};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::step::Change;
use crate::symbols::Language;

/// Stands for nothing where a number is expected.
pub(super) const NONE: u32 = u32::MAX;

/// How a path tells the language of what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hint {
    /// By its name.
    Named(Language),
    /// It is a header: what it holds tells which of two languages it is for.
    Header,
    /// Its first line has to tell.
    Sniffed,
}

impl Hint {
    /// `None` for a path that never has symbols.
    pub(super) fn of(path: &RepoPath) -> Option<Self> {
        // What a name leaves open, the text decides: so different texts come out differently.
        let first = Language::detect(path, b"#!/bin/bash\n")?;
        Some(if Language::detect(path, b"#!/usr/bin/ruby\n") != Some(first) {
            Self::Sniffed
        } else if Language::detect(path, b"namespace a {\n") != Some(first) {
            Self::Header
        } else {
            Self::Named(first)
        })
    }

    /// The word for it in tables: see [`lichen_model::BlobKey`].
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Named(language) => language.as_str(),
            Self::Header => "header",
            Self::Sniffed => "script",
        }
    }

    /// The hint of that word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "header" => Some(Self::Header),
            "script" => Some(Self::Sniffed),
            word => Language::parse(word).map(Self::Named),
        }
    }

    /// The language of a text at a path with this hint.
    pub(super) fn language(self, path: &RepoPath, bytes: &[u8]) -> Option<Language> {
        match self {
            Self::Named(language) => Some(language),
            Self::Header | Self::Sniffed => Language::detect(path, bytes),
        }
    }
}

/// One symbol of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: u32,
    pub(super) body: u32,
    pub(super) doc: u32,
    /// Its container's place, or [`NONE`].
    pub(super) parent: u32,
    pub(super) start_line: u32,
    pub(super) end_line: u32,
    pub(super) name_line: u32,
}

/// A symbol's key, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) language: Language,
    pub(super) kind: SymbolKind,
    pub(super) name: Box<str>,
    pub(super) scope: Box<str>,
    pub(super) signature: Box<str>,
    pub(super) duplicate: u32,
    /// Stands for kind, scope, name and signature.
    pub(super) stem: u32,
    /// Stands for kind, scope and name.
    pub(super) qualified: u32,
    /// Stands for the family of kinds and the name.
    pub(super) called: u32,
    /// Kinds that may become one another.
    pub(super) family: u8,
    /// Stands for the signature without the name.
    pub(super) shape: u128,
}

/// A blob as the path's hint has it read.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    pub(super) id: ObjectId,
    pub(super) hint: Hint,
    /// `None` until it was read.
    pub(super) status: Option<ExtractionStatus>,
    pub(super) entries: Arc<[Entry]>,
}

impl Blob {
    /// Whether its symbols are unknown: it may well define some.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(
            self.status,
            None | Some(
                ExtractionStatus::Missing | ExtractionStatus::Timeout | ExtractionStatus::Crashed
            )
        )
    }
}

/// An extraction with the hashes that its parts are known by: what is made on many threads.
pub(super) struct Digest {
    language: Option<Language>,
    extraction: Extraction,
    hashes: Vec<[u128; 2]>,
}

impl Digest {
    pub(super) fn new(language: Option<Language>, extraction: Extraction) -> Self {
        let hash = |symbol: &Symbol| {
            let Symbol { kind, name, signature, duplicate, .. } = symbol;
            let key =
                key_hash(language, *kind, &symbol.scope.join("."), name, signature, *duplicate);
            [key, body_hash(&symbol.body)]
        };
        let hashes = extraction.symbols.iter().map(hash).collect();
        Self { language, extraction, hashes }
    }

    pub(super) const fn extraction(&self) -> (Option<Language>, &Extraction) {
        (self.language, &self.extraction)
    }
}

/// Numbers for what hashes stand for.
#[derive(Debug, Default)]
struct Numbers(HashMap<u128, u32>);

impl Numbers {
    /// The number of a hash, and whether it is new.
    fn number(&mut self, hash: u128) -> (u32, bool) {
        let next = u32::try_from(self.0.len()).expect("memory ends before");
        let number = *self.0.entry(hash).or_insert(next);
        (number, number == next)
    }
}

/// Everything that blobs define.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) blobs: Vec<Blob>,
    blob_numbers: HashMap<(ObjectId, Hint), u32>,
    pub(super) paths: Vec<RepoPath>,
    path_numbers: HashMap<RepoPath, (u32, Option<Hint>)>,
    pub(super) keys: Vec<Key>,
    key_numbers: Numbers,
    /// Stems, qualified names and names: they share numbers, as none is compared with another sort.
    words: Numbers,
    pub(super) bodies: Vec<Body>,
    body_numbers: Numbers,
    pub(super) docs: Vec<u128>,
    doc_numbers: Numbers,
}

impl Catalog {
    /// The number of a path, and how it tells a language.
    pub(super) fn path(&mut self, path: &RepoPath) -> (u32, Option<Hint>) {
        if let Some(known) = self.path_numbers.get(path) {
            return *known;
        }
        let number = u32::try_from(self.paths.len()).expect("memory ends before");
        let known = (number, Hint::of(path));
        self.paths.push(path.clone());
        self.path_numbers.insert(path.clone(), known);
        known
    }

    /// The changed files that may have symbols, in the order of their paths.
    pub(super) fn files(&mut self, changes: &[FileChange]) -> Arc<[Change]> {
        let mut files = Vec::new();
        for change in changes {
            let old_path = change.old_path.as_ref().unwrap_or(&change.path);
            let (old_path, old) = self.side(old_path, change.old_oid.as_ref(), change.old_mode);
            let (path, new) = self.side(&change.path, change.new_oid.as_ref(), change.new_mode);
            // A change of mode alone, and one of files without symbols, is none.
            let same = old == new && old_path == path;
            if (old != NONE || new != NONE) && !same {
                files.push(Change { old_path, old, path, new });
            }
        }
        files.into()
    }

    /// The numbers of path and blob of one side of a change.
    fn side(&mut self, path: &RepoPath, blob: Option<&Oid>, mode: u32) -> (u32, u32) {
        let (number, hint) = self.path(path);
        let is_file = mode & 0o170_000 == 0o100_000;
        let blob =
            blob.filter(|_| is_file).and_then(|oid| ObjectId::try_from(oid.0.as_slice()).ok());
        (number, blob.zip(hint).map_or(NONE, |(id, hint)| self.blob(id, hint)))
    }

    /// The number of a path that was met.
    pub(super) fn known_path(&self, path: &RepoPath) -> Option<(u32, Option<Hint>)> {
        self.path_numbers.get(path).copied()
    }

    /// The number of a blob, read or not.
    pub(super) fn blob(&mut self, id: ObjectId, hint: Hint) -> u32 {
        let next = u32::try_from(self.blobs.len()).expect("memory ends before");
        let blobs = &mut self.blobs;
        *self.blob_numbers.entry((id, hint)).or_insert_with(|| {
            blobs.push(Blob { id, hint, status: None, entries: Arc::default() });
            next
        })
    }

    /// The number of a blob that was met.
    pub(super) fn known_blob(&self, id: ObjectId, hint: Hint) -> Option<u32> {
        self.blob_numbers.get(&(id, hint)).copied()
    }

    /// The number of a blob that was met, by its key.
    pub(super) fn blob_of(&self, key: &BlobKey) -> Option<u32> {
        let id = ObjectId::try_from(key.oid.0.as_slice()).ok()?;
        self.known_blob(id, Hint::parse(key.read_as)?)
    }

    /// The key of a blob.
    pub(super) fn blob_key(&self, blob: u32) -> BlobKey {
        let Blob { id, hint, .. } = self.blobs[blob as usize];
        BlobKey { oid: Oid(id.as_slice().to_vec()), read_as: hint.as_str() }
    }

    /// The number of a key that some blob has.
    pub(super) fn known_key(&self, key: &SymbolKey) -> Option<u32> {
        let scope = key.qualified_name.strip_suffix(&key.name)?;
        let scope = scope.strip_suffix('.').unwrap_or(scope);
        let hash = key_hash(
            Language::parse(key.language),
            key.kind,
            scope,
            &key.name,
            &key.signature,
            key.duplicate,
        );
        self.key_numbers.0.get(&hash).copied()
    }

    /// Takes in what a blob defines.
    pub(super) fn learn(&mut self, blob: u32, digest: Digest) {
        let Digest { language, extraction, hashes } = digest;
        let mut entries = Vec::with_capacity(extraction.symbols.len());
        for (symbol, [key, body]) in extraction.symbols.into_iter().zip(hashes) {
            let (doc, is_new) = self.doc_numbers.number(symbol.doc_hash);
            if is_new {
                self.docs.push(symbol.doc_hash);
            }
            let (key, is_new) = self.key_numbers.number(key);
            if is_new {
                let language = language.expect("what has symbols has a language");
                let key = self.key(language, &symbol);
                self.keys.push(key);
            }
            let (body, is_new) = self.body_numbers.number(body);
            let (parent, span, name_line) =
                (symbol.parent.unwrap_or(NONE), symbol.span, symbol.name_line);
            if is_new {
                self.bodies.push(symbol.body);
            }
            let (start_line, end_line) = (span.start_line, span.end_line);
            entries.push(Entry { key, body, doc, parent, start_line, end_line, name_line });
        }
        let blob = &mut self.blobs[blob as usize];
        blob.status = Some(extraction.status);
        blob.entries = entries.into();
    }

    fn key(&mut self, language: Language, symbol: &Symbol) -> Key {
        let scope = symbol.scope.join(".");
        let kind = [symbol.kind as u8];
        let family = family(symbol.kind);
        let mut word = |parts: &[&[u8]]| self.words.number(joined(parts)).0;
        let (name, signature) = (symbol.name.as_bytes(), symbol.signature.as_bytes());
        let unnamed = symbol.signature.split(|char: char| !(char.is_alphanumeric() || char == '_'));
        let unnamed: Vec<_> = unnamed.filter(|word| *word != symbol.name).collect();
        Key {
            stem: word(&[b"stem", &kind, scope.as_bytes(), name, signature]),
            qualified: word(&[b"qualified", &kind, scope.as_bytes(), name]),
            called: word(&[b"called", &[family], name]),
            family,
            shape: xxh3_128(unnamed.join(" ").as_bytes()),
            language,
            kind: symbol.kind,
            name: symbol.name.as_str().into(),
            scope: scope.into(),
            signature: symbol.signature.as_str().into(),
            duplicate: symbol.duplicate,
        }
    }

    /// Whether both sides of a change are known; else nothing can be said of its symbols.
    pub(super) fn is_known(&self, file: &Change) -> bool {
        let known = |blob: u32| blob == NONE || !self.blobs[blob as usize].is_unknown();
        // A file that only has another name is what it was, whatever that is.
        file.old == file.new || (known(file.old) && known(file.new))
    }

    pub(super) fn entries(&self, blob: u32) -> &Arc<[Entry]> {
        &self.blobs[blob as usize].entries
    }

    pub(super) fn key_of(&self, entry: &Entry) -> &Key {
        &self.keys[entry.key as usize]
    }

    pub(super) fn body_of(&self, entry: &Entry) -> &Body {
        &self.bodies[entry.body as usize]
    }

    pub(super) fn similarity(&self, a: &Entry, b: &Entry) -> f64 {
        let sketch = |entry: &Entry| -> &Sketch { &self.bodies[entry.body as usize].sketch };
        if a.body == b.body { 1.0 } else { sketch(a).similarity(sketch(b)) }
    }

    /// The key as it is told.
    pub(super) fn told(&self, key: u32) -> SymbolKey {
        let Key { language, kind, name, scope, signature, duplicate, .. } =
            &self.keys[key as usize];
        let qualified_name =
            if scope.is_empty() { name.to_string() } else { format!("{scope}.{name}") };
        SymbolKey {
            language: language.as_str(),
            kind: *kind,
            qualified_name,
            name: name.to_string(),
            signature: signature.to_string(),
            duplicate: *duplicate,
        }
    }
}

/// A likeness as a score.
#[expect(clippy::cast_possible_truncation, reason = "a score needs no more digits")]
pub(super) const fn score(alike: f64) -> f32 {
    alike as f32
}

/// Kinds that refactoring makes of one another have one family.
fn family(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Function | SymbolKind::Method => 0,
        SymbolKind::Class
        | SymbolKind::Struct
        | SymbolKind::Enum
        | SymbolKind::Interface
        | SymbolKind::Trait
        | SymbolKind::Object
        | SymbolKind::Union => 1,
        SymbolKind::Constant | SymbolKind::Variable | SymbolKind::Field => 2,
        other => 3 + other as u8,
    }
}

fn key_hash(
    language: Option<Language>,
    kind: SymbolKind,
    scope: &str,
    name: &str,
    signature: &str,
    duplicate: u32,
) -> u128 {
    joined(&[
        &[language.map_or(u8::MAX, |language| language as u8), kind as u8],
        scope.as_bytes(),
        name.as_bytes(),
        signature.as_bytes(),
        &duplicate.to_le_bytes(),
    ])
}

fn body_hash(body: &Body) -> u128 {
    let hashes = [body.raw_hash, body.norm_hash, body.anon_hash, body.own_hash];
    let bytes: Vec<u8> = hashes.into_iter().flat_map(u128::to_le_bytes).collect();
    xxh3_128(&bytes)
}

fn joined(parts: &[&[u8]]) -> u128 {
    let mut hasher = Xxh3::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.digest128()
}
