//! Declarations on one line.

use super::join;

fn joined(tokens: &[&str]) -> String {
    join(tokens.iter().map(|token| (token.as_bytes(), false)))
}

#[test]
fn blanks_stand_where_reading_needs_them() {
    for (tokens, expected) in [
        (
            &["fn", "f", "<", "T", ">", "(", "x", ":", "&", "mut", "T", ",", ")", "->", "u8"][..],
            "fn f<T>(x: &mut T,) -> u8",
        ),
        (&["char", "*", "*", "f", "(", "void", ")"], "char **f(void)"),
        (&["def", "f", "(", "a", ",", "*", "b", ")", ":"], "def f(a, *b)"),
        (&["const", "f", "=", "(", "a", ")", "=>"], "const f = (a)"),
        (&["int", "[", "]", "a", "=", "{"], "int[] a"),
        (&["private", "?", "int", "$", "a"], "private? int $a"),
        (&["std", "::", "vector", "<", "int", ">", "v", ";"], "std::vector<int> v"),
        (&[], ""),
        (&["=", "=>"], ""),
    ] {
        assert_eq!(joined(tokens), expected);
    }
}

#[test]
fn literals_stay_as_they_are() {
    let tokens = [
        (&b"it"[..], false),
        (b"(", false),
        (b"\"", true),
        (b"a  b", true),
        (b"\"", true),
        (b",", false),
    ];
    assert_eq!(join(tokens.into_iter()), "it(\"a  b\"");
}

#[test]
fn long_ones_are_cut_between_characters() {
    let long = "é".repeat(2_000);
    let cut = joined(&[&long]);
    assert!(cut.len() <= super::BYTES_MAX && cut.chars().all(|char| char == 'é'));
}
