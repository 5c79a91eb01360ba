//! A store of a small repository and two conversations, served, and asked as anybody might ask it.

use std::net::{SocketAddr, TcpStream};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lichen_engine::{Config, Engine, IngestPlan, LiveOptions, Timestamp, Unobserved};
use lichen_server::ask::{Ask, CreateKeyAsk};
use lichen_server::feed::Silent;
use lichen_server::{Client, Local, Memory as _, Owner, ServeOptions, Shape};
use lichen_testkit::FakeClock;
use lichen_testkit::repo::ToyRepo;
use serde_json::Value as Json;
use tokio::runtime::Runtime;

pub(crate) const VERSION: &str = "1.2.3";
/// The time at which all of it happens.
pub(crate) const NOW: i64 = 1_800_000_000_000;

/// A folder with a repository and its store, always the same.
pub(crate) struct Remembered {
    folder: tempfile::TempDir,
    pub(crate) clock: Arc<FakeClock>,
}

impl Remembered {
    pub(crate) fn new() -> Self {
        Self::of(CHAT)
    }

    /// The same with another chat.
    pub(crate) fn of(chat: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repo");
        let mut repo = ToyRepo::init(&root);
        repo.commit_file(
            "src/dry.rs",
            "/// Dries.\npub fn dry(n: u32) -> u32 {\n    n / 2\n}\n",
            "Add the dryer",
        );
        repo.commit_file(
            "src/dry.rs",
            "/// Dries slowly.\npub fn dry(n: u32) -> u32 {\n    n / 3\n}\n",
            "Dry slowly\n\nFast drying cracked the husks.",
        );
        // A name that is not UTF-8.
        let latin = std::ffi::OsStr::from_bytes(b"src/caf\xE9.rs");
        repo.write(latin, "/// Brews.\npub fn brew() {}\n");
        repo.commit_file("README.md", "# Moss\n\nMoss keeps seeds dry.\n", "Describe it");
        // A way out of the repository.
        fs_err::write(folder.path().join("secret.rs"), "fn secret() {}\n").unwrap();
        std::os::unix::fs::symlink(folder.path(), root.join("out")).unwrap();
        let made = Self { folder, clock: Arc::new(FakeClock::at(Timestamp(NOW))) };
        lichen_engine::init(&made.dir()).unwrap();
        let mut engine = made.engine();
        let plan = IngestPlan { discover: false, ..IngestPlan::repository(root.clone()) };
        engine.ingest(&plan, &mut Unobserved).unwrap();
        engine.close().unwrap();
        made.take_in("chat.jsonl", chat);
        made
    }

    /// Takes in a further file of messages.
    pub(crate) fn take_in(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        fs_err::write(&path, text).unwrap();
        let mut engine = self.engine();
        engine.ingest(&IngestPlan::of_paths(self.root(), vec![path]), &mut Unobserved).unwrap();
        engine.close().unwrap();
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.root().join(".lichen")
    }

    pub(crate) fn engine(&self) -> Engine {
        let mut engine =
            Engine::open(&self.dir(), Config::default(), "a test", self.clock.clone()).unwrap();
        engine.prepare(&mut Unobserved).unwrap();
        engine
    }

    pub(crate) fn local(&self) -> Local {
        Local::new(self.engine(), Box::new(Unobserved))
    }

    pub(crate) fn serve(self) -> Served {
        self.serve_with(|options| options)
    }

    pub(crate) fn serve_with(self, change: impl FnOnce(ServeOptions) -> ServeOptions) -> Served {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let live = LiveOptions { gather: Duration::ZERO, readers: 2, ..LiveOptions::default() };
        let options = change(ServeOptions {
            listen: Some("127.0.0.1:0".parse().unwrap()),
            requests_per_second: 1_000_000,
            live,
            ..ServeOptions::new(VERSION)
        });
        let start = Owner::start(self.engine(), options, Arc::new(Silent), self.clock.clone());
        let owner = runtime.block_on(start).unwrap();
        Served { place: self, runtime, owner: Some(owner) }
    }
}

