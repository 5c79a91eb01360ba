//! Embedding: texts to vectors, by the model built into the program or by a service.

pub mod remote;
mod static_model;
mod wordpiece;

use std::fmt;

pub use static_model::{StaticModel, TokenCounter};

/// Which model made a vector. Vectors of different keys are never compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelKey {
    /// The model and its version.
    pub name: String,
    /// Numbers per vector.
    pub dims: usize,
}

impl fmt::Display for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.dims)
    }
}

/// Vectors of one length, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    dims: usize,
    values: Vec<f32>,
}

impl Vectors {
    /// No vectors of `dims` dimensions, at least one.
    pub fn new(dims: usize) -> Self {
        Self { dims: dims.max(1), values: Vec::new() }
    }

    /// Vectors that lie one after another in `values`; `None` where the last is cut short.
    pub fn from_values(dims: usize, values: Vec<f32>) -> Option<Self> {
        (dims > 0 && values.len().is_multiple_of(dims)).then_some(Self { dims, values })
    }

    /// Numbers per vector.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.dims
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Takes in one more; `false`, and nothing done, where it has another length.
    pub fn push(&mut self, vector: &[f32]) -> bool {
        let fits = vector.len() == self.dims;
        if fits {
            self.values.extend_from_slice(vector);
        }
        fits
    }

    /// The vector at `place`.
    pub fn row(&self, place: usize) -> Option<&[f32]> {
        self.values.chunks_exact(self.dims).nth(place)
    }

    /// All in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dims)
    }

    /// All numbers.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

/// Makes vectors of texts.
pub trait Embedder: Send + Sync {
    /// The model.
    fn key(&self) -> &ModelKey;

    /// How many texts to give at a time: what is made at once is lost at once.
    fn batch_len(&self) -> usize {
        1024
    }

    /// The vectors of passages, in order; of length one, or all zeros where a text has nothing the model knows.
    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbedError>;

    /// The vector of a query, to be compared with those of passages.
    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError>;
}

/// Why there are no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The built-in model's file is not one.
    #[error("the built-in model is damaged: {0}; build the program anew")]
    Asset(&'static str),
    /// The service does not accept the key.
    #[error("`{service}` refused the key (status {status}): {said}; check the key in the settings")]
    Refused {
        /// The service's word.
        service: &'static str,
        /// The HTTP status.
        status: u16,
        /// The beginning of its answer.
        said: String,
    },
    /// The service has no such model.
    #[error("no model `{model}` at `{url}`: {said}; check its name and the address")]
    NoModel {
        /// The model's name.
        model: String,
        /// The address asked.
        url: String,
        /// The beginning of the answer.
        said: String,
    },
    /// A single text is too large for the service.
    #[error(
        "a text of {bytes} bytes is too large for the model; lower the bytes that are sent of a text"
    )]
    TooLarge {
        /// Its length as sent.
        bytes: usize,
    },
    /// The service was busy or limited, however often it was asked.
    #[error("`{service}` is busy or limits requests (status {status}): {said}; go on later")]
    Busy {
        /// The service's word.
        service: &'static str,
        /// The HTTP status.
        status: u16,
        /// How long it told to wait.
        retry_after_secs: Option<u64>,
        /// The beginning of its answer.
        said: String,
    },
    /// The service answered with a status that is not understood.
    #[error("`{service}` answered with status {status}: {said}")]
    Status {
        /// The service's word.
        service: &'static str,
        /// The HTTP status.
        status: u16,
        /// The beginning of its answer.
        said: String,
    },
    /// The service's answer is not what its API promises.
    #[error("the embedding service's answer makes no sense: {0}")]
    Malformed(String),
    /// The service's vectors have another length than the settings tell.
    #[error("the service made vectors of {got} dimensions where the settings of `{model}` tell {}", model.dims)]
    Dimensions {
        /// The model.
        model: ModelKey,
        /// The length made.
        got: usize,
    },
    /// The service could not be reached, or the connection broke.
    #[error("could not reach `{service}`: {why}")]
    Transport {
        /// The service's word.
        service: &'static str,
        /// Why not.
        why: String,
    },
}
