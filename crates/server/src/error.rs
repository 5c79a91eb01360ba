//! What can go wrong between a memory and those who ask it or feed it; a damaged message is a problem instead, and what may pass is
//! waited for.

use std::net::SocketAddr;
use std::path::PathBuf;

use lichen_engine::ErrorKind;

use crate::wire::ProblemDocument;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a feed ended, or an ask was not answered.
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
    /// The owner of the store did not do what it was asked for.
    #[error("{}", .0.detail)]
    Answered(Box<ProblemDocument>),
    /// The owner of the store is another version of this program.
    #[error(
        "the store at `{dir}` is owned by a process of lichen {theirs}, and this is lichen {ours}: their interfaces differ; end the \
         owner and start it again with this version"
    )]
    Versions {
        /// The store.
        dir: PathBuf,
        /// The owner's version.
        theirs: String,
        /// This program's version.
        ours: String,
    },
    /// The owner of the store went away.
    #[error("the owner of the store at `{dir}` went away before it answered: {what}")]
    Connection {
        /// The store.
        dir: PathBuf,
        /// What happened.
        what: String,
    },
    /// The store is served already.
    #[error("the store at `{dir}` is served already, by a process of lichen {version}")]
    Served {
        /// The store.
        dir: PathBuf,
        /// The owner's version.
        version: String,
    },
    /// The socket cannot be made or reached.
    #[error("could not {doing} `{path}`")]
    Socket {
        /// What was done.
        doing: &'static str,
        /// The socket, or its folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error("could not listen on {address}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::Answered(problem) => problem.error_kind(),
            Self::Versions { .. } | Self::Address { .. } | Self::Socket { .. } => ErrorKind::Config,
            Self::Served { .. } => ErrorKind::Busy,
            Self::Connection { .. } | Self::Read { .. } | Self::Refused { .. } => {
                ErrorKind::Internal
            }
            Self::Answer { .. } => ErrorKind::Internal,
        }
    }

    /// The next step, where there is one that the message itself does not name.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint().map(str::to_owned),
            Self::Answered(problem) => problem.hint.clone(),
            Self::Served { .. } => Some(
                "commands use it through its socket; end it with Ctrl-C or SIGTERM to start another"
                    .to_owned(),
            ),
            Self::Connection { .. } => Some(
                "run the command again: where no owner answers, it opens the store itself".to_owned(),
            ),
            _ => None,
        }
    }

    pub(crate) fn read(feed: &str, source: std::io::Error) -> Self {
        Self::Read { feed: feed.to_owned(), source }
    }
}
