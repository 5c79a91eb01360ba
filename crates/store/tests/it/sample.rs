//! Sample facts and a clock that stands still.

use std::path::Path;
use std::sync::Arc;

use lichen_model::{
    Batch, ChangeStatus, Clock, Commit, CommitId, Document, DocumentKind, DocumentVersion, Extent,
    FileChange, Message, MessageId, Oid, Outcome, Owner, Passage, PassageKind, Person, Progress,
    Ref, RefKind, RefState, Repo, RepoPath, Role, Run, RunEvent, Standing, Stream, StreamKind, Tag,
    TextHash, Timestamp, ToolCall, VersionId, Zoned,
};
use lichen_store::{Entry, Options, Receipt, Store};

/// 2023-11-14 22:13:20 UTC.
pub(crate) const START_SECS: i64 = 1_700_000_000;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(START_SECS + 1_000_000)
    }

    fn monotonic_nanos(&self) -> u64 {
        0
    }
}

pub(crate) fn options() -> Options {
    Options { threads: 1, reserve_bytes: 1 << 20, ..Options::new("a test", Arc::new(Still)) }
}

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir, options()).unwrap()
}

pub(crate) fn zoned(secs: i64) -> Zoned {
    Zoned { at: Timestamp::from_secs(START_SECS + secs), offset_minutes: 60 }
}

pub(crate) fn oid(n: u32) -> Oid {
    let mut bytes = vec![0x5a; 16];
    bytes.splice(0..0, n.to_be_bytes());
    Oid(bytes)
}

pub(crate) fn repo() -> Repo {
    Repo {
        id: Repo::id("."),
        key: ".".into(),
        name: "toy".into(),
        object_format: Some("sha1".into()),
        shallow: false,
    }
}

pub(crate) fn person(name: &str) -> Person {
    let id = Person::id(name, &format!("{name}@example.org"));
    Person { id, name: name.into(), email: format!("{name}@example.org"), canonical: id }
}

pub(crate) fn change(path: &[u8], status: ChangeStatus) -> FileChange {
    FileChange {
        parent: 0,
        path: RepoPath(path.to_vec()),
        old_path: None,
        status,
        old_oid: None,
        new_oid: Some(oid(9)),
        old_mode: 0,
        new_mode: 0o100_644,
    }
}

/// Commit number `n`, a child of the one before.
pub(crate) fn commit(n: u32) -> Commit {
    let committed = zoned(i64::from(n) * 60);
    Commit {
        id: Commit::id(&oid(n), committed.at),
        repo: repo().id,
        oid: oid(n),
        tree: oid(n + 1_000_000),
        parents: n.checked_sub(1).map(oid).into_iter().collect(),
        author: person("ada").id,
        authored: committed,
        committer: person("bob").id,
        committed,
        message: format!("parser: handle case {n}\n\nLonger reasons for {n}.\n"),
        boundary: false,
        changes: Some(vec![
            change(format!("src/part{n}.rs").as_bytes(), ChangeStatus::Added),
            change(b"docs/caf\xe9.md", ChangeStatus::Modified),
        ]),
    }
}

pub(crate) fn stream(name: &str, kind: StreamKind) -> Stream {
    Stream {
        id: Stream::id("jsonl", name),
        source: "jsonl".into(),
        name: name.into(),
        kind,
        title: format!("#{name}"),
    }
}

