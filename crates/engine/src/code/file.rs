//! `get REV:PATH`: a file as a commit has it, or some of its lines.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lichen_source::documents::{self, CommitDocument};

use super::ground::Ground;
use crate::get::{Found, provenance};
use crate::recall::TOKEN_BYTES;
use crate::when::format_zoned;
use crate::{Error, Reader};

/// A file of a commit, or some of its lines: `REV:PATH`, `REV:PATH:LINE` or `REV:PATH:FIRST-LAST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// The revision.
    pub rev: String,
    /// The file, seen from the folder in which is asked or from the root.
    pub path: String,
    /// First and last line, from 1; `None` for all.
    pub lines: Option<(u32, u32)>,
}

impl FilePlace {
    /// Reads a place as answers of the past print it; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (rev, rest) = text.split_once(':')?;
        if rev.is_empty() || rest.is_empty() {
            return None;
        }
        let lines = rest.rsplit_once(':').and_then(|(path, lines)| {
            let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
            Some((path, (first.parse().ok()?, last.parse().ok()?)))
        });
        let (path, lines) = lines.map_or((rest, None), |(path, lines)| (path, Some(lines)));
        Some(Self { rev: rev.to_owned(), path: path.to_owned(), lines })
    }
}

/// A question for a file of a commit.
#[derive(Clone, Debug)]
pub struct FileOf {
    /// Where the question is asked.
    pub folder: PathBuf,
    /// The file.
    pub place: FilePlace,
    /// The byte of the asked text to begin at.
    pub offset: u64,
    /// At most so many tokens, counted at four bytes each.
    pub budget: usize,
}

impl Reader {
    /// Reads a file as a commit has it, without its secrets.
    ///
    /// # Errors
    /// A revision, a path or lines that are not there, and a file that is no text.
    pub fn file(&self, file: &FileOf) -> Result<Found, Error> {
        let ground = Ground::around(self, &file.folder)?;
        let commit = ground.commit(Some(&file.place.rev))?;
        let path = ground.path(&commit, &file.folder, Path::new(&file.place.path));
        if ground.git.entry(&commit, &path).is_none() {
            return Err(ground.no_file(&commit, &path));
        }
        let head = ground.commit_info(&commit);
        let mut options = documents::Options::new(ground.git.repo(), head.at.at);
        options.redactor = Some(Arc::clone(&self.redactor));
        let read = documents::one_of_commit(&ground.git, &commit, &options, &path);
        let read = read.ok_or_else(|| Error::Question {
            what: format!("`{}` is no document or code: `git show` prints it", path.to_text()),
        })?;
        let text = asked(&read, file.place.lines)?;
        let known = provenance([
            ("place", path.to_text().into_owned()),
            ("commit", commit.to_string()),
            ("committed", format_zoned(head.at)),
            ("fields", read.meta.clone()),
        ]);
        let bytes_max = file.budget.saturating_mul(TOKEN_BYTES);
        Ok(Found::part(read.document.id.any(), known, &text, file.offset, bytes_max))
    }
}

/// The asked lines.
fn asked(read: &CommitDocument, lines: Option<(u32, u32)>) -> Result<String, Error> {
    let Some((first, last)) = lines else { return Ok(read.text.clone()) };
    let all: Vec<&str> = read.text.split_inclusive('\n').collect();
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    if first == 0 || first > count || last < first {
        let line = if last < first { last } else { first };
        let path = read.document.path.to_text().into_owned();
        return Err(Error::NoLine { path, line, lines: count });
    }
    Ok(all[first as usize - 1..last.min(count) as usize].concat())
}

#[cfg(test)]
mod tests {
    use super::FilePlace;

    #[test]
    fn files_of_commits_are_read_as_they_are_printed() {
        for (text, expected) in [
            ("abc:src/a.rs", Some(("abc", "src/a.rs", None))),
            ("HEAD~2:a.rs:7", Some(("HEAD~2", "a.rs", Some((7, 7))))),
            ("abc:a.rs:7-9", Some(("abc", "a.rs", Some((7, 9))))),
            ("abc:a:b.rs", Some(("abc", "a:b.rs", None))),
            ("m4q7k2v9xa", None),
            (":a.rs", None),
            ("abc:", None),
        ] {
            let parsed = FilePlace::parse(text);
            let parsed =
                parsed.as_ref().map(|place| (&place.rev[..], &place.path[..], place.lines));
            assert_eq!(parsed, expected, "{text}");
        }
    }
}
