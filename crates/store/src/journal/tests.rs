//! What is written comes back, in order; what is damaged is told, and nothing around it is lost.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use lichen_model::{
    Extent, Message, MessageId, Outcome, Owner, Passage, PassageKind, Progress, Role, Run,
    RunEvent, Standing, Stream, StreamKind, Tag, Timestamp, ToolCall, Zoned,
};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn settings(at_step: AtStep) -> Settings {
    Settings { reserve_bytes: 0, segment_bytes: 1 << 20, backlog_bytes_max: 1 << 30, at_step }
}

fn quiet() -> AtStep {
    Arc::new(|_| Ok(()))
}

fn open(dir: &Path) -> Opened {
    Journal::open(dir, None, settings(quiet())).unwrap()
}

/// A batch of one message with this text.
fn said(text: &str) -> Batch {
    let stream = Stream {
        id: Stream::id("jsonl", "general"),
        source: "jsonl".to_owned(),
        name: "general".to_owned(),
        kind: StreamKind::Chat,
        title: String::new(),
    };
    let at = Timestamp(1_700_000_000_000);
    let message = Message {
        id: Message::id(stream.id, text, at),
        stream: stream.id,
        external_id: text.to_owned(),
        author: "ada".to_owned(),
        role: Role::User,
        sent: Zoned { at, offset_minutes: 60 },
        text: text.to_owned(),
        tokens: 3,
        reply_to: None,
        replaces: None,
        tool_calls: Vec::new(),
        meta: String::new(),
    };
    Batch { streams: vec![stream], messages: vec![message], ..Batch::default() }
}

/// The texts that the journal holds, by number.
fn texts(journal: &Journal) -> Vec<(u64, String)> {
    let mut frames = journal.frames(0);
    let mut texts = Vec::new();
    while let Some((seq, payload)) = frames.next().unwrap() {
        let batch = record::decode(&payload).unwrap();
        texts.extend(batch.messages.into_iter().map(|message| (seq, message.text)));
    }
    texts
}

/// A journal of these texts, closed.
fn written(texts: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).journal;
    for text in texts {
        journal.append(&said(text)).unwrap();
    }
    dir
}

fn segment_of(dir: &Path) -> PathBuf {
    let mut files = segment::list(&dir.join(FOLDER)).unwrap();
    assert_eq!(files.len(), 1);
    files.remove(0).1
}

/// Where the frames of a segment begin, and its end.
fn frame_starts(bytes: &[u8]) -> Vec<usize> {
    let identity = frame::segment_identity(bytes).unwrap();
    let mut starts = vec![frame::SEGMENT_HEADER];
    while let Some((header, _)) = frame::whole(identity, &bytes[*starts.last().unwrap()..]) {
        starts.push(starts.last().unwrap() + frame::HEADER + header.len);
    }
    assert_eq!(starts.last(), Some(&bytes.len()));
    starts
}

#[test]
fn records_come_back_in_order_and_numbers_go_on() {
    let dir = written(&["a", "b"]);
    let opened = open(dir.path());
    assert_eq!(opened.repairs, Vec::<String>::new());
    assert_eq!(opened.journal.append(&said("c")).unwrap(), 3);
    let expect: Vec<_> = [(1, "a"), (2, "b"), (3, "c")].map(|(n, t)| (n, t.to_owned())).into();
    assert_eq!(texts(&opened.journal), expect);
    drop(opened);
    assert_eq!(texts(&open(dir.path()).journal), expect);
}

