//! What the store holds: recalled, read, listed, checked; and how the server is.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::code::check_folder;
use super::extract::{Answered, InPath, JsonBody, Params, Wanted};
use crate::access::Caller;
use crate::ask::{Ask, CutAsk, DoctorAsk, DocumentAsk, DocumentsAsk, GetAsk, RecallAsk, SqlAsk};
use crate::metrics::MEDIA_TYPE;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire;

/// How the server is.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, or `failing`.
    status: &'static str,
}

/// Whether the store can be written to: proven by writing
#[utoipa::path(
    get, path = "/healthz",
    responses(
        (status = 200, description = "It can", body = Health),
        (status = 503, description = "It cannot", body = Health)
    )
)]
pub(super) async fn healthz(State(service): State<Arc<Service>>) -> (StatusCode, Json<Health>) {
    if service.is_healthy().await {
        (StatusCode::OK, Json(Health { status: "ok" }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "failing" }))
    }
}

/// Counts and gauges for Prometheus
#[utoipa::path(
    get, path = "/metrics",
    responses((status = 200, description = "As text", body = String, content_type = "application/openmetrics-text")),
    security(("key" = ["read", "all-streams"]))
)]
pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let text = service.metrics.text(&service.live.status());
    ([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
}

/// This description
#[utoipa::path(
    get, path = "/openapi.json",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)),
    security(("key" = ["read"]))
)]
pub(super) async fn openapi() -> Json<serde_json::Value> {
    Json(super::description())
}

/// The passages that answer a question best
#[utoipa::path(
    get, path = "/v1/recall",
    params(RecallAsk),
    responses(
        (status = 200, description = "The passages that answer a question best", content(
            (wire::RecallAnswer = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn recall(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<RecallAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Recall(ask), shape, caller).await?, shape))
}

/// Things by their ids, verbatim, with where they come from
#[utoipa::path(
    get, path = "/v1/get",
    params(GetAsk),
    responses(
        (status = 200, description = "Things by their ids, verbatim, with where they come from", content(
            (wire::FoundThings = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<GetAsk>,
) -> Result<Answered, Refusal> {
    check_folder(ask.folder.as_ref(), &caller)?;
    Ok(Answered(service.ask(Ask::Get(ask), shape, caller).await?, shape))
}

/// What the store holds, how fresh it is, and how large
#[utoipa::path(
    get, path = "/v1/status",
    responses(
        (status = 200, description = "What the store holds, how fresh it is, and how large", content(
            (wire::StatusShape = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn status(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Status, shape, caller).await?, shape))
}

/// The documents that are there, by path
#[utoipa::path(
    get, path = "/v1/documents",
    params(DocumentsAsk),
    responses(
        (status = 200, description = "The documents that are there, by path", content(
            (wire::DocumentPage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn documents(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<DocumentsAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Documents(ask), shape, caller).await?, shape))
}

/// The windows of a document
#[utoipa::path(
    get, path = "/v1/documents/windows",
    params(DocumentAsk, CutAsk),
    responses(
        (status = 200, description = "The windows of a document", content(
            (wire::WindowPage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn document_windows(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(document): Params<DocumentAsk>,
    Params(cut): Params<CutAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::DocumentWindows(document, cut), shape, caller).await?, shape))
}

/// One window of a document, with its text
#[utoipa::path(
    get, path = "/v1/documents/windows/{number}",
    params(("number" = usize, Path, description = "Its number, from 0"), DocumentAsk, CutAsk),
    responses(
        (status = 200, description = "One window of a document, with its text", content(
            (wire::WindowText = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn document_window(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(number): InPath<usize>,
    Params(document): Params<DocumentAsk>,
    Params(cut): Params<CutAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(
        service.ask(Ask::DocumentWindow(document, number, cut), shape, caller).await?,
        shape,
    ))
}

/// What a check of everything finds
#[utoipa::path(
    post, path = "/v1/doctor",
    request_body = DoctorAsk,
    responses(
        (status = 200, description = "What a check of everything finds", content(
            (wire::DoctorShape = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["admin", "all-streams"]))
)]
pub(super) async fn doctor(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    JsonBody(ask): JsonBody<DoctorAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Doctor(ask), shape, caller).await?, shape))
}

/// The rows of a statement that only reads
#[utoipa::path(
    post, path = "/v1/sql",
    request_body = SqlAsk,
    responses(
        (status = 200, description = "The rows of a statement that only reads", content(
            (wire::TableShape = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["admin", "all-streams"]))
)]
pub(super) async fn sql(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    JsonBody(ask): JsonBody<SqlAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Sql(ask), shape, caller).await?, shape))
}
