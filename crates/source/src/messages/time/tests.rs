//! Times in every notation.

use lichen_model::{Timestamp, Zoned};
use proptest::prelude::*;

use super::{parse, rfc3339};

#[test]
fn notations() {
    let cases = [
        ("2023-11-14T22:13:20Z", 1_700_000_000_000, 0),
        ("2023-11-14T22:13:20.123456Z", 1_700_000_000_123, 0),
        ("2023-11-15 03:43:20.5+05:30", 1_700_000_000_500, 330),
        ("2023-11-14T14:13:20-08:00", 1_700_000_000_000, -480),
        ("2023-11-14T22:13:20", 1_700_000_000_000, 0),
        ("2023-11-14T22:13", 1_699_999_980_000, 0),
        ("2023-11-14", 1_699_920_000_000, 0),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000, 0),
        ("1969-12-31T23:59:59.9Z", -100, 0),
        ("1700000000", 1_700_000_000_000, 0),
        ("1700000000.0001", 1_700_000_000_000, 0),
        ("1700000000.999999", 1_700_000_000_999, 0),
        ("1700000000123", 1_700_000_000_123, 0),
        ("1700000000123456", 1_700_000_000_123, 0),
        ("1700000000123456789", 1_700_000_000_123, 0),
        ("1.7e9", 1_700_000_000_000, 0),
        ("-5", -5_000, 0),
        ("-0.5", -500, 0),
        ("0", 0, 0),
        (" 5 ", 5_000, 0),
    ];
    for (text, millis, offset_minutes) in cases {
        assert_eq!(parse(text), Some(Zoned { at: Timestamp(millis), offset_minutes }), "{text}");
    }
    for text in [
        "",
        "-",
        "soon",
        "2023-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1.2.3",
        "12:30",
        "NaN",
        "inf",
        "1e400",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn the_fast_reading_agrees_with_the_library(secs in -62_135_596_800_i64..253_402_300_799, millis in 0_i32..1000) {
        let at = jiff::Timestamp::new(secs, millis * 1_000_000).unwrap();
        let text = at.to_string();
        prop_assert_eq!(rfc3339(text.as_bytes()).map(|zoned| zoned.at.millis()), Some(at.as_millisecond()), "{}", text);
    }

    #[test]
    fn any_text(text in "\\PC{0,40}") {
        parse(&text);
    }

    #[test]
    fn any_digits(text in "-?[0-9]{1,25}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?") {
        parse(&text);
    }
}
