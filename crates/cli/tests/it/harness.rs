//! A folder with a small repository, a conversation and an agent's session, and the program run in it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A place of its own for one test. Nothing outside of it is read: the home directory is inside too.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// Variables that tell the program where things are.
const SURROUNDINGS: [&str; 14] = [
    "AIDER_CHAT_HISTORY_FILE",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "GEMINI_CLI_HOME",
    "LICHEN_AIDER",
    "LICHEN_CLAUDE_CODE",
    "LICHEN_CODEX",
    "LICHEN_CURSOR",
    "LICHEN_GEMINI",
    "LICHEN_OPENCODE",
    "LICHEN_STORE",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "APPDATA",
];

impl Place {
    /// A repository with three commits, a conversation and an agent's session.
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs_err::create_dir_all(place.root()).unwrap();
        place.git(&["init", "--quiet", "--initial-branch=main"]);
        place.write(
            "repo/README.md",
            "# Moss\n\nMoss keeps seeds dry.\n\n## Drying\n\nSeeds are dried at forty degrees.\n",
        );
        place.write(
            "repo/src/dry.rs",
            "/// Dries seeds.\npub fn dry(seeds: u32) -> u32 {\n    seeds / 2\n}\n",
        );
        place.commit("Add the dryer", 1_700_000_000);
        place.write(
            "repo/src/dry.rs",
            "/// Dries seeds slowly.\npub fn dry(seeds: u32) -> u32 {\n    seeds / 3\n}\n",
        );
        place.commit("Dry slowly\n\nFast drying cracked the husks of the beans.", 1_700_100_000);
        place.write("repo/docs/storage.txt", "Jars stand in the cellar, away from light.\n");
        place.commit("Describe where the jars stand", 1_700_200_000);
        place.write("chat.jsonl", CHAT);
        place.write("home/.claude/projects/moss/s1.jsonl", &session(&place.root()));
        place
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        self.git_at(arguments, None);
    }

    /// Commits everything at `secs` since 1970.
    pub(crate) fn commit(&self, message: &str, secs: u64) {
        self.git(&["add", "--all"]);
        self.git_at(&["commit", "--quiet", "--message", message], Some(secs));
    }

    fn git_at(&self, arguments: &[&str], secs: Option<u64>) {
        let mut command = Command::new("git");
        command
            .args([
                "-c",
                "user.name=Ada",
                "-c",
                "user.email=ada@example.org",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .current_dir(self.root())
            .env("HOME", self.path("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1");
        if let Some(secs) = secs {
            let date = format!("{secs} +0100");
            command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        }
        assert!(command.status().unwrap().success(), "git {arguments:?}");
    }

    /// The program in the repository, its surroundings cleaned.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_in(&self.root(), arguments)
    }

    pub(crate) fn command_in(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lichen"));
        command
            .args(arguments)
            .current_dir(folder)
            .env("HOME", self.path("home"))
            .env("NO_COLOR", "1");
        for variable in SURROUNDINGS {
            command.env_remove(variable);
        }
        command
    }

    /// Runs the program and expects it to end with `code`.
    #[track_caller]
    pub(crate) fn run_with_code(&self, code: i32, arguments: &[&str]) -> Ran {
        let ran = Ran::from(self.command(arguments).output().unwrap());
        assert_eq!(ran.code, Some(code), "lichen {arguments:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// Runs the program and expects success; its standard output.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        self.run_with_code(0, arguments).out
    }

    /// Runs the program with `--json`.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let out = self.run(&all);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("lichen {all:?}: {error}: {out}"))
    }

    /// All facts of the store `name`, one row a line, sorted, without the columns that tell when something was seen.
    pub(crate) fn facts(&self, name: &str) -> String {
        let store = self.path(name);
        let store = store.to_str().unwrap();
        let mut all = String::new();
        for (table, hidden) in TABLES {
            let exclude =
                if hidden.is_empty() { String::new() } else { format!("EXCLUDE ({hidden}) ") };
            let query = format!("SELECT * {exclude}FROM {table}");
            let out = self
                .run(&["--store", store, "sql", "--format", "csv", "--rows", "1000000", &query]);
            let mut lines: Vec<&str> = out.lines().skip(1).collect();
            lines.sort_unstable();
            let _ = writeln!(all, "{table}\n{}", lines.join("\n"));
        }
        all
    }
}

/// Tables of facts, and their columns that depend on when an ingest ran.
const TABLES: [(&str, &str); 12] = [
    ("repos", ""),
    ("people", ""),
    ("git_commits", ""),
    ("commit_parents", ""),
    ("file_changes", ""),
    ("git_refs", ""),
    ("documents", ""),
    ("document_versions", "seen_at"),
    ("streams", ""),
    ("messages", ""),
    ("tool_calls", ""),
    ("passages", "seq"),
];

/// What a run of the program left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

const CHAT: &str = r#"{"id":"1","stream":"kitchen","author":"Bo","time":"2024-01-02T10:00:00+01:00","text":"How warm may the oven be for the beans?"}
{"id":"2","stream":"kitchen","author":"Cleo","time":"2024-01-02T10:01:00+01:00","text":"Never above forty, the husks crack.","tags":["decision"]}
{"id":"3","stream":"kitchen","author":"Bo","time":"2024-01-02T10:02:00+01:00","text":"Then I will buy a thermometer.","season":"winter"}
this line is damaged
{"id":"4","stream":"garden","author":"Cleo","time":"2024-03-05T08:00:00Z","text":"The frost took the tomatoes."}
"#;

fn session(cwd: &Path) -> String {
    let cwd = serde_json::to_string(cwd).unwrap();
    format!(
        r#"{{"type":"user","uuid":"u1","parentUuid":null,"sessionId":"s1","cwd":{cwd},"timestamp":"2024-02-01T09:00:00.000Z","message":{{"role":"user","content":"Why do we divide by three?"}}}}
{{"type":"assistant","uuid":"u2","parentUuid":"u1","sessionId":"s1","cwd":{cwd},"timestamp":"2024-02-01T09:00:05.000Z","message":{{"role":"assistant","content":[{{"type":"thinking","thinking":"secretthought"}},{{"type":"text","text":"Because the hygrometer showed too much moisture at the old rate."}},{{"type":"tool_use","id":"t1","name":"Bash","input":{{"command":"cargo test dry"}}}}]}}}}
{{"type":"user","uuid":"u3","parentUuid":"u2","sessionId":"s1","cwd":{cwd},"timestamp":"2024-02-01T09:00:09.000Z","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t1","content":"test result: ok. 4 passed"}}]}}}}
"#
    )
}
