//! Numbers of lines, and lines held against the naive count.

use proptest::prelude::*;

use super::*;

fn old_lines(old: &str, new: &str) -> Vec<OldLine> {
    let map = LineMap::between(old.as_bytes(), new.as_bytes());
    (1..=map.new_len()).map(|line| map.old_line(line)).collect()
}

#[test]
fn lines_are_followed_through_an_edit() {
    use OldLine::{Changed, Same};
    for (old, new, expected) in [
        ("", "", vec![]),
        ("a\nb\n", "a\nb\n", vec![Same(1), Same(2)]),
        ("a\nb", "a\nb\n", vec![Same(1), Same(2)]),
        ("a\nb\n", "a\r\nb\r\n", vec![Same(1), Same(2)]),
        ("a\nb\n", "x\na\nb\n", vec![Changed { after: 0 }, Same(1), Same(2)]),
        ("a\nb\nc\n", "a\nc\n", vec![Same(1), Same(3)]),
        ("a\nb\nc\n", "a\nB\nc\n", vec![Same(1), Changed { after: 1 }, Same(3)]),
        ("", "a\n", vec![Changed { after: 0 }]),
        ("a\n", "", vec![]),
        ("\n", "\n\n", vec![Same(1), Changed { after: 1 }]),
    ] {
        assert_eq!(old_lines(old, new), expected, "{old:?} -> {new:?}");
    }
}

#[test]
fn how_bytes_are_text_moves_no_line() {
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("a\nb\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let map = LineMap::between(&utf16, b"new\na\nb\n");
    assert_eq!((map.old_line(2), map.old_line(3)), (OldLine::Same(1), OldLine::Same(2)));
    assert_eq!((map.old_line(0), map.old_line(4)), (OldLine::Beyond, OldLine::Beyond));
    assert_eq!(map.changed(), 1);
    assert_eq!(LineMap::between(b"a\0b\n", b"a\n").old_line(1), OldLine::Changed { after: 0 });
}

#[test]
fn a_diff_shows_lines_and_not_their_ends() {
    assert_eq!(unified(b"a\nb\n", b"a\r\nb"), "");
    let diff = unified(b"a\nb\nc\n", b"a\nB\nc\n");
    assert_eq!(diff, "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
}

proptest! {
    /// What is said to be the same line says the same, in the same order.
    #[test]
    fn the_same_line_says_the_same(old in "[ab\n]{0,30}", new in "[ab\n]{0,30}") {
        let map = LineMap::between(old.as_bytes(), new.as_bytes());
        let (olds, news) = (lines(old.as_bytes()), lines(new.as_bytes()));
        prop_assert_eq!(map.new_len() as usize, news.len());
        let mut last = 0;
        for (line, text) in (1..).zip(&news) {
            match map.old_line(line) {
                OldLine::Same(at) => {
                    prop_assert!(at > last);
                    prop_assert_eq!(olds[at as usize - 1], *text);
                    last = at;
                }
                OldLine::Changed { after } => prop_assert!((last..=u32::try_from(olds.len()).unwrap()).contains(&after)),
                OldLine::Beyond => prop_assert!(false),
            }
        }
    }
}
