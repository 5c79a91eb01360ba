//! What readers yield once a redactor is given: no secret, anywhere.

use std::sync::Arc;

use lichen_model::Timestamp;
use lichen_source::documents::{self, Known, Now, Options};
use lichen_source::git;
use lichen_source::messages::Source;
use lichen_source::redact::Redactor;
use lichen_testkit::repo::ToyRepo;

use crate::message_files::{file, fixture, read_source, source};
use crate::read_all;

const SECRET: &str = "ghp_q7ZtWm2xLk9PcR4vBn8Jd3Hs6Yf1Gk5Ta0Ue";

fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new([3; 32]))
}

#[test]
fn messages_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let line = serde_json::json!({"text": format!("use {SECRET}\nnow"), "title": format!("t {SECRET}"), "note": {"a": [SECRET]},
        "tags": [SECRET], "tools": [{"tool": "Bash", "command": format!("login {SECRET}"), "patch": format!("+{SECRET}"), "input": {"x": format!("\n{SECRET}")}}]});
    let path = file(&folder, "chat.jsonl", format!("{line}\n"));
    let batch = read_source("jsonl", &Source { redactor: Some(redactor()), ..source(&path) });
    assert_eq!(batch.messages.len(), 1);
    assert!(!format!("{batch:?}").contains(SECRET), "{batch:?}");
    assert!(batch.messages[0].text.starts_with("use <redacted:github-token:"));
    serde_json::from_str::<serde_json::Value>(&batch.messages[0].meta).unwrap();
    serde_json::from_str::<serde_json::Value>(&batch.messages[0].tool_calls[0].input).unwrap();
}

#[test]
fn a_transcript_without_secrets_stays_as_it_is() {
    let path = fixture("claude/projects/-home-ann-toy/5e551015-0000-4000-8000-000000000001.jsonl");
    let without = read_source("claude-code", &source(&path));
    let with = read_source("claude-code", &Source { redactor: Some(redactor()), ..source(&path) });
    assert_eq!(with, without);
}

#[test]
fn documents_are_compared_without_their_secrets() {
    let root = tempfile::tempdir().unwrap();
    fs_err::write(root.path().join("a.md"), format!("# {SECRET}\n\ntext\n")).unwrap();
    let options = || Options {
        redactor: Some(redactor()),
        ..Options::new(documents::folder(root.path(), "."), Timestamp(4_000_000_000_000))
    };
    let open = |known| documents::Reader::open(root.path(), options(), known).unwrap();
    let batch = read_all(&mut open(Known::default())).0;
    assert!(!format!("{batch:?}").contains(SECRET), "{batch:?}");
    let version = &batch.versions[0];
    let now = documents::now(root.path(), &version.document, Some(&redactor()));
    assert_eq!(Some(now), version.text.clone().map(Now::Text));
}

#[test]
fn commits_hold_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let mut repo = ToyRepo::init(&folder.path().join("toy"));
    repo.commit_file("a", "1", &format!("Uses {SECRET}"));
    let opened = git::Repository::open(&repo.path, ".").unwrap().redacted(Some(redactor()));
    let batch = read_all(&mut opened.read(&git::Known::NOTHING, 1).unwrap()).0;
    assert!(batch.commits[0].message.starts_with("Uses <redacted:github-token:"));
}
