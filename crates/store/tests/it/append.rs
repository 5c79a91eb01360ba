//! Appending: everything comes back, and the same batch twice changes nothing.

use std::collections::HashSet;
use std::time::Duration;

use lichen_model::{
    Batch, Commit, DocumentVersion, Message, Owner, Passage, PassageKind, Person, RepoPath, Stream,
    StreamKind, Timestamp, Zoned,
};
use lichen_store::{Error, Measure, Receipt, SqlLimits, Store};

use crate::sample::{
    START_SECS, batch, commit, commit_id, cut, expected, message, oid, open, person, reference,
    repo, stream, version,
};

#[test]
fn a_batch_is_counted_and_its_passages_numbered() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let batch = batch();
    let receipt = store.append(&batch).unwrap();
    assert_eq!(
        (receipt.commits, receipt.versions, receipt.messages, receipt.tool_calls),
        (4, 2, 3, 1)
    );
    assert_eq!((receipt.tags, receipt.ref_events, receipt.runs), (1, 2, 5));
    assert_eq!(receipt.seqs, 0..batch.passages.len() as u64);
    assert_eq!(receipt.passages, (0..batch.passages.len()).collect::<Vec<_>>());
    assert_eq!(receipt.problems, []);
    assert_eq!(store.read().passage_count().unwrap(), batch.passages.len() as u64);
}

#[test]
fn entries_read_back_are_the_entries_of_the_batch() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let batch = batch();
    let receipt = store.append(&batch).unwrap();
    let read = store.read().entries(0, 1000).unwrap();
    assert_eq!(read, expected(&batch, &receipt));
    assert_eq!(store.read().entries(3, 2).unwrap(), read[3..5]);
    assert_eq!(store.read().entries(1000, 5).unwrap(), []);
}

#[test]
fn the_same_batch_twice_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.append(&batch()).unwrap();
    let before = store.read().entries(0, 1000).unwrap();
    for reopened in [false, true] {
        if reopened {
            store.close().unwrap();
            store = open(dir.path());
        }
        let receipt = store.append(&batch()).unwrap();
        assert_eq!(
            (receipt.commits, receipt.versions, receipt.messages, receipt.tool_calls),
            (0, 0, 0, 0)
        );
        assert_eq!((receipt.tags, receipt.ref_events, receipt.passages.len()), (0, 0, 0));
        assert_eq!(receipt.runs, 0);
        assert_eq!(receipt.problems, []);
        assert_eq!(store.read().entries(0, 1000).unwrap(), before);
    }
}

#[test]
fn a_message_of_a_known_id_with_another_text_is_an_edit() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let first = message("general", 0, "one");
    let other = Message { text: "another".into(), ..first.clone() };
    let streams = vec![stream("general", StreamKind::Chat)];
    let at_once = Batch {
        streams: streams.clone(),
        messages: vec![first.clone(), other.clone()],
        ..Batch::default()
    };
    let receipt = store.append(&at_once).unwrap();
    assert_eq!((receipt.messages, receipt.problems.len()), (1, 1));
    assert_eq!(receipt.problems[0].place, first.id.any().to_string());
    let passage = Passage {
        owner: Owner::Message(first.id),
        ord: 0,
        kind: PassageKind::Chat,
        span: 0..7,
        line: 1,
        context: String::new(),
    };
    let mut later = Batch {
        streams,
        messages: vec![other, first.clone()],
        passages: vec![passage],
        ..Batch::default()
    };
    let receipt = store.append(&later).unwrap();
    assert_eq!((receipt.messages, receipt.problems.len(), receipt.seqs.end), (1, 0, 1));
    let edit = Message::id_of_edit(first.id, Some("another"));
    let stored = store.read().message(edit).unwrap().unwrap().message;
    assert_eq!((stored.text.as_str(), stored.replaces), ("another", Some(first.id)));
    assert_eq!(store.read().message(first.id).unwrap().unwrap().message.text, "one");
    assert_eq!(store.read().entries(0, 9).unwrap()[0].site.owner, Owner::Message(edit));
    assert_eq!(store.read().superseded_passages().unwrap(), Vec::<u32>::new());
    // Neither text is news any more, in whatever order they come.
    assert_eq!(store.append(&later).unwrap().messages, 0);
    later.messages[0].text = "a third".into();
    later.passages[0].span = 0..7;
    assert_eq!(store.append(&later).unwrap().messages, 1);
    // What the edit before said is superseded now.
    assert_eq!(store.read().superseded_passages().unwrap(), [0]);
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn late_messages_stand_after_what_was_sent_before_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let batch = |numbers: &[u32]| Batch {
        streams: vec![stream("general", StreamKind::Chat)],
        messages: numbers.iter().map(|&n| message("general", n, &"x".repeat(n as usize))).collect(),
        ..Batch::default()
    };
    let arrivals: [&[u32]; 5] = [&[2, 4], &[9, 3], &[8, 7, 10], &[1], &[5, 20, 6]];
    for numbers in arrivals {
        store.append(&batch(numbers)).unwrap();
        assert_eq!(store.read().doctor().unwrap(), []);
    }
    let limits = SqlLimits { rows: 100, timeout: Duration::from_mins(1) };
    let sql = "SELECT external_id, place, cum_bytes FROM messages WHERE late ORDER BY sent_at";
    let rows: Vec<String> =
        store.sql(sql, limits).unwrap().rows.iter().map(|row| format!("{row:?}")).collect();
    let late =
        [("x1", -1, 0), ("x3", 0, 2), ("x5", 1, 6), ("x6", 1, 6), ("x7", 1, 6), ("x8", 1, 6)];
    let late = late.map(|(id, place, sum)| format!("[Text({id:?}), Int({place}), Int({sum})]"));
    assert_eq!(rows, late);
}

