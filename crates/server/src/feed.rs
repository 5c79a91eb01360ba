//! Feeds: messages as they are made, from wherever they are made.
//!
//! A feed reads on where the store remembers it, hands batches to the [`Feeder`], and puts its position into the same
//! record of the journal as the messages it stands for. Where the store is behind, a feed waits and reads no further, and so
//! does whoever writes to it.
//!
//! **Invariant:** memory is bounded: between reading and writing is a queue with a number and a size.

mod feeder;
mod fetch;
mod follow;
mod lines;
mod long_poll;
mod pause;
mod post;
mod queue;
mod report;
mod sse;
mod stdin;
mod stop;
mod tail;
mod watch;

pub use feeder::Feeder;
pub use fetch::{Answer, Ask, Fetch};
pub use follow::{Follow, MessageView};
pub use long_poll::{LongPoll, long_poll};
pub use post::{Post, PostOptions, Posted, Refused};
pub use report::{Report, Silent, Taken};
pub(crate) use sse::Events;
pub use sse::{Sse, sse};
pub use stdin::{Stdin, Taken as StdinTaken, stdin};
pub use stop::{Stop, Stopper, stop};
pub use tail::{Tail, tail};
pub use watch::{Watch, watch};

/// Bounds of what waits between the reading and the writing half of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Lines or events.
    pub items: usize,
    /// Bytes of them; one that is larger passes alone.
    pub bytes: u32,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { items: 4096, bytes: 4 << 20 }
    }
}
