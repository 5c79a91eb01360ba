//! Damage is seen at the next opening, and a rebuild answers as before.

use std::path::{Path, PathBuf};

use lichen_index::{Error, Index, Opened, Query};

use crate::corpus::{answers, append, built, key, passages};

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// Opens, expects damage, rebuilds, and expects the same answers as before.
fn rebuild(dir: &Path, what: &str) -> Index {
    let all = passages(120, 9);
    let mut index = match Index::open(dir, &key()).unwrap() {
        Opened::Damaged { index, reason } => {
            assert!(!reason.is_empty());
            index
        }
        Opened::Missing(index)
            if what.starts_with("without") && what.ends_with("manifest.json") =>
        {
            index
        }
        Opened::Ready(_) | Opened::Missing(_) => panic!("{what}: damage was not seen"),
    };
    assert_eq!(index.watermark(), 0);
    append(&mut index, &all);
    index.seal().unwrap();
    index
}

#[test]
fn every_file_is_watched() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(120, 9);
    let index = built(dir.path(), &all);
    let expected = answers(&index);
    drop(index);
    let count = files(dir.path()).len();
    assert!(count > 5);
    for place in 0..count {
        for way in ["without", "cut", "flipped", "longer"] {
            let path = files(dir.path())[place].clone();
            let mut bytes = fs_err::read(&path).unwrap();
            match way {
                "without" => fs_err::remove_file(&path).unwrap(),
                "cut" => {
                    let keep = bytes.len() / 2;
                    fs_err::write(&path, &bytes[..keep]).unwrap();
                }
                "flipped" => {
                    let at = bytes.len() * 2 / 3;
                    bytes[at] ^= 0x10;
                    fs_err::write(&path, &bytes).unwrap();
                }
                _ => {
                    bytes.push(0);
                    fs_err::write(&path, &bytes).unwrap();
                }
            }
            let name = path.strip_prefix(dir.path()).unwrap().display().to_string();
            let index = rebuild(dir.path(), &format!("{way} {name}"));
            assert_eq!(answers(&index), expected, "{way} {name}");
        }
    }
}

#[test]
fn verify_sees_what_a_kept_time_hides() {
    let dir = tempfile::tempdir().unwrap();
    let index = built(dir.path(), &passages(120, 9));
    for path in files(dir.path()) {
        let whole = fs_err::read(&path).unwrap();
        let time = fs_err::metadata(&path).unwrap().modified().unwrap();
        let mut bytes = whole.clone();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        // In place, as a failing disk would: the open index maps these very bytes.
        let write = |bytes: &[u8]| {
            use std::io::Write as _;
            let mut file = fs_err::OpenOptions::new().write(true).open(&path).unwrap();
            file.write_all(bytes).unwrap();
            file.file().set_modified(time).unwrap();
        };
        write(&bytes);
        let findings = index.verify();
        assert!(!findings.is_empty(), "{}", path.display());
        assert!(
            findings.iter().all(|finding| !finding.what.is_empty() && !finding.place.is_empty())
        );
        write(&whole);
        assert_eq!(index.verify(), [], "{}", path.display());
    }
}

#[test]
fn touched_files_are_read_again_and_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let index = built(dir.path(), &passages(120, 9));
    let expected = answers(&index);
    drop(index);
    for path in files(dir.path()) {
        let bytes = fs_err::read(&path).unwrap();
        fs_err::remove_file(&path).unwrap();
        fs_err::write(&path, bytes).unwrap();
    }
    let Opened::Ready(index) = Index::open(dir.path(), &key()).unwrap() else {
        panic!("the bytes are the same")
    };
    assert_eq!(answers(&index), expected);
}

#[test]
fn leftovers_of_a_crash_are_ignored_and_swept() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(200, 10);
    let mut index = built(dir.path(), &all[..120]);
    let expected = answers(&index);
    // A crash after segments were written and before the manifest was: copy the folder as it stands after the next
    // seal, but with the manifest of the last one.
    let manifest = fs_err::read(dir.path().join("manifest.json")).unwrap();
    append(&mut index, &all[120..150]);
    index.seal().unwrap();
    drop(index);
    let after = files(dir.path());
    let copies: Vec<_> =
        after.iter().map(|path| (path.clone(), fs_err::read(path).unwrap())).collect();
    let dir2 = tempfile::tempdir().unwrap();
    let mut index = built(dir2.path(), &all[..120]);
    drop(manifest);
    for (path, bytes) in copies {
        let to = dir2.path().join(path.strip_prefix(dir.path()).unwrap());
        if !to.exists() {
            fs_err::create_dir_all(to.parent().unwrap()).unwrap();
            fs_err::write(to, bytes).unwrap();
        }
    }
    fs_err::create_dir_all(dir2.path().join("texts/120.part")).unwrap();
    fs_err::write(dir2.path().join("texts/120.part/half"), "written").unwrap();
    drop(index);
    index = match Index::open(dir2.path(), &key()).unwrap() {
        Opened::Ready(index) => index,
        Opened::Missing(_) | Opened::Damaged { .. } => panic!("leftovers are no damage"),
    };
    assert_eq!(index.watermark(), 120);
    assert_eq!(answers(&index), expected);
    append(&mut index, &all[120..]);
    index.seal().unwrap();
    assert!(!dir2.path().join("texts/120.part").exists());
    let once = tempfile::tempdir().unwrap();
    let whole = built(once.path(), &all);
    assert_eq!(answers(&index), answers(&whole));
    assert_eq!(index.verify(), []);
}

#[test]
fn a_failure_in_the_middle_leaves_what_was_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(3000, 13);
    let mut index = built(dir.path(), &all[..100]);
    let expected = answers(&index);
    // A file where a folder must be: the next segment of texts cannot be written.
    let blocked = dir.path().join("texts/100.part");
    fs_err::write(&blocked, "in the way").unwrap();
    let vectors = crate::corpus::embed(&all[100..]);
    assert!(index.append(&crate::corpus::entries(&all[100..], 100), &vectors).is_err());
    for refused in
        [index.seal(), index.append_without_vectors(&[]), index.search(&Query::default()).map(drop)]
    {
        assert!(matches!(refused, Err(Error::Broken)), "{refused:?}");
    }
    drop(index);
    fs_err::remove_file(&blocked).unwrap();
    let Opened::Ready(mut index) = Index::open(dir.path(), &key()).unwrap() else {
        panic!("it was sealed")
    };
    assert_eq!(answers(&index), expected);
    append(&mut index, &all[100..]);
    index.seal().unwrap();
    let once = tempfile::tempdir().unwrap();
    assert_eq!(answers(&index), answers(&built(once.path(), &all)));
}