#[test]
fn a_version_is_appended_only_when_the_text_changes() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let one = version("a.md", None, Some("one"), 0);
    let two = version("a.md", Some(one.id), Some("two"), 1);
    let gone = version("a.md", Some(two.id), None, 2);
    let back = version("a.md", Some(gone.id), Some("one"), 3);
    let append = |store: &mut lichen_store::Store, versions: &[DocumentVersion]| {
        store
            .append(&Batch { repos: vec![repo()], versions: versions.to_vec(), ..Batch::default() })
            .unwrap()
    };
    assert_eq!(append(&mut store, &[one.clone(), two.clone()]).versions, 2);
    // The same text again, whatever it claims to follow.
    let same = version("a.md", Some(two.id), Some("two"), 9);
    assert_eq!(append(&mut store, &[same, one.clone(), two.clone()]), Receipt::default());
    assert_eq!(append(&mut store, &[gone.clone(), back.clone()]).versions, 2);
    assert_eq!(
        store.read().versions_of(one.document.id).unwrap(),
        [one.id, two.id, gone.id, back.id]
    );
    // One that follows something else than the present is left out, and said so.
    let stray = version("a.md", Some(one.id), Some("three"), 9);
    let receipt = append(&mut store, &[stray]);
    assert_eq!((receipt.versions, receipt.problems.len()), (0, 1));
    let latest = &store.read().latest_versions(repo().id).unwrap()[&RepoPath::from("a.md")];
    assert_eq!((latest.version, latest.gone, latest.text_hash), (back.id, false, back.text_hash));
}

#[test]
fn refs_leave_a_row_only_when_they_move() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut see = |target| {
        let refs = vec![reference("refs/heads/main", target)];
        store.append(&Batch { repos: vec![repo()], refs, ..Batch::default() }).unwrap().ref_events
    };
    assert_eq!(
        [
            see(Some(oid(1))),
            see(Some(oid(1))),
            see(Some(oid(2))),
            see(None),
            see(None),
            see(Some(oid(1)))
        ],
        [1, 0, 1, 1, 0, 1]
    );
    let seen = store.read().refs(repo().id).unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].state, reference("refs/heads/main", Some(oid(1))));
    assert_eq!(seen[0].seen, Timestamp::from_secs(START_SECS + 1_000_000));
}

#[test]
fn the_mailmap_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let (ada, bob) = (person("ada"), person("bob"));
    store.append(&batch()).unwrap();
    let renamed = Person { canonical: bob.id, ..ada.clone() };
    store.append(&Batch { people: vec![renamed.clone()], ..Batch::default() }).unwrap();
    assert_eq!(store.read().people().unwrap(), [renamed, bob.clone()]);
    assert_eq!(store.read().commit(commit_id(0)).unwrap().unwrap().author, bob);
}

