//! Streams and their windows, from the shell.

use serde_json::Value;

use crate::harness::Place;

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A stream of twelve messages of which one comes late, one is edited and one is large.
pub(crate) fn garden() -> Place {
    let place = Place::new();
    let line = |number: u32, text: &str| {
        let time = 1_700_000_000 + number * 60;
        format!(
            "{{\"id\":\"{number}\",\"stream\":\"garden\",\"author\":\"Bo\",\"time\":{time},\"text\":\"{text}\"}}\n"
        )
    };
    let first: String =
        (0..10).filter(|&number| number != 4).map(|number| line(number, "ten bytes!")).collect();
    place.write("first.jsonl", &(first + &line(10, &"é".repeat(40))));
    place.write("late.jsonl", &(line(4, "I am late.") + &line(7, "an edited text")));
    for name in ["first.jsonl", "late.jsonl"] {
        place.run(&["ingest", place.path(name).to_str().unwrap()]);
    }
    place
}

#[test]
fn streams_are_listed_shown_and_tailed() {
    let place = garden();
    let listed = json(&place.run(&["--json", "stream", "list"]));
    let streams = listed["streams"].as_array().unwrap();
    let garden = streams.iter().find(|stream| stream["name"] == "garden").unwrap();
    assert_eq!(garden["messages"], 11);
    let id = garden["id"].as_str().unwrap();
    assert_eq!(json(&place.run(&["--json", "stream", "show", id]))["name"], "garden");
    let tail = json(&place.run(&["--json", "stream", "tail", "garden", "-n", "4"]));
    let texts: Vec<&str> = tail["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["an edited text", "ten bytes!", "ten bytes!", &"é".repeat(40)]);
    let refused = place.command(&["stream", "show", "nowhere"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("lichen stream list"));
}

#[test]
fn windows_hold_whole_messages_and_parts_of_large_ones() {
    let place = garden();
    let cut = ["--stream", "garden", "--by", "bytes", "--size", "32"];
    let list = |more: &[&str]| {
        let arguments: Vec<&str> =
            ["--json", "window", "list"].iter().chain(&cut).chain(more).copied().collect();
        json(&place.run(&arguments))["windows"].as_array().unwrap().clone()
    };
    let windows = list(&[]);
    assert!(windows.iter().all(|window| window["size"].as_u64().unwrap() <= 32));
    let mut whole = String::new();
    let mut seen = Vec::new();
    for (number, window) in windows.iter().enumerate() {
        let number = number.to_string();
        let arguments: Vec<&str> =
            ["--json", "window", "show", &number].iter().chain(&cut).copied().collect();
        let shown = json(&place.run(&arguments));
        for message in shown["messages"].as_array().unwrap() {
            let text = message["text"].as_str().unwrap();
            if window["part"].is_null() {
                seen.push(text.to_owned());
            } else {
                whole += text;
            }
        }
    }
    assert_eq!(whole, "é".repeat(40), "the parts of the large message");
    assert_eq!(seen.len(), 10);
    assert_eq!(seen[4], "I am late.");
    assert_eq!(seen[7], "an edited text");
    assert!(list(&["--overlap", "50%"]).len() > windows.len());
    for (by, size) in [("tokens", "20"), ("count", "3"), ("time", "5m")] {
        let arguments =
            ["--json", "window", "list", "--stream", "garden", "--by", by, "--size", size];
        let windows = json(&place.run(&arguments))["windows"].as_array().unwrap().len();
        assert!((3..12).contains(&windows), "by {by}: {windows}");
    }
    let xml = place.run(&[
        "window", "show", "0", "--stream", "garden", "--by", "count", "--size", "2", "--format",
        "prompt",
    ]);
    assert_eq!(xml.matches("</message>").count(), 2, "{xml}");
}

#[test]
fn a_document_is_cut_between_lines() {
    let place = garden();
    place.run(&["ingest"]);
    let cut = ["--document", "README.md", "--by", "bytes", "--size", "30"];
    let arguments: Vec<&str> = ["--json", "window", "list"].iter().chain(&cut).copied().collect();
    let windows = json(&place.run(&arguments))["windows"].as_array().unwrap().len();
    let text: String = (0..windows)
        .map(|number| {
            let number = number.to_string();
            let arguments: Vec<&str> =
                ["--json", "window", "show", &number].iter().chain(&cut).copied().collect();
            json(&place.run(&arguments))["text"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(text, fs_err::read_to_string(place.root().join("README.md")).unwrap());
    let refused = place
        .command(&["window", "list", "--document", "README.md", "--by", "time", "--size", "1d"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a document has no times"));
    for wrong in [["--size", "0"], ["--size", "many"], ["--overlap", "100%"], ["--overlap", "x"]] {
        let arguments: Vec<&str> =
            ["window", "list", "--stream", "garden"].iter().chain(&wrong).copied().collect();
        let refused = place.command(&arguments).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
    }
}
