//! One commit of the chain replayed: versions end and begin, symbols come and go.

use std::collections::HashMap;

use gix::ObjectId;
use lichen_model::{SymbolChangeKind as Kind, SymbolChangeKinds, SymbolMatch};

use super::{Life, Lineage, Live, Text, Version, land};
use crate::history::catalog::{Entry, NONE};
use crate::history::step::{Change, Origin, Step};
use crate::history::{History, number};

/// What is left of a score where texts in between are unknown.
const UNSURE: f32 = 0.5;

/// A changed file on its way through a commit.
struct File {
    /// What git says; what is taken for it where texts are unknown.
    change: Change,
    taken: Change,
    /// It was there, but what it defined never was known.
    was_unknown: bool,
    before: Option<Live>,
}

impl File {
    fn is_sure(&self) -> bool {
        self.change == self.taken
    }
}

/// The commits a merge brought, asked for who made a symbol what it is.
struct Brought<'a> {
    history: &'a History,
    /// Newest first.
    commits: Vec<u32>,
    /// By path, key, body and documentation, and by all but the path; made when it is first asked for.
    made: Option<HashMap<(u32, u32, u32, u32), u32>>,
}

impl Brought<'_> {
    fn origin(&mut self, path: u32, entry: &Entry) -> Option<u32> {
        if self.commits.is_empty() {
            return None;
        }
        let Entry { key, body, doc, .. } = *entry;
        let (history, commits) = (self.history, &self.commits);
        let made = self.made.get_or_insert_with(|| {
            let mut made = HashMap::new();
            for &commit in
                commits.iter().filter(|commit| history.commits[**commit as usize].parents.len() < 2)
            {
                let step = history.step(commit, 0);
                for file in (0..).take(step.files.len()) {
                    for ord in history.ords(&step, file) {
                        if history.origin(commit, &step, file, ord).1.is_empty() {
                            continue;
                        }
                        let Change { path, new, .. } = step.files[file as usize];
                        let Entry { key, body, doc, .. } =
                            history.catalog.entries(new)[ord as usize];
                        made.entry((path, key, body, doc)).or_insert(commit);
                        made.entry((NONE, key, body, doc)).or_insert(commit);
                    }
                }
            }
            made
        });
        made.get(&(path, key, body, doc)).or_else(|| made.get(&(NONE, key, body, doc))).copied()
    }
}

impl Lineage {
    /// Appends a commit to the chain.
    pub(super) fn replay(&mut self, history: &History, commit: u32) {
        let id = history.commits[commit as usize].id;
        let pos = self.positions();
        self.chain.push(id);
        let commits = land(&mut self.landed, history, id, pos);
        let mut brought = Brought { history, commits, made: None };
        let Some(changes) =
            history.commits[commit as usize].changes.first().and_then(Option::as_ref)
        else {
            // Trees are missing: what was there is taken to be there still.
            return;
        };
        let mut files = self.take_out(history, changes);
        let step = if files.iter().all(File::is_sure) {
            history.step(commit, 0)
        } else {
            let taken: Vec<_> = files.iter().map(|file| file.taken).collect();
            std::sync::Arc::new(history.step_of(&taken))
        };
        for text in files.iter().filter_map(|file| file.before.as_ref()).map(|before| before.text) {
            self.texts[text as usize].to = pos;
        }
        // Where symbols stand afterwards; files are put back once none is asked for what it was.
        let mut after = Vec::with_capacity(files.len());
        for at in 0..files.len() {
            after.push(self.symbols_after(history, commit, &step, &files, at, &mut brought));
        }
        for &(file, ord) in &step.deleted {
            let before = files[file as usize].before.as_ref().expect("what is deleted was there");
            let (symbol, version) = before.symbols[ord as usize];
            self.end(version, pos);
            let Version { path, key, .. } = self.versions[version as usize];
            self.gone.entry((path, key)).or_default().push(symbol);
        }
        for (file, symbols) in files.drain(..).zip(after) {
            let Change { path, new: blob, .. } = file.change;
            if blob == NONE {
                continue;
            }
            let known = file.taken.new;
            let text = number(self.texts.len());
            self.texts.push(Text { path, blob, known, from: pos, to: NONE });
            self.live.insert(path, Live { text, known, symbols });
        }
    }

