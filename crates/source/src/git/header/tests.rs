//! Commit headers, whole and odd.

use encoding_rs::WINDOWS_1252;
use lichen_model::{Timestamp, Zoned};
use proptest::prelude::*;

use super::{Damage, header, links, number, offset, signature, text};

const TREE: &str = "tree 0123456789012345678901234567890123456789\n";

#[test]
fn identities() {
    let cases = [
        ("A B <a@b> 1600000000 +0130", "A B", "a@b", 1_600_000_000, 90, None),
        ("<a@b> 1 -0800", "", "a@b", 1, -480, None),
        (" A  < a@b > 1 +0000", "A", "a@b", 1, 0, None),
        ("A <a <b> c> 5 +0000", "A", "a <b", 5, 0, None),
        ("A <a@b> 5 +100", "A", "a@b", 5, 60, None),
        ("A <a@b> 5", "A", "a@b", 5, 0, Some("has no valid time zone; taken as UTC")),
        ("A <a@b> soon +0000", "A", "a@b", 0, 0, Some("has no time; taken as 1970")),
        ("A <a@b 5 +0000", "A", "a@b 5 +0000", 0, 0, Some("has no time; taken as 1970")),
        ("A", "A", "", 0, 0, Some("has no address")),
    ];
    for (ident, name, email, secs, offset_minutes, problem) in cases {
        let found = signature(Some(ident.as_bytes()), None);
        assert_eq!((found.name.as_str(), found.email.as_str()), (name, email), "{ident}");
        assert_eq!(found.when, Zoned { at: Timestamp::from_secs(secs), offset_minutes }, "{ident}");
        assert_eq!(found.problem, problem, "{ident}");
    }
}

#[test]
fn numbers_and_offsets() {
    assert_eq!(number(b"99999999999999999999"), Some(i64::MAX));
    assert_eq!(number(b"-12"), Some(-12));
    assert_eq!((number(b""), number(b"-"), number(b"1a")), (None, None, None));
    assert_eq!(offset(b"+2559"), Some(1559));
    assert_eq!(
        (offset(b"+2600"), offset(b"+0060"), offset(b"0000"), offset(b"+51800")),
        (None, None, None, None)
    );
}

#[test]
fn bodies_are_verbatim() {
    let commit = |rest: &str| header(format!("{TREE}{rest}").as_bytes()).unwrap().message;
    assert_eq!(commit("author a\n\nsubject\n\nbody\n\n"), "subject\n\nbody\n\n");
    assert_eq!(commit("author a\n\n"), "");
    assert_eq!(commit("author a"), "");
    assert_eq!(commit("gpgsig -----BEGIN\n line\n \n end\n\nsigned\n"), "signed\n");
}

#[test]
fn damage() {
    assert_eq!(links(b""), Err(Damage::Tree));
    assert_eq!(links(b"\n\nmessage"), Err(Damage::Tree));
    assert_eq!(links(b"tree xyz\n"), Err(Damage::Tree));
    assert_eq!(links(format!("{TREE}parent 12\n").as_bytes()), Err(Damage::Parent));
}

#[test]
fn encodings() {
    assert_eq!(text("grün".as_bytes(), None), ("grün".into(), false));
    assert_eq!(text(b"gr\xfcn", Some(WINDOWS_1252)), ("grün".into(), false));
    assert_eq!(text(b"gr\xfcn", None), ("gr\u{fffd}n".into(), true));
    // ISO-2022-JP is ASCII to the eye.
    let (decoded, lossy) = text(b"\x1b$B4A;z\x1b(B", Some(encoding_rs::ISO_2022_JP));
    assert_eq!((&*decoded, lossy), ("漢字", false));
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(header(&bytes));
        drop(header(&[TREE.as_bytes(), &bytes].concat()));
        signature(Some(&bytes), None);
    }
}
