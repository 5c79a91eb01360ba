//! Terms of texts, as data.

use proptest::prelude::*;

use super::*;

fn terms(stop: bool, text: &str) -> String {
    let mut found = Vec::new();
    Analyzer::new(stop, FEW)
        .analyze(text, |term, position| found.push(format!("{term}@{position}")));
    found.join(" ")
}

#[test]
fn code_keeps_everything() {
    for (text, expected) in [
        ("", ""),
        ("___", ""),
        ("camelCase", "camelcase@0 camel@0 case@1"),
        ("HTTPServer2", "httpserver2@0 http@0 server@1 2@2"),
        ("XMLHttpRequest", "xmlhttprequest@0 xml@0 http@1 request@2"),
        ("read_to_end", "read_to_end@0 read@0 to@1 end@2"),
        ("_private __init__", "privat@0 init@1"),
        ("MAX_LEN", "max_len@0 max@0 len@1"),
        ("utf8", "utf8@0 utf@0 8@1"),
        ("src/flask/app.py", "src@0 flask@1 app@2 py@3"),
        ("std::fs::read", "std@0 fs@1 read@2"),
        ("is not running", "is@0 not@1 run@2"),
        ("don't", "don@0 t@1"),
        ("Café RÉSUMÉ", "cafe@0 resum@1"),
        ("名前 is", "名@0 前@1 is@2"),
        ("a b_", "a@0 b@1"),
    ] {
        assert_eq!(terms(false, text), expected, "{text}");
    }
}

#[test]
fn prose_drops_stop_words_and_keeps_places() {
    for (text, expected) in [
        ("What did we decide about the parsers?", "decid@3 parser@6"),
        ("is_empty", "is_empty@0 empti@1"),
        ("to be or not to be", ""),
        ("we won", "won@1"),
    ] {
        assert_eq!(terms(true, text), expected, "{text}");
    }
}

#[test]
fn long_runs_are_no_words() {
    assert_eq!(terms(false, &"a".repeat(65)), "");
    assert_eq!(
        terms(false, &format!("{} end", "aB".repeat(500))).rsplit(' ').next(),
        Some("end@501")
    );
}

proptest! {
    #[test]
    fn nothing_panics_and_terms_are_lower_case(text: String, stop: bool) {
        Analyzer::new(stop, FEW).analyze(&text, |term, _| {
            assert!(!term.is_empty());
            assert!(term.len() <= TERM_BYTES_MAX || !term.is_ascii(), "{term}");
            assert!(!term.bytes().any(|b| b.is_ascii_uppercase()), "{term}");
        });
    }

    #[test]
    fn parts_are_the_word_without_underscores(word in "[a-zA-Z0-9_É]{0,20}") {
        let joined: String = parts(&word).collect();
        prop_assert_eq!(joined, word.replace('_', ""));
    }
}