    /// Takes the changed files out of what is there.
    fn take_out(&mut self, history: &History, changes: &[Change]) -> Vec<File> {
        let unknown = |blob: u32| blob != NONE && history.catalog.blobs[blob as usize].is_unknown();
        let mut files = Vec::with_capacity(changes.len());
        for &change in changes {
            // Behind missing trees a file may be there that git says is new.
            let before = self.live.remove(&change.old_path);
            let known = before.as_ref().map_or(NONE, |before| before.known);
            let was_unknown = before.as_ref().is_some_and(|before| before.known == NONE)
                || (change.old != NONE && before.is_none());
            // A text that is unknown is taken for the one before it.
            let new = if unknown(change.new) { known } else { change.new };
            let taken = Change { old: known, new, ..change };
            files.push(File { change, taken, was_unknown, before });
        }
        files
    }

    /// Symbols and versions of a file after the commit.
    fn symbols_after(
        &mut self,
        history: &History,
        commit: u32,
        step: &Step,
        files: &[File],
        at: usize,
        brought: &mut Brought<'_>,
    ) -> Vec<(u32, u32)> {
        let file = &files[at];
        let blob = file.taken.new;
        if blob == NONE || (file.change.new == NONE) {
            return Vec::new();
        }
        let entries = history.catalog.entries(blob);
        let mut symbols = Vec::with_capacity(entries.len());
        for (ord, entry) in (0_u32..).zip(entries.iter()) {
            let (origin, kinds) = history.origin(commit, step, number(at), ord);
            let before = origin.old.map(|(file, ord)| {
                let before = files[file as usize].before.as_ref();
                before.expect("what went on was there").symbols[ord as usize]
            });
            if let (Some(before), true) = (before, kinds.is_empty()) {
                symbols.push(before);
                continue;
            }
            let change = Begin { origin, kinds, entry, ord, file };
            let made = origin.made.and_then(|(file, ord, _)| {
                let before = files[file as usize].before.as_ref();
                before.map(|before| before.symbols[ord as usize].0)
            });
            symbols.push(self.begin(history, commit, &change, before, made, brought));
        }
        symbols
    }

    /// Begins a version, of a symbol that was there or of a new one.
    fn begin(
        &mut self,
        history: &History,
        commit: u32,
        begin: &Begin<'_>,
        before: Option<(u32, u32)>,
        made: Option<u32>,
        brought: &mut Brought<'_>,
    ) -> (u32, u32) {
        let Begin { origin, kinds, entry, ord, file } = begin;
        let path = file.change.path;
        let from = self.positions() - 1;
        let landed = history.commits[commit as usize].id;
        let made_by =
            brought.origin(path, entry).map_or(landed, |by| history.commits[by as usize].id);
        let score = if file.is_sure() { origin.score } else { origin.score * UNSURE };
        let mut kinds = *kinds;
        let symbol = if let Some((symbol, version)) = before {
            self.end(version, from);
            symbol
        } else {
            if file.was_unknown && !kinds.has(Kind::Boundary) {
                kinds = SymbolChangeKinds::NONE.with(Kind::Boundary);
            }
            let again = self.gone.get_mut(&(path, entry.key)).and_then(Vec::pop);
            again.unwrap_or_else(|| self.introduce(entry.key, made_by, kinds, score, made))
        };
        let version = number(self.versions.len());
        self.versions.push(Version {
            symbol,
            key: entry.key,
            path,
            blob: file.taken.new,
            ord: *ord,
            raw_hash: history.catalog.body_of(entry).raw_hash,
            doc_hash: history.catalog.docs[entry.doc as usize],
            from,
            to: NONE,
            landed,
            origin: made_by,
            kinds,
            method: if before.is_some() { origin.method } else { SymbolMatch::None },
            score,
        });
        (symbol, version)
    }

    fn introduce(
        &mut self,
        key: u32,
        introduced: ObjectId,
        kinds: SymbolChangeKinds,
        score: f32,
        predecessor: Option<u32>,
    ) -> u32 {
        let symbol = self.before.symbols + number(self.lives.len());
        let from = self.positions() - 1;
        // What was there where history begins came at some time before.
        let confidence = if kinds.has(Kind::Boundary) { 0.0 } else { score };
        self.lives.push(Life { first: key, from, introduced, confidence, predecessor });
        symbol
    }

    /// How many positions there are.
    fn positions(&self) -> u32 {
        self.before.positions + number(self.chain.len())
    }

    fn end(&mut self, version: u32, pos: u32) {
        self.versions[version as usize].to = pos;
    }
}

/// How a version begins.
struct Begin<'a> {
    origin: Origin,
    kinds: SymbolChangeKinds,
    entry: &'a Entry,
    ord: u32,
    file: &'a File,
}
