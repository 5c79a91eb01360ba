//! Segments: the files that frames lie in, named by the first number they were made for.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use fs_err::{File, OpenOptions};

use super::Identity;
use super::frame::{SEGMENT_HEADER, segment_header};

/// A file of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// The number its first frame was to have.
    pub(super) first: u64,
    /// The number of its last whole frame; below `first` while it has none.
    pub(super) last: u64,
    /// Bytes up to the end of that frame.
    pub(super) len: u64,
}

impl Segment {
    /// Whether anything is in it: a crash may leave one that was made and not written to.
    pub(super) const fn has_frames(&self) -> bool {
        self.last >= self.first
    }
}

/// The segments in `dir`, oldest first. A folder that is not there holds none.
pub(super) fn list(dir: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let entries = match fs_err::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let first = path
            .file_name()
            .and_then(|name| name.to_str()?.strip_suffix(".log")?.parse::<u64>().ok());
        segments.extend(first.map(|first| (first, path)));
    }
    segments.sort();
    Ok(segments)
}

/// A segment that is written to.
pub(super) struct Tail {
    pub(super) segment: Segment,
    file: File,
}

impl Tail {
    /// Makes the segment whose first frame will be number `first`, so that it outlives a power cut.
    pub(super) fn create(dir: &Path, identity: Identity, first: u64) -> std::io::Result<Self> {
        let path = dir.join(format!("{first:020}.log"));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let made = file
            .write_all(&segment_header(identity, first))
            .and_then(|()| file.sync_all())
            .and_then(|()| sync_dir(dir));
        if let Err(error) = made {
            // Nothing is in it yet. Where it cannot be removed either, it is read as an empty one.
            let _gone = fs_err::remove_file(&path);
            return Err(error);
        }
        let len = SEGMENT_HEADER as u64;
        Ok(Self { segment: Segment { path, first, last: first.saturating_sub(1), len }, file })
    }

    /// Writes frames behind the last whole one.
    pub(super) fn write(&mut self, frames: &[u8]) -> std::io::Result<()> {
        self.file.write_all(frames)
    }

    /// Waits until what was written is on the disk.
    pub(super) fn sync(&mut self) -> std::io::Result<()> {
        self.file.sync_data()
    }

    /// Takes the frames up to number `last` as whole, `bytes` of them.
    pub(super) fn grown(&mut self, last: u64, bytes: usize) {
        self.segment.last = last;
        self.segment.len += bytes as u64;
    }

    /// Takes back what was written behind the last whole frame, and the file where it has none.
    pub(super) fn cut(self) -> std::io::Result<()> {
        if self.segment.len == SEGMENT_HEADER as u64 {
            return fs_err::remove_file(&self.segment.path);
        }
        self.file.set_len(self.segment.len)?;
        self.file.sync_all()
    }
}

/// Makes names in `dir` durable.
pub(super) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    // Elsewhere folders cannot be synced, and names are durable without it.
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
