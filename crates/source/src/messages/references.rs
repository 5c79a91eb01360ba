//! What a message carries besides its text, as entries of its `meta`: attachments, links and reactions.

use serde::Serialize;

use super::parts::Meta;

/// A file that hangs on a message: told, never read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Attachment {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

/// A page that is shown within a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Embed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<String>,
}

/// Answers by one emoji.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Reaction {
    pub(super) emoji: String,
    pub(super) count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) by: Vec<String>,
}

/// Adds a list under `key` where it holds anything.
pub(super) fn list<T: Serialize>(meta: &mut Meta, key: &str, list: &[T]) {
    if list.is_empty() {
        return;
    }
    if let Ok(json) = serde_json::to_string(list) {
        meta.raw(key, &json);
    }
}
