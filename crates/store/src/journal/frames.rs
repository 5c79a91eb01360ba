//! Reading records back, in order, from the segments on the disk: so that what waits to be applied takes no memory.

use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use fs_err::File;

use super::frame::{HEADER, Header, SEGMENT_HEADER};
use super::segment::Segment;
use super::{Identity, Journal};

/// The records behind a number.
pub(crate) struct Frames {
    journal: Journal,
    /// The number of the last record that was read.
    after: u64,
    open: Option<Open>,
}

/// A segment that is being read.
struct Open {
    path: PathBuf,
    file: BufReader<File>,
    at: u64,
}

impl Frames {
    pub(super) fn new(journal: Journal, after: u64) -> Self {
        Self { journal, after, open: None }
    }

    /// Begins again behind `after`.
    pub(crate) fn seek(&mut self, after: u64) {
        *self = Self::new(self.journal.clone(), after);
    }

    /// The next record and its number; `None` where no other is on the disk yet.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        loop {
            let (identity, segment) = {
                let state = self.journal.lock();
                let next = state
                    .segments()
                    .find(|segment| segment.has_frames() && segment.last > self.after)
                    .cloned();
                (state.identity(), next)
            };
            let Some(segment) = segment else { return Ok(None) };
            if let Some((header, payload)) = self.read(identity, &segment)? {
                if header.seq > self.after {
                    self.after = header.seq;
                    return Ok(Some((header.seq, payload)));
                }
            } else {
                // All of it was read, though it says that there is more: only damage does that.
                return Err(damaged(&segment));
            }
        }
    }

    /// The next whole frame of `segment`. Bytes between frames, which an opening told of, are passed over.
    fn read(
        &mut self,
        identity: Identity,
        segment: &Segment,
    ) -> io::Result<Option<(Header, Vec<u8>)>> {
        let open = match &mut self.open {
            Some(open) if open.path == segment.path => open,
            other => {
                let mut file = BufReader::with_capacity(1 << 16, File::open(&segment.path)?);
                file.seek(SeekFrom::Start(SEGMENT_HEADER as u64))?;
                other.insert(Open { path: segment.path.clone(), file, at: SEGMENT_HEADER as u64 })
            }
        };
        while open.at + HEADER as u64 <= segment.len {
            let mut head = [0; HEADER];
            open.file.read_exact(&mut head)?;
            let mut read = HEADER;
            if let Some(header) = Header::decode(identity, &head)
                && open.at + (HEADER + header.len) as u64 <= segment.len
            {
                let mut payload = vec![0; header.len];
                open.file.read_exact(&mut payload)?;
                read += header.len;
                if header.fits(identity, &payload) {
                    open.at += (HEADER + header.len) as u64;
                    return Ok(Some((header, payload)));
                }
            }
            open.at += 1;
            let back = i64::try_from(read - 1).expect("a frame is below its limit");
            open.file.seek_relative(-back)?;
        }
        Ok(None)
    }
}

fn damaged(segment: &Segment) -> io::Error {
    let what = format!(
        "`{}` changed while it was in use: its records up to number {} cannot all be read",
        segment.path.display(),
        segment.last
    );
    io::Error::new(io::ErrorKind::InvalidData, what)
}
