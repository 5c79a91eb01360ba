//! Chats and transcripts: files that grow, are rewritten or damaged, and what becomes of each line.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lichen_model::{Batch, PassageKind, Role, StreamKind, Timestamp};
use lichen_source::messages::{self, Field, Mapping, Source};

use crate::read_all;

fn source(path: &Path) -> Source {
    Source { path: path.to_owned(), label: "file".to_owned(), ..Source::default() }
}

fn read_source(format: &str, source: &Source) -> Batch {
    let format = messages::format(format).unwrap();
    read_all(&mut (format.open)(source).unwrap()).0
}

fn read(format: &str, path: &Path) -> Batch {
    read_source(format, &source(path))
}

fn from(format: &str, path: &Path, before: &Batch) -> Batch {
    let position = before.progress.last().map(|progress| progress.position.clone());
    read_source(format, &Source { position, ..source(path) })
}

fn file(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, content).unwrap();
    path
}

fn append(path: &Path, content: &str) {
    use std::io::Write as _;
    std::fs::File::options()
        .append(true)
        .open(path)
        .unwrap()
        .write_all(content.as_bytes())
        .unwrap();
}

fn texts(batch: &Batch) -> Vec<&str> {
    batch.messages.iter().map(|message| message.text.as_str()).collect()
}

