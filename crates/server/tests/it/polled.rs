//! Long polls: cursors that move, stand still and go back.

use std::io;
use std::time::Duration;

use lichen_server::Error;
use lichen_server::feed::{LongPoll, long_poll};

use crate::fetched::{Script, answer};
use crate::place::{Place, names, numbered};

fn page(
    ids: &[u64],
    next: &str,
) -> io::Result<lichen_server::feed::Answer<std::io::Cursor<Vec<u8>>>> {
    let messages: Vec<String> = ids.iter().map(|&id| numbered(id)).collect();
    answer(
        200,
        "application/json",
        &format!("{{\"messages\":[{}],\"next\":{next}}}", messages.join(",")),
    )
}

fn cursors(script: &Script) -> Vec<Option<String>> {
    let cursor = |(ask, _): &(lichen_server::feed::Ask, tokio::time::Instant)| {
        ask.query.first().map(|(_, cursor)| cursor.clone())
    };
    script.asked.iter().map(cursor).collect()
}

fn some(cursors: &[&str]) -> Vec<Option<String>> {
    cursors
        .iter()
        .map(|cursor| Some((*cursor).to_owned()).filter(|cursor| !cursor.is_empty()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn cursors_go_out_and_come_back() {
    let mut place = Place::new();
    let answers = vec![
        page(&[1, 2], "\"a\""),
        // Some come again, one comes late, and the cursor is a number.
        page(&[2, 5, 3], "17"),
        Err(io::Error::other("no route")),
        answer(200, "", "<html>"),
        answer(200, "", "{\"next\":\"lost\"}"),
        page(&[], "17"),
        page(&[4], "null"),
        page(&[6], "\"b\""),
    ];
    let mut script = Script::new(410, answers);
    let (_stopper, feeder) = place.feeder();
    long_poll(&LongPoll::new("server"), &mut script, &feeder).await.unwrap();
    drop(feeder);
    assert_eq!(place.texts("s"), names(1..7));
    assert_eq!(cursors(&script), some(&["", "a", "17", "17", "17", "17", "17", "17", "b"]));
    assert_eq!(place.progress("long-poll:server").as_deref(), Some("b"));
    assert_eq!(place.heard.problems.lock().unwrap().len(), 2);
    let facts = place.facts();
    place = place.restart();
    let mut script = Script::new(410, vec![page(&[1, 2, 3], "\"c\"")]);
    let (_stopper, feeder) = place.feeder();
    long_poll(&LongPoll::new("server"), &mut script, &feeder).await.unwrap();
    drop(feeder);
    assert_eq!(cursors(&script), some(&["b", "c"]));
    assert_eq!(place.facts(), facts, "sent twice changes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_does_not_move_or_goes_in_a_circle_is_not_asked_for_without_rest() {
    for circle in [["\"a\"", "\"a\""], ["\"a\"", "\"b\""]] {
        let place = Place::new();
        let answers = (0..20).map(|at| page(&[1, 2], circle[at % 2])).collect();
        let mut script = Script::new(410, answers);
        let (_stopper, feeder) = place.feeder();
        long_poll(&LongPoll::new("server"), &mut script, &feeder).await.unwrap();
        let waits = script.waits();
        assert!(waits[4..].iter().all(|wait| *wait >= Duration::from_millis(500)), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= Duration::from_mins(5)), "{waits:?}");
        assert!(waits[15] > Duration::from_mins(1), "waits grow: {waits:?}");
        assert_eq!(place.texts("s"), names(1..3));
    }
}

#[tokio::test(start_paused = true)]
async fn empty_answers_are_a_second_apart_and_full_ones_follow_at_once() {
    let place = Place::new();
    let mut answers: Vec<_> = (0..5).map(|_| page(&[], "\"a\"")).collect();
    answers.extend((0..5).map(|at| page(&[at], &format!("\"c{at}\""))));
    let mut script = Script::new(410, answers);
    let (_stopper, feeder) = place.feeder();
    long_poll(&LongPoll::new("server"), &mut script, &feeder).await.unwrap();
    let waits = script.waits();
    assert!(
        waits[1..5].iter().all(|wait| wait.as_secs_f64() > 0.9 && wait.as_secs_f64() < 1.1),
        "{waits:?}"
    );
    assert!(waits[5..10].iter().all(Duration::is_zero), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_and_answers_that_are_too_large_end_it() {
    let place = Place::new();
    let (_stopper, feeder) = place.feeder();
    let mut script = Script::new(410, vec![answer(403, "", "")]);
    let error = long_poll(&LongPoll::new("server"), &mut script, &feeder).await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 403, .. }));
    let spec = LongPoll { answer_bytes_max: 100, ..LongPoll::new("server") };
    let mut script = Script::new(410, vec![page(&[1, 2, 3], "\"a\"")]);
    let error = long_poll(&spec, &mut script, &feeder).await.unwrap_err();
    assert!(matches!(error, Error::Answer { limit: 100, .. }));
    assert!(place.texts("s").is_empty() && place.progress("long-poll:server").is_none());
}
