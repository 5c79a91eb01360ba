//! The owner of a store at work: it listens, answers, and ends where nothing is half done.
//!
//! The socket is for processes of the same user and needs no key; an address is for whoever shows one.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use lichen_engine::{Clock, Engine, Live, LiveOptions};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::feed::{Feeder, Report, Stop, Stopper, Watch, stop, watch as keep_up};
use crate::gate::Via;
use crate::routes::router;
use crate::service::{READERS, Service};
use crate::{Client, Error, Result, socket};

/// Connections that are open at once, by each way.
const CONNECTIONS_MAX: usize = 1024;
/// How long a connection may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Bytes of a head, and of what is read ahead.
const BUFFER_BYTES: usize = 64 << 10;
/// How long requests that are under way may take when the owner ends.
const DRAIN_TIME: Duration = Duration::from_secs(10);
/// How often it is noted which keys were used.
const NOTE_TIME: Duration = Duration::from_mins(1);
/// How long one look at the journal waits.
const LOOK_TIME: Duration = Duration::from_millis(200);
/// Time between two looks whether anything is still under way when the owner ends.
const LAST_LOOK: Duration = Duration::from_millis(10);
/// How long it waits after a failure to take a connection, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a store is served.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The version of the program, which clients compare with theirs.
    pub version: String,
    /// The address to listen on beside the socket.
    pub listen: Option<SocketAddr>,
    /// Further names of this server, as requests name it in `Host`.
    pub hosts: Vec<String>,
    /// Requests a second that each key may make.
    pub requests_per_second: u32,
    /// Bytes of a body.
    pub body_bytes_max: usize,
    /// How long an answer over the network may take.
    pub time_max: Duration,
    /// What to keep up with meanwhile.
    pub watch: Option<Watch>,
    /// How the engine works meanwhile.
    pub live: LiveOptions,
}

impl ServeOptions {
    /// The socket alone, and the usual bounds.
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            listen: None,
            hosts: Vec::new(),
            requests_per_second: 500,
            body_bytes_max: 8 << 20,
            time_max: Duration::from_mins(1),
            watch: None,
            live: LiveOptions { readers: READERS, ..LiveOptions::default() },
        }
    }
}

/// The owner of a store, at work.
pub struct Owner {
    live: Arc<Live>,
    service: Arc<Service>,
    stopper: Stopper,
    stop: Stop,
    dir: PathBuf,
    address: Option<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

/// Tells whether another owner serves the store in `dir` already.
///
/// # Errors
/// [`Error::Served`] where one does.
pub fn check_unserved(dir: &std::path::Path, version: &str) -> Result<()> {
    let served = |version: String| Error::Served { dir: dir.to_owned(), version };
    match Client::connect(dir, version) {
        Ok(None) => Ok(()),
        Ok(Some(mut client)) => match client.owner_version() {
            Ok(version) => Err(served(version)),
            Err(Error::Versions { theirs, .. }) => Err(served(theirs)),
            // It was just ending.
            Err(_) => Ok(()),
        },
        Err(error) => Err(error),
    }
}

impl Owner {
    /// Begins to serve the store of `engine`, whose index is brought up.
    pub async fn start(
        engine: Engine,
        options: ServeOptions,
        report: Arc<dyn Report>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let dir = engine.read().dir().to_owned();
        let unix = UnixListener::from_std(socket::bind(&dir)?).map_err(|source| Error::Socket {
            doing: "listen on",
            path: socket::path(&dir),
            source,
        })?;
        let tcp = match options.listen {
            None => None,
            Some(address) => {
                let bound = TcpListener::bind(address).await;
                Some(bound.map_err(|source| Error::Address { address, source })?)
            }
        };
        let address = tcp.as_ref().and_then(|tcp| tcp.local_addr().ok());
        let live = Arc::new(Live::start(engine, options.live.clone())?);
        let (stopper, stop) = stop();
        let feeder = Feeder::new(Arc::clone(&live), report, stop.clone());
        let (tell_grown, grown) = watch::channel(live.status().searchable);
        let watched = options.watch.clone();
        let service =
            Service::start(Arc::clone(&live), clock, feeder.clone(), grown, options).await?;
        let service = Arc::new(service);
        let router = router(Arc::clone(&service));
        let mut tasks = vec![
            tokio::spawn(accept_socket(unix, router.clone(), stop.clone())),
            tokio::spawn(look(Arc::clone(&live), tell_grown, stop.clone())),
            tokio::spawn(note(Arc::clone(&service), stop.clone())),
        ];
        if let Some(tcp) = tcp {
            tasks.push(tokio::spawn(accept_network(tcp, router, stop.clone())));
        }
        if let Some(watched) = watched {
            tasks.push(tokio::spawn(async move {
                if let Err(error) = keep_up(&watched, &feeder).await {
                    tracing::error!(%error, "the repository is not kept up with any more");
                }
            }));
        }
        Ok(Self { live, service, stopper, stop, dir, address, tasks })
    }

