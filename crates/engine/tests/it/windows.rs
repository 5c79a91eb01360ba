//! Windows of conversations that grow, repeat themselves, come late and change, against a naive list.

use std::collections::HashSet;
use std::sync::Arc;

use lichen_engine::{Extent, Measure, Window, WindowSpec};
use lichen_model::{Message, MessageId, Timestamp};
use lichen_testkit::FakeClock;
use proptest::prelude::*;

use crate::conversation::{Conversation, NOW, append, content, engine, happenings};

const MEASURES: [(Measure, u64); 4] =
    [(Measure::Bytes, 120), (Measure::Tokens, 20), (Measure::Count, 6), (Measure::Time, 15_000)];

fn size(message: &Message, by: Measure) -> u64 {
    match by {
        Measure::Bytes => message.text.len() as u64,
        Measure::Tokens => u64::from(message.tokens),
        Measure::Count => 1,
        Measure::Time => unreachable!("time is told by two messages"),
    }
}

fn check(
    conversation: &Conversation,
    windows: &[(Window, Vec<(MessageId, String)>)],
    spec: &WindowSpec,
) -> Result<(), TestCaseError> {
    let today = conversation.today();
    let place = |id: MessageId| today.iter().position(|(message, _)| message.id == id);
    let mut seen = HashSet::new();
    let mut last_first = None;
    let mut whole = String::new();
    for (nth, (window, content)) in windows.iter().enumerate() {
        prop_assert_eq!(window.nth, nth);
        prop_assert_eq!(window.count, content.len());
        let places: Vec<usize> =
            content.iter().map(|(id, _)| place(*id).expect("what is shown is there")).collect();
        prop_assert!(
            places.windows(2).all(|two| two[0] + 1 == two[1]),
            "messages follow each other"
        );
        seen.extend(content.iter().map(|(id, _)| *id));
        let messages = &today[places[0]..=*places.last().unwrap()];
        if let Some(part) = &window.part {
            prop_assert_eq!(messages.len(), 1);
            prop_assert!(size(messages[0].0, spec.by) > spec.size, "only large ones are in parts");
            if part.nth == 0 {
                whole.clear();
            }
            whole.push_str(&content[0].1);
            prop_assert_eq!(&messages[0].0.text[part.bytes.clone()], &content[0].1);
            prop_assert_eq!(part.nth + 1 == part.of, whole == messages[0].0.text);
        } else {
            let told = match spec.by {
                Measure::Time => {
                    let at = |nth: usize| messages[nth].0.sent.at.millis();
                    (at(messages.len() - 1) - at(0)).unsigned_abs()
                }
                by => messages.iter().map(|(message, _)| size(message, by)).sum(),
            };
            prop_assert_eq!(told, window.size);
            prop_assert!(
                messages.iter().zip(content).all(|((one, _), (_, text))| one.text == *text)
            );
            prop_assert!(window.size <= spec.size, "{window:?}");
        }
        let first = (places[0], window.part.as_ref().map_or(0, |part| part.nth));
        prop_assert!(last_first.is_none_or(|last| last < first), "windows go forward");
        last_first = Some(first);
    }
    prop_assert_eq!(seen.len(), today.len(), "every message is in a window");
    for two in windows.windows(2) {
        let (ours, theirs) = (&two[0].1, &two[1].1);
        if spec.by == Measure::Time || two[0].0.part.is_some() || two[1].0.part.is_some() {
            continue;
        }
        let shared: u64 = theirs
            .iter()
            .filter(|one| ours.contains(one))
            .map(|(id, _)| today[place(*id).unwrap()])
            .filter(|(_, late)| !late)
            .map(|(message, _)| size(message, spec.by))
            .sum();
        prop_assert!(shared as f64 <= spec.size as f64 * spec.overlap, "{two:?} share {shared}");
    }
    Ok(())
}

/// The extents of windows that nothing since can have touched, where four messages are a window and neighbours share one:
/// before the last place of the stream, and with nothing new at the places that the timely messages' window has.
fn untouched(windows: &[Extent], places: &[i64], end: i64) -> Vec<Extent> {
    let touched = |extent: &Extent| {
        let first = extent.first.place.max(0);
        let around = |place: &i64| {
            let starts = (0..).step_by(3).take_while(|start| *start <= first);
            let mut within = starts.filter(|start| extent.last.place <= start + 3);
            within.any(|start| (start..=start + 3).contains(&(*place).max(0)))
        };
        places.iter().any(around) || extent.last.place >= end
    };
    windows.iter().filter(|extent| !touched(extent)).cloned().collect()
}

