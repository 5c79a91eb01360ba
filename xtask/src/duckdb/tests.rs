//! Selection, refusal and placement of the library, with origins that need no network.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;

/// SHA-256 of `good`.
const GOOD: &str = "770e607624d689265ca6c44884d0807d9b054d23c473c106c72be9de08b7376c";

const ONE_FILE: Platform = Platform {
    name: "testos-x1",
    archive: "test",
    npm: None,
    files: &[Pin { file: "libduckdb.so", sha256: GOOD }],
};

const TWO_FILES: Platform = Platform {
    name: "testos-x2",
    archive: "test",
    npm: None,
    files: &[Pin { file: "duckdb.dll", sha256: GOOD }, Pin { file: "duckdb.lib", sha256: GOOD }],
};

type Log = Rc<RefCell<Vec<&'static str>>>;

/// Writes `content` under every name in `files`, and its own name into the log.
struct Fake {
    name: &'static str,
    files: &'static [&'static str],
    content: &'static str,
    fails: bool,
    asked: Log,
}

impl Origin for Fake {
    fn label(&self, _: &Platform) -> String {
        self.name.to_owned()
    }

    fn fetch(&self, _: &Platform, into: &Path) -> Result<()> {
        self.asked.borrow_mut().push(self.name);
        for file in self.files {
            fs_err::write(into.join(file), self.content)?;
        }
        if self.fails {
            bail!("connection refused");
        }
        Ok(())
    }
}

fn fake(
    log: &Log,
    name: &'static str,
    files: &'static [&'static str],
    content: &'static str,
) -> Fake {
    Fake { name, files, content, fails: false, asked: log.clone() }
}

fn boxed(origins: impl IntoIterator<Item = Fake>) -> Vec<Box<dyn Origin>> {
    origins.into_iter().map(|origin| Box::new(origin) as Box<dyn Origin>).collect()
}

fn entries(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs_err::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const SO: &[&str] = &["libduckdb.so"];

#[test]
fn the_first_origin_that_delivers_wins_and_later_ones_are_not_asked() {
    let home = tempfile::tempdir().unwrap();
    let log = Log::default();
    let unreachable = Fake { fails: true, ..fake(&log, "unreachable", SO, "good") };
    let origins =
        boxed([unreachable, fake(&log, "second", SO, "good"), fake(&log, "third", SO, "good")]);

    let label = obtain(&ONE_FILE, &origins, home.path()).unwrap();

    assert_eq!(label.as_deref(), Some("second"));
    assert_eq!(*log.borrow(), ["unreachable", "second"]);
    assert_eq!(fs_err::read_to_string(home.path().join("libduckdb.so")).unwrap(), "good");
    assert_eq!(entries(home.path()), SO, "scratch folders are gone");
}

#[test]
fn what_is_there_already_is_used_without_asking_anyone() {
    let home = tempfile::tempdir().unwrap();
    fs_err::write(home.path().join("libduckdb.so"), "good").unwrap();
    let log = Log::default();
    assert_eq!(
        obtain(&ONE_FILE, &boxed([fake(&log, "any", SO, "good")]), home.path()).unwrap(),
        None
    );
    assert!(log.borrow().is_empty());
}

#[test]
fn a_wrong_checksum_is_refused_and_the_next_origin_asked() {
    let home = tempfile::tempdir().unwrap();
    let log = Log::default();
    let origins = boxed([fake(&log, "tampered", SO, "evil"), fake(&log, "honest", SO, "good")]);
    assert_eq!(obtain(&ONE_FILE, &origins, home.path()).unwrap().as_deref(), Some("honest"));
}

#[test]
fn a_failure_names_every_origin_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let log = Log::default();
    let unreachable = Fake { fails: true, ..fake(&log, "unreachable", SO, "good") };
    let origins =
        boxed([unreachable, fake(&log, "tampered", SO, "evil"), fake(&log, "empty", &[], "")]);

    let text = obtain(&ONE_FILE, &origins, home.path()).unwrap_err().to_string();

    for expected in [
        "testos-x1",
        "unreachable: connection refused",
        "tampered: `libduckdb.so` has the SHA-256",
        "empty:",
        "bundled",
    ] {
        assert!(text.contains(expected), "`{expected}` is missing in: {text}");
    }
    assert_eq!(entries(home.path()), [""; 0]);
}

