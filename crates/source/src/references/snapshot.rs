//! A repository as mentions are looked up in it: its files and symbols at one commit at a time, moved from commit to commit by
//! what lies between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gix::ObjectId;
use lichen_model::{ChangeStatus, FileChange, Oid, RepoPath, SymbolKind, Timestamp};

use super::Remote;
use super::code::{Changed, Code, Definition, Entry};
use super::wrote::{Edit, wrote};
use crate::git::{Brief, Life, Repository};
use crate::symbols::{self, Language, Limits};

/// What a blob defines under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    /// Its own name.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Scope and name, joined by dots.
    pub qualified_name: String,
    /// The line of its name.
    pub line: u32,
    /// Whether it is a test, or stands in one.
    pub is_test: bool,
}

/// What tells what blobs define, and what is known of a repository besides what git has at hand.
pub trait Definitions {
    /// What each of some blobs defines, at the path that it has, in their order.
    fn of(&mut self, wanted: &[(RepoPath, Oid)], repository: &Repository) -> Vec<Vec<Defined>>;

    /// Commits with when they were committed, in the order of their ids: also those that git has forgotten.
    fn commits(&mut self) -> Vec<(Oid, Timestamp)> {
        Vec::new()
    }

    /// Paths that commits brought, with the commits, the oldest first; `None` where git has to be asked.
    fn paths(&mut self) -> Option<Vec<(RepoPath, Oid)>> {
        None
    }
}

/// Blobs are parsed as they are asked for, in this process.
#[derive(Debug, Default)]
pub struct Parsed {
    limits: Limits,
}

impl Definitions for Parsed {
    fn of(&mut self, wanted: &[(RepoPath, Oid)], repository: &Repository) -> Vec<Vec<Defined>> {
        use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
        let objects = repository.objects(rayon::current_num_threads());
        let one = |(path, blob): &(RepoPath, Oid)| {
            let id = ObjectId::try_from(blob.0.as_slice()).ok()?;
            objects.blob(id, |bytes| {
                let language = Language::detect(path, bytes)?;
                Some(defined(symbols::extract(bytes, language, &self.limits)))
            })?
        };
        wanted.par_iter().map(|wanted| one(wanted).unwrap_or_default()).collect()
    }
}

/// What people may name of an extraction: no headings, and no tests whose names are sentences.
pub fn defined(extraction: lichen_model::Extraction) -> Vec<Defined> {
    let symbols = extraction.symbols.into_iter();
    let named =
        symbols.filter(|symbol| !matches!(symbol.kind, SymbolKind::Section | SymbolKind::Test));
    named
        .map(|symbol| Defined {
            qualified_name: symbol.qualified_name(),
            name: symbol.name,
            kind: symbol.kind,
            line: symbol.name_line,
            is_test: symbol.is_test,
        })
        .collect()
}

/// A repository at one commit at a time.
pub struct Snapshot<'a> {
    repository: &'a Repository,
    definitions: Box<dyn Definitions + 'a>,
    remotes: Vec<Remote>,
    briefs: HashMap<Oid, Option<Brief>>,
    files: Files,
    names: Names,
    /// Paths that some commit brought, by their file names; read when they are first asked for.
    lives: Option<HashMap<Vec<u8>, Vec<Life>>>,
    changes: HashMap<ObjectId, Arc<Vec<FileChange>>>,
    /// Commits as they were told, once they were asked for.
    known: Option<Vec<(Oid, Timestamp)>>,
}

/// Files at one tree.
#[derive(Default)]
struct Files {
    tree: Option<ObjectId>,
    blobs: BTreeMap<RepoPath, (ObjectId, u32)>,
    /// Paths of files and folders by their last names.
    by_name: HashMap<Vec<u8>, BTreeSet<RepoPath>>,
    /// How many files a folder holds, in it or in folders in it.
    folders: HashMap<RepoPath, u32>,
}

/// Symbols at one tree.
#[derive(Default)]
struct Names {
    tree: Option<ObjectId>,
    /// Paths and places among what their blobs define, by name.
    by_name: HashMap<String, BTreeSet<(RepoPath, u32)>>,
    blobs: HashMap<RepoPath, ObjectId>,
    /// What blobs define; one blob at paths of two languages counts as the first.
    defined: HashMap<ObjectId, Arc<[Defined]>>,
}

