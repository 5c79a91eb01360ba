//! Frames: how a record lies in a segment, and how one that is whole is told from one that is not.
//!
//! ```text
//! segment: "LICHENJ1" | identity 16 | first number 8 | 0 4 | CRC-32 of these 4 | frame | frame | ...
//! frame:   "LJF1" | length 4 | number 8 | number before 8 | CRC-32 of the payload 4 | CRC-32 of these 4 | payload
//! ```
//!
//! All numbers are little-endian. Every checksum begins with the journal's identity, so that neither a frame of another
//! journal nor one that somebody wrote into a message passes for one of this journal.

use crc32fast::Hasher;

use super::Identity;

/// Bytes before a segment's first frame.
pub(super) const SEGMENT_HEADER: usize = 40;
/// Bytes before a frame's payload.
pub(super) const HEADER: usize = 32;
/// The longest payload: what is longer is no frame of ours.
pub(super) const PAYLOAD_MAX: usize = 256 << 20;

const SEGMENT_MAGIC: &[u8; 8] = b"LICHENJ1";
/// What a frame begins with.
pub(super) const MAGIC: &[u8; 4] = b"LJF1";

/// What a frame says of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of the payload.
    pub(super) len: usize,
    /// Its number: greater than that of every frame before it.
    pub(super) seq: u64,
    /// The number of the last frame that was acknowledged before it.
    pub(super) before: u64,
    pub(super) check: u32,
}

/// The checksum of `bytes` in the journal `identity`.
fn checksum(identity: Identity, bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&identity.0);
    hasher.update(bytes);
    hasher.finalize()
}

impl Header {
    /// The header of `payload`.
    pub(super) fn of(identity: Identity, seq: u64, before: u64, payload: &[u8]) -> Self {
        Self { len: payload.len(), seq, before, check: checksum(identity, payload) }
    }

    /// Its bytes.
    pub(super) fn encode(&self, identity: Identity) -> [u8; HEADER] {
        let len = u32::try_from(self.len).expect("a payload is below its limit");
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4..8].copy_from_slice(&len.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.seq.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.before.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.check.to_le_bytes());
        let own = checksum(identity, &bytes[..28]);
        bytes[28..].copy_from_slice(&own.to_le_bytes());
        bytes
    }

    /// Reads a header; `None` where these bytes are none.
    pub(super) fn decode(identity: Identity, bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; HEADER] = bytes.get(..HEADER)?.try_into().ok()?;
        if &bytes[..4] != MAGIC || number32(&bytes[28..]) != checksum(identity, &bytes[..28]) {
            return None;
        }
        let len = number32(&bytes[4..8]) as usize;
        let header = Self {
            len,
            seq: number64(&bytes[8..16]),
            before: number64(&bytes[16..24]),
            check: number32(&bytes[24..28]),
        };
        (len <= PAYLOAD_MAX && header.before < header.seq).then_some(header)
    }

    /// Whether `payload` is the one that the header was made for.
    pub(super) fn fits(&self, identity: Identity, payload: &[u8]) -> bool {
        payload.len() == self.len && checksum(identity, payload) == self.check
    }
}

/// A whole frame at the beginning of `bytes`.
pub(super) fn whole(identity: Identity, bytes: &[u8]) -> Option<(Header, &[u8])> {
    let header = Header::decode(identity, bytes)?;
    let payload = bytes.get(HEADER..HEADER + header.len)?;
    header.fits(identity, payload).then_some((header, payload))
}

/// The bytes that open the segment whose first frame is to be number `first`.
pub(super) fn segment_header(identity: Identity, first: u64) -> [u8; SEGMENT_HEADER] {
    let mut bytes = [0; SEGMENT_HEADER];
    bytes[..8].copy_from_slice(SEGMENT_MAGIC);
    bytes[8..24].copy_from_slice(&identity.0);
    bytes[24..32].copy_from_slice(&first.to_le_bytes());
    let own = checksum(identity, &bytes[..36]);
    bytes[36..].copy_from_slice(&own.to_le_bytes());
    bytes
}

/// The journal that a segment's opening bytes belong to; `None` where they are damaged.
pub(super) fn segment_identity(bytes: &[u8]) -> Option<Identity> {
    let bytes: &[u8; SEGMENT_HEADER] = bytes.get(..SEGMENT_HEADER)?.try_into().ok()?;
    let identity = Identity(bytes[8..24].try_into().expect("sixteen bytes"));
    let good =
        &bytes[..8] == SEGMENT_MAGIC && number32(&bytes[36..]) == checksum(identity, &bytes[..36]);
    good.then_some(identity)
}

pub(super) fn number32(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"))
}

pub(super) fn number64(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"))
}
