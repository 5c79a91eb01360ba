//! Passages: the invariants of cutting on any input, and where each kind of text is cut.

use lichen_model::{CommitId, DocumentKind, Id, Owner, PassageKind};
use proptest::prelude::*;

use super::{
    MAX_BYTES, Piece, cut_code, cut_commit, cut_document, cut_markdown, cut_message, cut_notebook,
    cut_rst, cut_text, passages,
};

type Cut = fn(&str) -> Vec<Piece>;

const CUTS: [(&str, Cut); 7] = [
    ("markdown", cut_markdown),
    ("rst", cut_rst),
    ("text", cut_text),
    ("code", cut_code),
    ("notebook", cut_notebook),
    ("message", cut_message),
    ("commit", cut_commit),
];

/// What must hold however a text was cut.
fn check(name: &str, text: &str, pieces: &[Piece]) {
    let mut end = 0;
    for piece in pieces {
        assert!(piece.span.start >= end, "{name}: in order, no overlap");
        assert!(text[end..piece.span.start].trim().is_empty(), "{name}: nothing is left out");
        let span = text.get(piece.span.clone()).expect("on character boundaries");
        assert!(!span.trim().is_empty(), "{name}: no blank piece");
        assert!(span.len() <= MAX_BYTES, "{name}: {} bytes", span.len());
        assert_eq!(
            piece.line as usize,
            text[..piece.span.start].matches('\n').count() + 1,
            "{name}: line"
        );
        end = piece.span.end;
    }
    assert!(text[end..].trim().is_empty(), "{name}: the end is covered");
}

fn check_all(text: &str) {
    for (name, cut) in CUTS {
        let pieces = cut(text);
        check(name, text, &pieces);
        assert_eq!(pieces, cut(text), "{name}: always the same");
    }
}

/// Lines that mean something to one of the cutters, and some that do not.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("   ".to_owned()),
        "#{1,7} ?[a-z]{0,8}",
        "[=~^-]{1,12}",
        Just("```rust".to_owned()),
        Just("````".to_owned()),
        Just("~~~".to_owned()),
        Just("---".to_owned()),
        Just("+++".to_owned()),
        Just("# %% [markdown]".to_owned()),
        Just("# %%".to_owned()),
        " {0,12}(fn|def|class|if) [a-z]{1,8}.{0,3}",
        "\t{0,4}[})\\]@#/*;]{1,3}[a-z ]{0,9}",
        "[a-z ]{0,90}",
        "\\PC{0,40}",
        ("[a-zä☃]{1,9}", 100_usize..400).prop_map(|(word, times)| word.repeat(times)),
        ("[a-zä☃]{1,9} ", 100_usize..400).prop_map(|(word, times)| word.repeat(times)),
    ]
}

proptest! {
    #[test]
    fn any_lines(lines in prop::collection::vec(line(), 0..60), crlf in any::<bool>()) {
        check_all(&lines.join(if crlf { "\r\n" } else { "\n" }));
    }

    #[test]
    fn any_text(text in ".{0,3000}") {
        check_all(&text);
    }
}

#[test]
fn texts_that_are_hard_to_cut() {
    for text in [
        String::new(),
        "\n\n \n".to_owned(),
        "x".repeat(10 * MAX_BYTES),
        "☃".repeat(MAX_BYTES),
        " ".repeat(MAX_BYTES) + "x",
        "\u{2003}".repeat(MAX_BYTES) + "x" + &"\u{3000}".repeat(MAX_BYTES) + "y",
        "a\n".repeat(5 * MAX_BYTES),
        (0..300).map(|depth| " ".repeat(depth) + "x {\n").collect(),
        (0..300).map(|depth| " ".repeat(depth) + "x {\n\n").collect(),
    ] {
        check_all(&text);
    }
}

fn told(text: &str, pieces: &[Piece]) -> Vec<(String, String)> {
    pieces
        .iter()
        .map(|piece| (piece.context.clone(), text[piece.span.clone()].to_owned()))
        .collect()
}

fn words(count: usize) -> String {
    vec!["word"; count].join(" ")
}

#[test]
fn markdown_is_cut_at_headings() {
    let long = words(60);
    let text = format!(
        "Intro {long}\n\n# One\n\n{long}\n\n## Deep ##\n\n{long}\n\nTwo\n===\n\n{long}\n\nThree\n---\n{long}\n# One again\n{long}\n"
    );
    let contexts: Vec<_> = cut_markdown(&text).into_iter().map(|piece| piece.context).collect();
    assert_eq!(contexts, ["", "One", "One > Deep", "Two", "Two > Three", "One again"]);
}

#[test]
fn markdown_headings_within_code_are_code() {
    let text = "# Title\n\n```sh\n# no heading\n\nmake\n```\n\n    # none either\n\n#hashtag\n";
    assert_eq!(told(text, &cut_markdown(text)), [("Title".to_owned(), text.trim_end().to_owned())]);
}

