//! Purging: texts leave every byte of a store, ids follow, and a crash leaves the store before or after.

use std::path::Path;
use std::process::{Command, Stdio};

use lichen_model::{
    Batch, DocumentVersion, Message, MessageId, PassageKind, Stream, StreamKind, Tag, TextHash,
    VersionId,
};
use lichen_store::{Error, PurgeStep, PurgedText, Rewrite, Rewritten, Store};

use crate::sample::{
    batch, commit, cut, document, message, open, options, stream, version, with_call,
};

const SECRET: &str = "zimbo-krell-ottava";
const PLACEHOLDER: &str = "<redacted:purged:00000000>";
const MARK: PurgedText = PurgedText { purge: 0, bytes: 18, head: 7, hash: 99 };

/// Replaces one text.
struct One;

impl Rewrite for One {
    fn text(&self, text: &str) -> Option<Rewritten> {
        let round: Vec<_> = text
            .match_indices(SECRET)
            .map(|(at, found)| (at..at + found.len(), PLACEHOLDER.len()))
            .collect();
        let text = text.replace(SECRET, PLACEHOLDER);
        (!round.is_empty()).then(|| Rewritten { text, rounds: vec![round] })
    }

    fn json(&self, json: &str) -> Option<String> {
        self.text(json).map(|new| new.text)
    }

    fn fields(&self, json: &str, _text: Option<&Rewritten>) -> Option<String> {
        self.json(json)
    }

    fn words(&self, words: &str, _cut: bool) -> Option<String> {
        self.json(words)
    }

    fn settle(&mut self) {}

    fn holds(&self, bytes: &[u8]) -> bool {
        bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    }

    fn tokens(&mut self, text: &str) -> u32 {
        u32::try_from(text.len()).unwrap()
    }

    fn embedded(&self, _kind: PassageKind, context: &str, text: &str) -> TextHash {
        TextHash::of(&format!("{context}\n{text}"))
    }
}