proptest! {
    // Each opens a store several times.
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn windows_are_those_of_a_list(
        batches in prop::collection::vec(happenings(), 1..4),
        share in prop::sample::select(vec![0.0, 0.1, 0.5]),
        scale in 1..4_u64,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(Timestamp(NOW)));
        let mut conversation = Conversation::new("moss");
        let mut other = Conversation::new("fern");
        for happenings in &batches {
            let batch = [conversation.take(happenings), other.take(happenings)];
            append(dir.path(), &clock, &batch);
            let engine = engine(dir.path(), &clock);
            for (by, size) in MEASURES {
                let spec = WindowSpec { by, size: size * scale, overlap: share };
                let windows = engine.read().windows(conversation.stream.id, &spec).unwrap();
                // The built-in tokenizer cuts large messages, and counts otherwise than this test.
                if by == Measure::Tokens && windows.iter().any(|window| window.part.is_some()) {
                    continue;
                }
                let filled: Vec<_> = windows
                    .into_iter()
                    .map(|window| { let content = content(&engine, &window.extent); (window, content) })
                    .collect();
                check(&conversation, &filled, &spec)?;
            }
            let tail = engine.read().tail(conversation.stream.id, 5).unwrap();
            let today: Vec<MessageId> = conversation.today().iter().map(|(one, _)| one.id).collect();
            let tail: Vec<MessageId> = tail.iter().map(|view| view.message.id).collect();
            prop_assert_eq!(&tail[..], &today[today.len().saturating_sub(5)..]);
            engine.close().unwrap();
        }
    }

    #[test]
    fn what_comes_later_changes_only_the_windows_it_touches(first in happenings(), then in happenings()) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FakeClock::at(Timestamp(NOW)));
        let mut conversation = Conversation::new("moss");
        let batch = conversation.take(&first);
        append(dir.path(), &clock, &[batch]);
        let spec = WindowSpec { by: Measure::Count, size: 4, overlap: 0.25 };
        let cut = |conversation: &Conversation| {
            let engine = engine(dir.path(), &clock);
            let windows = engine.read().windows(conversation.stream.id, &spec).unwrap();
            let all: Vec<_> = windows
                .into_iter()
                .map(|window| { let content = content(&engine, &window.extent); (window.extent, content) })
                .collect();
            engine.close().unwrap();
            all
        };
        let before = cut(&conversation);
        let end = before.last().map_or(0, |(extent, _)| extent.last.place);
        let known = conversation.facts.len();
        let batch = conversation.take(&then);
        append(dir.path(), &clock, &[batch]);
        let after = cut(&conversation);
        // Where late ones stand, and what was replaced, as the list has it.
        let timely: Vec<&Message> = {
            let mut timely: Vec<&Message> = Vec::new();
            for fact in &conversation.facts {
                if timely.last().is_none_or(|last| fact.sent.at >= last.sent.at) {
                    timely.push(fact);
                }
            }
            timely
        };
        let standing = |at: Timestamp| {
            i64::try_from(timely.iter().filter(|one| one.sent.at <= at).count()).unwrap() - 1
        };
        let mut places = Vec::new();
        for fact in &conversation.facts[known..] {
            places.push(standing(fact.sent.at));
            // A replaced message was sent when its edit says, and may stand anywhere among those of that time.
            let same = timely.iter().filter(|one| fact.replaces.is_some() && one.sent.at == fact.sent.at).count();
            let last = standing(fact.sent.at);
            places.extend((0..i64::try_from(same).unwrap()).map(|back| last - back));
        }
        let extents: Vec<Extent> = before.iter().map(|(extent, _)| extent.clone()).collect();
        for extent in untouched(&extents, &places, end) {
            prop_assert!(after.iter().any(|(same, _)| *same == extent), "{extent:?} was not touched");
        }
        // The same extent holds the same messages.
        for (extent, content) in &before {
            if let Some((_, now)) = after.iter().find(|(same, _)| same == extent) {
                prop_assert_eq!(content, now);
            }
        }
    }
}