#[test]
fn fences_are_kept_whole_where_they_fit() {
    let code = "let a = 1;\n\n".repeat(70);
    let fence = format!("```rust\n{code}```");
    let text = format!("# T\n\n{}\n\n{fence}\n\n{}\n", words(150), words(150));
    let pieces = cut_markdown(&text);
    assert!(
        pieces.iter().any(|piece| text[piece.span.clone()].contains(&fence)),
        "{:#?}",
        told(&text, &pieces)
    );
}

#[test]
fn small_sections_go_with_what_follows() {
    let text =
        format!("# Title\n\n## Usage\n\n{}\n\n{}\n\n## Next\n\nshort\n", words(100), words(100));
    let pieces = cut_markdown(&text);
    let starts: Vec<_> = pieces
        .iter()
        .map(|piece| (piece.context.as_str(), &text[piece.span.start..][..7]))
        .collect();
    assert_eq!(starts[0], ("Title", "# Title"));
    assert_eq!(starts.last().unwrap(), &("Title > Next", "## Next"));
}

#[test]
fn rst_is_cut_at_titles() {
    let long = words(60);
    let text = format!(
        "=====\nBook\n=====\n\n{long}\n\nPart\n====\n\n{long}\n\nChapter\n-------\n\n{long}\n\nOther\n=====\n\n{long}\n\n.. code-block:: python\n\n    x = 1\n"
    );
    let pieces = cut_rst(&text);
    let contexts: Vec<_> = pieces.iter().map(|piece| piece.context.as_str()).collect();
    assert_eq!(contexts, ["Book", "Book > Part", "Book > Part > Chapter", "Book > Other"]);
    assert!(text[pieces[3].span.clone()].ends_with("x = 1"), "the directive stays with its block");
}

#[test]
fn code_is_cut_between_items() {
    let body = "    let value = compute(value);\n".repeat(14);
    let item = |name: &str| format!("/// Doc of {name}.\n#[inline]\nfn {name}() {{\n{body}}}\n");
    let text = format!("use std::fmt;\n\n{}\n{}\n{}", item("one"), item("two"), item("three"));
    let pieces = cut_code(&text);
    let starts: Vec<_> =
        pieces.iter().map(|piece| text[piece.span.clone()].lines().next().unwrap()).collect();
    assert_eq!(starts, ["use std::fmt;", "/// Doc of two.", "/// Doc of three."]);
    assert!(pieces.iter().all(|piece| piece.code));
}

#[test]
fn long_items_are_cut_inside_and_tell_where_they_stand() {
    let method = |at: usize| {
        format!(
            "    @check\n    def method_{at}(self):\n{}\n",
            "        self.value = self.value + 1\n".repeat(15)
        )
    };
    let text = format!(
        "class Long(Base):\n    \"\"\"Doc.\"\"\"\n\n{}{}{}",
        method(1),
        method(2),
        method(3)
    );
    let pieces = cut_code(&text);
    let starts: Vec<_> = pieces
        .iter()
        .map(|piece| {
            (
                piece.context.lines().next().unwrap(),
                text[piece.span.clone()].lines().next().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        starts,
        [
            ("Long Doc.", "class Long(Base):"),
            ("class Long(Base):", "    @check"),
            ("class Long(Base):", "    @check")
        ]
    );
}

#[test]
fn the_middle_of_a_long_function_tells_both_ends_of_its_nesting() {
    let block = "            step(value);\n".repeat(30);
    let text = format!(
        "impl Machine {{\n    fn run(&self) {{\n        loop {{\n{block}\n{block}\n{block}        }}\n    }}\n}}\n"
    );
    let pieces = cut_code(&text);
    assert!(pieces.len() >= 3);
    assert_eq!(pieces.last().unwrap().context, "impl Machine {\nloop {");
}

#[test]
fn messages_are_whole_up_to_a_size() {
    let short = words(150);
    assert_eq!(cut_message(&short).len(), 1);
    let long = [words(150), words(150), words(150)].join("\n\n");
    let pieces = cut_message(&long);
    assert_eq!(pieces.len(), 3);
    assert_eq!(cut_commit(&long[..MAX_BYTES]).len(), 1);
}

#[test]
fn notebooks_are_cut_by_cell() {
    let text = "# %% [markdown]\n# Title\n\nWhy.\n\n# %%\nx = 1\n\n# %% [markdown]\nMore.\n";
    let pieces = cut_document(DocumentKind::Notebook, text);
    let found: Vec<_> =
        pieces.iter().map(|piece| (piece.code, piece.line, piece.context.as_str())).collect();
    assert_eq!(found, [(false, 1, "Title"), (true, 6, ""), (false, 9, "")]);
}

#[test]
fn contexts_are_put_before_those_of_pieces() {
    let owner = Owner::Commit(CommitId(Id::default()));
    let pieces = cut_markdown("# T\n\ntext\n");
    let made = passages(owner, PassageKind::Doc, "a/b.md", pieces);
    assert_eq!(
        (made[0].context.as_str(), made[0].span.clone(), made[0].ord),
        ("a/b.md\nT", 0..9, 0)
    );
    let blank = passages(owner, PassageKind::Doc, "a/b.md", cut_text(" \n"));
    assert_eq!((blank.len(), blank[0].span.clone()), (1, 0..0));
    assert_eq!(passages(owner, PassageKind::Doc, "", cut_text(" \n")), []);
}
