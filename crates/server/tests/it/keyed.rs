//! Keys: what they see, until when, and what is kept of them.

use lichen_server::ask::{Ask, RotateKeyAsk};
use lichen_server::{Memory as _, Shape};
use serde_json::json;

use crate::served::{NOW, Remembered, Served, bearer, settled};

/// Words of a stream that the keys of these tests do not see.
const CANARIES: [&str; 3] = ["canary", "cellar", "canarysecret"];

fn id(key: &str) -> &str {
    &key["lichen_".len()..][..8]
}

#[test]
fn streams_of_others_are_in_no_answer() {
    let served = Remembered::new().serve();
    let (all, limited) =
        (served.key(&["read", "write"], &[]), served.key(&["read", "write"], &["kitch*", "own"]));
    let claim =
        json!({ "consumer": "c", "by": "count", "size": "9", "idle": "0s", "stream": "cellar" });
    let foreign = served.post(&all, "/v1/runs", &claim).json();
    let tail = served.get(&all, "/v1/streams/cellar/messages").json();
    let message = tail["messages"][0]["id"].as_str().unwrap().to_owned();
    let stream = served.get(&all, "/v1/streams/cellar").json()["id"].as_str().unwrap().to_owned();
    let (run, window) = (&foreign["run"]["id"], &foreign["window"]["id"]);
    let (run, window) = (run.as_str().unwrap(), window.as_str().unwrap());
    let short: String = format!("m{}", &message[message.len() - 6..]);
    let targets = [
        "/v1/recall?query=canary".to_owned(),
        "/v1/recall?query=canarysecret+sings&in=chat&limit=1000".to_owned(),
        "/v1/recall?query=canary&stream=cellar".to_owned(),
        "/v1/recall?query=dry&path=src".to_owned(),
        format!("/v1/get?ids={message}"),
        format!("/v1/get?ids={short}"),
        format!("/v1/get?ids={stream}"),
        format!("/v1/get?ids={run}"),
        format!("/v1/get?ids={window}"),
        "/v1/at?file=src/dry.rs&symbol=dry".to_owned(),
        "/v1/at?file=src/dry.rs&symbol=dry&sha=HEAD".to_owned(),
        "/v1/at?file=src/dry.rs".to_owned(),
        "/v1/history?of=dry&diff=true".to_owned(),
        "/v1/blame?file=src/dry.rs".to_owned(),
        "/v1/symbols".to_owned(),
        "/v1/review?range=HEAD~1..HEAD".to_owned(),
        "/v1/streams".to_owned(),
        "/v1/streams/cellar".to_owned(),
        format!("/v1/streams/{stream}"),
        "/v1/streams/cellar/messages".to_owned(),
        "/v1/streams/cellar/windows".to_owned(),
        "/v1/streams/cellar/windows/0".to_owned(),
        "/v1/streams/cellar/events".to_owned(),
        format!("/v1/windows/{run}"),
        format!("/v1/windows/{window}"),
        "/v1/runs".to_owned(),
        "/v1/runs?consumer=c".to_owned(),
        "/v1/documents".to_owned(),
        "/v1/status".to_owned(),
        "/metrics".to_owned(),
    ];
    let mut seen = 0;
    for target in &targets {
        for accept in ["application/json", "text/plain"] {
            let lines = [bearer(&limited), format!("Accept: {accept}")];
            let heard = served.send("GET", target, &lines, "");
            // What was asked for may come back in a refusal; nothing else may.
            let said = heard.body.replace("called `cellar`", "").replace(&stream, "");
            for word in CANARIES {
                assert!(!said.contains(word), "{target}: {}", heard.body);
            }
            if !target.contains("events") {
                let whole = served.send("GET", target, &[bearer(&all), lines[1].clone()], "");
                seen += CANARIES.iter().filter(|word| whole.body.contains(**word)).count();
            }
        }
    }
    assert!(seen > 20, "the canaries are where they are looked for: {seen}");
    for absent in ["m000000", "x000000", "w000000"] {
        let foreign = match &absent[..1] {
            "m" => &message,
            "x" => run,
            _ => window,
        };
        let get = |id: &str| served.get(&limited, &format!("/v1/get?ids={id}"));
        let (one, other) = (get(foreign), get(absent));
        assert_eq!(one.status, other.status);
        assert_eq!(one.body.replace(foreign, "?"), other.body.replace(absent, "?"));
    }
    let none =
        json!({ "consumer": "c", "by": "count", "size": "9", "idle": "0s", "stream": "cellar" });
    assert_eq!(served.post(&limited, "/v1/runs", &none).status, 404);
    assert_eq!(served.post(&limited, &format!("/v1/runs/{run}/fail"), &json!({})).status, 404);
    let next = json!({ "consumer": "d", "by": "count", "size": "9", "idle": "0s" });
    let mine = served.post(&limited, "/v1/runs", &next).json();
    assert_eq!(mine["stream"], "kitchen");
    assert_eq!(served.post(&limited, "/v1/runs", &next).status, 204);
    counts_tell_nothing(&served, &limited);
    writes_stay_within(&served, &limited);
}

