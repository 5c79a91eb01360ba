//! A store with a live engine over it, and what feeds told.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lichen_engine::{
    Config, Engine, Live, LiveOptions, Mapping, MessageFile, SqlLimits, Timestamp, Unobserved,
};
use lichen_model::Problem;
use lichen_server::feed::{Feeder, Report, Stopper, Taken, stop};
use lichen_testkit::FakeClock;
use tokio::sync::watch;

/// Longer than anything may take; never waited for where a test passes.
const LONG: Duration = Duration::from_mins(1);

pub(crate) struct Place {
    folder: tempfile::TempDir,
    pub(crate) live: Arc<Live>,
    pub(crate) heard: Arc<Heard>,
}

/// Keeps what feeds tell.
pub(crate) struct Heard {
    pub(crate) problems: Mutex<Vec<String>>,
    notes: watch::Sender<Vec<String>>,
    pub(crate) taken: watch::Sender<Vec<Taken>>,
}

impl Report for Heard {
    fn taken(&self, taken: &Taken) {
        self.taken.send_modify(|all| all.push(taken.clone()));
    }

    fn problem(&self, problem: &Problem) {
        self.problems.lock().unwrap().push(problem.to_string());
    }

    fn note(&self, text: &str) {
        self.notes.send_modify(|notes| notes.push(text.to_owned()));
    }
}

impl Heard {
    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// Waits for a note with these words.
    pub(crate) async fn wait_note(&self, words: &str) {
        let mut notes = self.notes.subscribe();
        notes.wait_for(|notes| notes.iter().any(|note| note.contains(words))).await.unwrap();
    }

    /// Waits until so many messages were taken.
    pub(crate) async fn wait_taken(&self, messages: usize) {
        let mut taken = self.taken.subscribe();
        let enough =
            |all: &Vec<Taken>| all.iter().map(|one| one.messages).sum::<usize>() >= messages;
        taken.wait_for(enough).await.unwrap();
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::with(u64::MAX, &LiveOptions::default())
    }

    /// A store that takes so many bytes ahead of its database.
    pub(crate) fn with(backlog_bytes_max: u64, options: &LiveOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("files/.lichen");
        lichen_engine::init(&store).unwrap();
        let live = start(&store, backlog_bytes_max, options);
        let heard = Heard {
            problems: Mutex::default(),
            notes: watch::Sender::default(),
            taken: watch::Sender::default(),
        };
        Self { folder, live, heard: Arc::new(heard) }
    }

    /// Ends the engine and starts it again.
    pub(crate) fn restart(self) -> Self {
        let Self { folder, live, heard } = self;
        Arc::into_inner(live).expect("no feed runs").stop().unwrap().close().unwrap();
        let live = start(&folder.path().join("files/.lichen"), u64::MAX, &LiveOptions::default());
        Self { folder, live, heard }
    }

    pub(crate) fn feeder(&self) -> (Stopper, Feeder) {
        let (stopper, hears) = stop();
        let report: Arc<dyn Report> = self.heard.clone();
        (stopper, Feeder::new(Arc::clone(&self.live), report, hears))
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs_err::write(self.path(name), text).unwrap();
    }

    pub(crate) fn append(&self, name: &str, text: &str) {
        let path = self.path(name);
        let mut file = fs_err::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn file(&self, name: &str) -> MessageFile {
        let (root, path) = (self.root(), self.path(name));
        let file = |reader: &lichen_engine::Reader| {
            reader.message_file(&root, &path, Some("jsonl"), Mapping::default())
        };
        self.live.read(file).unwrap()
    }

    pub(crate) fn settled(&self) {
        assert!(self.live.wait_searchable(self.live.status().durable, LONG));
    }

    pub(crate) fn progress(&self, source: &str) -> Option<String> {
        self.settled();
        let source = source.to_owned();
        self.live.on_engine(move |engine| engine.read().progress(&source)).unwrap().unwrap()
    }

    /// The texts of a stream, in its order; empty where there is no such stream.
    pub(crate) fn texts(&self, stream: &str) -> Vec<String> {
        self.settled();
        let stream = stream.to_owned();
        let read = move |reader: &lichen_engine::Reader| match reader.stream(&stream) {
            Ok(stream) => reader.tail(stream.id, 100_000),
            Err(_) => Ok(Vec::new()),
        };
        let messages = self.live.read(read).unwrap();
        messages.into_iter().map(|view| view.message.text).collect()
    }

    /// All facts about messages, edits included.
    pub(crate) fn facts(&self) -> Vec<String> {
        self.settled();
        let read = |engine: &mut Engine| {
            let query = "SELECT message_id::VARCHAR, text, reply_to::VARCHAR, replaces::VARCHAR, place, late, cum_bytes
                FROM messages ORDER BY ALL";
            engine.sql(query, SqlLimits { rows: 1_000_000, timeout: LONG }).unwrap().rows
        };
        let rows = self.live.on_engine(read).unwrap();
        rows.iter().map(|row| format!("{row:?}")).collect()
    }
}

fn start(store: &std::path::Path, backlog_bytes_max: u64, options: &LiveOptions) -> Arc<Live> {
    let clock = Arc::new(FakeClock::at(Timestamp(1_800_000_000_000)));
    let mut config = Config::default();
    config.store.backlog_bytes_max = backlog_bytes_max;
    let mut engine = Engine::open(store, config, "test", clock).unwrap();
    engine.prepare(&mut Unobserved).unwrap();
    let options = LiveOptions { gather: Duration::ZERO, ..options.clone() };
    Arc::new(Live::start(engine, options).unwrap())
}

/// A line that says `text` as the message `id` of the stream `s`, sent `id` seconds after some time.
pub(crate) fn line(id: u64, text: &str) -> String {
    let time = 1_700_000_000 + id;
    format!(
        "{{\"id\":\"{id}\",\"stream\":\"s\",\"author\":\"Bo\",\"time\":{time},\"text\":\"{text}\"}}"
    )
}

/// The line of a message that says its number.
pub(crate) fn numbered(id: u64) -> String {
    line(id, &format!("m{id}"))
}

/// Those lines, each with its end.
pub(crate) fn lines(ids: impl IntoIterator<Item = u64>) -> String {
    ids.into_iter().map(|id| numbered(id) + "\n").collect()
}

pub(crate) fn names(ids: impl IntoIterator<Item = u64>) -> Vec<String> {
    ids.into_iter().map(|id| format!("m{id}")).collect()
}
