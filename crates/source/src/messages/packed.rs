//! Exports that are a JSON file each: as that file, or packed in an archive, one or several of them.

use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err::File;

use super::parts::Draft;
use super::whole::{self, Export, Whole};
use super::{HEAD_BYTES, Source};
use crate::zip_file::{self, Entry, ZipFile};
use crate::{Error, Read, Result};

/// Files of an archive whose heads are looked at to tell its format; all of them once it is read.
const SNIFFED_MAX: usize = 100;

/// How a format's exports are told and read.
pub(super) struct Packed {
    /// The name of the format.
    pub(super) name: &'static str,
    /// Whether a file that begins so is an export.
    pub(super) is_export: fn(head: &[u8]) -> bool,
    /// Begins to read one.
    pub(super) begin: fn(source: &Source, part: &Part) -> Result<Box<dyn Export + Send>>,
}

/// One export.
pub(super) struct Part {
    /// What problems call it.
    pub(super) label: String,
    /// Its name without the ending.
    pub(super) stem: String,
    bytes: u64,
    place: Place,
}

enum Place {
    File(PathBuf),
    Entry(Arc<ZipFile>, Entry),
}

impl Part {
    /// Its content, from the beginning.
    pub(super) fn open(&self) -> Result<Box<dyn BufRead + Send>> {
        Ok(match &self.place {
            Place::File(path) => {
                let file = File::open(path).map_err(Error::ReadFile)?;
                Box::new(BufReader::with_capacity(1 << 16, file))
            }
            Place::Entry(zip, entry) => Box::new(zip.read(entry)?),
        })
    }
}

impl Packed {
    /// Whether a file is an export, or an archive that holds one.
    pub(super) fn sniff(&self, path: &Path, head: &[u8]) -> bool {
        if zip_file::is_zip(head) {
            let Ok(zip) = ZipFile::open(path) else { return false };
            return json_entries(&zip).take(SNIFFED_MAX).any(|entry| self.holds(&zip, entry));
        }
        path.extension().is_some_and(|name| name == "json") && (self.is_export)(head)
    }

    fn holds(&self, zip: &ZipFile, entry: &Entry) -> bool {
        let mut head = Vec::new();
        let Ok(body) = zip.read(entry) else { return false };
        // What cannot be read to its end may still tell what it is.
        drop(body.take(HEAD_BYTES).read_to_end(&mut head));
        (self.is_export)(&head)
    }

    /// Reads the file at `path`, or everything that an archive there holds of the format.
    pub(super) fn open(&self, source: &Source, path: &Path) -> Result<Box<dyn Read + Send>> {
        let mut head = Vec::new();
        let file = File::open(path).map_err(Error::ReadFile)?;
        file.take(4).read_to_end(&mut head).map_err(Error::ReadFile)?;
        if !zip_file::is_zip(&head) {
            let (bytes, fingerprint) = whole::fingerprint(path)?;
            let stem = stem(&path.to_string_lossy());
            let place = Place::File(path.to_owned());
            let part = Part { label: source.label.clone(), stem, bytes, place };
            let export = (self.begin)(source, &part)?;
            return Ok(Box::new(Whole::new(self.name, source, bytes, fingerprint, export)));
        }
        let mut zip = ZipFile::open(path)?;
        let refused = std::mem::take(&mut zip.refused);
        let entries: Vec<_> =
            json_entries(&zip).filter(|entry| self.holds(&zip, entry)).cloned().collect();
        if entries.is_empty() {
            let what = format!("it holds no export of the format `{}`", self.name);
            return Err(Error::Archive { path: path.to_owned(), what });
        }
        let (fingerprint, zip) = (zip.fingerprint(), Arc::new(zip));
        let part = |entry: Entry| Part {
            label: format!("{}/{}", source.label, entry.name),
            stem: stem(&entry.name),
            bytes: entry.bytes,
            place: Place::Entry(Arc::clone(&zip), entry),
        };
        let parts: Vec<_> = entries.into_iter().rev().map(part).collect();
        let bytes = parts.iter().map(|part| part.bytes).sum();
        let begin = self.begin;
        let source = source.clone();
        let archive =
            Archive { begin, source: source.clone(), parts, refused, now: None, before: 0 };
        Ok(Box::new(Whole::new(self.name, &source, bytes, fingerprint, archive)))
    }
}

fn json_entries(zip: &ZipFile) -> impl Iterator<Item = &Entry> {
    zip.entries.iter().filter(|entry| zip_file::has_extension(&entry.name, "json"))
}

fn stem(path: &str) -> String {
    Path::new(path).file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The exports of an archive, one after the other.
struct Archive {
    begin: fn(source: &Source, part: &Part) -> Result<Box<dyn Export + Send>>,
    source: Source,
    /// Those that are still to be read, the next one last.
    parts: Vec<Part>,
    refused: Vec<(String, &'static str)>,
    now: Option<(Box<dyn Export + Send>, u64)>,
    /// Bytes of those that have been read.
    before: u64,
}

impl Export for Archive {
    fn step(&mut self, draft: &mut Draft) -> Result<bool> {
        for (name, why) in std::mem::take(&mut self.refused) {
            draft.problems.at(&self.source.label, format!("entry {name}"), why);
        }
        if let Some((export, bytes)) = &mut self.now {
            if !export.step(draft)? {
                self.before += *bytes;
                self.now = None;
            }
            return Ok(true);
        }
        let Some(part) = self.parts.pop() else { return Ok(false) };
        self.now = Some(((self.begin)(&self.source, &part)?, part.bytes));
        Ok(true)
    }

    fn offset(&self) -> u64 {
        let now = self.now.as_ref();
        self.before + now.map_or(0, |(export, bytes)| export.offset().min(*bytes))
    }
}
