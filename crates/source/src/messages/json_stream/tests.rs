//! Documents read value by value, whole, cut and damaged.

use std::io::{BufReader, Cursor};

use super::*;

/// Everything a document holds, containers entered down to a depth, read through a buffer of few bytes.
fn flat(document: &str, buffer: usize, depth: usize) -> Vec<String> {
    let input = BufReader::with_capacity(buffer, Cursor::new(document.to_owned()));
    let mut stream = JsonStream::new(input, 20);
    let mut found = Vec::new();
    if let Err(Fault::Damaged(what)) = walk(&mut stream, depth, &mut found) {
        found.push(format!("! {what}"));
    }
    found
}

fn walk(
    stream: &mut JsonStream<impl BufRead>,
    depth: usize,
    found: &mut Vec<String>,
) -> Result<()> {
    if depth == 0 || stream.begin()? == Begin::Scalar {
        let mut value = Vec::new();
        let whole = stream.value(&mut value)?;
        found.push(if whole { String::from_utf8(value).unwrap() } else { "too long".to_owned() });
        return Ok(());
    }
    stream.enter()?;
    loop {
        match stream.next()? {
            Next::End => return Ok(()),
            Next::Key(key) => found.push(format!("{key}:")),
            Next::Item => {}
        }
        walk(stream, depth - 1, found)?;
    }
}

#[test]
fn values_come_one_by_one() {
    let document = " \n{\"a\": [1, {\"x\":\"]}\\\"\"} ,[ ] ],\"b\\n\":null,\"c\":\"0123456789012345678901\",\"d\":-1.5e3}";
    for buffer in [1, 2, 7, 4096] {
        assert_eq!(
            flat(document, buffer, 2),
            [
                "a:",
                "1",
                "{\"x\":\"]}\\\"\"}",
                "[ ]",
                "b\n:",
                "null",
                "c:",
                "too long",
                "d:",
                "-1.5e3"
            ]
        );
    }
    assert_eq!(flat("\u{feff}[true]", 1, 1), ["true"]);
    assert_eq!(flat("12", 1, 1), ["12"]);
}

#[test]
fn what_stands_before_damage_is_kept() {
    assert_eq!(
        flat("[1,2,{\"a\":", 4, 1),
        ["1", "2", "! ends in the middle of a value at byte 10"]
    );
    assert_eq!(flat("[1 2]", 4, 1), ["1", "! lacks a comma at byte 3"]);
    assert_eq!(flat("{1:2}", 4, 1), ["! lacks a name at byte 1"]);
    assert_eq!(
        flat("{\"a\" 2}", 4, 1),
        ["a:"][1..].iter().chain(&["! lacks a colon at byte 5"]).copied().collect::<Vec<_>>()
    );
    assert_eq!(flat("[1,}", 4, 1), ["1", "! is no JSON value at byte 3"]);
    assert_eq!(flat("", 4, 1), ["! ends in the middle at byte 0"]);
    let deep = "[".repeat(40);
    assert_eq!(flat(&deep, 4, 40), ["! is nested too deeply at byte 16"]);
}
