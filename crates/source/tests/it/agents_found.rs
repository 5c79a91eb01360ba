//! Which transcripts belong to a repository.

use std::path::{Path, PathBuf};

use lichen_source::messages::{self, Found};
use sha2::Digest as _;

use crate::agents::{cursor_database, opencode_database};
use crate::message_files::{file, fixture};
use crate::sqlite_files;

/// What is found in `homes`, from the folder.
fn found(
    folder: &tempfile::TempDir,
    format: &str,
    homes: &[&str],
    roots: &[PathBuf],
) -> Vec<String> {
    let homes: Vec<_> = homes.iter().map(|home| folder.path().join(home)).collect();
    let found = (messages::format(format).unwrap().discover.unwrap())(&homes, roots).unwrap();
    let name = |found: &Found| {
        assert!(found.format == format && found.bytes > 0);
        let path = found.path.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned();
        found.part.as_ref().map_or(path.clone(), |part| format!("{path}#{part}"))
    };
    found.iter().map(name).collect()
}

/// A repository with a folder, a linked work tree, and another one whose name begins the same.
fn repository(folder: &tempfile::TempDir) -> (Vec<PathBuf>, PathBuf, PathBuf) {
    let root = folder.path().join("repo");
    std::fs::create_dir_all(root.join("sub")).unwrap();
    (
        vec![root.clone(), folder.path().join("linked")],
        root.join("sub"),
        folder.path().join("repo-other"),
    )
}

#[test]
fn sessions_of_codex() {
    let folder = tempfile::tempdir().unwrap();
    let (roots, sub, other) = repository(&folder);
    let session = |cwd: &Path| {
        let meta = serde_json::json!({"timestamp": "2026-01-01T00:00:00Z", "type": "session_meta",
            "payload": {"id": "x", "cwd": cwd, "base_instructions": {"text": "long ".repeat(30_000)}}});
        format!("{meta}\n")
    };
    let day =
        |name: &str| format!("codex/sessions/2026/01/02/rollout-2026-01-02T10-00-00-{name}.jsonl");
    file(&folder, &day("1"), session(&roots[0]));
    file(&folder, &day("2"), session(&sub));
    file(&folder, &day("3"), session(&other));
    file(&folder, &day("4"), "damaged");
    file(&folder, &day("5"), "");
    file(
        &folder,
        "codex/archived_sessions/rollout-2026-01-02T10-00-00-6.jsonl",
        session(&roots[1]),
    );
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let packed = ruzstd::encoding::compress_to_vec(session(&sub).as_bytes(), level);
    file(&folder, &format!("{}.zst", day("7")), &packed);
    file(&folder, &format!("{}.zst", day("1")), &packed);
    file(&folder, "codex/history.jsonl", session(&sub));
    // Before September 2025 the model was told where it is, and the first line was not.
    let old = |context: &str| {
        let text = context.replace("{}", sub.to_str().unwrap());
        let item = serde_json::json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]});
        format!("{}\n{item}\n", serde_json::json!({"id": "x", "timestamp": "2025-07-01T00:00:00Z"}))
    };
    file(&folder, &day("8"), old("<environment_context>\n  <cwd>{}</cwd>\n</environment_context>"));
    file(
        &folder,
        &day("9"),
        old("<environment_context>\nCurrent working directory: {}\nApproval policy: never"),
    );
    assert_eq!(
        found(&folder, "codex", &["codex", "absent"], &roots),
        [
            day("1"),
            day("2"),
            format!("{}.zst", day("7")),
            day("8"),
            day("9"),
            "codex/archived_sessions/rollout-2026-01-02T10-00-00-6.jsonl".to_owned(),
        ]
    );
}

#[test]
fn chats_of_gemini() {
    let folder = tempfile::tempdir().unwrap();
    let (roots, sub, other) = repository(&folder);
    let chat = "{\"sessionId\":\"s\",\"projectHash\":\"h\"}\n";
    let hash = |path: &Path| {
        let digest = sha2::Sha256::digest(path.to_string_lossy().as_bytes());
        digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    };
    let project = |name: &str| {
        file(&folder, &format!("gemini/tmp/{name}/chats/session-1.jsonl"), chat);
    };
    for name in
        [hash(&roots[0]).as_str(), hash(&other).as_str(), "slug", "listed", "elsewhere", "nameless"]
    {
        project(name);
    }
    file(&folder, "gemini/tmp/slug/.project_root", format!("{}\n", sub.display()));
    file(&folder, "gemini/tmp/elsewhere/.project_root", other.to_string_lossy().as_bytes());
    file(
        &folder,
        "gemini/projects.json",
        serde_json::json!({"projects": {roots[1].to_str().unwrap(): "listed", "/": 7}}).to_string(),
    );
    file(&folder, "gemini/tmp/slug/chats/parent/sub.jsonl", chat);
    file(&folder, "gemini/tmp/slug/chats/session-1.json", chat);
    file(&folder, "gemini/tmp/slug/logs.json", "[]");
    file(&folder, "gemini/tmp/slug/shell_history", "ls");
    let mut expected = [
        format!("gemini/tmp/{}/chats/session-1.jsonl", hash(&roots[0])),
        "gemini/tmp/listed/chats/session-1.jsonl".to_owned(),
        "gemini/tmp/slug/chats/parent/sub.jsonl".to_owned(),
        "gemini/tmp/slug/chats/session-1.jsonl".to_owned(),
        "gemini/tmp/slug/logs.json".to_owned(),
    ];
    expected.sort();
    let mut all = found(&folder, "gemini", &["gemini", "absent"], &roots);
    all.sort();
    assert_eq!(all, expected);
}

