//! What is left of a journal whose bytes were damaged, as an opening of the store finds it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use lichen_model::{Batch, StreamKind};

use crate::crash::copied;
use crate::sample::{cut, message, message_id, open, stream};

/// Records that are written and never applied.
const RECORDS: u32 = 5;

fn said(n: u32) -> Batch {
    let messages = vec![message("general", n, &format!("message {n} of the journal"))];
    cut(Batch { streams: vec![stream("general", StreamKind::Chat)], messages, ..Batch::default() })
}

/// A store as a crash leaves it before anything of its journal was applied, the segment's path in it, and where the
/// records lie.
fn unapplied() -> (tempfile::TempDir, PathBuf, Vec<Range<usize>>) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 0..RECORDS {
        store.journal().append(&said(n)).unwrap();
    }
    let copy = copied(dir.path());
    let segment = PathBuf::from("journal/00000000000000000001.log");
    let bytes = fs_err::read(copy.path().join(&segment)).unwrap();
    let mut records = Vec::new();
    let mut at = 40;
    while at < bytes.len() {
        let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        records.push(at..at + 32 + len);
        at += 32 + len;
    }
    assert_eq!((records.len(), at), (RECORDS as usize, bytes.len()));
    (copy, segment, records)
}

/// Opens a copy with these bytes as its segment: those records must be there, once, and `told` is whether anything is
/// said. A second opening finds nothing to say.
#[track_caller]
fn check(whole: &Path, segment: &Path, bytes: &[u8], there: impl Fn(usize) -> bool, told: bool) {
    let copy = copied(whole);
    fs_err::write(copy.path().join(segment), bytes).unwrap();
    let store = open(copy.path());
    let expected: Vec<u32> = (0..RECORDS).filter(|&n| there(n as usize)).collect();
    for &n in &expected {
        let stored = store.read().message(message_id("general", n)).unwrap().unwrap();
        assert_eq!(stored.message.text, format!("message {n} of the journal"));
    }
    assert_eq!(store.read().counts().unwrap().messages, expected.len() as u64);
    assert_eq!(store.read().doctor().unwrap(), []);
    assert_eq!(!store.repairs().is_empty(), told, "{:?}", store.repairs());
    drop(store);
    let store = open(copy.path());
    assert_eq!(store.repairs(), [""; 0], "it is told once");
    // What is sent again is stored once.
    for n in 0..RECORDS {
        store.journal().append(&said(n)).unwrap();
    }
    drop(store);
    assert_eq!(open(copy.path()).read().counts().unwrap().messages, u64::from(RECORDS));
}

#[test]
fn a_journal_that_was_cut_gives_the_records_before() {
    let (whole, segment, records) = unapplied();
    let bytes = fs_err::read(whole.path().join(&segment)).unwrap();
    for (nth, record) in records.iter().enumerate().skip(3) {
        let within = [1, 4, 16, 31, 32, 33, record.len() - 1];
        check(whole.path(), &segment, &bytes[..record.start], |n| n < nth, false);
        for at in within {
            check(whole.path(), &segment, &bytes[..record.start + at], |n| n < nth, true);
        }
    }
}

#[test]
fn a_flipped_bit_costs_one_record_and_is_told() {
    let (whole, segment, records) = unapplied();
    let bytes = fs_err::read(whole.path().join(&segment)).unwrap();
    for (nth, record) in records.iter().enumerate().step_by(2) {
        // Each field of the header, and the record behind it.
        for (place, at) in [0, 5, 9, 18, 25, 30, 40].into_iter().enumerate() {
            let mut flipped = bytes.clone();
            flipped[record.start + at] ^= 1 << place;
            check(whole.path(), &segment, &flipped, |n| n != nth, true);
        }
    }
    for at in [0, 9, 25, 37] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let copy = copied(whole.path());
        fs_err::write(copy.path().join(&segment), &flipped).unwrap();
        assert!(!open(copy.path()).repairs().is_empty(), "the segment's own header, byte {at}");
    }
}

#[test]
fn zeroed_blocks_are_told() {
    let (whole, segment, records) = unapplied();
    let mut bytes = fs_err::read(whole.path().join(&segment)).unwrap();
    bytes[records[3].start..].fill(0);
    check(whole.path(), &segment, &bytes, |n| n < 3, true);
}

#[test]
fn a_journal_that_is_gone_with_the_log_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    for n in 0..RECORDS {
        store.journal().append(&said(n)).unwrap();
    }
    while store.apply_journal().unwrap().is_some() {}
    let copy = copied(dir.path());
    fs_err::remove_file(copy.path().join("lichen.duckdb.wal")).unwrap();
    fs_err::remove_file(copy.path().join("journal/00000000000000000001.log")).unwrap();
    let store = open(copy.path());
    assert_eq!(store.read().counts().unwrap().messages, 0);
    let told = store.repairs().join("\n");
    assert!(told.contains("up to 5 acknowledged records") && told.contains("1 to 5"), "{told}");
    drop(store);
    assert_eq!(open(copy.path()).repairs(), [""; 0]);
}
