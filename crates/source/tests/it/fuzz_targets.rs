//! What is done with bytes from anywhere: every format of messages, archives, secrets, documents, commits.
//!
//! The same functions run under libFuzzer (`fuzz/`) and, with a few mutations of each seed, as an ordinary test. A
//! target panics where a promise is broken; bad input is data.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lichen_model::{Batch, DocumentKind, Owner, Timestamp};
use lichen_source::messages::{self, Source};
use lichen_source::redact::Redactor;
use lichen_source::{Read, documents, git, passage};

/// The names of the targets.
pub(crate) const TARGETS: [&str; 25] = [
    "aider",
    "claude-code",
    "codex",
    "commit",
    "csv",
    "cursor",
    "discord",
    "document",
    "gemini",
    "github",
    "gitlab",
    "irc",
    "jsonl",
    "maildir",
    "matrix",
    "mbox",
    "opencode",
    "passages",
    "redact",
    "slack",
    "tar",
    "telegram",
    "whatsapp",
    "zip",
    "zulip",
];

/// Session, message and part at once: what each reader does not know it leaves alone.
const OPENCODE: &[u8] = br#"{"id":"prt_1","sessionID":"ses_1","messageID":"msg_1","projectID":"toy","title":"T","directory":"/home/ann/toy",
"role":"assistant","type":"tool","tool":"edit","callID":"c","state":{"status":"completed","input":{"filePath":"a.rs"},"output":"ok"},
"text":"said","time":{"created":1704445200000,"updated":1704445200001}}"#;

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../fixtures/", $path))
    };
}

