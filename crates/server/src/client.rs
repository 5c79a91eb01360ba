//! A memory that another process owns, asked over its socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{HOST, HeaderName};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;

use crate::ask::Ask;
use crate::feed::Events;
use crate::memory::{Memory, Reply, Shape, Taken, Verdict};
use crate::request::{self, IDEMPOTENCY_KEY};
use crate::skew::{self, API_HEADER, VERSION_HEADER};
use crate::wire::{PostedShape, ProblemDocument};
use crate::{Error, Result, socket};

/// The host that requests over the socket name.
pub(crate) const SOCKET_HOST: &str = "lichen";
/// What an answer says beside itself.
pub(crate) const NOTE_HEADER: &str = "lichen-note";
pub(crate) const VERDICT_HEADER: &str = "lichen-verdict";
/// How often it is looked whether following is to end.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes that one event may have: more than a message may.
const EVENT_BYTES_MAX: usize = 64 << 20;

/// A connection to the owner of a store. A lost one is made again with the next ask; what only reads is asked again at once.
pub struct Client {
    dir: PathBuf,
    version: String,
    runtime: Runtime,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// A request before it is sent: it may have to be sent twice.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Bytes,
}

impl Outgoing {
    /// Whether it changes nothing when it is sent twice.
    fn is_repeatable(&self) -> bool {
        self.method == Method::GET || self.headers.iter().any(|(name, _)| name == IDEMPOTENCY_KEY)
    }
}

impl Client {
    /// Connects to the owner of the store in `dir`, as this version of the program; `None` where no owner listens.
    ///
    /// # Errors
    /// An owner of another version, whose interface is another.
    pub fn connect(dir: &Path, version: &str) -> Result<Option<Self>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| lost(dir, &error))?;
        let mut client =
            Self { dir: dir.to_owned(), version: version.to_owned(), runtime, sender: None };
        Ok(if client.reconnect()? { Some(client) } else { None })
    }

    /// Connects anew; tells whether an owner listens.
    fn reconnect(&mut self) -> Result<bool> {
        let Some(stream) = socket::connect(&self.dir)? else { return Ok(false) };
        let dir = self.dir.clone();
        self.sender = Some(self.runtime.block_on(async {
            let stream = UnixStream::from_std(stream).map_err(|error| lost(&dir, &error))?;
            let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
            let (sender, connection) = handshake.map_err(|error| lost(&dir, &error))?;
            // It ends with the sender, or with the owner.
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "the connection to the owner ended");
                }
            });
            Ok::<_, Error>(sender)
        })?);
        Ok(true)
    }

    /// Sends a request and gives the head of the answer, after a look at the owner's version.
    fn send(&mut self, outgoing: &Outgoing) -> Result<Response<Incoming>> {
        if !outgoing.is_repeatable() {
            // An old connection may have ended while nothing was asked, which shows when the request is on its way.
            self.sender = None;
        }
        let mut tries = if outgoing.is_repeatable() { 2 } else { 1 };
        loop {
            tries -= 1;
            let is_open = self.sender.as_ref().is_some_and(|sender| !sender.is_closed());
            if !is_open && !self.reconnect()? {
                return Err(lost(&self.dir, "nobody listens on its socket"));
            }
            let sender = self.sender.as_mut().expect("it was made above where it was not there");
            let request = build(outgoing, &self.version);
            let sent = self.runtime.block_on(async {
                sender.ready().await?;
                sender.send_request(request).await
            });
            match sent {
                Ok(response) => {
                    self.check(&response)?;
                    return Ok(response);
                }
                Err(error) => {
                    self.sender = None;
                    if tries == 0 {
                        return Err(lost(&self.dir, &error));
                    }
                }
            }
        }
    }

    /// The version of the owner.
    ///
    /// # Errors
    /// [`Error::Versions`] where its interface is another.
    pub fn owner_version(&mut self) -> Result<String> {
        let response = self.send(&request::health())?;
        let version = response.headers().get(VERSION_HEADER).and_then(|value| value.to_str().ok());
        let version = version.unwrap_or("unknown").to_owned();
        // Whatever it says of its health: that it answers was the question.
        let _health = self.body(response)?;
        Ok(version)
    }

    fn check(&self, response: &Response<Incoming>) -> Result<()> {
        let header =
            |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        if header(API_HEADER).and_then(|api| api.parse().ok()) == Some(skew::API) {
            return Ok(());
        }
        Err(Error::Versions {
            dir: self.dir.clone(),
            theirs: header(VERSION_HEADER).unwrap_or("unknown").to_owned(),
            ours: self.version.clone(),
        })
    }

    fn body(&mut self, response: Response<Incoming>) -> Result<String> {
        let collected = self.runtime.block_on(response.into_body().collect());
        let bytes = collected.map_err(|error| lost(&self.dir, &error))?.to_bytes();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The answer to a request, where it succeeded.
    fn answered(&mut self, outgoing: &Outgoing) -> Result<(Response<()>, String)> {
        let response = self.send(outgoing)?;
        let (mut head, ()) = Response::new(()).into_parts();
        head.status = response.status();
        head.headers = response.headers().clone();
        let body = self.body(response)?;
        if head.status.is_success() {
            Ok((Response::from_parts(head, ()), body))
        } else {
            Err(self.problem(head.status, &body))
        }
    }

    fn problem(&self, status: StatusCode, body: &str) -> Error {
        match serde_json::from_str::<ProblemDocument>(body) {
            Ok(problem) => Error::Answered(Box::new(problem)),
            Err(_) => lost(&self.dir, &format!("it answered {status} without saying why")),
        }
    }

    /// Tells the messages of a stream as they are said, after its last `count`, each written in that shape, until `told` says that it
    /// is enough or the owner ends.
    pub fn follow(
        &mut self,
        stream: &str,
        count: usize,
        shape: Shape,
        mut told: impl FnMut(&str) -> bool,
        stop: impl Fn() -> bool,
    ) -> Result<()> {
        let outgoing = request::follow(stream, count, shape);
        let response = self.send(&outgoing)?;
        if !response.status().is_success() {
            let status = response.status();
            let body = self.body(response)?;
            return Err(self.problem(status, &body));
        }
        let dir = self.dir.clone();
        let mut body = response.into_body();
        let mut events = Events::new("", EVENT_BYTES_MAX);
        self.runtime.block_on(async {
            let mut look = tokio::time::interval(LOOK);
            loop {
                let frame = tokio::select! {
                    frame = body.frame() => frame,
                    _ = look.tick() => {
                        if stop() {
                            return Ok(());
                        }
                        continue;
                    }
                };
                let Some(frame) = frame else { return Ok(()) };
                let frame = frame.map_err(|error| lost(&dir, &error))?;
                let Ok(data) = frame.into_data() else { continue };
                let mut complete = Vec::new();
                events.push(&data, &mut complete);
                for event in complete {
                    if !told(&String::from_utf8_lossy(&event.data)) {
                        return Ok(());
                    }
                }
            }
        })
    }
}

