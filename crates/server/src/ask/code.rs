//! What can be asked about code.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AtAsk {
    /// The file, in the repository; where it is not UTF-8 as Git quotes it, `"caf\351.py"`.
    pub file: String,
    /// A line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// A character of the line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The symbol of the file that is called so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// At this commit; without one, the work tree as it is edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// At most so many changes.
    #[serde(default = "at_limit")]
    pub limit: usize,
    /// Where the question is asked: over the socket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

fn at_limit() -> usize {
    5
}

/// A symbol, a place or a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryAsk {
    /// A symbol by name or id, a place in a file, or a file; where it is not UTF-8 as Git quotes it, `"caf\351.py"`.
    pub of: String,
    /// As of this commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// Whether to show what each change did to the text.
    #[serde(default)]
    pub diff: bool,
    /// At most so many changes.
    #[serde(default = "history_limit")]
    pub limit: usize,
    /// Where the question is asked: over the socket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

fn history_limit() -> usize {
    50
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct BlameAsk {
    /// The file, in the repository; where it is not UTF-8 as Git quotes it, `"caf\351.py"`.
    pub file: String,
    /// The first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u32>,
    /// The last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u32>,
    /// At this commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    /// Where the question is asked: over the socket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// Which symbols.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SymbolsAsk {
    /// As of this commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what is other than at this commit, and what is gone since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_since: Option<String>,
    /// Only in this path: a file, a folder, or a glob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only of these kinds, joined by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<String>,
    /// Only what is called so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// At most so many.
    #[serde(default = "symbols_limit")]
    pub limit: usize,
    /// Where the question is asked: over the socket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

fn symbols_limit() -> usize {
    200
}

/// What a branch changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReviewAsk {
    /// `BASE..HEAD`.
    pub range: String,
    /// How text is written.
    #[serde(default)]
    #[param(inline)]
    pub format: ReviewFormat,
    /// Where the question is asked: over the socket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// A text, a commit or a symbol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LinksAsk {
    /// A message, a document's version or a symbol by its id, a commit by its id or object id, a symbol by its name or place.
    pub of: String,
    /// At most so many texts that refer to it.
    #[serde(default = "links_limit")]
    pub limit: usize,
    /// Where the question is asked: over the socket only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

fn links_limit() -> usize {
    20
}

/// How a review's text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReviewFormat {
    /// For people.
    #[default]
    Text,
    /// For a comment on a request.
    Markdown,
}