/// What a key of the kitchen hears is what it would hear were there no other streams, to the last digit of a score.
#[test]
fn other_streams_change_nothing_of_what_a_limited_key_hears() {
    let line = |id: u32, stream: &str, author: &str, time: u32, text: &str| {
        json!({ "id": id.to_string(), "stream": stream, "author": author, "time": time, "text": text })
            .to_string()
            + "\n"
    };
    let kitchen = [
        ("Bo", "How warm may `dry` be for the beans?"),
        ("Cleo", "Never above forty, src/dry.rs says so."),
        ("Bo", "And the moss: dry it slowly, beans or not?"),
        ("Cleo", "Slowly. Moss that is dried too fast is lost for the beans."),
    ];
    let kitchen: String = (1..)
        .zip(kitchen)
        .map(|(id, (author, text))| line(id, "kitchen", author, 1_700_000_000 + id, text))
        .collect();
    // Rare words of the kitchen are common in the cellar, where somebody speaks who is called like a word, in another year.
    let cellar: String = (100..140)
        .map(|id| {
            line(id, "cellar", "Moss", 1_100_000_000 + id, "forty beans, moss: src/dry.rs:2 `dry`")
        })
        .collect();
    let whole = Remembered::of(&format!("{kitchen}{cellar}"));
    whole.take_in("session.jsonl", SESSION);
    let (whole, alone) = (whole.serve(), Remembered::of(&kitchen).serve());
    let key = |served: &Served| served.key(&["read"], &["kitchen"]);
    let (limited, there, all) = (key(&whole), key(&alone), whole.key(&["read"], &[]));
    let mut other = 0;
    for target in [
        "/v1/recall?query=how+warm+for+beans",
        "/v1/recall?query=Moss+dried+fast&limit=1000",
        "/v1/recall?query=dry+beans+in+2004",
        "/v1/recall?query=%22src/dry.rs+says%22&in=chat",
        "/v1/recall?query=dry+slowly&path=src",
        "/v1/recall?query=beans&as_of=HEAD~1",
        "/v1/at?file=src/dry.rs&line=2",
        "/v1/at?file=src/dry.rs",
        "/v1/history?of=dry",
        "/v1/blame?file=src/dry.rs",
        "/v1/review?range=HEAD~2..HEAD~1",
        "/v1/links?of=dry",
        "/v1/streams",
        "/v1/documents",
        "/v1/runs",
    ] {
        let (one, two) = (whole.get(&limited, target), alone.get(&there, target));
        assert_eq!((one.status, &one.body), (two.status, &two.body), "{target}");
        other += usize::from(whole.get(&all, target).body != one.body);
    }
    assert!(other > 8, "there is something to be seen: {other}");
}

#[test]
fn what_a_tool_was_told_in_another_stream_is_not_told() {
    let place = Remembered::new();
    place.take_in("session.jsonl", SESSION);
    let served = place.serve();
    let (all, limited) = (served.key(&["read"], &[]), served.key(&["read"], &["kitchen"]));
    let ask = Ask::Sql(
        serde_json::from_value(
            json!({ "query": "SELECT id_text('t', tool_call_id) AS id FROM tool_calls" }),
        )
        .unwrap(),
    );
    let calls = served.client().ask(&ask, Shape::Json).unwrap().body;
    let calls: serde_json::Value = serde_json::from_str(&calls).unwrap();
    let call = calls["rows"][0]["id"].as_str().unwrap().to_owned();
    let mut seen = 0;
    for target in [
        "/v1/at?file=src/dry.rs",
        "/v1/at?file=src/dry.rs&line=2",
        "/v1/history?of=dry",
        "/v1/blame?file=src/dry.rs",
        "/v1/review?range=HEAD~2..HEAD~1",
        "/v1/links?of=dry",
        "/v1/recall?query=canarycall",
    ] {
        seen += usize::from(served.get(&all, target).body.contains("canarycall"));
        let heard = served.get(&limited, target);
        assert!(heard.status == 200 && !heard.body.contains("canarycall"), "{target}: {heard:?}");
    }
    assert!(seen > 0, "it is told to who may see it");
    for target in [format!("/v1/links?of={call}"), format!("/v1/get?ids={call}")] {
        assert_ne!(served.get(&all, &target).status, 404, "{target}");
        let heard = served.get(&limited, &target);
        let absent = served.get(&limited, &target.replace(&call, "t000000"));
        assert_eq!(heard.status, 404, "{target}");
        assert_eq!(heard.body.replace(&call, "?"), absent.body.replace("t000000", "?"));
    }
}

