//! What a kill in the middle of an ingest leaves: a store that opens, and that another ingest makes whole.

use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::harness::Place;

/// How often the ingest is killed. More with `LICHEN_TEST_KILLS`.
const KILLS: u64 = 50;

fn kills() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a long proof is asked for by its number")]
    let asked = std::env::var("LICHEN_TEST_KILLS").ok();
    asked.map_or(KILLS, |kills| kills.parse().expect("LICHEN_TEST_KILLS is a number"))
}

/// A place with enough to take in that an ingest has a middle.
fn crowded() -> Place {
    let place = Place::new();
    for number in 0..60 {
        place.write(
            &format!("repo/docs/page-{number}.md"),
            &format!(
                "# Page {number}\n\n{}\n",
                format!("Sentence of page {number} about jars and beans. ").repeat(40)
            ),
        );
    }
    place.commit("Write pages", 1_700_300_000);
    let messages: String = (0..6000)
        .map(|number| {
            format!(
                "{{\"id\":\"{number}\",\"stream\":\"s{}\",\"author\":\"Bo\",\"time\":{},\"text\":\"Message {number} about the cellar\"}}\n",
                number % 7,
                1_700_000_000 + number
            )
        })
        .collect();
    place.write("many.jsonl", &messages);
    place
}

fn ingest_all(place: &Place, store: &str) {
    let store = place.path(store);
    place.run(&["--store", store.to_str().unwrap(), "ingest"]);
    place.run(&[
        "--store",
        store.to_str().unwrap(),
        "ingest",
        place.path("many.jsonl").to_str().unwrap(),
    ]);
}

/// Waits for a fixed time, as a timer does. There is nothing to wait for but the time.
fn pass(time: Duration) {
    let (_never_sent, end) = mpsc::channel::<()>();
    end.recv_timeout(time).unwrap_err();
}

/// Kills `child` when `after` has passed, unless it ended before. Tells whether it was killed.
fn kill_after(mut child: Child, after: Duration) -> bool {
    pass(after);
    let was_running = child.try_wait().unwrap().is_none();
    if was_running {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    was_running
}

/// How long a run takes that begins with nothing, on this machine at this moment.
#[expect(clippy::disallowed_methods, reason = "decides when to kill, not what must hold")]
fn running_time(place: &Place, arguments: &[&str]) -> Duration {
    let start = std::time::Instant::now();
    place.run(arguments);
    let took = start.elapsed();
    fs_err::remove_dir_all(place.path("killed")).unwrap();
    took
}

#[test]
fn kills_in_the_middle_lose_nothing_and_repeat_nothing() {
    let place = crowded();
    ingest_all(&place, "clean");
    let clean = place.facts("clean");
    let many = place.path("many.jsonl");
    let store = place.path("killed");
    let arguments: [&[&str]; 2] = [
        &["--store", store.to_str().unwrap(), "ingest"],
        &["--store", store.to_str().unwrap(), "ingest", many.to_str().unwrap()],
    ];
    let runs = arguments.map(|arguments| running_time(&place, arguments));
    let mut killed = 0;
    for round in 0..10 * kills() {
        if killed == kills() {
            break;
        }
        // The moments walk over the whole of a run, however fast the machine is: multiples of the golden ratio leave
        // no gap.
        let half = usize::try_from(round % 2).unwrap();
        let moment = (round as f64 * 0.618_034).fract();
        let child = place
            .command(arguments[half])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if kill_after(child, runs[half].mul_f64(moment)) {
            killed += 1;
        } else {
            // It was whole: the next kill must meet work again.
            fs_err::remove_dir_all(&store).unwrap();
        }
    }
    assert_eq!(killed, kills(), "so many runs must be killed before they end");
    ingest_all(&place, "killed");
    assert_eq!(place.facts("killed"), clean, "after {killed} kills");
    // Where three openings in a row met their kill, the log was put aside, which doctor names: nothing else may be wrong.
    let store = store.to_str().unwrap();
    let told = place.command(&["--json", "--store", store, "doctor"]).output().unwrap().stdout;
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    for finding in told["findings"].as_array().unwrap() {
        assert_eq!(finding["check"], "kept", "{told}");
    }
    let recalled = place.run(&[
        "--store",
        store,
        "recall",
        "--in",
        "chat",
        "Message 4711 about the cellar",
        "-n",
        "1",
    ]);
    assert!(recalled.contains("Message 4711"), "{recalled}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_ingest_ends_whole_and_goes_on() {
    let place = crowded();
    ingest_all(&place, "clean");
    let store = place.path("stopped");
    let many = place.path("many.jsonl");
    for delay in [40, 80, 120, 200] {
        let child = place
            .command(&["--store", store.to_str().unwrap(), "ingest", many.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let id = child.id().to_string();
        pass(Duration::from_millis(delay));
        // Fails where it has ended by itself, which is fine.
        let _ended_before = std::process::Command::new("kill")
            .args(["-INT", &id])
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let code = output.status.code();
        // Stopped before the program listens, it ends by the signal itself.
        assert!(
            matches!(code, Some(130 | 0) | None),
            "{code:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    ingest_all(&place, "stopped");
    assert_eq!(place.facts("stopped"), place.facts("clean"));
}

#[test]
fn a_second_process_is_told_who_owns_the_store() {
    let place = crowded();
    place.run(&["init"]);
    let many = place.path("many.jsonl");
    let mut owner = place
        .command(&["ingest", many.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let id = owner.id().to_string();
    let mut told = false;
    while owner.try_wait().unwrap().is_none() {
        let ran = place.command(&["--wait", "0", "status"]).output().unwrap();
        if ran.status.code() == Some(5) {
            let err = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert!(err.contains(&id) && err.contains("--wait"), "{err}");
            told = true;
            break;
        }
    }
    owner.wait().unwrap();
    assert!(told, "no look fell into the owner's time");
    assert_eq!(place.json(&["--wait", "20", "status"])["counts"]["messages"], 6000);
}
