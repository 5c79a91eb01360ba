//! A stream as it grows: Server-Sent Events, a message each.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use lichen_engine::{WindowFormat, printable, window_text};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::extract::{InPath, Params};
use crate::access::Caller;
use crate::ask::StreamAsk;
use crate::feed::{Follow, MessageView};
use crate::refusal::Refusal;
use crate::service::Service;
use crate::wire::{self, json};

/// Events that wait for a slow reader; the next ones wait in the store.
const EVENTS_WAITING: usize = 16;
/// Time between two signs of life where nothing is said.
const ALIVE: Duration = Duration::from_secs(15);
/// Messages from before that can be asked for.
const LAST_MAX: usize = 4096;

/// How to follow.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FollowAsk {
    /// So many of the last messages first.
    #[serde(default)]
    #[param(maximum = 4096)]
    last: usize,
    /// How each message is written.
    #[serde(default)]
    #[param(inline)]
    format: EventFormat,
}

/// How a message is written in an event.
#[derive(Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum EventFormat {
    #[default]
    Json,
    Text,
}

/// The messages of a stream as they are said: Server-Sent Events
///
/// Each event's data is a message, its id the message's. With `Last-Event-ID` it goes on behind that message.
#[utoipa::path(
    get, path = "/v1/streams/{stream}/events",
    params(StreamAsk, FollowAsk,
        ("Last-Event-ID" = Option<String>, Header, description = "Go on behind this message")),
    responses((status = 200, description = "Events", body = String, content_type = "text/event-stream")),
    security(("key" = ["read"]))
)]
pub(super) async fn events(
    State(service): State<Arc<Service>>,
    caller: Caller,
    InPath(stream): InPath<StreamAsk>,
    Params(ask): Params<FollowAsk>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let stream = service.stream(stream.stream, caller.limits().cloned()).await?;
    let Ok(place) = Arc::clone(&service.followers).try_acquire_owned() else {
        return Err(Refusal::busy("too many streams of events are open", 5));
    };
    let last_id = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let count = if last_id.is_some() { LAST_MAX } else { ask.last.min(LAST_MAX) };
    let live = Arc::clone(&service.live);
    let (follow, mut before) = Follow::begin(live, stream.id, count).await?;
    if let Some(id) = last_id {
        let at = before.iter().position(|view| view.message.id.any().to_string() == id);
        let at = at.ok_or_else(|| {
            let what = "the message of `Last-Event-ID` is not among the last of the stream";
            Refusal::of(StatusCode::NOT_FOUND, what)
        })?;
        before.drain(..=at);
    }
    let (send, receive) = mpsc::channel(EVENTS_WAITING);
    tokio::spawn(async move {
        let _place = place;
        tell(&service, &caller, follow, before, ask.format, &send).await;
    });
    let media = [(CONTENT_TYPE, "text/event-stream")];
    Ok((media, Body::new(Events(receive))).into_response())
}

/// Sends events until whoever reads them is gone or let in no more, or the owner ends.
async fn tell(
    service: &Service,
    caller: &Caller,
    mut follow: Follow,
    before: Vec<MessageView>,
    format: EventFormat,
    send: &mpsc::Sender<Bytes>,
) {
    let (stop, mut grown) = (service.feeder.stop().clone(), service.grown.clone());
    // The head of the answer leaves with the first bytes.
    let mut new = before;
    if send.send(Bytes::from_static(b": following\n\n")).await.is_err() {
        return;
    }
    while service.guard.admits(caller, service.clock.now()) {
        for view in &new {
            if send.send(event(view, format)).await.is_err() {
                return;
            }
        }
        let waited = tokio::select! {
            () = stop.stopped() => return,
            () = send.closed() => return,
            waited = tokio::time::timeout(ALIVE, grown.changed()) => waited,
        };
        new = match waited {
            Ok(Ok(())) => match follow.look().await {
                Ok(new) => new,
                Err(error) => {
                    tracing::warn!(%error, "a stream cannot be followed any more");
                    return;
                }
            },
            Ok(Err(_)) => return,
            Err(_) => {
                if send.send(Bytes::from_static(b": alive\n\n")).await.is_err() {
                    return;
                }
                Vec::new()
            }
        };
    }
}

/// A message as an event. A line end in the data begins a new line of data.
fn event(view: &MessageView, format: EventFormat) -> Bytes {
    let id = view.message.id.any();
    let data = match format {
        EventFormat::Json => json(&wire::MessageShape::from(view)),
        EventFormat::Text => {
            printable(&window_text(std::slice::from_ref(view), WindowFormat::Text))
        }
    };
    let mut text = format!("id: {id}\nevent: message\n");
    for line in data.split(['\n', '\r']) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text.into()
}

/// A body of events as they come.
struct Events(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
