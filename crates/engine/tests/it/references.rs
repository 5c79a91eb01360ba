//! References from repository, chat and transcript to the tables and back: what is linked, what stays unlinked, and what happens
//! when history is rewritten or texts are purged.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lichen_engine::{
    Engine, IngestPlan, LinksOf, PurgePlan, SqlLimits, Unobserved, Value, links_text,
};
use lichen_model::{
    Batch, Message, RepoPath, Role, Stream, StreamKind, Timestamp, ToolCall, Zoned,
};
use lichen_testkit::FakeClock;
use lichen_testkit::repo::{START, ToyRepo};

use crate::conversation::{NOW, append, engine};

const JAR: &str = "pub struct Jar {\n    grams: u32,\n}\n\nimpl Jar {\n    pub fn weigh_all(&self) -> u32 {\n        self.grams\n    }\n}\n";
const LINE: &str = "        self.grams + self.lid_grams_of_this_jar()";

fn ingest(engine: &mut Engine, repo: &Path) -> usize {
    let plan = IngestPlan {
        documents: false,
        discover: false,
        ..IngestPlan::of_paths(repo.to_owned(), vec![repo.to_owned()])
    };
    let summary = engine.ingest(&plan, &mut Unobserved).unwrap();
    let findings = engine.doctor(false, &mut Unobserved).unwrap();
    assert!(findings.iter().all(|finding| !finding.damage), "{findings:?}");
    summary.references
}

fn ask(engine: &mut Engine, query: &str) -> Vec<String> {
    let limits = SqlLimits { rows: 10_000, timeout: Duration::from_mins(10) };
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let rows = engine.sql(query, limits).unwrap().rows;
    rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" ")).collect()
}

/// All references, without ids.
fn told(engine: &mut Engine) -> Vec<String> {
    ask(
        engine,
        "SELECT r.source_kind || ' ' || r.field || '[' || r.raw || '] ' || r.status || ' ' || r.rule || ' ' || r.as_of_rule
             || ' ' || coalesce(array_to_string(r.candidates, ','), '') || CASE WHEN r.symbol_id IS NULL THEN '' ELSE ' symbol' END
         FROM code_references AS r ORDER BY 1",
    )
}

struct Script {
    stream: Stream,
    messages: Vec<Message>,
}

impl Script {
    fn new(name: &str, kind: StreamKind) -> Self {
        let stream = Stream {
            id: Stream::id("test", name),
            source: "test".to_owned(),
            name: name.to_owned(),
            kind,
            title: String::new(),
        };
        Self { stream, messages: Vec::new() }
    }

    fn say(&mut self, secs: i64, author: &str, text: &str) -> &mut Message {
        let at = Timestamp::from_secs(START + secs);
        let external_id = format!("{}-{}", self.stream.name, self.messages.len());
        self.messages.push(Message {
            id: Message::id(self.stream.id, &external_id, at),
            stream: self.stream.id,
            external_id,
            author: author.to_owned(),
            role: Role::Assistant,
            sent: Zoned { at, offset_minutes: 0 },
            text: text.to_owned(),
            tokens: 1,
            reply_to: None,
            replaces: None,
            tool_calls: Vec::new(),
            meta: String::new(),
        });
        self.messages.last_mut().unwrap()
    }

    fn edit(&mut self, secs: i64, removed: &str, added: &str) {
        let message = self.say(secs, "agent", "");
        message.tool_calls.push(ToolCall {
            id: ToolCall::id(message.id, 0),
            external_id: "call".to_owned(),
            tool: "Edit".to_owned(),
            paths: vec![RepoPath::from("src/jar.rs")],
            command: None,
            patch: Some(format!(
                "--- a/src/jar.rs\n+++ b/src/jar.rs\n@@ -1 +1 @@\n-{removed}\n+{added}\n"
            )),
            input: "{}".to_owned(),
        });
    }

    fn batch(self) -> Batch {
        Batch { streams: vec![self.stream], messages: self.messages, ..Batch::default() }
    }
}

