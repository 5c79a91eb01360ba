//! What is found in texts, and what is left alone.

use lichen_model::{Detector, Mention, Named, Page};

use super::detect;

/// A mention in short: the detector, the text it stands in, and what it names.
fn told(text: &str, mention: &Mention) -> String {
    let span = mention.span.start as usize..mention.span.end as usize;
    let lines = |lines: &Option<lichen_model::Lines>| {
        lines.map_or_else(String::new, |lines| format!(" {}-{}", lines.first, lines.last))
    };
    let named = match &mention.named {
        Named::Page { host, repository, page } => match page {
            Page::File { rest, lines: at } => format!("{host} {repository} {rest}{}", lines(at)),
            Page::Commit { rev } => format!("{host} {repository} @{rev}"),
            Page::Issue { number, request } => format!("{host} {repository} {number} {request}"),
        },
        Named::Place { path, lines: at, column, function } => {
            let column = column.map_or_else(String::new, |column| format!(":{column}"));
            let function = function.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
            format!("{path}{}{column}{function}", lines(at))
        }
        Named::Commit { oid, said } => format!("{oid} {said}"),
        Named::Issue { repository, number, request } => {
            format!("{} {number} {request}", repository.as_deref().unwrap_or("-"))
        }
        Named::Symbol { path, form } => format!("{} {form:?}", path.join(".")),
    };
    format!("{}|{}|{named}", mention.detector.as_str(), &text[span])
}

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let found: Vec<String> = detect(text).iter().map(|mention| told(text, mention)).collect();
    assert_eq!(found, expect, "in {text:?}");
}

#[test]
fn links_of_forges_are_pages_and_others_nothing() {
    check(
        "see https://github.com/a/b/blob/main/src/x.rs#L10-L20.",
        &[
            "link|https://github.com/a/b/blob/main/src/x.rs#L10-L20|github.com a/b main/src/x.rs 10-20",
        ],
    );
    check(
        "(https://gitlab.com/g/sub/p/-/blob/1f2e3d4/a%20b.py#L3-7)",
        &[
            "link|https://gitlab.com/g/sub/p/-/blob/1f2e3d4/a%20b.py#L3-7|gitlab.com g/sub/p 1f2e3d4/a b.py 3-7",
        ],
    );
    check(
        "https://github.com/a/b/commit/1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c and https://github.com/a/b/pull/12/files",
        &[
            "link|https://github.com/a/b/commit/1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c|github.com a/b @1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c",
            "link|https://github.com/a/b/pull/12/files|github.com a/b 12 true",
        ],
    );
    check(
        "https://gitlab.com/g/p/-/merge_requests/7",
        &["link|https://gitlab.com/g/p/-/merge_requests/7|gitlab.com g/p 7 true"],
    );
    check("https://example.com/docs/1f2e3d4c/main.rs:12 says", &[]);
}

#[test]
fn hunks_name_the_lines_they_leave() {
    check(
        "diff --git a/src/x.rs b/src/x.rs\nindex 1f2e3d4..5a6b7c8 100644\n--- a/src/x.rs\n+++ b/src/x.rs\n@@ -1,3 +4,5 @@ fn main() {\n-old\n+new\n",
        &["hunk|@@ -1,3 +4,5 @@ fn main() {|src/x.rs 4-8 in fn main() {"],
    );
    check(
        "--- a/gone.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b",
        &["hunk|@@ -1,2 +0,0 @@|gone.py 1-1"],
    );
}

#[test]
fn frames_of_every_language_are_places() {
    let frame = |text: &str, expect: &str| {
        let found: Vec<String> = detect(text)
            .iter()
            .filter(|mention| mention.detector == Detector::Frame)
            .map(|mention| told(text, mention).rsplit('|').next().unwrap().to_owned())
            .collect();
        assert_eq!(found, [expect], "in {text:?}");
    };
    frame("  File \"/app/src/app.py\", line 12, in handle", "/app/src/app.py 12-12 in handle");
    frame("    at Object.parse (/srv/lib/x.js:10:5)", "/srv/lib/x.js 10-10:5 in Object.parse");
    frame("    at async /srv/lib/x.js:10:5", "/srv/lib/x.js 10-10:5");
    frame("\tat org.acme.Foo$Bar.run(Foo.java:33)", "Foo.java 33-33 in org.acme.Foo$Bar.run");
    frame(
        "   at Acme.Foo.Bar(String s) in C:\\src\\Foo.cs:line 21",
        "C:\\src\\Foo.cs 21-21 in Acme.Foo.Bar(String s)",
    );
    frame("app/models/user.rb:7:in `save'", "app/models/user.rb 7-7 in save");
    frame("#0 /var/www/index.php(15)", "/var/www/index.php 15-15");
    frame("\t/go/src/acme/main.go:42 +0x1d", "/go/src/acme/main.go 42-42");
    frame("thread 'main' panicked at src/lib.rs:3:9:", "src/lib.rs 3-3:9");
    frame("  --> src/lib.rs:3:9", "src/lib.rs 3-3:9");
    frame("             at ./src/main.rs:14:5", "./src/main.rs 14-14:5");
    frame("src/a.c:8:3: error: expected ';'", "src/a.c 8-8:3");
    frame("src/a.ts(8,3): error TS2304: no", "src/a.ts 8-8:3");
    frame("FAILED tests/test_x.py::TestA::test_b - oops", "tests/test_x.py in TestA::test_b");
    frame("#1  0x0000 in main () at src/main.c:9", "src/main.c 9-9");
}

