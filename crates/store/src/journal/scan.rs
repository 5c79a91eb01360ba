//! Looking through the segments that another process left: what is whole, what is torn, what is damaged.
//!
//! **Invariant:** every byte is part of a whole frame that will be applied, or of a damage that is told and kept aside.

use std::ops::Range;
use std::path::{Path, PathBuf};

use memchr::memmem;

use super::Identity;
use super::frame::{self, MAGIC, SEGMENT_HEADER};
use super::segment::{self, Segment};

/// Bytes that are no whole frame, or a segment that is not this journal's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// The segment.
    pub(super) path: PathBuf,
    /// The bytes of it.
    pub(super) bytes: Range<u64>,
    /// What they seem to be.
    pub(super) kind: Kind,
}

/// What damaged bytes seem to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end of the journal, which a crash cut: it holds nothing that was acknowledged, unless it was changed since.
    Tail,
    /// Bytes between whole frames.
    Middle,
    /// A segment of another journal.
    Foreign,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) identity: Option<Identity>,
    pub(super) segments: Vec<Segment>,
    pub(super) damages: Vec<Damage>,
    /// Numbers of acknowledged frames that are nowhere, inclusive.
    pub(super) lost: Vec<(u64, u64)>,
    /// The greatest number seen.
    pub(super) last: u64,
}

/// Looks through the segments in `dir`. `known` is the identity that the database or the mark remembers, `applied` the
/// number up to which frames are in the database already.
pub(super) fn scan(dir: &Path, known: Option<Identity>, applied: u64) -> std::io::Result<Scan> {
    let files = segment::list(dir)?;
    let mut scan = Scan { identity: known, last: applied, ..Scan::default() };
    let count = files.len();
    // The first frame of all may follow any number: those before it were applied and forgotten.
    let mut seen: Option<u64> = None;
    for (nth, (first, path)) in files.into_iter().enumerate() {
        let bytes = fs_err::read(&path)?;
        let is_last = nth + 1 == count;
        let identity = match (frame::segment_identity(&bytes), scan.identity) {
            (Some(own), Some(known)) if own != known => {
                scan.damages.push(damage(&path, 0, bytes.len(), Kind::Foreign));
                continue;
            }
            (Some(own), _) => own,
            (None, Some(known)) => {
                // A file that was being made when the power went holds nothing, and nothing is lost with it.
                let kind = if bytes.len() <= SEGMENT_HEADER && is_last {
                    Kind::Tail
                } else {
                    Kind::Middle
                };
                scan.damages.push(damage(&path, 0, bytes.len().min(SEGMENT_HEADER), kind));
                known
            }
            (None, None) => {
                let kind = if is_last { Kind::Tail } else { Kind::Middle };
                scan.damages.push(damage(&path, 0, bytes.len(), kind));
                continue;
            }
        };
        scan.identity = Some(identity);
        let mut segment = Segment { path, first, last: first.saturating_sub(1), len: 0 };
        scan_segment(&bytes, identity, is_last, applied, &mut segment, &mut seen, &mut scan);
        scan.segments.push(segment);
    }
    Ok(scan)
}

fn scan_segment(
    bytes: &[u8],
    identity: Identity,
    is_last: bool,
    applied: u64,
    segment: &mut Segment,
    seen: &mut Option<u64>,
    scan: &mut Scan,
) {
    let mut at = SEGMENT_HEADER.min(bytes.len());
    while at < bytes.len() {
        let found = frame::whole(identity, &bytes[at..]).filter(|(header, _)| {
            // A number that does not grow is a frame that stood elsewhere before.
            seen.is_none_or(|seen| header.seq > seen)
        });
        if let Some((header, payload)) = found {
            let known = seen.unwrap_or(applied).max(applied);
            if header.before > known {
                scan.lost.push((known + 1, header.before));
            }
            *seen = Some(header.seq);
            scan.last = scan.last.max(header.seq);
            segment.last = header.seq;
            at += frame::HEADER + payload.len();
            segment.len = at as u64;
            continue;
        }
        let next = next_whole(bytes, identity, at + 1, *seen);
        let kind = if next.is_none() && is_last { Kind::Tail } else { Kind::Middle };
        let end = next.unwrap_or(bytes.len());
        scan.damages.push(damage(&segment.path, at, end, kind));
        at = end;
    }
}

/// Where the next whole frame begins, from `from` on.
fn next_whole(bytes: &[u8], identity: Identity, from: usize, seen: Option<u64>) -> Option<usize> {
    memmem::find_iter(&bytes[from..], MAGIC).map(|place| from + place).find(|&at| {
        frame::whole(identity, &bytes[at..])
            .is_some_and(|(header, _)| seen.is_none_or(|seen| header.seq > seen))
    })
}

fn damage(path: &Path, from: usize, to: usize, kind: Kind) -> Damage {
    Damage { path: path.to_owned(), bytes: from as u64..to as u64, kind }
}
