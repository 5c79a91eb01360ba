//! Appending: everything comes back, and the same batch twice changes nothing.

use lichen_store::entries_of;

use crate::sample::{batch, open};

#[test]
fn a_batch_is_counted_and_its_passages_numbered() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let batch = batch();
    let receipt = store.append(&batch).unwrap();
    assert_eq!(
        (receipt.commits, receipt.versions, receipt.messages, receipt.tool_calls),
        (4, 2, 3, 1)
    );
    assert_eq!((receipt.tags, receipt.ref_events), (1, 2));
    assert_eq!(receipt.seqs, 0..batch.passages.len() as u64);
    assert_eq!(receipt.passages, (0..batch.passages.len()).collect::<Vec<_>>());
    assert_eq!(receipt.problems, []);
    assert_eq!(store.read().passage_count().unwrap(), batch.passages.len() as u64);
}

#[test]
fn entries_read_back_are_the_entries_of_the_batch() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let batch = batch();
    let receipt = store.append(&batch).unwrap();
    let read = store.read().entries(0, 1000).unwrap();
    assert_eq!(read, entries_of(&batch, &receipt));
    assert_eq!(store.read().entries(3, 2).unwrap(), read[3..5]);
    assert_eq!(store.read().entries(1000, 5).unwrap(), []);
}

#[test]
fn the_same_batch_twice_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.append(&batch()).unwrap();
    let before = store.read().entries(0, 1000).unwrap();
    for reopened in [false, true] {
        if reopened {
            store.close().unwrap();
            store = open(dir.path());
        }
        let receipt = store.append(&batch()).unwrap();
        assert_eq!(
            (receipt.commits, receipt.versions, receipt.messages, receipt.tool_calls),
            (0, 0, 0, 0)
        );
        assert_eq!((receipt.tags, receipt.ref_events, receipt.passages.len()), (0, 0, 0));
        assert_eq!(receipt.problems, []);
        assert_eq!(store.read().entries(0, 1000).unwrap(), before);
    }
}
