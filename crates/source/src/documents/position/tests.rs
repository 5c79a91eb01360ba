//! Positions as text.

use lichen_model::{RepoPath, Timestamp};
use proptest::prelude::*;

use super::{Position, Stamp};

proptest! {
    #[test]
    fn there_and_back(
        files in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..20), any::<u64>(), any::<i64>(), any::<bool>()), 0..9),
        at in any::<i64>(),
    ) {
        let mut position = Position::new(7, 0, Timestamp(at));
        for (path, bytes, modified, document) in files {
            position.insert(RepoPath(path), Stamp { bytes, modified: i128::from(modified), document });
        }
        prop_assert_eq!(Position::parse(&position.to_string(), 7, 0), Some(position.clone()));
        prop_assert_eq!(Position::parse(&position.to_string(), 8, 0), None);
    }

    #[test]
    fn any_text(text in "1 7 [0-9]{1,3}(\n[0-9d -]{0,6}[ %a-z0-9é]{0,12}){0,4}|\\PC{0,40}") {
        Position::parse(&text, 7, 0);
    }
}

#[test]
fn only_files_older_than_the_reading_are_trusted() {
    let second = 1_000_000_000;
    let mut position = Position::new(7, 0, Timestamp(10_000));
    let path = RepoPath::from("a");
    let trusts = |modified: i128, seen: Stamp, alive: bool| {
        position.insert(path.clone(), Stamp { bytes: 1, modified, document: true });
        position.trusts(&path, seen, alive)
    };
    let mut trusts = trusts;
    let stamp = |modified| Stamp { bytes: 1, modified, document: false };
    assert!(trusts(9 * second + 5, stamp(9 * second + 5), true));
    assert!(trusts(7 * second, stamp(7 * second), true));
    assert!(!trusts(9 * second, stamp(9 * second), true), "a file system may keep whole seconds");
    assert!(!trusts(10 * second + 5, stamp(10 * second + 5), true));
    assert!(!trusts(9 * second + 5, stamp(9 * second + 6), true));
    assert!(!trusts(9 * second + 5, Stamp { bytes: 2, ..stamp(9 * second + 5) }, true));
    assert!(
        !trusts(9 * second + 5, stamp(9 * second + 5), false),
        "the store knows no document there"
    );
}