impl<'a> Snapshot<'a> {
    /// Of a repository, whose blobs `definitions` knows.
    pub fn new(repository: &'a Repository, definitions: impl Definitions + 'a) -> Self {
        let remotes = repository.remotes();
        let remotes = remotes.iter().filter_map(|(_, address)| Remote::parse(address)).collect();
        Self {
            repository,
            definitions: Box::new(definitions),
            remotes,
            briefs: HashMap::new(),
            files: Files::default(),
            names: Names::default(),
            lives: None,
            changes: HashMap::new(),
            known: None,
        }
    }

    /// With other places on forges than the clone's own.
    #[must_use]
    pub fn with_remotes(self, remotes: Vec<Remote>) -> Self {
        Self { remotes, ..self }
    }

    /// Moves to a commit, so that nothing that is asked about it has to.
    pub fn move_to(&mut self, commit: &Oid) {
        if self.sync_files(commit).is_some() {
            self.sync_names(commit);
        }
    }

    /// Whether a commit brought exactly what an edit wrote, and took what it took.
    pub fn brought(&mut self, commit: &Oid, edit: &Edit) -> bool {
        let Some((_, changes)) = self.changes(commit) else { return false };
        changes.iter().filter(|change| change.path == edit.path).any(|change| {
            let text = |oid: &Option<Oid>| self.repository.blob(oid.as_ref()?);
            let (old, new) = (text(&change.old_oid), text(&change.new_oid));
            wrote(edit, &old.unwrap_or_default(), &new.unwrap_or_default())
        })
    }

    fn known(&mut self) -> &[(Oid, Timestamp)] {
        self.known.get_or_insert_with(|| self.definitions.commits())
    }

    fn brief(&mut self, commit: &Oid) -> Option<Brief> {
        if let Some(known) = self.briefs.get(commit) {
            return *known;
        }
        let id = ObjectId::try_from(commit.0.as_slice()).ok();
        let brief = id.and_then(|id| self.repository.brief(id));
        self.briefs.insert(commit.clone(), brief);
        brief
    }

    fn sync_files(&mut self, commit: &Oid) -> Option<()> {
        let tree = self.brief(commit)?.tree;
        if self.files.tree != Some(tree) {
            let changes = self.repository.between(self.files.tree, tree)?;
            self.files.apply(changes);
            self.files.tree = Some(tree);
        }
        Some(())
    }

    fn sync_names(&mut self, commit: &Oid) -> Option<()> {
        let tree = self.brief(commit)?.tree;
        if self.names.tree == Some(tree) {
            return Some(());
        }
        let changes = self.repository.between(self.names.tree, tree)?;
        let mut blobs = Vec::new();
        for change in changes {
            if change.old_oid.is_some() {
                self.names.take_out(&change.path);
            }
            blobs.extend(blob(&change.path, change.new_oid.as_ref(), change.new_mode));
        }
        self.learn(&blobs);
        for (path, id) in blobs {
            self.names.put_in(path, id);
        }
        self.names.tree = Some(tree);
        Some(())
    }

    /// Learns what blobs define that are not known yet.
    fn learn(&mut self, blobs: &[(RepoPath, ObjectId)]) {
        let mut seen = std::collections::HashSet::new();
        let unknown =
            blobs.iter().filter(|(_, id)| !self.names.defined.contains_key(id) && seen.insert(*id));
        let unknown: Vec<&(RepoPath, ObjectId)> = unknown.collect();
        let wanted: Vec<(RepoPath, Oid)> =
            unknown.iter().map(|(path, id)| (path.clone(), oid(*id))).collect();
        let found = self.definitions.of(&wanted, self.repository);
        for ((_, id), defined) in unknown.into_iter().zip(found) {
            self.names.defined.insert(*id, defined.into());
        }
    }

    fn changes(&mut self, commit: &Oid) -> Option<(Brief, Arc<Vec<FileChange>>)> {
        let brief = self.brief(commit)?;
        let id = ObjectId::try_from(commit.0.as_slice()).ok()?;
        if let Some(known) = self.changes.get(&id) {
            return Some((brief, Arc::clone(known)));
        }
        let changes = Arc::new(self.repository.changes_of(&brief)?);
        // Texts come in the order of their commits: the last one is all that is asked again.
        self.changes.clear();
        self.changes.insert(id, Arc::clone(&changes));
        Some((brief, changes))
    }
}