fn problems(batch: &Batch) -> Vec<String> {
    batch.problems.iter().map(ToString::to_string).collect()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Facts of both readings together, as a store would keep them.
fn joined(first: &Batch, second: &Batch) -> Vec<lichen_model::Message> {
    [first.messages.clone(), second.messages.clone()].concat()
}

#[test]
fn a_chat_as_jsonl() {
    let batch = read("jsonl", &fixture("chat.jsonl"));
    assert_eq!(problems(&batch), [""; 0]);
    let streams: Vec<_> = batch
        .streams
        .iter()
        .map(|stream| (stream.name.as_str(), stream.title.as_str(), stream.kind))
        .collect();
    assert_eq!(
        streams,
        [("general", "The general talk", StreamKind::Chat), ("ops", "", StreamKind::Chat)]
    );
    assert_eq!(
        texts(&batch),
        ["First!", "An answer\nin two lines", "Third", "Restarted the server."]
    );
    let answer = &batch.messages[1];
    assert_eq!(answer.reply_to, Some(batch.messages[0].id));
    assert_eq!((answer.author.as_str(), answer.external_id.as_str()), ("bea", "2"));
    assert_eq!((answer.sent.at, answer.sent.offset_minutes), (Timestamp(1_700_000_060_500), 60));
    assert_eq!(answer.meta, r#"{"reactions":["+1", "eyes"],"edited":true}"#);
    let tags: Vec<_> = batch.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(tags, ["release", "plan"]);
    let contexts: Vec<_> =
        batch.passages.iter().map(|passage| (passage.kind, passage.context.as_str())).collect();
    assert_eq!(contexts, ["ann", "bea", "ann", "cy"].map(|author| (PassageKind::Chat, author)));
}

#[test]
fn names_by_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"{"ts":"1700000000.000100","user":{"name":"ann","team":1},"body":{"text":"hello","html":"<b>hello</b>"},"channel":7}"#;
    let path = file(&folder, "slack.jsonl", format!("{line}\n"));
    let mapping = Mapping::default()
        .with(Field::Id, "ts")
        .with(Field::Time, "ts")
        .with(Field::Author, "user")
        .with(Field::Text, "body.text")
        .with(Field::Stream, "channel");
    assert_eq!(
        mapping,
        "id=ts, time=ts,author=user,text=body.text,stream=channel".parse().unwrap()
    );
    let batch = read_source("jsonl", &Source { mapping, ..source(&path) });
    assert_eq!(problems(&batch), [""; 0]);
    let message = &batch.messages[0];
    assert_eq!(
        (message.external_id.as_str(), message.author.as_str(), message.text.as_str()),
        ("1700000000.000100", "ann", "hello")
    );
    assert_eq!(message.sent.at, Timestamp(1_700_000_000_000));
    assert_eq!(message.meta, r#"{"body":{"html":"<b>hello</b>"}}"#);
    assert_eq!(batch.streams[0].name, "7");
    assert!("text=".parse::<Mapping>().is_err() && "words=x".parse::<Mapping>().is_err());
}

#[test]
fn roles_and_tools_make_an_agents_session() {
    let folder = tempfile::tempdir().unwrap();
    let lines = concat!(
        r#"{"id":1,"role":"user","time":1700000000,"text":"Fix it"}"#,
        "\n",
        r#"{"id":2,"role":"assistant","time":1700000001,"text":"","reply_to":1,"tools":[{"id":"t","tool":"Edit","paths":["src/a.rs"],"command":"make","patch":"-a\n+b","input":{"x": 1}}]}"#,
        "\n",
        r#"{"id":3,"role":"wizard","time":1700000002,"text":"Who?"}"#,
        "\n",
    );
    let batch = read("jsonl", &file(&folder, "session-9.jsonl", lines));
    assert_eq!(problems(&batch), [""; 0]);
    assert_eq!(
        (batch.streams[0].name.as_str(), batch.streams[0].kind),
        ("session-9", StreamKind::Agent)
    );
    let call = &batch.messages[1].tool_calls[0];
    assert_eq!(
        (call.tool.as_str(), call.external_id.as_str(), call.input.as_str()),
        ("Edit", "t", r#"{"x": 1}"#)
    );
    assert_eq!((call.command.as_deref(), call.patch.as_deref()), (Some("make"), Some("-a\n+b")));
    assert_eq!(batch.messages[1].role, Role::Assistant);
    assert_eq!(
        (batch.messages[2].role, batch.messages[2].meta.as_str()),
        (Role::User, r#"{"role":"wizard"}"#)
    );
    let passages: Vec<_> = batch
        .passages
        .iter()
        .map(|passage| (passage.span.len(), passage.context.as_str()))
        .collect();
    assert_eq!(passages, [(6, "user"), (0, "assistant\nEdit\nmake\nsrc/a.rs"), (4, "user")]);
    assert!(batch.passages.iter().all(|passage| passage.kind == PassageKind::Agent));
}

#[test]
fn damaged_lines_are_told_and_the_rest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut content =
        b"\xEF\xBB\xBF{\"id\":\"1\",\"time\":1,\"text\":\"after a mark\"}\r\n\r\n".to_vec();
    content.extend_from_slice(b"{\"id\":\"2\",\"time\":2,\"text\":\"caf\xe9\"}\n");
    content.extend_from_slice(
        b"not json\n[1]\n{\"id\":\"3\",\"time\":3}\n{\"id\":\"4\",\"text\":\"no time\"}\n",
    );
    content.extend_from_slice(b"{\"id\":\"5\",\"time\":\"soon\",\"text\":\"bad time\"}\n");
    content.extend_from_slice(b"{\"id\":\"1\",\"time\":1,\"text\":\"the same id again\"}\n");
    content.extend_from_slice(b"{\"id\":\"6\",\"time\":6,\"text\":\"half \\ud83d pair\"}\n");
    content.extend_from_slice(
        format!("{{\"id\":\"7\",\"time\":7,\"text\":\"{}\"}}\n", "x".repeat(500)).as_bytes(),
    );
    content.extend_from_slice(b"{\"id\":\"8\",\"time\":8,\"text\":\"last\"}\n");
    let path = file(&folder, "damaged.jsonl", content);
    let batch = read_source("jsonl", &Source { line_bytes_max: 400, ..source(&path) });
    let mut found = texts(&batch);
    found.sort_unstable();
    assert_eq!(
        found,
        ["after a mark", "bad time", "caf\u{fffd}", "half \u{fffd} pair", "last", "no time"]
    );
    let told = problems(&batch);
    let starts = [
        "file: line 3: is not UTF-8",
        "file: line 4: is no JSON object",
        "file: line 5: is no JSON object",
        "file: line 6: has no text under `text`; skipped",
        "file: line 7: has no time under `time`; taken as 1970",
        "file: line 8: has a time that cannot be read: \"soon\"; taken as 1970",
        "file: line 9: id came before",
        "file: line 11: is longer than the limit; skipped",
    ];
    assert_eq!(told.len(), starts.len(), "{told:?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told} / {start}");
    }
}

#[test]
fn one_fault_in_every_line_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "x.jsonl", "oops\n".repeat(1_000));
    let batch = read("jsonl", &path);
    assert_eq!(batch.problems.len(), 11);
    assert_eq!(problems(&batch)[10], "file: is no JSON object (990 more like it)");
    assert_eq!(batch.progress.len(), 1, "what was skipped is not read again");
}

