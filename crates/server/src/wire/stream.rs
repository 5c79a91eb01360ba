//! Streams, their messages, windows and the runs over them.

use lichen_engine::{
    Claimed, Extent, MessageView, Run, RunInfo, RunState, Standing, StreamInfo, Timestamp, Window,
    format_instant,
};
use lichen_model::StreamId;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

/// Streams, by source and name.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamPage {
    pub(crate) streams: Vec<StreamShape>,
    /// Where the list goes on; absent at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A stream and what it holds.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamShape {
    id: String,
    source: String,
    name: String,
    title: String,
    messages: u64,
    bytes: u64,
    /// When the first message was sent.
    first: Option<String>,
    /// When the last message was sent.
    last: Option<String>,
}

/// Messages, in the order of their stream.
#[derive(Serialize, ToSchema)]
pub struct MessagePage {
    /// In order.
    pub messages: Vec<MessageShape>,
}

/// A message: recalled data, whatever it says.
#[derive(Serialize, ToSchema)]
pub struct MessageShape {
    pub(crate) id: String,
    external_id: String,
    stream: String,
    author: String,
    at: String,
    text: String,
    reply_to: Option<String>,
    replaces: Option<String>,
    /// Further fields of the source.
    #[schema(value_type = Option<Object>)]
    meta: Json,
}

/// What was taken of messages that were handed in. They cannot be lost any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PostedShape {
    /// Messages, those that were known before included.
    pub messages: usize,
    /// What was wrong in the body; the rest was taken.
    pub problems: Vec<String>,
    /// The batch had been taken under this key before: nothing was done.
    pub repeated: bool,
}

/// The windows of a stream or a document.
#[derive(Serialize, ToSchema)]
pub(crate) struct WindowPage {
    pub(crate) windows: Vec<WindowShape>,
}

/// A window.
#[derive(Serialize, ToSchema)]
pub(crate) struct WindowShape {
    #[serde(flatten)]
    extent: ExtentShape,
    /// Its number, from 0.
    nth: usize,
    /// Messages or lines in it.
    messages: usize,
    /// Its size in the unit that was asked for.
    size: u64,
    /// Where one message is larger than a window: which part of it this is.
    part: Option<PartShape>,
}

/// A part of a message that is larger than a window.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartShape {
    nth: usize,
    of: usize,
    start: usize,
    end: usize,
}

/// Where a window lies. Windows of documents are in no stream and have no id.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExtentShape {
    id: Option<String>,
    stream: Option<String>,
    first: StandingShape,
    last: StandingShape,
    /// Bytes of the one message of which it holds a part.
    bytes: Option<Vec<u32>>,
}

/// Where a message stands in the order of its stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct StandingShape {
    place: i64,
    late: u32,
}

/// A window of a stream with its messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct WindowMessages {
    pub(crate) window: WindowShape,
    pub(crate) messages: Vec<MessageShape>,
}

/// A claimed window with its messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExtentMessages {
    pub(crate) window: ExtentShape,
    pub(crate) messages: Vec<MessageShape>,
}

/// A window of a document with its text.
#[derive(Serialize, ToSchema)]
pub(crate) struct WindowText {
    pub(crate) window: WindowShape,
    pub(crate) text: String,
}

/// A window that was claimed, and the run that has it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimedWindow {
    run: RunShape,
    window: ExtentShape,
    /// The stream's name.
    stream: String,
    messages: Vec<MessageShape>,
}

/// Runs, in the order of their claims.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunPage {
    pub(crate) runs: Vec<RunStanding>,
    /// Where the list goes on; absent at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// An attempt of a consumer at a window.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunShape {
    pub(crate) id: String,
    consumer: String,
    signature: String,
    window: String,
    attempt: u32,
    claimed_at: String,
    lease_until: String,
}

/// A run as it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct RunStanding {
    #[serde(flatten)]
    pub(crate) run: RunShape,
    /// `claimed`, `expired`, `done`, `failed`, `split`.
    state: &'static str,
    reason: Option<String>,
    parts: Option<usize>,
    ended_at: Option<String>,
}

impl From<&StreamInfo> for StreamShape {
    fn from(one: &StreamInfo) -> Self {
        let at = |millis| (one.messages > 0).then(|| format_instant(Timestamp(millis)));
        Self {
            id: one.stream.id.any().to_string(),
            source: one.stream.source.clone(),
            name: one.stream.name.clone(),
            title: one.stream.title.clone(),
            messages: one.messages,
            bytes: one.bytes,
            first: at(one.first),
            last: at(one.last),
        }
    }
}

/// Messages with all that the store knows of them.
pub(crate) fn messages(views: &[MessageView]) -> Vec<MessageShape> {
    views.iter().map(MessageShape::from).collect()
}

impl From<&MessageView> for MessageShape {
    fn from(view: &MessageView) -> Self {
        let message = &view.message;
        Self {
            id: message.id.any().to_string(),
            external_id: message.external_id.clone(),
            stream: view.stream.name.clone(),
            author: message.author.clone(),
            at: format_instant(message.sent.at),
            text: message.text.clone(),
            reply_to: message.reply_to.map(|id| id.any().to_string()),
            replaces: message.replaces.map(|id| id.any().to_string()),
            meta: serde_json::from_str(&message.meta).unwrap_or(Json::Null),
        }
    }
}

impl From<&Window> for WindowShape {
    fn from(window: &Window) -> Self {
        let part = window.part.as_ref().map(|part| PartShape {
            nth: part.nth,
            of: part.of,
            start: part.bytes.start,
            end: part.bytes.end,
        });
        Self {
            extent: (&window.extent).into(),
            nth: window.nth,
            messages: window.count,
            size: window.size,
            part,
        }
    }
}

impl From<&Extent> for ExtentShape {
    fn from(extent: &Extent) -> Self {
        let at = |at: Standing| StandingShape { place: at.place, late: at.late };
        let is_stream = extent.stream != StreamId::default();
        Self {
            id: is_stream.then(|| extent.id().any().to_string()),
            stream: is_stream.then(|| extent.stream.any().to_string()),
            first: at(extent.first),
            last: at(extent.last),
            bytes: extent.bytes.as_ref().map(|bytes| vec![bytes.start, bytes.end]),
        }
    }
}

impl From<&Claimed> for ClaimedWindow {
    fn from(claimed: &Claimed) -> Self {
        Self {
            run: (&claimed.run).into(),
            window: (&claimed.run.extent).into(),
            stream: claimed.stream.name.clone(),
            messages: messages(&claimed.messages),
        }
    }
}

impl From<&Run> for RunShape {
    fn from(run: &Run) -> Self {
        Self {
            id: run.id.any().to_string(),
            consumer: run.consumer.clone(),
            signature: run.signature.clone(),
            window: run.extent.id().any().to_string(),
            attempt: run.attempt,
            claimed_at: format_instant(run.claimed),
            lease_until: format_instant(run.lease),
        }
    }
}

impl From<&RunInfo> for RunStanding {
    fn from(info: &RunInfo) -> Self {
        let (state, reason, parts) = match &info.state {
            RunState::Claimed => ("claimed", None, None),
            RunState::Expired => ("expired", None, None),
            RunState::Done => ("done", None, None),
            RunState::Failed(reason) => ("failed", Some(reason.clone()), None),
            RunState::Split(parts) => ("split", None, Some(*parts)),
        };
        Self {
            run: (&info.run).into(),
            state,
            reason,
            parts,
            ended_at: info.ended.map(format_instant),
        }
    }
}
