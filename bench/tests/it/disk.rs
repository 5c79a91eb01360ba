//! A live engine whose disk is full: it says so, answers, loses nothing, and goes on when there is room again.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use lichen_engine::{Config, Engine, Error, ErrorKind, Get, Live, LiveOptions, Recall, Unobserved};
use lichen_model::{
    Batch, Clock, Message, MessageId, Owner, PassageKind, Role, Stream, StreamKind, Timestamp,
    Zoned,
};
use lichen_source::passage;
use lichen_store::Options;

/// As long as a machine that is busy may need.
const LONG: Duration = Duration::from_mins(2);

/// A file system of its own with little room, where this process may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(mib: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            println!("skipped: this process may not mount a small file system");
        }
        mounted.then_some(Self(dir))
    }

    fn grow(&self, mib: u32) {
        let remount = format!("remount,size={mib}m");
        assert!(
            Command::new("mount")
                .args(["-o", &remount])
                .arg(self.0.path())
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// A clock whose monotonic time runs with every look.
struct Looks(AtomicI64, AtomicU64);

impl Clock for Looks {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn monotonic_nanos(&self) -> u64 {
        self.1.fetch_add(50_000_000, Ordering::SeqCst)
    }
}

fn engine(dir: &Path, reserve_bytes: u64) -> Result<Engine, Error> {
    lichen_engine::init(dir)?;
    let clock = Arc::new(Looks(AtomicI64::new(1_800_000_000_000), AtomicU64::new(0)));
    let options = Options {
        reserve_bytes,
        checkpoint_bytes: 1 << 20,
        memory_limit_bytes: 256 << 20,
        ..Options::new("a test", clock)
    };
    let mut engine = Engine::open_with(dir, Config::default(), options)?;
    engine.prepare(&mut Unobserved)?;
    Ok(engine)
}

/// Ten messages of about two kilobytes that do not compress away.
fn batch(n: u32) -> Batch {
    let stream = Stream {
        id: Stream::id("live", "general"),
        source: "live".to_owned(),
        name: "general".to_owned(),
        kind: StreamKind::Chat,
        title: String::new(),
    };
    let mut batch = Batch { streams: vec![stream.clone()], ..Batch::default() };
    for k in n * 10..n * 10 + 10 {
        let words = (0..200_u32).map(|word| (k * 200 + word).wrapping_mul(2_654_435_761));
        let words: Vec<String> = words.map(|word| format!("{word:08x}")).collect();
        let sent = Zoned { at: Timestamp(1_700_000_000_000 + i64::from(k)), offset_minutes: 0 };
        let message = Message {
            id: Message::id(stream.id, &k.to_string(), sent.at),
            stream: stream.id,
            external_id: k.to_string(),
            author: "Ada".to_owned(),
            role: Role::User,
            sent,
            text: format!("marker{k} {}", words.join(" ")),
            tokens: 0,
            reply_to: None,
            replaces: None,
            tool_calls: Vec::new(),
            meta: String::new(),
        };
        let pieces = passage::cut_message(&message.text);
        let owner = Owner::Message(message.id);
        batch.passages.extend(passage::passages(owner, PassageKind::Chat, "Ada", pieces));
        batch.messages.push(message);
    }
    batch
}

/// All messages that the engine gives.
fn present(engine: &Engine) -> BTreeSet<MessageId> {
    let ids = vec![Stream::id("live", "general").any()];
    let get = Get { ids, around: 0, offset: 0, budget: usize::MAX >> 8 };
    let found = engine.read().get(&get).unwrap();
    let all: BTreeSet<MessageId> = found.iter().map(|found| MessageId(found.id.id)).collect();
    assert_eq!(all.len(), found.len(), "a message is there twice");
    all
}

/// Fills the disk until writers are refused and nothing is taken in, makes room, and goes on. Gives why nothing was
/// taken in.
fn fill(mib: u32, reserve_bytes: u64) -> Option<BTreeSet<String>> {
    let disk = SmallDisk::mount(mib)?;
    let dir = disk.0.path().join("store");
    let options = LiveOptions {
        gather: Duration::ZERO,
        seal_passages: 300,
        checkpoint_bytes: 1 << 20,
        settle: Duration::from_hours(1),
        ..LiveOptions::default()
    };
    let live = Live::start(engine(&dir, reserve_bytes).unwrap(), options).unwrap();
    let first = live.append(batch(0)).unwrap();
    assert!(live.wait_searchable(first.seq, LONG));
    let mut stored: BTreeSet<MessageId> = BTreeSet::new();
    let ids = |batch: &Batch| batch.messages.iter().map(|message| message.id).collect::<Vec<_>>();
    stored.extend(ids(&batch(0)));
    let (mut refused, mut troubles, mut last) = (0, BTreeSet::new(), first.seq);
    for n in 1..1500 {
        let batch = batch(n);
        let ids = ids(&batch);
        match live.append(batch) {
            Ok(acknowledged) => {
                stored.extend(ids);
                last = acknowledged.seq;
                // Now and then everything is taken in before more comes, so that it is not always the journal that
                // meets the end of the disk first.
                if n % 7 == 0 {
                    live.wait_searchable(last, Duration::from_millis(300));
                }
            }
            Err(error) => {
                assert!(
                    matches!(&error, Error::Store(lichen_store::Error::DiskFull { .. })),
                    "{mib} MiB: {error:?}"
                );
                assert_eq!(error.kind(), ErrorKind::Config);
                refused += 1;
                if refused > 5 {
                    break;
                }
            }
        }
        troubles.extend(live.status().trouble);
    }
    assert!(refused > 5, "{mib} MiB were too many");
    // Questions are answered all the while.
    let finds = |word: &str| {
        let recall = Recall { query: word.to_owned(), limit: 3, ..Recall::default() };
        let answer = live.read(|reader| reader.recall(&recall)).unwrap();
        answer.hits.iter().any(|hit| hit.text.split(' ').next() == Some(word))
    };
    assert!(finds("marker3"), "{mib} MiB: while it is full");
    troubles.extend(live.status().trouble);
    disk.grow(mib + 200);
    let again = live.append(batch(5000)).unwrap();
    stored.extend(ids(&batch(5000)));
    assert!(live.wait_searchable(again.seq, LONG), "{mib} MiB: {:?}", live.status());
    assert!(again.seq > last);
    assert!(finds("marker3") && finds("marker50003"), "{mib} MiB: with room again");
    let engine_now = live.stop().unwrap();
    assert!(stored.is_subset(&present(&engine_now)), "{mib} MiB: in the same process");
    engine_now.close().unwrap();
    let mut engine = engine(&dir, reserve_bytes).unwrap();
    assert!(stored.is_subset(&present(&engine)), "{mib} MiB: after another start");
    assert_eq!(engine.doctor(false, &mut Unobserved).unwrap(), [], "{mib} MiB");
    assert_eq!(engine.repairs(), [""; 0]);
    Some(troubles)
}

#[test]
fn a_live_engine_outlives_a_full_disk_in_every_phase() {
    let mut troubles = BTreeSet::new();
    for mib in [9, 11, 13, 16] {
        let Some(found) = fill(mib, 0) else { return };
        println!("{mib} MiB: {found:?}");
        troubles.extend(found);
    }
    assert!(!troubles.is_empty(), "only the journal met the end of the disk");
}

#[test]
fn a_reserve_keeps_writers_off_before_the_disk_is_full() {
    if let Some(found) = fill(24, 8 << 20) {
        println!("with a reserve: {found:?}");
    }
}
