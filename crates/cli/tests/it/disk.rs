//! What a full disk leaves: a clear error, a store that opens, and nothing committed lost.

use std::process::Command;

use crate::harness::Place;

/// A file system of a few MiB, mounted over a folder for as long as the value lives; `None` where mounting is not
/// allowed.
struct SmallDisk {
    at: std::path::PathBuf,
}

impl SmallDisk {
    fn mount(at: std::path::PathBuf, mib: u32) -> Option<Self> {
        fs_err::create_dir_all(&at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(&at)
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self { at })
    }

    fn grow(&self, mib: u32) {
        let remount = format!("remount,size={mib}m");
        assert!(
            Command::new("mount").args(["-o", &remount]).arg(&self.at).status().unwrap().success()
        );
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

#[test]
fn a_full_disk_is_told_and_loses_nothing_committed() {
    let place = Place::new();
    // About 8 MiB of text that does not compress away: with the reserve more than the small disk takes.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x}")
    };
    let messages: String = (0..30_000)
        .map(|number| {
            let text: Vec<String> = (0..16).map(|_| noise()).collect();
            format!(
                "{{\"id\":\"{number}\",\"author\":\"Bo\",\"time\":{},\"text\":\"{}\"}}\n",
                1_700_000_000 + number,
                text.join(" ")
            )
        })
        .collect();
    place.write("noise.jsonl", &messages);
    let noise = place.path("noise.jsonl");
    let Some(disk) = SmallDisk::mount(place.path("small"), 96) else {
        println!("skipped: mounting a small file system is not allowed here");
        return;
    };
    let store = disk.at.join("store");
    let store = store.to_str().unwrap();
    place.run(&["--store", store, "ingest", place.path("chat.jsonl").to_str().unwrap()]);
    let ran =
        place.command(&["--store", store, "ingest", noise.to_str().unwrap()]).output().unwrap();
    let err = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(3), "{err}");
    assert!(err.contains("space") || err.contains("full"), "{err}");
    let kept = place.json(&["--store", store, "status"])["counts"]["messages"].as_u64().unwrap();
    assert!(kept >= 4, "what was committed is there: {kept}");
    let forty = "SELECT count(*) AS n FROM messages WHERE text LIKE 'Never above forty%'";
    assert_eq!(place.json(&["--store", store, "sql", forty])["rows"][0]["n"], 1);
    disk.grow(400);
    place.run(&["--store", store, "ingest", noise.to_str().unwrap()]);
    assert_eq!(place.json(&["--store", store, "status"])["counts"]["messages"], 30_004);
    assert!(place.run(&["--store", store, "doctor"]).contains("healthy"));
}
