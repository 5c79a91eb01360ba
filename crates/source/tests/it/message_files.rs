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

/// Reads a file of this name with its content damaged, in a format and as one that is told by its head.
pub(crate) fn read_damaged(format: &str, name: &str, content: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    damage(content, |content| {
        let path = file(&folder, name, content);
        let opened = (messages::format(format).unwrap().open)(&source(&path));
        // A file whose head is damaged may be refused, with an error.
        if let Ok(mut reader) = opened {
            while let Ok(Some(_)) = reader.next_batch() {}
        }
        drop(messages::sniff(&path));
    });
}

/// [`read_damaged`] of the file at `path`.
pub(crate) fn mutate(format: &str, path: &Path) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    read_damaged(format, &name, &fs_err::read(path).unwrap());
}

/// Gives a content cut at every byte, and with bytes of it changed.
pub(crate) fn damage(content: &[u8], mut read: impl FnMut(&[u8])) {
    let step = content.len() / 1_000 + 1;
    for cut in (0..content.len()).step_by(step) {
        read(&content[..cut]);
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..500 {
        let mut changed = content.to_vec();
        for _ in 0..=next(4) {
            let at = next(changed.len());
            changed[at] = b"\0\n\"{}[],:<>-= \xff9"[next(16)];
        }
        read(&changed);
    }
}
