//! Hashes of texts, and of texts with parts left out.

use super::*;

fn tokens(text: &str) -> Tokens {
    let mut tokens = Tokens::default();
    let mut at = 0;
    for word in text.split(' ') {
        tokens.token(text.as_bytes(), at..at + word.len(), false);
        at += word.len() + 1;
    }
    tokens
}

/// One range.
fn ranges(only: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(only).collect()
}

fn measured(text: &str, name: &str, holes: &[Range<usize>]) -> Body {
    let tokens = tokens(text);
    let stretch = Stretch { whole: 0..tokens.len(), doc: 0..0, holes };
    measure(&tokens, &stretch, name, &[text.as_bytes()], 1)
}

#[test]
fn a_name_is_masked_wherever_it_stands() {
    let (a, b) = (
        measured("fn fib ( n ) fib ( n )", "fib", &[]),
        measured("fn sum ( n ) sum ( n )", "sum", &[]),
    );
    assert_ne!(a.norm_hash, b.norm_hash);
    assert_eq!(a.anon_hash, b.anon_hash);
    assert_eq!(a.sketch, b.sketch);
    assert_ne!(a.anon_hash, measured("fn fib ( m ) fib ( m )", "fib", &[]).anon_hash);
}

#[test]
fn holes_are_no_part_of_what_is_own() {
    let (a, b) = (
        measured("class A { x y }", "A", &ranges(3..5)),
        measured("class A { z }", "A", &ranges(3..4)),
    );
    assert_eq!(a.own_hash, b.own_hash);
    assert_ne!(a.norm_hash, b.norm_hash);
    assert_eq!(measured("class A { }", "A", &[]).own_hash, a.own_hash);
}

#[test]
fn a_trailing_comma_is_layout() {
    let (a, b) = (measured("f ( a , b )", "f", &[]), measured("f ( a , b , )", "f", &[]));
    assert_eq!(a.norm_hash, b.norm_hash);
    assert_ne!(a.raw_hash, b.raw_hash);
    assert_eq!(a.tokens, b.tokens);
}

#[test]
fn words_count_as_often_as_they_occur() {
    let (one, three) = (measured("a b", "", &[]), measured("a a a b", "", &[]));
    assert!((one.sketch.similarity(&three.sketch) - 0.5).abs() < 1e-9, "2 of 4");
    assert_eq!(measured("( ) { } , ;", "", &[]).sketch.hashes().len(), 0, "marks are no words");
}

#[test]
fn documentation_counts_by_its_words_and_lines() {
    let hash = |text: &str| doc_hash(std::iter::once(text.as_bytes()));
    assert_eq!(hash("/** a\n *  b */"), hash("/** a\r\n     * b */"));
    assert_ne!(hash("/// a b"), hash("/// ab"));
    assert_ne!(hash("/// a\n/// b"), hash("/// a \n/// b"));
    assert_ne!(hash("/// a\n/// b"), hash("/// a ///\n b"));
}

#[test]
fn holes_may_lie_anywhere() {
    let whole = 5..10;
    assert_eq!(without(&whole, &[]), ranges(5..10));
    assert_eq!(without(&whole, &[0..6, 7..8, 9..20]), [6..7, 8..9]);
    assert!(without(&whole, &ranges(0..20)).is_empty());
    assert_eq!(without(&whole, &[0..1, 7..7, 12..13]), [5..7, 7..10]);
}
