//! GitHub and GitLab: issues, requests, comments and reviews as their APIs tell them.

use lichen_model::{Batch, Message, Role};
use lichen_source::messages::{self, Source};

use crate::message_files::{
    append, file, fixture, from, joined, mutate, problems, read, read_source, source, texts,
};

const GITHUB: [&str; 5] =
    ["issues.json", "pulls.json", "comments.ndjson", "reviews.json", "review-comments.json"];
const GITLAB: [&str; 2] = ["project.ndjson", "discussions.json"];

fn github(name: &str) -> Batch {
    read("github", &fixture("github").join(name))
}

fn streams(batch: &Batch) -> Vec<(&str, &str)> {
    batch.streams.iter().map(|one| (one.name.as_str(), one.title.as_str())).collect()
}

fn of<'a>(batch: &'a Batch, external: &str) -> &'a Message {
    batch.messages.iter().find(|message| message.external_id == external).unwrap()
}

#[test]
fn forges_are_told_by_their_first_object() {
    for (format, names) in [("github", &GITHUB[..]), ("gitlab", &GITLAB[..])] {
        for name in names {
            let path = fixture(format).join(name);
            assert_eq!(messages::sniff(&path).unwrap().name, format, "{name}");
            assert_eq!(problems(&read(format, &path)), [""; 0], "{name}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let chat = r#"{"id":1,"user":"ann","html_url":"x","body":"{\"issue_url\":1}","time":1}"#;
    assert_eq!(messages::sniff(&file(&folder, "x.jsonl", chat)).unwrap().name, "jsonl");
}

#[test]
fn issues_and_pull_requests() {
    let batch = github("issues.json");
    let expected =
        [("moss/lichen#12", "Crash on an empty file"), ("moss/lichen#13", "Read empty files")];
    assert_eq!(streams(&batch), expected);
    let issue = of(&batch, "#12");
    assert_eq!((issue.author.as_str(), issue.role), ("ann", Role::User));
    assert_eq!(issue.text, "It crashes:\r\n\r\n```\n{\"a\": [}\n```");
    for part in [
        r#""kind":"issue""#,
        r#""state":"closed""#,
        r#""labels":["bug","help wanted"]"#,
        r#""state_reason":"completed""#,
        r#"{"count":2,"emoji":"+1"}"#,
        r#"{"count":1,"emoji":"heart"}"#,
    ] {
        assert!(issue.meta.contains(part), "{part}: {}", issue.meta);
    }
    assert!(!issue.meta.contains("edited_at"), "any comment updates an issue");
    let pulled = of(&batch, "#13");
    assert!(pulled.meta.contains(r#""merged":true"#), "{}", pulled.meta);
    let pull = github("pulls.json");
    assert_eq!(pull.messages[0].id, pulled.id, "told as an issue and as a request");
    assert_eq!((pull.messages[0].author.as_str(), texts(&pull)), ("bea", vec!["Closes #12"]));
}

#[test]
fn comments_and_reviews() {
    let batch = github("comments.ndjson");
    assert_eq!(streams(&batch), [("moss/lichen#12", ""), ("moss/lichen#13", "")]);
    let [first, second] = &batch.messages[..] else { panic!("{:?}", texts(&batch)) };
    assert!(first.meta.contains(r#""edited_at":"2024-01-02T11:05:00Z""#), "{}", first.meta);
    assert!(!second.meta.contains("edited_at"), "{}", second.meta);
    let review = &github("reviews.json").messages[0];
    assert!(review.meta.contains(r#""state":"CHANGES_REQUESTED""#), "{}", review.meta);
    assert_eq!(review.external_id, "pullrequestreview-80");

    let batch = github("review-comments.json");
    assert_eq!(streams(&batch), [("moss/lichen#13", "")]);
    let (first, second) = (of(&batch, "discussion_r10"), of(&batch, "discussion_r11"));
    assert_eq!(second.reply_to, Some(first.id));
    let meta: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&first.meta).unwrap();
    assert_eq!((&meta["path"], &meta["side"]), (&"src/read.rs".into(), &"RIGHT".into()));
    assert_eq!((&meta["start_line"], &meta["line"]), (&1.into(), &2.into()));
    assert_eq!(meta["original_commit_id"], "9c48853fa3dc5c1c3d6f1f1cd1f2743e72652840");
    assert_eq!(meta["diff_hunk"], "@@ -1,2 +1,3 @@\n fn read() {\n+    let a = 1;");
}

#[test]
fn gitlab_notes_join_what_they_are_on() {
    let batch = read("gitlab", &fixture("gitlab/project.ndjson"));
    let expected = [
        ("moss/tools/lichen#4", "Crash on an empty file"),
        ("moss/tools/lichen!4", "Read empty files"),
    ];
    assert_eq!(streams(&batch), expected);
    let issue = of(&batch, "#4");
    assert_eq!(issue.sent.offset_minutes, 60);
    assert!(issue.meta.contains(r#""labels":["bug","parser"]"#), "{}", issue.meta);
    assert!(issue.meta.contains(r#""reactions":[{"count":2,"emoji":"+1"}]"#), "{}", issue.meta);
    assert!(of(&batch, "!4").meta.contains(r#""merged":true"#));
    let (note, notice) = (of(&batch, "note_301"), of(&batch, "note_302"));
    assert_eq!((note.stream, notice.stream), (issue.stream, issue.stream));
    assert_eq!((note.role, notice.role), (Role::User, Role::System));
    assert!(note.meta.contains(r#""edited_at":"2024-01-02T11:05:00.000Z""#), "{}", note.meta);
}

#[test]
fn gitlab_discussions() {
    let batch = read("gitlab", &fixture("gitlab/discussions.json"));
    assert_eq!(streams(&batch), [("77!4", "")]);
    let (first, reply) = (of(&batch, "note_1126"), of(&batch, "note_1129"));
    assert_eq!(reply.reply_to, Some(first.id));
    assert_eq!(of(&batch, "note_1128").reply_to, None);
    let place =
        r#""path":"src/read.rs","line":18,"start_line":16,"side":"RIGHT","commit_id":"cccc""#;
    assert!(first.meta.contains(place), "{}", first.meta);
    assert!(!first.meta.contains("edited_at"), "it was resolved: {}", first.meta);
    let place = r#""path":"src/old.rs","line":9,"side":"LEFT""#;
    assert!(reply.meta.contains(place), "{}", reply.meta);
}

#[test]
fn damaged_objects_are_told_and_the_rest_is_kept() {
    let path = fixture("github/broken.ndjson");
    let batch = read("github", &path);
    assert_eq!(texts(&batch), ["third", "first", "sixth"]);
    let told = problems(&batch);
    let starts = [
        "file: object 2: is a JSON object without an end; skipped",
        "file: object 3: is no issue, pull request, comment or review; skipped",
        "file: object 3: is followed by what is no JSON object",
        "file: object 4: has no time that can be read; taken as 1970",
        "file: object 5: names no issue or pull request; skipped",
        "file: object 6: is no JSON (trailing comma",
        "file: object 8: has no end yet; it is read once it has one",
    ];
    assert_eq!(told.len(), starts.len(), "{told:?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} / {start}");
    }
    assert_eq!(from("github", &path, &batch), Batch::default());

    let batch = read("gitlab", &fixture("gitlab/broken.json"));
    assert_eq!(texts(&batch), ["one", "kept", "last"]);
    assert_eq!(streams(&batch), [("77#4", "Kept")]);
    assert_eq!(
        problems(&batch),
        [
            "file: object 2: is a note on neither an issue nor a merge request; skipped",
            "file: object 3: is a note that names no issue or merge request; skipped",
            "file: object 4: is a JSON object without an end; skipped",
            "file: object 5: is no issue, merge request, note or discussion; skipped",
            "file: object 6: is no issue, merge request, note or discussion; skipped",
        ]
    );

    let batch = read_source(
        "github",
        &Source { line_bytes_max: 400, ..source(&fixture("github/comments.ndjson")) },
    );
    assert_eq!(texts(&batch), ["All green"]);
    assert_eq!(problems(&batch), ["file: object 1: is longer than the limit; skipped"]);
}

#[test]
fn a_file_in_two_parts_gives_what_it_gives_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (format, names) in [("github", &GITHUB[..]), ("gitlab", &GITLAB[..])] {
        for name in names {
            let text = fs_err::read_to_string(fixture(format).join(name)).unwrap();
            let whole = read(format, &file(&folder, &format!("whole/{name}"), &text));
            for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                let path = file(&folder, &format!("cut/{name}"), &text[..cut]);
                let first = read(format, &path);
                append(&path, &text[cut..]);
                let second = from(format, &path, &first);
                let mut both = joined(&first, &second);
                both.sort_by_key(|one| whole.messages.iter().position(|other| other == one));
                assert_eq!(both, whole.messages, "{name} cut at {cut}");
                assert!(from(format, &path, &second).messages.is_empty());
            }
        }
    }
}

#[test]
fn mutated_forges() {
    for name in GITHUB.iter().chain(&["broken.ndjson"]) {
        mutate("github", &fixture("github").join(name));
    }
    for name in GITLAB.iter().chain(&["broken.json"]) {
        mutate("gitlab", &fixture("gitlab").join(name));
    }
}