#[test]
fn sessions_of_opencode() {
    let folder = tempfile::tempdir().unwrap();
    let roots = [PathBuf::from("/home/ann/toy")];
    let storage = fixture("opencode/storage");
    for name in ["session/prj_toy/ses_01.json", "message/ses_01/msg_01.json"] {
        file(&folder, &format!("files/storage/{name}"), fs_err::read(storage.join(name)).unwrap());
        file(&folder, &format!("both/storage/{name}"), fs_err::read(storage.join(name)).unwrap());
    }
    file(
        &folder,
        "files/storage/session/prj_toy/ses_03.json",
        "{\"directory\":\"/home/ann/toy-other\"}",
    );
    file(&folder, "files/storage/session/prj_toy/ses_04.json", "damaged");
    opencode_database(&folder.path().join("both/opencode.db"));
    assert_eq!(
        found(&folder, "opencode", &["files", "absent"], &roots),
        ["files/storage/session/prj_toy/ses_01.json"]
    );
    assert_eq!(
        found(&folder, "opencode", &["both"], &roots),
        ["both/opencode.db#ses_01", "both/opencode.db#ses_02"]
    );
    assert_eq!(found(&folder, "opencode", &["both"], &["/home/ann/other".into()]), [""; 0]);
    file(&folder, "damaged/opencode.db", "SQLite format 3\0 and no more");
    assert_eq!(found(&folder, "opencode", &["damaged"], &roots), ["damaged/opencode.db"]);
}

#[test]
fn conversations_of_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let (roots, sub, other) = repository(&folder);
    std::fs::create_dir_all(folder.path().join("User/globalStorage")).unwrap();
    let global = folder.path().join("User/globalStorage/state.vscdb");
    cursor_database(&global, sub.to_str().unwrap());
    let workspace = |name: &str, path: &Path, id: &str| {
        let uri = format!("file://{}", path.to_string_lossy().replace('o', "%6F"));
        file(
            &folder,
            &format!("User/workspaceStorage/{name}/workspace.json"),
            serde_json::json!({"folder": uri}).to_string(),
        );
        let database = folder.path().join(format!("User/workspaceStorage/{name}/state.vscdb"));
        sqlite_files::write(
            &database,
            &[
                "CREATE TABLE ItemTable (key TEXT, value BLOB)".to_owned(),
                format!(
                    "INSERT INTO ItemTable VALUES ('composer.composerData', '{{\"allComposers\":[{{\"composerId\":\"{id}\"}},{{\"composerId\":\"empty\"}}]}}')"
                ),
            ],
        );
    };
    workspace("w1", &roots[0], "c2");
    workspace("w2", &other, "c3");
    file(&folder, "User/workspaceStorage/w3/workspace.json", "damaged");
    let line = "{\"role\":\"user\",\"message\":{\"content\":\"x\"}}\n";
    let dashed = |path: &Path| {
        let parts =
            path.to_string_lossy().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        parts.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    };
    let here = dashed(&roots[0]);
    file(&folder, &format!("agents/projects/{here}/agent-transcripts/c1/c1.jsonl"), line);
    file(&folder, &format!("agents/projects/{here}/agent-transcripts/t1/t1.jsonl"), line);
    file(&folder, &format!("agents/projects/{here}/agent-transcripts/t1/subagents/t2.jsonl"), line);
    file(&folder, &format!("agents/projects/{}/agent-transcripts/t3.jsonl", dashed(&other)), line);
    file(
        &folder,
        "agents/projects/told/.workspace-trusted",
        serde_json::json!({"workspacePath": sub}).to_string(),
    );
    file(&folder, "agents/projects/told/agent-transcripts/t4.jsonl", line);
    assert_eq!(
        found(&folder, "cursor", &["User", "agents", "absent"], &roots),
        [
            "User/globalStorage/state.vscdb#c1".to_owned(),
            "User/globalStorage/state.vscdb#c2".to_owned(),
            format!("agents/projects/{here}/agent-transcripts/t1/subagents/t2.jsonl"),
            format!("agents/projects/{here}/agent-transcripts/t1/t1.jsonl"),
            "agents/projects/told/agent-transcripts/t4.jsonl".to_owned(),
        ]
    );
}

#[test]
fn histories_of_aider() {
    let folder = tempfile::tempdir().unwrap();
    let (roots, ..) = repository(&folder);
    file(&folder, "repo/.aider.chat.history.md", "# aider chat started at 2026-01-01 00:00:00\n");
    file(&folder, "linked/.aider.chat.history.md", "# aider chat started at 2026-01-01 00:00:00\n");
    file(
        &folder,
        "repo-other/.aider.chat.history.md",
        "# aider chat started at 2026-01-01 00:00:00\n",
    );
    let discover = messages::format("aider").unwrap().discover.unwrap();
    let files = [PathBuf::from(".aider.chat.history.md"), PathBuf::from("absent.md")];
    let real = folder.path().canonicalize().unwrap();
    let paths: Vec<_> =
        discover(&files, &roots).unwrap().into_iter().map(|found| found.path).collect();
    assert_eq!(
        paths,
        [real.join("linked/.aider.chat.history.md"), real.join("repo/.aider.chat.history.md")]
    );
    assert_eq!(discover(&[], &roots).unwrap(), []);
}
