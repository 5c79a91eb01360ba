//! Keeping up with a folder, its files and what is said in them.

use std::sync::Arc;
use std::time::Duration;

use lichen_engine::IngestPlan;
use lichen_server::feed::{Follow, Watch, tail, watch};

use crate::place::{Place, lines, names};

#[tokio::test(start_paused = true)]
async fn files_and_documents_are_taken_in_as_they_change() {
    let place = Place::new();
    place.write("chat.jsonl", &lines(1..3));
    place.write("notes.md", "# Notes\n\nFirst.\n");
    let plan = IngestPlan::of_paths(place.root(), vec![place.path("chat.jsonl"), place.root()]);
    let (stopper, feeder) = place.feeder();
    let watched = tokio::spawn(async move { watch(&Watch::new(plan), &feeder).await });
    place.heard.wait_taken(2).await;
    let versions = |at_least: usize| {
        let mut taken = place.heard.taken.subscribe();
        async move {
            let sum = |all: &Vec<lichen_server::feed::Taken>| {
                all.iter().map(|one| one.versions).sum::<usize>()
            };
            taken.wait_for(|all| sum(all) >= at_least).await.unwrap();
        }
    };
    versions(1).await;
    let before: usize = place.heard.taken.borrow().iter().map(|one| one.versions).sum();
    place.append("chat.jsonl", &lines(3..5));
    place.write("notes.md", "# Notes\n\nSecond, and longer.\n");
    place.heard.wait_taken(4).await;
    versions(before + 1).await;
    // A given file that is gone for a moment ends nothing.
    fs_err::remove_file(place.path("chat.jsonl")).unwrap();
    place.heard.wait_note("looking for messages").await;
    place.write("chat.jsonl", &lines(5..7));
    place.heard.wait_taken(6).await;
    stopper.stop();
    watched.await.unwrap().unwrap();
    assert_eq!(place.texts("s"), names(1..7));
    assert_eq!(place.heard.problems.lock().unwrap().len(), 0);
}

// Time runs here: what follows a stream waits for the engine, which has a time of its own.
#[tokio::test]
async fn a_stream_is_followed_while_its_file_grows() {
    let place = Place::new();
    place.write("chat.jsonl", &lines([1, 2, 5]));
    let file = place.file("chat.jsonl");
    let (stopper, feeder) = place.feeder();
    let stop = feeder.stop().clone();
    let tailed = tokio::spawn(async move { tail(file, Duration::from_millis(1), &feeder).await });
    place.heard.wait_taken(3).await;
    place.settled();
    let stream = place.live.read(|reader| reader.stream("s")).unwrap().id;
    let (mut follow, last) = Follow::begin(Arc::clone(&place.live), stream, 2).await.unwrap();
    let texts = |views: Vec<lichen_engine::MessageView>| {
        views.into_iter().map(|view| view.message.text).collect::<Vec<_>>()
    };
    assert_eq!(texts(last), names([2, 5]));
    place.append("chat.jsonl", &lines([3, 6]));
    assert_eq!(
        texts(follow.next(&stop).await.unwrap().unwrap()),
        names([3, 6]),
        "the late one too"
    );
    stopper.stop();
    assert!(follow.next(&stop).await.unwrap().is_none());
    tailed.await.unwrap().unwrap();
}
