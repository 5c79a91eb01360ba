//! The owner of a store as its routes see it: a live engine, who is let in, and how much at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use lichen_engine::{Clock, Error as EngineError, Live, Reader, StreamLimits, Unobserved};
use lichen_model::{Batch, Progress};
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;

use crate::access::{Buckets, Caller, Guard};
use crate::ask::Ask;
use crate::feed::{Feeder, Post, PostOptions, Refused};
use crate::memory::{FEED, Reply, STREAM, Shape};
use crate::metrics::Metrics;
use crate::refusal::Refusal;
use crate::serve::ServeOptions;
use crate::wire::PostedShape;
use crate::{Error, Result, local};

/// Questions that are answered at once; others wait.
pub(crate) const READERS: usize = 8;
/// Questions that wait at most.
const WAITING_MAX: usize = 256;
/// Streams of events that are open at once.
const FOLLOWERS_MAX: usize = 256;
/// For how long a proof that the store can be written to holds.
const HEALTHY: Duration = Duration::from_secs(1);
/// What the store notes of proofs that it can be written to: one row, always the same.
const PROBE: &str = "health";

/// What all routes share.
pub(crate) struct Service {
    pub(crate) live: Arc<Live>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) guard: Guard,
    pub(crate) buckets: Buckets,
    pub(crate) metrics: Metrics,
    pub(crate) options: ServeOptions,
    /// The last record of the journal whose messages are found.
    pub(crate) grown: watch::Receiver<u64>,
    pub(crate) feeder: Feeder,
    pub(crate) followers: Arc<Semaphore>,
    post: Post,
    /// Questions that are under way or wait.
    asked: Arc<Semaphore>,
    answering: Arc<Semaphore>,
    health: tokio::sync::Mutex<Option<u64>>,
    trouble: Mutex<Option<String>>,
}

impl Service {
    pub(crate) async fn start(
        live: Arc<Live>,
        clock: Arc<dyn Clock>,
        feeder: Feeder,
        grown: watch::Receiver<u64>,
        options: ServeOptions,
    ) -> Result<Self> {
        debug_assert_eq!(FEED, format!("post:{STREAM}"));
        let post = Post::open(
            PostOptions { body_bytes_max: options.body_bytes_max, ..PostOptions::new(STREAM) },
            feeder.clone(),
        )
        .await?;
        let service = Self {
            buckets: Buckets::new(options.requests_per_second),
            metrics: Metrics::new(),
            guard: Guard::default(),
            live,
            clock,
            options,
            grown,
            feeder,
            followers: Arc::new(Semaphore::new(FOLLOWERS_MAX)),
            post,
            asked: Arc::new(Semaphore::new(READERS + WAITING_MAX)),
            answering: Arc::new(Semaphore::new(READERS)),
            health: tokio::sync::Mutex::default(),
            trouble: Mutex::default(),
        };
        let keys = service.live.read(Reader::access_keys)?;
        service.guard.reload(keys);
        Ok(service)
    }