#[test]
fn messages_without_ids() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"{"stream":"s","author":"ann","time":5,"text":"+1"}"#;
    let path = file(&folder, "x.jsonl", format!("{line}\n{line}\n"));
    let first = read("jsonl", &path);
    assert_eq!(first.messages.len(), 2);
    assert_ne!(first.messages[0].id, first.messages[1].id);
    append(&path, &format!("{line}\n"));
    let second = from("jsonl", &path, &first);
    let whole = read("jsonl", &path);
    assert_eq!(
        joined(&first, &second),
        whole.messages,
        "a file in two parts gives what it gives at once"
    );
}

#[test]
fn a_growing_file_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        |at: u32| format!(r#"{{"id":"{at}","time":{at},"text":"text {at}","reply_to":"1"}}"#);
    let path = file(&folder, "x.jsonl", format!("{}\n{}\n{}", line(1), line(2), &line(3)[..20]));
    let first = read("jsonl", &path);
    assert_eq!((texts(&first), first.problems.len()), (vec!["text 1", "text 2"], 0));
    // Nothing has changed yet: the half line is neither read nor told.
    assert_eq!(from("jsonl", &path, &first), Batch::default());
    append(&path, &line(3)[20..]);
    let second = from("jsonl", &path, &first);
    assert_eq!(texts(&second), ["text 3"], "a whole object without a line end is read");
    append(&path, &format!("\n{}\n", line(4)));
    let third = from("jsonl", &path, &second);
    assert_eq!(texts(&third), ["text 4"]);
    assert_eq!(
        third.messages[0].reply_to,
        Some(first.messages[0].id),
        "the line it answers stands far before"
    );
    assert_eq!(from("jsonl", &path, &third), Batch::default());
}

#[test]
fn a_rewritten_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "x.jsonl", "{\"id\":\"1\",\"time\":1,\"text\":\"old\"}\n");
    let first = read("jsonl", &path);
    fs_err::write(
        &path,
        "{\"id\":\"1\",\"time\":1,\"text\":\"new\"}\n{\"id\":\"2\",\"time\":2,\"text\":\"more\"}\n",
    )
    .unwrap();
    assert_eq!(texts(&from("jsonl", &path, &first)), ["new", "more"]);
    fs_err::write(&path, "{}\n").unwrap();
    assert_eq!(from("jsonl", &path, &first).problems.len(), 1, "a shorter file is another file");
}

#[test]
fn batches_are_bounded_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut content = String::new();
    for at in 0..45_000_u32 {
        let time = 1_700_000_000 - (at * 7919) % 1000;
        writeln!(
            content,
            "{{\"id\":\"{at}\",\"stream\":\"s{}\",\"time\":{time},\"text\":\"t\"}}",
            at % 3
        )
        .unwrap();
    }
    let path = file(&folder, "x.jsonl", content);
    let format = messages::format("jsonl").unwrap();
    let mut reader = (format.open)(&source(&path)).unwrap();
    let first = reader.next_batch().unwrap().unwrap();
    assert_eq!((first.messages.len(), first.streams.len()), (20_000, 3));
    let order: Vec<_> = first
        .messages
        .iter()
        .map(|message| {
            (
                first.streams.iter().position(|stream| stream.id == message.stream).unwrap(),
                message.sent.at,
            )
        })
        .collect();
    assert!(order.is_sorted());
    drop(reader);
    let rest = from("jsonl", &path, &first);
    assert_eq!(rest.messages.len(), 25_000);
}

#[test]
fn formats_are_told_by_their_heads() {
    let folder = tempfile::tempdir().unwrap();
    let format = |path: &Path| messages::sniff(path).map(|format| format.name);
    assert_eq!(format(&fixture("chat.jsonl")).unwrap(), "jsonl");
    assert_eq!(
        format(&fixture(
            "claude/projects/-home-ann-toy/5e551015-0000-4000-8000-000000000001.jsonl"
        ))
        .unwrap(),
        "claude-code"
    );
    let other = file(&folder, "x.bin", b"\0\0");
    let error = format(&other).unwrap_err().to_string();
    assert!(
        error.ends_with("is in no known format of messages; known are: claude-code, jsonl"),
        "{error}"
    );
    assert!(format(&folder.path().join("absent.jsonl")).is_err());
}

const SESSION: &str = "claude/projects/-home-ann-toy/5e551015-0000-4000-8000-000000000001.jsonl";

fn session() -> Batch {
    let source =
        Source { repo_roots: vec![PathBuf::from("/home/ann/toy")], ..source(&fixture(SESSION)) };
    read_source("claude-code", &source)
}

