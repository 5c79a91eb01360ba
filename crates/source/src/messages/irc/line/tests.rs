//! Lines of every client.

use super::*;

fn read(line: &str) -> Option<(What, String, &'static str, String)> {
    match parse(line)? {
        Entry::Said { said, .. } => Some((said.what, said.author, said.mode, said.text)),
        Entry::Date(_) | Entry::BadDate | Entry::Mark => None,
    }
}

#[test]
fn what_is_said() {
    let cases = [
        ("12:34 <@ann> hi <b>", What::Text, "ann", "@", "hi <b>"),
        ("12:34:56 < bea> hi", What::Text, "bea", "", "hi"),
        ("12:34  * ann waves", What::Action, "ann", "", "waves"),
        ("12:34 -srv:#c- mind the gap", What::Notice, "srv", "", "mind the gap"),
        (
            "12:34 -!- cy [c@host] has joined #c",
            What::Event("join"),
            "",
            "",
            "cy [c@host] has joined #c",
        ),
        (
            "12:34 -!- mode/#c [+o ann] by bea",
            What::Event("mode"),
            "",
            "",
            "mode/#c [+o ann] by bea",
        ),
        (
            "[12:34:56] <+ann> \u{3}04,01red\u{3} \u{2}bold\u{2} 3,4",
            What::Text,
            "ann",
            "+",
            "red bold 3,4",
        ),
        ("[12:34:56] * ann", What::Action, "ann", "", ""),
        (
            "[2024-01-02 12:34:56] *** Quits: cy (c@host) (bye)",
            What::Event("quit"),
            "",
            "",
            "Quits: cy (c@host) (bye)",
        ),
        ("2024-01-02 12:34:56\t@ann\ta\tb", What::Text, "ann", "@", "a\tb"),
        ("2024-01-02 12:34:56\t *\tann waves", What::Action, "ann", "", "waves"),
        ("2024-01-02 12:34:56\t--\tNotice(srv): hello", What::Notice, "srv", "", "hello"),
        ("2024-01-02T12:34:56.123456Z\tann\thi", What::Text, "ann", "", "hi"),
    ];
    for (line, what, author, mode, text) in cases {
        assert_eq!(read(line), Some((what, author.to_owned(), mode, text.to_owned())), "{line}");
    }
}

#[test]
fn what_is_no_line_of_a_log() {
    let lines = [
        "",
        "12:34",
        "12:34 text",
        "12:3x <ann> hi",
        "25:00 <ann> hi",
        "[12:34:56 <ann> hi",
        "[INFO] <ann> hi",
        "[1/2/24, 12:34:56] Ann: hi",
        "1/2/24, 12:34 - Ann: hi",
        "--- a/file",
        "--- Log",
        "2024-01-02\tann\thi",
        "time\tauthor\ttext",
        "Session",
        "12:34 <> hi",
        "é2:34 <ann> hi",
        "2024-01-é 12:34:56\ta\tb",
    ];
    for line in lines {
        assert_eq!(parse(line), None, "{line}");
    }
}

#[test]
fn dates() {
    let date = |text: &str| Some(Entry::Date(text.parse().unwrap()));
    assert_eq!(parse("--- Log opened Mon Aug 15 22:11:49 2016"), date("2016-08-15"));
    assert_eq!(parse("--- Day changed Tue Aug 16 2016"), date("2016-08-16"));
    assert_eq!(parse("Session Start: Wed Jan 01 00:00:00 2020"), date("2020-01-01"));
    assert_eq!(parse("--- Day changed 2016-08-16"), date("2016-08-16"));
    assert_eq!(parse("--- Day changed dom ago 26 2007"), Some(Entry::BadDate));
    assert_eq!(parse("--- Log closed Wed Jun 03 00:00:20 2015"), Some(Entry::Mark));
}
