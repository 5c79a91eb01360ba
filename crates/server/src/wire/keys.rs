//! Access keys, and what was done to them.

use lichen_engine::{AccessKey, AuditEntry, Timestamp, format_instant};
use serde::Serialize;
use utoipa::ToSchema;

/// Every key, in the order they were made.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyPage {
    pub(crate) keys: Vec<KeyShape>,
}

/// A key as the store knows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyShape {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    /// The only streams it sees; null for all.
    streams: Option<Vec<String>>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    replaces: Option<String>,
    /// To about a minute.
    used_at: Option<String>,
    /// `active`, `expired`, `revoked`.
    state: &'static str,
}

/// A key that was made. It is told this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeKey {
    /// The key itself.
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) known: KeyShape,
}

/// What was done to keys, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    pub(crate) entries: Vec<AuditShape>,
}

/// Who did what to which key.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditShape {
    at: String,
    /// A key's id, or `local` for the owner of the store's files.
    actor: String,
    action: String,
    object: String,
}

impl KeyShape {
    pub(crate) fn of(key: &AccessKey, now: Timestamp) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(|scope| scope.name()).collect(),
            streams: key.streams.as_ref().map(|limits| limits.0.clone()),
            created_at: format_instant(key.created),
            expires_at: key.expires.map(format_instant),
            revoked_at: key.revoked.map(format_instant),
            replaces: key.replaces.clone(),
            used_at: key.used.map(format_instant),
            state: state(key, now),
        }
    }
}

impl From<&AuditEntry> for AuditShape {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            at: format_instant(entry.at),
            actor: entry.actor.clone(),
            action: entry.action.clone(),
            object: entry.object.clone(),
        }
    }
}

/// What a key is good for, in a word.
pub(crate) fn state(key: &AccessKey, now: Timestamp) -> &'static str {
    if key.revoked.is_some() {
        "revoked"
    } else if key.is_valid(now) {
        "active"
    } else {
        "expired"
    }
}
