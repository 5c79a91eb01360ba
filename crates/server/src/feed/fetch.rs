//! What feeds ask of an HTTP client: one request, one answer whose body is read as it comes.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::AsyncRead;

/// A request of a feed. Where to, and by which key, the client knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Parameters of the query, not encoded yet.
    pub query: Vec<(String, String)>,
}

/// The answer to a request, redirections followed.
#[derive(Debug)]
pub struct Answer<B> {
    /// Its status.
    pub status: u16,
    /// Its `Content-Type`; empty where there is none.
    pub content_type: String,
    /// Its `Retry-After`.
    pub retry_after: Option<Duration>,
    /// Its body.
    pub body: B,
}

/// An HTTP client, as feeds see it.
pub trait Fetch: Send {
    /// A body as it comes.
    type Body: AsyncRead + Unpin + Send;

    /// Asks. An error is a failure of the network: the feed tries again.
    fn fetch(&mut self, ask: &Ask) -> impl Future<Output = io::Result<Answer<Self::Body>>> + Send;
}

/// What a status means for a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Means {
    Answered,
    /// There is nothing more and there never will be.
    Ended,
    TryAgain,
    Refused(&'static str),
}

pub(super) const fn means(status: u16) -> Means {
    match status {
        204 => Means::Ended,
        200..=299 => Means::Answered,
        408 | 425 | 429 | 500..=599 => Means::TryAgain,
        401 | 403 => Means::Refused("the key is missing or not allowed to read it"),
        404 | 410 => Means::Refused("it is not there"),
        _ => Means::Refused("the other server does not serve it so"),
    }
}
