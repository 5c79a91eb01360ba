//! Each command, as a person would run it.

use crate::harness::Place;

/// A place whose repository, conversation and session are taken in.
fn remembering() -> Place {
    let place = Place::new();
    place.run(&["ingest"]);
    place.run(&["ingest", place.path("chat.jsonl").to_str().unwrap()]);
    place
}

#[test]
fn init_makes_a_store_once() {
    let place = Place::new();
    assert!(place.run(&["init"]).contains("made an empty store"));
    assert!(place.run(&["init"]).contains("nothing changed"));
    assert!(place.root().join(".lichen/.gitignore").exists());
    assert_eq!(place.json(&["status"])["counts"]["git_commits"], 0);
}

#[test]
fn ingest_takes_in_everything_once() {
    let place = Place::new();
    let first = place.json(&["ingest"]);
    assert_eq!(
        (first["commits"].as_u64(), first["documents"].as_u64(), first["messages"].as_u64()),
        (Some(3), Some(3), Some(4))
    );
    assert_eq!(first["indexed"], first["passages"]);
    let second = place.json(&["ingest"]);
    assert_eq!(
        (second["commits"].as_u64(), second["documents"].as_u64(), second["messages"].as_u64()),
        (Some(0), Some(0), Some(0))
    );
    place.write("repo/README.md", "# Moss\n\nMoss keeps seeds cool.\n");
    place.commit("Cool, not dry", 1_700_300_000);
    let third = place.json(&["ingest"]);
    assert_eq!((third["commits"].as_u64(), third["documents"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn ingest_reports_damaged_entries_and_keeps_the_rest() {
    let place = Place::new();
    let ran = place.run_with_code(0, &["ingest", place.path("chat.jsonl").to_str().unwrap()]);
    assert!(ran.err.contains("chat.jsonl") && ran.err.contains("line 4"), "{}", ran.err);
    assert!(ran.out.contains("4 messages") && ran.out.contains("1 problem"), "{}", ran.out);
}

#[test]
fn discovery_is_announced_and_can_be_left_out() {
    let place = Place::new();
    let ran = place.run_with_code(0, &["ingest", "--no-discover"]);
    assert!(ran.out.contains("0 messages"), "{}", ran.out);
    let ran = place.run_with_code(0, &["ingest"]);
    assert!(ran.err.contains("s1.jsonl") || ran.err.contains("1 transcript"), "{}", ran.err);
    // A thought among them, which is a message of its own.
    assert!(ran.out.contains("4 messages"), "{}", ran.out);
    let mut elsewhere = place.command(&["ingest"]);
    elsewhere.env("LICHEN_CLAUDE_CODE", "").env("LICHEN_STORE", place.path("other"));
    assert!(String::from_utf8(elsewhere.output().unwrap().stdout).unwrap().contains("0 messages"));
}

#[test]
fn recall_finds_every_kind_and_says_where() {
    let place = remembering();
    for (question, kind, part) in [
        ("why was drying made slower, cracked husks?", "commit", "Dry slowly"),
        ("how warm may the oven be", "chat", "oven"),
        ("hygrometer moisture", "agent", "hygrometer"),
        ("where do the jars stand", "doc", "cellar"),
        ("fn dry seeds", "code", "pub fn dry"),
    ] {
        let text = place.run(&["recall", "--in", kind, question]);
        assert!(text.starts_with(&format!("scope={kind} head=")), "{text}");
        assert!(text.contains("lag=0") && text.contains(part), "{question}: {text}");
        assert!(place.run(&["recall", question]).contains(part), "{question} over all kinds");
    }
    assert!(
        !place.run(&["recall", "secretthought"]).contains("secretthought"),
        "thinking is kept apart"
    );
}

#[test]
fn recall_honours_every_filter() {
    let place = remembering();
    let hits = |arguments: &[&str]| {
        let mut all = vec!["recall", "beans oven husks frost jars dry", "-n", "50"];
        all.extend(arguments);
        place.json(&all)["hits"].as_array().unwrap().clone()
    };
    let texts = |arguments: &[&str]| {
        hits(arguments)
            .iter()
            .map(|hit| hit["snippet"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(
        hits(&["--tag", "decision"]).len() == 1 && texts(&["--tag", "decision"]).contains("forty")
    );
    assert!(hits(&["--where", "season=winter"]).len() == 1);
    assert!(
        hits(&["--stream", "garden"]).len() == 1
            && texts(&["--stream", "garden"]).contains("frost")
    );
    assert!(
        hits(&["--path", "docs"]).iter().all(|hit| hit.to_string().to_lowercase().contains("jars"))
            && !hits(&["--path", "docs"]).is_empty()
    );
    assert!(hits(&["--path", "src/*.rs"]).iter().any(|hit| hit["kind"] == "code"));
    assert!(hits(&["--path", "nowhere"]).is_empty());
    let since = texts(&["--since", "2024-03-01", "--in", "chat"]);
    assert!(since.contains("frost") && !since.contains("oven"), "{since}");
    let until = texts(&["--until", "2024-01-02", "--in", "chat"]);
    assert!(!until.contains("frost") && until.contains("forty"), "{until}");
    let as_of = texts(&["--as-of", "HEAD~1", "--in", "commit"]);
    assert!(as_of.contains("Dry slowly") && !as_of.contains("jars stand"), "{as_of}");
    let as_of = texts(&["--as-of", "HEAD~2"]);
    assert!(!as_of.contains("Dry slowly") && !as_of.contains("seeds / 3"), "{as_of}");
    let as_of = texts(&["--as-of", "2024-02-01", "--in", "chat"]);
    assert!(!as_of.contains("frost") && as_of.contains("forty"), "{as_of}");
}

#[test]
fn recall_says_when_documents_changed_since() {
    let place = remembering();
    let flags = |question: &str| {
        place.json(&["recall", "--in", "doc", "-n", "1", question])["hits"][0]["flags"].to_string()
    };
    assert_eq!(flags("jars in the cellar"), "[]");
    place.write("repo/docs/storage.txt", "\n\n\nJars stand in the cellar, away from light.\n");
    assert_eq!(flags("jars in the cellar"), r#"["moved"]"#);
    place.write("repo/docs/storage.txt", "Jars were sold.\n");
    assert_eq!(flags("jars in the cellar"), r#"["stale"]"#);
    fs_err::remove_file(place.path("repo/docs/storage.txt")).unwrap();
    assert_eq!(flags("jars in the cellar"), r#"["gone"]"#);
    place.run(&["ingest"]);
    let text = place.run(&["recall", "--in", "doc", "jars in the cellar away from light"]);
    assert!(!text.contains("cellar, away"), "what is gone is no longer recalled: {text}");
}

#[test]
fn get_reads_what_recall_found_and_goes_on_where_it_stopped() {
    let place = remembering();
    let answer = place.json(&["recall", "--in", "chat", "forty husks crack"]);
    let id = answer["hits"][0]["short_id"].as_str().unwrap();
    let text = place.run(&["get", id]);
    assert!(
        text.contains("Never above forty, the husks crack.") && text.contains("Cleo"),
        "{text}"
    );
    let around = place.run(&["get", id, "--around", "1"]);
    assert!(
        around.contains("How warm may the oven be") && around.contains("thermometer"),
        "{around}"
    );
    let part = place.json(&["get", id, "--budget", "2"]);
    assert_eq!(part["found"][0]["text"], "Never ab");
    let offset = part["found"][0]["next_offset"].to_string();
    let rest = place.json(&["get", id, "--offset", &offset]);
    assert_eq!(rest["found"][0]["text"], "ove forty, the husks crack.");
    let commit = place.json(&["recall", "--in", "commit", "cracked the husks"]);
    let text = place.run(&["get", commit["hits"][0]["id"].as_str().unwrap()]);
    assert!(
        text.contains("Fast drying cracked") && text.contains("src/dry.rs") && text.contains("Ada"),
        "{text}"
    );
}

#[test]
fn ids_that_name_nothing_are_told_apart() {
    let place = remembering();
    let ran = place.run_with_code(4, &["get", "m0000000000"]);
    assert!(
        ran.err.contains("nothing has the id `m0000000000`") && ran.err.contains("hint:"),
        "{}",
        ran.err
    );
    let ran = place.run_with_code(2, &["get", "nonsense"]);
    assert!(ran.err.contains("is not an id"), "{}", ran.err);
}

#[test]
fn status_counts_and_tells_the_lag() {
    let place = remembering();
    let status = place.json(&["status"]);
    assert_eq!(status["counts"]["git_commits"], 3);
    assert_eq!(status["counts"]["messages"], 8);
    assert_eq!(status["heads"][0]["lag"], 0);
    assert_eq!(status["index"]["lag"], 0);
    place.git(&["commit", "--quiet", "--allow-empty", "--message", "One more"]);
    let status = place.json(&["status"]);
    assert_eq!(status["heads"][0]["lag"], 1);
    assert!(place.run(&["recall", "anything"]).contains("lag=1"));
    assert!(place.run(&["status"]).contains("1 commits behind"));
}

#[test]
fn doctor_finds_damage_and_says_how_to_repair_it() {
    let place = remembering();
    assert!(place.run(&["doctor"]).contains("healthy"));
    let index = place.root().join(".lichen/index");
    // A rebuild makes other files: each round takes the next of those there are.
    for round in 0..files_below(&index).len() {
        let files = files_below(&index);
        let file = &files[round % files.len()];
        let mut damaged = fs_err::read(file).unwrap();
        let Some(last) = damaged.len().checked_sub(1) else { continue };
        damaged[last / 2] ^= 0x10;
        fs_err::write(file, &damaged).unwrap();
        let text = place.run(&["recall", "--in", "chat", "forty husks crack"]);
        assert!(text.contains("Never above forty"), "{}: {text}", file.display());
        assert!(place.run(&["doctor"]).contains("healthy"), "after damage to {}", file.display());
    }
    fs_err::remove_dir_all(&index).unwrap();
    assert!(
        place.run(&["recall", "--in", "chat", "forty husks crack"]).contains("Never above forty")
    );
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

#[test]
fn doctor_tells_what_was_not_taken_in_yet() {
    let place = remembering();
    place.git(&["commit", "--quiet", "--allow-empty", "--message", "One more"]);
    place.write("repo/docs/new.md", "# New\n");
    let text = place.run(&["doctor"]);
    assert!(
        text.contains("1 commit") && text.contains("1 document") && text.contains("lichen ingest"),
        "{text}"
    );
}

#[test]
fn index_rebuild_gives_the_same_answers() {
    let place = remembering();
    let questions = ["oven forty", "why slowly", "dry seeds", "frost"];
    let answers = || questions.map(|question| place.run(&["recall", question]));
    let before = answers();
    assert!(place.run(&["index", "rebuild"]).contains("passages indexed"));
    assert_eq!(answers(), before);
}

#[test]
fn eval_measures_labelled_data() {
    let place = Place::new();
    place.write(
        "data.json",
        r#"{"name":"tiny","messages":[
            {"id":"a","stream":"s","author":"X","time":"2024-01-01T00:00:00Z","text":"The password is swordfish."},
            {"id":"b","stream":"t","author":"Y","time":"2024-01-02T00:00:00Z","text":"We planted an apple tree."}],
            "queries":[{"text":"which tree was planted?","relevant":["b"]}]}"#,
    );
    let file = place.path("data.json");
    let report = place.json(&["eval", "recall", file.to_str().unwrap()]);
    assert_eq!(report["total"]["recall_at_5"], 1.0);
    assert_eq!(report["total"]["mrr"], 1.0);
    assert_eq!(report["files"][0]["name"], "tiny");
    assert!(
        report["total"]["session_recall_at_10"] == 1.0
            && report["total"]["p50_ms"].as_f64().unwrap() > 0.0
    );
    assert!(place.run(&["eval", "recall", file.to_str().unwrap()]).contains("total"));
    place.write("data.json", "{}");
    let ran = place.run_with_code(2, &["eval", "recall", file.to_str().unwrap()]);
    assert!(ran.err.contains("data.json"), "{}", ran.err);
}

#[test]
fn sql_reads_and_joins_with_recall_but_cannot_write() {
    let place = remembering();
    let csv = place.run(&["sql", "--format", "csv", "SELECT count(*) AS n FROM git_commits"]);
    assert_eq!(csv, "n\n3\n");
    let joined = place.run(&[
        "sql",
        "--format",
        "csv",
        "SELECT m.author FROM recall('never above forty husks', 5) r JOIN messages m ON m.message_id = r.owner_id ORDER BY r.rank LIMIT 1",
    ]);
    assert_eq!(joined, "author\nCleo\n");
    assert!(place.run(&["sql", "SELECT 1 AS one"]).contains("one"));
    assert_eq!(place.json(&["sql", "SELECT 1 AS one"])["rows"][0]["one"], 1);
    for statement in [
        "DELETE FROM messages",
        "CREATE TABLE t (a INT)",
        "COPY messages TO 'out.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH 'other.duckdb'",
        "SET enable_external_access = true",
        "SELECT 1; DROP TABLE messages",
    ] {
        let ran = place.run_with_code(2, &["sql", statement]);
        assert!(ran.err.contains("error:"), "{statement}: {}", ran.err);
    }
    assert_eq!(place.json(&["status"])["counts"]["messages"], 8);
    let ran = place.run_with_code(0, &["sql", "--rows", "2", "SELECT * FROM messages"]);
    assert!(ran.err.contains("only the first 2 rows"), "{}", ran.err);
}

#[test]
fn export_writes_every_table() {
    let place = remembering();
    for (format, ending) in [("parquet", "parquet"), ("jsonl", "jsonl")] {
        let out = place.path(&format!("out-{format}"));
        let report = place.json(&["export", "--format", format, out.to_str().unwrap()]);
        let messages = report["files"]
            .as_array()
            .unwrap()
            .iter()
            .find(|file| file["table"] == "messages")
            .unwrap();
        assert_eq!(messages["rows"], 8);
        assert!(out.join(format!("messages.{ending}")).metadata().unwrap().len() > 0);
        let ran = place.run_with_code(2, &["export", out.to_str().unwrap()]);
        assert!(ran.err.contains("out-"), "a folder with files is refused: {}", ran.err);
    }
}

#[test]
fn demo_answers_three_questions() {
    let place = Place::new();
    let text = place.run(&["demo"]);
    assert_eq!(text.matches("\n? ").count(), 3, "{text}");
    assert!(
        text.contains("no keys on hot tables") || text.contains("primary keys off the big tables"),
        "{text}"
    );
    assert!(text.contains("118 ms") || text.contains("no parsing at all"), "{text}");
    assert!(text.contains("lichen ingest"), "{text}");
    assert!(!place.root().join(".lichen").exists(), "it leaves nothing behind");
}

#[test]
fn completions_name_the_commands() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.run(&["completions", shell]).contains("recall"));
    }
}

#[test]
fn help_shows_examples_for_every_command() {
    let place = Place::new();
    for command in [
        "init",
        "ingest",
        "recall",
        "get",
        "status",
        "doctor",
        "sql",
        "export",
        "demo",
        "completions",
    ] {
        let text = place.run(&[command, "--help"]);
        assert!(text.contains("Examples:"), "{command}");
    }
}

#[test]
fn failures_have_exit_codes_by_kind_and_name_the_next_step() {
    let place = Place::new();
    let outside = place.path("home");
    let ran = place.command_in(&outside, &["recall", "x"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&ran.stderr).contains("lichen ingest"));
    place.write("bad.toml", "[store]\nmemory = 3\n");
    let bad = place.path("bad.toml");
    let ran = place.run_with_code(3, &["--config", bad.to_str().unwrap(), "ingest"]);
    assert!(ran.err.contains("bad.toml") && ran.err.contains("memory"), "{}", ran.err);
    let ran = place.run_with_code(4, &["ingest", "no-such-file.jsonl"]);
    assert!(ran.err.contains("no-such-file.jsonl"), "{}", ran.err);
    place.run(&["init"]);
    let ran = place.run_with_code(2, &["recall", "x", "--since", "yesterday"]);
    assert!(ran.err.contains("`yesterday` is not a time"), "{}", ran.err);
    let ran = place.run_with_code(4, &["recall", "x", "--as-of", "no-such-rev"]);
    assert!(ran.err.contains("no-such-rev"), "{}", ran.err);
    let ran = place.run_with_code(4, &["--json", "get", "m0000000000"]);
    assert!(ran.err.contains("\"exit_code\":4"), "{}", ran.err);
}

#[test]
fn colours_stay_away_from_pipes() {
    let place = remembering();
    assert!(!place.run(&["recall", "oven"]).contains('\u{1b}'));
}

#[test]
fn questions_about_code_are_answered_by_place_name_and_range() {
    let place = remembering();
    let at = place.json(&["at", "src/dry.rs:3"]);
    assert_eq!(at["symbols"][0]["name"], "dry");
    assert_eq!(at["life"]["introduced"]["commit"]["subject"], "Add the dryer");
    assert_eq!(at["life"]["changes"][0]["commit"]["subject"], "Dry slowly");
    assert_eq!((&at["freshness"]["behind"], &at["edit"]), (&0.into(), &serde_json::Value::Null));
    let text = place.run(&["at", "src/dry.rs:3", "--sha", "HEAD~2"]);
    assert!(text.contains("fn dry") && !text.contains("Dry slowly:"), "{text}");
    let history = place.run(&["history", "dry", "--diff"]);
    assert!(history.contains("-    seeds / 2") && history.contains("+    seeds / 3"), "{history}");
    let symbol = at["life"]["symbol"].as_str().unwrap();
    let by_id = place.json(&["history", symbol]);
    assert_eq!(by_id["life"]["change_count"], 2);
    let blame = place.run(&["blame", "src/dry.rs", "-L", "2,3"]);
    assert_eq!(blame.lines().filter(|line| line.contains("dry")).count(), 2, "{blame}");
    let symbols = place.json(&["symbols", "--kind", "function"]);
    assert_eq!((&symbols["symbols"][0]["name"], &symbols["count"]), (&"dry".into(), &1.into()));
    let since = place.json(&["symbols", "--changed-since", "HEAD~2", "--path", "src"]);
    assert_eq!(since["symbols"][0]["path"], "src/dry.rs");
    assert_eq!(place.run(&["review", "HEAD~1..HEAD"]), "");
    assert_eq!(place.json(&["review", "HEAD~2..HEAD"])["changed"].as_u64(), Some(1));
    for (arguments, code, part) in [
        (&["at", "dry.rs:1"][..], 4, "did you mean `src/dry.rs`?"),
        (&["at", "src/dry.rs:99"], 4, "has 4 lines, no line 99"),
        (&["at", "src/dry.rs:1", "--sha", "nowhere"], 4, "`nowhere` names no commit"),
        (&["history", "nothing_like_it"], 4, "no symbol is called `nothing_like_it`"),
        (&["review", "HEAD"], 2, "write `BASE..HEAD`"),
        (&["symbols", "--kind", "klass"], 2, "choose from"),
        (&["blame", "src"], 4, "`src` is a folder"),
    ] {
        let ran = place.run_with_code(code, arguments);
        assert!(ran.err.contains(part), "{arguments:?}: {}", ran.err);
    }
    // Without symbols there are no names, but places are answered all the same.
    let other = place.path("other");
    let other = other.to_str().unwrap();
    place.run(&["--store", other, "ingest", "--no-symbols", "--no-discover"]);
    let ran = place.run_with_code(4, &["--store", other, "history", "dry"]);
    assert!(
        ran.err.contains("not followed yet") && ran.err.contains("lichen ingest"),
        "{}",
        ran.err
    );
    let unread = place.json(&["--store", other, "at", "src/dry.rs:3"]);
    assert_eq!(unread["life"]["changes"][0]["commit"], at["life"]["changes"][0]["commit"]);
}

#[test]
fn code_and_documents_are_recalled_as_they_were() {
    let place = remembering();
    let ask = |rev: &str, more: &[&str]| {
        let answer = place.json(&[&["recall", "dry seeds", "--as-of", rev], more].concat());
        answer["hits"].as_array().unwrap().clone()
    };
    // No ingest has seen what stood there two commits ago.
    for rev in ["HEAD~2", "2023-11-15"] {
        let hits = ask(rev, &["--in", "code"]);
        let handle = hits[0]["handle"].as_str().unwrap();
        assert_eq!((hits.len(), &hits[0]["flags"][0]), (1, &"stale".into()), "{rev}: {hits:?}");
        assert!(handle.ends_with(":src/dry.rs:1-4"), "{handle}");
        let text = place.run(&["get", handle]);
        assert!(text.contains("seeds / 2") && !text.contains("slowly"), "{text}");
        assert!(place.run(&["recall", "dry seeds", "--as-of", rev]).contains(handle));
        assert!(ask(rev, &["--path", "docs"]).is_empty());
        assert_eq!(ask(rev, &["--path", "src/*.rs", "--in", "code"]).len(), 1);
        assert!(
            ask(rev, &["--in", "doc"]).iter().all(|hit| hit["place"] != "docs/storage.txt:1-1")
        );
    }
    let now = ask("HEAD", &["--in", "code"]);
    assert_eq!((now.len(), &now[0]["flags"].as_array().unwrap().len()), (1, &0));
    // What the commit leaves out is not read.
    place.write("repo/.lichenignore", "src/\n");
    place.commit("Leave the code out", 1_700_300_000);
    place.run(&["ingest"]);
    assert!(ask("HEAD", &["--in", "code"]).is_empty());
    assert_eq!(ask("HEAD~1", &["--in", "code"]).len(), 1);
    for (handle, code, part) in [
        ("HEAD~2:dry.rs", 4, "did you mean `src/dry.rs`?"),
        ("HEAD~2:src/dry.rs:9", 4, "no line 9"),
        ("nowhere:src/dry.rs", 4, "`nowhere` names no commit"),
        ("neither", 2, "invalid value"),
    ] {
        let ran = place.run_with_code(code, &["get", handle]);
        assert!(ran.err.contains(part), "{handle}: {}", ran.err);
    }
}
