//! Batches by request: durable when answered, known when they come again, refused when there is no room.

use std::time::Duration;

use lichen_engine::LiveOptions;
use lichen_server::feed::{Post, PostOptions, Refused};

use crate::place::{Place, lines, names, numbered};

async fn post(place: &Place) -> Post {
    Post::open(PostOptions::new("agents"), place.feeder().1).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_is_taken_once_however_it_is_written_and_sent() {
    let place = Place::new();
    let post = post(&place).await;
    let text = lines(1..4);
    let first = post.take(text.clone().into_bytes(), None).await.unwrap();
    assert_eq!((first.acknowledged.messages, first.repeated), (3, false));
    assert!(place.live.status().durable >= first.acknowledged.seq);
    let facts = place.facts();
    let array = format!("[{}]", (1..4).map(numbered).collect::<Vec<_>>().join(",\n"));
    for body in [text.clone(), array, text.replace('\n', "\r\n")] {
        let again = post.take(body.into_bytes(), None).await.unwrap();
        assert_eq!((again.acknowledged.messages, again.problems.len()), (3, 0));
    }
    assert_eq!(place.facts(), facts);
    let damaged = post.take((lines([4]) + "{\"id\":5}\nwhat\n").into_bytes(), None).await.unwrap();
    assert_eq!((damaged.acknowledged.messages, damaged.problems.len()), (1, 2));
    assert_eq!(post.take(Vec::new(), None).await.unwrap().acknowledged.messages, 0);
    assert_eq!(place.texts("s"), names(1..5));
}

#[tokio::test(start_paused = true)]
async fn a_key_names_a_batch_through_restarts() {
    let mut place = Place::new();
    let here = post(&place).await;
    let first = here.take(lines(1..3).into_bytes(), Some("k1")).await.unwrap();
    let again = here.take(lines(1..3).into_bytes(), Some("k1")).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!(again.acknowledged, first.acknowledged);
    let other = here.take(lines(3..4).into_bytes(), Some("k1")).await;
    assert!(matches!(other, Err(Refused::KeyReused { key }) if key == "k1"));
    for number in 2..40 {
        here.take(lines([number]).into_bytes(), Some(&format!("k{number}"))).await.unwrap();
    }
    drop(here);
    let durable = place.live.status().durable;
    place = place.restart();
    let here = post(&place).await;
    let known = here.take(lines([39]).into_bytes(), Some("k39")).await.unwrap();
    assert!(known.repeated && known.acknowledged.messages == 1);
    assert_eq!(place.live.status().durable, durable, "nothing was written");
    // One that was forgotten is done again, and changes nothing.
    let facts = place.facts();
    assert!(!here.take(lines(1..3).into_bytes(), Some("k1")).await.unwrap().repeated);
    assert_eq!(place.facts(), facts);
    assert!(place.progress("post:agents").unwrap().len() < 4096);
}

#[tokio::test(start_paused = true)]
async fn no_room_is_told_at_once_and_nothing_is_taken() {
    let never = Duration::from_secs(1 << 30);
    let options = LiveOptions {
        checkpoint_bytes: u64::MAX,
        settle: never,
        seal_passages: u32::MAX,
        ..LiveOptions::default()
    };
    let place = Place::with(1, &options);
    let here = post(&place).await;
    here.take(lines([1]).into_bytes(), Some("k1")).await.unwrap();
    let busy = here.take(lines([2]).into_bytes(), Some("k2")).await;
    let Err(Refused::Busy { retry_after, what }) = busy else { panic!("{busy:?}") };
    assert!(!retry_after.is_zero() && what.contains("behind"), "{what}");
    assert_eq!(place.texts("s"), names([1]));
    drop(here);
    // With room, the same key is a new batch: nothing of it had been taken.
    let place = place.restart();
    let here = post(&place).await;
    assert!(!here.take(lines([2]).into_bytes(), Some("k2")).await.unwrap().repeated);
    assert_eq!(place.texts("s"), names(1..3));
}

#[tokio::test(start_paused = true)]
async fn bodies_are_bounded_in_size_and_number() {
    let place = Place::new();
    let options = PostOptions {
        body_bytes_max: 1000,
        bodies_max: 2,
        bytes_max: 1200,
        ..PostOptions::new("agents")
    };
    let here = Post::open(options, place.feeder().1).await.unwrap();
    let large = here.take(vec![b' '; 1001], None).await;
    assert!(matches!(large, Err(Refused::TooLarge { bytes: 1001, limit: 1000 })));
    let body = |id: u64| (lines([id]) + &" ".repeat(500)).into_bytes();
    let results =
        tokio::join!(here.take(body(1), None), here.take(body(2), None), here.take(body(3), None));
    assert!(results.0.is_ok());
    assert!(matches!(results.2, Err(Refused::Busy { .. })), "{:?}", results.2);
    assert!(here.take(body(3), None).await.is_ok(), "there is room again");
    let (one, other) = tokio::join!(here.take(body(4), Some("k")), here.take(body(4), Some("k")));
    assert!(one.is_ok() && (other.is_ok() || matches!(other, Err(Refused::Busy { .. }))));
    assert_eq!(place.texts("s").iter().filter(|text| *text == "m4").count(), 1);
}
