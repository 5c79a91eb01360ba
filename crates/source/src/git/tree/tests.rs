//! Renames by identity.

use lichen_model::{ChangeStatus, FileChange, Oid};

use super::pair_renames;

const FILE: u32 = 0o100_644;
const EXECUTABLE: u32 = 0o100_755;
const LINK: u32 = 0o120_000;

fn added(path: &str, oid: u8, mode: u32) -> FileChange {
    FileChange {
        parent: 0,
        path: path.into(),
        old_path: None,
        status: ChangeStatus::Added,
        old_oid: None,
        new_oid: Some(Oid(vec![oid])),
        old_mode: 0,
        new_mode: mode,
    }
}

fn deleted(path: &str, oid: u8, mode: u32) -> FileChange {
    FileChange {
        status: ChangeStatus::Deleted,
        old_oid: Some(Oid(vec![oid])),
        new_oid: None,
        old_mode: mode,
        new_mode: 0,
        ..added(path, oid, mode)
    }
}

fn told(mut changes: Vec<FileChange>) -> Vec<String> {
    pair_renames(&mut changes);
    let tell = |change: FileChange| match change.old_path {
        Some(old) => format!("{} -> {}", old.to_text(), change.path.to_text()),
        None => format!("{:?} {}", change.status, change.path.to_text()),
    };
    changes.into_iter().map(tell).collect()
}

#[test]
fn the_same_file_name_goes_first() {
    let changes = vec![
        added("a", 1, FILE),
        deleted("old/b", 1, FILE),
        deleted("old/c", 1, FILE),
        added("new/c", 1, FILE),
    ];
    assert_eq!(told(changes), ["old/b -> a", "old/c -> new/c"]);
}

#[test]
fn what_has_no_partner_stays() {
    let changes =
        vec![deleted("a", 1, FILE), added("b", 2, FILE), added("c", 1, FILE), added("d", 1, FILE)];
    assert_eq!(told(changes), ["Added b", "a -> c", "Added d"]);
}

#[test]
fn modes_of_files_may_differ_others_not() {
    assert_eq!(told(vec![deleted("a", 1, FILE), added("b", 1, EXECUTABLE)]), ["a -> b"]);
    assert_eq!(told(vec![deleted("a", 1, FILE), added("b", 1, LINK)]), ["Deleted a", "Added b"]);
}

#[test]
fn many_equal_files_take_no_quadratic_time() {
    let count = 50_000;
    let mut changes: Vec<_> = (0..count).map(|at| deleted(&format!("old/{at}"), 1, FILE)).collect();
    changes.extend((0..count).map(|at| added(&format!("new/x{at}"), 1, FILE)));
    assert_eq!(told(changes).len(), count);
}
