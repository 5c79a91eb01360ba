//! What is left after a crash, a damaged log, and a full disk.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lichen_model::{Batch, StreamKind};
use lichen_store::{Error, Options, Store};

use crate::sample::{batch, cut, message, open, options, stream};

/// Starts this test program again to act as another process, and waits until it says that it is ready.
pub(crate) fn child(role: &str, dir: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::another_process", "--nocapture", "--test-threads=1"])
        .env("LICHEN_STORE_TEST_ROLE", role)
        .env("LICHEN_STORE_TEST_DIR", dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.any(|line| line.unwrap().ends_with("ready"));
    assert!(ready, "the other process ended early");
    child
}

/// Not a test: what [`child`] runs.
#[test]
fn another_process() {
    let Some(role) = std::env::var_os("LICHEN_STORE_TEST_ROLE") else { return };
    let dir = std::env::var_os("LICHEN_STORE_TEST_DIR").unwrap();
    let dir = Path::new(&dir);
    let ready = || {
        println!("ready");
        std::io::stdout().flush().unwrap();
        // Ends when killed.
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
    };
    match role.to_str().unwrap() {
        "hold" => {
            let conn = duckdb::Connection::open(dir.join("lichen.duckdb")).unwrap();
            ready();
            drop(conn);
        }
        "open" => drop(open(dir)),
        "append" => {
            let mut store = open(dir);
            store.append(&batch()).unwrap();
            ready();
            drop(store);
        }
        "append many" => {
            let mut store = open(dir);
            for n in 0..8 {
                store.append(&numbered(n)).unwrap();
            }
            ready();
            for n in 8.. {
                store.append(&numbered(n)).unwrap();
            }
        }
        other => panic!("no such role: {other}"),
    }
}

/// A batch of ten messages of its own.
fn numbered(n: u32) -> Batch {
    let messages = (n * 10..n * 10 + 10)
        .map(|n| message("general", n, &format!("message {n}\nline")))
        .collect();
    cut(Batch { streams: vec![stream("general", StreamKind::Chat)], messages, ..Batch::default() })
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_was_appended_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    kill(child("append", dir.path()));
    let wal = dir.path().join("lichen.duckdb.wal");
    assert!(fs_err::metadata(&wal).unwrap().len() > 0, "the log was not needed");
    let mut store = open(dir.path());
    // The log was applied and checkpointed at once.
    assert!(!wal.exists() || fs_err::metadata(&wal).unwrap().len() == 0);
    assert_eq!(store.read().entries(0, 1000).unwrap().len(), batch().passages.len());
    assert_eq!(store.append(&batch()).unwrap().passages, Vec::<usize>::new());
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn a_kill_in_the_middle_leaves_whole_batches() {
    for _ in 0..3 {
        let dir = tempfile::tempdir().unwrap();
        kill(child("append many", dir.path()));
        let mut store = open(dir.path());
        let count = store.read().counts().unwrap().messages;
        assert!(count >= 80 && count.is_multiple_of(10), "{count}");
        assert_eq!(store.read().passage_count().unwrap(), count * 2);
        assert_eq!(store.read().doctor().unwrap(), []);
        // Appending again ends where one clean run ends.
        for n in 0..u32::try_from(count / 10).unwrap() + 2 {
            store.append(&numbered(n)).unwrap();
        }
        let clean = tempfile::tempdir().unwrap();
        let mut once = open(clean.path());
        for n in 0..u32::try_from(count / 10).unwrap() + 2 {
            once.append(&numbered(n)).unwrap();
        }
        assert_eq!(
            store.read().entries(0, 100_000).unwrap(),
            once.read().entries(0, 100_000).unwrap()
        );
    }
}

/// A store as a crash leaves it: a copy of its files while their owner is in the middle of things.
fn crashed(batches: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.checkpoint().unwrap();
    for n in 0..batches {
        store.append(&numbered(n)).unwrap();
    }
    let copy = tempfile::tempdir().unwrap();
    for name in ["lichen.duckdb", "lichen.duckdb.wal"] {
        fs_err::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    copy
}

#[test]
fn a_log_that_was_cut_off_gives_a_prefix() {
    let whole = crashed(6);
    let log = fs_err::read(whole.path().join("lichen.duckdb.wal")).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for part in [0, 1, 20, 50, 80, 95, 100] {
        let wal = whole.path().join("lichen.duckdb.wal");
        let data = whole.path().join("lichen.duckdb");
        let before = fs_err::read(&data).unwrap();
        fs_err::write(&wal, &log[..log.len() * part / 100]).unwrap();
        let store = open(whole.path());
        let count = store.read().counts().unwrap().messages;
        assert!(count.is_multiple_of(10), "{part} %: {count}");
        assert_eq!(store.read().doctor().unwrap(), []);
        seen.insert(count);
        drop(store);
        fs_err::write(&data, before).unwrap();
    }
    assert_eq!((seen.first(), seen.last()), (Some(&0), Some(&60)));
}

/// What DuckDB alone gives of a log; `None` where it refuses it.
fn alone(dir: &Path) -> Option<u64> {
    let copy = tempfile::tempdir().unwrap();
    for name in ["lichen.duckdb", "lichen.duckdb.wal"] {
        fs_err::copy(dir.join(name), copy.path().join(name)).unwrap();
    }
    let conn = duckdb::Connection::open(copy.path().join("lichen.duckdb")).ok()?;
    conn.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).ok()
}

/// The files that were put aside.
fn put_aside(dir: &Path) -> Vec<Vec<u8>> {
    let folder = dir.join("damaged");
    if !folder.exists() {
        return Vec::new();
    }
    let entries = fs_err::read_dir(folder).unwrap();
    entries.map(|entry| fs_err::read(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn a_log_that_cannot_be_replayed_is_put_aside_and_told() {
    let whole = crashed(6);
    let log = fs_err::read(whole.path().join("lichen.duckdb.wal")).unwrap();
    let mut refused = 0;
    for place in (100..log.len()).step_by(log.len() / 12) {
        let copy = copied(whole.path());
        let mut damaged = log.clone();
        damaged[place] ^= 0x10;
        fs_err::write(copy.path().join("lichen.duckdb.wal"), &damaged).unwrap();
        let refuses = alone(copy.path()).is_none();
        let mut store = open(copy.path());
        // What DuckDB drops without a word only the journal notices, which this store has not used.
        assert_eq!(store.repairs().is_empty(), !refuses, "{:?}", store.repairs());
        assert_eq!(put_aside(copy.path()).contains(&damaged), refuses);
        refused += u64::from(refuses);
        assert!(store.read().counts().unwrap().messages.is_multiple_of(10));
        assert_eq!(store.read().doctor().unwrap(), []);
        // Its advice works.
        for n in 0..6 {
            store.append(&numbered(n)).unwrap();
        }
        assert_eq!(store.read().counts().unwrap().messages, 60);
    }
    assert!(refused > 0, "no damage was noticed");
}

/// A copy of a store's folder, as a crash would leave it at this moment.
pub(crate) fn copied(dir: &Path) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        for entry in fs_err::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                fs_err::create_dir(&target).unwrap();
                copy(&path, &target);
            } else {
                fs_err::copy(&path, &target).unwrap();
            }
        }
    }
    let target = tempfile::tempdir().unwrap();
    copy(dir, target.path());
    target
}

/// As [`crashed`], of a store whose messages went through the journal.
fn crashed_live(batches: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for n in 0..batches {
        store.journal().append(&numbered(n)).unwrap();
        store.apply_journal().unwrap().unwrap();
    }
    copied(dir.path())
}

#[test]
fn whatever_happens_to_the_log_the_journal_restores_and_says_so() {
    let whole = crashed_live(6);
    let log = fs_err::read(whole.path().join("lichen.duckdb.wal")).unwrap();
    let mut damages: Vec<Vec<u8>> = Vec::new();
    for nth in 0..8 {
        let at = 40 + nth * (log.len() - 40) / 8;
        damages.push(log[..at].to_vec());
        let mut flipped = log.clone();
        flipped[at + nth] ^= 1 << nth;
        damages.push(flipped);
    }
    for block in [512, 4096] {
        let mut zeroed = log.clone();
        let from = (log.len() - 1) / block * block;
        zeroed[from..].fill(0);
        damages.push(zeroed);
    }
    let mut damaged = 0;
    for bytes in &damages {
        let copy = copied(whole.path());
        fs_err::write(copy.path().join("lichen.duckdb.wal"), bytes).unwrap();
        let lost = alone(copy.path()) != Some(60);
        damaged += u64::from(lost);
        let store = open(copy.path());
        assert_eq!(store.read().counts().unwrap().messages, 60);
        assert_eq!(store.read().doctor().unwrap(), []);
        assert!(!lost || !store.repairs().is_empty(), "a loss was made good in silence");
        drop(store);
        assert_eq!(open(copy.path()).repairs(), [""; 0], "it is told once");
    }
    assert!(damaged > 8, "{damaged} of {} damages were one", damages.len());
}

#[test]
fn a_log_that_is_gone_or_of_another_store_is_made_good() {
    let whole = crashed_live(6);
    let other = crashed(3);
    for foreign in [false, true] {
        let copy = copied(whole.path());
        let log = copy.path().join("lichen.duckdb.wal");
        if foreign {
            fs_err::copy(other.path().join("lichen.duckdb.wal"), &log).unwrap();
        } else {
            fs_err::remove_file(&log).unwrap();
        }
        let store = open(copy.path());
        assert_eq!(store.read().counts().unwrap().messages, 60);
        assert_eq!(store.read().doctor().unwrap(), []);
        assert!(!store.repairs().is_empty());
    }
}

#[test]
fn a_log_that_openings_die_of_is_put_aside() {
    let whole = crashed_live(6);
    let log = fs_err::read(whole.path().join("lichen.duckdb.wal")).unwrap();
    let tries = whole.path().join("replay.tries");
    for (died, given_up) in [("..", false), ("...", true)] {
        let copy = copied(whole.path());
        fs_err::write(copy.path().join("replay.tries"), died).unwrap();
        let store = open(copy.path());
        assert_eq!(put_aside(copy.path()).contains(&log), given_up);
        assert_eq!(store.repairs().is_empty(), !given_up, "{:?}", store.repairs());
        assert_eq!(store.read().counts().unwrap().messages, 60);
        assert!(!copy.path().join("replay.tries").exists());
    }
    assert!(!tries.exists());
}

/// Processes that die in the middle of applying a log: the system ends them where they make the data file longer.
#[cfg(unix)]
#[test]
fn openings_that_die_do_not_go_on_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for n in 0..8 {
        store.journal().append(&bulky(n)).unwrap();
        store.apply_journal().unwrap().unwrap();
        if n == 4 {
            store.checkpoint().unwrap();
        }
    }
    let copy = copied(dir.path());
    drop(store);
    let data = fs_err::metadata(copy.path().join("lichen.duckdb")).unwrap().len();
    let log = fs_err::metadata(copy.path().join("lichen.duckdb.wal")).unwrap().len();
    assert!(log < data, "the copy of the log must fit below the limit");
    let program = std::env::current_exe().unwrap();
    let mut given_up = None;
    for nth in 0..6 {
        let status = Command::new("sh")
            .args(["-c", "ulimit -c 0; ulimit -f \"$1\"; shift; exec \"$@\"", "sh"])
            .arg((data / 512).to_string())
            .arg(&program)
            .args(["--exact", "crash::another_process", "--nocapture", "--test-threads=1"])
            .env("LICHEN_STORE_TEST_ROLE", "open")
            .env("LICHEN_STORE_TEST_DIR", copy.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(!status.success(), "attempt {nth} found room");
        if !put_aside(copy.path()).is_empty() {
            given_up = Some(nth);
            break;
        }
    }
    assert_eq!(given_up, Some(3), "after three deaths the log is put aside");
    let store = open(copy.path());
    assert_eq!(store.read().counts().unwrap().messages, 160);
    assert_eq!(store.read().doctor().unwrap(), []);
}

/// A file system of its own with little room, where this process may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(mib: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let size = format!("size={mib}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            println!("skipped: this process may not mount a small file system");
        }
        mounted.then_some(Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

fn bulky(n: u32) -> Batch {
    let text = |n: u32| {
        let words = (0..4000).map(|word| (n * 4000 + word).wrapping_mul(2_654_435_761));
        words.map(|word| format!("{word:08x}")).collect::<Vec<_>>().join(" ")
    };
    let messages = (n * 20..n * 20 + 20).map(|n| message("general", n, &text(n))).collect();
    cut(Batch { streams: vec![stream("general", StreamKind::Chat)], messages, ..Batch::default() })
}

#[test]
fn a_full_disk_is_told_before_it_is_full() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let dir = disk.0.path().join("store");
    let mut store = Store::open(&dir, Options { reserve_bytes: 8 << 20, ..options() }).unwrap();
    let mut stored = 0;
    let error = (0..).find_map(|n| {
        store.append(&bulky(n)).map(|receipt| stored += receipt.messages as u64).err()
    });
    let error = error.unwrap();
    assert!(matches!(&error, Error::DiskFull { source: None, .. }), "{error:?}");
    assert!(error.is_config() && stored > 0);
    assert_eq!(store.read().counts().unwrap().messages, stored);
    drop(store);
    assert_eq!(open_small(&dir).read().counts().unwrap().messages, stored);
}

