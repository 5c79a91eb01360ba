//! Hooks of git: they take in what is new, beside what is there, and go without a trace.

use crate::harness::Place;

fn hooks(place: &Place) -> std::path::PathBuf {
    place.root().join(".git/hooks")
}

#[test]
fn hooks_come_and_go_and_leave_others_alone() {
    let place = Place::new();
    let folder = hooks(&place);
    fs_err::create_dir_all(&folder).unwrap();
    fs_err::write(folder.join("post-merge"), "#!/bin/sh\nset -e\necho merged\n").unwrap();
    fs_err::write(folder.join("post-rewrite"), "#!/usr/bin/env python3\nprint()\n").unwrap();
    let names = ["post-commit", "post-merge", "post-checkout", "post-rewrite"];
    let read = || names.map(|name| fs_err::read_to_string(folder.join(name)).unwrap_or_default());
    let before = read();
    for _ in 0..2 {
        let told = place.json(&["hook", "install"]);
        assert_eq!(told["installed"], serde_json::json!(names));
    }
    let installed = read();
    for script in &installed {
        assert_eq!(script.matches("ingest").count(), 1, "{script}");
    }
    assert!(installed[1].ends_with("set -e\necho merged\n"));
    assert!(installed[3].contains("exec \"$0.before-lichen\""));
    assert_eq!(
        fs_err::read_to_string(folder.join("post-rewrite.before-lichen")).unwrap(),
        before[3]
    );
    assert_eq!(place.json(&["hook", "status"])["installed"], serde_json::json!(names));
    assert_eq!(place.json(&["hook", "uninstall"])["installed"], serde_json::json!([]));
    assert_eq!(read(), before);
    assert!(!folder.join("post-commit").exists());
}

#[cfg(unix)]
#[test]
fn a_hook_never_fails_even_where_the_program_is_gone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.json(&["hook", "install"]);
    let path = hooks(&place).join("post-commit");
    let script = fs_err::read_to_string(&path).unwrap();
    assert_ne!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o111, 0);
    let (before, rest) = script.split_once("&& '").unwrap();
    let (_, after) = rest.split_once('\'').unwrap();
    fs_err::write(&path, format!("{before}&& '/nowhere/lichen'{after}")).unwrap();
    let status = std::process::Command::new(&path).current_dir(place.root()).status().unwrap();
    assert!(status.success());
}
