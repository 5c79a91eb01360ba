//! Agents' transcripts: found by themselves in the homes of their tools, kept when they are gone there.

use serde_json::json;

use crate::harness::Place;

const TOOLS: [&str; 6] = ["claude-code", "codex", "gemini", "opencode", "cursor", "aider"];

/// A repository on which six tools were at work.
fn busy() -> Place {
    let place = Place::new();
    let root = place.root();
    let codex = [
        json!({"timestamp": "2026-01-02T10:00:00Z", "type": "session_meta", "payload": {"id": "c", "cwd": root}}),
        json!({"timestamp": "2026-01-02T10:00:01Z", "type": "response_item",
            "payload": {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Marzipan is what the person means"}]}}),
        json!({"timestamp": "2026-01-02T10:00:02Z", "type": "response_item",
            "payload": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Label the jars of caraway"}]}}),
    ];
    let lines = codex.map(|line| format!("{line}\n")).concat();
    place.write("home/.codex/sessions/2026/01/02/rollout-2026-01-02T10-00-00-c.jsonl", &lines);
    place.write("home/.gemini/tmp/repo/.project_root", &root.to_string_lossy());
    let gemini = [
        json!({"sessionId": "g", "projectHash": "repo"}),
        json!({"id": "1", "timestamp": "2026-01-03T10:00:00Z", "type": "user", "content": "Label the jars of fennel"}),
    ];
    let lines = gemini.map(|line| format!("{line}\n")).concat();
    place.write("home/.gemini/tmp/repo/chats/session-1.jsonl", &lines);
    let opencode = |name: &str, value: serde_json::Value| {
        let path = format!("home/.local/share/opencode/storage/{name}.json");
        place.write(&path, &value.to_string());
    };
    opencode("session/p/ses_1", json!({"id": "ses_1", "projectID": "p", "directory": root}));
    opencode(
        "message/ses_1/msg_1",
        json!({"id": "msg_1", "role": "user", "time": {"created": 1_767_600_000_000_u64}}),
    );
    opencode(
        "part/msg_1/prt_1",
        json!({"id": "prt_1", "type": "text", "text": "Label the jars of anise"}),
    );
    let trusted = json!({"workspacePath": root}).to_string();
    place.write("home/.cursor/projects/repo/.workspace-trusted", &trusted);
    let line = json!({"role": "user", "message": {"content": "Label the jars of cumin"}});
    place.write("home/.cursor/projects/repo/agent-transcripts/u.jsonl", &format!("{line}\n"));
    let history =
        "\n# aider chat started at 2026-01-05 10:00:00\n\n#### Label the jars of dill  \n";
    place.write("repo/.aider.chat.history.md", history);
    place
}

#[test]
fn every_tool_is_found_and_what_is_gone_there_stays() {
    let place = busy();
    let ran = place.run_with_code(0, &["ingest", "--no-documents"]);
    for tool in TOOLS {
        assert!(
            ran.err.contains(&format!("found 1 transcripts of {tool} (")),
            "{tool}: {}",
            ran.err
        );
    }
    // Four of the first tool, a thought, and a prompt of each other one.
    assert!(
        ran.out.contains("10 messages") && !ran.out.contains("problem"),
        "{}{}",
        ran.out,
        ran.err
    );
    for spice in ["caraway", "fennel", "anise", "cumin", "dill"] {
        let found = place.run(&["recall", "--in", "agent", &format!("label jars {spice}")]);
        assert!(found.contains(&format!("jars of {spice}")), "{found}");
    }
    assert!(!place.run(&["recall", "marzipan"]).contains("Marzipan is what"));
    assert!(place.run(&["recall", "--in", "thinking", "marzipan"]).contains("Marzipan is what"));
    let again = place.run(&["ingest", "--no-documents"]);
    assert!(again.contains("0 messages"), "{again}");

    fs_err::remove_dir_all(place.path("home")).unwrap();
    fs_err::remove_file(place.path("repo/.aider.chat.history.md")).unwrap();
    let ran = place.run_with_code(0, &["ingest", "--no-documents"]);
    assert!(ran.out.contains("0 messages") && !ran.err.contains("found"), "{}{}", ran.out, ran.err);
    for spice in ["caraway", "dill"] {
        let found = place.run(&["recall", "--in", "agent", &format!("label jars {spice}")]);
        assert!(found.contains(&format!("jars of {spice}")), "{found}");
    }
    place.run(&["doctor"]);
}

#[test]
fn where_tools_are_looked_for_can_be_set() {
    let place = busy();
    place.write(
        "elsewhere.toml",
        "[discover]\ncodex = []\naider = [\"other.md\"]\ncursor = [\"~/nowhere\"]\nopencode = []\n",
    );
    let settings = place.path("elsewhere.toml");
    let mut command =
        place.command(&["--config", settings.to_str().unwrap(), "ingest", "--no-documents"]);
    command.env("LICHEN_CLAUDE_CODE", "").env("GEMINI_CLI_HOME", place.path("nowhere"));
    let ran = command.output().unwrap();
    let told = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success() && !told.contains("found"), "{told}");

    let mut command =
        place.command(&["--config", settings.to_str().unwrap(), "ingest", "--no-documents"]);
    command.env("LICHEN_CODEX", place.path("home/.codex")).env("CODEX_HOME", place.path("nowhere"));
    let told = String::from_utf8(command.output().unwrap().stderr).unwrap();
    for (tool, found) in TOOLS.into_iter().zip([true, true, true, false, false, false]) {
        assert_eq!(told.contains(&format!("transcripts of {tool} (")), found, "{tool}: {told}");
    }
}