    /// Answers an ask of `caller`, on a thread that may wait.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        ask: Ask,
        shape: Shape,
        caller: Caller,
    ) -> Result<Reply, Refusal> {
        let Ok(asked) = Arc::clone(&self.asked).try_acquire_owned() else {
            return Err(Refusal::busy("too many questions are being answered", 1));
        };
        if ask.needs_engine() {
            let service = Arc::clone(self);
            let act = move || {
                let _asked = asked;
                service.act(&ask, shape, &caller)
            };
            return self.blocking(act).await;
        }
        let answering = Arc::clone(&self.answering).acquire_owned().await;
        let answering = answering.map_err(|_| Refusal::stopping())?;
        let live = Arc::clone(&self.live);
        // Who asked may go away while it is answered: it counts until it is done.
        self.blocking(move || {
            let _under_way = (asked, answering);
            let answered = |reader: &Reader| match caller.limits() {
                Some(limits) => local::answer(&reader.limited(limits.clone())?, &ask, shape),
                None => local::answer(reader, &ask, shape),
            };
            // What the engine fails with is told to it: it may know how to go on.
            live.read(|reader| match answered(reader) {
                Err(Error::Engine(error)) => Err(error),
                other => Ok(other),
            })?
        })
        .await
    }

    /// Does what only the engine can.
    fn act(self: &Arc<Self>, ask: &Ask, shape: Shape, caller: &Caller) -> Result<Reply> {
        let (service, ask, caller) = (Arc::clone(self), ask.clone(), caller.clone());
        self.live.on_engine(move |engine| {
            let reply = local::act(engine, &ask, shape, &caller, &mut Unobserved);
            if ask.changes_keys() {
                // Where they cannot be read, nobody is let in any more.
                let keys = engine.read().access_keys();
                service.guard.reload(keys.unwrap_or_default());
            }
            reply
        })?
    }

    /// Takes messages; they cannot be lost when it returns.
    pub(crate) async fn append(
        &self,
        body: Vec<u8>,
        key: Option<&str>,
        caller: &Caller,
    ) -> Result<PostedShape, Refusal> {
        // Keys of one caller are none of another's.
        let key = key.map(|key| format!("{}:{key}", caller.actor()));
        let posted = self.post.take_of(body, key.as_deref(), caller.limits()).await;
        let posted = posted.map_err(|refused| match refused {
            Refused::Busy { retry_after, what } => Refusal::busy(what, retry_after.as_secs()),
            Refused::TooLarge { .. } => {
                Refusal::of(StatusCode::PAYLOAD_TOO_LARGE, refused.to_string())
            }
            Refused::KeyReused { .. } => {
                let what = "another batch was sent under this key: take a new key for a new batch";
                Refusal::of(StatusCode::UNPROCESSABLE_ENTITY, what)
            }
            Refused::Stream { .. } => Refusal::of(StatusCode::FORBIDDEN, refused.to_string()),
            Refused::Failed(error) => error.into(),
        })?;
        let messages = posted.acknowledged.messages;
        let problems: Vec<String> = posted.problems.iter().map(ToString::to_string).collect();
        if messages == 0 && !problems.is_empty() {
            let what = format!("no line of the body is a message: {}", problems.join("; "));
            return Err(Refusal::of(StatusCode::BAD_REQUEST, what));
        }
        if !posted.repeated {
            self.metrics.appended(messages);
        }
        Ok(PostedShape { messages, problems, repeated: posted.repeated })
    }

    /// Proves that the store can be written to, at most once a second: what is written is the same each time, takes the place of itself,
    /// and goes with the next checkpoint.
    pub(crate) async fn is_healthy(&self) -> bool {
        let mut health = self.health.lock().await;
        let now = self.clock.monotonic_nanos();
        let holds = |proven: &u64| u128::from(now.saturating_sub(*proven)) < HEALTHY.as_nanos();
        if health.as_ref().is_some_and(holds) {
            return self.trouble().is_none();
        }
        let live = Arc::clone(&self.live);
        let probe = Progress { source: PROBE.to_owned(), position: "written".to_owned() };
        let batch = Batch { progress: vec![probe], ..Batch::default() };
        let proof = self.blocking(move || Ok(live.append(batch)?)).await;
        let trouble = match proof {
            Ok(_) => self.live.status().trouble,
            Err(refusal) => Some(refusal.detail().to_owned()),
        };
        if let Some(trouble) = &trouble {
            tracing::warn!(%trouble, "the store cannot be written to");
        }
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&trouble);
        *health = Some(now);
        trouble.is_none()
    }

    fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes in the store which keys were used.
    pub(crate) async fn note_access(&self) {
        let used = self.guard.take_used();
        if used.is_empty() {
            return;
        }
        let live = Arc::clone(&self.live);
        let noted = self
            .blocking(move || Ok(live.on_engine(move |engine| engine.note_access(&used))??))
            .await;
        if let Err(refusal) = noted {
            tracing::warn!(why = refusal.detail(), "the use of keys could not be noted");
        }
    }

    /// A stream as `limits` let it be seen, by its name, title or id.
    pub(crate) async fn stream(
        &self,
        asked: String,
        limits: Option<StreamLimits>,
    ) -> Result<lichen_engine::Stream, Refusal> {
        let live = Arc::clone(&self.live);
        self.blocking(move || {
            Ok(live.read(|reader| match &limits {
                Some(limits) => reader.limited(limits.clone())?.stream(&asked),
                None => reader.stream(&asked),
            })?)
        })
        .await
    }

    /// Runs what may wait on a thread for it. What it panics with is told as a failure.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        match spawn_blocking(work).await {
            Ok(done) => Ok(done?),
            Err(error) => {
                tracing::error!(%error, "a request failed in a way that nobody thought of");
                Err(EngineError::Stopped.into())
            }
        }
    }
}
