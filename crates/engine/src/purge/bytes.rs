//! Every byte of a store's files: whether what is purged stands in one, in any form in which programs write texts.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;

use crate::Error;
use crate::open::INDEX;

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// The forms of some texts: as they are, as JSON writes them, and in both orders of UTF-16.
pub(super) struct Forms {
    search: Option<AhoCorasick>,
    bytes_max: usize,
}

impl Forms {
    pub(super) fn new(texts: &[String]) -> Self {
        let mut forms: Vec<Vec<u8>> = Vec::new();
        for text in texts {
            forms.push(text.as_bytes().to_vec());
            forms.push(json_form(text).into_bytes());
            forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
            forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        }
        forms.sort_unstable();
        forms.dedup();
        let bytes_max = forms.iter().map(Vec::len).max().unwrap_or(0);
        // Only a search with more states than 32 bits number is refused.
        let search = (!forms.is_empty()).then(|| AhoCorasick::new(&forms).ok()).flatten();
        Self { search, bytes_max }
    }

    /// Whether one of them stands in `bytes`.
    pub(super) fn stand_in(&self, bytes: &[u8]) -> bool {
        self.search.as_ref().is_some_and(|search| search.is_match(bytes))
    }
}

/// A text as it stands between the quotation marks of JSON.
pub(super) fn json_form(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a string is always JSON");
    quoted[1..quoted.len() - 1].to_owned()
}

/// What was looked through.
#[derive(Default)]
pub(super) struct Scanned {
    /// Files that hold one of the texts.
    pub(super) holding: Vec<PathBuf>,
    pub(super) bytes: u64,
}

/// Looks through every file below `folder`.
pub(super) fn scan(folder: &Path, forms: &Forms) -> Result<Scanned, Error> {
    let mut scanned = Scanned::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let file = |source| Error::File { source };
        let mut paths = Vec::new();
        for entry in fs_err::read_dir(&folder).map_err(file)? {
            paths.push(entry.map_err(file)?.path());
        }
        paths.sort();
        for path in paths {
            let metadata = fs_err::symlink_metadata(&path).map_err(file)?;
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                scanned.bytes += metadata.len();
                if holds(&path, forms).map_err(file)? {
                    scanned.holding.push(path);
                }
            }
        }
    }
    Ok(scanned)
}

fn holds(path: &Path, forms: &Forms) -> std::io::Result<bool> {
    let mut file = fs_err::File::open(path)?;
    // The end of a chunk is kept before the next one: a text may lie over both.
    let overlap = forms.bytes_max.saturating_sub(1);
    let mut buffer: Vec<u8> = Vec::with_capacity(CHUNK + overlap);
    loop {
        let kept = buffer.len().min(overlap);
        buffer.drain(..buffer.len() - kept);
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)?;
        if read == 0 {
            return Ok(false);
        }
        if forms.stand_in(&buffer) {
            return Ok(true);
        }
    }
}

/// Makes it last that files of a folder are gone.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Error> {
    let sync = || fs_err::File::open(folder)?.sync_all();
    if cfg!(unix) { sync().map_err(|source| Error::File { source }) } else { Ok(()) }
}

/// Removes what a process that was killed left of DuckDB's spilled memory, which is compressed: what it holds cannot be told.
pub(super) fn empty_spilled(dir: &Path) -> Result<(), Error> {
    let Ok(entries) = fs_err::read_dir(dir.join("tmp")) else { return Ok(()) };
    for entry in entries.flatten() {
        match fs_err::remove_file(entry.path()) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::File { source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a purge removes the file where it holds something: copies that a failure left, and spilled bytes.
pub(super) fn is_copy(dir: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(dir) else { return false };
    ["damaged", "tmp", "export"].iter().any(|folder| inside.starts_with(folder))
        || inside.to_str().is_some_and(|name| name.ends_with(".wal.copy"))
}

/// Whether a purge writes the file anew, or removes it.
pub(super) fn is_rewritten(dir: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(dir) else { return false };
    inside.starts_with(INDEX)
        || inside.starts_with("journal")
        || inside.to_str().is_some_and(|name| name.starts_with("lichen.duckdb"))
        || is_copy(dir, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_wherever_it_lies() {
        let folder = tempfile::tempdir().unwrap();
        let text = "qu\"iet-mårten".to_owned();
        let forms = Forms::new(std::slice::from_ref(&text));
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let contents: [(&str, Vec<u8>); 5] = [
            ("plain", text.as_bytes().to_vec()),
            ("json", json_form(&text).into_bytes()),
            ("utf16", utf16),
            ("clean", text.to_uppercase().into_bytes()),
            ("empty", Vec::new()),
        ];
        for (name, content) in contents {
            let sub = folder.path().join(name);
            fs_err::create_dir(&sub).unwrap();
            // Over the border of two chunks too.
            for before in [0, CHUNK - 5, CHUNK, 2 * CHUNK - 1] {
                let bytes: Vec<u8> =
                    std::iter::repeat_n(b'x', before).chain(content.clone()).collect();
                fs_err::write(sub.join(before.to_string()), bytes).unwrap();
            }
        }
        let found = scan(folder.path(), &forms).unwrap().holding;
        let folders: Vec<_> =
            found.iter().map(|path| path.parent().unwrap().file_name().unwrap()).collect();
        assert_eq!(found.len(), 12, "{folders:?}");
        assert!(folders.iter().all(|name| *name != "clean" && *name != "empty"));
        let nothing = scan(folder.path(), &Forms::new(&[])).unwrap();
        assert!(nothing.holding.is_empty() && nothing.bytes > 0);
    }
}
