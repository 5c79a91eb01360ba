//! Why a request is not carried out, as the answer to it.

use axum::Extension;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use lichen_engine::ErrorKind;

use crate::Error;
use crate::wire::ProblemDocument;

/// The media type of problem documents.
const PROBLEM: &str = "application/problem+json";

/// A request that is not carried out.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    problem: Box<ProblemDocument>,
    /// Seconds after which the same may succeed.
    retry_after: Option<u64>,
    /// Whether it tells of the store what only its owner may know.
    is_private: bool,
}

impl Refusal {
    /// With a status of its own.
    pub(crate) fn of(status: StatusCode, detail: impl Into<String>) -> Self {
        let problem = Box::new(ProblemDocument::refused(status, detail));
        Self { problem, retry_after: None, is_private: false }
    }

    /// Too much at once.
    pub(crate) fn busy(detail: impl Into<String>, retry_after: u64) -> Self {
        let retry_after = Some(retry_after.max(1));
        Self { retry_after, ..Self::of(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// The owner is ending.
    pub(crate) fn stopping() -> Self {
        let retry_after = Some(1);
        Self { retry_after, ..Self::of(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping") }
    }

    pub(crate) fn detail(&self) -> &str {
        &self.problem.detail
    }

    /// The same for somebody else than the owner of the store's files, who has no business with its places and the system's words.
    pub(crate) fn for_others(mut self) -> Self {
        if self.is_private {
            tracing::warn!(why = %self.problem.detail, "a request failed");
            "the server could not do it; its log says why".clone_into(&mut self.problem.detail);
            self.problem.hint = None;
        }
        self
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        if let Error::Answered(problem) = error {
            return Self { problem, retry_after: None, is_private: false };
        }
        let may_pass = matches!(&error, Error::Engine(error) if error.may_pass());
        let hint = error.hint();
        let detail = told(&error);
        let problem = Box::new(ProblemDocument::of_kind(kind, detail, hint));
        let passes = may_pass || kind == ErrorKind::Busy;
        let is_private = matches!(kind, ErrorKind::Internal | ErrorKind::Config);
        Self { problem, retry_after: passes.then_some(1), is_private }
    }
}

impl From<lichen_engine::Error> for Refusal {
    fn from(error: lichen_engine::Error) -> Self {
        Error::from(error).into()
    }
}

/// An error with its causes, as the command line tells it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = error.source();
    }
    text
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.problem.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.problem).expect("texts and numbers are JSON");
        let mut response = (status, Body::from(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // Kept beside the answer, so that what only the owner may know can be taken out of it.
        (Extension(self), response).into_response()
    }
}
