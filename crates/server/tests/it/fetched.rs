//! Server-Sent Events from a server that breaks off, repeats itself and refuses.

use std::io::{self, Cursor};
use std::time::Duration;

use lichen_server::Error;
use lichen_server::feed::{Answer, Ask, Fetch, Sse, sse};
use tokio::time::Instant;

use crate::place::{Place, names, numbered};

/// Answers from a list, then with the end of everything; keeps what it was asked and when.
pub(crate) struct Script {
    pub(crate) answers: std::vec::IntoIter<io::Result<Answer<Cursor<Vec<u8>>>>>,
    pub(crate) asked: Vec<(Ask, Instant)>,
    end: u16,
}

impl Script {
    pub(crate) fn new(end: u16, answers: Vec<io::Result<Answer<Cursor<Vec<u8>>>>>) -> Self {
        Self { answers: answers.into_iter(), asked: Vec::new(), end }
    }

    /// Times between requests.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.asked.windows(2).map(|pair| pair[1].1 - pair[0].1).collect()
    }
}

impl Fetch for Script {
    type Body = Cursor<Vec<u8>>;

    async fn fetch(&mut self, ask: &Ask) -> io::Result<Answer<Self::Body>> {
        self.asked.push((ask.clone(), Instant::now()));
        self.answers.next().unwrap_or_else(|| answer(self.end, "", ""))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "scripts hold failures beside answers")]
pub(crate) fn answer(
    status: u16,
    content_type: &str,
    body: &str,
) -> io::Result<Answer<Cursor<Vec<u8>>>> {
    let body = Cursor::new(body.as_bytes().to_vec());
    Ok(Answer { status, content_type: content_type.to_owned(), retry_after: None, body })
}

fn events(body: &str) -> io::Result<Answer<Cursor<Vec<u8>>>> {
    answer(200, "Text/Event-Stream; charset=utf-8", body)
}

fn event(id: u64) -> String {
    format!("id: e{id}\ndata: {}\n\n", numbered(id))
}

fn last_ids(script: &Script) -> Vec<Option<&str>> {
    let id = |(ask, _): &'_ (Ask, Instant)| -> Option<usize> {
        ask.headers.iter().position(|(name, _)| name == "Last-Event-ID")
    };
    script.asked.iter().map(|one| id(one).map(|at| one.0.headers[at].1.as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_read_on_behind_the_last_event_that_was_taken() {
    let mut place = Place::new();
    let spec = Sse::new("server");
    let mut script = Script::new(
        204,
        vec![
            // The third event is not whole.
            events(&(event(1) + &event(2) + "id: e3\ndata: {\"id\"")),
            Err(io::Error::other("no route")),
            // One comes again, several come in one event, one is damaged, one stretches over lines.
            events(&format!(
                "{}id: e4\ndata: [{},{}]\n\n:ping\n\nid: e5\ndata: {{\"id\":\ndata: 5,\"stream\":\"s\",\"time\":1700000005,\ndata: \"text\":\"m5\"}}\n\nid: e6\ndata: what\n\n",
                event(2),
                numbered(3),
                numbered(4),
            )),
        ],
    );
    let (_stopper, feeder) = place.feeder();
    sse(&spec, &mut script, &feeder).await.unwrap();
    drop(feeder);
    assert_eq!(place.texts("s"), names(1..6));
    assert_eq!(last_ids(&script), [None, Some("e2"), Some("e2"), Some("e6")]);
    assert_eq!(place.progress("sse:server").as_deref(), Some("e6"));
    let problems = place.heard.problems.lock().unwrap().clone();
    assert!(problems.len() == 1 && problems[0].contains("event"), "{problems:?}");
    // Another run goes on where this one stopped, and what comes again changes nothing.
    let facts = place.facts();
    place = place.restart();
    let mut script = Script::new(204, vec![events(&(event(1) + &event(4)))]);
    let (_stopper, feeder) = place.feeder();
    sse(&spec, &mut script, &feeder).await.unwrap();
    drop(feeder);
    assert_eq!(last_ids(&script), [Some("e6"), Some("e4")]);
    assert_eq!(place.facts(), facts);
}

#[tokio::test(start_paused = true)]
async fn messages_without_ids_are_known_when_they_come_again() {
    let place = Place::new();
    let said = "data: {\"stream\":\"s\",\"author\":\"Bo\",\"time\":1700000000,\"text\":\"ok\"}\n\n";
    let mut script = Script::new(204, vec![events(said), events(&said.repeat(3))]);
    let (_stopper, feeder) = place.feeder();
    sse(&Sse::new("server"), &mut script, &feeder).await.unwrap();
    assert_eq!(place.texts("s"), ["ok"]);
}

#[tokio::test(start_paused = true)]
async fn waits_grow_within_bounds_and_follow_what_the_server_tells() {
    let place = Place::new();
    let fails = || Err(io::Error::other("no route"));
    let mut busy = answer(503, "", "");
    busy.as_mut().unwrap().retry_after = Some(Duration::from_secs(40));
    let mut answers = vec![
        events("retry: 500\n\n"),
        fails(),
        fails(),
        fails(),
        fails(),
        fails(),
        fails(),
        fails(),
    ];
    answers.push(busy);
    answers.push(events(&event(1)));
    answers.push(events("retry: 999999999999\ndata: {\"id\"\n\n"));
    let spec = Sse { retry_max: Duration::from_mins(1), ..Sse::new("server") };
    let mut script = Script::new(204, answers);
    let (_stopper, feeder) = place.feeder();
    sse(&spec, &mut script, &feeder).await.unwrap();
    let waits: Vec<f64> = script.waits().iter().map(Duration::as_secs_f64).collect();
    let due = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0];
    for (wait, due) in waits.iter().zip(due) {
        assert!((due * 0.49..=due * 1.01).contains(wait), "{waits:?}");
    }
    assert!(waits[8] >= 40.0 && waits[8] <= 61.0, "{waits:?}");
    assert!(waits[9] <= 0.51, "an event ends the growth: {waits:?}");
    assert!(waits[10] <= 60.01, "no server may ask for longer: {waits:?}");
    assert_eq!(place.texts("s"), names([1]));
}

#[tokio::test(start_paused = true)]
async fn what_will_never_be_a_stream_is_an_error() {
    let place = Place::new();
    for (status, kind) in [(401, ""), (404, ""), (200, "text/html"), (301, "text/event-stream")] {
        let (_stopper, feeder) = place.feeder();
        let mut script = Script::new(204, vec![answer(status, kind, "data: x\n\n")]);
        let error = sse(&Sse::new("server"), &mut script, &feeder).await.unwrap_err();
        assert!(matches!(error, Error::Refused { status: told, .. } if told == status), "{error}");
    }
    assert!(place.texts("s").is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_asked_kinds_are_taken_and_it_ends_when_it_is_to() {
    let place = Place::new();
    let (stopper, feeder) = place.feeder();
    let body = format!(
        "event: ping\ndata: {}\n\nevent: said\nid: 9\ndata: {}\n\n",
        numbered(1),
        numbered(2)
    );
    let spec = Sse { kinds: vec!["said".to_owned()], ..Sse::new("server") };
    let feed = tokio::spawn(async move {
        let mut script = Script::new(503, vec![events(&body)]);
        sse(&spec, &mut script, &feeder).await.map(|()| script.asked.len())
    });
    place.heard.wait_note("status 503").await;
    stopper.stop();
    assert!(feed.await.unwrap().unwrap() >= 2);
    assert_eq!(place.texts("s"), names([2]));
}
