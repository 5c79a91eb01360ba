//! What was acknowledged is found, before and after a crash, whatever else goes on.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use lichen_model::{
    Clock, Message, Owner, Passage, PassageKind, Role, Stream, StreamKind, Timestamp, Zoned,
};
use lichen_source::passage;
use lichen_testkit::FakeClock;

use super::*;
use crate::{Config, Recall, Unobserved};

const LONG: Duration = Duration::from_mins(1);

fn engine(dir: &Path) -> Engine {
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(Timestamp(1_800_000_000_000)));
    crate::init(dir).unwrap();
    let mut engine = Engine::open(dir, Config::default(), "a test", clock).unwrap();
    engine.prepare(&mut Unobserved).unwrap();
    engine
}

fn live(dir: &Path) -> Live {
    let options = LiveOptions { gather: Duration::ZERO, ..LiveOptions::default() };
    Live::start(engine(dir), options).unwrap()
}

/// Message `n` of the stream `name`.
fn said(name: &str, n: u32, text: &str) -> Batch {
    let stream = Stream {
        id: Stream::id("live", name),
        source: "live".to_owned(),
        name: name.to_owned(),
        kind: StreamKind::Chat,
        title: String::new(),
    };
    let sent = Zoned { at: Timestamp(1_700_000_000_000 + i64::from(n) * 1000), offset_minutes: 0 };
    let message = Message {
        id: Message::id(stream.id, &n.to_string(), sent.at),
        stream: stream.id,
        external_id: n.to_string(),
        author: "Ada".to_owned(),
        role: Role::User,
        sent,
        text: text.to_owned(),
        tokens: 0,
        reply_to: None,
        replaces: None,
        tool_calls: Vec::new(),
        meta: String::new(),
    };
    let pieces = passage::cut_message(&message.text);
    let passages: Vec<Passage> =
        passage::passages(Owner::Message(message.id), PassageKind::Chat, "Ada", pieces);
    Batch { streams: vec![stream], messages: vec![message], passages, ..Batch::default() }
}

fn found(live: &Live, words: &str) -> Vec<String> {
    let recall = Recall { query: words.to_owned(), limit: 5, ..Recall::default() };
    let answer = live.read(|reader| reader.recall(&recall)).unwrap();
    answer.hits.into_iter().map(|hit| hit.text).collect()
}

fn messages(engine: &Engine) -> u64 {
    let counts = engine.read().status().unwrap().counts;
    counts.into_iter().find(|(table, _)| table == "messages").unwrap().1
}

#[test]
fn what_is_acknowledged_is_found_and_stays() {
    let dir = tempfile::tempdir().unwrap();
    let live = live(dir.path());
    let first = live.append(said("general", 1, "the quick heron lands")).unwrap();
    let second = live.append(said("general", 2, "a slow badger digs")).unwrap();
    assert!(second.seq > first.seq);
    assert!(live.wait_searchable(second.seq, LONG));
    assert_eq!(found(&live, "heron")[0], "the quick heron lands");
    // An edit takes the place of what it replaces at once.
    let edit = live.append(said("general", 1, "the quick stork lands")).unwrap();
    assert!(live.wait_searchable(edit.seq, LONG));
    assert_eq!(found(&live, "stork")[0], "the quick stork lands");
    assert!(!found(&live, "heron").contains(&"the quick heron lands".to_owned()));
    // Sent again it changes nothing.
    let again = live.append(said("general", 2, "a slow badger digs")).unwrap();
    assert!(live.wait_searchable(again.seq, LONG));
    let engine = live.stop().unwrap();
    assert_eq!(messages(&engine), 3);
    engine.close().unwrap();
    assert_eq!(self::engine(dir.path()).read().status().unwrap().index.lag, 0);
}

/// A copy of the files as a crash would leave them at this moment.
fn crash(from: &Path, to: &Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in fs_err::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            crash(&path, &target);
        } else {
            fs_err::copy(&path, &target).unwrap();
        }
    }
}

#[test]
fn a_crash_keeps_what_was_acknowledged_even_before_it_was_taken_in() {
    let dir = tempfile::tempdir().unwrap();
    let live = live(dir.path());
    // The thread that owns the engine is busy, so nothing is taken in.
    let (hold, held) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| {
            live.on_engine(move |_| {
                began.send(()).unwrap();
                held.recv().unwrap_err();
            })
        });
        begun.recv().unwrap();
        for n in 0..20 {
            live.append(said("general", n, &format!("word{n} spoken"))).unwrap();
        }
        assert_eq!(live.status().searchable, 0);
        let copy = tempfile::tempdir().unwrap();
        crash(dir.path(), copy.path());
        let reopened = engine(copy.path());
        assert_eq!(messages(&reopened), 20);
        assert_eq!(reopened.repairs(), Vec::<String>::new());
        let recall = Recall { query: "word7".to_owned(), limit: 1, ..Recall::default() };
        assert_eq!(reopened.read().recall(&recall).unwrap().hits[0].text, "word7 spoken");
        drop(hold);
        blocked.join().unwrap().unwrap();
    });
    let engine = live.stop().unwrap();
    assert_eq!(messages(&engine), 20);
}

#[test]
fn writers_readers_seals_and_checkpoints_go_on_side_by_side() {
    const WRITERS: u32 = 4;
    const EACH: u32 = 50;
    let dir = tempfile::tempdir().unwrap();
    let live = live(dir.path());
    let left = AtomicUsize::new(WRITERS as usize);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (live, left) = (&live, &left);
            scope.spawn(move || {
                let mut last = 0;
                for n in 0..EACH {
                    let text = format!("writer{writer} says thing{n}");
                    last = live.append(said(&format!("s{writer}"), n, &text)).unwrap().seq;
                }
                assert!(live.wait_searchable(last, LONG));
                left.fetch_sub(1, Ordering::SeqCst);
            });
        }
        scope.spawn(|| {
            while left.load(Ordering::SeqCst) > 0 {
                for text in found(&live, "says thing7") {
                    assert!(text.contains("says"), "{text}");
                }
            }
        });
        scope.spawn(|| {
            while left.load(Ordering::SeqCst) > 0 {
                let settled = live.on_engine(|engine| {
                    engine.index_mut().seal()?;
                    Ok::<_, Error>(engine.store.checkpoint()?)
                });
                settled.unwrap().unwrap();
            }
        });
    });
    assert_eq!(found(&live, "writer3 thing49")[0], "writer3 says thing49");
    let engine = live.stop().unwrap();
    assert_eq!(messages(&engine), u64::from(WRITERS * EACH));
    let mut engine = engine;
    assert_eq!(engine.doctor(false, &mut Unobserved).unwrap(), []);
}

#[test]
fn a_live_engine_that_is_dropped_lets_the_store_go() {
    let dir = tempfile::tempdir().unwrap();
    let live = live(dir.path());
    live.append(said("general", 1, "last words")).unwrap();
    drop(live);
    assert_eq!(messages(&engine(dir.path())), 1);
}
