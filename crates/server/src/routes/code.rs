//! Questions about code.

use std::sync::Arc;

use axum::extract::State;

use super::extract::{Answered, Params, Wanted};
use crate::access::Caller;
use crate::ask::{Ask, AtAsk, BlameAsk, HistoryAsk, LinksAsk, ReviewAsk, SymbolsAsk};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire;

/// Refuses a folder of one who is not the owner of the store's files: it would choose what this machine reads.
pub(super) fn check_folder(folder: Option<&String>, caller: &Caller) -> Result<(), Refusal> {
    if folder.is_none() || caller.is_local() {
        return Ok(());
    }
    let what = "`folder` is for programs on the owner's machine, over its socket: leave it out";
    Err(Refusal::of(axum::http::StatusCode::FORBIDDEN, what))
}

/// What stands at a place: its symbol, how that came to be so, and what was said about it
#[utoipa::path(
    get, path = "/v1/at",
    params(AtAsk),
    responses(
        (status = 200, description = "What stands at a place: its symbol, how that came to be so, and what was said about it", content(
            (wire::Place = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn at(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<AtAsk>,
) -> Result<Answered, Refusal> {
    check_folder(ask.folder.as_ref(), &caller)?;
    Ok(Answered(service.ask(Ask::At(ask), shape, caller).await?, shape))
}

/// The life of a symbol, through renames and moves, or of a file
#[utoipa::path(
    get, path = "/v1/history",
    params(HistoryAsk),
    responses(
        (status = 200, description = "The life of a symbol, through renames and moves, or of a file", content(
            (wire::History = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn history(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<HistoryAsk>,
) -> Result<Answered, Refusal> {
    check_folder(ask.folder.as_ref(), &caller)?;
    Ok(Answered(service.ask(Ask::History(ask), shape, caller).await?, shape))
}

/// Each line's symbol, the commit that made that what it is, and what was said about it
#[utoipa::path(
    get, path = "/v1/blame",
    params(BlameAsk),
    responses(
        (status = 200, description = "Each line's symbol, the commit that made that what it is, and what was said about it", content(
            (wire::BlamedFile = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn blame(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<BlameAsk>,
) -> Result<Answered, Refusal> {
    check_folder(ask.folder.as_ref(), &caller)?;
    Ok(Answered(service.ask(Ask::Blame(ask), shape, caller).await?, shape))
}

/// What a commit defines, or what changed since another
#[utoipa::path(
    get, path = "/v1/symbols",
    params(SymbolsAsk),
    responses(
        (status = 200, description = "What a commit defines, or what changed since another", content(
            (wire::SymbolPage = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn symbols(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<SymbolsAsk>,
) -> Result<Answered, Refusal> {
    check_folder(ask.folder.as_ref(), &caller)?;
    Ok(Answered(service.ask(Ask::Symbols(ask), shape, caller).await?, shape))
}

/// What was said about every symbol that a branch changes
#[utoipa::path(
    get, path = "/v1/review",
    params(ReviewAsk),
    responses(
        (status = 200, description = "What was said about every symbol that a branch changes", content(
            (wire::ReviewShape = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn review(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<ReviewAsk>,
) -> Result<Answered, Refusal> {
    check_folder(ask.folder.as_ref(), &caller)?;
    Ok(Answered(service.ask(Ask::Review(ask), shape, caller).await?, shape))
}

/// What a text refers to, and what refers to a commit or symbol
#[utoipa::path(
    get, path = "/v1/links",
    params(LinksAsk),
    responses(
        (status = 200, description = "What a text refers to, and what refers to a commit or symbol", content(
            (wire::LinksShape = "application/json"), (String = "text/plain")
        ))
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn links(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Wanted(shape): Wanted,
    Params(ask): Params<LinksAsk>,
) -> Result<Answered, Refusal> {
    check_folder(ask.folder.as_ref(), &caller)?;
    Ok(Answered(service.ask(Ask::Links(ask), shape, caller).await?, shape))
}
