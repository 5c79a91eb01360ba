//! What is different between two commits, however many lie between them: the symbols that came, went and changed.

use gix::ObjectId;
use lichen_model::{
    ExtractionStatus, FileChange, Oid, RepoPath, SymbolChangeKind, SymbolChangeKinds, SymbolKey,
    SymbolMatch,
};

use super::catalog::NONE;
use super::changes::origin;
use super::reading::Reading;
use super::step::Site;

/// A symbol where it stands in one of the two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The file.
    pub path: RepoPath,
    /// The file's text.
    pub blob: Oid,
    /// The symbol's place among the text's symbols.
    pub ord: u32,
    /// What it is called.
    pub key: SymbolKey,
    /// Its first line.
    pub start_line: u32,
    /// Its last line.
    pub end_line: u32,
}

/// A symbol that is different.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// What it was, or what it was copied or split from; `None` for one that came.
    pub old: Option<Standing>,
    /// What it is; `None` for one that went.
    pub new: Option<Standing>,
    /// What happened.
    pub kinds: SymbolChangeKinds,
    /// What shows that both are one symbol.
    pub method: SymbolMatch,
    /// How surely.
    pub score: f32,
}

/// Everything that is different.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Between {
    /// Symbols, by file and place; those that went at the end.
    pub symbols: Vec<Changed>,
    /// Files, also those without symbols.
    pub files: Vec<FileChange>,
    /// Files whose symbols are unknown on one side, and why.
    pub unread: Vec<(RepoPath, ExtractionStatus)>,
}

impl Reading<'_> {
    /// What is different at `new` compared with `old`, or with nothing; `None` where a commit or its trees are not there.
    pub fn between(&mut self, old: Option<&Oid>, new: &Oid) -> Option<Between> {
        let tree = |commit: &Oid| {
            let id = ObjectId::try_from(commit.0.as_slice()).ok()?;
            Some(self.objects.links(id)?.tree)
        };
        let old = match old {
            Some(old) => Some(tree(old)?),
            None => None,
        };
        let changes = self.objects.changes(tree(new)?, old)?;
        let files = self.catalog.files(&changes);
        self.read(&files);
        let mut between = Between { files: changes, ..Between::default() };
        for file in &*files {
            for (path, blob) in [(file.old_path, file.old), (file.path, file.new)] {
                let known = (blob != NONE).then(|| &self.catalog.blobs[blob as usize]);
                if let Some(known) = known.filter(|known| known.is_unknown()) {
                    let path = self.catalog.paths[path as usize].clone();
                    let status = known.status.unwrap_or(ExtractionStatus::Missing);
                    between.unread.push((path, status));
                }
            }
        }
        let step = self.step(&files);
        for (at, file) in (0..).zip(&*step.files) {
            let entries = if file.new == NONE { 0 } else { self.catalog.entries(file.new).len() };
            for ord in 0..super::number(entries) {
                let (origin, kinds) = origin(&self.catalog, &step, (at, ord), false);
                if kinds.is_empty() {
                    continue;
                }
                let made = origin.made.map(|(file, ord, _)| (file, ord));
                let old = origin.old.or(made).map(|old| self.standing(step.old_site(old)));
                let new = self.standing(Site { path: file.path, blob: file.new, ord });
                between.symbols.push(Changed {
                    old,
                    new: Some(new),
                    kinds,
                    method: origin.method,
                    score: origin.score,
                });
            }
        }
        for &gone in &*step.deleted {
            between.symbols.push(Changed {
                old: Some(self.standing(step.old_site(gone))),
                new: None,
                kinds: SymbolChangeKinds::NONE.with(SymbolChangeKind::Deleted),
                method: SymbolMatch::None,
                score: 1.0,
            });
        }
        Some(between)
    }

    fn standing(&self, site: Site) -> Standing {
        let entry = &self.catalog.entries(site.blob)[site.ord as usize];
        Standing {
            path: self.catalog.paths[site.path as usize].clone(),
            blob: Oid(self.catalog.blobs[site.blob as usize].id.as_slice().to_vec()),
            ord: site.ord,
            key: self.catalog.told(entry.key),
            start_line: entry.start_line,
            end_line: entry.end_line,
        }
    }
}
