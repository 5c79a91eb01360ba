//! Files of messages, and what is read from them.

use std::path::{Path, PathBuf};

use lichen_model::Batch;
use lichen_source::messages::{self, Source};

use crate::read_all;

pub(crate) fn source(path: &Path) -> Source {
    Source { path: path.to_owned(), label: "file".to_owned(), ..Source::default() }
}

pub(crate) fn read_source(format: &str, source: &Source) -> Batch {
    let format = messages::format(format).unwrap();
    read_all(&mut (format.open)(source).unwrap()).0
}

pub(crate) fn read(format: &str, path: &Path) -> Batch {
    read_source(format, &source(path))
}

pub(crate) fn from(format: &str, path: &Path, before: &Batch) -> Batch {
    let position = before.progress.last().map(|progress| progress.position.clone());
    read_source(format, &Source { position, ..source(path) })
}

pub(crate) fn file(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, content).unwrap();
    path
}

pub(crate) fn append(path: &Path, content: &str) {
    use std::io::Write as _;
    std::fs::File::options()
        .append(true)
        .open(path)
        .unwrap()
        .write_all(content.as_bytes())
        .unwrap();
}

pub(crate) fn texts(batch: &Batch) -> Vec<&str> {
    batch.messages.iter().map(|message| message.text.as_str()).collect()
}

pub(crate) fn problems(batch: &Batch) -> Vec<String> {
    batch.problems.iter().map(ToString::to_string).collect()
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Facts of both readings together, as a store would keep them.
pub(crate) fn joined(first: &Batch, second: &Batch) -> Vec<lichen_model::Message> {
    [first.messages.clone(), second.messages.clone()].concat()
}

/// An archive of these files.
pub(crate) fn zip(folder: &tempfile::TempDir, name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    file(folder, name, writer.finish().unwrap().into_inner())
}

/// Reads a file cut at every byte (of a long one, at some), then with bytes put at random: nothing may panic or hang.
pub(crate) fn damage(format: &str, name: &str, content: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let read_damaged = |content: &[u8]| {
        let path = file(&folder, name, content);
        let format = messages::format(format).unwrap();
        if let Ok(mut reader) = (format.open)(&source(&path)) {
            while let Ok(Some(_)) = reader.next_batch() {}
        }
        drop(messages::sniff(&path));
    };
    for len in (0..content.len()).step_by(content.len() / 1_500 + 1) {
        read_damaged(&content[..len]);
    }
    let mut state = 7_u64;
    for _ in 0..600 {
        let mut damaged = content.to_vec();
        for _ in 0..4 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(state >> 33).unwrap() % damaged.len();
            let byte = state.to_le_bytes()[3];
            damaged[at] = if byte < 128 { b"\"\\{}[],:0\n"[usize::from(byte) % 10] } else { byte };
        }
        read_damaged(&damaged);
    }
}

/// [`damage`] of the file at `path`.
pub(crate) fn mutate(format: &str, path: &Path) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    damage(format, &name, &fs_err::read(path).unwrap());
}
