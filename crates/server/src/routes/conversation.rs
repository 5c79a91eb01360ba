//! Streams and their messages, windows and the runs over them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use super::extract::{Answered, InPath, JsonBody, Messages, Params, Wanted};
use crate::access::Caller;
use crate::ask::{
    Ask, ClaimAsk, CutAsk, FailAsk, FormatAsk, RunEnd, RunsAsk, SplitAsk, StreamAsk, StreamsAsk,
    TailAsk,
};
use crate::refusal::Refusal;
use crate::request::IDEMPOTENCY_KEY;
use crate::service::Service;
use crate::wire;

/// Characters that a key of a batch may have.
const KEY_CHARS_MAX: usize = 255;

/// Take messages: JSON lines or an array
///
/// Answered once they cannot be lost. A message has `text`, and where they are known `id`, `stream`, `author`, `time`, `reply_to`; the
/// same message sent again changes nothing.
#[utoipa::path(
    post, path = "/v1/messages",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Names the batch: sent again under the same key, it is answered as it was", max_length = 255)),
    request_body(content(
        (String = "application/x-ndjson"), (Vec<serde_json::Value> = "application/json")
    )),
    responses(
        (status = 200, description = "They were taken", body = wire::PostedShape),
        (status = 422, description = "Another batch was sent under this key", body = wire::ProblemDocument,
            content_type = "application/problem+json")
    ),
    security(("key" = ["write"]))
)]
pub(super) async fn messages(
    State(service): State<Arc<Service>>,
    caller: Caller,
    headers: HeaderMap,
    Messages(body): Messages,
) -> Result<Json<wire::PostedShape>, Refusal> {
    let key = match headers.get(IDEMPOTENCY_KEY) {
        None => None,
        Some(value) => Some(
            value
                .to_str()
                .ok()
                .filter(|key| !key.is_empty() && key.len() <= KEY_CHARS_MAX)
                .ok_or_else(|| {
                    let what = "an `Idempotency-Key` has from 1 to 255 visible characters";
                    Refusal::of(StatusCode::BAD_REQUEST, what)
                })?,
        ),
    };
    Ok(Json(service.append(body.into(), key, &caller).await?))
}

/// Every stream, by source and name
#[utoipa::path(
    get, path = "/v1/streams",
    params(StreamsAsk),
    responses(
        (status = 200, description = "Every stream, by source and name", content(
            (wire::StreamPage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn streams(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<StreamsAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Streams(ask), shape, caller).await?, shape))
}

/// One stream: what it is and holds
#[utoipa::path(
    get, path = "/v1/streams/{stream}",
    params(StreamAsk),
    responses(
        (status = 200, description = "One stream: what it is and holds", content(
            (wire::StreamShape = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn stream(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(stream): InPath<StreamAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Stream(stream), shape, caller).await?, shape))
}

/// The last messages of a stream
#[utoipa::path(
    get, path = "/v1/streams/{stream}/messages",
    params(StreamAsk, TailAsk),
    responses(
        (status = 200, description = "The last messages of a stream", content(
            (wire::MessagePage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn tail(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(stream): InPath<StreamAsk>,
    Params(tail): Params<TailAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Tail(stream, tail), shape, caller).await?, shape))
}

/// The windows of a stream
#[utoipa::path(
    get, path = "/v1/streams/{stream}/windows",
    params(StreamAsk, CutAsk),
    responses(
        (status = 200, description = "The windows of a stream", content(
            (wire::WindowPage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn windows(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(stream): InPath<StreamAsk>,
    Params(cut): Params<CutAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Windows(stream, cut), shape, caller).await?, shape))
}

/// One window of a stream, with its messages
#[utoipa::path(
    get, path = "/v1/streams/{stream}/windows/{number}",
    params(StreamAsk, ("number" = usize, Path, description = "Its number, from 0"), CutAsk, FormatAsk),
    responses(
        (status = 200, description = "One window of a stream, with its messages", content(
            (wire::WindowMessages = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn window(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath((stream, number)): InPath<(String, usize)>,
    Params(cut): Params<CutAsk>,
    Params(format): Params<FormatAsk>,
) -> Result<Answered, Refusal> {
    let stream = StreamAsk { stream };
    Ok(Answered(service.ask(Ask::Window(stream, number, cut, format), shape, caller).await?, shape))
}

/// The window that a run or its id names, of those that were claimed
#[utoipa::path(
    get, path = "/v1/windows/{window}",
    params(("window" = String, Path, description = "The id of a run or a window"), FormatAsk),
    responses(
        (status = 200, description = "The window that a run or its id names, of those that were claimed", content(
            (wire::ExtentMessages = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn claimed_window(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(window): InPath<String>,
    Params(format): Params<FormatAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::ClaimedWindow(window, format), shape, caller).await?, shape))
}

/// Runs, in the order of their claims
#[utoipa::path(
    get, path = "/v1/runs",
    params(RunsAsk),
    responses(
        (status = 200, description = "Runs, in the order of their claims", content(
            (wire::RunPage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn runs(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<RunsAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Runs(ask), shape, caller).await?, shape))
}

/// The next window, which is claimed
#[utoipa::path(
    post, path = "/v1/runs",
    params(FormatAsk),
    request_body = ClaimAsk,
    responses(
        (status = 200, description = "The next window, which is claimed", content(
            (wire::ClaimedWindow = "application/json"), (String = "text/plain")
        )),
        (status = 204, description = "There is nothing to do")
    ),
    security(("key" = ["write"]))
)]
pub(super) async fn claim(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(format): Params<FormatAsk>,
    JsonBody(ask): JsonBody<ClaimAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::Claim(ask, format), shape, caller).await?, shape))
}

/// The run, which processed its window
#[utoipa::path(
    post, path = "/v1/runs/{run}/done",
    params(("run" = String, Path, description = "The run")),
    responses(
        (status = 200, description = "The run, which processed its window", content(
            (wire::RunStanding = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["write"]))
)]
pub(super) async fn done(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(run): InPath<String>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::EndRun(run, RunEnd::Done), shape, caller).await?, shape))
}

/// The run, which did not process its window
#[utoipa::path(
    post, path = "/v1/runs/{run}/fail",
    params(("run" = String, Path, description = "The run")),
    request_body = FailAsk,
    responses(
        (status = 200, description = "The run, which did not process its window", content(
            (wire::RunStanding = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["write"]))
)]
pub(super) async fn fail(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(run): InPath<String>,
    JsonBody(fail): JsonBody<FailAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::EndRun(run, RunEnd::Fail(fail)), shape, caller).await?, shape))
}

/// The run, whose window is split
#[utoipa::path(
    post, path = "/v1/runs/{run}/split",
    params(("run" = String, Path, description = "The run")),
    request_body = SplitAsk,
    responses(
        (status = 200, description = "The run, whose window is split", content(
            (wire::RunStanding = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["write"]))
)]
pub(super) async fn split(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    InPath(run): InPath<String>,
    JsonBody(split): JsonBody<SplitAsk>,
) -> Result<Answered, Refusal> {
    Ok(Answered(service.ask(Ask::EndRun(run, RunEnd::Split(split)), shape, caller).await?, shape))
}
