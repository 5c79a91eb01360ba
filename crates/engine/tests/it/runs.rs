//! Runs against a naive list of what was claimed: each window is processed once by every consumer and signature.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use lichen_engine::{
    Claimed, Engine, ErrorKind, Extent, Measure, NextWindow, RunId, RunState, WindowSpec,
};
use lichen_model::{AnyId, Batch, MessageId, Timestamp};
use lichen_testkit::FakeClock;
use proptest::prelude::*;

use crate::conversation::{
    Conversation, Happening, NOW, append, content, contents, engine, happenings,
};

const LEASE: i64 = 60_000;
const SPEC: WindowSpec = WindowSpec { by: Measure::Count, size: 4, overlap: 0.25 };

fn wish(consumer: &str, signature: &str) -> NextWindow {
    NextWindow {
        consumer: consumer.to_owned(),
        signature: signature.to_owned(),
        stream: None,
        spec: SPEC,
        lease_millis: LEASE.unsigned_abs(),
        idle_millis: None,
        attempts_max: None,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Next { who: usize },
    Done { pick: usize },
    Fail { pick: usize },
    Split { pick: usize, into: usize },
    Wait { millis: i64 },
    More(Vec<Happening>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        6 => (0..3_usize).prop_map(|who| Step::Next { who }),
        3 => any::<usize>().prop_map(|pick| Step::Done { pick }),
        1 => any::<usize>().prop_map(|pick| Step::Fail { pick }),
        1 => (any::<usize>(), 2..4_usize).prop_map(|(pick, into)| Step::Split { pick, into }),
        2 => (0..2 * LEASE).prop_map(|millis| Step::Wait { millis }),
        1 => happenings().prop_map(Step::More),
    ];
    prop::collection::vec(one, 1..60)
}

const WHO: [(&str, &str); 3] = [("writer", "v1"), ("writer", "v2"), ("reader", "v1")];

/// A claim as the list keeps it.
struct Claim {
    id: RunId,
    who: usize,
    extent: Extent,
    attempt: u32,
    lease: i64,
    end: Option<End>,
}

#[derive(Clone, Debug, PartialEq)]
enum End {
    Done,
    Failed,
    Split(Vec<Extent>),
}

#[derive(Default)]
struct List(Vec<Claim>);

impl List {
    fn last(&self, who: usize, extent: &Extent) -> Option<&Claim> {
        self.0.iter().rfind(|claim| claim.who == who && claim.extent == *extent)
    }

    /// What is offered for a window, with the claims of it before, in order.
    fn offers(&self, who: usize, extent: &Extent, now: i64, all: &mut Vec<(u32, Extent)>) {
        match self.last(who, extent) {
            None => all.push((0, extent.clone())),
            Some(Claim { end: Some(End::Split(parts)), .. }) => {
                for part in parts {
                    self.offers(who, part, now, all);
                }
            }
            Some(Claim { end: Some(End::Done), .. }) => {}
            Some(claim) if claim.end.is_none() && claim.lease > now => {}
            Some(claim) => all.push((claim.attempt, extent.clone())),
        }
    }

    /// What `who` must get next.
    fn next(&self, who: usize, engine: &Engine, now: i64) -> Option<(u32, Extent)> {
        let mut all = Vec::new();
        for info in engine.read().streams().unwrap() {
            let mut windows = engine.read().windows(info.stream.id, &SPEC).unwrap();
            windows.pop();
            for window in &windows {
                self.offers(who, &window.extent, now, &mut all);
            }
        }
        all.into_iter().min_by_key(|(attempts, _)| *attempts)
    }
}

proptest! {
    // Each opens a store several times.
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn each_window_is_processed_once(
        first in prop::collection::vec(happenings(), 2),
        steps in steps(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(Timestamp(NOW)));
        let mut now = NOW;
        let mut conversations = [Conversation::new("moss"), Conversation::new("fern")];
        let batches: Vec<Batch> = conversations.iter_mut().zip(&first).map(|(one, what)| one.take(what)).collect();
        append(dir.path(), &clock, &batches);
        let mut engine = Some(engine(dir.path(), &clock));
        let mut list = List::default();
        for step in steps {
            let open = engine.as_mut().unwrap();
            match step {
                Step::Next { who } => {
                    let expected = list.next(who, open, now);
                    let claimed = open.next_window(&wish(WHO[who].0, WHO[who].1)).unwrap();
                    let got = claimed.as_ref().map(|one| (one.run.attempt - 1, one.run.extent.clone()));
                    prop_assert_eq!(&got, &expected);
                    if let Some(Claimed { run, messages, .. }) = claimed {
                        prop_assert_eq!(contents(messages), content(open, &run.extent));
                        list.0.push(Claim {
                            id: run.id, who, extent: run.extent, attempt: run.attempt, lease: run.lease.millis(), end: None,
                        });
                    }
                }
                Step::Done { pick } => end(open, &mut list, pick, &End::Done, 0)?,
                Step::Fail { pick } => end(open, &mut list, pick, &End::Failed, 0)?,
                Step::Split { pick, into } => end(open, &mut list, pick, &End::Split(Vec::new()), into)?,
                Step::Wait { millis } => {
                    clock.advance(millis);
                    now += millis;
                }
                Step::More(what) => {
                    engine.take().unwrap().close().unwrap();
                    let batch = conversations[what.len() % 2].take(&what);
                    append(dir.path(), &clock, &[batch]);
                    engine = Some(crate::conversation::engine(dir.path(), &clock));
                }
            }
        }
        drain(engine.as_mut().unwrap(), &mut list, &clock)?;
        engine.take().unwrap().close().unwrap();
        append(dir.path(), &clock, &[]);
    }
}

/// Ends a claim in the engine and in the list, which must agree on whether it may.
fn end(
    engine: &mut Engine,
    list: &mut List,
    pick: usize,
    how: &End,
    into: usize,
) -> Result<(), TestCaseError> {
    if list.0.is_empty() {
        return Ok(());
    }
    let nth = pick % list.0.len();
    let (id, who, extent) = (list.0[nth].id, list.0[nth].who, list.0[nth].extent.clone());
    let got = match how {
        End::Done => engine.finish_run(id),
        End::Failed => engine.fail_run(id, "no answer"),
        End::Split(_) => engine.split_run(id, into),
    };
    let kind = |end: &End| std::mem::discriminant(end);
    let taken = list.last(who, &extent).is_some_and(|last| last.id != id);
    match &list.0[nth].end {
        Some(before) if kind(before) == kind(how) => prop_assert!(got.is_ok(), "again: {got:?}"),
        // Whether it can be split is looked at first.
        Some(_) => prop_assert!(got.is_err()),
        None if taken => prop_assert!(got.is_err(), "another has the window"),
        None => match (how, got) {
            (End::Split(_), Err(error)) => {
                let few = content(engine, &extent);
                let short = few.len() == 1 && few[0].1.chars().count() < 2 * into;
                prop_assert_eq!(error.kind(), ErrorKind::User);
                let changed = error.to_string().contains("changed since");
                prop_assert!(changed || few.len() < into && few.len() > 1 || short, "{error}");
            }
            (End::Split(_), Ok(info)) => {
                prop_assert_eq!(info.state, RunState::Split(into));
                list.0[nth].end = Some(End::Split(parts(engine, id)));
                // The parts together are the window.
                let End::Split(parts) = list.0[nth].end.clone().unwrap() else { unreachable!() };
                let whole = content(engine, &extent);
                let joined: Vec<(MessageId, String)> =
                    parts.iter().flat_map(|part| content(engine, part)).collect();
                if whole.len() == 1 {
                    let text: String = joined.iter().map(|(_, text)| text.as_str()).collect();
                    prop_assert_eq!(text, &whole[0].1[..]);
                } else {
                    prop_assert_eq!(joined, whole);
                }
            }
            (_, got) => {
                prop_assert!(got.is_ok(), "{got:?}");
                list.0[nth].end = Some(how.clone());
            }
        },
    }
    Ok(())
}

fn parts(engine: &Engine, id: RunId) -> Vec<Extent> {
    engine.read().parts_of_run(id).unwrap()
}

/// Processes all that is left, and holds what was done against what there is.
fn drain(engine: &mut Engine, list: &mut List, clock: &FakeClock) -> Result<(), TestCaseError> {
    clock.advance(3 * LEASE);
    for (who, (consumer, signature)) in WHO.iter().enumerate() {
        while let Some(Claimed { run, .. }) =
            engine.next_window(&wish(consumer, signature)).unwrap()
        {
            engine.finish_run(run.id).unwrap();
            list.0.push(Claim {
                id: run.id,
                who,
                extent: run.extent,
                attempt: run.attempt,
                lease: 0,
                end: Some(End::Done),
            });
        }
        let done = list.0.iter().filter(|claim| claim.who == who && claim.end == Some(End::Done));
        let mut windows = HashSet::new();
        for claim in done {
            prop_assert!(windows.insert(claim.extent.clone()), "{:?} was done twice", claim.extent);
        }
        for info in engine.read().streams().unwrap() {
            let mut closed = engine.read().windows(info.stream.id, &SPEC).unwrap();
            closed.pop();
            for window in closed {
                let mut left = Vec::new();
                list.offers(who, &window.extent, i64::MAX, &mut left);
                prop_assert_eq!(left, []);
            }
        }
    }
    Ok(())
}

fn said(count: usize) -> Vec<Happening> {
    (0..count).map(|nth| Happening::Said { after: 1000, len: 10 + nth % 20 }).collect()
}

struct Scene {
    dir: tempfile::TempDir,
    clock: Arc<FakeClock>,
    conversation: Conversation,
}

impl Scene {
    fn new(what: &[Happening]) -> Self {
        let (dir, mut conversation) = (tempfile::tempdir().unwrap(), Conversation::new("moss"));
        let clock = Arc::new(FakeClock::at(Timestamp(NOW)));
        append(dir.path(), &clock, &[conversation.take(what)]);
        Self { dir, clock, conversation }
    }

    fn engine(&self) -> Engine {
        engine(self.dir.path(), &self.clock)
    }
}

#[test]
fn an_expired_claim_cannot_end_a_window_that_another_has() {
    let scene = Scene::new(&said(9));
    let mut engine = scene.engine();
    let first = engine.next_window(&wish("writer", "")).unwrap().unwrap().run;
    scene.clock.advance(LEASE);
    // Windows never tried come first.
    let second = engine.next_window(&wish("writer", "")).unwrap().unwrap().run;
    assert_ne!(first.extent, second.extent);
    let again = engine.next_window(&wish("writer", "")).unwrap().unwrap().run;
    assert_eq!((&again.extent, again.attempt), (&first.extent, 2));
    let refused = engine.finish_run(first.id).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::User);
    assert!(refused.to_string().contains(&again.id.any().to_string()), "{refused}");
    assert_eq!(engine.finish_run(again.id).unwrap().state, RunState::Done);
    assert_eq!(engine.finish_run(again.id).unwrap().state, RunState::Done);
    assert!(engine.fail_run(again.id, "late thought").is_err());
    // Nobody took the second one over: its work counts though the lease ended.
    scene.clock.advance(LEASE);
    assert_eq!(engine.finish_run(second.id).unwrap().state, RunState::Done);
    assert_eq!(engine.next_window(&wish("writer", "")).unwrap(), None);
    let states: HashMap<RunId, RunState> = engine
        .read()
        .runs(Some("writer"))
        .unwrap()
        .into_iter()
        .map(|info| (info.run.id, info.state))
        .collect();
    assert_eq!(states[&first.id], RunState::Expired);
    assert_eq!(states.len(), 3);
}

