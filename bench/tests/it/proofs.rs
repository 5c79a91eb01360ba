//! The proofs, short; `LICHEN_TEST_KILLS` asks for more.

use std::path::Path;
use std::process::{Command, Stdio};

/// Kills, where nobody asks for more.
const KILLS: u32 = 40;

fn prove(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_lichen-bench"))
        .args(arguments)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    println!("{out}{err}");
    (output.status.success(), format!("{out}{err}"))
}

#[test]
fn kills_lose_nothing() {
    #[expect(clippy::disallowed_methods, reason = "a long proof is asked for by its number")]
    let asked = std::env::var("LICHEN_TEST_KILLS").ok();
    let kills = asked.unwrap_or_else(|| KILLS.to_string());
    let (holds, said) = prove(&["crash", "--kills", &kills]);
    assert!(holds, "{said}");
}

#[test]
fn damages_are_made_good_and_told() {
    let (holds, said) = prove(&["damage", "--mutations", "40"]);
    assert!(holds, "{said}");
}

/// Whether file systems can be mounted, stopped and left unsynced here.
fn can_cut() -> bool {
    let there = |program: &str| {
        let found =
            Command::new(program).arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
        found.is_ok()
    };
    let programs = ["mkfs.ext4", "xfs_io", "eatmydata", "mount"].into_iter().all(there);
    let dir = tempfile::tempdir().unwrap();
    let mounts = Command::new("mount")
        .args(["-t", "tmpfs", "tmpfs"])
        .arg(dir.path())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if mounts {
        assert!(Command::new("umount").arg(dir.path()).status().unwrap().success());
    }
    let can = programs && mounts && Path::new("/dev/loop-control").exists();
    if !can {
        println!("skipped: this needs mount, loop devices, mkfs.ext4, xfs_io and eatmydata");
    }
    can
}

#[test]
fn power_cuts_lose_nothing() {
    if can_cut() {
        let (holds, said) = prove(&["power", "--cuts", "4"]);
        assert!(holds, "{said}");
    }
}

#[test]
fn without_syncing_the_proof_finds_losses() {
    if can_cut() {
        let (holds, said) = prove(&["power", "--cuts", "6", "--no-fsync"]);
        assert!(holds, "{said}");
    }
}
