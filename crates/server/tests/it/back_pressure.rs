//! A store that is behind: who feeds it waits, nothing is lost, and memory is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lichen_engine::{IngestPlan, Live, LiveOptions, Unobserved};
use lichen_server::feed::{QueueLimits, Stdin, stdin};
use tokio::io::AsyncWriteExt as _;

use crate::place::{Place, line, lines, names, numbered};

/// An engine that takes one record and then refuses until it is told to catch up.
fn narrow() -> Place {
    let never = Duration::from_secs(1 << 30);
    let options = LiveOptions {
        checkpoint_bytes: u64::MAX,
        settle: never,
        seal_passages: u32::MAX,
        ..LiveOptions::default()
    };
    Place::with(1, &options)
}

/// Makes room, as the engine does by itself after a while.
fn make_room(live: &Live, root: &std::path::Path) {
    let plan =
        IngestPlan { git: false, discover: false, ..IngestPlan::repository(root.join("none")) };
    live.on_engine(move |engine| engine.ingest(&plan, &mut Unobserved)).unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_pipe_is_read_no_faster_than_the_store_takes_it() {
    const MESSAGES: u64 = 4000;
    let place = narrow();
    fs_err::create_dir_all(place.path("none")).unwrap();
    let (stopper, feeder) = place.feeder();
    let limits = QueueLimits { items: 4096, bytes: 64 << 10 };
    let spec = Stdin { queue: limits, ..Stdin::new("pipe") };
    let (mut write, read) = tokio::io::duplex(1024);
    let written = Arc::new(AtomicUsize::new(0));
    let total: usize = (0..MESSAGES).map(|id| line(id, &"x".repeat(500)).len() + 1).sum();
    let writer = tokio::spawn({
        let written = Arc::clone(&written);
        async move {
            for id in 0..MESSAGES {
                let text = line(id, &"x".repeat(500)) + "\n";
                write.write_all(text.as_bytes()).await.unwrap();
                written.fetch_add(text.len(), Ordering::SeqCst);
            }
        }
    });
    let feed = tokio::spawn(async move { stdin(&spec, read, &feeder).await });
    place.heard.wait_note("waits: the store is behind").await;
    // All that can move has moved: what was written is in the pipe, the buffer, the queue and two batches.
    tokio::time::sleep(Duration::from_mins(1)).await;
    let held = written.load(Ordering::SeqCst);
    let bound = 1024 + (64 << 10) + 3 * ((64 << 10) + 1024);
    assert!(held <= bound, "{held} of {total} bytes were read while nothing could be stored");
    assert!(bound * 4 < total, "the bound is one");
    assert!(!feed.is_finished());
    let mut looks = 0;
    while !feed.is_finished() {
        make_room(&place.live, &place.root());
        tokio::time::sleep(Duration::from_secs(3)).await;
        looks += 1;
        assert!(looks < 1000);
    }
    let taken = feed.await.unwrap().unwrap();
    writer.await.unwrap();
    assert_eq!((taken.lines, taken.messages, taken.lost), (MESSAGES, 4000, 0));
    assert_eq!(place.texts("s").len(), 4000);
    assert!(place.heard.notes().iter().any(|note| note.contains("goes on")));
    drop(stopper);
}

#[tokio::test(start_paused = true)]
async fn told_to_end_while_it_waits_it_says_what_was_not_stored() {
    let place = narrow();
    let (stopper, feeder) = place.feeder();
    let (mut write, read) = tokio::io::duplex(1 << 20);
    let feed = tokio::spawn(async move { stdin(&Stdin::new("pipe"), read, &feeder).await });
    write.write_all(lines(1..3).as_bytes()).await.unwrap();
    place.heard.wait_taken(2).await;
    write.write_all(lines(3..8).as_bytes()).await.unwrap();
    place.heard.wait_note("waits").await;
    stopper.stop();
    let taken = feed.await.unwrap().unwrap();
    assert_eq!(taken.messages, 2);
    assert_eq!((taken.lines - 2, taken.lost), (5, 5), "lines of whom nobody knows are told");
    assert!(
        place.heard.notes().iter().any(|note| note.contains("5 lines were read and not stored"))
    );
    assert_eq!(place.texts("s"), names(1..3));
}

#[tokio::test(start_paused = true)]
async fn a_pipe_sent_twice_changes_nothing_and_late_lines_find_their_place() {
    let sent = [
        lines([1, 9, 5]),
        "no json\n\n".to_owned(),
        lines([3]),
        // The same id and time with another text.
        line(5, "edited") + "\n",
        numbered(7),
    ]
    .concat();
    let mut facts = Vec::new();
    let mut place = Place::new();
    for round in 0..3 {
        let (_stopper, feeder) = place.feeder();
        let taken = stdin(&Stdin::new("pipe"), sent.as_bytes(), &feeder).await.unwrap();
        assert_eq!((taken.lines, taken.lost), (8, 0));
        drop(feeder);
        let expected = ["m1", "m3", "edited", "m7", "m9"];
        assert_eq!(place.texts("s"), expected, "round {round}");
        facts.push(place.facts());
        place = place.restart();
    }
    // The edit stands beside what it edits.
    assert_eq!(facts[0].len(), 6);
    assert!(facts[0].iter().any(|fact| fact.contains("m5")));
    assert_eq!(facts[0], facts[1]);
    assert_eq!(facts[0], facts[2]);
    assert_eq!(place.heard.problems.lock().unwrap().len(), 3, "one a round");
}

#[tokio::test(start_paused = true)]
async fn a_line_does_not_wait_for_others_and_a_long_one_is_left_out() {
    let place = Place::new();
    let (_stopper, feeder) = place.feeder();
    let (mut write, read) = tokio::io::duplex(64);
    let spec = Stdin { line_bytes_max: 200, ..Stdin::new("pipe") };
    let feed = tokio::spawn(async move { stdin(&spec, read, &feeder).await });
    write.write_all(lines([1]).as_bytes()).await.unwrap();
    place.heard.wait_taken(1).await;
    write
        .write_all((line(2, &"x".repeat(100_000)) + "\n" + &numbered(3)).as_bytes())
        .await
        .unwrap();
    drop(write);
    let taken = feed.await.unwrap().unwrap();
    assert_eq!((taken.lines, taken.messages), (3, 2));
    assert_eq!(place.texts("s"), names([1, 3]));
    assert!(place.heard.problems.lock().unwrap()[0].contains("line 2"));
}