impl Memory for Client {
    fn ask(&mut self, ask: &Ask, shape: Shape) -> Result<Reply> {
        let (head, mut body) = self.answered(&request::of(ask, shape))?;
        let header = |name: &str| head.headers().get_all(name).into_iter();
        let notes = header(NOTE_HEADER).filter_map(|note| note.to_str().ok());
        let notes = notes.map(request::decoded).collect();
        let verdict = match header(VERDICT_HEADER).next().map(hyper::http::HeaderValue::as_bytes) {
            Some(b"nothing") => Verdict::Nothing,
            Some(b"damaged") => Verdict::Damaged,
            _ => Verdict::Answered,
        };
        if verdict == Verdict::Nothing && shape == Shape::Json {
            "null".clone_into(&mut body);
        }
        Ok(Reply { body, notes, verdict })
    }

    fn append(&mut self, lines: &[u8], key: Option<&str>) -> Result<Taken> {
        let (_, body) = self.answered(&request::append(lines, key))?;
        let posted: PostedShape = serde_json::from_str(&body)
            .map_err(|error| lost(&self.dir, &format!("its answer cannot be read: {error}")))?;
        Ok(Taken { messages: posted.messages, problems: posted.problems })
    }
}

fn build(outgoing: &Outgoing, version: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(outgoing.method.clone())
        .uri(&outgoing.target)
        .header(HOST, SOCKET_HOST)
        .header(API_HEADER, skew::API)
        .header(VERSION_HEADER, version);
    for (name, value) in &outgoing.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(outgoing.body.clone())).expect("paths and values are encoded")
}

fn lost(dir: &Path, what: &(impl ToString + ?Sized)) -> Error {
    Error::Connection { dir: dir.to_owned(), what: what.to_string() }
}