    /// Where it listens beside the socket.
    pub const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The path of its socket.
    pub fn socket(&self) -> PathBuf {
        socket::path(&self.dir)
    }

    /// Whether any key lets anybody in.
    pub fn has_keys(&self) -> bool {
        !self.service.guard.is_empty(self.service.clock.now())
    }

    /// Waits until it ends by itself, which it does only where something failed.
    pub async fn ended(&self) {
        self.stop.stopped().await;
    }

    /// Ends: takes no connection any more, answers what is under way, takes in what was acknowledged, and gives the engine back.
    pub async fn stop(self) -> Result<Engine> {
        let Self { live, service, stopper, dir, tasks, .. } = self;
        // Who comes from now on opens the store itself, once it is let go.
        socket::remove(&dir);
        stopper.stop();
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the server ended badly");
            }
        }
        service.note_access().await;
        drop(service);
        let live = alone(live).await?;
        match tokio::task::spawn_blocking(move || live.stop()).await {
            Ok(engine) => Ok(engine?),
            Err(_) => Err(lichen_engine::Error::Stopped.into()),
        }
    }
}

/// The engine, once nothing that was under way holds it any more.
async fn alone(mut live: Arc<Live>) -> Result<Live> {
    let mut look = tokio::time::interval(LAST_LOOK);
    for _ in 0..DRAIN_TIME.as_millis() / LAST_LOOK.as_millis() {
        match Arc::try_unwrap(live) {
            Ok(live) => return Ok(live),
            Err(held) => live = held,
        }
        look.tick().await;
    }
    Err(lichen_engine::Error::Stopped.into())
}

/// Takes connections of processes of the same user.
async fn accept_socket(listener: UnixListener, router: Router, stop: Stop) {
    let own = rustix::process::geteuid().as_raw();
    let open = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.stopped() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause(&error).await;
                continue;
            }
        };
        // The folder keeps others out already; who could change it still is not let in.
        let is_own = stream.peer_cred().is_ok_and(|peer| peer.uid() == own);
        if !is_own {
            tracing::warn!("a process of another user was turned away from the socket");
            continue;
        }
        if let Ok(place) = Arc::clone(&open).try_acquire_owned() {
            serve(stream, Via::Socket, router.clone(), place, &connections);
        }
    }
    drain(connections).await;
}

/// Takes connections from the network.
async fn accept_network(listener: TcpListener, router: Router, stop: Stop) {
    let open = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = GracefulShutdown::new();
    let Ok(address) = listener.local_addr() else { return };
    loop {
        let accepted = tokio::select! {
            () = stop.stopped() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                if let Ok(place) = Arc::clone(&open).try_acquire_owned() {
                    serve(stream, Via::Network(address), router.clone(), place, &connections);
                }
            }
            Err(error) => pause(&error).await,
        }
    }
    drain(connections).await;
}

/// Answers the requests of a connection, until it ends or is to end.
fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    via: Via,
    router: Router,
    place: OwnedSemaphorePermit,
    connections: &GracefulShutdown,
) {
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(via);
            Ok::<_, Infallible>(match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), answer);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        let _place = place;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}

async fn drain(connections: GracefulShutdown) {
    if tokio::time::timeout(DRAIN_TIME, connections.shutdown()).await.is_err() {
        tracing::warn!("requests that were under way took too long and were left");
    }
}

async fn pause(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be taken");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Tells those who follow streams when there may be something new.
async fn look(live: Arc<Live>, tell: watch::Sender<u64>, stop: Stop) {
    let mut seen = live.status().searchable;
    while !stop.is_stopped() {
        let live = Arc::clone(&live);
        let waited = move || live.wait_searchable(seen + 1, LOOK_TIME).then(|| live.status());
        let looked = tokio::select! {
            () = stop.stopped() => return,
            looked = tokio::task::spawn_blocking(waited) => looked,
        };
        if let Ok(Some(status)) = looked {
            seen = status.searchable;
            tell.send_replace(seen);
        }
    }
}

/// Notes now and then which keys were used.
async fn note(service: Arc<Service>, stop: Stop) {
    loop {
        tokio::select! {
            () = stop.stopped() => return,
            () = tokio::time::sleep(NOTE_TIME) => service.note_access().await,
        }
    }
}