fn open_small(dir: &Path) -> Store {
    Store::open(dir, Options { reserve_bytes: 0, ..options() }).unwrap()
}

#[test]
fn a_disk_that_fills_up_loses_nothing_that_was_stored() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let dir = disk.0.path().join("store");
    let ballast = disk.0.path().join("ballast");
    fs_err::write(&ballast, vec![7; 4 << 20]).unwrap();
    // A small log, so that checkpoints run into the end of the disk too.
    let mut store =
        Store::open(&dir, Options { reserve_bytes: 0, checkpoint_bytes: 1 << 20, ..options() })
            .unwrap();
    let mut stored = 0;
    let mut errors = Vec::new();
    for n in 0..60 {
        match store.append(&bulky(n)) {
            Ok(receipt) => stored += receipt.messages as u64,
            Err(error) => errors.push((n, error)),
        }
    }
    assert!(!errors.is_empty(), "the disk was too large");
    for (_, error) in &errors {
        assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
    }
    // With room again the same process goes on, and so does the next.
    fs_err::remove_file(&ballast).unwrap();
    let count = store.read().counts().unwrap().messages;
    assert!(count >= stored, "{count} of {stored}");
    let again: u64 =
        errors.iter().take(1).map(|(n, _)| store.append(&bulky(*n)).unwrap().messages as u64).sum();
    drop(store);
    let store = open_small(&dir);
    assert_eq!(store.read().counts().unwrap().messages, count + again);
    assert_eq!(store.read().doctor().unwrap(), []);
}