#[test]
fn a_commit_at_the_end_of_a_shallow_clone_is_completed_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let whole = commit(7);
    let cut = Commit { boundary: true, changes: None, ..whole.clone() };
    let people = vec![person("ada"), person("bob")];
    let batch = |commit: &Commit| Batch {
        repos: vec![repo()],
        people: people.clone(),
        commits: vec![commit.clone()],
        ..Batch::default()
    };
    store.append(&batch(&cut)).unwrap();
    assert_eq!(store.read().boundary_commits().unwrap(), std::slice::from_ref(&whole.oid));
    assert_eq!(store.read().commit(whole.id).unwrap().unwrap().commit, cut);
    for _ in 0..2 {
        assert_eq!(store.append(&batch(&whole)).unwrap().commits, 0);
        assert_eq!(store.read().commit(whole.id).unwrap().unwrap().commit, whole);
    }
    // What is whole does not become cut again.
    store.append(&batch(&cut)).unwrap();
    assert_eq!(store.read().commit(whole.id).unwrap().unwrap().commit, whole);
    assert!(store.read().boundary_commits().unwrap().is_empty());
    assert_eq!(store.read().known_commits().unwrap(), HashSet::from([whole.oid]));
}

#[test]
fn running_sums_go_on_across_batches() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let batch = |numbers: std::ops::Range<u32>| {
        let messages = numbers.map(|n| message("general", n, &"é".repeat(n as usize))).collect();
        Batch { streams: vec![stream("general", StreamKind::Chat)], messages, ..Batch::default() }
    };
    store.append(&batch(3..6)).unwrap();
    store.append(&batch(0..4)).unwrap();
    store.close().unwrap();
    let mut store = open(dir.path());
    store.append(&batch(6..7)).unwrap();
    let limits = SqlLimits { rows: 100, timeout: Duration::from_mins(1) };
    let table = store
        .sql(
            "SELECT external_id, ordinal, byte_len, late, place, cum_bytes, cum_tokens FROM messages ORDER BY ordinal",
            limits,
        )
        .unwrap();
    let rows: Vec<String> = table.rows.iter().map(|row| format!("{row:?}")).collect();
    let sums = [
        ("x3", 6, false, 0, 6, 3),
        ("x4", 8, false, 1, 14, 7),
        ("x5", 10, false, 2, 24, 12),
        ("x0", 0, true, -1, 0, 0),
        ("x1", 2, true, -1, 0, 0),
        ("x2", 4, true, -1, 0, 0),
        ("x6", 12, false, 3, 36, 18),
    ];
    for ((row, ordinal), (id, len, late, place, bytes, tokens)) in rows.iter().zip(0..).zip(sums) {
        assert_eq!(
            *row,
            format!(
                "[Text({id:?}), Int({ordinal}), Int({len}), Bool({late}), Int({place}), Int({bytes}), Int({tokens})]"
            )
        );
    }
    assert_eq!(rows.len(), sums.len());
}

#[test]
fn a_passage_that_is_no_span_is_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let message = message("general", 0, "naïve");
    let owner = Owner::Message(message.id);
    let passage = |ord, span| Passage {
        owner,
        ord,
        kind: PassageKind::Chat,
        span,
        line: 1,
        context: String::new(),
    };
    let batch = Batch {
        streams: vec![stream("general", StreamKind::Chat)],
        messages: vec![message],
        passages: vec![
            passage(0, 0..4),
            passage(1, 3..6),
            passage(1, 0..9),
            passage(1, 4..6),
            passage(3, 0..1),
        ],
        ..Batch::default()
    };
    let receipt = store.append(&batch).unwrap();
    // 3 is inside the ï; 9 is behind the end; place 3 does not follow 1.
    assert_eq!((receipt.passages.clone(), receipt.problems.len()), (vec![0, 3], 3));
    assert_eq!(store.read().entries(0, 9).unwrap(), expected(&batch, &receipt));
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn odd_texts_come_back_as_they_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let texts =
        ["", "nul \0 inside", "\u{feff}bom", "crlf\r\n", "🦠'\"\\;--", &"x".repeat(300_000)];
    let messages: Vec<Message> =
        (0..).zip(texts).map(|(n, text)| message("general", n, text)).collect();
    let streams = vec![stream("general", StreamKind::Chat)];
    store.append(&cut(Batch { streams, messages: messages.clone(), ..Batch::default() })).unwrap();
    store.close().unwrap();
    let store = open(dir.path());
    for message in messages {
        assert_eq!(store.read().message(message.id).unwrap().unwrap().message, message);
    }
    assert_eq!(store.read().doctor().unwrap(), []);
}