#[test]
fn a_damaged_library_is_replaced_and_kept_until_then() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("libduckdb.so");
    fs_err::write(&file, "damaged").unwrap();
    let log = Log::default();

    assert!(obtain(&ONE_FILE, &boxed([fake(&log, "tampered", SO, "evil")]), home.path()).is_err());
    assert_eq!(
        fs_err::read_to_string(&file).unwrap(),
        "damaged",
        "an unverified file never gets the final name"
    );

    obtain(&ONE_FILE, &boxed([fake(&log, "honest", SO, "good")]), home.path()).unwrap();
    assert_eq!(fs_err::read_to_string(&file).unwrap(), "good");
}

#[test]
fn an_origin_that_lacks_one_of_two_files_places_neither() {
    let home = tempfile::tempdir().unwrap();
    let log = Log::default();
    assert!(
        obtain(&TWO_FILES, &boxed([fake(&log, "half", &["duckdb.dll"], "good")]), home.path())
            .is_err()
    );
    assert_eq!(entries(home.path()), [""; 0]);
    let both = &["duckdb.dll", "duckdb.lib"];
    obtain(&TWO_FILES, &boxed([fake(&log, "whole", both, "good")]), home.path()).unwrap();
    assert_eq!(entries(home.path()), both);
}

#[test]
fn an_exported_folder_is_judged_by_pin_then_by_version() {
    let dir = tempfile::tempdir().unwrap();
    let platform = Platform { files: &[Pin { file: LIBRARY_FILE, sha256: GOOD }], ..ONE_FILE };
    let cases: [(&[u8], Option<Found>); 4] = [
        (b"good", Some(Found::Pinned)),
        (b"\x7fELF...v1.5.5\0...", Some(Found::OtherBuild)),
        (b"\x7fELF...v1.5.50\0...", None),
        (b"\x7fELF...v1.4.4\0...", None),
    ];
    for (content, expected) in cases {
        fs_err::write(dir.path().join(LIBRARY_FILE), content).unwrap();
        assert_eq!(
            inspect(dir.path(), Some(&platform)).ok(),
            expected,
            "{}",
            content.escape_ascii()
        );
    }
    assert!(inspect(&dir.path().join("absent"), None).is_err());
}

#[test]
fn an_exported_library_is_copied_under_its_final_name() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs_err::write(from.path().join(LIBRARY_FILE), "new").unwrap();
    fs_err::write(from.path().join("unrelated.txt"), "").unwrap();
    fs_err::write(to.path().join(LIBRARY_FILE), "old").unwrap();
    copy_all(from.path(), to.path()).unwrap();
    assert_eq!(entries(to.path()), [LIBRARY_FILE]);
    assert_eq!(fs_err::read_to_string(to.path().join(LIBRARY_FILE)).unwrap(), "new");
}

#[test]
fn a_release_archive_is_unpacked_with_what_the_machine_has() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    fs_err::create_dir(&source).unwrap();
    for (file, content) in [("libduckdb.so", "good"), ("duckdb.h", "")] {
        fs_err::write(source.join(file), content).unwrap();
    }
    let mut zip = Process::new(if cfg!(windows) { "python" } else { "python3" });
    zip.current_dir(&source).args([
        "-m",
        "zipfile",
        "-c",
        "../libduckdb.zip",
        "libduckdb.so",
        "duckdb.h",
    ]);
    crate::process::output(&mut zip).unwrap();
    let archive = dir.path().join("libduckdb.zip");
    let into = dir.path().join("into");
    fs_err::create_dir(&into).unwrap();

    origin::unpack_zip(&archive, &ONE_FILE, &into).unwrap();
    verify(&ONE_FILE, &into).unwrap();

    fs_err::write(&archive, "not found").unwrap();
    assert!(origin::unpack_zip(&archive, &ONE_FILE, &into).is_err());
}

#[test]
fn every_platform_is_pinned_by_whole_checksums() {
    for platform in platform::PLATFORMS {
        assert!(!platform.files.is_empty(), "{}", platform.name);
        for pin in platform.files {
            let digits =
                pin.sha256.bytes().filter(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
            assert_eq!((digits, pin.sha256.len()), (64, 64), "{} {}", platform.name, pin.file);
        }
    }
}

#[test]
fn commands_link_and_load_the_library() {
    let mut command = Process::new("true");
    Library { dir: "/somewhere/duckdb".into() }.apply(&mut command);
    let set: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?)))
        .collect();
    assert!(set.contains(&("DUCKDB_LIB_DIR", "/somewhere/duckdb")), "{set:?}");
    assert!(
        set.iter()
            .any(|(name, value)| name.ends_with("PATH") && value.starts_with("/somewhere/duckdb")),
        "{set:?}"
    );
}
