//! References: what texts say of code is looked for in all that was taken in, and resolved at the commit that was current.
//!
//! Only what is new is looked at: texts that came, and those of the time whose commits came. Where history was rewritten or
//! the rules are others everything is looked at again; all of it is derived.

mod heads;
mod texts;
mod wrote;

use std::collections::{HashMap, HashSet};

use lichen_model::{
    Oid, Progress, Reference, ReferenceRule, Repo, RepoId, RepoPath, Target, Timestamp,
};
use lichen_source::git::Repository;
use lichen_source::history::MATCHER_VERSION;
use lichen_source::references::{
    Code as _, Defined, Definitions, RESOLVER_VERSION, Remote, Setting, Snapshot, resolve,
};
use lichen_source::symbols::EXTRACTOR_VERSION;
use lichen_store::{
    FollowedRef, FoundReference, NamedSymbols, Page, ReferenceBatch, ReferenceGround,
    ReferenceSource, SymbolIds, TextRows,
};

use crate::{Engine, Error, Observer};
use heads::Seen;
use texts::Spoken;

/// Rows of a table of texts that are looked at in one go.
const PAGE_ROWS: u64 = 20_000;
/// References that are kept of one text: what has more is a listing.
const REFERENCES_MAX: usize = 200;
/// How much earlier than a commit a text may seem to be that was written after it: clocks differ.
const CLOCK_MILLIS: i64 = 120_000;
/// So often and of so many texts it is asked one by one what they define.
const ASKED_ALONE: usize = 8;
const TEXTS_ALONE: usize = 500;
/// A time behind all others.
const NEVER: Timestamp = Timestamp(i64::MAX);

/// How far references were looked for in the texts that speak of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    versions: String,
    tip: String,
    rows: TextRows,
}

impl Standing {
    fn to_text(&self) -> String {
        let Self { versions, tip, rows } = self;
        let TextRows { commits, messages, calls, versions: documents } = rows;
        format!("{versions} {tip} {commits} {messages} {calls} {documents}")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (versions, tip) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut row = || words.next()?.parse().ok();
        let rows = TextRows { commits: row()?, messages: row()?, calls: row()?, versions: row()? };
        Some(Self { versions, tip, rows })
    }
}

/// The name under which the store remembers how far it is.
fn source(repo: &Repo) -> String {
    format!("references:{}", repo.key)
}

/// What is looked at in one run.
struct Scope {
    /// Rows from here on are new.
    new: TextRows,
    /// Texts of conversations and documents that were written from then on are looked at again.
    since: Timestamp,
    /// Commits that a position of the followed ref from here on brought are looked at again.
    landed: Option<u32>,
    /// Everything is looked at.
    anew: bool,
}

impl Engine {
    /// Looks for references in what is new. Gives how many were found.
    pub(crate) fn take_in_references(
        &mut self,
        observer: &mut dyn Observer,
    ) -> Result<usize, Error> {
        let mut repos = self.store.read().repos()?;
        repos.retain(|repo| repo.object_format.is_some());
        // What people and agents say is taken to speak of the store's own repository, or of the only one.
        let home = repos
            .iter()
            .find(|repo| repo.key == ".")
            .or_else(|| repos.first().filter(|_| repos.len() == 1))
            .map(|repo| repo.id);
        let mut found = 0;
        for repo in &repos {
            found += self.references_of(repo, home == Some(repo.id), observer)?;
        }
        Ok(found)
    }

    /// Looks for references in everything again: texts have changed, and with them where words stand.
    pub(crate) fn look_again_for_references(
        &mut self,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        let repos = self.store.read().repos()?;
        let mut looked_for = false;
        for repo in repos {
            if self.store.read().progress(&source(&repo))?.is_some() {
                looked_for = true;
                self.store.forget_references(repo.id, true)?;
            }
        }
        if looked_for { self.take_in_references(observer).map(drop) } else { Ok(()) }
    }

    fn references_of(
        &mut self,
        repo: &Repo,
        is_home: bool,
        observer: &mut dyn Observer,
    ) -> Result<usize, Error> {
        let store = self.store.read();
        let source = source(repo);
        let mut followed = store.followed()?;
        followed.retain(|followed| followed.repo == repo.id);
        let followed = followed.into_iter().next();
        let mut rows = store.text_rows()?;
        if !is_home {
            (rows.messages, rows.calls) = (0, 0);
        }
        let standing = Standing {
            versions: format!("{RESOLVER_VERSION}.{EXTRACTOR_VERSION}.{MATCHER_VERSION}"),
            tip: followed.as_ref().map_or_else(|| "-".to_owned(), |one| one.tip.to_string()),
            rows,
        };
        let before = store.progress(&source)?.as_deref().and_then(Standing::parse);
        if before.as_ref() == Some(&standing) {
            return Ok(0);
        }
        let folder = self.reader.folder_of(&repo.key);
        let Ok(git) = Repository::open(&folder, &repo.key) else { return Ok(0) };
        let scope = self.scope(repo.id, followed.as_ref(), before, &standing)?;
        if scope.anew {
            self.store.forget_references(repo.id, is_home)?;
        }
        let ground = ReferenceGround { repo: repo.id, followed: followed.map(|one| one.id) };
        let mut run = Run {
            git: &git,
            ground,
            ids: SymbolIds::default(),
            seen: Seen::default(),
            pushed: None,
            found: 0,
        };
        run.take_in(self, &scope, &standing.rows, observer)?;
        if !observer.cancelled() {
            let mut last = run.wrote(self, &scope, &standing.rows)?;
            last.progress = Some(Progress { source, position: standing.to_text() });
            run.append(self, &last)?;
        }
        Ok(run.found)
    }

