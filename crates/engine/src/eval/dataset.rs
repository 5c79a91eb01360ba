//! Labelled data: a corpus of messages or documents, and questions with what answers them.

use std::path::Path;

use serde::Deserialize;

use crate::Error;

/// One file of labelled data, as `docs/guide/eval.md` describes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dataset {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) messages: Vec<serde_json::Value>,
    #[serde(default)]
    pub(crate) documents: Vec<TextDocument>,
    pub(crate) queries: Vec<LabelledQuery>,
}

/// A text and its id.
#[derive(Debug, Deserialize)]
pub(crate) struct TextDocument {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// A question and the ids of what answers it.
#[derive(Debug, Deserialize)]
pub(crate) struct LabelledQuery {
    pub(crate) text: String,
    pub(crate) relevant: Vec<String>,
}

impl Dataset {
    /// Reads the file at `path`.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let wrong = |what: String| Error::Dataset { path: path.to_owned(), what };
        let bytes = fs_err::read(path).map_err(|source| Error::File { source })?;
        let mut dataset: Self =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if dataset.name.is_empty() {
            dataset.name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
        }
        if dataset.messages.is_empty() == dataset.documents.is_empty() {
            return Err(wrong("it needs either `messages` or `documents`".to_owned()));
        }
        if dataset.queries.is_empty() {
            return Err(wrong("it has no `queries`".to_owned()));
        }
        if let Some(query) = dataset.queries.iter().find(|query| query.relevant.is_empty()) {
            return Err(wrong(format!("the query `{}` has nothing `relevant`", query.text)));
        }
        Ok(dataset)
    }
}
