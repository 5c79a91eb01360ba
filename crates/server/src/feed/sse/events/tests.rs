//! Streams of events, cut at every byte.

use proptest::prelude::*;

use super::{Event, Events};

fn event(kind: &str, data: &str, id: &str) -> Event {
    Event {
        kind: kind.to_owned(),
        data: data.as_bytes().to_vec(),
        id: id.to_owned(),
        too_long: false,
    }
}

/// Streams, and what they mean. The first ones are of the kinds that the standard itself discusses.
fn cases() -> Vec<(&'static str, Vec<Event>, Option<u64>)> {
    vec![
        ("data: YHOO\ndata: +2\ndata: 10\n\n", vec![event("", "YHOO\n+2\n10", "")], None),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            vec![
                event("", "first event", "1"),
                event("", "second event", ""),
                event("", " third event", ""),
            ],
            None,
        ),
        // Empty data is no event; two empty lines of data are a line end; an event that is not ended is none.
        ("data\n\ndata\ndata\n\ndata:", vec![event("", "\n", "")], None),
        ("data:test\n\ndata: test\n\n", vec![event("", "test", ""), event("", "test", "")], None),
        (
            "event: add\ndata: 1\n\nevent: remove\ndata: 2\n\n",
            vec![event("add", "1", ""), event("remove", "2", "")],
            None,
        ),
        // An id counts even without data, and stays.
        ("id: 7\n\ndata: a\n\n", vec![event("", "a", "7")], None),
        ("id: a\0b\ndata: x\n\n", vec![event("", "x", "")], None),
        ("retry: 2500\ndata: x\n\n", vec![event("", "x", "")], Some(2500)),
        ("retry: 2.5\nretry: -1\nretry:\ndata: x\n\n", vec![event("", "x", "")], None),
        ("retry: 99999999999999999999999\ndata: x\n\n", vec![event("", "x", "")], None),
        ("unknown: x\ndatax: y\ndata: z\n\n", vec![event("", "z", "")], None),
        ("event: only\n\ndata: x\n\n", vec![event("", "x", "")], None),
        ("data: ünï\u{1F980}\nid: ß\n\n", vec![event("", "ünï\u{1F980}", "ß")], None),
    ]
}

fn read(parts: &[&[u8]]) -> (Vec<Event>, Option<u64>) {
    let mut events = Events::new("", 1000);
    let mut found = Vec::new();
    for part in parts {
        events.push(part, &mut found);
    }
    (found, events.take_retry_millis())
}

#[test]
fn streams_mean_the_same_wherever_they_are_cut_and_however_lines_end() {
    for (stream, expected, retry) in cases() {
        for end in ["\n", "\r", "\r\n"] {
            for mark in ["", "\u{FEFF}"] {
                let stream = format!("{mark}{}", stream.replace('\n', end));
                let bytes = stream.as_bytes();
                for cut in 0..=bytes.len() {
                    let found = read(&[&bytes[..cut], &bytes[cut..]]);
                    assert_eq!(found, (expected.clone(), retry), "{stream:?} cut at {cut}");
                }
                let single: Vec<&[u8]> = bytes.chunks(1).collect();
                assert_eq!(read(&single), (expected.clone(), retry), "{stream:?} byte by byte");
            }
        }
    }
}

#[test]
fn a_mark_is_one_only_at_the_beginning() {
    let expected = vec![event("", "\u{FEFF}x", "")];
    assert_eq!(read(&["data: \u{FEFF}x\n\n".as_bytes()]).0, expected);
    // A second mark is part of the first field's name, which nobody knows then.
    assert_eq!(read(&["\u{FEFF}\u{FEFF}data: x\n\n".as_bytes()]).0, []);
    assert_eq!(read(&[b"\xEF\xBBdata: x\n\ndata: y\n\n"]).0, vec![event("", "y", "")]);
}

#[test]
fn what_is_too_long_is_told_and_the_rest_is_kept() {
    let mut events = Events::new("4", 10);
    let mut found = Vec::new();
    let long = format!("data: {}\nid: 5\n\ndata: ok\n\n", "x".repeat(1_000_000));
    events.push(long.as_bytes(), &mut found);
    let many = format!("{}\ndata: ok\n\n", "data: xx\n".repeat(1000));
    events.push(many.as_bytes(), &mut found);
    let told: Vec<_> =
        found.iter().map(|event| (event.too_long, event.data.len(), event.id.as_str())).collect();
    assert_eq!(told, [(true, 0, "5"), (false, 2, "5"), (true, 0, "5"), (false, 2, "5")]);
    assert!(events.line.capacity() <= 64, "no line is kept beyond the limit");
}

proptest! {
    #[test]
    fn any_bytes_in_any_parts_give_the_same_events(
        bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b' '), Just(b'd'), any::<u8>()], 0..60),
        words in prop::collection::vec(prop::sample::select(vec!["data", "data: x", "id: 1", "id", "event: e", "\n", "\r\n", "\r", "\n\n", "retry: 5", ":c"]), 0..20),
        cuts in prop::collection::vec(0_usize..120, 0..6),
    ) {
        let mut stream: Vec<u8> = words.concat().into_bytes();
        stream.extend(bytes);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.sort_unstable();
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut from = 0;
        for cut in cuts {
            parts.push(&stream[from..cut]);
            from = cut;
        }
        parts.push(&stream[from..]);
        prop_assert_eq!(read(&parts), read(&[&stream]));
    }
}