/// Message number `n` of the stream `name`.
pub(crate) fn message(name: &str, n: u32, text: &str) -> Message {
    let stream = Stream::id("jsonl", name);
    let sent = zoned(i64::from(n) * 10);
    let external = format!("x{n}");
    Message {
        id: Message::id(stream, &external, sent.at),
        stream,
        external_id: external,
        author: if n.is_multiple_of(2) { "ada" } else { "bob" }.into(),
        role: Role::User,
        sent,
        text: text.into(),
        tokens: n,
        reply_to: None,
        replaces: None,
        tool_calls: Vec::new(),
        meta: format!(r#"{{"channel": "{name}", "labels": ["l{n}", "all"]}}"#),
    }
}

pub(crate) fn with_call(mut message: Message, path: &str) -> Message {
    message.tool_calls.push(ToolCall {
        id: ToolCall::id(message.id, 0),
        external_id: "call-1".into(),
        tool: "Edit".into(),
        paths: vec![path.into()],
        command: None,
        patch: Some("--- a\n+++ b\n".into()),
        input: r#"{"file_path": "x"}"#.into(),
    });
    message
}

pub(crate) fn document(path: &str) -> Document {
    let path = RepoPath::from(path);
    Document {
        id: Document::id(repo().id, &path),
        repo: repo().id,
        path,
        kind: DocumentKind::Markdown,
        language: None,
    }
}

/// A version of `path` that follows `previous`; without text, its end.
pub(crate) fn version(
    path: &str,
    previous: Option<VersionId>,
    text: Option<&str>,
    secs: i64,
) -> DocumentVersion {
    let document = document(path);
    let text_hash = text.map(TextHash::of).unwrap_or_default();
    DocumentVersion {
        id: DocumentVersion::id(document.id, previous, text_hash),
        document,
        previous,
        text: text.map(str::to_owned),
        text_hash,
        title: path.to_owned(),
        meta: r#"{"status": "accepted"}"#.into(),
        seen: Timestamp::from_secs(START_SECS + secs),
    }
}

pub(crate) fn reference(name: &str, target: Option<Oid>) -> RefState {
    let repo = repo().id;
    let kind = if name == "HEAD" { RefKind::Head } else { RefKind::Branch };
    RefState {
        reference: Ref { id: Ref::id(repo, name), repo, name: name.into(), kind },
        target,
        symbolic: (name == "HEAD").then(|| "refs/heads/main".to_owned()),
    }
}

/// Passages of `owner`: the lines of its text.
pub(crate) fn lines(owner: Owner, kind: PassageKind, text: &str) -> Vec<Passage> {
    let mut start = 0;
    let mut passages = Vec::new();
    for (line, piece) in (1_u32..).zip(text.split_inclusive('\n')) {
        let end = start + u32::try_from(piece.len()).unwrap();
        let ord = u32::try_from(passages.len()).unwrap();
        passages.push(Passage {
            owner,
            ord,
            kind,
            span: start..end,
            line,
            context: format!("context {line}"),
        });
        start = end;
    }
    passages
}

/// Adds the passages of every fact in the batch.
pub(crate) fn cut(mut batch: Batch) -> Batch {
    for commit in &batch.commits {
        batch.passages.extend(lines(
            Owner::Commit(commit.id),
            PassageKind::Commit,
            &commit.message,
        ));
    }
    for version in &batch.versions {
        if let Some(text) = &version.text {
            batch.passages.extend(lines(Owner::Version(version.id), PassageKind::Doc, text));
        }
    }
    for message in &batch.messages {
        batch.passages.extend(lines(Owner::Message(message.id), PassageKind::Chat, &message.text));
    }
    batch
}

/// A little of everything.
pub(crate) fn batch() -> Batch {
    let messages = vec![
        message("general", 0, "why does the parser refuse tabs?"),
        with_call(message("general", 1, "because of\nthe naïve lexer"), "src/part1.rs"),
        message("ops", 2, "deploy at noon"),
    ];
    cut(Batch {
        repos: vec![repo()],
        people: vec![person("ada"), person("bob")],
        commits: (0..4).map(commit).collect(),
        refs: vec![reference("HEAD", Some(oid(3))), reference("refs/heads/main", Some(oid(3)))],
        versions: vec![
            version("docs/guide.md", None, Some("# Guide\n\nTabs are refused.\n"), 0),
            version("README.md", None, Some("# Toy\n"), 0),
        ],
        streams: vec![stream("general", StreamKind::Chat), stream("ops", StreamKind::Chat)],
        tags: vec![Tag { thing: messages[0].id.any(), name: "parser".into() }],
        messages,
        runs: runs(),
        progress: vec![Progress { source: "jsonl:a".into(), position: "3".into() }],
        ..Batch::default()
    })
}

/// The window of the stream `name` from place 0 to `last`.
pub(crate) fn extent(name: &str, last: i64) -> Extent {
    let stream = Stream::id("jsonl", name);
    let at = |place| Standing { place, late: 0 };
    Extent { stream, first: at(0), last: at(last), late: 0, replaced: 0, bytes: None }
}

/// The attempt of that number at a window, claimed at second `secs` for ten.
pub(crate) fn run(extent: Extent, attempt: u32, secs: i64) -> Run {
    let (claimed, lease) = (zoned(secs).at, zoned(secs + 10).at);
    let id = Run::id("writer", "v1", extent.id(), attempt, claimed);
    let (consumer, signature) = ("writer".into(), "v1".into());
    Run { id, consumer, signature, extent, attempt, claimed, lease }
}

pub(crate) fn ended(run: &Run, secs: i64, outcome: Outcome) -> RunEvent {
    RunEvent::Ended { run: run.id, at: zoned(secs).at, outcome }
}

/// A window that failed, then was split, and one that is claimed.
fn runs() -> Vec<RunEvent> {
    let [first, second] = [run(extent("general", 1), 1, 0), run(extent("general", 1), 2, 7)];
    let part = |bytes| Extent { bytes: Some(bytes), ..extent("general", 0) };
    vec![
        RunEvent::Claimed(first.clone()),
        ended(&first, 5, Outcome::Failed { reason: "no answer".into() }),
        RunEvent::Claimed(second.clone()),
        ended(&second, 9, Outcome::Split { parts: vec![part(0..7), part(7..31)] }),
        RunEvent::Claimed(run(extent("ops", 0), 1, 20)),
    ]
}

pub(crate) fn commit_id(n: u32) -> CommitId {
    commit(n).id
}

pub(crate) fn message_id(name: &str, n: u32) -> MessageId {
    message(name, n, "").id
}

/// The entries that the passages of the batch must come back as.
pub(crate) fn expected<'a>(batch: &'a Batch, receipt: &Receipt) -> Vec<Entry<'a>> {
    let owner = |owner: Owner| -> (&'a str, &'a str, Timestamp, u128) {
        match owner {
            Owner::Commit(id) => {
                let commit = batch.commits.iter().find(|commit| commit.id == id).unwrap();
                let author = batch.people.iter().find(|person| person.id == commit.author);
                (&commit.message, author.map_or("", |person| &person.name), commit.committed.at, 0)
            }
            Owner::Message(id) => {
                let message = batch.messages.iter().find(|message| message.id == id).unwrap();
                (&message.text, &message.author, message.sent.at, message.stream.as_u128())
            }
            Owner::Version(id) => {
                let version = batch.versions.iter().find(|version| version.id == id).unwrap();
                (version.text.as_deref().unwrap(), "", version.seen, version.document.id.as_u128())
            }
        }
    };
    let entry = |(seq, &place): (u64, &usize)| {
        let passage = &batch.passages[place];
        let (text, author, at, group) = owner(passage.owner);
        let text = &text[passage.span.start as usize..passage.span.end as usize];
        Entry {
            seq,
            kind: passage.kind,
            site: passage.site(),
            at,
            group,
            author: author.into(),
            context: passage.context.as_str().into(),
            text: text.into(),
            text_hash: TextHash::of(text),
        }
    };
    receipt.seqs.clone().zip(&receipt.passages).map(entry).collect()
}
