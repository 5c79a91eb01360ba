//! The end of a stream as it grows: what was said since the last look.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

pub use lichen_engine::MessageView;
use lichen_engine::{AnyId, Live};
use lichen_model::{StreamId, TextHash};

use super::feeder::blocking;
use super::stop::Stop;
use crate::Result;

/// Messages of a stream's end that are told apart: those that come later than so many others are not shown.
const SEEN_MAX: usize = 4096;
/// How long it waits before it looks whether it is to end.
const WAIT: Duration = Duration::from_millis(200);

/// Follows a stream.
pub struct Follow {
    stream: StreamId,
    live: Arc<Live>,
    /// The messages of the end that were shown, by id and text: an edit is shown again.
    seen: HashSet<(AnyId, TextHash)>,
    /// The last record of the journal that was looked at.
    looked: u64,
}

impl Follow {
    /// Follows `stream` from now on; gives its last `count` messages.
    pub async fn begin(
        live: Arc<Live>,
        stream: StreamId,
        count: usize,
    ) -> Result<(Self, Vec<MessageView>)> {
        let looked = live.status().searchable;
        let mut follow = Self { stream, live, seen: HashSet::new(), looked };
        let mut end = follow.read().await?;
        follow.note(&end);
        let last = end.split_off(end.len().saturating_sub(count));
        Ok((follow, last))
    }

    /// Waits for messages that are new, in the order of the stream; late ones stand where they belong among them. `None`
    /// once it is to end.
    pub async fn next(&mut self, stop: &Stop) -> Result<Option<Vec<MessageView>>> {
        while !stop.is_stopped() {
            let (live, looked) = (Arc::clone(&self.live), self.looked);
            let grown = move || live.wait_searchable(looked + 1, WAIT).then(|| live.status());
            let Some(status) = blocking(grown).await else { continue };
            self.looked = status.searchable;
            let new = self.look().await?;
            if !new.is_empty() {
                return Ok(Some(new));
            }
        }
        Ok(None)
    }

    /// The messages that are new now, for one who is told when to look.
    pub(crate) async fn look(&mut self) -> Result<Vec<MessageView>> {
        let end = self.read().await?;
        let new = end.iter().filter(|view| !self.seen.contains(&key(view))).cloned().collect();
        self.note(&end);
        Ok(new)
    }

    async fn read(&self) -> Result<Vec<MessageView>> {
        let (live, stream) = (Arc::clone(&self.live), self.stream);
        Ok(blocking(move || live.read(move |reader| reader.tail(stream, SEEN_MAX))).await?)
    }

    fn note(&mut self, end: &[MessageView]) {
        self.seen = end.iter().map(key).collect();
    }
}

fn key(view: &MessageView) -> (AnyId, TextHash) {
    (view.message.id.any(), TextHash::of(&view.message.text))
}
