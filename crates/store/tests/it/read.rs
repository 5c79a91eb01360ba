//! Reading back: by number, by id, by place.

use lichen_model::{AnyId, Document, Id, Kind, MessageId, Owner, PassageKind, RepoPath, Timestamp};
use lichen_store::{Home, Store};
use tempfile::TempDir;

use crate::sample::{
    START_SECS, batch, commit, commit_id, message, message_id, oid, open, person, repo, version,
};

fn filled() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.append(&batch()).unwrap();
    (dir, store)
}

#[test]
fn facts_come_back_as_they_went_in() {
    let (_dir, store) = filled();
    let (read, batch) = (store.read(), batch());
    for commit in batch.commits {
        let view = read.commit(commit.id).unwrap().unwrap();
        assert_eq!((view.author, view.committer), (person("ada"), person("bob")));
        assert_eq!(view.commit, commit);
    }
    for message in batch.messages {
        let view = read.message(message.id).unwrap().unwrap();
        assert!(batch.streams.contains(&view.stream));
        assert_eq!(view.message, message);
    }
    for version in batch.versions {
        let view = read.version(version.id).unwrap().unwrap();
        assert_eq!((view.ord, view.current), (0, version.id));
        assert_eq!(view.version, version);
    }
    assert_eq!(read.repos().unwrap(), batch.repos);
    assert_eq!(read.people().unwrap(), batch.people);
    assert_eq!(read.streams().unwrap(), batch.streams);
    assert_eq!(read.progress_all().unwrap(), batch.progress);
    assert_eq!(read.progress("jsonl:a").unwrap().as_deref(), Some("3"));
    assert_eq!(read.progress("jsonl:b").unwrap(), None);
    assert_eq!(read.tags_of(batch.tags[0].thing).unwrap(), ["parser"]);
    assert_eq!(read.tagged("parser").unwrap(), [batch.tags[0].thing]);
}

#[test]
fn what_is_not_there_is_none() {
    let (_dir, store) = filled();
    let read = store.read();
    assert_eq!(read.commit(commit(99).id).unwrap(), None);
    assert_eq!(read.message(message_id("general", 99)).unwrap(), None);
    assert_eq!(read.version(version("x", None, Some("x"), 0).id).unwrap(), None);
    assert!(read.around(message_id("general", 99), 2).unwrap().is_empty());
    assert!(read.hits(&[10_000]).unwrap().is_empty());
    assert!(read.hits(&[]).unwrap().is_empty());
}

#[test]
fn hits_tell_where_they_come_from() {
    let (_dir, store) = filled();
    let entries = store.read().entries(0, 1000).unwrap();
    let asked: Vec<u64> = entries.iter().rev().map(|entry| entry.seq).collect();
    let hits = store.read().hits(&asked).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.seq).collect::<Vec<_>>(), asked);
    for (hit, entry) in hits.iter().zip(entries.iter().rev()) {
        assert_eq!((&hit.text, hit.text_hash), (&entry.text.to_string(), entry.text_hash));
        assert_eq!((hit.kind, hit.owner, hit.at.at), (entry.kind, entry.site.owner, entry.at));
        assert_eq!(hit.context, entry.context);
        assert_eq!(store.read().seq_of(hit.passage).unwrap(), Some(hit.seq));
    }
    let of = |owner| hits.iter().find(|hit| hit.owner == owner).unwrap();
    let commit_hit = of(Owner::Commit(commit_id(1)));
    assert_eq!((commit_hit.author.as_str(), commit_hit.lines), ("ada", (3, 3)));
    assert_eq!(commit_hit.home, Home::Commit { repo: repo().id, oid: oid(1) });
    let reply = of(Owner::Message(message_id("general", 1)));
    assert_eq!((reply.author.as_str(), reply.at.offset_minutes, reply.lines), ("bob", 60, (2, 2)));
    let Home::Message { title, ordinal, .. } = &reply.home else { panic!("{:?}", reply.home) };
    assert_eq!((title.as_str(), *ordinal), ("#general", 1));
    let guide = version("docs/guide.md", None, Some("# Guide\n\nTabs are refused.\n"), 0);
    let Home::Version { document, current, .. } = &of(Owner::Version(guide.id)).home else {
        panic!()
    };
    assert_eq!((document, *current), (&guide.document, true));
    let seqs = store.read().passages_of(Owner::Version(guide.id)).unwrap();
    assert_eq!(seqs.len(), 3);
}

#[test]
fn short_ids_lead_to_full_ones() {
    let (_dir, store) = filled();
    let id = message_id("general", 1).any();
    for asked in [id.to_string(), id.short(), id.short().replacen(|_| true, "m", 1)] {
        assert_eq!(store.read().resolve(asked.parse().unwrap()).unwrap(), [id], "{asked}");
    }
    let everything = AnyId { kind: Kind::Message, id: Id::from_u128(0), bits: 0 };
    assert_eq!(store.read().resolve(everything).unwrap().len(), 3);
    // No batch brings symbols: what indexes them has a test of its own.
    for kind in Kind::ALL.into_iter().filter(|&kind| kind != Kind::Symbol) {
        assert_eq!(
            store.read().resolve(AnyId::full(kind, Id::from_u128(5))).unwrap(),
            [],
            "{kind:?}"
        );
        let several = store.read().resolve(AnyId { kind, id: Id::from_u128(0), bits: 0 }).unwrap();
        assert!(several.iter().all(|any| any.kind == kind) && !several.is_empty(), "{kind:?}");
    }
}

