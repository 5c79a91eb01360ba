//! What can be asked of the store as a whole: recalled, read, listed, checked.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How long a statement of SQL may take where nothing else was asked for, in seconds.
const SQL_SECONDS: f64 = 30.0;

/// A question, and where to look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RecallAsk {
    /// The question in plain words; quotes ask for a phrase.
    pub query: String,
    /// Only these kinds of text: `chat`, `agent`, `doc`, `code`, `commit`, `thinking`; joined by commas.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub kinds: Option<String>,
    /// Only what touches this path: a file, a folder, or a glob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only things with this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Only this stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// Only things whose further field has this value: `FIELD=VALUE`. May be given several times.
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Nothing older: a date, a time, or an age such as `7d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Nothing younger; a date includes its day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// As of a commit, a ref or a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// At most so many hits.
    #[serde(default = "recall_limit")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: usize,
    /// At most so many tokens (of four bytes) in all.
    #[serde(default = "recall_budget")]
    pub budget: usize,
}

fn recall_limit() -> usize {
    10
}

fn recall_budget() -> usize {
    2000
}

/// Ids of things to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct GetAsk {
    /// Ids from an answer, or files of commits as `REV:PATH` or `REV:PATH:FIRST-LAST`, joined by commas; one that holds a comma as Git
    /// would quote it, with `\054` for the comma.
    pub ids: String,
    /// So many messages of the stream before and after too.
    #[serde(default)]
    #[param(maximum = 10000)]
    pub around: usize,
    /// Go on at this byte of the text.
    #[serde(default)]
    pub offset: u64,
    /// At most so many tokens (of four bytes) of text in all.
    #[serde(default = "get_budget")]
    pub budget: usize,
    /// Where files of commits are asked for: over the socket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

fn get_budget() -> usize {
    8000
}

/// A document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DocumentAsk {
    /// Its path in the repository.
    pub path: String,
}

/// Which documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DocumentsAsk {
    /// Only in this path: a file, a folder, or a glob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most so many.
    #[serde(default = "documents_limit")]
    #[param(minimum = 1, maximum = 10000)]
    pub limit: usize,
}

impl Default for DocumentsAsk {
    fn default() -> Self {
        Self { path: None, cursor: None, limit: documents_limit() }
    }
}

fn documents_limit() -> usize {
    200
}

/// What a check does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DoctorAsk {
    /// Whether it derives the index anew where that is wrong.
    pub repair: bool,
}

/// A statement that only reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlAsk {
    /// One statement.
    pub query: String,
    /// At most so many rows.
    #[serde(default = "sql_rows")]
    pub rows: usize,
    /// At most so many seconds.
    #[serde(default = "sql_seconds")]
    pub timeout: f64,
    /// How text is written: `table` or `csv`.
    #[serde(default)]
    pub format: TableFormat,
}

/// How a table's text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    /// Columns side by side.
    #[default]
    Table,
    /// As in RFC 4180.
    Csv,
}

fn sql_rows() -> usize {
    10_000
}

fn sql_seconds() -> f64 {
    SQL_SECONDS
}
