//! Ids: what they depend on, their text forms and their order.

use proptest::prelude::*;

use super::*;

#[test]
fn an_id_depends_on_kind_time_and_key_alone() {
    let at = Timestamp(1_700_000_000_123);
    let id = Id::derive(Kind::Message, at, &[b"stream", b"7"]);
    assert_eq!(id, Id::derive(Kind::Message, at, &[b"stream", b"7"]));
    for other in [
        Id::derive(Kind::Commit, at, &[b"stream", b"7"]),
        Id::derive(Kind::Message, Timestamp(1_700_000_000_124), &[b"stream", b"7"]),
        Id::derive(Kind::Message, at, &[b"strea", b"m7"]),
        Id::derive(Kind::Message, at, &[b"stream7"]),
    ] {
        assert_ne!(id, other);
    }
    assert_eq!(id.at(), at);
}

/// The text form is stored in answers, notes and other people's tickets: it must never change.
#[test]
fn the_derivation_is_pinned() {
    let id = MessageId::derive(Timestamp(1_700_000_000_123), &[b"stream", b"7"]);
    assert_eq!(id.to_string(), PINNED);
    let id = CommitId::derive(Timestamp(-5), &[b"\x01\x02"]);
    assert_eq!(id.0.at(), Timestamp(0));
}

const PINNED: &str = "m01hf7yat3vzpdr5cn5vw7p9m1r";

#[test]
fn texts_that_are_no_ids_are_refused_with_the_reason() {
    for (text, part) in [
        ("", "opens with the letter"),
        ("q12345678", "opens with the letter"),
        ("m1234", "6 to 26"),
        ("m12345u78", "`u` is not"),
        ("m000000000000000000000000000", "6 to 26"),
        ("mzzzzzzzzzzzzzzzzzzzzzzzzzz", "6 to 26"),
    ] {
        let error = text.parse::<AnyId>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn text_forms_read_back(raw: u128, kind in 0..Kind::ALL.len()) {
        let any = AnyId::full(Kind::ALL[kind], Id::from_u128(raw));
        prop_assert_eq!(any.to_string().parse::<AnyId>().unwrap(), any);
        prop_assert_eq!(any.to_string().to_ascii_uppercase().parse::<AnyId>().unwrap(), any);
        let short: AnyId = any.short().parse().unwrap();
        prop_assert!(short.matches(any.id) && !short.is_full() && short.kind == any.kind);
        prop_assert_eq!(short.to_string(), any.short());
    }

    #[test]
    fn ids_sort_by_time(a in 0..TIME_MAX, b in 0..TIME_MAX) {
        let id = |at| Id::derive(Kind::Message, Timestamp(at), &[b"x"]);
        prop_assert_eq!(id(a).cmp(&id(b)), a.cmp(&b));
        prop_assert_eq!(id(a).to_string().cmp(&id(b).to_string()), a.cmp(&b));
    }
}
