//! `at`: what stands at a place of a file, at any commit or in the work tree as it is edited.

use std::path::{Path, PathBuf};

use lichen_model::{ExtractionStatus, Oid, RepoPath};
use lichen_source::git::{Entry, WorkFile};
use lichen_source::lines::{LineMap, OldLine};
use lichen_source::symbols;
use lichen_store::SpokenOf;

use super::answer::{AtAnswer, Edit, EditedLine, SymbolInfo};
use super::ground::{Ground, Text};
use super::life::Found;
use crate::{Error, Reader};

/// Commits of a file that are told where there is no symbol.
const FILE_COMMITS: usize = 10;
/// Conversations that are told.
const CONVERSATIONS: usize = 10;
/// Commits whose conversations are told with a symbol: those that made it what it was last.
const SPOKEN_COMMITS: usize = 10;
/// Symbols that are named where a name fits several.
const CANDIDATES: usize = 10;

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// The file, seen from the folder or from the root of the repository.
    pub file: PathBuf,
    /// A line, from 1.
    pub line: Option<u32>,
    /// A character of the line, from 1.
    pub column: Option<u32>,
}

/// A question about a place.
#[derive(Clone, Debug, Default)]
pub struct At {
    /// Where the question is asked: it tells the repository and its work tree.
    pub folder: PathBuf,
    /// The place.
    pub spot: Spot,
    /// The commit; without one the commit that is checked out, with what is edited on top.
    pub rev: Option<String>,
    /// The symbol of the file, instead of the one at the place.
    pub symbol: Option<String>,
    /// At most so many changes.
    pub changes: usize,
}

/// A place that was found.
pub(super) struct Placed {
    /// The text that was asked about: the commit's, or the work tree's.
    pub(super) text: Text,
    pub(super) edit: Option<Edit>,
    /// What stands around, outermost first, by place in `text`.
    pub(super) around: Vec<u32>,
    /// The innermost of them that the commit has: its place in the commit's text, with that text.
    pub(super) committed: Option<(u32, Text)>,
}

impl Reader {
    /// What stands at a place.
    ///
    /// # Errors
    /// A revision, a file, a line or a symbol that is not there.
    pub fn at(&self, at: &At) -> Result<AtAnswer, Error> {
        let ground = Ground::around(self, &at.folder)?;
        let commit = ground.commit(at.rev.as_deref())?;
        let path = ground.path(&commit, &at.folder, &at.spot.file);
        ground.at(&commit, &path, at)
    }
}

