//! Files that grow, are cut, rewritten, rotated and deleted.

use std::time::{Duration, SystemTime};

use lichen_server::feed::Tail;

use crate::place::{Place, lines, names, numbered};

/// What happens to a file.
enum Step {
    Append(String),
    /// In place: the same file with other content.
    Rewrite(String),
    Rename(&'static str),
    Copy(&'static str),
    /// Writes to the file that has this name.
    AppendTo(&'static str, String),
    Remove,
    /// The follower looks.
    Look,
    /// The program ends and starts again.
    Restart,
}

use Step::{Append, AppendTo, Copy, Look, Remove, Rename, Restart, Rewrite};

const FILE: &str = "chat.jsonl";

fn look(place: &Place, tail: &mut Tail) {
    while let Some(mut batch) = place.live.read(|reader| Ok(tail.next(reader))).unwrap().unwrap() {
        let problems = batch.problems.drain(..).map(|problem| problem.to_string());
        place.heard.problems.lock().unwrap().extend(problems);
        place.live.append(batch).unwrap();
    }
}

/// The texts that are there in the end, and what was wrong.
fn play(steps: Vec<Step>) -> (Vec<String>, Vec<String>) {
    let mut place = Place::new();
    let begin = |place: &Place| {
        let file = place.file(FILE);
        let position = place.progress(&file.source());
        Tail::new(file, position)
    };
    let mut tail = begin(&place);
    let mut rewrites = 0;
    for step in steps {
        match step {
            Append(text) => place.append(FILE, &text),
            Rewrite(text) => {
                place.write(FILE, &text);
                // Two writes within one tick of the file system's clock could not be told apart.
                let file = fs_err::OpenOptions::new().append(true).open(place.path(FILE)).unwrap();
                rewrites += 1;
                let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000 + rewrites);
                file.into_parts().0.set_modified(at).unwrap();
            }
            Rename(to) => fs_err::rename(place.path(FILE), place.path(to)).unwrap(),
            Copy(to) => drop(fs_err::copy(place.path(FILE), place.path(to)).unwrap()),
            AppendTo(name, text) => place.append(name, &text),
            Remove => fs_err::remove_file(place.path(FILE)).unwrap(),
            Look => look(&place, &mut tail),
            Restart => {
                drop(tail);
                place = place.restart();
                tail = begin(&place);
            }
        }
    }
    // A file that has lost its name is looked at once more before the next one.
    for _ in 0..3 {
        look(&place, &mut tail);
    }
    let texts = place.texts("s");
    let problems = place.heard.problems.lock().unwrap().clone();
    (texts, problems)
}

#[test]
fn whatever_happens_to_a_file_its_lines_are_read_once_and_whole() {
    let half = || numbered(3)[..20].to_owned();
    let rest = || numbered(3)[20..].to_owned() + "\n";
    let cases: Vec<(&str, Vec<Step>, Vec<String>)> = vec![
        ("it is not there yet", vec![Look, Append(lines(1..3)), Look], names(1..3)),
        (
            "a line is written in two parts",
            vec![Append(lines(1..3)), Append(half()), Look, Append(rest()), Look],
            names(1..4),
        ),
        (
            "a restart between the parts of a line",
            vec![Append(lines(1..3) + &half()), Look, Restart, Append(rest())],
            names(1..4),
        ),
        ("nothing happens", vec![Append(lines(1..3)), Look, Look, Restart, Look], names(1..3)),
        (
            "it is cut to nothing and written again",
            vec![Append(lines(1..5)), Look, Rewrite(String::new()), Look, Append(lines(5..7))],
            names(1..7),
        ),
        (
            "it is cut and longer at the next look",
            vec![Append(lines(1..3)), Look, Rewrite(lines(3..9))],
            names(1..9),
        ),
        (
            "it is cut while nobody looks",
            vec![Append(lines(1..5)), Look, Restart, Rewrite(lines(5..7))],
            names(1..7),
        ),
        (
            "it is rewritten with as many bytes",
            vec![Append(lines(1..3)), Look, Rewrite(lines(3..5))],
            names(1..5),
        ),
        (
            "it is renamed, all read",
            vec![Append(lines(1..3)), Look, Rename("chat.jsonl.1"), Look, Append(lines(3..5))],
            names(1..5),
        ),
        (
            "it is renamed with a rest",
            vec![
                Append(lines(1..3)),
                Look,
                Append(lines(3..5)),
                Rename("chat.jsonl.1"),
                Append(lines(5..7)),
            ],
            names(1..7),
        ),
        (
            "its writer goes on after the rename",
            vec![
                Append(lines(1..3)),
                Look,
                Rename("chat.jsonl.1"),
                Look,
                AppendTo("chat.jsonl.1", lines(3..5)),
                Append(lines(5..7)),
            ],
            names(1..7),
        ),
        (
            "its writer ends its line after the new one is there",
            vec![
                Append(lines(1..3)),
                Look,
                Rename("other"),
                AppendTo("other", half()),
                Append(lines(4..5)),
                Look,
                AppendTo("other", rest()),
            ],
            names(1..5),
        ),
        (
            "it is renamed to anything",
            vec![
                Append(lines(1..3)),
                Look,
                Append(lines(3..5)),
                Rename("gone"),
                Append(lines(5..6)),
            ],
            names(1..6),
        ),
        (
            "it is renamed twice",
            vec![
                Append(lines(1..3)),
                Look,
                Append(lines(3..4)),
                Rename("chat.jsonl.1"),
                Append(lines(4..5)),
                Look,
                Look,
                Look,
                Rename("chat.jsonl.1"),
                Append(lines(5..6)),
            ],
            names(1..6),
        ),
        (
            "it is renamed with a rest while nobody looks",
            vec![
                Append(lines(1..3)),
                Look,
                Restart,
                Append(lines(3..5)),
                Rename("chat-2026.jsonl"),
                Append(lines(5..7)),
            ],
            names(1..7),
        ),
        (
            "it is renamed while nobody looks and none has come",
            vec![
                Append(lines(1..3)),
                Look,
                Restart,
                Rename("chat.jsonl.1"),
                Look,
                Append(lines(3..5)),
            ],
            names(1..5),
        ),
        (
            "it is copied and cut, all read",
            vec![Append(lines(1..3)), Look, Copy("chat.jsonl.1"), Rewrite(lines(3..4))],
            names(1..4),
        ),
        (
            "it is copied and cut with a rest",
            vec![
                Append(lines(1..3)),
                Look,
                Append(lines(3..9)),
                Copy("chat.jsonl.1"),
                Rewrite(lines(9..11)),
            ],
            names(1..11),
        ),
        (
            "it is copied and cut while nobody looks",
            vec![
                Append(lines(1..3)),
                Look,
                Restart,
                Append(lines(3..9)),
                Copy("chat.jsonl.1"),
                Rewrite(lines(9..11)),
            ],
            names(1..11),
        ),
        (
            "it is deleted and made again",
            vec![Append(lines(1..3)), Look, Remove, Look, Append(lines(3..5))],
            names(1..5),
        ),
        (
            "it is deleted with a rest",
            vec![Append(lines(1..3)), Look, Append(lines(3..5)), Remove, Look, Append(lines(5..6))],
            names(1..6),
        ),
        (
            "it is deleted and made again while nobody looks",
            vec![Append(lines(1..3)), Look, Restart, Remove, Append(lines(3..5))],
            names(1..5),
        ),
        (
            "the same is written again",
            vec![
                Append(lines(1..5)),
                Look,
                Remove,
                Append(lines(1..5)),
                Look,
                Rewrite(lines(1..5)),
            ],
            names(1..5),
        ),
        (
            "late lines come",
            vec![Append(lines([1, 5, 9])), Look, Append(lines([7, 3])), Look],
            names([1, 3, 5, 7, 9]),
        ),
    ];
    for (what, steps, expected) in cases {
        assert_eq!(play(steps), (expected, Vec::new()), "{what}");
    }
}

#[test]
fn a_file_may_grow_byte_by_byte() {
    let text = lines(1..4);
    let steps = text.chars().flat_map(|byte| [Append(byte.to_string()), Look]);
    assert_eq!(play(steps.collect()), (names(1..4), Vec::new()));
}

#[test]
fn replies_and_equal_lines_have_one_identity_however_often_it_is_looked() {
    let reply = r#"{"id":"r","stream":"s","time":1700000009,"reply_to":"1","text":"yes"}"#;
    let equal = r#"{"stream":"s","author":"Bo","time":1700000010,"text":"ok"}"#;
    let text = format!("{}{reply}\n{equal}\n{equal}\n{equal}\n", lines(1..3));
    let facts = |cuts: &[usize]| {
        let place = Place::new();
        let mut tail = Tail::new(place.file(FILE), None);
        let mut from = 0;
        for &cut in cuts.iter().chain([&text.len()]) {
            place.append(FILE, &text[from..cut]);
            look(&place, &mut tail);
            from = cut;
        }
        place.facts()
    };
    let whole = facts(&[]);
    assert_eq!(whole.len(), 6);
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    assert_eq!(facts(&ends), whole);
}