/// Facts of every kind, of which texts are made by `text`, that depend on each other by ids that come from texts.
fn facts(text: impl Fn(&str) -> String) -> Batch {
    let named = |n: u32, said: &str| message("ops", n, &text(said));
    let unnamed = |n: u32, said: &str, nth: u32| {
        let said = text(said);
        let mut message = message("ops", n, &said);
        message.external_id = String::new();
        message.id =
            Message::id_by_content(message.stream, &message.author, &said, nth, message.sent.at);
        message
    };
    let edit = |of: &Message, said: Option<&str>| {
        let said = said.map(&text);
        Message {
            id: Message::id_of_edit(of.id, said.as_deref()),
            text: said.unwrap_or_default(),
            replaces: Some(of.id),
            ..of.clone()
        }
    };
    let first = unnamed(10, "it is S\nand S\nso there", 0);
    let equal = unnamed(10, "it is S\nand S\nso there", 1);
    let mut answer = named(11, "thanks");
    answer.reply_to = Some(first.id);
    let changed = edit(&answer, Some("S, thanks"));
    let deleted = edit(&first, None);
    let again = edit(&changed, Some("nothing"));
    let mut call = with_call(unnamed(12, "S", 0), &text("src/S.rs"));
    call.tool_calls[0].command = Some(text("login S"));
    call.tool_calls[0].input = text(r#"{"token": "S"}"#);
    let mut fields = named(13, "fields");
    fields.meta = text(r#"{"k": "S"}"#);
    let late = unnamed(9, "late S", 0);
    let messages = vec![first, equal, answer, changed, deleted, again, call, fields, late];
    let chain = |path: &str, texts: &[Option<&str>]| {
        let mut previous: Option<VersionId> = None;
        let mut versions: Vec<DocumentVersion> = Vec::new();
        for (at, said) in (0..).zip(texts) {
            let said = said.map(&text);
            let version = version(path, previous, said.as_deref(), at);
            previous = Some(version.id);
            versions.push(version);
        }
        versions
    };
    let mut versions =
        chain("docs/keys.md", &[Some("# Keys\nS\nend\n"), None, Some("# Keys\n\nnone\n")]);
    versions.extend(chain("docs/calm.md", &[Some("# Calm\n"), Some("# Calm\nand more\n")]));
    versions[0].title = text("Keys of S");
    let mut told = commit(7);
    told.message = text("Use S\n\nfor now\n");
    let tags = vec![
        Tag { thing: messages[0].id.any(), name: text("uses S") },
        Tag { thing: versions[2].id.any(), name: "kept".into() },
        Tag { thing: document("docs/keys.md").id.any(), name: "keys".into() },
    ];
    let mut streams = vec![stream("ops", StreamKind::Chat)];
    streams[0].title = text("ops of S");
    cut(Batch { commits: vec![told], versions, streams, messages, tags, ..Batch::default() })
}

fn with_secret(text: &str) -> String {
    text.replace('S', SECRET)
}

fn without(text: &str) -> String {
    text.replace('S', PLACEHOLDER)
}

fn fill(store: &mut Store, facts: &Batch) {
    store.append(&batch()).unwrap();
    let receipt = store.append(facts).unwrap();
    assert!(receipt.problems.is_empty(), "{:?}", receipt.problems);
}

/// What the store answers to everything that is not a time of taking in.
fn all(store: &Store) -> String {
    let entries = store.read().entries(0, 10_000).unwrap();
    entries.iter().map(|entry| format!("{entry:?}")).collect::<Vec<_>>().join("\n")
}

fn sums(store: &Store) -> Vec<String> {
    let id = Stream::id("jsonl", "ops");
    let mut ids: Vec<String> = store
        .read()
        .messages_between(
            id,
            lichen_model::Standing { place: -1, late: 0 },
            lichen_model::Standing { place: i64::MAX, late: u32::MAX },
        )
        .unwrap()
        .into_iter()
        .map(|id: MessageId| id.to_string())
        .collect();
    let sums = crate::append::measured_stream(store, "ops", lichen_store::Measure::Bytes);
    ids.push(format!("{:?}", sums.unwrap()));
    ids
}

/// Files of the store that hold `text`.
fn holding(dir: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs_err::read(&path)
            .unwrap()
            .windows(text.len())
            .any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn purge(store: &mut Store) {
    let survey = store.survey(&mut One).unwrap();
    store.purge(&survey, &[MARK], &|_| Ok(())).unwrap();
}

#[test]
fn a_purged_store_is_the_one_that_never_had_the_text() {
    let (with, clean) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = open(with.path());
    fill(&mut store, &facts(with_secret));
    store.checkpoint().unwrap();
    assert!(!holding(with.path(), SECRET).is_empty(), "the test can fail");
    purge(&mut store);
    assert_eq!(holding(with.path(), SECRET), Vec::<String>::new());
    assert_eq!(store.read().doctor().unwrap(), []);
    assert_eq!(store.read().purged().unwrap(), [MARK]);
    let mut never = open(clean.path());
    fill(&mut never, &facts(without));
    assert_eq!(all(&store), all(&never));
    assert_eq!(store.read().counts().unwrap(), never.read().counts().unwrap());
    // Read again without the text, nothing is new; what was there before is recognised.
    let again = store.append(&facts(without)).unwrap();
    assert_eq!((again.messages, again.versions, again.tags, again.edits), (0, 0, 0, 0));
    let again = store.append(&batch()).unwrap();
    assert_eq!((again.messages, again.versions, again.commits), (0, 0, 0));
    assert_eq!(sums(&store), sums(&never));
    drop(store);
    let store = open(with.path());
    assert_eq!(store.repairs(), [""; 0]);
    assert_eq!(all(&store), all(&never), "opened again");
}

#[test]
fn what_waits_in_the_journal_is_purged_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let live = Batch {
        streams: vec![stream("live", StreamKind::Chat)],
        messages: vec![message("live", 1, &with_secret("take S"))],
        ..Batch::default()
    };
    store.journal().append(&cut(live)).unwrap();
    assert!(!holding(dir.path(), SECRET).is_empty(), "the test can fail");
    purge(&mut store);
    assert_eq!(holding(dir.path(), SECRET), Vec::<String>::new());
    assert_eq!(store.read().counts().unwrap().messages, 1);
    // And the journal goes on.
    let more = Batch {
        streams: vec![stream("live", StreamKind::Chat)],
        messages: vec![message("live", 2, "more")],
        ..Batch::default()
    };
    store.journal().append(&cut(more)).unwrap();
    while store.apply_journal().unwrap().is_some() {}
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.repairs(), [""; 0]);
    assert_eq!(store.read().counts().unwrap().messages, 2);
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn vectors_made_from_the_text_go_and_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    fill(&mut store, &facts(with_secret));
    let entries = store.read().entries(0, 1000).unwrap();
    let hash =
        |entry: &lichen_store::Entry<'_>| One.embedded(entry.kind, &entry.context, &entry.text);
    let vectors: Vec<_> = entries.iter().map(|entry| (hash(entry), vec![1.0, 2.0])).collect();
    store.put_embeddings("service", 2, &vectors).unwrap();
    let (gone, kept): (Vec<_>, Vec<_>) =
        entries.iter().partition(|entry| entry.text.contains(SECRET));
    let kept: Vec<_> = kept.into_iter().map(hash).collect();
    let gone: Vec<_> = gone.into_iter().map(hash).collect();
    assert!(!gone.is_empty() && !kept.is_empty());
    let survey = store.survey(&mut One).unwrap();
    assert!(survey.vectors() > 0 && survey.passages() > 0);
    store.purge(&survey, &[MARK], &|_| Ok(())).unwrap();
    assert!(store.read().embeddings("service", &gone).unwrap().is_empty());
    let left = store.read().embeddings("service", &kept).unwrap();
    assert!(kept.iter().all(|hash| left.contains_key(hash)));
}

#[test]
fn names_that_hold_the_text_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let path = with_secret("docs/S.md");
    let mut said = message("ops", 1, "calm");
    said.author = SECRET.to_owned();
    let named = Batch {
        repos: batch().repos,
        versions: vec![version(&path, None, Some("# Calm\n"), 0)],
        streams: vec![stream("ops", StreamKind::Chat), stream(SECRET, StreamKind::Chat)],
        messages: vec![said],
        ..Batch::default()
    };
    store.append(&cut(named)).unwrap();
    let survey = store.survey(&mut One).unwrap();
    let left: Vec<String> = survey
        .left()
        .iter()
        .map(|left| format!("{}.{} {}", left.table, left.column, left.count))
        .collect();
    assert_eq!(left, ["documents.path 1", "streams.name 1", "messages.author 1"]);
    assert!(survey.left().iter().all(|left| !left.row.contains(SECRET)));
    store.purge(&survey, &[MARK], &|_| Ok(())).unwrap();
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn what_fails_leaves_the_store_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    fill(&mut store, &facts(with_secret));
    let before = all(&store);
    let survey = store.survey(&mut One).unwrap();
    for step in [PurgeStep::Copy, PurgeStep::Prove, PurgeStep::Swap] {
        let failing = |at: PurgeStep| {
            if at == step { Err(std::io::Error::other("no")) } else { Ok(()) }
        };
        store.purge(&survey, &[MARK], &failing).unwrap_err();
        assert_eq!(all(&store), before, "{step:?}");
        assert!(!dir.path().join("lichen.duckdb.fresh").exists(), "{step:?}");
        assert_eq!(store.read().purged().unwrap(), []);
    }
    store.purge(&survey, &[MARK], &|_| Ok(())).unwrap();
    assert_eq!(holding(dir.path(), SECRET), Vec::<String>::new());
}

