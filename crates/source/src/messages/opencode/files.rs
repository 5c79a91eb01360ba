//! Sessions as JSON files: `storage/session/<project>/<session>.json`, `storage/message/<session>/<message>.json` and
//! `storage/part/<message>/<part>.json`.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::{About, Kept};
use crate::messages::agent::{home, inner, object, stem, text};
use crate::{Error, Result};

/// Whether a file has the place of a session's.
pub(super) fn is_session(path: &Path) -> bool {
    let above = |level| path.ancestors().nth(level).map(home::name).unwrap_or_default();
    home::has_extension(path, "json") && above(2) == "session"
}

/// The store around a session's file.
pub(super) struct Folder {
    path: PathBuf,
    storage: PathBuf,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Self {
        let storage = path.ancestors().nth(3).unwrap_or(Path::new("")).to_owned();
        Self { path: path.to_owned(), storage }
    }

    pub(super) fn session(&self) -> String {
        stem(&self.path)
    }

    /// What tells whether anything changed: names, sizes and times of all files of the session.
    pub(super) fn fingerprint(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        let mut add = |path: &Path| -> Result<()> {
            let metadata = fs::metadata(path).map_err(Error::ReadFile)?;
            hasher.update(home::name(path).as_bytes());
            hasher.update(&metadata.len().to_be_bytes());
            let changed = metadata.modified().ok();
            let since = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            hasher.update(&since.map_or(0, |since| since.as_nanos()).to_be_bytes());
            Ok(())
        };
        add(&self.path)?;
        for message in self.files("message", &self.session())? {
            add(&message)?;
            for part in self.files("part", &stem(&message))? {
                add(&part)?;
            }
        }
        Ok(hasher.finalize().to_hex()[..32].to_owned())
    }

    pub(super) fn about(&self, session: &str) -> Option<About> {
        about(&self.find(session)?)
    }

    /// The file of a session, which may be of another project.
    fn find(&self, session: &str) -> Option<PathBuf> {
        if session == self.session() {
            return Some(self.path.clone());
        }
        let file = format!("{session}.json");
        let names = |path: &Path| home::name(path) == file;
        home::files(&self.storage.join("session"), 1, names).ok()?.pop()
    }

    pub(super) fn messages(&self, session: &str) -> Result<Vec<String>> {
        Ok(self.files("message", session)?.iter().map(|path| stem(path)).collect())
    }

    pub(super) fn message(&self, session: &str, id: &str) -> Result<Option<Kept>> {
        let folder = self.storage.join("message").join(session);
        let Some(json) = read(&folder.join(format!("{id}.json"))) else { return Ok(None) };
        let parts = self.files("part", id)?;
        let parts = parts.iter().map(|path| (stem(path), read(path).unwrap_or_default()));
        Ok(Some(Kept { id: id.to_owned(), json, parts: parts.collect() }))
    }

    /// The files of what belongs to `id`, in the order of their ids, which is that of time.
    fn files(&self, kind: &str, id: &str) -> Result<Vec<PathBuf>> {
        let is_json = |path: &Path| home::has_extension(path, "json");
        home::files(&self.storage.join(kind).join(id), 0, is_json)
    }
}

fn read(path: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(path).ok()?).into_owned())
}

/// What a session's file tells.
pub(super) fn about(path: &Path) -> Option<About> {
    let session = object(&read(path)?).ok()?;
    let owned = |key| text(&session, key).unwrap_or_default().to_owned();
    let directory = text(&session, "directory")
        .or_else(|| inner(&session, "path").and_then(|path| text(path, "cwd")))
        .unwrap_or_default()
        .to_owned();
    Some(About {
        id: stem(path),
        parent: owned("parentID"),
        directory,
        title: owned("title"),
        version: owned("version"),
    })
}