#[test]
fn many_writers_share_syncs_and_all_is_there() {
    const WRITERS: usize = 8;
    const EACH: usize = 60;
    let dir = tempfile::tempdir().unwrap();
    let syncs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&syncs);
    let at_step: AtStep = Arc::new(move |step| {
        if step == Step::Sync {
            counted.fetch_add(1, Ordering::Relaxed);
            // A sync that takes its time, as on a slow disk, lets others come.
            std::thread::yield_now();
        }
        Ok(())
    });
    let journal = Journal::open(dir.path(), None, settings(at_step)).unwrap().journal;
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let journal = journal.clone();
            scope.spawn(move || {
                let mut last = 0;
                for nth in 0..EACH {
                    let seq = journal.append(&said(&format!("{writer}/{nth}"))).unwrap();
                    assert!(seq > last, "a writer's numbers grow");
                    last = seq;
                    assert!(journal.durable() >= seq);
                }
            });
        }
    });
    let back = texts(&journal);
    let numbers: Vec<u64> = back.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (1..=(WRITERS * EACH) as u64).collect::<Vec<_>>());
    let distinct: HashSet<&String> = back.iter().map(|(_, text)| text).collect();
    assert_eq!(distinct.len(), WRITERS * EACH);
    assert!(syncs.load(Ordering::Relaxed) <= WRITERS * EACH);
}

#[test]
fn cut_anywhere_in_the_last_records_it_opens_with_what_is_whole_and_says_so() {
    let all = ["first", "second one", "third", "the fourth and last"];
    let dir = written(&all);
    let segment = segment_of(dir.path());
    let whole = fs_err::read(&segment).unwrap();
    let starts = frame_starts(&whole);
    for cut in starts[1]..whole.len() {
        let copy = tempfile::tempdir().unwrap();
        let path = copy.path().join(FOLDER).join(segment.file_name().unwrap());
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, &whole[..cut]).unwrap();
        let opened = open(copy.path());
        let kept = starts.iter().filter(|&&start| start <= cut).count() - 1;
        let back: Vec<String> = texts(&opened.journal).into_iter().map(|(_, text)| text).collect();
        assert_eq!(back, all[..kept], "cut at byte {cut}");
        assert_eq!(opened.repairs.is_empty(), starts.contains(&cut), "{:?}", opened.repairs);
    }
}

/// Opens a copy of the journal whose segment was changed.
fn reopened(segment: &Path, bytes: &[u8]) -> (TempDir, Opened) {
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join(FOLDER).join(segment.file_name().unwrap());
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(&path, bytes).unwrap();
    let opened = open(copy.path());
    (copy, opened)
}

#[test]
fn a_flipped_bit_costs_its_record_alone_and_is_told() {
    let all = ["first", "second one", "third", "the fourth and last"];
    let dir = written(&all);
    let segment = segment_of(dir.path());
    let whole = fs_err::read(&segment).unwrap();
    let starts = frame_starts(&whole);
    for (nth, bounds) in starts.windows(2).enumerate().skip(1) {
        for byte in bounds[0]..bounds[1] {
            // Every bit of the header, one of each byte of the payload.
            let bits = if byte < bounds[0] + frame::HEADER { 0..8 } else { byte % 8..byte % 8 + 1 };
            for bit in bits {
                let mut bytes = whole.clone();
                bytes[byte] ^= 1 << bit;
                let (copy, opened) = reopened(&segment, &bytes);
                let back: Vec<String> =
                    texts(&opened.journal).into_iter().map(|(_, text)| text).collect();
                let expect: Vec<&str> =
                    all.iter().enumerate().filter(|(n, _)| *n != nth).map(|(_, t)| *t).collect();
                assert_eq!(back, expect, "bit {bit} of byte {byte}");
                assert!(!opened.repairs.is_empty(), "bit {bit} of byte {byte} was silent");
                let kept = fs_err::read_dir(copy.path().join(DAMAGED)).unwrap().next().unwrap();
                let kept = fs_err::read(kept.unwrap().path()).unwrap();
                assert_eq!(kept, bytes[bounds[0]..bounds[1]]);
            }
        }
    }
}

#[test]
fn a_damaged_head_of_a_segment_costs_no_record_where_the_journal_is_known() {
    let dir = written(&["a", "b"]);
    let segment = segment_of(dir.path());
    let whole = fs_err::read(&segment).unwrap();
    let identity = frame::segment_identity(&whole).unwrap();
    for byte in 0..frame::SEGMENT_HEADER {
        let mut bytes = whole.clone();
        bytes[byte] ^= 0x10;
        fs_err::write(&segment, &bytes).unwrap();
        let opened = Journal::open(dir.path(), Some((identity, 0)), settings(quiet())).unwrap();
        assert_eq!(texts(&opened.journal).len(), 2, "byte {byte}");
        assert!(!opened.repairs.is_empty());
    }
}

