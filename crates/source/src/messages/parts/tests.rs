//! JSON read in place.

use proptest::prelude::*;
use serde_json::Value;

use super::{Meta, Object, scalar, string, without_lone_surrogates};

#[test]
fn lone_surrogates_are_replaced() {
    for (json, expected) in [
        (r#""\ud83d\ude00""#, "\u{1f600}"),
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ude00 x \ud83d\n\\ud83d""#, "\u{fffd} x \u{fffd}\n\\ud83d"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
        (r#""é\u00e9""#, "éé"),
    ] {
        let fixed = without_lone_surrogates(json);
        assert_eq!(serde_json::from_str::<String>(&fixed).unwrap(), expected, "{json}");
        let line = format!("{{\"a\":{json}}}");
        let object = Object::parse(&line).unwrap();
        assert_eq!(string(object.0[0].1).unwrap(), expected, "{json}");
    }
}

#[test]
fn scalars() {
    let object = Object::parse(r#"{"a":"x","b":1.50,"c":null,"d":[1],"e":true}"#).unwrap();
    let found: Vec<_> = object.0.iter().map(|(_, raw)| scalar(raw)).collect();
    assert_eq!(found, [Some("x".into()), Some("1.50".into()), None, None, None]);
}

proptest! {
    #[test]
    fn rest_is_kept_as_it_was(keys in prop::collection::hash_map("\\PC{0,8}", "\\PC{0,8}", 0..6)) {
        let mut meta = Meta::default();
        for (key, value) in &keys {
            meta.text(key, value);
        }
        let text = meta.finish();
        if keys.is_empty() {
            prop_assert_eq!(text, "");
        } else {
            let expected: Value = keys.into_iter().collect();
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        }
    }

    #[test]
    fn any_escapes(text in "(\\\\u[dD][89abcdefABCDEF][0-9a-f]{2}|\\\\|[a-zé☃\"\\\\]|\\\\u){0,12}") {
        without_lone_surrogates(&text);
    }
}
