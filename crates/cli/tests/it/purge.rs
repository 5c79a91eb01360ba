//! Words that no rule knows, planted by every way into a store and purged: no byte on disk keeps one, everything else
//! stays, and taking the same sources in again brings nothing back.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Place, Ran};

/// A word of syllables by `number`: nothing that a rule would take for a key.
fn word(number: u64) -> String {
    let mut state = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut syllables = |count: usize| -> String {
        (0..count)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let place = |from: u32, len: u64| usize::try_from((state >> from) % len).unwrap();
                let letters = [b"bdfgklmnprstvz"[place(33, 14)], b"aeiou"[place(43, 5)]];
                letters.map(char::from).iter().collect::<String>()
            })
            .collect()
    };
    match number % 4 {
        0 => format!("{} {}", syllables(4), syllables(3)),
        1 => format!("{}\"{}", syllables(3), syllables(4)),
        2 => format!("{}é{}", syllables(4), syllables(3)),
        _ => syllables(7),
    }
}

/// Every form in which a program might write `word`.
fn forms(word: &str) -> Vec<Vec<u8>> {
    let quoted = serde_json::to_string(word).unwrap();
    vec![
        word.as_bytes().to_vec(),
        quoted.as_bytes()[1..quoted.len() - 1].to_vec(),
        word.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        word.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ]
}

