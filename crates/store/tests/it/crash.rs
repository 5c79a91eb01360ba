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

#[test]
fn a_log_that_cannot_be_replayed_is_told_and_kept() {
    let whole = crashed(6);
    let wal = whole.path().join("lichen.duckdb.wal");
    let log = fs_err::read(&wal).unwrap();
    let data = fs_err::read(whole.path().join("lichen.duckdb")).unwrap();
    let damaged_folder = whole.path().join("damaged");
    let mut refused = 0;
    for place in (100..log.len()).step_by(log.len() / 12) {
        let mut damaged = log.clone();
        damaged[place] ^= 0x10;
        fs_err::write(&wal, &damaged).unwrap();
        // DuckDB takes damage of some places for the end of the log, without a word.
        let mut store = open(whole.path());
        let told = store.repairs().join("\n");
        if !told.is_empty() {
            refused += 1;
            assert!(told.contains("could not be applied") && told.contains("damaged"), "{told}");
            let kept = fs_err::read(damaged_folder.join("lichen.duckdb-1.wal")).unwrap();
            assert_eq!(kept, damaged, "the log is kept as it was");
            fs_err::remove_dir_all(&damaged_folder).unwrap();
        }
        // What it held can be taken in again.
        store.append(&numbered(0)).unwrap();
        assert_eq!(store.read().doctor().unwrap(), []);
        drop(store);
        for file in [&wal, &whole.path().join("lichen.duckdb.wal.copy")] {
            let _missing = fs_err::remove_file(file);
        }
        fs_err::write(whole.path().join("lichen.duckdb"), &data).unwrap();
    }
    assert!(refused > 0, "no damage was noticed");
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