#[test]
fn a_disk_without_room_for_a_copy_is_told_before() {
    let dir = tempfile::tempdir().unwrap();
    fill(&mut open(dir.path()), &facts(with_secret));
    let mut store =
        Store::open(dir.path(), lichen_store::Options { reserve_bytes: 1 << 60, ..options() })
            .unwrap();
    let before = all(&store);
    let survey = store.survey(&mut One).unwrap();
    let refused = store.purge(&survey, &[MARK], &|_| Ok(()));
    assert!(matches!(refused, Err(Error::DiskFull { .. })), "{refused:?}");
    assert_eq!(all(&store), before);
}

/// Not a test: what [`a_crash_leaves_the_store_before_or_after`] kills.
#[test]
fn another_process_that_purges() {
    let Some(step) = std::env::var_os("LICHEN_STORE_TEST_PURGE") else { return };
    let dir = std::env::var_os("LICHEN_STORE_TEST_DIR").unwrap();
    let mut store = open(Path::new(&dir));
    let survey = store.survey(&mut One).unwrap();
    let stop = |at: PurgeStep| {
        if Some(at.name()) == step.to_str() { std::process::abort() } else { Ok(()) }
    };
    store.purge(&survey, &[MARK], &stop).unwrap();
}

#[test]
fn a_crash_leaves_the_store_before_or_after() {
    for step in PurgeStep::ALL {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        fill(&mut store, &facts(with_secret));
        let before = all(&store);
        drop(store);
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "purge::another_process_that_purges", "--test-threads=1"])
            .env("LICHEN_STORE_TEST_PURGE", step.name())
            .env("LICHEN_STORE_TEST_DIR", dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(!status.success(), "{step:?} was not reached");
        let mut store = open(dir.path());
        assert_eq!(store.repairs(), [""; 0], "{step:?}");
        assert_eq!(store.read().doctor().unwrap(), [], "{step:?}");
        let after = step == PurgeStep::Swapped;
        assert_eq!(all(&store) != before, after, "{step:?}");
        assert_eq!(store.read().purged().unwrap().len(), usize::from(after), "{step:?}");
        for left in ["lichen.duckdb.fresh", "lichen.duckdb.fresh.wal"] {
            assert!(!dir.path().join(left).exists(), "{step:?}");
        }
        purge(&mut store);
        assert_eq!(holding(dir.path(), SECRET), Vec::<String>::new(), "{step:?}");
    }
}