#[test]
fn a_claude_code_session() {
    let batch = session();
    assert_eq!(
        problems(&batch),
        ["file: line 19: has lines of unknown types, skipped: 1 of `from-the-future`"]
    );
    assert_eq!(batch.streams.len(), 1);
    let stream = &batch.streams[0];
    assert_eq!(
        (stream.source.as_str(), stream.name.as_str()),
        ("claude-code", "5e551015-0000-4000-8000-000000000001")
    );
    assert_eq!((stream.title.as_str(), stream.kind), ("Fix the parser", StreamKind::Agent));
    let said: Vec<_> =
        batch.messages.iter().map(|message| (message.role, message.text.as_str())).collect();
    assert_eq!(
        said,
        [
            (Role::System, "Caveat: the messages below were generated by the user"),
            (Role::User, "The parser drops the last line. Fix it."),
            (Role::Assistant, "I will look at it."),
            (Role::Assistant, ""),
            (Role::Tool, "fn parse() {}\n"),
            (Role::Assistant, ""),
            (Role::Tool, "The file has been updated."),
            (Role::Assistant, ""),
            (Role::Tool, "error: test failed"),
            (Role::User, "also update the changelog"),
            (Role::System, "Conversation compacted"),
            (Role::System, "This session is being continued from a previous one."),
            (Role::Assistant, "Done.\n\nAnything else?"),
        ]
    );
    assert_eq!(batch.messages[0].sent.at, Timestamp(1_767_225_600_000));
}