impl Ground<'_> {
    fn at(&self, commit: &Oid, path: &RepoPath, at: &At) -> Result<AtAnswer, Error> {
        if let Some(Entry::Submodule { path: submodule, commit: pinned }) =
            self.git.entry(commit, path)
            && let Some((inner, rest)) = self.inside(&submodule, path)
        {
            return inner.at(&pinned, &rest, at);
        }
        let placed = self.place(commit, path, at)?;
        let found = match &placed.committed {
            Some((ord, text)) => {
                let key = text.key(*ord);
                Some(self.life_of(commit, path, *ord, &key)?)
            }
            None => None,
        };
        let life = found.as_ref().map(|found| self.told(found, at.changes)).transpose()?;
        let file_commits = if placed.around.is_empty() {
            self.file_commits(commit, path, FILE_COMMITS)?
        } else {
            Vec::new()
        };
        let mut freshness = self.freshness(found.as_ref().is_some_and(Found::is_off_chain));
        if life.as_ref().is_some_and(|life| !life.is_whole && life.introduced.is_none()) {
            freshness.notes.push(
                "history is cut or too long to be read on the spot: what came first is not told"
                    .to_owned(),
            );
        }
        Ok(AtAnswer {
            commit: self.commit_info(commit),
            path: path.to_text().into_owned(),
            line: at.spot.line,
            lines: placed.text.extraction.lines,
            status: placed.text.extraction.status.as_str(),
            symbols: placed.around.iter().map(|ord| info(&placed.text, *ord)).collect(),
            edit: placed.edit,
            life,
            file_commits,
            conversations: self
                .reader
                .conversations(spoken_of(found.as_ref(), path), CONVERSATIONS)?,
            freshness,
        })
    }

    /// Finds the place in the text that is asked about, and its symbol in the commit.
    pub(super) fn place(&self, commit: &Oid, path: &RepoPath, at: &At) -> Result<Placed, Error> {
        let committed = match self.git.entry(commit, path) {
            Some(Entry::File(blob)) => Some(blob),
            _ => None,
        };
        // Only what is checked out can be edited.
        let edited = match at.rev {
            None => match self.git.work_file(path) {
                WorkFile::File(bytes) if self.git.blob_id(&bytes) != committed => Some(bytes),
                _ => None,
            },
            Some(_) => None,
        };
        match (committed, edited) {
            (None, None) => Err(self.no_file(commit, path)),
            (Some(blob), None) => {
                let unread = || self.no_file(commit, path);
                let text = self.text(path, &blob)?.ok_or_else(unread)?;
                let needs_bytes = at.spot.column.is_some();
                let bytes = if needs_bytes { self.git.blob(&blob) } else { None };
                let around = standing_around(&text, bytes.as_deref(), path, at)?;
                let innermost = around.last().copied();
                let committed = innermost.map(|ord| {
                    let Text { language, extraction } = &text;
                    (ord, Text { language: language.clone(), extraction: extraction.clone() })
                });
                Ok(Placed { text, edit: None, around, committed })
            }
            (committed, Some(bytes)) => {
                let before = committed.and_then(|blob| self.git.blob(&blob));
                self.edited(path, at, before.as_deref(), &bytes)
            }
        }
    }

    /// A place in a file of the work tree that differs from the commit's, if there is one.
    fn edited(
        &self,
        path: &RepoPath,
        at: &At,
        before: Option<&[u8]>,
        bytes: &[u8],
    ) -> Result<Placed, Error> {
        let text = self.parsed(path, bytes)?;
        let around = standing_around(&text, Some(bytes), path, at)?;
        let mut placed = Placed { text, edit: None, around, committed: None };
        let Some(before) = before else {
            let changed_lines = lichen_source::lines::count(bytes) as usize;
            placed.edit = Some(Edit { changed_lines, line: EditedLine::NewFile });
            return Ok(placed);
        };
        let map = LineMap::between(before, bytes);
        let line = at.spot.line.map_or(EditedLine::None, |line| match map.old_line(line) {
            OldLine::Same(line) => EditedLine::Same(line),
            OldLine::Changed { after } => EditedLine::After(after),
            OldLine::Beyond => EditedLine::None,
        });
        if map.changed() > 0 || map.new_len() != lichen_source::lines::count(before) {
            placed.edit = Some(Edit { changed_lines: map.changed(), line });
        }
        let same = self.reading(1)?.same(path, before, bytes);
        // What is new has the past of what it stands in.
        let old = placed.around.iter().rev().find_map(|ord| *same.get(*ord as usize)?);
        placed.committed = match old {
            Some(ord) => Some((ord, self.parsed(path, before)?)),
            None => None,
        };
        Ok(placed)
    }

    /// The commits that changed a file, the newest first, as of a commit.
    pub(super) fn file_commits(
        &self,
        commit: &Oid,
        path: &RepoPath,
        count: usize,
    ) -> Result<Vec<super::answer::CommitInfo>, Error> {
        let Some(repo) = self.repo else { return Ok(Vec::new()) };
        let store = &self.reader.store;
        let is_head = self.git.head().as_ref() == Some(commit);
        let id = self.commit_id(commit);
        let behind = match id.filter(|_| !is_head) {
            Some(id) => Some(store.ancestors(id)?),
            None => None,
        };
        let mut commits = store.path_commits(repo, path)?;
        if let Some(behind) = behind {
            commits.retain(|commit| behind.contains(commit));
        }
        commits.truncate(count);
        let known = self.known_commits(&commits)?;
        Ok(commits.iter().filter_map(|commit| known.get(commit).cloned()).collect())
    }
}

/// What stands around the place that is asked for.
fn standing_around(
    text: &Text,
    bytes: Option<&[u8]>,
    path: &RepoPath,
    at: &At,
) -> Result<Vec<u32>, Error> {
    let extraction = &text.extraction;
    if let Some(name) = &at.symbol {
        return named(text, path, name);
    }
    let Some(line) = at.spot.line else { return Ok(Vec::new()) };
    // What is no text has no lines, and is told with its status.
    let is_text = extraction.lines > 0 || extraction.status == ExtractionStatus::Ok;
    if line == 0 || (is_text && line > extraction.lines) {
        return Err(Error::NoLine {
            path: path.to_text().into_owned(),
            line,
            lines: extraction.lines,
        });
    }
    let byte = match (at.spot.column, bytes) {
        (Some(column), Some(bytes)) => symbols::byte_at(bytes, line, column),
        _ => None,
    };
    Ok(symbols::around(extraction, line, byte))
}

/// What conversations are to be looked for.
pub(super) fn spoken_of(found: Option<&Found>, path: &RepoPath) -> SpokenOf {
    match found {
        Some(found) => {
            let mut commits = found.makers();
            commits.truncate(SPOKEN_COMMITS);
            let symbols = found.stored.iter().map(|stored| stored.life.id).collect();
            SpokenOf { symbols, commits, ..SpokenOf::default() }
        }
        None => SpokenOf { file: Some(path.clone()), ..SpokenOf::default() },
    }
}