    /// What has to be looked at, given how far it was.
    fn scope(
        &self,
        repo: RepoId,
        followed: Option<&FollowedRef>,
        before: Option<Standing>,
        now: &Standing,
    ) -> Result<Scope, Error> {
        let anew = Scope { new: TextRows::default(), since: NEVER, landed: None, anew: true };
        let Some(before) = before else { return Ok(anew) };
        let (old, new) = (before.rows, now.rows);
        let shrank = old.commits > new.commits
            || old.messages > new.messages
            || old.calls > new.calls
            || old.versions > new.versions;
        if before.versions != now.versions || shrank {
            return Ok(anew);
        }
        let mut scope = Scope { new: old, since: NEVER, landed: None, anew: false };
        if before.tip != now.tip {
            let Some(followed) = followed else { return Ok(anew) };
            let chain = self.store.read().chain(followed.id)?;
            let Some(stood) = chain.iter().position(|oid| oid.to_string() == before.tip) else {
                return Ok(anew);
            };
            scope.landed = u32::try_from(stood + 1).ok();
            let times: HashMap<Oid, Timestamp> =
                self.store.read().commit_times(repo)?.into_iter().collect();
            let came = chain[stood + 1..].iter().filter_map(|commit| times.get(commit));
            let first = came.min().copied().unwrap_or(NEVER);
            scope.since = Timestamp(first.0.saturating_sub(CLOCK_MILLIS));
        }
        Ok(scope)
    }
}

/// One run over the texts that speak of one repository.
struct Run<'a> {
    git: &'a Repository,
    ground: ReferenceGround,
    ids: SymbolIds,
    seen: Seen,
    /// Commits that some remote has, once they were asked for.
    pushed: Option<HashSet<Oid>>,
    found: usize,
}

impl Run<'_> {
    /// Looks for references page by page, table by table.
    fn take_in(
        &mut self,
        engine: &mut Engine,
        scope: &Scope,
        rows: &TextRows,
        observer: &mut dyn Observer,
    ) -> Result<(), Error> {
        let tables = [
            (ReferenceSource::Commit, rows.commits, scope.new.commits),
            (ReferenceSource::Version, rows.versions, scope.new.versions),
            (ReferenceSource::Message, rows.messages, scope.new.messages),
            (ReferenceSource::ToolCall, rows.calls, scope.new.calls),
        ];
        let all: u64 = tables.iter().map(|(_, rows, new)| rows - new).sum();
        if all > PAGE_ROWS / 10 {
            observer.stage("references", Some(all));
        }
        // The state of the repository is carried from page to page: it is moved, not built again.
        let reader = engine.reader.beside(engine.store.reader()?);
        let stored = Stored { store: &reader.store, repo: self.ground.repo, asked: 0, all: None };
        let mut code = Snapshot::new(self.git, stored);
        let mut done = 0;
        for (source, rows, new_from) in tables {
            let looks_back = match source {
                ReferenceSource::Commit => scope.landed.is_some(),
                _ => scope.since != NEVER,
            };
            let mut from = if looks_back { 0 } else { new_from };
            while from < rows && !observer.cancelled() {
                let to = rows.min(from + PAGE_ROWS);
                let page = Page { from, to, new_from, since: scope.since };
                let spoken = self.texts(&reader.store, source, page, scope.landed)?;
                self.page(engine, &mut code, spoken)?;
                done += to.saturating_sub(from.max(new_from));
                observer.done(done);
                from = to;
            }
        }
        Ok(())
    }

    /// Resolves the mentions of a page and stores what they are.
    fn page(
        &mut self,
        engine: &mut Engine,
        code: &mut Snapshot<'_>,
        spoken: Vec<Spoken>,
    ) -> Result<(), Error> {
        let mut batch = ReferenceBatch {
            anew: spoken.iter().map(|text| text.id).collect(),
            ..ReferenceBatch::default()
        };
        for text in spoken {
            let Some(as_of) = text.as_of.clone() else { continue };
            for (field, of_field, mentions) in &text.fields {
                if mentions.is_empty() {
                    continue;
                }
                let setting = Setting {
                    written: text.at,
                    commit: &as_of.commit,
                    rung: as_of.rung,
                    touched: &text.touched,
                    roots: &text.roots,
                };
                let mut found = resolve(mentions, &setting, code);
                found.truncate(REFERENCES_MAX);
                for mut reference in found {
                    if *field == "paths" {
                        told_to_a_tool(&mut reference);
                    }
                    let span = reference.span.start as usize..reference.span.end as usize;
                    batch.references.push(FoundReference {
                        source: text.source,
                        id: text.id,
                        field,
                        raw: of_field.get(span).unwrap_or_default().to_owned(),
                        permalink: self.permalink(code.remotes(), &reference),
                        reference,
                        as_of: Some(as_of.clone()),
                    });
                }
            }
        }
        self.append(engine, &batch)
    }

    fn append(&mut self, engine: &mut Engine, batch: &ReferenceBatch) -> Result<(), Error> {
        if batch.anew.is_empty() && batch.references.is_empty() && batch.progress.is_none() {
            return Ok(());
        }
        self.found += batch.references.len();
        Ok(engine.store.append_references(self.ground, &mut self.ids, batch)?)
    }

    /// An address of what a reference means, if whoever follows it finds something there.
    fn permalink(&mut self, remotes: &[Remote], reference: &Reference) -> Option<String> {
        let target = reference.target()?;
        let git = self.git;
        let pushed = &mut self.pushed;
        permalink(remotes, target, &mut |commit| {
            pushed.get_or_insert_with(|| git.pushed()).contains(commit)
        })
    }
}

