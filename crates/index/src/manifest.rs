//! The manifest: which files make up the index, and up to which passage. What it does not name does not count.
//!
//! The file `manifest.json` is one line, `lichen-index <XXH3 of the rest, in hex>`, and then JSON.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::error::{Error, Result, file};

/// Counts with every change of the manifest or a segment's form.
pub(crate) const FORMAT: u32 = 2;
const NAME: &str = "manifest.json";
const HEAD: &str = "lichen-index ";

/// The index as sealed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The form of the files.
    pub(crate) format: u32,
    /// The version of schema and analysis of the texts.
    pub(crate) text_version: u32,
    /// Passages in columns and texts.
    pub(crate) watermark: u32,
    /// Segments of columns, in order.
    pub(crate) columns: Vec<String>,
    /// Segments of texts, in order.
    pub(crate) texts: Vec<String>,
    /// The model that is searched: its place in `models`.
    pub(crate) active: usize,
    /// Models that have vectors.
    pub(crate) models: Vec<Model>,
    /// Every file, sorted by path.
    pub(crate) files: Vec<FileRecord>,
}

/// The vectors of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    /// The model's name.
    pub(crate) name: String,
    /// Its dimensions.
    pub(crate) dims: usize,
    /// Passages that have vectors.
    pub(crate) watermark: u32,
    /// Segments, in order.
    pub(crate) segments: Vec<String>,
}

/// A file as it was when it was sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    /// Its path in the index, with `/` between names.
    pub(crate) path: String,
    /// Its length in bytes.
    pub(crate) len: u64,
    /// When it was last changed, in nanoseconds since 1970; another value makes its bytes suspect.
    pub(crate) modified: u64,
    /// XXH3 of its bytes, in hex.
    pub(crate) xxh3: String,
}

impl FileRecord {
    /// Makes the file at `path` of the index in `dir` durable and describes it.
    pub(crate) fn seal(dir: &Path, path: String) -> io::Result<Self> {
        let at = dir.join(&path);
        let sealed = fs_err::File::open(&at)?;
        sealed.sync_all()?;
        let meta = sealed.metadata()?;
        Ok(Self { xxh3: checksum(&at)?, path, len: meta.len(), modified: modified(&meta) })
    }

    /// Whether the file is there as it was sealed; reads it only where its time differs.
    pub(crate) fn check(&self, dir: &Path) -> std::result::Result<(), String> {
        let at = dir.join(&self.path);
        let meta = fs_err::metadata(&at).map_err(|error| error.to_string())?;
        if meta.len() != self.len {
            return Err(format!(
                "`{}` has {} bytes instead of {}",
                self.path,
                meta.len(),
                self.len
            ));
        }
        if modified(&meta) == self.modified { Ok(()) } else { self.check_bytes(dir) }
    }

    /// Whether the file's bytes are those that were sealed.
    pub(crate) fn check_bytes(&self, dir: &Path) -> std::result::Result<(), String> {
        let found = checksum(&dir.join(&self.path)).map_err(|error| error.to_string())?;
        if found == self.xxh3 {
            Ok(())
        } else {
            Err(format!("the bytes of `{}` have changed", self.path))
        }
    }
}

impl Manifest {
    /// Reads the manifest of the index in `dir`; `None` where there is none.
    pub(crate) fn read(dir: &Path) -> std::result::Result<Option<Self>, String> {
        let text = match fs_err::read(dir.join(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let damaged = || "the manifest is damaged".to_owned();
        let rest = text.strip_prefix(HEAD.as_bytes()).ok_or_else(damaged)?;
        let (sum, body) = rest.split_first_chunk::<17>().ok_or_else(damaged)?;
        if *sum != *format!("{:016x}\n", xxh3_64(body)).as_bytes() {
            return Err(damaged());
        }
        let manifest: Self = serde_json::from_slice(body)
            .map_err(|error| format!("the manifest is damaged: {error}"))?;
        if manifest.format != FORMAT {
            return Err(format!("the index has form {} instead of {FORMAT}", manifest.format));
        }
        Ok(Some(manifest))
    }

    /// Puts the manifest in the place of the last one, all or nothing.
    pub(crate) fn write(&self, dir: &Path) -> Result<()> {
        let body = serde_json::to_vec_pretty(self).map_err(Error::Manifest)?;
        let mut bytes = format!("{HEAD}{:016x}\n", xxh3_64(&body)).into_bytes();
        bytes.extend(body);
        let swap = || {
            let part = dir.join("manifest.part");
            let mut out = fs_err::File::create(&part)?;
            out.write_all(&bytes)?;
            out.sync_all()?;
            fs_err::rename(&part, dir.join(NAME))?;
            sync_folder(dir)
        };
        swap().map_err(file("swap the manifest of the index"))
    }
}

/// Makes the names in a folder durable. Where folders cannot be opened the system sees to it.
pub(crate) fn sync_folder(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { fs_err::File::open(dir)?.sync_all() } else { Ok(()) }
}

/// The files under `dir/folder`, as paths in `dir` with `/` between names; none where there is no such folder.
pub(crate) fn list(dir: &Path, folder: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs_err::read_dir(dir.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The path of `at` in `dir`, with `/` between names.
pub(crate) fn relative(dir: &Path, at: &Path) -> String {
    let inside = at.strip_prefix(dir).unwrap_or(at);
    let names: Vec<_> = inside.iter().map(|name| name.to_string_lossy()).collect();
    names.join("/")
}

/// The last name of a path.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn checksum(path: &Path) -> io::Result<String> {
    let mut input = fs_err::File::open(PathBuf::from(path))?;
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(format!("{:016x}", hash.digest())),
            len => hash.update(&buffer[..len]),
        }
    }
}

fn modified(meta: &std::fs::Metadata) -> u64 {
    let since = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