#[test]
fn a_segment_of_another_journal_is_put_aside() {
    let (ours, theirs) = (written(&["ours"]), written(&["theirs"]));
    let identity = frame::segment_identity(&fs_err::read(segment_of(ours.path())).unwrap());
    fs_err::copy(
        segment_of(theirs.path()),
        ours.path().join(FOLDER).join("00000000000000000009.log"),
    )
    .unwrap();
    let known = Some((identity.unwrap(), 0));
    let opened = Journal::open(ours.path(), known, settings(quiet())).unwrap();
    assert_eq!(texts(&opened.journal), [(1, "ours".to_owned())]);
    assert!(opened.repairs[0].contains("another store"), "{:?}", opened.repairs);
}

#[test]
fn a_frame_inside_a_message_is_none() {
    // Somebody who knows the form writes a frame into a message, and the message's own frame is then damaged.
    let dir = written(&["a"]);
    let forged = {
        let payload = record::encode(&said("forged")).unwrap();
        let other = Identity([7; 16]);
        let mut bytes = frame::Header::of(other, 50, 1, &payload).encode(other).to_vec();
        bytes.extend(payload);
        bytes
    };
    let segment = segment_of(dir.path());
    let mut bytes = fs_err::read(&segment).unwrap();
    bytes.extend([0xff; 8]);
    bytes.extend(forged);
    let (_copy, opened) = reopened(&segment, &bytes);
    assert_eq!(texts(&opened.journal), [(1, "a".to_owned())]);
}

#[test]
fn a_missing_segment_is_told_with_the_numbers_it_held() {
    let dir = tempfile::tempdir().unwrap();
    let small = Settings { segment_bytes: 1, ..settings(quiet()) };
    let journal = Journal::open(dir.path(), None, small).unwrap().journal;
    for text in ["a", "b", "c", "d"] {
        journal.append(&said(text)).unwrap();
    }
    drop(journal);
    let files = segment::list(&dir.path().join(FOLDER)).unwrap();
    assert_eq!(files.len(), 4);
    fs_err::remove_file(&files[1].1).unwrap();
    fs_err::remove_file(&files[2].1).unwrap();
    let opened = open(dir.path());
    let back: Vec<u64> = texts(&opened.journal).into_iter().map(|(seq, _)| seq).collect();
    assert_eq!(back, [1, 4]);
    assert!(opened.repairs[0].contains("numbers 2 to 3"), "{:?}", opened.repairs);
}

/// Fails the `nth` coming to `step`, with an error of this kind.
fn failing(step: Step, nth: usize, kind: io::ErrorKind) -> AtStep {
    let count = AtomicUsize::new(0);
    Arc::new(move |at| {
        if at == step && count.fetch_add(1, Ordering::Relaxed) == nth {
            return Err(io::Error::from(kind));
        }
        Ok(())
    })
}