#[test]
fn neighbours_come_by_time_and_not_by_arrival() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut batch = batch();
    batch.messages =
        [5, 3, 1, 4, 2, 0].map(|n| message("general", n, &format!("text {n}"))).to_vec();
    batch.passages.clear();
    store.append(&batch).unwrap();
    let ids = |numbers: &[u32]| -> Vec<MessageId> {
        numbers.iter().map(|&n| message_id("general", n)).collect()
    };
    let around = |n, count| -> Vec<MessageId> {
        let views = store.read().around(message_id("general", n), count).unwrap();
        views.iter().map(|view| view.message.id).collect()
    };
    assert_eq!(around(3, 1), ids(&[2, 3, 4]));
    assert_eq!(around(0, 2), ids(&[0, 1, 2]));
    assert_eq!(around(5, 9), ids(&[0, 1, 2, 3, 4, 5]));
    assert_eq!(around(2, 0), ids(&[2]));
    let stream = batch.messages[0].stream;
    let at = |n: i64| Some(Timestamp::from_secs(START_SECS + n * 10));
    let views = store.read().messages_of(stream, at(1), at(4), 10).unwrap();
    assert_eq!(views.iter().map(|view| view.message.id).collect::<Vec<_>>(), ids(&[1, 2, 3]));
}

#[test]
fn revisions_are_found_by_name_and_by_digits() {
    let (_dir, store) = filled();
    let found = |text: &str| -> Vec<String> {
        let found = store.read().resolve_rev(repo().id, text).unwrap();
        found.iter().map(|(_, oid)| oid.to_string()).collect()
    };
    let full = |n| oid(n).to_string();
    for text in ["HEAD", "main", "refs/heads/main", "heads/main", &full(3), "00000003", "000000035"]
    {
        assert_eq!(found(text), [full(3)], "{text}");
    }
    assert_eq!(found("0000"), [full(0), full(1), full(2), full(3)]);
    for text in ["", "000", "nothing", "0000000g", "ffff", &"0".repeat(65)] {
        assert_eq!(found(text), Vec::<String>::new(), "{text}");
    }
    let ancestors = store.read().ancestors(commit_id(2)).unwrap();
    assert_eq!(ancestors, [0, 1, 2].map(commit_id).into());
}

#[test]
fn counts_are_the_rows_that_went_in() {
    let (_dir, store) = filled();
    let counts = store.read().counts().unwrap();
    let batch = batch();
    assert_eq!((counts.repos, counts.people, counts.commits, counts.streams), (1, 2, 4, 2));
    assert_eq!(
        (counts.documents, counts.versions, counts.messages, counts.tool_calls),
        (2, 2, 3, 1)
    );
    assert_eq!(
        (counts.passages, counts.tags, counts.embeddings),
        (batch.passages.len() as u64, 1, 0)
    );
    assert!(store.sizes().iter().all(|(_, bytes)| *bytes > 0));
}

#[test]
fn paid_vectors_are_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let hash = lichen_model::TextHash;
    let vectors = vec![(hash(1), vec![1.0, 2.0]), (hash(u128::MAX), vec![-0.5, f32::MIN_POSITIVE])];
    store.put_embeddings("remote/a", 2, &vectors).unwrap();
    store
        .put_embeddings("remote/a", 2, &[(hash(1), vec![9.0, 9.0]), (hash(2), vec![3.0, 4.0])])
        .unwrap();
    store
        .put_embeddings("remote/b", 3, &[(hash(1), vec![0.0; 3]), (hash(3), vec![0.0; 2])])
        .unwrap();
    let read = |model: &str, hashes: &[u128]| {
        let hashes: Vec<_> = hashes.iter().map(|&raw| hash(raw)).collect();
        let mut found: Vec<_> =
            store.read().embeddings(model, &hashes).unwrap().into_iter().collect();
        found.sort_by_key(|(hash, _)| *hash);
        found
    };
    assert_eq!(read("remote/a", &[u128::MAX, 1, 7]), vectors);
    assert_eq!(read("remote/a", &[2]), [(hash(2), vec![3.0, 4.0])]);
    assert_eq!(read("remote/b", &[1, 2, 3]), [(hash(1), vec![0.0; 3])]);
    assert_eq!(read("remote/c", &[1]), []);
    assert_eq!(read("remote/a", &[]), []);
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn kinds_of_text_and_paths_survive() {
    let (_dir, store) = filled();
    let kinds: std::collections::BTreeSet<PassageKind> =
        store.read().entries(0, 1000).unwrap().iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [PassageKind::Chat, PassageKind::Doc, PassageKind::Commit].into());
    let odd = RepoPath(b"caf\xe9/\xff.md".to_vec());
    let mut odd_version = version("x", None, Some("text"), 0);
    odd_version.document.id = Document::id(repo().id, &odd);
    odd_version.document.path = odd.clone();
    odd_version.id =
        lichen_model::DocumentVersion::id(odd_version.document.id, None, odd_version.text_hash);
    let mut store = store;
    store
        .append(&lichen_model::Batch { versions: vec![odd_version.clone()], ..Default::default() })
        .unwrap();
    assert_eq!(store.read().version(odd_version.id).unwrap().unwrap().version, odd_version);
    assert_eq!(store.read().latest_versions(repo().id).unwrap()[&odd].version, odd_version.id);
    assert_eq!(store.read().doctor().unwrap(), []);
}
