//! Where a window lies in its stream, and what makes it the same window.

use std::ops::Range;

use crate::{StreamId, Timestamp, WindowId};

/// Where a message stands in the order of its stream: the timely one of a place, or one of the late ones after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Standing {
    /// The place of the timely message; -1 before the first.
    pub place: i64,
    /// 0 for the timely one itself, then 1, 2, ... for the late ones that follow it.
    pub late: u32,
}

/// A stretch of a stream and the state of what lies there. Facts are only ever added, so as long as the counts at its
/// places are the same, its messages are: two extents that are equal hold the same messages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// The stream.
    pub stream: StreamId,
    /// Its first message.
    pub first: Standing,
    /// Its last message.
    pub last: Standing,
    /// Late messages at the places from first to last, whether in it or not, replaced ones included.
    pub late: u32,
    /// Messages at those places that others have taken the place of.
    pub replaced: u32,
    /// Where it holds a part of one message only: bytes of that message's text.
    pub bytes: Option<Range<u32>>,
}

impl Extent {
    /// The id of the window that holds this and nothing else.
    pub fn id(&self) -> WindowId {
        let bytes = self.bytes.clone().unwrap_or(0..0);
        WindowId::derive(
            Timestamp(0),
            &[
                &self.stream.as_u128().to_be_bytes(),
                &self.first.place.to_be_bytes(),
                &self.first.late.to_be_bytes(),
                &self.last.place.to_be_bytes(),
                &self.last.late.to_be_bytes(),
                &self.late.to_be_bytes(),
                &self.replaced.to_be_bytes(),
                &bytes.start.to_be_bytes(),
                &bytes.end.to_be_bytes(),
            ],
        )
    }
}