/// Bytes to begin from.
pub(crate) fn seeds(target: &str) -> Vec<Cow<'static, [u8]>> {
    let of = |seeds: &[&'static [u8]]| seeds.iter().map(|seed| Cow::Borrowed(*seed)).collect();
    match target {
        "claude-code" => of(&[
            fixture!(
                "claude/projects/-home-ann-toy/5e551015-0000-4000-8000-000000000001.jsonl"
            ),
            fixture!("damaged-session.jsonl"),
        ]),
        "aider" => of(&[fixture!("aider/damaged.md")]),
        "codex" => of(&[
            fixture!(
                "codex/sessions/2026/01/02/rollout-2026-01-02T10-00-00-019b7a00-0000-7000-8000-000000000001.jsonl"
            ),
            fixture!("codex/rollout-2025-06-01T10-00-00-old.jsonl"),
            fixture!("codex/rollout-damaged.jsonl"),
        ]),
        "cursor" => of(&[
            fixture!("cursor/agent-transcripts/c0de0000-0000-4000-8000-000000000001.jsonl"),
            fixture!("cursor/agent-transcripts/damaged.jsonl"),
        ]),
        "gemini" => of(&[
            fixture!("gemini/tmp/toy/chats/session-2026-01-03T10-00-01d00000.json"),
            fixture!("gemini/tmp/toy/chats/session-2026-01-04T10-00-9e3779b9.jsonl"),
            fixture!("gemini/damaged.jsonl"),
        ]),
        "opencode" => of(&[OPENCODE]),
        "commit" => of(&[
            b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Ann <ann@x> 1704445200 +0100\ncommitter Ann <ann@x> 1704445200 +0100\nencoding ISO-8859-1\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\nparser: keep `a < b`\n\nCo-authored-by: Bea <bea@x>\n",
        ]),
        "csv" => of(&[
            b"id,time,author,text,reply_to\n1,1704445200,Ann,\"a \"\"b\"\"\nc\",\n2,2024-01-05T10:00:00Z,Bea,d,1\n",
        ]),
        "discord" => of(&[
            fixture!("discord/Toys - makers - general [900].json"),
            fixture!("discord/thread.json"),
        ]),
        "document" => of(&[
            b"m# Title\n\ntext\n\n## Part\n\n- a\n- b\n\n```rust\nfn a() {}\n```\n",
            b"r//! Doc.\n\n/// One.\npub fn one() -> u8 {\n    1\n}\n\nimpl A {\n    fn b() {}\n}\n",
            b"p\"\"\"Doc.\"\"\"\n\nclass A:\n    def b(self):\n        return 1\n",
            b"n{\"cells\":[{\"cell_type\":\"code\",\"source\":[\"a\\n\"],\"outputs\":[]}],\"metadata\":{},\"nbformat\":4}",
            b"sTitle\n=====\n\ntext\n\nPart\n----\n\n.. code::\n\n   x\n",
            b"f---\ntitle: T\ntags: [a, b]\n---\n\n# H\n",
        ]),
        "github" => of(&[
            fixture!("github/issues.json"),
            fixture!("github/comments.ndjson"),
            fixture!("github/reviews.json"),
        ]),
        "gitlab" => of(&[fixture!("gitlab/discussions.json"), fixture!("gitlab/project.ndjson")]),
        "irc" => of(&[
            fixture!("irc/#rust_20240102.log"),
            fixture!("irc/irc.libera.#rust.weechatlog"),
            fixture!("irc/libera/#rust.log"),
        ]),
        "jsonl" => of(&[fixture!("chat.jsonl")]),
        "maildir" | "mbox" => of(&[fixture!("mbox/list.mbox")]),
        "matrix" => of(&[fixture!("matrix/room.json")]),
        "passages" => of(&[
            b"# A\n\none two three.\n\n> quoted\n\n```sh\nls\n```\n\nIt goes on. And on.\n",
            "Der Parser verliert die letzte Zeile. \u{1f980}\r\n\r\n\ttab\u{a0}x".as_bytes(),
        ]),
        "redact" => of(&[
            b"export DB_PASSWORD=q7Zt!Wm2xLk9\nurl: postgres://ann:v3ry-Se5cure@db/x\n",
            b"kind: Secret\ndata:\n  a: Z2hwX3E3WnRXbTJ4TGs5UGNSNHZCbjhKZDNIczZZZjFHazVUYTBVZQ==\n---\n",
            b"{\"api_key\": \"q7ZtWm2xLk9PcR4vBn8\", \"b\": \"line\\nSECRET=q7ZtWm2xLk9PcR4vBn8\"}",
            b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n",
            b"KEY = (\"ghp_q7ZtWm2xLk9PcR\"\n  \"4vBn8Jd3Hs6Yf1Gk5Ta0Ue\")\nCookie: sid=q7ZtWm2xLk9PcR4v; a=b\ncurl -u ann:q7ZtWm2x x\n",
        ]),
        "slack" => of(&[
            fixture!("slack/general/2024-01-05.json"),
            fixture!("slack/general/2024-01-06.json"),
        ]),
        "tar" => vec![Cow::Owned(tar()), Cow::Owned(gzip(&tar()))],
        "telegram" => of(&[fixture!("telegram/result.json"), fixture!("telegram/account.json")]),
        "whatsapp" => of(&[
            fixture!("whatsapp/WhatsApp Chat with Toy makers.txt"),
            fixture!("whatsapp/_chat.txt"),
        ]),
        "zip" => ARCHIVES.iter().map(|(name, content)| Cow::Owned(zip(name, content))).collect(),
        "zulip" => of(&[
            fixture!("zulip/zulip-export-toys/messages-000001.json"),
            fixture!("zulip/zulip-export-toys/realm.json"),
        ]),
        _ => unreachable!("no target `{target}`"),
    }
}

/// A file of each format that is read out of a zip.
const ARCHIVES: [(&str, &[u8]); 5] = [
    ("_chat.txt", fixture!("whatsapp/_chat.txt")),
    ("result.json", fixture!("telegram/result.json")),
    ("thread.json", fixture!("discord/thread.json")),
    ("export.json", fixture!("matrix/room.json")),
    ("messages-000001.json", fixture!("zulip/zulip-export-toys/messages-000001.json")),
];

const SLACK: [(&str, &[u8]); 2] = [
    ("users.json", fixture!("slack/users.json")),
    ("channels.json", fixture!("slack/channels.json")),
];

fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [(name, content), ("user.json", b"{}"), ("users.json", b"[]")] {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(name, options).expect("memory has no end");
        writer.write_all(content).expect("memory has no end");
    }
    writer.finish().expect("memory has no end").into_inner()
}

fn tar() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let files: [(&str, &[u8]); 2] = [
        ("messages-000001.json", fixture!("zulip/zulip-export-toys/messages-000001.json")),
        ("realm.json", fixture!("zulip/zulip-export-toys/realm.json")),
    ];
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        let name = format!("zulip-export-toys/{name}");
        builder.append_data(&mut header, name, content).expect("memory has no end");
    }
    builder.into_inner().expect("memory has no end")
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("memory has no end");
    encoder.finish().expect("memory has no end")
}

