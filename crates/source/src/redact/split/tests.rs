//! What is joined, and where it stood.

use super::*;

fn joined(text: &str) -> String {
    Joined::new(text).map_or_else(|| text.to_owned(), |joined| joined.text)
}

#[test]
fn pieces_of_literals_are_joined() {
    for (text, expected) in [
        ("a = \"x1\" + \"y2\";", "a = \"x1y2\";"),
        ("a = ('x1'\n     'y2')", "a = ('x1y2')"),
        ("a = 'x1' +\n  'y2'", "a = 'x1y2'"),
        ("a = \"x1\"\r\n  + \"y2\"", "a = \"x1y2\""),
        ("$a = 'x1' . 'y2';", "$a = 'x1y2';"),
        ("a=x1\\\n  y2", "a=x1y2"),
        ("\"a\" \"b\"", "\"a\" \"b\""),
        ("[\"a\", \"b\"]", "[\"a\", \"b\"]"),
        ("'a' + \"b\"", "'a' + \"b\""),
        ("a = \"\" + x", "a = \"\" + x"),
        ("run \\\n  --flag", "run \\\n  --flag"),
    ] {
        assert_eq!(joined(text), expected, "{text:?}");
    }
}

#[test]
fn spans_are_found_again() {
    let text = "k = \"ab\" + \"cd\" + \"ef\"; l = 'gh'";
    let joined = Joined::new(text).unwrap();
    let span = |word: &str| {
        let start = joined.text.find(word).unwrap();
        joined.split(&(start..start + word.len())).map(|span| &text[span])
    };
    assert_eq!(span("abcdef"), Some("ab\" + \"cd\" + \"ef"));
    assert_eq!(span("bc"), Some("b\" + \"c"));
    assert_eq!(span("cd"), None);
    assert_eq!(span("gh"), None);
}
