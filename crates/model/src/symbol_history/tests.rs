//! Words and numbers of changes go both ways.

use super::*;

#[test]
fn words_go_both_ways() {
    for kind in SymbolChangeKind::ALL {
        assert_eq!(SymbolChangeKind::parse(kind.as_str()), Some(kind));
    }
    for way in SymbolMatch::ALL {
        assert_eq!(SymbolMatch::parse(way.as_str()), Some(way));
    }
    assert_eq!(SymbolChangeKind::parse("gone"), None);
    assert_eq!(SymbolMatch::parse(""), None);
}

#[test]
fn sets_hold_what_was_put_in() {
    let all =
        SymbolChangeKind::ALL.into_iter().fold(SymbolChangeKinds::NONE, SymbolChangeKinds::with);
    assert_eq!(all.iter().collect::<Vec<_>>(), SymbolChangeKind::ALL);
    assert_eq!(SymbolChangeKinds::from_bits(u16::MAX), all);
    for kind in SymbolChangeKind::ALL {
        let one = SymbolChangeKinds::NONE.with(kind);
        assert!(one.has(kind) && !one.is_empty());
        assert_eq!(one.iter().collect::<Vec<_>>(), [kind]);
        assert_eq!(SymbolChangeKinds::from_bits(one.bits()), one);
        assert_eq!(SymbolChangeKinds::NONE.with_if(false, kind), SymbolChangeKinds::NONE);
    }
}
