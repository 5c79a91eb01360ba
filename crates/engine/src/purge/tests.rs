//! A purge of a live engine's store, and today's rules over what was stored without them.

use std::sync::Arc;

use lichen_model::{Batch, Message, Owner, Passage, Role, Stream, StreamKind, Timestamp, Zoned};
use lichen_testkit::FakeClock;

use super::*;
use crate::{Config, PassageKind, Recall, Unobserved};

const KEY: &str = "ghp_q7ZtWm2xLk9PcR4vBn8Jd3Hs6Yf1Gk5Ta0Ue";

/// Messages as a store holds them that was filled when no rule knew their secrets.
fn messages(texts: &[String]) -> Batch {
    let stream = Stream::id("jsonl", "ops");
    let mut batch = Batch {
        streams: vec![Stream {
            id: stream,
            source: "jsonl".to_owned(),
            name: "ops".to_owned(),
            kind: StreamKind::Chat,
            title: String::new(),
        }],
        ..Batch::default()
    };
    for (number, text) in (0_u32..).zip(texts) {
        let sent = Zoned {
            at: Timestamp::from_secs(1_700_000_000 + i64::from(number)),
            offset_minutes: 0,
        };
        let id = Message::id_by_content(stream, "Bo", text, 0, sent.at);
        let end = u32::try_from(text.len()).unwrap();
        batch.passages.push(Passage {
            owner: Owner::Message(id),
            ord: 0,
            kind: PassageKind::Chat,
            span: 0..end,
            line: 1,
            context: "Bo".to_owned(),
        });
        batch.messages.push(Message {
            id,
            stream,
            external_id: String::new(),
            author: "Bo".to_owned(),
            role: Role::User,
            sent,
            text: text.clone(),
            tokens: 1,
            reply_to: None,
            replaces: None,
            tool_calls: Vec::new(),
            meta: format!("{{\"note\":\"{text}\"}}"),
        });
    }
    batch
}

fn engine(dir: &std::path::Path) -> Engine {
    Engine::open(
        dir,
        Config::default(),
        "a test",
        Arc::new(FakeClock::at(Timestamp::from_secs(1_700_100_000))),
    )
    .unwrap()
}

fn texts_of(engine: &Engine, question: &str) -> Vec<String> {
    let recall = Recall { query: question.to_owned(), limit: 5, ..Recall::default() };
    let answer = engine.read().recall(&recall).unwrap();
    answer.hits.into_iter().map(|hit| hit.snippet).collect()
}

#[test]
fn rules_of_today_take_out_what_was_stored_without_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = engine(dir.path());
    let texts = [format!("the gate opens with {KEY} today"), "the gate is green".to_owned()];
    engine.store.append(&messages(&texts)).unwrap();
    engine.prepare(&mut Unobserved).unwrap();
    let beside = engine.reader().unwrap();
    let plan = PurgePlan { again: true, ..PurgePlan::default() };
    let report = engine.purge(&plan, &mut Unobserved).unwrap();
    assert!(report.done && report.left.is_empty(), "{report:?}");
    assert_eq!(report.changed.len(), 1);
    assert_ne!(report.changed[0].0, report.changed[0].1);
    assert!(report.rules.iter().any(|(rule, count)| rule == "github-token" && *count >= 2));
    let scanned = bytes::scan(dir.path(), &Forms::new(&[KEY.to_owned()])).unwrap();
    assert_eq!(scanned.holding, Vec::<PathBuf>::new());
    // The engine goes on, and so does a reader that was there before.
    let found = texts_of(&engine, "gate opens");
    assert!(found[0].contains("<redacted:github-token:"), "{found:?}");
    assert_eq!(texts_of(&engine, "gate green").len(), 2);
    assert_eq!(beside.store.passage_count().unwrap(), 2);
    let report = engine.purge(&plan, &mut Unobserved).unwrap();
    assert!(!report.done && report.changed.is_empty(), "{report:?}");
    assert_eq!(engine.doctor(false, &mut Unobserved).unwrap(), []);
}

#[test]
fn purges_follow_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut engine = engine(dir.path());
    let texts = ["one abcdef-ghijkl two".to_owned(), "ghijkl-mnopqr".to_owned()];
    engine.store.append(&messages(&texts)).unwrap();
    for text in ["abcdef-gh", "ghijkl-mn"] {
        let plan = PurgePlan { texts: vec![text.to_owned()], ..PurgePlan::default() };
        let report = engine.purge(&plan, &mut Unobserved).unwrap();
        assert_eq!((report.found[0] > 0, report.changed.len()), (true, 1), "{report:?}");
    }
    let marks = engine.store.read().purged().unwrap();
    assert_eq!(marks.iter().map(|mark| mark.purge).collect::<Vec<_>>(), [0, 1]);
    // What a source yields now is what is stored.
    let read: Vec<String> =
        texts.iter().map(|text| engine.read().redactor.redact(text).into_owned()).collect();
    let receipt = engine.store.append(&messages(&read)).unwrap();
    assert_eq!(receipt.messages, 0);
    engine.close().unwrap();
    let engine = self::engine(dir.path());
    assert_eq!(engine.read().redactor.redact(&texts[0]), read[0], "opened again");
    assert_eq!(engine.store.read().doctor().unwrap(), []);
}
