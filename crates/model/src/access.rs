//! Who may do what over the network: access keys, what they allow, and what was done with them.

use crate::Timestamp;

/// What a key allows. None implies another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessScope {
    /// Asking.
    Read,
    /// Messages, and runs over windows.
    Write,
    /// Moving windows out of the store.
    Archive,
    /// Keys, checks and repairs.
    Admin,
}

impl AccessScope {
    /// Every scope, in the order of their names' importance.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Archive, Self::Admin];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Archive => "archive",
            Self::Admin => "admin",
        }
    }

    /// The scope of that word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// The streams that a key is limited to, by their names; a name that ends in `*` stands for all that begin so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamLimits(pub Vec<String>);

impl StreamLimits {
    /// Whether the stream of that name is among them.
    pub fn allow(&self, stream: &str) -> bool {
        self.0.iter().any(|limit| match limit.strip_suffix('*') {
            Some(beginning) => stream.starts_with(beginning),
            None => limit == stream,
        })
    }
}

/// A key as the store knows it: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// Eight hexadecimal digits: the part of the key that may be told.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// A hash of the whole key.
    pub hash: [u8; 32],
    /// What it allows.
    pub scopes: Vec<AccessScope>,
    /// The streams it is limited to; `None` for all.
    pub streams: Option<StreamLimits>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// The key that it took the place of.
    pub replaces: Option<String>,
    /// When it was used last, to about a minute.
    pub used: Option<Timestamp>,
}

impl AccessKey {
    /// Whether it is accepted at that time.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}

/// A row of the audit log: who did what to which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: the id of a key, or `local` for the owner of the store's files.
    pub actor: String,
    /// What: `key.create`, `key.rotate`, `key.revoke`.
    pub action: String,
    /// To what: the id of a key.
    pub object: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_name_streams_or_their_beginnings() {
        let limits = StreamLimits(vec!["general".to_owned(), "team-*".to_owned()]);
        for (stream, allowed) in [
            ("general", true),
            ("general2", false),
            ("team-a", true),
            ("team-", true),
            ("team", false),
            ("", false),
        ] {
            assert_eq!(limits.allow(stream), allowed, "{stream}");
        }
        assert!(StreamLimits(vec!["*".to_owned()]).allow(""));
        assert!(!StreamLimits::default().allow("general"));
    }

    #[test]
    fn a_key_is_valid_until_it_expires_or_is_revoked() {
        let key = AccessKey {
            id: String::new(),
            name: String::new(),
            hash: [0; 32],
            scopes: Vec::new(),
            streams: None,
            created: Timestamp(0),
            expires: Some(Timestamp(10)),
            revoked: None,
            replaces: None,
            used: None,
        };
        assert!(key.is_valid(Timestamp(9)) && !key.is_valid(Timestamp(10)));
        assert!(!AccessKey { revoked: Some(Timestamp(5)), ..key }.is_valid(Timestamp(6)));
    }
}