/// duckdb#26828: rows of indexes that a replay brings must survive the first checkpoint after it.
#[test]
fn small_tables_keep_their_indexes_across_a_replay() {
    let whole = tempfile::tempdir().unwrap();
    let copy = tempfile::tempdir().unwrap();
    let mut store = open(whole.path());
    store.append(&batch()).unwrap();
    store.checkpoint().unwrap();
    let streams: Vec<_> =
        (0..500).map(|n| stream(&format!("stream {n}"), StreamKind::Chat)).collect();
    store.append(&Batch { streams: streams.clone(), ..Batch::default() }).unwrap();
    for name in ["lichen.duckdb", "lichen.duckdb.wal"] {
        fs_err::copy(whole.path().join(name), copy.path().join(name)).unwrap();
    }
    open(copy.path()).close().unwrap();
    let conn = duckdb::Connection::open(copy.path().join("lichen.duckdb")).unwrap();
    let mut by_index =
        conn.prepare("SELECT count(*) FROM streams WHERE stream_id = ?::UUID").unwrap();
    for stream in &streams {
        let id = format!("{:032x}", stream.id.as_u128());
        let id =
            format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
        assert_eq!(by_index.query_row([&id], |row| row.get::<_, u64>(0)).unwrap(), 1);
        let again =
            conn.execute("INSERT INTO streams VALUES (?::UUID, 'x', 'x', 'chat', '')", [&id]);
        assert!(again.is_err(), "a second row of the same key went in");
    }
    let scanned: u64 =
        conn.query_row("SELECT count(*) FROM streams", [], |row| row.get(0)).unwrap();
    assert_eq!(scanned, 502);
}