#[test]
fn the_last_window_is_offered_once_its_stream_is_silent() {
    let scene = Scene::new(&said(3));
    let mut engine = scene.engine();
    let last = scene.conversation.facts.last().unwrap().sent.at;
    let mut asked = wish("writer", "");
    assert_eq!(engine.next_window(&asked).unwrap(), None);
    let age = (NOW - last.millis()).unsigned_abs();
    asked.idle_millis = Some(age + 1);
    assert_eq!(engine.next_window(&asked).unwrap(), None);
    scene.clock.advance(1);
    assert_eq!(engine.next_window(&asked).unwrap().unwrap().messages.len(), 3);
}

#[test]
fn a_window_that_fails_too_often_is_given_up() {
    let scene = Scene::new(&said(6));
    let mut engine = scene.engine();
    let asked = NextWindow { attempts_max: Some(2), ..wish("writer", "") };
    for attempt in 1..=2 {
        let run = engine.next_window(&asked).unwrap().unwrap().run;
        assert_eq!(run.attempt, attempt);
        let failed = engine.fail_run(run.id, "too long").unwrap();
        assert_eq!(failed.state, RunState::Failed("too long".to_owned()));
    }
    assert_eq!(engine.next_window(&asked).unwrap(), None);
    assert!(engine.next_window(&wish("writer", "")).unwrap().is_some(), "without a limit");
    assert!(engine.next_window(&wish("writer", "v2")).unwrap().is_some());
}

