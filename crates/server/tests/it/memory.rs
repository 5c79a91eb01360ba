//! The same asks of a store that is open here and of one that is served: the same answers, to the letter.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use lichen_server::ask::{
    Ask, AtAsk, BlameAsk, CutAsk, DocumentAsk, FormatAsk, HistoryAsk, RunEnd, StreamAsk, TailAsk,
    path_text,
};
use lichen_server::{Error, Memory, Reply, Shape, Verdict};

use crate::served::Remembered;

fn query<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_html_form::from_str(text).unwrap()
}

fn body<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn stream(name: &str) -> StreamAsk {
    StreamAsk { stream: name.to_owned() }
}

/// A path that is not UTF-8, with this behind it.
fn latin(behind: &str) -> String {
    let bytes = [&b"src/caf\xE9.rs"[..], behind.as_bytes()].concat();
    path_text(Path::new(OsStr::from_bytes(&bytes)))
}

/// A day in the life of a memory: each ask in both shapes, in this order.
fn script() -> Vec<Ask> {
    let cut: CutAsk = query("by=count&size=1");
    let format: FormatAsk = query("format=prompt");
    let readme = || DocumentAsk { path: "README.md".to_owned() };
    vec![
        Ask::Recall(query("query=why+dry+slowly")),
        Ask::Recall(query("query=beans&in=chat&stream=kitchen&limit=1&budget=300")),
        Ask::Recall(query("query=x&where=a%3Db&where=c%3Dd&since=2020-01-01&until=2026-01-01")),
        Ask::Recall(query("query=%21%21")),
        Ask::Recall(query("query=a&in=nothing")),
        Ask::Recall(query("query=a&limit=0")),
        Ask::Recall(query("query=a&since=yesterday")),
        Ask::Get(query("ids=m000000")),
        Ask::Get(query("ids=%26")),
        Ask::Get(query("ids=")),
        Ask::At(query("file=src/dry.rs&line=3")),
        Ask::At(query("file=src/dry.rs&symbol=dry&sha=HEAD~1")),
        Ask::At(query("file=src/dry.rs&line=900")),
        Ask::At(query("file=src/wet.rs")),
        Ask::At(AtAsk { file: latin(""), ..query("file=&line=2") }),
        Ask::History(HistoryAsk { of: latin(":2"), ..query("of=") }),
        Ask::Blame(BlameAsk { file: latin(""), ..query("file=") }),
        Ask::At(query("file=out/secret.rs&line=1")),
        Ask::At(query("file=/etc/passwd")),
        Ask::At(query("file=src/../../../../../../etc/passwd")),
        Ask::History(query("of=dry&diff=true")),
        Ask::History(query("of=nothing")),
        Ask::History(query("of=src/dry.rs")),
        Ask::Blame(query("file=src/dry.rs&first=1&last=2")),
        Ask::Blame(query("file=../x")),
        Ask::Symbols(query("kinds=function&path=src")),
        Ask::Symbols(query("kinds=nothing")),
        Ask::Symbols(query("changed_since=HEAD~2&limit=1")),
        Ask::Review(query("range=HEAD~2..HEAD")),
        Ask::Review(query("range=HEAD~2..HEAD&format=markdown")),
        Ask::Review(query("range=HEAD")),
        Ask::Streams(query("")),
        Ask::Streams(query("limit=1")),
        Ask::Streams(query("cursor=nothing")),
        Ask::Stream(stream("kitchen")),
        Ask::Stream(stream("a/b?c d%")),
        Ask::Tail(stream("kitchen"), query("last=1")),
        Ask::Windows(stream("kitchen"), cut.clone()),
        Ask::Windows(stream("kitchen"), query("by=nothing")),
        Ask::Window(stream("kitchen"), 1, cut.clone(), format),
        Ask::Window(stream("kitchen"), 9, cut.clone(), format),
        Ask::DocumentWindows(readme(), cut.clone()),
        Ask::DocumentWindow(readme(), 0, cut),
        Ask::Documents(query("limit=1")),
        Ask::Documents(query("path=src")),
        Ask::Runs(query("")),
        Ask::Claim(body(r#"{"consumer":"c","by":"count","size":"1","idle":"0s"}"#), format),
        Ask::Claim(
            body(r#"{"consumer":"c","by":"count","size":"2","stream":"cellar","idle":"0s"}"#),
            format,
        ),
        Ask::Claim(body(r#"{"consumer":" "}"#), format),
        Ask::Runs(query("consumer=c&limit=1")),
        Ask::Runs(query("consumer=nobody")),
        Ask::EndRun("x000000".to_owned(), RunEnd::Done),
        Ask::Claim(body(r#"{"consumer":"c","stream":"cellar","by":"count","size":"9"}"#), format),
        Ask::Sql(body(
            r#"{"query":"SELECT stream_id, name FROM streams ORDER BY name","format":"csv"}"#,
        )),
        Ask::Sql(body(r#"{"query":"SELECT * FROM read_text('/etc/passwd')"}"#)),
        Ask::Sql(body(r#"{"query":"DROP TABLE messages"}"#)),
        Ask::Sql(body(r#"{"query":"SELECT 1","timeout":-1}"#)),
        Ask::Doctor(body("{}")),
        Ask::Keys,
        Ask::CreateKey(body(r#"{"name":"x","scopes":["everything"]}"#)),
        Ask::RotateKey("00000000".to_owned(), body("{}")),
        Ask::RevokeKey("00000000".to_owned()),
        Ask::Audit,
    ]
}

/// What came of an ask, as a person or a program sees it.
fn seen(asked: Result<Reply, Error>) -> String {
    match asked {
        Ok(reply) => format!("{:?} {:?}\n{}", reply.verdict, reply.notes, reply.body),
        Err(error) => format!("{:?} {error} {:?}", error.kind(), error.hint()),
    }
}

fn run(memory: &mut dyn Memory) -> Vec<String> {
    let mut all = Vec::new();
    for ask in script() {
        for shape in [Shape::Json, Shape::Text] {
            all.push(format!("{ask:?}\n{}", seen(memory.ask(&ask, shape))));
        }
    }
    // A run as it is claimed, to its end.
    let claim = r#"{"consumer":"d","by":"count","size":"1","stream":"kitchen"}"#;
    for end in [
        RunEnd::Done,
        RunEnd::Fail(body(r#"{"reason":"why & \"how\""}"#)),
        RunEnd::Split(body("{}")),
    ] {
        let claimed = memory.ask(&Ask::Claim(body(claim), FormatAsk::default()), Shape::Json);
        let claimed = claimed.unwrap();
        if claimed.verdict == Verdict::Nothing {
            all.push(seen(Ok(claimed)));
            continue;
        }
        let json: serde_json::Value = serde_json::from_str(&claimed.body).unwrap();
        let run = json["run"]["id"].as_str().unwrap().to_owned();
        all.push(seen(
            memory.ask(&Ask::ClaimedWindow(run.clone(), FormatAsk::default()), Shape::Text),
        ));
        for shape in [Shape::Text, Shape::Json] {
            all.push(seen(memory.ask(&Ask::EndRun(run.clone(), end.clone()), shape)));
        }
    }
    for (lines, key) in [
        (
            r#"{"id":"9","stream":"attic","author":"Eve","time":1700000009,"text":"moss on the roof"}"#,
            Some("k"),
        ),
        (
            r#"{"id":"9","stream":"attic","author":"Eve","time":1700000009,"text":"moss on the roof"}"#,
            Some("k"),
        ),
        (
            "{\"id\":\"10\",\"stream\":\"attic\",\"text\":\"more\",\"time\":1700000010}\nwhat\n",
            None,
        ),
    ] {
        all.push(format!("{:?}", memory.append(lines.as_bytes(), key).unwrap()));
    }
    all
}

#[test]
fn an_open_store_and_a_served_one_answer_alike() {
    let (here, there) = (Remembered::new(), Remembered::new());
    let mut local = here.local();
    let served = there.serve();
    let (one, other) = (run(&mut local), run(&mut served.client()));
    assert_eq!(one.len(), other.len());
    for (one, other) in one.iter().zip(&other) {
        assert_eq!(one, other);
    }
    let all = one.join("\n");
    assert!(all.contains("Dry slowly") && all.contains("Never above forty"), "{all}");
    assert!(all.matches("Brews.").count() >= 2 && all.matches("brew").count() > 6, "{all}");
    for refused in [
        "`/etc/passwd` does not exist",
        "`out/secret.rs` does not exist",
        "no symbol is called `nothing`",
        "is no measure",
    ] {
        assert!(all.contains(refused), "{refused}");
    }
    let place = served.stop();
    // What was acknowledged over the socket is there when the store is opened again.
    let tail = Ask::Tail(stream("attic"), TailAsk { last: 5 });
    let text = place.local().ask(&tail, Shape::Text).unwrap().body;
    assert!(text.contains("moss on the roof") && text.contains("more"), "{text}");
    assert_eq!(local.ask(&tail, Shape::Text).unwrap().body, text);
}