impl Code for Snapshot<'_> {
    fn commits(&mut self, digits: &str) -> Vec<Oid> {
        let mut found: Vec<Oid> =
            self.repository.commits_beginning(digits).into_iter().map(oid).collect();
        let known = self.known();
        let from = known.partition_point(|(oid, _)| *oid.to_string() < *digits);
        let known = known[from..].iter().take_while(|(oid, _)| oid.to_string().starts_with(digits));
        found.extend(known.map(|(oid, _)| oid.clone()));
        found.sort();
        found.dedup();
        found
    }

    fn committed(&mut self, commit: &Oid) -> Option<Timestamp> {
        if let Some(brief) = self.brief(commit) {
            return Some(brief.committed);
        }
        let known = self.known();
        let at = known.binary_search_by(|(oid, _)| oid.cmp(commit)).ok()?;
        Some(known[at].1)
    }

    fn named(&mut self, name: &str) -> Option<Oid> {
        self.repository.named(name).map(oid)
    }

    fn entry(&mut self, commit: &Oid, path: &RepoPath) -> Option<Entry> {
        self.sync_files(commit)?;
        match self.files.blobs.get(path) {
            Some((_, mode)) => Some(if is_file(*mode) { Entry::File } else { Entry::Folder }),
            None => self.files.folders.contains_key(path).then_some(Entry::Folder),
        }
    }

    fn ending(&mut self, commit: &Oid, names: &str) -> Vec<RepoPath> {
        if self.sync_files(commit).is_none() {
            return Vec::new();
        }
        let last = names.rsplit('/').next().unwrap_or_default();
        let tail = [b"/", names.as_bytes()].concat();
        let named = self.files.by_name.get(last.as_bytes());
        let ending = named.into_iter().flatten().filter(|path| path.0.ends_with(&tail));
        ending.cloned().collect()
    }

    fn ever(&mut self, names: &str) -> Vec<(RepoPath, Oid)> {
        if self.lives.is_none() {
            self.lives = Some(match self.definitions.paths() {
                Some(paths) => lives(paths),
                None => self.repository.all_paths(rayon::current_num_threads()).unwrap_or_default(),
            });
        }
        let last = names.rsplit('/').next().unwrap_or_default();
        let lives = self.lives.as_ref().and_then(|lives| lives.get(last.as_bytes()));
        let tail = [b"/", names.as_bytes()].concat();
        let fits = |path: &[u8]| path == names.as_bytes() || path.ends_with(&tail);
        let lives = lives.into_iter().flatten().filter(|life| fits(&life.path));
        lives.map(|life| (RepoPath(life.path.clone()), oid(life.at))).collect()
    }

    fn lines(&mut self, commit: &Oid, path: &RepoPath) -> Option<u32> {
        self.sync_files(commit)?;
        let (id, mode) = *self.files.blobs.get(path)?;
        let bytes = self.repository.blob(&oid(id)).filter(|_| is_file(mode))?;
        let ends = memchr::memchr_iter(b'\n', &bytes).count();
        let open = usize::from(bytes.last().is_some_and(|byte| *byte != b'\n'));
        u32::try_from(ends + open).ok()
    }

    fn symbols(&mut self, commit: &Oid, name: &str) -> Vec<Definition> {
        if self.sync_names(commit).is_none() {
            return Vec::new();
        }
        let places = self.names.by_name.get(name).into_iter().flatten();
        let definition = |(path, at): &(RepoPath, u32)| {
            let defined = self.names.defined.get(self.names.blobs.get(path)?)?;
            Some(definition(path.clone(), defined.get(*at as usize)?))
        };
        places.filter_map(definition).collect()
    }

    fn change(&mut self, commit: &Oid) -> Option<Changed> {
        let (brief, changes) = self.changes(commit)?;
        let mut changed = Changed { parent: brief.parent.map(oid), ..Changed::default() };
        for change in changes.iter() {
            if change.new_oid.is_some() {
                changed.after.push(change.path.clone());
            }
            if change.old_oid.is_some() {
                changed.before.push(change.old_path.as_ref().unwrap_or(&change.path).clone());
            }
        }
        Some(changed)
    }

    fn symbols_before(&mut self, commit: &Oid, name: &str) -> Vec<Definition> {
        let Some((_, changes)) = self.changes(commit) else { return Vec::new() };
        let before = changes.iter().filter(|change| change.status != ChangeStatus::Added);
        let blobs: Vec<(RepoPath, ObjectId)> = before
            .filter_map(|change| {
                let path = change.old_path.as_ref().unwrap_or(&change.path);
                blob(path, change.old_oid.as_ref(), change.old_mode)
            })
            .collect();
        self.learn(&blobs);
        let mut found = Vec::new();
        for (path, id) in blobs {
            let defined = self.names.defined.get(&id).map(AsRef::as_ref).unwrap_or_default();
            let named = defined.iter().filter(|defined| defined.name == name);
            found.extend(named.map(|defined| definition(path.clone(), defined)));
        }
        found
    }

    fn remotes(&self) -> &[Remote] {
        &self.remotes
    }
}

