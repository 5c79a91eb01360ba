//! Embedding by a service: any that speaks the API of `OpenAI`'s `/v1/embeddings`, and Gemini.
//!
//! Texts go in batches, several at a time, within the service's limits; what may succeed later is tried again.
//! The caller keeps the vectors of each call by the hash of their texts, and so goes on where a failure stopped it.

mod pace;
mod wire;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, thread};

use lichen_model::Clock;
use pace::Pace;
pub use pace::{Sleep, ThreadSleep};
use wire::Purpose;
pub use wire::Service;

use super::{EmbedError, Embedder, ModelKey, Vectors};
use crate::vector::row::unit;

/// Answers longer than this are not read.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// Bytes of an answer that an error quotes.
const QUOTE_BYTES: usize = 300;

/// A key that no output shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key as the service gave it.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The text with the key taken out.
    fn redact(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What to ask of which service, and how fast.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// The API it speaks.
    pub service: Service,
    /// The address before `/embeddings` or `/models/...`; see [`Service::usual_url`].
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The dimensions its vectors have.
    pub dims: usize,
    /// Whether to ask for that many, as models that can shorten their vectors need.
    pub ask_dims: bool,
    /// The key; an empty one is not sent.
    pub key: ApiKey,
    /// Texts per request.
    pub batch_texts: usize,
    /// Bytes of text per request.
    pub batch_bytes: usize,
    /// Bytes of a text that are sent; models read no further than some thousand tokens.
    pub text_bytes_max: usize,
    /// Requests under way at a time.
    pub parallel: usize,
    /// Requests per minute; 0 for no limit.
    pub requests_per_minute: u32,
    /// Tokens per minute, four bytes each; 0 for no limit.
    pub tokens_per_minute: u32,
    /// How often a request is tried again.
    pub retries: u32,
    /// Seconds a request may take.
    pub timeout_secs: u64,
}

impl RemoteSettings {
    /// Settings that suit `service`.
    pub fn new(service: Service, model: impl Into<String>, dims: usize, key: ApiKey) -> Self {
        Self {
            service,
            url: service.usual_url().to_owned(),
            model: model.into(),
            dims,
            ask_dims: service == Service::Gemini,
            key,
            batch_texts: 100,
            batch_bytes: 200_000,
            text_bytes_max: 24_000,
            parallel: 4,
            requests_per_minute: 0,
            tokens_per_minute: 0,
            retries: 6,
            timeout_secs: 60,
        }
    }
}