/// An address of what is meant on the first of the remotes whose pages are known; `None` for what was not pushed.
pub(crate) fn permalink(
    remotes: &[Remote],
    target: &Target,
    is_pushed: &mut dyn FnMut(&Oid) -> bool,
) -> Option<String> {
    let remote = remotes.iter().find(|remote| remote.forge.is_some())?;
    match target {
        Target::Issue { number, request } => remote.issue(*number, *request),
        Target::Commit(commit) => is_pushed(commit).then(|| remote.commit(commit)).flatten(),
        Target::File { at, path, lines } => {
            is_pushed(at).then(|| remote.file(at, path, *lines)).flatten()
        }
        Target::Symbol { at, path, line, .. } => is_pushed(at)
            .then(|| remote.file(at, path, Some(lichen_model::Lines::one(*line))))
            .flatten(),
    }
}

/// A file that a tool was told to work on needs no words around it.
const fn told_to_a_tool(reference: &mut Reference) {
    if matches!(reference.rule, ReferenceRule::Exact) {
        reference.rule = ReferenceRule::Tool;
        reference.confidence = ReferenceRule::Tool.confidence();
    }
}

/// What the store knows of a repository.
struct Stored<'a> {
    store: &'a lichen_store::Reader,
    repo: RepoId,
    /// How often it was asked what texts define.
    asked: usize,
    /// What all texts define, once it was asked often: a question for each of thousands of commits takes longer than one for all.
    all: Option<NamedSymbols>,
}

impl Stored<'_> {
    fn learn_all(&mut self, texts: usize) {
        self.asked += 1;
        if self.all.is_none() && (self.asked > ASKED_ALONE || texts > TEXTS_ALONE) {
            self.all = Some(self.named(None));
        }
    }

    /// What texts define. Without it names stay unresolved.
    fn named(&self, blobs: Option<&HashSet<&Oid>>) -> NamedSymbols {
        self.store.named_symbols(blobs).unwrap_or_else(|error| {
            tracing::warn!(%error, "symbols could not be read: names in texts stay unresolved");
            NamedSymbols::default()
        })
    }
}

impl Definitions for Stored<'_> {
    fn of(&mut self, wanted: &[(RepoPath, Oid)], _: &Repository) -> Vec<Vec<Defined>> {
        if wanted.is_empty() {
            return Vec::new();
        }
        self.learn_all(wanted.len());
        let asked: NamedSymbols;
        let known = if let Some(all) = &self.all {
            all
        } else {
            asked = self.named(Some(&wanted.iter().map(|(_, blob)| blob).collect()));
            &asked
        };
        let defined = |symbol: lichen_store::NamedSymbol| Defined {
            name: symbol.name,
            kind: symbol.kind,
            qualified_name: symbol.qualified_name,
            line: symbol.line,
            is_test: symbol.is_test,
        };
        wanted.iter().map(|(_, blob)| known.of(blob).map(defined).collect()).collect()
    }

    fn commits(&mut self) -> Vec<(Oid, Timestamp)> {
        self.store.commit_times(self.repo).unwrap_or_default()
    }

    fn paths(&mut self) -> Option<Vec<(RepoPath, Oid)>> {
        self.store.brought_paths(self.repo).ok()
    }
}