/// What goes for a store while it is served.
pub(crate) struct Served {
    pub(crate) place: Remembered,
    runtime: Runtime,
    owner: Option<Owner>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Heard {
    #[track_caller]
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Served {
    pub(crate) fn address(&self) -> SocketAddr {
        self.owner.as_ref().unwrap().address().unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.place.dir(), VERSION).unwrap().unwrap()
    }

    /// Ends the owner as a program does.
    pub(crate) fn stop(mut self) -> Remembered {
        let owner = self.owner.take().unwrap();
        self.runtime.block_on(owner.stop()).unwrap().close().unwrap();
        self.place
    }

    /// A key with these scopes, limited to these streams where there are any.
    pub(crate) fn key(&self, scopes: &[&str], streams: &[&str]) -> String {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let ask = CreateKeyAsk {
            name: "a test".to_owned(),
            scopes: names(scopes),
            streams: (!streams.is_empty()).then(|| names(streams)),
            expires: None,
        };
        self.client().ask(&Ask::CreateKey(ask), Shape::Text).unwrap().body
    }

    /// Sends a request over the network with these further lines in its head.
    pub(crate) fn send(&self, method: &str, target: &str, lines: &[String], body: &str) -> Heard {
        let host = format!("Host: {}", self.address());
        let mut all = vec![host];
        all.extend_from_slice(lines);
        self.send_as(method, target, &all, body)
    }

    /// The same without a host.
    pub(crate) fn send_as(
        &self,
        method: &str,
        target: &str,
        lines: &[String],
        body: &str,
    ) -> Heard {
        let stream = TcpStream::connect(self.address()).unwrap();
        exchange(stream, method, target, lines, body)
    }

    /// Sends a request over the socket.
    pub(crate) fn send_local(
        &self,
        method: &str,
        target: &str,
        lines: &[String],
        body: &str,
    ) -> Heard {
        let stream = UnixStream::connect(self.place.dir().join("run/owner.sock")).unwrap();
        let mut all = vec!["Host: lichen".to_owned()];
        all.extend_from_slice(lines);
        exchange(stream, method, target, &all, body)
    }

    pub(crate) fn get(&self, key: &str, target: &str) -> Heard {
        self.send("GET", target, &[bearer(key)], "")
    }

    pub(crate) fn post(&self, key: &str, target: &str, body: &Json) -> Heard {
        let lines = [bearer(key), "Content-Type: application/json".to_owned()];
        self.send("POST", target, &lines, &body.to_string())
    }
}

pub(crate) fn bearer(key: &str) -> String {
    format!("Authorization: Bearer {key}")
}

fn exchange(
    mut stream: impl std::io::Read + std::io::Write,
    method: &str,
    target: &str,
    lines: &[String],
    body: &str,
) -> Heard {
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    let length = body.len();
    write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("{method} {target}: {head}"));
    Heard { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// Waits until a message is found: what is acknowledged is taken in behind that.
pub(crate) fn settled(served: &Served) {
    let mut client = served.client();
    // The engine does this behind what it has taken in.
    let ask = Ask::Sql(lichen_server::ask::SqlAsk {
        query: "SELECT 1".to_owned(),
        rows: 1,
        timeout: 30.0,
        format: lichen_server::ask::TableFormat::Table,
    });
    loop {
        client.ask(&ask, Shape::Json).unwrap();
        let metrics = served.send_local("GET", "/metrics", &[], "").body;
        let number = |name: &str| {
            let line = metrics.lines().find(|line| line.starts_with(name)).unwrap();
            line.rsplit(' ').next().unwrap().to_owned()
        };
        if number("lichen_journal_durable ") == number("lichen_journal_searchable ") {
            return;
        }
    }
}

pub(crate) fn path_of(dir: &Path) -> PathBuf {
    dir.join("run/owner.sock")
}

const CHAT: &str = r#"{"id":"1","stream":"kitchen","author":"Bo","time":1700000001,"text":"How warm may `dry` be for the beans?"}
{"id":"2","stream":"kitchen","author":"Cleo","time":1700000002,"text":"Never above forty, src/dry.rs says so."}
{"id":"3","stream":"cellar","author":"Bo","time":1700000003,"text":"canarysecret: `dry` in src/dry.rs is wrong, the canary sings."}
"#;
