//! Long polls of another server: a cursor goes out, messages and the next cursor come back; the cursor is the position.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use lichen_engine::{Mapping, Repeats};
use lichen_model::{Problem, Progress};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::AsyncReadExt as _;
use tokio::time::Instant;

use super::Feeder;
use super::fetch::{Ask, Fetch, Means, means};
use super::pause::Pause;
use crate::{Error, Result};

/// Cursors that are remembered, to see that they go round in a circle.
const CURSORS: usize = 16;

/// A place that is polled.
#[derive(Clone, Debug)]
pub struct LongPoll {
    /// Its name, and that of the stream of messages that name none.
    pub name: String,
    /// Names of fields.
    pub mapping: Mapping,
    /// The parameter of the query that carries the cursor.
    pub parameter: String,
    /// The field of an answer with its messages.
    pub messages: String,
    /// The field of an answer with the next cursor.
    pub next: String,
    /// Largest answer, in bytes.
    pub answer_bytes_max: usize,
    /// The shortest time between two requests that bring nothing new.
    pub idle: Duration,
    /// The longest wait after failures.
    pub retry_max: Duration,
    /// Tells those apart who lost the same server at the same moment: any number.
    pub seed: u64,
}

impl LongPoll {
    /// A place with the usual names and bounds.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mapping: Mapping::default(),
            parameter: "cursor".to_owned(),
            messages: "messages".to_owned(),
            next: "next".to_owned(),
            answer_bytes_max: 8 << 20,
            idle: Duration::from_secs(1),
            retry_max: Duration::from_mins(5),
            seed: 0,
        }
    }
}

/// An answer, its values unread.
#[derive(Deserialize)]
struct Fields<'a>(#[serde(borrow)] HashMap<Cow<'a, str>, &'a RawValue>);

/// What an answer holds.
struct Page {
    messages: Vec<String>,
    next: Option<String>,
}

/// Polls until it is to end, or the other server says that there will be no more.
pub async fn long_poll(spec: &LongPoll, fetch: &mut impl Fetch, feeder: &Feeder) -> Result<()> {
    let feed = format!("long-poll:{}", spec.name);
    let mut intake = feeder
        .read({
            let (spec, feed) = (spec.clone(), feed.clone());
            move |reader| {
                let unit = "message";
                Ok(reader.intake(&feed, &spec.name, unit, spec.mapping.clone(), Repeats::One, 0))
            }
        })
        .await?;
    let mut cursor = feeder.position(&feed).await?;
    let mut before: VecDeque<String> = cursor.iter().cloned().collect();
    let mut pause = Pause::new(spec.idle, spec.retry_max.max(spec.idle), spec.seed);
    while !feeder.stop().is_stopped() {
        let mut ask = Ask::default();
        ask.headers.push(("Accept".to_owned(), "application/json".to_owned()));
        ask.query.extend(cursor.iter().map(|cursor| (spec.parameter.clone(), cursor.clone())));
        let asked = Instant::now();
        let polling = poll(spec, &feed, fetch, &ask, feeder);
        let polled = tokio::select! {
            biased;
            () = feeder.stop().stopped() => break,
            polled = polling => polled?,
        };
        let wait = match polled {
            Polled::Ended => return Ok(()),
            Polled::Failed { wait } => pause.next().max(wait.min(spec.retry_max)),
            Polled::Page(page) => {
                page.messages.iter().for_each(|message| intake.line(message.as_bytes()));
                let moved = page.next.is_some() && page.next != cursor;
                let progress = page
                    .next
                    .as_ref()
                    .filter(|_| moved)
                    .map(|next| Progress { source: feed.clone(), position: next.clone() });
                if feeder.append(&feed, intake.batch(progress)).await?.is_none() {
                    break;
                }
                // Known messages come again without harm, but not without a rest.
                let round = page.next.as_ref().is_some_and(|next| before.contains(next));
                if let Some(next) = page.next {
                    before.push_back(next.clone());
                    if before.len() > CURSORS {
                        before.pop_front();
                    }
                    cursor = Some(next);
                }
                if moved && !round {
                    pause.reset();
                    Duration::ZERO
                } else if page.messages.is_empty() {
                    pause.reset();
                    spec.idle.saturating_sub(asked.elapsed())
                } else {
                    pause.next()
                }
            }
        };
        if feeder.pause(wait).await {
            break;
        }
    }
    Ok(())
}

enum Polled {
    Page(Page),
    Ended,
    Failed { wait: Duration },
}

async fn poll(
    spec: &LongPoll,
    feed: &str,
    fetch: &mut impl Fetch,
    ask: &Ask,
    feeder: &Feeder,
) -> Result<Polled> {
    let failed = |what: String, wait: Option<Duration>| {
        feeder.report().note(&format!("{feed}: {what}"));
        Ok(Polled::Failed { wait: wait.unwrap_or_default() })
    };
    let answer = match fetch.fetch(ask).await {
        Ok(answer) => answer,
        Err(error) => return failed(format!("not connected: {error}"), None),
    };
    match means(answer.status) {
        // To a poll, no content is no news.
        Means::Ended => return Ok(Polled::Page(Page { messages: Vec::new(), next: None })),
        Means::Refused(_) if answer.status == 410 => return Ok(Polled::Ended),
        Means::Refused(what) => {
            return Err(Error::Refused { feed: feed.to_owned(), status: answer.status, what });
        }
        Means::TryAgain => return failed(format!("status {}", answer.status), answer.retry_after),
        Means::Answered => {}
    }
    let limit = spec.answer_bytes_max;
    let mut body = Vec::new();
    if let Err(error) = answer.body.take(limit as u64 + 1).read_to_end(&mut body).await {
        return failed(format!("connection lost: {error}"), None);
    }
    if body.len() > limit {
        return Err(Error::Answer { feed: feed.to_owned(), limit });
    }
    match page(spec, &body) {
        Ok(page) => Ok(Polled::Page(page)),
        Err(what) => {
            feeder.report().problem(&Problem::new(feed, "answer", &*what));
            Ok(Polled::Failed { wait: Duration::ZERO })
        }
    }
}

fn page(spec: &LongPoll, body: &[u8]) -> Result<Page, String> {
    let Fields(fields) = serde_json::from_slice(body)
        .map_err(|error| format!("is no JSON object ({error}); asked for again"))?;
    let Some(messages) = fields.get(&*spec.messages) else {
        return Err(format!("has no `{}`; asked for again", spec.messages));
    };
    let messages: Vec<&RawValue> = serde_json::from_str(messages.get())
        .map_err(|_| format!("has no array as `{}`; asked for again", spec.messages))?;
    // A cursor is passed back as it came: a string's text, or a number's digits.
    let next = fields.get(&*spec.next).map(|raw| raw.get()).filter(|json| *json != "null");
    let next =
        next.map(|json| serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned()));
    Ok(Page { messages: messages.into_iter().map(|raw| raw.get().to_owned()).collect(), next })
}