#[test]
fn a_failed_write_is_refused_and_the_next_goes_on() {
    for (step, kind) in [
        (Step::Write, io::ErrorKind::Other),
        (Step::Write, io::ErrorKind::StorageFull),
        (Step::Segment, io::ErrorKind::StorageFull),
        (Step::Sync, io::ErrorKind::Other),
        (Step::Acknowledge, io::ErrorKind::Other),
    ] {
        let nth = usize::from(step != Step::Segment);
        let dir = tempfile::tempdir().unwrap();
        let at_step = failing(step, nth, kind);
        let small = Settings { segment_bytes: 1 << 20, ..settings(at_step) };
        let journal = Journal::open(dir.path(), None, small).unwrap().journal;
        let outcomes: Vec<Result<u64>> =
            ["a", "b", "c"].map(|text| journal.append(&said(text))).into();
        let failed = outcomes[nth].as_ref().unwrap_err();
        match (step, kind) {
            (_, io::ErrorKind::StorageFull) => {
                assert!(matches!(failed, Error::DiskFull { .. }), "{failed:?}");
            }
            (Step::Write, _) => assert!(matches!(failed, Error::File { .. }), "{failed:?}"),
            _ => assert!(matches!(failed, Error::Unknown { .. }), "{failed:?}"),
        }
        let acknowledged: Vec<u64> = outcomes.into_iter().flatten().collect();
        assert_eq!(acknowledged.len(), 2, "{step:?}");
        let live: Vec<u64> = texts(&journal).iter().map(|(seq, _)| *seq).collect();
        assert_eq!(live, acknowledged, "{step:?}");
        drop(journal);
        let opened = open(dir.path());
        let back: Vec<u64> = texts(&opened.journal).iter().map(|(seq, _)| *seq).collect();
        assert!(acknowledged.iter().all(|seq| back.contains(seq)), "{step:?}: {back:?}");
        if matches!(step, Step::Write | Step::Segment) {
            assert_eq!(back, acknowledged, "what was refused is not there");
        }
        assert_eq!(opened.repairs, Vec::<String>::new(), "{step:?}");
        assert!(opened.journal.append(&said("d")).unwrap() > 3, "a number is given once");
    }
}

/// A number that was refused, then a segment of the next one, and a crash before anything was written to it.
#[test]
fn a_segment_that_a_crash_left_empty_holds_nothing_up() {
    let dir = written(&["one", "two"]);
    let identity = open(dir.path()).journal.lock().identity();
    drop(segment::Tail::create(&dir.path().join(FOLDER), identity, 4).unwrap());
    let journal = open(dir.path()).journal;
    assert_eq!(journal.durable(), 2);
    assert_eq!(journal.frames(2).next().unwrap(), None);
    assert_eq!(journal.append(&said("three")).unwrap(), 5, "a number that names a file is taken");
    let all = [(1, "one".to_owned()), (2, "two".to_owned()), (5, "three".to_owned())];
    assert_eq!(texts(&journal), all);
    let journal = open(dir.path()).journal;
    assert_eq!(texts(&journal), all);
    journal.forget(5).unwrap();
    assert_eq!(segment::list(&dir.path().join(FOLDER)).unwrap(), []);
}

#[test]
fn what_a_checkpoint_holds_is_forgotten_and_the_rest_stays() {
    let dir = tempfile::tempdir().unwrap();
    let small = Settings { segment_bytes: 1, ..settings(quiet()) };
    let journal = Journal::open(dir.path(), None, small).unwrap().journal;
    for text in ["a", "b", "c"] {
        journal.append(&said(text)).unwrap();
    }
    journal.forget(2).unwrap();
    assert_eq!(texts(&journal), [(3, "c".to_owned())]);
    journal.forget(3).unwrap();
    assert_eq!(journal.bytes(), 0);
    assert_eq!(segment::list(&dir.path().join(FOLDER)).unwrap(), []);
    assert_eq!(journal.append(&said("d")).unwrap(), 4);
}

#[test]
fn too_much_that_waits_is_refused_clearly() {
    let dir = tempfile::tempdir().unwrap();
    let small = Settings { backlog_bytes_max: 10, ..settings(quiet()) };
    let journal = Journal::open(dir.path(), None, small).unwrap().journal;
    journal.append(&said("a")).unwrap();
    let refused = journal.append(&said("b")).unwrap_err();
    assert!(refused.is_busy(), "{refused}");
    journal.forget(1).unwrap();
    journal.append(&said("b")).unwrap();
}

#[test]
fn the_mark_survives_a_cut_write() {
    let dir = tempfile::tempdir().unwrap();
    let identity = Identity([3; 16]);
    let mut mark = Mark::new(dir.path());
    for applied in 1..6 {
        mark.write(identity, applied).unwrap();
        assert_eq!(Mark::new(dir.path()).read().unwrap().applied, applied);
    }
    let path = dir.path().join("applied");
    let whole = fs_err::read(&path).unwrap();
    for byte in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[byte] ^= 1;
        fs_err::write(&path, &bytes).unwrap();
        let applied = Mark::new(dir.path()).read().unwrap().applied;
        assert!(applied == 5 || applied == 4, "{applied}");
    }
}

