//! Access keys.

use std::sync::Arc;

use axum::extract::State;

use super::extract::{Answered, InPath, JsonBody, Wanted};
use crate::access::Caller;
use crate::ask::{Ask, CreateKeyAsk, RotateKeyAsk};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire;

/// Every key, in the order they were made
#[utoipa::path(
    get, path = "/v1/keys",
    responses(
        (status = 200, description = "Every key, in the order they were made", content(
            (wire::KeyPage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["admin", "all-streams"]))
)]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Keys, shape, caller).await?, shape))
}

/// A key that was made, told this once
#[utoipa::path(
    post, path = "/v1/keys",
    request_body = CreateKeyAsk,
    responses(
        (status = 200, description = "A key that was made, told this once", content(
            (wire::MadeKey = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["admin", "all-streams"]))
)]
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    JsonBody(ask): JsonBody<CreateKeyAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::CreateKey(ask), shape, caller).await?, shape))
}

/// A key in the place of an old one, told this once
#[utoipa::path(
    post, path = "/v1/keys/{id}/rotate",
    params(("id" = String, Path, description = "The part of the key that may be told")),
    request_body = RotateKeyAsk,
    responses(
        (status = 200, description = "A key in the place of an old one, told this once", content(
            (wire::MadeKey = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["admin", "all-streams"]))
)]
pub(super) async fn rotate(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(id): InPath<String>,
    JsonBody(ask): JsonBody<RotateKeyAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::RotateKey(id, ask), shape, caller).await?, shape))
}

/// The key, which is refused from now on
#[utoipa::path(
    delete, path = "/v1/keys/{id}",
    params(("id" = String, Path, description = "The part of the key that may be told")),
    responses(
        (status = 200, description = "The key, which is refused from now on", content(
            (wire::KeyShape = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["admin", "all-streams"]))
)]
pub(super) async fn revoke(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(id): InPath<String>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::RevokeKey(id), shape, caller).await?, shape))
}

/// What was done to keys, the newest first
#[utoipa::path(
    get, path = "/v1/audit",
    responses(
        (status = 200, description = "What was done to keys, the newest first", content(
            (wire::AuditPage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["admin", "all-streams"]))
)]
pub(super) async fn audit(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Audit, shape, caller).await?, shape))
}
