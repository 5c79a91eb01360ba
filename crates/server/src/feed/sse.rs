//! Server-Sent Events of another server, each with one message or several as JSON; the id of the last is the position.

mod events;

use std::time::Duration;

use lichen_engine::{Intake, Mapping, Repeats};
use lichen_model::Progress;
use tokio::io::AsyncReadExt as _;

use super::fetch::{Answer, Ask, Fetch, Means, means};
use super::pause::Pause;
use super::queue::{Receiver, Sender, queue};
use super::{Feeder, QueueLimits};
use crate::{Error, Result};

use events::Event;
pub(crate) use events::Events;

/// Bytes that are read from a connection at once.
const BUFFER_BYTES: usize = 16 << 10;

/// A stream of events.
#[derive(Clone, Debug)]
pub struct Sse {
    /// Its name, and that of the stream of messages that name none.
    pub name: String,
    /// Names of fields.
    pub mapping: Mapping,
    /// Types of events that carry messages; empty for all.
    pub kinds: Vec<String>,
    /// Longest event, in bytes.
    pub event_bytes_max: usize,
    /// Bounds of what waits.
    pub queue: QueueLimits,
    /// How long to wait before connecting again, where the stream does not tell.
    pub retry: Duration,
    /// The longest wait, whatever the stream tells and however often it failed.
    pub retry_max: Duration,
    /// Tells those apart who lost the same server at the same moment: any number.
    pub seed: u64,
}

impl Sse {
    /// A stream with the usual bounds.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mapping: Mapping::default(),
            kinds: Vec::new(),
            event_bytes_max: 4 << 20,
            queue: QueueLimits::default(),
            retry: Duration::from_secs(3),
            retry_max: Duration::from_mins(5),
            seed: 0,
        }
    }
}

/// Takes events in until it is to end, or the other server says that there will be no more. A connection that ends is made
/// again, behind the last event that was taken.
pub async fn sse(spec: &Sse, fetch: &mut impl Fetch, feeder: &Feeder) -> Result<()> {
    let feed = format!("sse:{}", spec.name);
    let mut intake = feeder
        .read({
            let (spec, feed) = (spec.clone(), feed.clone());
            move |reader| {
                let limit = spec.event_bytes_max;
                Ok(reader.intake(
                    &feed,
                    &spec.name,
                    "event",
                    spec.mapping.clone(),
                    Repeats::One,
                    limit,
                ))
            }
        })
        .await?;
    let mut last_id = feeder.position(&feed).await?.unwrap_or_default();
    let mut pause = Pause::new(spec.retry.min(spec.retry_max), spec.retry_max, spec.seed);
    while !feeder.stop().is_stopped() {
        let mut ask = Ask::default();
        ask.headers.push(("Accept".to_owned(), "text/event-stream".to_owned()));
        ask.headers.push(("Cache-Control".to_owned(), "no-store".to_owned()));
        if !last_id.is_empty() {
            ask.headers.push(("Last-Event-ID".to_owned(), last_id.clone()));
        }
        let answer = tokio::select! {
            biased;
            () = feeder.stop().stopped() => break,
            answer = fetch.fetch(&ask) => answer,
        };
        let mut wait = Duration::ZERO;
        match answer {
            Err(error) => feeder.report().note(&format!("{feed}: not connected: {error}")),
            Ok(answer) => match means(answer.status) {
                Means::Ended => return Ok(()),
                Means::Refused(what) => {
                    return Err(Error::Refused { feed, status: answer.status, what });
                }
                Means::TryAgain => {
                    wait = answer.retry_after.unwrap_or_default().min(spec.retry_max);
                    feeder.report().note(&format!("{feed}: status {}", answer.status));
                }
                Means::Answered => {
                    check_type(&feed, &answer)?;
                    let connection = Connection { spec, feed: &feed, feeder };
                    connection.read(answer.body, &mut intake, &mut last_id, &mut pause).await?;
                }
            },
        }
        if feeder.pause(pause.next().max(wait)).await {
            break;
        }
    }
    Ok(())
}

fn check_type<B>(feed: &str, answer: &Answer<B>) -> Result<()> {
    let essence = answer.content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/event-stream") {
        return Ok(());
    }
    Err(Error::Refused {
        feed: feed.to_owned(),
        status: answer.status,
        what: "the answer is no `text/event-stream`",
    })
}

/// One connection, of which one half reads and the other writes.
struct Connection<'a> {
    spec: &'a Sse,
    feed: &'a str,
    feeder: &'a Feeder,
}

impl Connection<'_> {
    /// Reads until the connection ends; `last_id` follows what was taken.
    async fn read(
        &self,
        body: impl tokio::io::AsyncRead + Unpin + Send,
        intake: &mut Intake,
        last_id: &mut String,
        pause: &mut Pause,
    ) -> Result<()> {
        let (send, receive) = queue(self.spec.queue);
        let events = Events::new(last_id.clone(), self.spec.event_bytes_max);
        let (_ended, _taken) = tokio::try_join!(
            self.pull(body, events, send, pause),
            self.take(receive, intake, last_id)
        )?;
        Ok(())
    }

    async fn pull(
        &self,
        mut body: impl tokio::io::AsyncRead + Unpin + Send,
        mut events: Events,
        send: Sender<Event>,
        pause: &mut Pause,
    ) -> Result<()> {
        // Ends the other half when it is dropped.
        let send = send;
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut found = Vec::new();
        loop {
            let read = tokio::select! {
                biased;
                () = self.feeder.stop().stopped() => return Ok(()),
                read = body.read(&mut buffer) => read,
            };
            match read {
                Ok(0) => return Ok(()),
                Ok(read) => events.push(&buffer[..read], &mut found),
                Err(error) => {
                    self.feeder.report().note(&format!("{}: connection lost: {error}", self.feed));
                    return Ok(());
                }
            }
            if let Some(millis) = events.take_retry_millis() {
                pause.set_min(Duration::from_millis(millis));
            }
            if !found.is_empty() {
                pause.reset();
            }
            for event in found.drain(..) {
                let bytes = event.data.len() + event.id.len();
                if send.send(event, bytes).await.is_err() {
                    return Ok(());
                }
            }
        }
    }

    async fn take(
        &self,
        mut receive: Receiver<Event>,
        intake: &mut Intake,
        last_id: &mut String,
    ) -> Result<()> {
        while let Some(event) = receive.next().await {
            let mut event = Some(event);
            let mut id = String::new();
            while let Some(one) = event.take() {
                if one.too_long {
                    intake.too_long();
                } else if self.spec.kinds.is_empty() || self.spec.kinds.contains(&one.kind) {
                    intake.value(&one.data);
                }
                id = one.id;
                event = if intake.is_full() { None } else { receive.try_next() };
            }
            // A position of its own is not worth a record: it goes with the next message.
            let says = intake.waiting() > 0;
            let progress =
                says.then(|| Progress { source: self.feed.to_owned(), position: id.clone() });
            if says && self.feeder.append(self.feed, intake.batch(progress)).await?.is_none() {
                return Ok(());
            }
            *last_id = id;
        }
        Ok(())
    }
}