#[test]
fn what_can_be_read_again_does_not_go_through_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).journal;
    let batch = Batch { refs: Vec::new(), people: vec![person()], ..Batch::default() };
    assert!(matches!(journal.append(&batch), Err(Error::NotLive)));
    assert!(!dir.path().join(FOLDER).exists(), "nothing was begun for it");
}

fn person() -> lichen_model::Person {
    let id = lichen_model::Person::id("ada", "ada@example.org");
    lichen_model::Person {
        id,
        name: "ada".to_owned(),
        email: "ada@example.org".to_owned(),
        canonical: id,
    }
}

proptest! {
    #[test]
    fn any_batch_comes_back_as_it_was(
        texts in prop::collection::vec(".*", 0..5),
        roles in prop::collection::vec(0_usize..5, 5),
        at in any::<i64>(),
        offset in any::<i16>(),
        path in prop::collection::vec(any::<u8>(), 0..20),
        optional in any::<bool>(),
    ) {
        let stream = Stream::id("jsonl", "s");
        let all = [Role::User, Role::Assistant, Role::Tool, Role::System, Role::Thinking];
        let mut batch = Batch::default();
        for (text, role) in texts.iter().zip(roles) {
            let id = Message::id(stream, text, Timestamp(at));
            let call = ToolCall {
                id: ToolCall::id(id, 0),
                external_id: text.clone(),
                tool: text.clone(),
                paths: vec![lichen_model::RepoPath(path.clone())],
                command: optional.then(|| text.clone()),
                patch: (!optional).then(|| text.clone()),
                input: text.clone(),
            };
            batch.messages.push(Message {
                id,
                stream,
                external_id: text.clone(),
                author: text.clone(),
                role: all[role],
                sent: Zoned { at: Timestamp(at), offset_minutes: offset },
                text: text.clone(),
                tokens: 7,
                reply_to: optional.then_some(MessageId::from_u128(9)),
                replaces: (!optional).then_some(id),
                tool_calls: vec![call],
                meta: text.clone(),
            });
            batch.passages.push(Passage {
                owner: Owner::Message(id),
                ord: 1,
                kind: PassageKind::ALL[role],
                span: 0..u32::try_from(text.len()).unwrap(),
                line: 1,
                context: text.clone(),
            });
            batch.tags.push(Tag { thing: id.any(), name: text.clone() });
            batch.progress.push(Progress { source: text.clone(), position: text.clone() });
            let extent = Extent {
                stream,
                first: Standing { place: at, late: 2 },
                last: Standing { place: -1, late: u32::MAX },
                late: 4,
                replaced: 5,
                bytes: optional.then_some(6..7),
            };
            let run = Run::id(text, text, extent.id(), 8, Timestamp(at));
            batch.runs.push(RunEvent::Claimed(Run {
                id: run,
                consumer: text.clone(),
                signature: text.clone(),
                extent: extent.clone(),
                attempt: 8,
                claimed: Timestamp(at),
                lease: Timestamp(at),
            }));
            for outcome in [
                Outcome::Done,
                Outcome::Failed { reason: text.clone() },
                Outcome::Split { parts: vec![extent.clone(), extent] },
            ] {
                batch.runs.push(RunEvent::Ended { run, at: Timestamp(at), outcome });
            }
        }
        prop_assert_eq!(record::decode(&record::encode(&batch).unwrap()).unwrap(), batch);
    }

    /// Whatever bytes stand where a journal should be, it opens, and nothing that was whole is lost.
    #[test]
    fn no_bytes_keep_it_from_opening(noise in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>()) {
        let dir = written(&["a", "b"]);
        let segment = segment_of(dir.path());
        let whole = fs_err::read(&segment).unwrap();
        let starts = frame_starts(&whole);
        let at = starts[at.index(starts.len())];
        let bytes = [&whole[..at], &noise, &whole[at..]].concat();
        let (_copy, opened) = reopened(&segment, &bytes);
        prop_assert_eq!(texts(&opened.journal).len(), 2);
    }
}