#[test]
fn times_beyond_the_range_are_kept_within_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let mut commits: Vec<Commit> = Vec::new();
    for (n, secs) in (0..).zip([i64::MIN, -1, 0, i64::MAX]) {
        let at = Timestamp::from_secs(secs);
        let when = Zoned { at, offset_minutes: -1439 };
        commits.push(Commit { id: Commit::id(&oid(n), at), committed: when, ..commit(n) });
    }
    let people = vec![person("ada"), person("bob")];
    store
        .append(&cut(Batch {
            repos: vec![repo()],
            people,
            commits: commits.clone(),
            ..Batch::default()
        }))
        .unwrap();
    assert_eq!(store.read().commit(commits[1].id).unwrap().unwrap().commit, commits[1]);
    assert_eq!(store.read().doctor().unwrap(), []);
    let limits = SqlLimits { rows: 100, timeout: Duration::from_mins(1) };
    assert_eq!(
        store
            .sql("SELECT committed_at, now() > committed_at FROM git_commits", limits)
            .unwrap()
            .rows
            .len(),
        4
    );
}

#[test]
fn messages_from_before_tokens_were_counted_are_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    let numbers = [2, 9, 3, 10];
    let messages = numbers.map(|n| message("general", n, &"word ".repeat(n as usize))).to_vec();
    let streams = vec![stream("general", StreamKind::Chat)];
    store.append(&Batch { streams, messages, ..Batch::default() }).unwrap();
    let whole = measured(&store, Measure::Tokens).unwrap();
    store.close().unwrap();
    let conn = duckdb::Connection::open(dir.path().join("lichen.duckdb")).unwrap();
    conn.execute_batch("UPDATE messages SET tokens = NULL, cum_tokens = NULL").unwrap();
    drop(conn);
    let mut store = open(dir.path());
    let general = Stream::id("jsonl", "general");
    assert!(matches!(measured(&store, Measure::Tokens), Err(Error::Uncounted)));
    assert!(matches!(store.read().disorder(general, Measure::Tokens), Err(Error::Uncounted)));
    let mut count = |text: &str| u32::try_from(text.split(' ').count() - 1).unwrap();
    assert_eq!(store.count_tokens(&mut count).unwrap(), 4);
    assert_eq!(store.count_tokens(&mut count).unwrap(), 0);
    assert_eq!(measured(&store, Measure::Tokens).unwrap(), whole);
    assert_eq!(store.read().doctor().unwrap(), []);
    assert_eq!(measured(&store, Measure::Bytes).unwrap().0, [10, 55, 105]);
}

/// Sums of timely messages, and place and size of late ones.
pub(crate) type Sums = (Vec<i64>, Vec<(i64, i64)>);

/// What `general` measures.
fn measured(store: &Store, measure: Measure) -> Result<Sums, Error> {
    measured_stream(store, "general", measure)
}

/// What a stream measures.
pub(crate) fn measured_stream(store: &Store, name: &str, measure: Measure) -> Result<Sums, Error> {
    let stream = Stream::id("jsonl", name);
    let reader = store.read();
    let mut sums = Vec::new();
    reader.measure(stream, measure, &mut |more| sums.extend_from_slice(more))?;
    let late = reader.disorder(stream, measure)?.late;
    Ok((sums, late.iter().map(|late| (late.at.place, late.size)).collect()))
}

#[test]
fn a_stream_is_measured_in_its_order_however_its_rows_lie() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    // Of one millisecond, so that ids order them otherwise than the stream; then one that is late.
    let mut messages: Vec<Message> = (0..50).map(named).collect();
    let late = message("general", 2, &"x".repeat(50));
    messages.push(Message { tokens: 50, ..late });
    let streams = vec![stream("general", StreamKind::Chat)];
    store.append(&Batch { streams, messages, ..Batch::default() }).unwrap();
    let (sums, late) = measured(&store, Measure::Count).unwrap();
    assert_eq!((sums, late), ((1..=50).collect(), vec![(-1, 1)]));
    let (sums, late) = measured(&store, Measure::Bytes).unwrap();
    let expected: Vec<i64> = (1..=50).map(|n| n * (n - 1) / 2).collect();
    assert_eq!((sums, late), (expected, vec![(-1, 50)]));
    let (times, late) = measured(&store, Measure::Time).unwrap();
    let sent = message("general", 9, "").sent.at.millis();
    assert_eq!((times, late), (vec![sent; 50], vec![(-1, sent - 70_000)]));
}

/// Message number `n` of `general`, of `n` bytes, at one time.
fn named(n: u32) -> Message {
    let one = message("general", n, &"x".repeat(n as usize));
    let at = message("general", 9, "").sent.at;
    let external_id = format!("named {n}");
    let id = Message::id(one.stream, &external_id, at);
    Message { id, external_id, sent: message("general", 9, "").sent, ..one }
}
