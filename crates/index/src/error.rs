//! What can go wrong in the index.

use std::io;
use std::path::PathBuf;

use crate::ModelKey;

/// A failure of the index: what was being done, and to what.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the index could not be read or written.
    #[error("could not {doing}")]
    File {
        /// What was being done.
        doing: &'static str,
        /// Which file, and why.
        #[source]
        source: io::Error,
    },
    /// The full-text library failed.
    #[error("could not {doing} in `{path}`")]
    Text {
        /// What was being done.
        doing: &'static str,
        /// The segment's folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: tantivy::TantivyError,
    },
    /// The manifest could not be put into words.
    #[error("could not write the manifest of the index")]
    Manifest(#[source] serde_json::Error),
    /// A passage that does not follow the last one.
    #[error(
        "passage {got} does not follow: the index holds {held} passages and the next must be {held}"
    )]
    Sequence {
        /// Passages held.
        held: u32,
        /// The passage that was given.
        got: u32,
    },
    /// Vectors of another length than the model's.
    #[error("vectors of {got} dimensions where the model `{model}` has {}", model.dims)]
    Dimensions {
        /// The model.
        model: ModelKey,
        /// The length given.
        got: usize,
    },
    /// Fewer or more vectors than passages.
    #[error("{vectors} vectors for {passages} passages")]
    Count {
        /// Vectors given.
        vectors: usize,
        /// Passages given.
        passages: usize,
    },
    /// Vectors that do not follow the last one of their model.
    #[error(
        "vectors from passage {got} on do not follow: `{model}` has vectors of {held} passages of {passages}"
    )]
    VectorSequence {
        /// The model.
        model: ModelKey,
        /// Vectors held.
        held: u32,
        /// Passages held.
        passages: u32,
        /// The first passage given.
        got: u32,
    },
    /// An earlier failure left the index half changed in memory; on disk it is as last sealed.
    #[error("the index was left half changed by a failure before; open it again")]
    Broken,
    /// A model that the index has no vectors of.
    #[error("the index has no vectors of the model `{0}`; build them first")]
    UnknownModel(ModelKey),
    /// A model that cannot be taken up or dropped now.
    #[error("could not {doing} the model `{model}`: {why}")]
    Model {
        /// What was being done.
        doing: &'static str,
        /// The model.
        model: ModelKey,
        /// Why not.
        why: String,
    },
}

/// The index's results.
pub type Result<T> = std::result::Result<T, Error>;

/// Names the task that a failed file operation belonged to.
pub(crate) fn file(doing: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::File { doing, source }
}