/// The symbol of a file that is called so, with what it stands in.
fn named(text: &Text, path: &RepoPath, name: &str) -> Result<Vec<u32>, Error> {
    let symbols = &text.extraction.symbols;
    let dotted = name.replace("::", ".").replace('#', ".");
    let fits = |symbol: &lichen_model::Symbol| {
        let whole = symbol.qualified_name();
        symbol.name == name
            || whole == dotted
            || whole.strip_suffix(dotted.as_str()).is_some_and(|before| before.ends_with('.'))
    };
    let fitting: Vec<u32> =
        (0_u32..).zip(symbols).filter(|(_, symbol)| fits(symbol)).map(|(ord, _)| ord).collect();
    match fitting.as_slice() {
        [] => {
            let mut candidates: Vec<String> = symbols
                .iter()
                .filter(|symbol| symbol.name.eq_ignore_ascii_case(name))
                .map(lichen_model::Symbol::qualified_name)
                .collect();
            candidates.truncate(CANDIDATES);
            Err(Error::NoSymbol { name: name.to_owned(), candidates })
        }
        [one] => {
            let mut chain = vec![*one];
            while let Some(parent) = chain.last().and_then(|ord| symbols[*ord as usize].parent) {
                chain.push(parent);
            }
            chain.reverse();
            Ok(chain)
        }
        several => {
            let candidate = |ord: &u32| {
                let symbol = &symbols[*ord as usize];
                let (kind, line) = (symbol.kind.as_str(), symbol.name_line);
                format!("{kind} {} at {}:{line}", symbol.qualified_name(), path.to_text())
            };
            let candidates = several.iter().take(CANDIDATES).map(candidate).collect();
            Err(Error::AmbiguousSymbol { name: name.to_owned(), candidates })
        }
    }
}

/// A symbol as answers show it.
pub(super) fn info(text: &Text, ord: u32) -> SymbolInfo {
    let symbol = &text.extraction.symbols[ord as usize];
    SymbolInfo {
        kind: symbol.kind.as_str(),
        name: symbol.qualified_name(),
        signature: symbol.signature.clone(),
        first_line: symbol.span.start_line,
        last_line: symbol.span.end_line,
        is_test: symbol.is_test,
    }
}

impl Spot {
    /// A place as people write it: `FILE`, `FILE:LINE` or `FILE:LINE:COLUMN`.
    pub fn parse(text: &Path) -> Self {
        let bytes = text.as_os_str().as_encoded_bytes();
        let mut rest = bytes;
        let mut numbers: Vec<u32> = Vec::new();
        while numbers.len() < 2
            && let Some(at) = rest.iter().rposition(|&byte| byte == b':')
            && at > 0
            && let Ok(digits) = std::str::from_utf8(&rest[at + 1..])
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(number) = digits.parse()
        {
            numbers.push(number);
            rest = &rest[..at];
        }
        let file = match std::str::from_utf8(rest) {
            Ok(file) => PathBuf::from(file),
            Err(_) => without_suffix(text, bytes.len() - rest.len()),
        };
        let column = if numbers.len() == 2 { Some(numbers[0]) } else { None };
        Self { file, line: numbers.last().copied(), column }
    }
}

/// A path that is not UTF-8, without so many bytes of ASCII at its end.
#[cfg(unix)]
fn without_suffix(text: &Path, count: usize) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = text.as_os_str().as_bytes();
    PathBuf::from(std::ffi::OsStr::from_bytes(&bytes[..bytes.len() - count]))
}

#[cfg(not(unix))]
fn without_suffix(text: &Path, _: usize) -> PathBuf {
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        for (text, file, line, column) in [
            ("a.rs", "a.rs", None, None),
            ("a.rs:10", "a.rs", Some(10), None),
            ("src/a.rs:10:7", "src/a.rs", Some(10), Some(7)),
            ("a:b.rs:3", "a:b.rs", Some(3), None),
            ("a.rs:", "a.rs:", None, None),
            ("a.rs:x", "a.rs:x", None, None),
            ("a.rs:10:", "a.rs:10:", None, None),
            ("a.rs:1:2:3", "a.rs:1", Some(2), Some(3)),
            ("a.rs:99999999999", "a.rs:99999999999", None, None),
            (":7", ":7", None, None),
        ] {
            let expected = Spot { file: PathBuf::from(file), line, column };
            assert_eq!(Spot::parse(Path::new(text)), expected, "{text}");
        }
    }
}