/// Runs a target on some bytes.
pub(crate) fn run(target: &str, data: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        let above = path.parent().expect("a file stands in a folder");
        fs_err::create_dir_all(above).expect("there is room for a folder");
        fs_err::write(&path, content).expect("there is room for a file");
        path
    };
    match target {
        "commit" => commit(folder.path(), data),
        "document" => document(folder.path(), data),
        "passages" => passages(data),
        "redact" => redact(data),
        "slack" => {
            for (name, content) in SLACK {
                file(name, content);
            }
            file("general/2024-01-05.json", data);
            read("slack", folder.path());
        }
        "zulip" => {
            let realm = fixture!("zulip/zulip-export-toys/realm.json");
            let message = fixture!("zulip/zulip-export-toys/messages-000001.json");
            file("realm.json", realm);
            file("messages-000001.json", data);
            read("zulip", folder.path());
            file("realm.json", data);
            file("messages-000001.json", message);
            read("zulip", folder.path());
        }
        "maildir" => {
            let path = file("box/new/1700000000.M1P1.host", data);
            fs_err::create_dir_all(folder.path().join("box/cur")).expect("there is room");
            drop(messages::sniff(&path));
            read("maildir", &folder.path().join("box"));
        }
        "tar" => read("zulip", &file("x.tar", data)),
        "zip" => {
            let path = file("x.zip", data);
            drop(messages::sniff(&path));
            for format in ["slack", "zulip", "telegram", "discord", "matrix", "whatsapp"] {
                read(format, &path);
            }
        }
        "csv" => read("csv", &file("x.csv", data)),
        "irc" => read("irc", &file("#rust_20240102.log", data)),
        "whatsapp" => read("whatsapp", &file("x.txt", data)),
        "mbox" => read("mbox", &file("x.mbox", data)),
        "aider" => read("aider", &file(".aider.chat.history.md", data)),
        "codex" => {
            for name in
                ["rollout-2026-01-02T10-00-00-x.jsonl", "rollout-2026-01-02T10-00-00-x.jsonl.zst"]
            {
                read("codex", &file(name, data));
            }
        }
        "cursor" => {
            read("cursor", &file("agent-transcripts/x.jsonl", data));
            read("cursor", &file("state.vscdb", data));
        }
        "gemini" => {
            for name in ["chats/session-x.json", "chats/session-x.jsonl", "logs.json"] {
                read("gemini", &file(name, data));
            }
        }
        "opencode" => {
            let session = file("storage/session/toy/ses_1.json", data);
            file("storage/message/ses_1/msg_1.json", data);
            file("storage/part/msg_1/prt_1.json", data);
            read("opencode", &session);
            read("opencode", &file("opencode.db", data));
        }
        "claude-code" | "jsonl" => read(target, &file("x.jsonl", data)),
        _ => read(target, &file("x.json", data)),
    }
}

fn redactor() -> Arc<Redactor> {
    Arc::new(Redactor::new([7; 32]))
}

/// Reads a file of messages, and holds what comes of it against what is promised.
fn read(format: &str, path: &Path) {
    drop(messages::sniff(path));
    let source = Source {
        path: path.to_owned(),
        label: "file".to_owned(),
        line_bytes_max: 1 << 16,
        redactor: Some(redactor()),
        ..Source::default()
    };
    let format = messages::format(format).expect("the format is there");
    // A file whose head is damaged may be refused.
    let Ok(mut reader) = (format.open)(&source) else { return };
    let first = all(&mut *reader);
    let Ok(mut reader) = (format.open)(&source) else { return };
    assert_eq!(first, all(&mut *reader), "the same input yields the same facts");
    let Some(progress) = first.iter().rev().find_map(|batch| batch.progress.last()) else { return };
    let source = Source { position: Some(progress.position.clone()), ..source };
    if let Ok(mut reader) = (format.open)(&source) {
        all(&mut *reader);
    }
}

fn all(reader: &mut dyn Read) -> Vec<Batch> {
    let mut batches = Vec::new();
    while let Ok(Some(batch)) = reader.next_batch() {
        hold(&batch);
        batches.push(batch);
        assert!(batches.len() < 10_000, "a reader ends");
    }
    let estimate = reader.estimate();
    assert!(estimate.done <= estimate.total, "{estimate:?}");
    batches
}

