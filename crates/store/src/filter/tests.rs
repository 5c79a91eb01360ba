//! Path patterns.

use super::pattern;

#[test]
fn patterns_become_regular_expressions() {
    let cases = [
        ("*.rs", r"(.*/)?[^/]*\.rs(/.*)?"),
        ("/*.rs", r"[^/]*\.rs(/.*)?"),
        ("src/**/mod.rs", r"src/(.*/)?mod\.rs(/.*)?"),
        ("src/**", r"src/.*(/.*)?"),
        ("a?[b-d]/é", r"a[^/][b-d]/é(/.*)?"),
        ("x/[!a]", r"x/[^/a](/.*)?"),
        ("x/[]a]", r"x/[\]a](/.*)?"),
        ("a+b(c)/*", r"a\+b\(c\)/[^/]*(/.*)?"),
    ];
    for (glob, regex) in cases {
        assert_eq!(pattern(glob).unwrap(), regex, "{glob}");
    }
}

#[test]
fn a_set_without_end_is_refused() {
    for glob in ["a[", "a[b", "a[]", "a[!]"] {
        assert!(pattern(glob).is_err(), "{glob}");
    }
}