/// Which of `words` stand in any file below `folder`, in any form.
fn kept(folder: &Path, words: &[String]) -> Vec<String> {
    let forms: Vec<(usize, Vec<u8>)> = words
        .iter()
        .enumerate()
        .flat_map(|(at, word)| forms(word).into_iter().map(move |form| (at, form)))
        .collect();
    let mut starts: std::collections::HashMap<[u8; 4], Vec<usize>> =
        std::collections::HashMap::new();
    for (place, (_, form)) in forms.iter().enumerate() {
        starts.entry(form[..4].try_into().unwrap()).or_default().push(place);
    }
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs_err::read(&path).unwrap();
            for (at, window) in bytes.windows(4).enumerate() {
                for &place in starts.get(window).into_iter().flatten() {
                    if bytes[at..].starts_with(&forms[place].1) {
                        found.push(format!("{} in {}", words[forms[place].0], path.display()));
                    }
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// A place with words planted everywhere.
struct Planted {
    place: Place,
    words: Vec<String>,
}

impl Planted {
    fn word(&mut self) -> String {
        let word = word(self.words.len() as u64);
        self.words.push(word.clone());
        word
    }

    fn new() -> Self {
        let mut planted = Self { place: Place::new(), words: Vec::new() };
        planted.documents();
        planted.conversations();
        planted.session();
        planted
    }

    fn documents(&mut self) {
        for number in 0..80 {
            let quoted = |word: String| serde_json::to_string(&word).unwrap();
            let text = format!(
                "---\ntitle: {}\ntags: [page, {}]\nowner: {}\n---\n\n# Page {number} of {}\n\nIt is {} here.\n\n{}\n\nThe end of page {number}, by {}.\n",
                quoted(self.word()),
                quoted(self.word()),
                quoted(self.word()),
                self.word(),
                self.word(),
                format!("A calm sentence of page {number}. ").repeat(30),
                self.word(),
            );
            self.place.write(&format!("repo/docs/page-{number}.md"), &text);
            let code = format!(
                "/// Opens door {number}: {}.\nfn door{number}() {{\n    // {}\n    knock({:?});\n}}\n",
                self.word(),
                self.word(),
                self.word(),
            );
            self.place.write(&format!("repo/src/door{number}.rs"), &code);
        }
        for number in 0..4 {
            let (subject, body) = (self.word(), self.word());
            self.place.write("repo/count.txt", &format!("commit {number}\n"));
            self.place.commit(
                &format!("Step {number} for {subject}\n\nBecause of {body}, as said.\n"),
                1_700_400_000 + number,
            );
        }
    }

    fn conversations(&mut self) {
        let mut lines = String::new();
        for number in 0..60 {
            let line = json!({
                "id": if number % 2 == 0 { number.to_string() } else { String::new() },
                "stream": "ops", "author": "Bo", "time": 1_700_000_000 + number,
                "text": format!("take {} for number {number}\nand {}", self.word(), self.word()),
                "note": {"deep": [self.word()]},
                "tags": [self.word()],
                "tools": [{
                    "tool": "Bash", "command": format!("login {}", self.word()),
                    "patch": format!("--- a\n+++ b\n+{}\n", self.word()),
                    "input": {"token": self.word(), "n": number},
                    "paths": [format!("src/{}.rs", self.word())],
                }],
            });
            writeln!(lines, "{line}").unwrap();
        }
        // An edit of the first, an answer to the second.
        let edit = json!({"id": "0", "stream": "ops", "author": "Bo", "time": 1_700_000_000, "text": format!("better: {}", self.word())});
        let answer = json!({"id": "a", "reply_to": "2", "stream": "ops", "author": "Cleo", "time": 1_700_000_100, "text": format!("no, {}", self.word())});
        writeln!(lines, "{edit}\n{answer}").unwrap();
        self.place.write("ops.jsonl", &lines);
        let mut chat = String::from("13/01/2024, 10:00 - Ann: hello\n");
        for number in 10..50 {
            writeln!(
                chat,
                "13/01/2024, 10:{number} - Bo: it is {}\nand that is {number}",
                self.word()
            )
            .unwrap();
        }
        self.place.write("WhatsApp Chat with Bo.txt", &chat);
    }

    fn session(&mut self) {
        let cwd = self.place.root();
        let mut lines = String::new();
        for number in 0..40 {
            let mut line = |kind: &str, role: &str, suffix: &str, content: Value| {
                let line = json!({
                    "type": kind, "uuid": format!("p{number}{suffix}"), "parentUuid": null, "sessionId": "planted", "cwd": cwd,
                    "timestamp": format!("2024-02-02T09:{number:02}:0{}.000Z", suffix.len()),
                    "message": {"role": role, "content": content},
                });
                writeln!(lines, "{line}").unwrap();
            };
            line("user", "user", "", json!(format!("Why {}?", self.word())));
            line(
                "assistant",
                "assistant",
                "a",
                json!([
                    {"type": "thinking", "thinking": format!("perhaps {}", self.word())},
                    {"type": "text", "text": format!("Because of {}.", self.word())},
                    {"type": "tool_use", "id": format!("t{number}"), "name": "Edit", "input": {
                        "file_path": cwd.join("src/dry.rs"), "old_string": self.word(), "new_string": format!("{}\nx", self.word())}},
                    {"type": "tool_use", "id": format!("b{number}"), "name": "Bash", "input": {
                        "command": format!("{}{}", "echo a long line; ".repeat(10), self.word())}},
                ]),
            );
            line(
                "user",
                "user",
                "ab",
                json!([{"type": "tool_result", "tool_use_id": format!("b{number}"), "content": format!("out: {}", self.word())}]),
            );
        }
        self.place.write("home/.claude/projects/moss/planted.jsonl", &lines);
    }

    /// Takes everything in; what it says about new facts.
    fn ingest(&self, folder: &str) -> Vec<Value> {
        let mut said = vec![self.place.json(&["ingest"])];
        for name in ["ops.jsonl", "WhatsApp Chat with Bo.txt"] {
            let path = self.place.path(&format!("{folder}{name}"));
            said.push(self.place.json(&["ingest", path.to_str().unwrap()]));
        }
        said
    }

    fn store(&self) -> std::path::PathBuf {
        self.place.root().join(".lichen")
    }
}

fn list(place: &Place, words: &[String]) -> String {
    place.write("words.txt", &(words.join("\n") + "\n"));
    place.path("words.txt").to_str().unwrap().to_owned()
}

/// What a few questions are answered, and what nobody purged is found first.
fn answers(place: &Place) -> Vec<String> {
    let questions = [
        ("fast drying cracked the husks", "cracked the husks"),
        ("why do we divide by three", "divide by three"),
        ("where do the jars stand in the cellar", "Jars stand in the cellar"),
        ("calm sentence of page 7", "calm sentence of page"),
    ];
    let ask = |(question, wanted): (&str, &str)| {
        let answer = place.json(&["recall", question, "-n", "5"]);
        let hits = answer["hits"].as_array().unwrap();
        assert!(hits[0]["snippet"].as_str().unwrap().contains(wanted), "{question}: {}", hits[0]);
        let hits = hits.iter().map(|hit| format!("{} {}", hit["id"], hit["score"]));
        hits.collect::<Vec<_>>().join("\n")
    };
    questions.map(ask).to_vec()
}

#[test]
fn no_byte_on_disk_keeps_a_purged_word() {
    let planted = Planted::new();
    planted.ingest("");
    let words = planted.words.clone();
    assert!(words.len() > 1000, "{}", words.len());
    let place = &planted.place;
    let store = planted.store();
    let before = kept(&store, &words);
    assert!(before.len() > 500, "the test can fail: {}", before.len());
    answers(place);
    let counts = place.json(&["status"])["counts"].clone();
    let file = list(place, &words);
    // What would change is told, and nothing changes.
    let plan = place.json(&["purge", "--from", &file, "--dry-run", "--yes"]);
    assert_eq!(plan["done"], false);
    assert!(plan["changed"].as_array().unwrap().len() > 400, "{plan}");
    assert_eq!(kept(&store, &words), before);
    let asked = place.run_with_code(2, &["purge", "--from", &file]);
    assert!(asked.err.contains("--yes") && asked.err.contains("--dry-run"), "{}", asked.err);

    fs_err::create_dir_all(store.join("damaged")).unwrap();
    fs_err::write(store.join("damaged/journal-7-0"), format!("\0{}\0", words[3])).unwrap();
    fs_err::write(store.join("damaged/record-9"), "something else").unwrap();
    let purged = place.json(&["purge", "--from", &file, "--yes"]);
    assert_eq!(kept(&store, &words), Vec::<String>::new());
    assert_eq!(purged["done"], true);
    assert_eq!(purged["left"], json!([]));
    assert_eq!(purged["removed"], json!(["damaged/journal-7-0"]));
    assert!(store.join("damaged/record-9").exists());
    assert!(
        purged["found"].as_array().unwrap().iter().all(|found| found.as_u64() > Some(0)),
        "{purged}"
    );
    assert_eq!(
        purged["changed"].as_array().unwrap().len(),
        plan["changed"].as_array().unwrap().len()
    );

    // Doctor names what a damage left until somebody removes it.
    assert!(place.run(&["doctor"]).contains("record-9"));
    fs_err::remove_file(store.join("damaged/record-9")).unwrap();
    let healthy = place.run(&["doctor"]);
    assert!(healthy.contains("healthy"), "{healthy}");
    assert_eq!(place.json(&["status"])["counts"], counts);
    let answered = answers(place);
    let recalled = place.run(&["recall", "--in", "doc", "page 7 here"]);
    assert!(recalled.contains("<redacted:purged:") && !recalled.contains("stale"), "{recalled}");

    // Read again, as files that have never been read: nothing is new, nothing comes back.
    let facts = place.facts("repo/.lichen");
    for name in ["ops.jsonl", "WhatsApp Chat with Bo.txt"] {
        place.write(&format!("again/{name}"), &fs_err::read_to_string(place.path(name)).unwrap());
    }
    for entry in fs_err::read_dir(place.root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        fs_err::write(&path, fs_err::read(&path).unwrap()).unwrap();
    }
    for said in planted.ingest("again/") {
        let new = ["commits", "documents", "messages"].map(|kind| said[kind].as_u64().unwrap());
        assert_eq!(new, [0, 0, 0], "{said}");
    }
    assert_eq!(kept(&store, &words), Vec::<String>::new());
    assert_eq!(place.facts("repo/.lichen"), facts);
    place.run(&["index", "rebuild"]);
    assert_eq!(answers(place), answered);
    assert_eq!(kept(&store, &words), Vec::<String>::new());

    // A word that comes in new is not stored either.
    let late = json!({"id": "late", "stream": "ops", "author": "Bo", "time": 1_700_009_999, "text": format!("once more {}", words[700])});
    place.write("late.jsonl", &format!("{late}\n"));
    let said = place.json(&["ingest", place.path("late.jsonl").to_str().unwrap()]);
    assert_eq!(said["messages"], 1);
    assert_eq!(kept(&store, &words), Vec::<String>::new());
}

#[test]
fn what_cannot_be_purged_is_told() {
    let place = Place::new();
    place.run(&["ingest"]);
    place.run(&["ingest", place.path("chat.jsonl").to_str().unwrap()]);
    let nowhere = place.run_with_code(4, &["purge", "--text", "tumilo-karebanu"]);
    assert!(nowhere.err.contains("was found"), "{}", nowhere.err);
    let short = place.run_with_code(2, &["purge", "--text", "bean"]);
    assert!(short.err.contains("text 1") && short.err.contains("6 bytes"), "{}", short.err);
    let nothing = place.run_with_code(2, &["purge", "--from", &list(&place, &[])]);
    assert!(nothing.err.contains("--from"), "{}", nothing.err);
    let held = place.run_with_code(2, &["purge", "--text", "<redacted:purged:01234567> x"]);
    assert!(held.err.contains("placeholder"), "{}", held.err);
    // A name stays, and is told; what was said goes.
    place.write("kitchen.jsonl", "{\"id\":\"9\",\"stream\":\"kitchen\",\"author\":\"Wilhelmina\",\"time\":1704200000,\"text\":\"I am Wilhelmina.\"}\n");
    place.run(&["ingest", place.path("kitchen.jsonl").to_str().unwrap()]);
    let left = place.run_with_code(1, &["purge", "--text", "Wilhelmina"]);
    assert!(left.out.contains("stays: messages.author in 1 row"), "{}", left.out);
    let said = "SELECT text FROM messages WHERE author = 'Wilhelmina'";
    let said = place.json(&["sql", said])["rows"][0]["text"].as_str().unwrap().to_owned();
    assert!(said.starts_with("I am <redacted:purged:"), "{said}");
    assert!(place.run(&["doctor"]).contains("healthy"));
}

#[test]
fn copies_of_old_failures_are_looked_through_too() {
    let place = Place::new();
    place.run(&["ingest"]);
    let calm = place.json(&["purge", "--again"]);
    assert_eq!((&calm["done"], &calm["changed"]), (&json!(false), &json!([])));
    let text = place.run(&["purge", "--text", "Jars stand in the cellar", "--dry-run"]);
    assert!(text.contains("would change: 1 document version(s)"), "{text}");
    let word = word(7);
    let damaged = place.root().join(".lichen/damaged");
    fs_err::create_dir_all(&damaged).unwrap();
    fs_err::write(damaged.join("record-1"), forms(&word).pop().unwrap()).unwrap();
    fs_err::write(place.root().join(".lichen/notes.txt"), &word).unwrap();
    let found = Ran::from(place.command(&["--json", "purge", "--text", &word]).output().unwrap());
    assert_eq!(found.code, Some(1), "{}", found.err);
    let found: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!(found["removed"], json!(["damaged/record-1"]));
    assert_eq!(found["left"][0]["place"], "file notes.txt");
}
