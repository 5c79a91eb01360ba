//! What can be asked of access keys.

use lichen_engine::{
    AccessKey, AccessScope, Error, Measure, Reader, StreamLimits, Timestamp, parse_when,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::meaning::{size, wrong};

/// How many characters a name may have.
const NAME_CHARS_MAX: usize = 100;
/// How many streams a key may be limited to by name.
const STREAMS_MAX: usize = 1000;

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKeyAsk {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// `read`, `write`, `archive`, `admin`; none implies another.
    #[schema(min_items = 1)]
    pub scopes: Vec<String>,
    /// Names of the only streams it sees; `*` at the end stands for all that begin so. Left out for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<Vec<String>>,
    /// From when on it is refused: a date, a time, or a length of time from now such as `90d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

/// A key to be put in another's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKeyAsk {
    /// How long the old one still works: `1h`, `7d`, `0s`.
    #[serde(default = "overlap")]
    pub overlap: String,
    /// When the new one expires; left out, as the old one did if that is later than now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
}

fn overlap() -> String {
    "1d".to_owned()
}

impl CreateKeyAsk {
    pub(crate) fn scopes(&self) -> Result<Vec<AccessScope>, Error> {
        let scope = |word: &String| {
            AccessScope::from_name(word).ok_or_else(|| {
                wrong(format!("`{word}` is no scope: choose from read, write, archive, admin"))
            })
        };
        let mut scopes = self.scopes.iter().map(scope).collect::<Result<Vec<_>, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(wrong("a key needs at least one scope: read, write, archive, admin"));
        }
        Ok(scopes)
    }

    pub(crate) fn limits(&self) -> Result<Option<StreamLimits>, Error> {
        let Some(streams) = &self.streams else { return Ok(None) };
        if streams.is_empty() || streams.len() > STREAMS_MAX {
            return Err(wrong("name from 1 to 1000 streams, or none at all for every stream"));
        }
        if streams.iter().any(|name| name.is_empty() || name.contains(char::is_control)) {
            return Err(wrong("names of streams are not empty and hold no control characters"));
        }
        Ok(Some(StreamLimits(streams.clone())))
    }

    pub(crate) fn name(&self) -> Result<&str, Error> {
        let name = self.name.as_str();
        let is_name = !name.trim().is_empty()
            && name.chars().count() <= NAME_CHARS_MAX
            && !name.contains(char::is_control);
        if is_name {
            Ok(name)
        } else {
            Err(wrong("a key's name has from 1 to 100 characters, and no control characters"))
        }
    }

    pub(crate) fn expires(&self, reader: &Reader) -> Result<Option<Timestamp>, Error> {
        self.expires.as_deref().map(|text| end(text, reader.now())).transpose()
    }
}

impl RotateKeyAsk {
    /// When the old key ends, and when the new one does.
    pub(crate) fn ends(
        &self,
        old: &AccessKey,
        now: Timestamp,
    ) -> Result<(Timestamp, Option<Timestamp>), Error> {
        let overlap = span(&self.overlap)
            .ok_or_else(|| wrong(format!("`{}` is not a length of time", self.overlap)))?;
        let expires = match &self.expires {
            Some(text) => Some(end(text, now)?),
            None => old.expires.filter(|end| *end > now),
        };
        Ok((Timestamp(now.millis().saturating_add(overlap)), expires))
    }
}

fn span(text: &str) -> Option<i64> {
    i64::try_from(size(text, Measure::Time)?).ok()
}

/// A point in time that is still to come.
fn end(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let end = match span(text) {
        Some(span) => Timestamp(now.millis().saturating_add(span)),
        None => parse_when(text, now)?,
    };
    if end > now { Ok(end) } else { Err(wrong(format!("`{text}` is over already"))) }
}