/// An agent's session that looks at code.
const SESSION: &str = r#"{"type":"user","uuid":"u1","parentUuid":null,"sessionId":"s1","timestamp":"2024-02-01T09:00:00.000Z","message":{"role":"user","content":"Look at it."}}
{"type":"assistant","uuid":"u2","parentUuid":"u1","sessionId":"s1","timestamp":"2024-02-01T09:00:05.000Z","message":{"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"sed -n 2p src/dry.rs:2 # canarycall of `dry`"}}]}}
"#;

fn counts_tell_nothing(served: &Served, limited: &str) {
    let status = served.get(limited, "/v1/status").json();
    assert_eq!(
        (&status["counts"]["streams"], &status["counts"]["messages"]),
        (&json!(1), &json!(2))
    );
    assert!(
        status["sizes"].as_object().unwrap().is_empty()
            && status["counts"].get("passages").is_none()
    );
    let passages = |key: &str| {
        let answer = served.get(key, "/v1/recall?query=dry").json();
        answer["scope"]["passages"].as_u64().unwrap()
    };
    let all = served.key(&["read"], &[]);
    assert_eq!(passages(limited) + 1, passages(&all), "the passage of the canary is not counted");
}

fn writes_stay_within(served: &Served, limited: &str) {
    let send = |stream: &str| {
        let line = json!({ "id": "1", "stream": stream, "time": 1_700_000_000, "text": "mine" });
        served.post(limited, "/v1/messages", &line).status
    };
    assert_eq!((send("own"), send("cellar"), send("kitchenware")), (200, 403, 200));
    settled(served);
    let all = served.key(&["read"], &[]);
    let cellar = served.get(&all, "/v1/streams/cellar/messages").json();
    assert_eq!(cellar["messages"].as_array().unwrap().len(), 1);
    assert_eq!(
        served.get(limited, "/v1/streams/own/messages").json()["messages"][0]["text"],
        "mine"
    );
}

#[test]
fn a_key_is_in_use_until_it_is_revoked_expires_or_is_rotated() {
    let served = Remembered::new().serve();
    let works = |served: &Served, key: &str| served.get(key, "/v1/status").status == 200;
    let key = served.key(&["read"], &[]);
    assert!(works(&served, &key));
    let mut client = served.client();
    served.place.clock.advance(1);
    let rotate = RotateKeyAsk { overlap: "1h".to_owned(), expires: Some("2d".to_owned()) };
    let new = client.ask(&Ask::RotateKey(id(&key).to_owned(), rotate), Shape::Text).unwrap().body;
    assert!(works(&served, &key) && works(&served, &new), "both work for a while");
    served.place.clock.advance(3_600_000);
    assert!(!works(&served, &key) && works(&served, &new));
    client.ask(&Ask::RevokeKey(id(&new).to_owned()), Shape::Text).unwrap();
    assert!(!works(&served, &new), "from the next request on");
    let admin = served.key(&["admin"], &[]);
    served.place.clock.advance(1);
    let made = served.post(
        &admin,
        "/v1/keys",
        &json!({ "name": "short", "scopes": ["read"], "expires": "1m" }),
    );
    let short = made.json()["key"].as_str().unwrap().to_owned();
    assert!(works(&served, &short));
    served.place.clock.advance(60_000);
    assert!(!works(&served, &short));
    let place = served.stop();
    // All of it is the store's, and not the server's.
    let mut local = place.local();
    let keys = local.ask(&Ask::Keys, Shape::Json).unwrap().body;
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    let states: Vec<&str> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["expired", "revoked", "active", "expired"]);
    assert_eq!(keys["keys"][1]["replaces"], id(&key));
    assert!(keys["keys"][0]["used_at"].is_string());
    let audit = local.ask(&Ask::Audit, Shape::Text).unwrap().body;
    let lines: Vec<String> = audit
        .lines()
        .rev()
        .map(|line| line.split("  ").skip(1).map(str::trim).collect::<Vec<_>>().join(" "))
        .collect();
    let (first, second, third, fourth) = (id(&key), id(&new), id(&admin), id(&short));
    assert_eq!(
        lines,
        [
            format!("key.create {first} local"),
            format!("key.rotate {first} local"),
            format!("key.revoke {second} local"),
            format!("key.create {third} local"),
            format!("key.create {fourth} {third}"),
        ]
    );
    drop(local);
    let served = place.serve();
    assert!(!works(&served, &new) && !works(&served, &key), "nor after a restart");
}

#[test]
fn no_file_of_the_store_holds_a_key() {
    let served = Remembered::new().serve();
    let key = served.key(&["read"], &[]);
    served.get(&key, "/v1/status");
    let place = served.stop();
    let secret = &key.as_bytes()[16..80];
    let mut folders = vec![place.dir()];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs_err::read(&path).unwrap();
            read += bytes.len();
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{}", path.display());
        }
    }
    assert!(read > 100_000 && NOW > 0);
}
