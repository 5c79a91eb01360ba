//! What stands around places, in every encoding.

use lichen_model::RepoPath;

use super::*;
use crate::symbols::{Language, Limits, extract};

/// What stands around a place, outermost first.
fn names(bytes: &[u8], line: u32, column: Option<u32>) -> Vec<String> {
    let language = Language::detect(&RepoPath::from("a.rs"), bytes).unwrap();
    let extraction = extract(bytes, language, &Limits::default());
    let byte = column.map(|column| byte_at(bytes, line, column).unwrap());
    let name = |ord: u32| extraction.symbols[ord as usize].name.clone();
    around(&extraction, line, byte).into_iter().map(name).collect()
}

const CODE: &str = "mod outer {\n    /// Words.\n    fn first() {\n        fn inner() {}\n    }\n    fn größe() {} fn last() {}\n}\n";

/// (line, column, what stands around it)
const PLACES: [(u32, Option<u32>, &[&str]); 8] = [
    (1, None, &["outer"]),
    (2, None, &["outer", "first"]),
    (3, None, &["outer", "first"]),
    (4, None, &["outer", "first", "inner"]),
    (6, Some(9), &["outer", "größe"]),
    (6, Some(20), &["outer", "last"]),
    (7, None, &["outer"]),
    (6, Some(900), &["outer"]),
];

#[test]
fn places_are_the_same_however_a_text_is_written() {
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        let units = CODE.encode_utf16().flat_map(bytes);
        mark.into_iter().chain(units).collect::<Vec<u8>>()
    };
    let texts: [Vec<u8>; 5] = [
        CODE.as_bytes().to_vec(),
        format!("\u{feff}{CODE}").into_bytes(),
        CODE.replace('\n', "\r\n").into_bytes(),
        utf16([0xFF, 0xFE], u16::to_le_bytes),
        utf16([0xFE, 0xFF], u16::to_be_bytes),
    ];
    for (which, text) in texts.iter().enumerate() {
        for (line, column, expected) in PLACES {
            assert_eq!(names(text, line, column), expected, "text {which}, {line}:{column:?}");
        }
    }
}

#[test]
fn bytes_of_columns() {
    let latin1 = b"fn gr\xF6\xDFe() {}\nfn b() {}\n";
    for (bytes, line, column, expected) in [
        (&b"ab\ncd\n"[..], 1, 1, Some(0)),
        (b"ab\ncd\n", 2, 2, Some(4)),
        (b"ab\r\ncd", 1, 9, Some(2)),
        (b"ab\r\ncd", 2, 9, Some(6)),
        (b"ab\ncd\n", 3, 1, None),
        (b"ab\ncd\n", 9, 1, None),
        (b"", 1, 1, None),
        (b"\x00\x01", 1, 1, None),
        (latin1, 1, 8, Some(7)),
        (latin1, 2, 4, Some(17)),
        (b"\xEF\xBB\xBFab", 1, 2, Some(4)),
        (b"\xFF\xFEa\x00\n\x00b\x00", 2, 1, Some(6)),
    ] {
        assert_eq!(byte_at(bytes, line, column), expected, "{bytes:?} {line}:{column}");
    }
}

#[test]
fn an_empty_blob_has_nothing_around_anything() {
    assert!(around(&lichen_model::Extraction::default(), 1, None).is_empty());
}
