//! What can go wrong with a feed; a damaged message is a problem instead, and what may pass is waited for.

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a feed ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] lichen_engine::Error),
    /// What is read failed.
    #[error("could not read the feed `{feed}`")]
    Read {
        /// The feed.
        feed: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another server will not serve the feed.
    #[error("the feed `{feed}` was refused with status {status}: {what}")]
    Refused {
        /// The feed.
        feed: String,
        /// The status of the answer.
        status: u16,
        /// What it means for the feed.
        what: &'static str,
    },
    /// Another server's answer is larger than may be.
    #[error(
        "an answer to the feed `{feed}` is larger than {limit} bytes: ask for fewer messages at a time"
    )]
    Answer {
        /// The feed.
        feed: String,
        /// Bytes that one may have.
        limit: usize,
    },
}

impl Error {
    pub(crate) fn read(feed: &str, source: std::io::Error) -> Self {
        Self::Read { feed: feed.to_owned(), source }
    }
}
