//! Secrets planted by every way into a store: no byte on disk keeps one.

use std::fmt::Write as _;
use std::path::Path;

use crate::harness::Place;

/// A key of a provider's shape, never a real one: letters and digits by `number`.
fn key(number: usize) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let tail: String = (0..36)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()])
        })
        .collect();
    format!("{}{tail}", ["ghp_", "gho_", "ghs_"][number % 3])
}

/// Which of `secrets` stand in any file below `folder`.
fn leaked(folder: &Path, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(leaked(&path, secrets));
            continue;
        }
        let bytes = fs_err::read(&path).unwrap();
        for secret in secrets {
            if bytes.windows(secret.len()).any(|window| window == secret.as_bytes()) {
                found.push(format!("{} in {}", secret, path.display()));
            }
        }
    }
    found
}

#[test]
fn no_byte_on_disk_keeps_a_planted_secret() {
    let place = Place::new();
    let secrets: Vec<String> = (0..40).map(key).collect();
    let mut next = secrets.iter();
    let mut secret = || next.next().unwrap();
    for number in 0..8 {
        let text = format!("# Page {number}\n\nUse {} to log in.\n\nThen go on.\n", secret());
        place.write(&format!("repo/docs/secret-{number}.md"), &text);
        let code = format!("/// Logs in.\nfn login() {{ call(\"{}\") }}\n", secret());
        place.write(&format!("repo/src/login{number}.rs"), &code);
    }
    place.commit(&format!("Log in\n\nWith {} for now.", secret()), 1_700_400_000);
    let mut lines = String::new();
    for number in 0..12 {
        writeln!(
            lines,
            "{{\"id\":\"{number}\",\"stream\":\"ops\",\"author\":\"Bo\",\"time\":{},\"text\":\"take {}\",\"note\":\"or {}\"}}",
            1_700_000_000 + number,
            secret(),
            if number < 6 { secret() } else { "none" },
        )
        .unwrap();
    }
    place.write("ops.jsonl", &lines);
    let chat =
        format!("13/01/2024, 10:00 - Ann: hello\n13/01/2024, 10:01 - Bo: it is {}\n", secret());
    place.write("WhatsApp Chat with Bo.txt", &chat);
    place.run(&["ingest"]);
    place.run(&["ingest", place.path("ops.jsonl").to_str().unwrap()]);
    place.run(&["ingest", place.path("WhatsApp Chat with Bo.txt").to_str().unwrap()]);
    assert_eq!(leaked(&place.root().join(".lichen"), &secrets), Vec::<String>::new());
    // The test can fail: what is read stands in the files that were read.
    assert!(!leaked(&place.root().join("docs"), &secrets).is_empty());
    let recalled = place.run(&["recall", "--in", "doc", "log in page"]);
    assert!(recalled.contains("<redacted:github"), "{recalled}");
    assert!(!recalled.contains("stale"), "a document that did not change: {recalled}");
    assert!(place.run(&["doctor"]).contains("healthy"));
    // Taken in again, nothing is new: equal secrets have equal placeholders.
    let again = place.run(&["ingest", place.path("ops.jsonl").to_str().unwrap()]);
    assert!(again.contains(" 0 messages"), "{again}");
}
