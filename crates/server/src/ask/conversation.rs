//! What can be asked of streams, their messages, windows and the runs over them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Where a list begins and how long it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StreamsAsk {
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1)]
    pub limit: Option<usize>,
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct StreamAsk {
    /// Its name, title or id.
    pub stream: String,
}

/// The end of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TailAsk {
    /// So many of the last messages.
    #[serde(default = "tail_last")]
    #[param(maximum = 10000)]
    pub last: usize,
}

fn tail_last() -> usize {
    10
}

/// How windows are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub struct CutAsk {
    /// What the size counts: `bytes`, `tokens`, `count`, `time`.
    #[serde(default = "cut_by")]
    pub by: String,
    /// At most this much: bytes (`64KiB`), tokens or messages (`500`), time (`12h`, `7d`).
    #[serde(default = "cut_size")]
    pub size: String,
    /// What neighbours have in common, as a share of the size: `10%`.
    #[serde(default = "cut_overlap")]
    pub overlap: String,
}

impl Default for CutAsk {
    fn default() -> Self {
        Self { by: cut_by(), size: cut_size(), overlap: cut_overlap() }
    }
}

fn cut_by() -> String {
    "bytes".to_owned()
}

fn cut_size() -> String {
    "64KiB".to_owned()
}

fn cut_overlap() -> String {
    "0%".to_owned()
}

/// How messages are written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FormatAsk {
    /// `text`, `prompt` (elements with ids) or `jsonl`; of an answer as text.
    #[serde(default)]
    #[param(inline)]
    pub format: MessageFormat,
}

/// How messages are written as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MessageFormat {
    /// A line that says who and when, then the text.
    #[default]
    Text,
    /// Elements with ids, for a prompt.
    Prompt,
    /// A JSON object a line.
    Jsonl,
}

/// Which runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RunsAsk {
    /// Of this consumer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1)]
    pub limit: Option<usize>,
}

/// Which window a consumer wants next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimAsk {
    /// Who processes: any name.
    pub consumer: String,
    /// What it processes with: with another signature every window is offered again.
    #[serde(default)]
    pub signature: String,
    /// Windows of this stream only: its name, title or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// What the size counts: `bytes`, `tokens`, `count`, `time`.
    #[serde(default = "cut_by")]
    pub by: String,
    /// At most this much.
    #[serde(default = "cut_size")]
    pub size: String,
    /// What neighbours have in common.
    #[serde(default = "cut_overlap")]
    pub overlap: String,
    /// How long nobody else gets the window: `90s`, `10m`, `2h`.
    #[serde(default = "claim_lease")]
    pub lease: String,
    /// Offer the last window of a stream too, once nothing was said for so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle: Option<String>,
    /// Offer no window that was claimed so many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
}

fn claim_lease() -> String {
    "10m".to_owned()
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The window is processed.
    Done,
    /// It is not.
    Fail(FailAsk),
    /// It proved too large.
    Split(SplitAsk),
}

/// Why a window was not processed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FailAsk {
    /// In words.
    pub reason: String,
}

/// In how many windows one is split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitAsk {
    /// Two at least.
    #[serde(default = "split_into")]
    #[schema(minimum = 2)]
    pub into: usize,
}

fn split_into() -> usize {
    2
}