#[test]
fn paths_are_found_with_the_lines_around_them() {
    check(
        "look at src/x.rs:12 and lib/y.py:3:7.",
        &["path_line|src/x.rs:12|src/x.rs 12-12", "path_line|lib/y.py:3:7|lib/y.py 3-3:7"],
    );
    check("`src/x.rs`:12-20", &["path_line|src/x.rs`:12-20|src/x.rs 12-20"]);
    check(
        "src/x.rs#L4-L9, src/y.rs(3,4)",
        &["path_line|src/x.rs#L4-L9|src/x.rs 4-9", "path_line|src/y.rs(3,4)|src/y.rs 3-3:4"],
    );
    check("in main.go, line 7", &["path_line|main.go, line 7|main.go 7-7"]);
    check("lines 3-5 of docs/a.md", &["path_line|lines 3-5 of docs/a.md|docs/a.md 3-5"]);
    check("README.md, Cargo.toml.", &["path|README.md|README.md", "path|Cargo.toml|Cargo.toml"]);
    check("the folder crates/store/ holds it", &["path|crates/store|crates/store"]);
    check("C:\\src\\x.cs:5", &["path_line|C:\\src\\x.cs:5|C:\\src\\x.cs 5-5"]);
    // Whether two plain words are a folder is told when they are looked up.
    check("tests/data, I/O, 1/2, 3.14, v1.2, e.g. this", &["path|tests/data|tests/data"]);
    check("mail me@example.org", &[]);
}

#[test]
fn commits_need_a_letter_or_to_be_called_so() {
    check("fixed in 1f2e3d4.", &["commit|1f2e3d4|1f2e3d4 false"]);
    check("commit 1234567", &["commit|1234567|1234567 true"]);
    check("Reverts `abcdef12`", &["commit|abcdef12|abcdef12 true"]);
    check("the key <redacted:password:1766c2ef>", &[]);
    check("in 1234567 rows, 20261128, deadbee, id-1f2e3d4, 1F2E3D4c", &[]);
}

#[test]
fn issues_stand_alone() {
    check(
        "fixes #12, a/b#34, !56 and GH-78",
        &[
            "issue|#12|- 12 false",
            "issue|a/b#34|a/b 34 false",
            "issue|!56|- 56 true",
            "issue|GH-78|- 78 false",
        ],
    );
    check("colour #123456, &#39; C#7 no", &[]);
}

#[test]
fn names_need_a_form_that_prose_has_not() {
    check(
        "`Parser::next` calls `next`",
        &["symbol|`Parser::next`|Parser.next Qualified", "symbol|`next`|next Quoted"],
    );
    check(
        "call parse_file() before readAll(path)",
        &["symbol|parse_file()|parse_file Called", "symbol|readAll|readAll Called"],
    );
    check(
        "the HashMap and max_size and app.route(x)",
        &[
            "symbol|HashMap|HashMap Shaped",
            "symbol|max_size|max_size Shaped",
            "symbol|app.route|app.route Qualified",
        ],
    );
    check("GitHub has file(s) of the request (see above), JavaScript too", &[]);
    check("`let x = foo::bar(1)`", &["symbol|foo::bar|foo.bar Qualified"]);
}

#[test]
fn nothing_is_found_twice_and_spans_hold() {
    let text = "see `src/x.rs:3`, https://github.com/a/b/blob/1f2e3d4/src/x.rs#L3 and ünïcode::näme at 1f2e3d4";
    let found = detect(text);
    for pair in found.windows(2) {
        assert!(pair[0].span.end <= pair[1].span.start);
    }
    for mention in &found {
        assert!(text.get(mention.span.start as usize..mention.span.end as usize).is_some());
    }
    assert_eq!(found.iter().filter(|mention| mention.detector == Detector::Commit).count(), 1);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_fail(text in "[a-zA-Z0-9 .:/#`()\\[\\]@\\n\"'\\-_é…]{0,300}") {
        for mention in detect(&text) {
            proptest::prop_assert!(text.get(mention.span.start as usize..mention.span.end as usize).is_some());
        }
    }
}
