//! `lichen serve`: other commands use it and print what they print without it; it ends whole, or is killed and missed by nobody.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::harness::Place;
use crate::watching::Running;

/// Commands that answer the same whoever owns the store.
const READING: [&[&str]; 14] = [
    &["status", "--json"],
    &["recall", "how warm may the oven be"],
    &["recall", "jars cellar", "--in", "doc", "--json"],
    &["at", "src/dry.rs:3"],
    &["at", "src/dry.rs:3", "--json"],
    &["history", "dry", "--diff"],
    &["blame", "src/dry.rs", "--json"],
    &["symbols", "--path", "src"],
    &["review", "HEAD~2..HEAD", "--format", "markdown"],
    &["stream", "list"],
    &["stream", "tail", "kitchen", "-n", "2", "--json"],
    &["window", "list", "--stream", "kitchen", "--by", "count", "--size", "1"],
    &["sql", "SELECT name FROM streams ORDER BY name"],
    &["doctor"],
];

fn remembering() -> Place {
    let place = Place::new();
    place.run(&["ingest"]);
    place.run(&["ingest", place.path("chat.jsonl").to_str().unwrap()]);
    place
}

fn answers(place: &Place) -> Vec<(String, String)> {
    let answer = |arguments: &&[&str]| {
        let ran = place.run_with_code(0, arguments);
        let out = ran.out;
        // How large files are changes with every opening.
        let sizes = out.find("\"sizes\"").unwrap_or(out.len());
        (out[..sizes].to_owned(), ran.err)
    };
    READING.iter().map(answer).collect()
}

fn serve(place: &Place) -> Running {
    let mut owner = Running::new(place, &["serve"]);
    owner.wait("serving");
    owner
}

#[test]
fn commands_print_the_same_with_an_owner_and_without() {
    let place = remembering();
    let alone = answers(&place);
    let owner = serve(&place);
    for ((one, other), arguments) in alone.iter().zip(answers(&place)).zip(READING) {
        assert_eq!(*one, other, "{arguments:?}");
    }
    let missing = ["get", "m000000"];
    let served = place.run_with_code(4, &missing);
    // What changes something goes to the owner, too.
    let next = ["window", "next", "--consumer", "c", "--idle", "0s", "--json"];
    let claimed: serde_json::Value = serde_json::from_str(&place.run(&next)).unwrap();
    let run = claimed["run"]["id"].as_str().unwrap();
    assert!(place.run(&["window", "done", run]).contains("done"));
    assert_eq!(owner.terminate(), Some(0));
    assert_eq!(place.run_with_code(4, &missing).err, served.err);
    assert!(place.run(&["window", "runs"]).contains("done"), "it is in the store");
}

#[test]
fn odd_paths_are_asked_as_they_are_whoever_owns_the_store() {
    let place = Place::new();
    let latin = place.root().join(OsStr::from_bytes(b"src/caf\xE9.rs"));
    fs_err::write(latin, "/// Brews.\npub fn brew() {}\n").unwrap();
    place.write("repo/src/a,b.rs", "pub fn comma() {}\n");
    place.commit("Add a brewer", 1_700_300_000);
    place.run(&["ingest"]);
    let ask = || {
        let answer = |command: &str, asked: &[u8]| {
            let output = place.command(&[command]).arg(OsStr::from_bytes(asked)).output().unwrap();
            assert!(output.status.success(), "{command}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        [
            answer("at", b"src/caf\xE9.rs:2"),
            answer("history", b"src/caf\xE9.rs:2"),
            answer("blame", b"src/caf\xE9.rs"),
            answer("get", b"HEAD:src/a,b.rs"),
        ]
    };
    let alone = ask();
    for (said, word) in alone.iter().zip(["brew", "brew", "brew", "comma"]) {
        assert!(said.contains(word), "{said}");
    }
    let owner = serve(&place);
    assert_eq!(ask(), alone);
    assert_eq!(owner.terminate(), Some(0));
}

#[test]
fn a_second_owner_and_an_ingest_are_told_of_the_first() {
    let place = remembering();
    let owner = serve(&place);
    let second = place.run_with_code(5, &["serve"]);
    assert!(
        second.err.contains("served already") && second.err.contains("hint:"),
        "{}",
        second.err
    );
    let ingest = place.run_with_code(5, &["ingest", "--wait", "0"]);
    assert!(ingest.err.contains("lichen serve"), "{}", ingest.err);
    assert_eq!(owner.terminate(), Some(0));
    place.run(&["ingest"]);
}

#[test]
fn an_owner_that_is_killed_is_missed_by_nobody() {
    let place = remembering();
    let alone = answers(&place);
    for _ in 0..3 {
        let owner = serve(&place);
        place.run(&["status"]);
        owner.kill();
        assert!(place.root().join(".lichen/run/owner.sock").exists(), "it left its socket behind");
        let name = place.run(&["recall", "how warm may the oven be"]);
        assert!(name.contains("oven"));
    }
    let owner = serve(&place);
    for ((one, other), arguments) in alone.iter().zip(answers(&place)).zip(READING) {
        assert_eq!(one.0, other.0, "{arguments:?}");
    }
    assert_eq!(owner.terminate(), Some(0));
}

#[test]
fn other_machines_need_a_wish_of_their_own() {
    let place = Place::new();
    let ran = place.run_with_code(2, &["serve", "--listen", "0.0.0.0:0"]);
    assert!(ran.err.contains("--expose"), "{}", ran.err);
}

#[test]
fn keys_are_made_listed_and_revoked() {
    let place = remembering();
    let owner = serve(&place);
    let made = place.json(&[
        "key",
        "create",
        "editor",
        "--scope",
        "read,write",
        "--stream",
        "a-*",
        "--expires",
        "90d",
    ]);
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("lichen_") && made["scopes"] == serde_json::json!(["read", "write"]));
    let id = made["id"].as_str().unwrap();
    let ran = place.run_with_code(0, &["key", "rotate", id, "--overlap", "1h"]);
    assert!(ran.out.starts_with("lichen_") && ran.err.contains("only time"), "{}", ran.err);
    assert!(place.run(&["key", "revoke", id]).contains("revoked"));
    assert_eq!(owner.terminate(), Some(0));
    let list = place.run(&["key", "list"]);
    assert!(list.contains("editor") && list.contains("revoked") && !list.contains(key), "{list}");
    assert!(place.run(&["key", "log"]).contains("key.rotate"));
    place.run_with_code(4, &["key", "revoke", id]);
    place.run_with_code(2, &["key", "create", "x"]);
}
