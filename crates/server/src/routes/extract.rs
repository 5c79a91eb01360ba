//! What routes take out of requests, refused as everything else is.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::access::Caller;
use crate::client::{NOTE_HEADER, VERDICT_HEADER};
use crate::memory::{Reply, Shape, Verdict};
use crate::refusal::Refusal;
use crate::request::{LINES, encoded};

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Refusal::of(StatusCode::UNAUTHORIZED, "nobody knows who asks"))
    }
}

/// The shape that an answer is wanted in.
pub(super) struct Wanted(pub(super) Shape);

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let accepted = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let mut types = accepted.unwrap_or_default().split(',').filter_map(|one| {
            match one.split(';').next().unwrap_or_default().trim() {
                "application/json" => Some(Shape::Json),
                "text/plain" => Some(Shape::Text),
                _ => None,
            }
        });
        Ok(Self(types.next().unwrap_or(Shape::Json)))
    }
}

/// The parameters of a query.
pub(super) struct Params<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        serde_html_form::from_str(query).map(Self).map_err(|error| {
            Refusal::of(StatusCode::BAD_REQUEST, format!("the query cannot be read: {error}"))
        })
    }
}

/// The parameters of a path.
pub(super) struct InPath<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|error: PathRejection| {
            Refusal::of(error.status(), format!("the path cannot be read: {}", error.body_text()))
        })
    }
}

/// A body of JSON.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let body = axum::Json::<T>::from_request(request, state).await;
        body.map(|body| Self(body.0)).map_err(|error: JsonRejection| {
            // What is JSON and not what was asked for is a bad request as any other.
            let status = match error.status() {
                StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
                status => status,
            };
            Refusal::of(status, error.body_text())
        })
    }
}

/// A body of messages: JSON lines, or an array.
pub(super) struct Messages(pub(super) Bytes);

impl<S: Send + Sync> FromRequest<S> for Messages {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        // What a form of a page can send without asking is none of these.
        if ![LINES, "application/jsonl", "application/json"].contains(&media) {
            let what = format!("send messages as `{LINES}` or `application/json`");
            return Err(Refusal::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
        }
        let body = Bytes::from_request(request, state).await;
        body.map(Self)
            .map_err(|error: BytesRejection| Refusal::of(error.status(), error.body_text()))
    }
}

/// An answer in its shape.
pub(super) struct Answered(pub(super) Reply, pub(super) Shape);

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let Self(reply, shape) = self;
        let media = match shape {
            Shape::Json => "application/json",
            Shape::Text => "text/plain; charset=utf-8",
        };
        let mut response = if reply.verdict == Verdict::Nothing {
            StatusCode::NO_CONTENT.into_response()
        } else {
            ([(CONTENT_TYPE, HeaderValue::from_static(media))], reply.body).into_response()
        };
        let headers = response.headers_mut();
        for note in &reply.notes {
            if let Ok(note) = HeaderValue::from_str(&encoded(note)) {
                headers.append(HeaderName::from_static(NOTE_HEADER), note);
            }
        }
        let word = match reply.verdict {
            Verdict::Answered => None,
            Verdict::Nothing => Some("nothing"),
            Verdict::Damaged => Some("damaged"),
        };
        if let Some(word) = word {
            headers.insert(HeaderName::from_static(VERDICT_HEADER), HeaderValue::from_static(word));
        }
        response
    }
}
