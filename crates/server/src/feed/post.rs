//! Batches that are handed in by request: a body of JSON lines, or a JSON array, that is durable when it is answered.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lichen_engine::{Acknowledged, Mapping, Repeats, StreamLimits};
use lichen_model::{Problem, Progress};
use tokio::sync::Semaphore;

use super::Feeder;
use super::report::Taken;
use crate::{Error, Result};

/// Keys of batches that are remembered: a retry follows its first attempt closely.
const KEYS: usize = 32;
/// How long who was refused for being too many waits.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a [`Post`] is called and how much it takes.
#[derive(Clone, Debug)]
pub struct PostOptions {
    /// Its name, and that of the stream of messages that name none.
    pub name: String,
    /// Names of fields.
    pub mapping: Mapping,
    /// Bytes of a body.
    pub body_bytes_max: usize,
    /// Bodies that are worked on at once.
    pub bodies_max: usize,
    /// Bytes of all of them.
    pub bytes_max: u32,
}

impl PostOptions {
    /// The usual bounds.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mapping: Mapping::default(),
            body_bytes_max: 8 << 20,
            bodies_max: 64,
            bytes_max: 32 << 20,
        }
    }
}

/// A batch that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// Where its messages are in the journal, and how many there were.
    pub acknowledged: Acknowledged,
    /// What was wrong in the body; the rest was taken.
    pub problems: Vec<Problem>,
    /// It had been taken before under this key: nothing was done.
    pub repeated: bool,
}

/// Why a batch was not taken. Nothing of it was, but for [`Refused::Failed`], which says if that is not known.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Too much is under way, or the store is behind: the same can be sent again.
    #[error("not taken for now; send it again in {} s: {what}", retry_after.as_secs())]
    Busy {
        /// When to send it again.
        retry_after: Duration,
        /// Why.
        what: String,
    },
    /// The body is too large.
    #[error(
        "the body has {bytes} bytes, and {limit} may be sent at once: send fewer messages at a time"
    )]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// Bytes that one may have.
        limit: usize,
    },
    /// Another batch was sent under this key.
    #[error("another batch was sent under the key `{key}`: take a new key for a new batch")]
    KeyReused {
        /// The key.
        key: String,
    },
    /// A message is of a stream that may not be written to.
    #[error("messages of the stream `{stream}` may not be sent with this key; nothing was taken")]
    Stream {
        /// The stream's name.
        stream: String,
    },
    /// It failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// A place to which batches are sent.
pub struct Post {
    options: PostOptions,
    feeder: Feeder,
    bodies: Semaphore,
    bytes: Semaphore,
    keys: Mutex<VecDeque<Key>>,
}

/// A key under which a batch was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    name: u64,
    body: u64,
    acknowledged: Acknowledged,
}

impl Post {
    /// A place for batches, which remembers the keys of those it took last.
    pub async fn open(options: PostOptions, feeder: Feeder) -> Result<Self> {
        let position = feeder.position(&format!("post:{}", options.name)).await?;
        let applied = feeder.live().status().searchable;
        let keys = parse_keys(position.as_deref().unwrap_or_default(), applied);
        Ok(Self {
            bodies: Semaphore::new(options.bodies_max.max(1)),
            bytes: Semaphore::new(options.bytes_max.max(1) as usize),
            options,
            feeder,
            keys: Mutex::new(keys),
        })
    }

    /// Takes a body. `key` names the batch: sent again under the same key it is answered as it was, without work. Without a
    /// key, its messages are still known by their ids.
    pub async fn take(&self, body: Vec<u8>, key: Option<&str>) -> Result<Posted, Refused> {
        self.take_of(body, key, None).await
    }