/// A repository in which a person and a bot work, a chat about it, and the sessions of both.
fn place() -> (tempfile::TempDir, ToyRepo, Arc<FakeClock>, [String; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let mut repo = ToyRepo::init(&folder.path().join("repo"));
    let first = repo.commit_file("src/jar.rs", JAR, "jar: first");
    let changed = JAR.replace("        self.grams", LINE);
    let second = repo.commit_file("src/jar.rs", &changed, "jar: `weigh_all` counts the lid");
    let bot = changed.replace("grams: u32", "grams: u64");
    let third =
        repo.commit_file("src/jar.rs", &bot, &format!("Reverts nothing of {}", &first[..12]));
    let clock = Arc::new(FakeClock::at(Timestamp(NOW)));
    fs_err::create_dir_all(folder.path().join("store")).unwrap();
    let mut chat = Script::new("chat", StreamKind::Chat);
    chat.say(
        600,
        "ada",
        "why does weigh_all() in src/jar.rs:7 count lids? request main and 1234567",
    );
    chat.say(660, "bob", &format!("see {}, the password is hunter22hunter22", &second[..12]));
    let mut session = Script::new("session", StreamKind::Agent);
    session.edit(30, "        self.grams", LINE);
    let mut bystander = Script::new("bystander", StreamKind::Agent);
    bystander.edit(100, "    grams: u32,", "    grams: u32, // as the scale tells it, rounded");
    append(
        &folder.path().join("store"),
        &clock,
        &[chat.batch(), session.batch(), bystander.batch()],
    );
    (folder, repo, clock, [first, second, third])
}

#[test]
fn texts_are_linked_to_what_they_speak_of() {
    let (folder, repo, clock, [first, second, _]) = place();
    let store = folder.path().join("store");
    let mut engine = engine(&store, &clock);
    assert!(ingest(&mut engine, &repo.path) > 0);
    let all = told(&mut engine);
    let expected = [
        format!("commit [{}] resolved oid recorded {first}", &first[..12]),
        "commit [`weigh_all`] resolved unique recorded src/jar.rs::Jar.weigh_all symbol".to_owned(),
        format!("message [{}] resolved oid reflog {second}", &second[..12]),
        "message [src/jar.rs:7] resolved exact reflog src/jar.rs:7 symbol".to_owned(),
        "message [weigh_all()] resolved unique reflog src/jar.rs::Jar.weigh_all symbol".to_owned(),
        format!("tool_call patch[-        self.grams] resolved wrote none {second}"),
        "tool_call patch[@@ -1 +1 @@] resolved exact reflog src/jar.rs".to_owned(),
        "tool_call patch[@@ -1 +1 @@] resolved exact reflog src/jar.rs".to_owned(),
        "tool_call paths[src/jar.rs] resolved tool reflog src/jar.rs".to_owned(),
        "tool_call paths[src/jar.rs] resolved tool reflog src/jar.rs".to_owned(),
    ];
    assert_eq!(all, expected);
    // Nothing new: nothing is done, and what is there stays.
    assert_eq!(ingest(&mut engine, &repo.path), 0);
    assert_eq!(told(&mut engine), all);
    // What refers to the commit: the session that wrote it, and the chat.
    let links = |engine: &Engine, of: &str| {
        let asked = LinksOf { folder: repo.path.clone(), of: of.to_owned(), count: 10 };
        engine.read().links(&asked).unwrap()
    };
    let answer = links(&engine, &second);
    let rules: Vec<&str> = answer.referring.iter().map(|said| said.rule.as_str()).collect();
    assert_eq!(rules, ["wrote", "oid"]);
    let words: Vec<&str> = answer.links.iter().map(|link| link.text.as_str()).collect();
    assert_eq!(words, ["`weigh_all`"]);
    assert!(links_text(&answer).contains("symbol src/jar.rs::Jar.weigh_all"));
    let answer = links(&engine, "Jar.weigh_all");
    assert!(answer.links.is_empty());
    assert_eq!(answer.referring.len(), 2, "{:?}", answer.referring);
    engine.close().unwrap();
}

#[test]
fn step_by_step_is_as_good_as_at_once() {
    let (folder, mut repo, clock, _) = place();
    let store = folder.path().join("store");
    let mut one = engine(&store, &clock);
    ingest(&mut one, &repo.path);
    let mut later = Script::new("later", StreamKind::Chat);
    later.say(900, "ada", "and Jar::empty_it() of src/jar.rs?");
    one.close().unwrap();
    append(&store, &clock, &[later.batch()]);
    let mut one = engine(&store, &clock);
    assert!(ingest(&mut one, &repo.path) > 0);
    let text = fs_err::read_to_string(repo.path.join("src/jar.rs")).unwrap();
    repo.tick(300);
    repo.commit_file(
        "src/jar.rs",
        &format!("{text}\nimpl Jar {{\n    pub fn empty_it(&self) {{}}\n}}\n"),
        "jar: empty_it()",
    );
    ingest(&mut one, &repo.path);
    let stepwise = told(&mut one);
    // A branch that was rewritten has everything looked at again.
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    repo.tick(60);
    repo.commit_file("src/lid.rs", "pub fn screw_on() {}\n", "lid: screw_on()");
    ingest(&mut one, &repo.path);
    let rewritten = told(&mut one);
    assert_ne!(stepwise, rewritten);
    assert!(
        rewritten.iter().any(|line| line.contains("screw_on() ") || line.contains("[screw_on()]"))
    );
    one.close().unwrap();
    // The same in a store that sees it all at once, but for commits that no ref leads to.
    let anew = folder.path().join("anew");
    fs_err::create_dir_all(&anew).unwrap();
    let mut later = Script::new("later", StreamKind::Chat);
    later.say(900, "ada", "and Jar::empty_it() of src/jar.rs?");
    append(&anew, &clock, &[later.batch()]);
    let mut anew = engine(&anew, &clock);
    ingest(&mut anew, &repo.path);
    let of_chat = |all: &[String]| -> Vec<String> {
        all.iter()
            .filter(|line| line.contains("empty_it") && line.starts_with("message"))
            .cloned()
            .collect()
    };
    assert_eq!(of_chat(&told(&mut anew)), of_chat(&rewritten));
    anew.close().unwrap();
}

#[test]
fn purged_words_leave_and_the_rest_is_linked_again() {
    let (folder, repo, clock, [_, second, _]) = place();
    let store = folder.path().join("store");
    let mut engine = engine(&store, &clock);
    ingest(&mut engine, &repo.path);
    let before = told(&mut engine);
    // What has served SQL of users cannot be purged.
    engine.close().unwrap();
    let mut engine = self::engine(&store, &clock);
    let plan = PurgePlan { texts: vec!["hunter22hunter22".to_owned()], ..PurgePlan::default() };
    assert!(engine.purge(&plan, &mut Unobserved).unwrap().done);
    assert_eq!(told(&mut engine), before);
    assert!(before.iter().any(|line| line.contains(&second[..12])));
    assert_eq!(ingest(&mut engine, &repo.path), 0);
    engine.close().unwrap();
}