/// Every passage is a span of its owner's text.
fn hold(batch: &Batch) {
    for passage in &batch.passages {
        let text = match passage.owner {
            Owner::Message(id) => {
                batch.messages.iter().find(|message| message.id == id).map(|message| &message.text)
            }
            _ => continue,
        };
        let text = text.expect("a passage comes with its message");
        assert!(text.get(passage.span.start as usize..passage.span.end as usize).is_some());
    }
    for message in &batch.messages {
        assert!(message.meta.is_empty() || message.meta.starts_with('{'), "{}", message.meta);
        if !message.meta.is_empty() {
            serde_json::from_str::<serde_json::Value>(&message.meta).expect("meta is JSON");
        }
    }
}

/// Redacting twice changes nothing, lines stay where they were, and JSON stays JSON.
fn redact(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let redactor = redactor();
    let once = redactor.redact(&text);
    assert_eq!(redactor.redact(&once), once);
    assert_eq!(once.matches('\n').count(), text.matches('\n').count());
    let json = redactor.redact_json(&text);
    if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
        serde_json::from_str::<serde_json::Value>(&json).expect("JSON stays JSON");
    }
}

/// Cuts a text in all ways.
fn passages(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let kinds = [DocumentKind::Text, DocumentKind::Markdown, DocumentKind::Code];
    let cuts = kinds.iter().map(|kind| passage::cut_document(*kind, &text));
    let others =
        [passage::cut_text(&text), passage::cut_message(&text), passage::cut_commit(&text)];
    for piece in cuts.chain(others).flatten() {
        assert!(text.get(piece.span.clone()).is_some(), "{piece:?}");
    }
}

/// Reads a document whose first byte tells the ending of its name.
fn document(folder: &Path, data: &[u8]) {
    const ENDINGS: [&str; 12] =
        ["md", "rs", "py", "ipynb", "rst", "txt", "c", "java", "js", "toml", "html", "md"];
    let Some((first, rest)) = data.split_first() else { return };
    let ending = match first {
        b'm' | b'f' => "md",
        b'r' => "rs",
        b'p' => "py",
        b'n' => "ipynb",
        b's' => "rst",
        byte => ENDINGS[usize::from(*byte) % ENDINGS.len()],
    };
    fs_err::write(folder.join(format!("a.{ending}")), rest).expect("there is room for a file");
    let home = documents::folder(folder, ".");
    let options = documents::Options {
        redactor: Some(redactor()),
        ..documents::Options::new(home, Timestamp(4_000_000_000_000))
    };
    let opened = documents::Reader::open(folder, options, documents::Known::default());
    let Ok(mut reader) = opened else { return };
    for batch in all(&mut reader) {
        for passage in &batch.passages {
            let version = batch.versions.first().expect("a passage comes with its document");
            let text = version.text.as_deref().unwrap_or_default();
            assert!(text.get(passage.span.start as usize..passage.span.end as usize).is_some());
        }
    }
}

/// Reads a repository whose only commit is these bytes. Nothing looks at a loose object's name again.
fn commit(folder: &Path, data: &[u8]) {
    const ID: &str = "0123456789abcdef0123456789abcdef01234567";
    let put = |name: &str, content: &[u8]| {
        let path: PathBuf = folder.join(".git").join(name);
        let above = path.parent().expect("a file stands in a folder");
        fs_err::create_dir_all(above).expect("there is room for a folder");
        fs_err::write(path, content).expect("there is room for a file");
    };
    put("HEAD", b"ref: refs/heads/main\n");
    put("config", b"[core]\n\trepositoryformatversion = 0\n");
    put("refs/heads/main", format!("{ID}\n").as_bytes());
    let loose = |kind: &str, content: &[u8]| {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut head = String::new();
        write!(head, "{kind} {}\0", content.len()).expect("memory has no end");
        packed.write_all(head.as_bytes()).expect("memory has no end");
        packed.write_all(content).expect("memory has no end");
        packed.finish().expect("memory has no end")
    };
    put(&format!("objects/{}/{}", &ID[..2], &ID[2..]), &loose("commit", data));
    put("objects/4b/825dc642cb6eb9a060e54bf8d69288fbee4904", &loose("tree", b""));
    let Ok(repository) = git::Repository::open(folder, ".") else { return };
    let repository = repository.redacted(Some(redactor()));
    if let Ok(mut reader) = repository.read(&git::Known::NOTHING, 1) {
        while let Ok(Some(_)) = reader.next_batch() {}
    }
}
