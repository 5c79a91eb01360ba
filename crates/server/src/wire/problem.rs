//! Failures as problem documents (RFC 9457): the one table from kinds of failure to statuses.

use axum::http::StatusCode;
use lichen_engine::ErrorKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// Names the kind of problem.
    pub r#type: String,
    /// The kind of problem in words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// The kind of failure behind it: `user`, `config`, `not_found`, `busy`, `cancelled`, `internal`.
    pub kind: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The kinds of failure: their words, their statuses, their titles.
const KINDS: [(ErrorKind, &str, StatusCode, &str); 6] = [
    (ErrorKind::User, "user", StatusCode::BAD_REQUEST, "The request cannot be carried out as made"),
    (
        ErrorKind::Config,
        "config",
        StatusCode::SERVICE_UNAVAILABLE,
        "A setting or the surroundings are wrong",
    ),
    (ErrorKind::NotFound, "not_found", StatusCode::NOT_FOUND, "Not found"),
    (ErrorKind::Busy, "busy", StatusCode::SERVICE_UNAVAILABLE, "Busy"),
    (ErrorKind::Cancelled, "cancelled", StatusCode::SERVICE_UNAVAILABLE, "Stopped on request"),
    (ErrorKind::Internal, "internal", StatusCode::INTERNAL_SERVER_ERROR, "Failed"),
];

impl ProblemDocument {
    /// A failure of that kind.
    pub fn of_kind(kind: ErrorKind, detail: String, hint: Option<String>) -> Self {
        let row = KINDS.iter().find(|row| row.0 == kind).expect("every kind is in the table");
        let (_, word, status, title) = row;
        Self {
            r#type: format!("urn:lichen:problem:{word}"),
            title: (*title).to_owned(),
            status: status.as_u16(),
            detail,
            kind: (*word).to_owned(),
            hint,
        }
    }

    /// A refusal with a status of its own.
    pub(crate) fn refused(status: StatusCode, detail: impl Into<String>) -> Self {
        let kind = match status {
            StatusCode::NOT_FOUND => ErrorKind::NotFound,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => ErrorKind::Busy,
            _ => ErrorKind::User,
        };
        let title = status.canonical_reason().unwrap_or("Refused").to_owned();
        let name = title.to_lowercase().replace(' ', "-");
        Self {
            r#type: format!("urn:lichen:problem:{name}"),
            title,
            status: status.as_u16(),
            ..Self::of_kind(kind, detail.into(), None)
        }
    }

    /// The kind of failure that it tells; an unknown word is a failure of the other side.
    pub fn error_kind(&self) -> ErrorKind {
        KINDS.iter().find(|row| row.1 == self.kind).map_or(ErrorKind::Internal, |row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_out_and_come_back() {
        for (kind, ..) in KINDS {
            let problem = ProblemDocument::of_kind(kind, "what".to_owned(), Some("do".to_owned()));
            let text = serde_json::to_string(&problem).unwrap();
            let back: ProblemDocument = serde_json::from_str(&text).unwrap();
            assert_eq!((back.error_kind(), &back), (kind, &problem));
        }
    }
}