/// The same where the process that applied the log writes elsewhere first, until DuckDB checkpoints by itself.
#[test]
fn indexes_survive_a_checkpoint_that_nobody_asked_for() {
    let whole = tempfile::tempdir().unwrap();
    let mut store = open(whole.path());
    let streams: Vec<_> =
        (0..400).map(|n| stream(&format!("stream {n}"), StreamKind::Chat)).collect();
    store.append(&Batch { streams: streams[..200].to_vec(), ..Batch::default() }).unwrap();
    store.checkpoint().unwrap();
    store.append(&Batch { streams: streams[200..].to_vec(), ..Batch::default() }).unwrap();
    let first = copied(whole.path());
    let small = Options { checkpoint_bytes: 1 << 20, ..options() };
    let mut store = Store::open(first.path(), small).unwrap();
    let before = fs_err::metadata(first.path().join("lichen.duckdb")).unwrap().len();
    for n in 0..4 {
        store.append(&bulky(n)).unwrap();
    }
    let after = fs_err::metadata(first.path().join("lichen.duckdb")).unwrap().len();
    assert!(after > before, "no checkpoint came");
    let second = copied(first.path());
    let mut store = open(second.path());
    // A stream that is there is looked up in the index, and not added again.
    store.append(&Batch { streams, ..Batch::default() }).unwrap();
    assert_eq!(store.read().doctor().unwrap(), []);
    assert_eq!(store.read().streams().unwrap().len(), 401);
    store.close().unwrap();
    let conn = duckdb::Connection::open(second.path().join("lichen.duckdb")).unwrap();
    let by_index = "SELECT count(*) FROM (SELECT unnest(list(stream_id)) AS id FROM streams) AS a
         WHERE (SELECT count(*) FROM streams AS b WHERE b.stream_id = a.id) = 1";
    assert_eq!(conn.query_row(by_index, [], |row| row.get::<_, u64>(0)).unwrap(), 401);
}
