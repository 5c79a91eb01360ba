//! Facts about runs: one claim of a window at a time, one end of a run, and nothing that contradicts them.

use lichen_model::{Batch, Extent, Outcome, Run, RunEvent, RunId, StreamKind};
use lichen_store::Store;

use crate::sample::{ended, extent, message, open, run, stream};

fn filled() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let messages = (0..6).map(|n| message("general", n, "some words")).collect();
    let streams = vec![stream("general", StreamKind::Chat)];
    store.append(&Batch { streams, messages, ..Batch::default() }).unwrap();
    (dir, store)
}

/// Appends one event; what contradicts it.
fn append(store: &mut Store, event: RunEvent) -> Option<String> {
    let receipt = store.append(&Batch { runs: vec![event], ..Batch::default() }).unwrap();
    receipt.problems.into_iter().next().map(|problem| problem.what)
}

fn failed() -> Outcome {
    Outcome::Failed { reason: "no answer".into() }
}

#[test]
fn events_that_contradict_others_are_left_out_and_told() {
    let (_dir, mut store) = filled();
    let window = extent("general", 2);
    let [first, second, third] =
        [(1, 0), (2, 10), (3, 15)].map(|(nth, secs)| run(window.clone(), nth, secs));
    let held = Run {
        id: Run::id("writer", "v1", window.id(), 2, run(window.clone(), 2, 9).claimed),
        ..run(window.clone(), 2, 9)
    };
    let cases = [
        (RunEvent::Claimed(second.clone()), Some("does not follow")),
        (ended(&first, 1, Outcome::Done), Some("nobody claimed")),
        (RunEvent::Claimed(first.clone()), None),
        (RunEvent::Claimed(held), Some("while another had it")),
        // The lease ends at second 10.
        (RunEvent::Claimed(second.clone()), None),
        (ended(&first, 11, Outcome::Done), Some("took its window over")),
        (ended(&second, 12, failed()), None),
        (ended(&second, 13, Outcome::Done), Some("ended otherwise")),
        (RunEvent::Claimed(run(window.clone(), 4, 15)), Some("does not follow")),
        (RunEvent::Claimed(third.clone()), None),
        (ended(&third, 16, Outcome::Done), None),
        (RunEvent::Claimed(run(window.clone(), 4, 99)), Some("after it was done")),
    ];
    for (event, told) in &cases {
        let problem = append(&mut store, event.clone());
        match told {
            None => assert_eq!(problem, None, "{event:?}"),
            Some(part) => assert!(
                problem.as_ref().is_some_and(|what| what.contains(part)),
                "{event:?}: {problem:?}"
            ),
        }
    }
    for (event, _) in cases.iter().filter(|(_, told)| told.is_none()) {
        assert_eq!(append(&mut store, event.clone()), None, "again: {event:?}");
    }
    let ends: Vec<Option<Outcome>> = store
        .read()
        .runs(None, None)
        .unwrap()
        .into_iter()
        .map(|view| view.end.map(|(_, how)| how))
        .collect();
    assert_eq!(ends, [None, Some(failed()), Some(Outcome::Done)]);
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn runs_read_back_as_they_were_stored() {
    let (_dir, mut store) = filled();
    let part = |bytes| Extent { bytes: Some(bytes), ..extent("general", 0) };
    let split = run(extent("general", 0), 1, 0);
    let other = Run { consumer: "reader's".into(), ..run(extent("general", 4), 1, 3) };
    let other = Run { id: Run::id("reader's", "v1", other.extent.id(), 1, other.claimed), ..other };
    let outcome = Outcome::Split { parts: vec![part(0..4), part(4..10)] };
    let events = [
        RunEvent::Claimed(split.clone()),
        RunEvent::Claimed(other.clone()),
        ended(&split, 2, outcome.clone()),
    ];
    for event in events {
        assert_eq!(append(&mut store, event), None);
    }
    let read = store.read();
    let view = read.run(split.id).unwrap().unwrap();
    assert_eq!((view.run, view.end.map(|(_, how)| how)), (split.clone(), Some(outcome)));
    assert_eq!(read.run(RunId::from_u128(9)).unwrap(), None);
    let ids = |views: Vec<lichen_store::RunView>| {
        views.into_iter().map(|view| view.run.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(read.runs(None, None).unwrap()), [split.id, other.id]);
    assert_eq!(ids(read.runs(Some("reader's"), Some("v1")).unwrap()), [other.id]);
    assert_eq!(ids(read.runs(Some("reader's"), Some("v2")).unwrap()), []);
    assert_eq!(ids(read.runs_of_window(split.extent.id().any()).unwrap()), [split.id]);
    assert_eq!(read.counts().unwrap().runs, 2);
}

#[test]
fn places_of_a_stream_tell_what_came_late_there_and_what_was_replaced() {
    let (_dir, mut store) = filled();
    let mut late = message("general", 1, "came late");
    late.id = lichen_model::Message::id(late.stream, "late", late.sent.at);
    late.external_id = "late".into();
    let edited = message("general", 3, "other words");
    store.append(&Batch { messages: vec![late, edited], ..Batch::default() }).unwrap();
    let general = lichen_model::Stream::id("jsonl", "general");
    let there = store.read().disorder_between(general, 0, 5).unwrap();
    assert_eq!(there.into_iter().collect::<Vec<_>>(), [(1, (1, 0)), (3, (1, 1))]);
    assert_eq!(store.read().disorder_between(general, 4, 5).unwrap().len(), 0);
}