#[test]
fn what_surrounds_a_message_is_kept() {
    let batch = session();
    let [_, question, answer, read, result, ..] = &batch.messages[..] else { panic!("a session") };
    assert_eq!(answer.reply_to, Some(question.id));
    assert_eq!(read.reply_to, Some(answer.id));
    assert_eq!(result.reply_to, Some(read.id));
    assert_eq!((result.author.as_str(), read.author.as_str()), ("Read", ""));
    assert!(answer.meta.contains(r#""thinking":"The user wants a fix.""#), "{}", answer.meta);
    assert!(
        answer.meta.contains(r#""gitBranch":"main""#)
            && answer.meta.contains(r#""model":"claude-x""#)
    );
    assert!(!batch.messages.iter().any(|message| message.text.contains("wants a fix")));
    assert!(!batch.passages.iter().any(|passage| passage.context.contains("wants a fix")));
    let failed = batch.messages.iter().find(|message| message.text.starts_with("error:")).unwrap();
    assert!(
        failed.meta.contains(r#""is_error":true"#)
            && failed.meta.contains(r#""tool_use_id":"toolu_3""#)
    );
    for message in &batch.messages {
        if !message.meta.is_empty() {
            serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&message.meta)
                .unwrap();
        }
    }
}

#[test]
fn tool_calls_are_structured() {
    let batch = session();
    let calls: Vec<_> = batch.messages.iter().flat_map(|message| &message.tool_calls).collect();
    let told: Vec<_> = calls
        .iter()
        .map(|call| {
            let paths: Vec<_> = call.paths.iter().map(|path| path.to_text().into_owned()).collect();
            (call.tool.as_str(), paths.join(" "), call.command.as_deref())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("Read", "src/parser.rs".to_owned(), None),
            ("Edit", "src/parser.rs".to_owned(), None),
            ("Write", "/etc/elsewhere.txt".to_owned(), None),
            ("Bash", String::new(), Some("cargo test --quiet")),
        ]
    );
    assert_eq!(
        calls[1].patch.as_deref(),
        Some(
            "--- a/src/parser.rs\n+++ b/src/parser.rs\n@@ -1,3 +1,4 @@\n fn parse() {\n-    old();\n+    new();\n+    last();\n }\n"
        )
    );
    assert_eq!(
        calls[2].patch.as_deref(),
        Some(
            "--- /dev/null\n+++ b//etc/elsewhere.txt\n@@ -0,0 +1,1 @@\n+hello\n\\ No newline at end of file\n"
        )
    );
    assert_eq!(calls[0].input, r#"{"file_path":"/home/ann/toy/src/parser.rs"}"#);
    let found: Vec<_> = batch
        .passages
        .iter()
        .filter(|passage| passage.span.is_empty())
        .map(|passage| passage.context.as_str())
        .collect();
    assert_eq!(
        found,
        [
            "assistant\nRead\nsrc/parser.rs",
            "assistant\nEdit\nsrc/parser.rs\nWrite\n/etc/elsewhere.txt",
            "assistant\nBash\ncargo test --quiet",
        ]
    );
}

#[test]
fn a_session_in_two_parts_gives_what_it_gives_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read_to_string(fixture(SESSION)).unwrap();
    let whole = read("claude-code", &file(&folder, "whole/s.jsonl", &text));
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    for cut in 0..=lines.len() {
        let path = file(&folder, &format!("{cut}/s.jsonl"), lines[..cut].concat());
        let first = read("claude-code", &path);
        append(&path, &lines[cut..].concat());
        let second = from("claude-code", &path, &first);
        assert_eq!(joined(&first, &second), whole.messages, "cut after line {cut}");
        let title = second.streams.first().or(first.streams.first()).unwrap().title.as_str();
        assert_eq!(title, "Fix the parser", "cut after line {cut}");
    }
}

#[test]
fn long_tool_outputs_are_cut_short_in_passages_only() {
    let folder = tempfile::tempdir().unwrap();
    let output = "a line of output\n".repeat(2_000);
    let line = serde_json::json!({"type":"user","uuid":"u","sessionId":"s","parentUuid":null,"timestamp":"2026-01-01T00:00:00Z",
        "message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":output}]}});
    let batch = read("claude-code", &file(&folder, "s.jsonl", format!("{line}\n")));
    assert_eq!(batch.messages[0].text, output);
    assert_eq!(batch.passages.len(), 4);
}

#[test]
fn damaged_transcripts() {
    let batch = read("claude-code", &fixture("damaged-session.jsonl"));
    assert_eq!(texts(&batch), ["no time at all", "kept", "half \u{fffd} a character", "no time"]);
    assert_eq!(
        batch.messages[3].sent, batch.messages[1].sent,
        "the time of the message it answers"
    );
    let told = problems(&batch);
    let starts = [
        "is no JSON object",
        "has no type",
        "holds no message",
        "holds a message without content",
        "has no time",
        "has no time",
    ];
    assert_eq!(told.len(), starts.len(), "{told:?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.contains(start), "{told}");
    }
}

#[test]
fn discovery_takes_the_sessions_of_this_repository() {
    let folder = tempfile::tempdir().unwrap();
    let repo = folder.path().join("repo");
    std::fs::create_dir_all(repo.join("sub")).unwrap();
    let line = |cwd: &Path| {
        let cwd = cwd.display();
        format!(
            "{{\"type\":\"summary\",\"summary\":\"x\",\"leafUuid\":\"y\"}}\n{{\"type\":\"user\",\"cwd\":\"{cwd}\",\"sessionId\":\"s\",\"parentUuid\":null}}\n"
        )
    };
    let other = folder.path().join("repository-with-the-same-beginning");
    let worktree = folder.path().join("linked");
    let mut expected = [
        file(&folder, "root/projects/-a/1.jsonl", line(&repo)),
        file(&folder, "root/projects/-a/1/subagents/agent-2.jsonl", line(&repo)),
        file(&folder, "root/projects/-b/3.jsonl", line(&repo.join("sub"))),
        file(&folder, "root/projects/-c/4.jsonl", line(&worktree)),
    ];
    expected.sort();
    file(&folder, "root/projects/-a/1/subagents/journal.jsonl", line(&repo));
    file(&folder, "root/projects/-d/5.jsonl", line(&other));
    file(&folder, "root/projects/-e/6.jsonl", "damaged\n");
    file(&folder, "root/projects/-e/7.jsonl", "");
    file(&folder, "root/projects/-e/notes.txt", line(&repo));
    let discover = messages::format("claude-code").unwrap().discover.unwrap();
    let roots = [folder.path().join("root"), folder.path().join("absent")];
    let found = discover(&roots, &[repo.clone(), worktree]).unwrap();
    let paths: Vec<_> = found.iter().map(|found| found.path.clone()).collect();
    assert_eq!(paths, expected);
    assert!(
        found
            .iter()
            .all(|found| found.format == "claude-code" && found.messages == 2 && found.bytes > 0)
    );
    let agent = read(
        "claude-code",
        &file(
            &folder,
            "p/1/subagents/agent-2.jsonl",
            fs_err::read_to_string(fixture(SESSION)).unwrap(),
        ),
    );
    assert_eq!(agent.streams[0].name, "1/agent-2");
}
