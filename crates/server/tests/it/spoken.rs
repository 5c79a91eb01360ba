//! Messages over the network: acknowledged when they cannot be lost, told to those who follow.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use lichen_server::ask::Ask;
use lichen_server::{Memory as _, Shape};
use serde_json::json;

use crate::served::{Remembered, Served, bearer, settled};

/// Longer than anything may take; never waited for where a test passes.
const LONG: Duration = Duration::from_mins(1);

fn line(id: u32, text: &str) -> String {
    json!({ "id": id.to_string(), "stream": "s", "author": "Bo", "time": 1_700_000_000 + id, "text": text }).to_string()
}

fn send(served: &Served, key: &str, name: Option<&str>, body: &str) -> crate::served::Heard {
    let mut lines = vec![bearer(key), "Content-Type: application/x-ndjson".to_owned()];
    lines.extend(name.map(|name| format!("Idempotency-Key: {name}")));
    served.send("POST", "/v1/messages", &lines, body)
}

#[test]
fn a_batch_is_taken_once_under_its_key() {
    let served = Remembered::new().serve();
    let (one, other) = (served.key(&["write"], &[]), served.key(&["write"], &[]));
    let body = format!("{}\n{}\nwhat\n", line(1, "moss"), line(2, "fern"));
    let first = send(&served, &one, Some("k"), &body);
    assert_eq!(first.status, 200, "{first:?}");
    let taken = first.json();
    assert_eq!((&taken["messages"], &taken["repeated"]), (&json!(2), &json!(false)));
    assert!(taken["problems"][0].as_str().unwrap().contains("line 3"), "{taken}");
    let again = send(&served, &one, Some("k"), &body).json();
    assert_eq!((&again["messages"], &again["repeated"]), (&json!(2), &json!(true)));
    assert_eq!(send(&served, &one, Some("k"), &line(3, "x")).status, 422);
    assert_eq!(
        send(&served, &other, Some("k"), &line(3, "x")).status,
        200,
        "another's key is another"
    );
    for (name, body, status) in [
        (Some("x".repeat(256)), line(4, "x"), 400),
        (None, "{\"id\":5}".to_owned(), 400),
        (None, "what".to_owned(), 400),
        (None, String::new(), 200),
        (None, format!("[{},{}]", line(6, "a"), line(7, "b")), 200),
    ] {
        assert_eq!(send(&served, &one, name.as_deref(), &body).status, status, "{body}");
    }
    settled(&served);
    let tail = served.send_local("GET", "/v1/streams/s/messages?last=100", &[], "").json();
    let ids: Vec<&str> = tail["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["external_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["1", "2", "3", "6", "7"]);
    let place = served.stop();
    let served = place.serve();
    let again = send(&served, &one, Some("k"), &body).json();
    assert_eq!(again["repeated"], json!(true), "after a restart, too");
}

#[test]
fn who_follows_hears_what_is_said_and_goes_on_where_it_was() {
    let served = Remembered::new().serve();
    let key = served.key(&["read", "write"], &[]);
    send(&served, &key, None, &line(1, "first"));
    settled(&served);
    let listen = |lines: &str| {
        let mut stream = TcpStream::connect(served.address()).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let (host, auth) = (served.address(), bearer(&key));
        let head = format!(
            "GET /v1/streams/s/events?last=1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{auth}\r\n{lines}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        BufReader::new(stream).lines().map(Result::unwrap)
    };
    let data = |lines: &mut dyn Iterator<Item = String>| {
        let mut data = lines.filter(|line| line.starts_with("data: "));
        let line = data.next().unwrap();
        serde_json::from_str::<serde_json::Value>(&line["data: ".len()..]).unwrap()
    };
    let mut heard = listen("");
    let first = data(&mut heard);
    assert_eq!(first["text"], "first");
    for id in 2..5 {
        send(&served, &key, None, &line(id, &format!("said {id}")));
        assert_eq!(data(&mut heard)["text"], format!("said {id}"));
    }
    let resume = format!("Last-Event-ID: {}\r\n", first["id"].as_str().unwrap());
    let mut heard = listen(&resume);
    assert_eq!(data(&mut heard)["text"], "said 2");
    let lines = [bearer(&key), "Last-Event-ID: m000000".to_owned()];
    assert_eq!(served.send("GET", "/v1/streams/s/events", &lines, "").status, 404);
    // A client of the command line hears the same.
    let mut told = Vec::new();
    let tell = |text: &str| {
        told.push(text.to_owned());
        told.len() < 2
    };
    served.client().follow("s", 2, Shape::Text, tell, || false).unwrap();
    assert!(told[0].contains("said 3\n") && told[1].contains("said 4\n"), "{told:?}");
    // Who is let in no more hears nothing more.
    let id = key["lichen_".len()..][..8].to_owned();
    served.client().ask(&Ask::RevokeKey(id), Shape::Json).unwrap();
    let other = served.key(&["write"], &[]);
    send(&served, &other, None, &line(5, "said 5"));
    let rest: Vec<String> = heard.collect();
    assert!(rest.iter().any(|line| line.contains("said 4")), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("said 5")), "{rest:?}");
    // Followers keep nobody from ending.
    served.stop();
}

#[test]
fn health_is_proven_by_writing_and_costs_no_room() {
    let served = Remembered::new().serve();
    let healthy = || {
        let heard = served.send("GET", "/healthz", &[], "");
        assert_eq!((heard.status, heard.json()["status"].as_str()), (200, Some("ok")));
    };
    let journal = || {
        let metrics = served.send_local("GET", "/metrics", &[], "").body;
        let line =
            metrics.lines().find(|line| line.starts_with("lichen_journal_durable ")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let before = journal();
    healthy();
    assert!(journal() > before, "something was written");
    let once = journal();
    for _ in 0..20 {
        healthy();
    }
    assert_eq!(journal(), once, "not each time it is asked");
    for _ in 0..20 {
        served.place.clock.advance(1000);
        healthy();
    }
    settled(&served);
    let place = served.stop();
    let ask = Ask::Sql(serde_json::from_str(
        r#"{"query":"SELECT count(*) FROM ingest_progress WHERE source = 'health'","format":"csv"}"#,
    ).unwrap());
    let rows = place.local().ask(&ask, Shape::Text).unwrap().body;
    assert_eq!(rows.lines().nth(1), Some("1"));
}