impl Files {
    fn apply(&mut self, changes: Vec<FileChange>) {
        for change in changes {
            let was = self.blobs.remove(&change.path).is_some();
            let id = change.new_oid.and_then(|oid| ObjectId::try_from(oid.0.as_slice()).ok());
            if let Some(id) = id {
                self.blobs.insert(change.path.clone(), (id, change.new_mode));
            }
            match (was, id.is_some()) {
                (false, true) => self.come(&change.path),
                (true, false) => self.go(&change.path),
                _ => {}
            }
        }
    }

    fn come(&mut self, path: &RepoPath) {
        self.by_name.entry(name(path).to_vec()).or_default().insert(path.clone());
        for folder in folders(path) {
            let files = self.folders.entry(folder.clone()).or_default();
            *files += 1;
            if *files == 1 {
                self.by_name.entry(name(&folder).to_vec()).or_default().insert(folder);
            }
        }
    }

    fn go(&mut self, path: &RepoPath) {
        self.forget(path);
        for folder in folders(path) {
            if let Some(files) = self.folders.get_mut(&folder) {
                *files -= 1;
                if *files == 0 {
                    self.folders.remove(&folder);
                    if !self.blobs.contains_key(&folder) {
                        self.forget(&folder);
                    }
                }
            }
        }
    }

    fn forget(&mut self, path: &RepoPath) {
        if let Some(paths) = self.by_name.get_mut(name(path)) {
            paths.remove(path);
        }
    }
}

impl Names {
    fn take_out(&mut self, path: &RepoPath) {
        let Some(id) = self.blobs.remove(path) else { return };
        let defined = self.defined.get(&id).cloned().unwrap_or_default();
        for (at, defined) in (0..).zip(defined.iter()) {
            if let Some(places) = self.by_name.get_mut(&defined.name) {
                places.remove(&(path.clone(), at));
            }
        }
    }

    fn put_in(&mut self, path: RepoPath, id: ObjectId) {
        let defined = self.defined.get(&id).cloned().unwrap_or_default();
        for (at, defined) in (0..).zip(defined.iter()) {
            match self.by_name.get_mut(&defined.name) {
                Some(places) => {
                    places.insert((path.clone(), at));
                }
                None => {
                    self.by_name.insert(defined.name.clone(), BTreeSet::from([(path.clone(), at)]));
                }
            }
        }
        self.blobs.insert(path, id);
    }
}

/// Paths by the names of their files.
fn lives(paths: Vec<(RepoPath, Oid)>) -> HashMap<Vec<u8>, Vec<Life>> {
    let mut lives: HashMap<Vec<u8>, Vec<Life>> = HashMap::new();
    for (path, at) in paths {
        if let Ok(at) = ObjectId::try_from(at.0.as_slice()) {
            lives.entry(name(&path).to_vec()).or_default().push(Life { path: path.0, at });
        }
    }
    lives
}

fn oid(id: ObjectId) -> Oid {
    Oid(id.as_slice().to_vec())
}

fn definition(path: RepoPath, defined: &Defined) -> Definition {
    Definition {
        path,
        kind: defined.kind,
        qualified_name: defined.qualified_name.clone(),
        line: defined.line,
        is_test: defined.is_test,
    }
}

/// The blob of a file that may have symbols.
fn blob(path: &RepoPath, blob: Option<&Oid>, mode: u32) -> Option<(RepoPath, ObjectId)> {
    let is_text =
        is_file(mode) && Language::detect(path, b"").is_none_or(|it| it != Language::Markdown);
    let id = ObjectId::try_from(blob.filter(|_| is_text)?.0.as_slice()).ok()?;
    Some((path.clone(), id))
}

const fn is_file(mode: u32) -> bool {
    mode & 0o170_000 == 0o100_000 || mode & 0o170_000 == 0o120_000
}

fn name(path: &RepoPath) -> &[u8] {
    path.0.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// The folders that a file lies in, the innermost first.
fn folders(path: &RepoPath) -> impl Iterator<Item = RepoPath> {
    let slashes = path.0.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/');
    slashes.map(|(at, _)| RepoPath(path.0[..at].to_vec()))
}