#[test]
fn a_window_that_a_late_message_joined_is_offered_again() {
    let mut scene = Scene::new(&said(9));
    let mut engine = scene.engine();
    let mut done = Vec::new();
    while let Some(claimed) = engine.next_window(&wish("writer", "")).unwrap() {
        engine.finish_run(claimed.run.id).unwrap();
        done.push(claimed.run.extent);
    }
    assert_eq!(done.len(), 2);
    engine.close().unwrap();
    // After the second message, which the first window alone holds.
    let batch = scene.conversation.take(&[Happening::Late { before: 6500, len: 7 }]);
    append(scene.dir.path(), &scene.clock, &[batch]);
    let mut engine = scene.engine();
    let again = engine.next_window(&wish("writer", "")).unwrap().unwrap();
    assert_eq!(again.run.extent.first, done[0].first);
    assert_eq!(again.run.extent.late, 1);
    engine.finish_run(again.run.id).unwrap();
    let mut rest = Vec::new();
    while let Some(claimed) = engine.next_window(&wish("writer", "")).unwrap() {
        engine.finish_run(claimed.run.id).unwrap();
        rest.push(claimed.run.extent);
    }
    assert!(!rest.contains(&done[1]), "the other window was not touched");
}

#[test]
fn what_is_not_there_or_makes_no_sense_is_told() {
    let scene = Scene::new(&said(9));
    let mut engine = scene.engine();
    assert_eq!(engine.read().runs(Some("nobody")).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(engine.read().run_named("x00000000aa").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(engine.read().run_named("what?").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(engine.finish_run(RunId::from_u128(7)).unwrap_err().kind(), ErrorKind::NotFound);
    for odd in [
        wish(" writer", ""),
        wish("", ""),
        NextWindow { lease_millis: 0, ..wish("writer", "") },
        NextWindow { spec: WindowSpec { size: 0, ..SPEC }, ..wish("writer", "") },
    ] {
        assert_eq!(engine.next_window(&odd).unwrap_err().kind(), ErrorKind::User);
    }
    let run = engine.next_window(&wish("writer", "")).unwrap().unwrap().run;
    assert_eq!(engine.read().run_named(&run.id.any().short()).unwrap(), run.id);
    for count in [0, 1, 5] {
        assert_eq!(engine.split_run(run.id, count).unwrap_err().kind(), ErrorKind::User);
    }
    for asked in [run.id.any(), run.extent.id().any()] {
        assert_eq!(engine.read().claimed_extent(asked).unwrap(), run.extent);
    }
    let unknown: AnyId = "w00000000000000000000000aa".parse().unwrap();
    assert_eq!(engine.read().claimed_extent(unknown).unwrap_err().kind(), ErrorKind::NotFound);
}