/// A model behind a service.
pub struct Remote {
    settings: RemoteSettings,
    model: ModelKey,
    agent: ureq::Agent,
    pace: Pace,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Remote {
    /// A model by its settings. Nothing is asked of the service yet.
    pub fn new(settings: RemoteSettings, clock: Arc<dyn Clock>, sleep: Arc<dyn Sleep>) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(settings.timeout_secs.max(1))))
            .http_status_as_error(false)
            .user_agent("lichen")
            .build()
            .into();
        let model = ModelKey {
            name: format!("{}:{}", settings.service.name(), settings.model),
            dims: settings.dims,
        };
        let pace =
            Pace::new(settings.requests_per_minute, settings.tokens_per_minute, clock, sleep);
        Self { settings, model, agent, pace }
    }

    fn run(&self, texts: &[&str], purpose: Purpose) -> Result<Vectors, EmbedError> {
        let mut places = Vec::new();
        let mut sent = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            // Services refuse empty texts; they have no direction anyway.
            if !text.trim().is_empty() {
                places.push(place);
                sent.push(cut(text, self.settings.text_bytes_max));
            }
        }
        let batches = self.batches(&sent);
        let found = self.all_batches(&batches, purpose)?;
        let mut values = vec![0.0; texts.len() * self.settings.dims];
        for (place, vector) in places.into_iter().zip(found.iter().flatten()) {
            if let Some(unit) = unit(vector) {
                values[place * self.settings.dims..][..self.settings.dims].copy_from_slice(&unit);
            }
        }
        Vectors::from_values(self.settings.dims.max(1), values)
            .ok_or(EmbedError::Malformed("no dimensions".to_owned()))
    }

    /// Texts cut into batches within both limits, at least one text each.
    fn batches<'a>(&self, texts: &'a [&'a str]) -> Vec<&'a [&'a str]> {
        let mut batches = Vec::new();
        let (mut start, mut bytes) = (0, 0);
        for (at, text) in texts.iter().enumerate() {
            let full = at - start >= self.settings.batch_texts.max(1)
                || bytes + text.len() > self.settings.batch_bytes;
            if full && at > start {
                batches.push(&texts[start..at]);
                (start, bytes) = (at, 0);
            }
            bytes += text.len();
        }
        if start < texts.len() {
            batches.push(&texts[start..]);
        }
        batches
    }

    /// The vectors of all batches, in order; after a failure no further request is begun.
    fn all_batches(
        &self,
        batches: &[&[&str]],
        purpose: Purpose,
    ) -> Result<Vec<Vec<Vec<f32>>>, EmbedError> {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<Option<Vec<Vec<f32>>>>> = Mutex::new(vec![None; batches.len()]);
        let failure: Mutex<Option<EmbedError>> = Mutex::new(None);
        let work = || {
            while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                let place = batches.iter().position(|other| std::ptr::eq(*other, *batch));
                match self.batch(batch, purpose) {
                    Ok(vectors) => {
                        if let Some(place) = place {
                            done.lock().unwrap_or_else(PoisonError::into_inner)[place] =
                                Some(vectors);
                        }
                    }
                    Err(error) => {
                        next.store(batches.len(), Ordering::Relaxed);
                        failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.settings.parallel.clamp(1, batches.len().max(1)) {
                scope.spawn(work);
            }
            work();
        });
        if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(done.into_iter().flatten().collect())
    }

    /// The vectors of a batch. One that is too large for the service is halved.
    fn batch(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self.with_retries(texts, purpose) {
            Err(EmbedError::TooLarge { .. }) if texts.len() > 1 => {
                let (left, right) = texts.split_at(texts.len() / 2);
                let mut vectors = self.batch(left, purpose)?;
                vectors.extend(self.batch(right, purpose)?);
                Ok(vectors)
            }
            other => other,
        }
    }

    fn with_retries(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        let tokens = texts.iter().map(|text| text.len().div_ceil(4)).sum();
        let mut attempt = 0;
        loop {
            self.pace.wait_for_turn(tokens);
            let error = match self.once(texts, purpose) {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            let told = match &error {
                EmbedError::Busy { retry_after_secs, .. } => *retry_after_secs,
                EmbedError::Transport { .. } => None,
                _ => return Err(error),
            };
            if attempt >= self.settings.retries || !self.pace.back_off(attempt, told) {
                return Err(error);
            }
            attempt += 1;
            tracing::debug!(attempt, %error, "asking the embedding service again");
        }
    }

    /// One request.
    fn once(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
        let settings = &self.settings;
        let service = settings.service.name();
        let transport = |error: ureq::Error| EmbedError::Transport {
            service,
            why: settings.key.redact(&error.to_string()),
        };
        let mut request = self
            .agent
            .post(settings.service.address(&settings.url, &settings.model))
            .header("content-type", "application/json");
        if !settings.key.0.is_empty() {
            let (name, value) = settings.service.credentials(&settings.key.0);
            request = request.header(name, value);
        }
        let body = settings.service.request(
            &settings.model,
            settings.ask_dims.then_some(settings.dims),
            texts,
            purpose,
        );
        let mut answer = request.send(&body[..]).map_err(transport)?;
        let status = answer.status().as_u16();
        let retry_after_secs = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().parse::<u64>().ok());
        let body = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES_MAX)
            .read_to_vec()
            .map_err(transport)?;
        if status == 200 {
            let vectors =
                settings.service.answer(&body, texts.len()).map_err(EmbedError::Malformed)?;
            return match vectors.iter().find(|vector| vector.len() != settings.dims) {
                Some(odd) => {
                    Err(EmbedError::Dimensions { model: self.model.clone(), got: odd.len() })
                }
                None => Ok(vectors),
            };
        }
        let said = settings.key.redact(cut(&String::from_utf8_lossy(&body), QUOTE_BYTES).trim());
        Err(match status {
            401 | 403 => EmbedError::Refused { service, status, said },
            404 => EmbedError::NoModel {
                model: settings.model.clone(),
                url: settings.url.clone(),
                said,
            },
            413 => EmbedError::TooLarge { bytes: texts.iter().map(|text| text.len()).sum() },
            408 | 425 | 429 | 500 | 502..=504 | 529 => {
                EmbedError::Busy { service, status, retry_after_secs, said }
            }
            _ => EmbedError::Status { service, status, said },
        })
    }
}

impl Embedder for Remote {
    fn key(&self) -> &ModelKey {
        &self.model
    }

    fn batch_len(&self) -> usize {
        self.settings.batch_texts.max(1) * self.settings.parallel.max(1)
    }

    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbedError> {
        self.run(texts, Purpose::Passage)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let vectors = self.run(&[text], Purpose::Query)?;
        Ok(vectors.values().to_vec())
    }
}

/// The beginning of a text, at most `bytes` of it.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests;