    /// The same from one who may write to some streams only.
    pub async fn take_of(
        &self,
        body: Vec<u8>,
        key: Option<&str>,
        limits: Option<&StreamLimits>,
    ) -> Result<Posted, Refused> {
        let limit = self.options.body_bytes_max;
        if body.len() > limit {
            return Err(Refused::TooLarge { bytes: body.len(), limit });
        }
        let share =
            u32::try_from(body.len()).unwrap_or(u32::MAX).clamp(1, self.options.bytes_max.max(1));
        let (Ok(_body), Ok(_bytes)) =
            (self.bodies.try_acquire(), self.bytes.try_acquire_many(share))
        else {
            let what = "too many batches are under way".to_owned();
            return Err(Refused::Busy { retry_after: RETRY_AFTER, what });
        };
        let hashes = key.map(|key| (hash(key.as_bytes()), hash(&body)));
        if let (Some(name), Some((key, body))) = (key, hashes)
            && let Some(known) = self.known(key)
        {
            if known.body != body {
                return Err(Refused::KeyReused { key: name.to_owned() });
            }
            let acknowledged = known.acknowledged;
            return Ok(Posted { acknowledged, problems: Vec::new(), repeated: true });
        }
        self.append(body, hashes, limits).await
    }

    async fn append(
        &self,
        body: Vec<u8>,
        hashes: Option<(u64, u64)>,
        limits: Option<&StreamLimits>,
    ) -> Result<Posted, Refused> {
        let feed = format!("post:{}", self.options.name);
        let read = {
            let (feed, name) = (feed.clone(), self.options.name.clone());
            let mapping = self.options.mapping.clone();
            let work = move |reader: &lichen_engine::Reader| {
                let mut intake =
                    reader.intake(&feed, &name, "line", mapping.clone(), Repeats::Counted, 0);
                intake.lines(&body);
                Ok(intake.batch(None))
            };
            self.feeder.read(work)
        };
        let mut batch = read.await?;
        let problems = std::mem::take(&mut batch.problems);
        let foreign =
            |limits: &StreamLimits| batch.streams.iter().find(|stream| !limits.allow(&stream.name));
        if let Some(stream) = limits.and_then(foreign) {
            return Err(Refused::Stream { stream: stream.name.clone() });
        }
        // The key goes into the record, so that it is known exactly when the messages are.
        if let Some((name, body)) = hashes {
            let acknowledged = Acknowledged { seq: 0, messages: batch.messages.len() };
            let position = self.position(Key { name, body, acknowledged });
            batch.progress.push(Progress { source: feed.clone(), position });
        }
        let acknowledged = if batch.is_empty() {
            Acknowledged { seq: 0, messages: 0 }
        } else {
            self.feeder.try_append(batch).await.map_err(refused)?
        };
        if let Some((name, body)) = hashes {
            self.remember(Key { name, body, acknowledged });
        }
        if acknowledged.messages > 0 {
            let messages = acknowledged.messages;
            self.feeder.report().taken(&Taken { feed, messages, ..Taken::default() });
        }
        Ok(Posted { acknowledged, problems, repeated: false })
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, VecDeque<Key>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, name: u64) -> Option<Key> {
        self.keys().iter().find(|known| known.name == name).copied()
    }

    fn remember(&self, key: Key) {
        let mut keys = self.keys();
        keys.retain(|known| known.name != key.name);
        keys.push_back(key);
        while keys.len() > KEYS {
            keys.pop_front();
        }
    }

    /// The keys that were taken, and this one. Keys of batches that are under way at the same time are in the record of
    /// their own and in the next one: one that a crash forgets costs work, its messages are known by their ids.
    fn position(&self, new: Key) -> String {
        let keys = self.keys();
        let skip = (keys.len() + 1).saturating_sub(KEYS);
        let text = |key: &Key| {
            format!("{:016x} {:016x} {}", key.name, key.body, key.acknowledged.messages)
        };
        keys.iter().skip(skip).chain([&new]).map(text).collect::<Vec<_>>().join(",")
    }
}

fn parse_keys(position: &str, applied: u64) -> VecDeque<Key> {
    let key = |text: &str| {
        let mut words = text.split(' ');
        let mut hex = || u64::from_str_radix(words.next()?, 16).ok();
        let (name, body) = (hex()?, hex()?);
        let messages = words.next()?.parse().ok()?;
        Some(Key { name, body, acknowledged: Acknowledged { seq: applied, messages } })
    };
    position.split(',').filter_map(key).collect()
}

fn refused(error: Error) -> Refused {
    match error {
        Error::Engine(error) if error.may_pass() => {
            Refused::Busy { retry_after: RETRY_AFTER, what: error.to_string() }
        }
        error => Refused::Failed(error),
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
    u64::from_be_bytes(*first)
}
