//! Purged texts are found by their marks, as a search for the texts themselves finds them.

use proptest::prelude::*;

use super::*;

const KEY: [u8; 32] = [5; 32];

/// A redactor that remembers these texts, each list purged together.
fn redactor(purges: &[&[&str]]) -> Redactor {
    let plain = Redactor::new(KEY);
    let mut marks = Vec::new();
    for (purge, texts) in (0..).zip(purges) {
        marks.extend(texts.iter().map(|text| plain.mark(purge, text).unwrap()));
    }
    plain.remembering(&marks)
}

/// Without the tails.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut at = 0;
    for place in placeholders(text) {
        out.push_str(&text[at..place.start]);
        out.push('#');
        at = place.end;
    }
    out + &text[at..]
}

#[track_caller]
fn check(purges: &[&[&str]], text: &str, expected: &str) {
    let redactor = redactor(purges);
    let once = redactor.redact(text).into_owned();
    assert_eq!(plain(&once), expected);
    assert_eq!(redactor.redact(&once), once, "twice");
}

#[test]
fn remembered_texts_go_and_what_is_around_stays() {
    check(&[&["hunter2x"]], "say hunter2x, hunter2X and hunter2x", "say #, hunter2X and #");
    check(&[&["grüße-an-alle"]], "grüße-an-alle", "#");
    check(&[&["one\ntwo\nthree"]], "a one\ntwo\nthree b\n", "a #\n\n b\n");
    check(&[&["sixsix"]], "sixsi sixsix ixsix", "sixsi # ixsix");
}

#[test]
fn texts_that_overlap_go_together_and_leave_no_rest() {
    check(&[&["abcdef", "defghi"]], "xabcdefghix", "x#x");
    check(&[&["secret", "secret-and-more"]], "a secret-and-more, a secret", "a #, a #");
    // What was purged first was replaced first, and its text is not there any more.
    check(&[&["abcdef"], &["defghi"]], "abcdefghi defghi", "#ghi #");
}

#[test]
fn placeholders_are_no_place_to_find_anything() {
    check(&[&["redacted", "purged:"]], "<redacted:purged:01234567> redacted", "# #");
    let told = redactor(&[&["hunter2x"]]).redact("hunter2x").into_owned();
    assert_eq!(Redactor::new(KEY).mark(0, &told), None);
    assert_eq!(Redactor::new(KEY).mark(0, "short"), None);
}

#[test]
fn json_stays_json() {
    let redactor = redactor(&[&["tab\there", "12345678", "key-of-it", "quo\"ted"]]);
    let json =
        r#"{"key-of-it": ["a tab\there", 12345678, -123456789.5], "n": 1234567, "q": "quo\"ted"}"#;
    let redacted = redactor.redact_json(json);
    let value: serde_json::Value = serde_json::from_str(&redacted).unwrap();
    assert!(redactor.remembered(&redacted).is_empty(), "{redacted}");
    assert_eq!(value["n"], 1_234_567);
    let list = value.as_object().unwrap().values().find_map(|value| value.as_array()).unwrap();
    assert_eq!(plain(list[0].as_str().unwrap()), "a #");
    assert_eq!(plain(list[1].as_str().unwrap()), "#");
    assert_eq!(plain(list[2].as_str().unwrap()), "-#9.5");
    assert_eq!(plain(value["q"].as_str().unwrap()), "#");
    assert_eq!(plain(&redactor.redact_json("{no json: 12345678")), "{no json: #");
}

#[test]
fn rules_come_first_so_that_stored_and_read_texts_agree() {
    let raw = "DB_PASSWORD=q7Zt!Wm2xLk9 and q7Zt!Wm2xLk9 alone";
    let stored = Redactor::new(KEY).redact(raw).into_owned();
    let mark = Redactor::new(KEY).mark(0, "q7Zt!Wm2xLk9").unwrap();
    let purge = Redactor::new(KEY).without_rules().remembering(&[mark]);
    let read_again = Redactor::new(KEY).remembering(&[mark]);
    assert_ne!(purge.redact(&stored), stored);
    assert_eq!(purge.redact(&stored), read_again.redact(raw));
}

#[test]
fn a_trace_moves_from_one_text_to_the_other() {
    let text = "a hunter2x b\nDB_PASSWORD=q7Zt!Wm2xLk9\nc hunter2x";
    let mark = Redactor::new(KEY).mark(0, "hunter2x").unwrap();
    let heard = Arc::new(crate::redact::Heard::default());
    let redactor = Redactor::new(KEY).remembering(&[mark]).told_to(Arc::clone(&heard));
    let traced = redactor.trace(text).unwrap();
    assert_eq!(traced.text, redactor.redact(text));
    assert_eq!(redactor.trace("nothing here"), None);
    let mut len = text.len();
    for round in &traced.rounds {
        for (span, new) in round {
            len = len - span.len() + new;
        }
    }
    assert_eq!(len, traced.text.len());
    let rules: Vec<_> = heard.secrets().into_iter().map(|(text, rule, _)| (text, rule)).collect();
    let expected = [("hunter2x".to_owned(), PURGED), ("q7Zt!Wm2xLk9".to_owned(), "password")];
    assert_eq!(rules, expected);
}

proptest! {
    /// Against a search for the texts themselves.
    #[test]
    fn hits_are_all_occurrences(
        texts in proptest::collection::vec("[ab]{6,9}", 1..6),
        text in "[ab]{0,60}",
    ) {
        let marker = Redactor::new(KEY);
        let marks: Vec<_> = texts.iter().filter_map(|text| marker.mark(0, text)).collect();
        let mut found = marker.clone().remembering(&marks).remembered(&text);
        found.sort_by_key(|span| (span.start, span.end));
        found.dedup();
        let mut expected: Vec<Range<usize>> = Vec::new();
        for start in 0..text.len() {
            for secret in &texts {
                if text[start..].starts_with(secret.as_str()) {
                    expected.push(start..start + secret.len());
                }
            }
        }
        expected.sort_by_key(|span| (span.start, span.end));
        expected.dedup();
        prop_assert_eq!(found, expected);
    }

    /// What was purged from a stored text is what reading it again leaves out.
    #[test]
    fn purging_step_by_step_is_reading_again(
        first in proptest::collection::vec("[ab]{6,8}", 0..3),
        then in proptest::collection::vec("[ab]{6,8}", 0..3),
        text in "[ab\n]{0,50}",
    ) {
        let marker = Redactor::new(KEY);
        let marks = |purge, texts: &[String]| -> Vec<Mark> {
            texts.iter().filter_map(|text| marker.mark(purge, text)).collect()
        };
        let (one, two) = (marks(0, &first), marks(1, &then));
        let stored = marker.clone().without_rules().remembering(&one).redact(&text).into_owned();
        let purged = marker.clone().without_rules().remembering(&two).redact(&stored).into_owned();
        let both: Vec<Mark> = one.into_iter().chain(two).collect();
        let again = marker.clone().remembering(&both);
        prop_assert_eq!(&again.redact(&text), &purged);
        prop_assert_eq!(&again.redact(&purged), &purged);
    }
}
