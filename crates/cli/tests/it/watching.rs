//! Commands that keep up: what is written while they run is taken in, and Ctrl-C ends them whole.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::harness::Place;

/// Longer than anything may take; never waited for where a test passes.
const LONG: Duration = Duration::from_mins(2);

/// A program that runs, and the lines it prints.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    pub(crate) fn new(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (send, lines) = mpsc::channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        for stream in [Box::new(out) as Box<dyn Read + Send>, Box::new(err)] {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    // Nobody listens once the test has seen enough.
                    let _unheard = send.send(line);
                }
            });
        }
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line with these words.
    #[track_caller]
    pub(crate) fn wait(&mut self, words: &str) {
        loop {
            let Ok(line) = self.lines.recv_timeout(LONG) else {
                self.child.kill().unwrap();
                panic!("no line with `{words}` in {:#?}", self.seen);
            };
            let found = line.contains(words);
            self.seen.push(line);
            if found {
                return;
            }
        }
    }

    fn write(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Asks it to end; gives the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Presses Ctrl-C; gives the exit code.
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

fn said(id: u32, text: &str) -> String {
    let time = 1_704_190_000 + id * 60;
    format!(
        "{{\"id\":\"k{id}\",\"stream\":\"kitchen\",\"author\":\"Bo\",\"time\":{time},\"text\":\"{text}\"}}\n"
    )
}

fn append(place: &Place, name: &str, text: &str) {
    let mut file = fs_err::OpenOptions::new().append(true).open(place.path(name)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_repository_is_kept_up_with() {
    let place = Place::new();
    let mut watching = Running::new(&place, &["ingest", "--watch"]);
    watching.wait("keeping up");
    // One at a time: each line names what was taken in.
    append(
        &place,
        "home/.claude/projects/moss/s1.jsonl",
        "{\"type\":\"user\",\"uuid\":\"u9\",\"parentUuid\":\"u3\",\"sessionId\":\"s1\",\"timestamp\":\"2024-02-01T09:01:00.000Z\",\"message\":{\"role\":\"user\",\"content\":\"Keep the beans below the purplemark.\"}}\n",
    );
    watching.wait("1 messages from claude-code:");
    let other = fs_err::read_to_string(place.path("home/.claude/projects/moss/s1.jsonl")).unwrap();
    let other = ["1", "2", "3", "9"].iter().fold(other.replace("\"s1\"", "\"s2\""), |text, id| {
        text.replace(&format!("\"u{id}\""), &format!("\"v{id}\""))
    });
    place.write("home/.claude/projects/moss/s2.jsonl", &other);
    watching.wait("s2.jsonl");
    place.write("repo/docs/new.md", "# New\n\nThe orangemark is new.\n");
    watching.wait("1 document versions from repo");
    place.commit("Describe the orangemark", 1_700_400_000);
    watching.wait("1 commits");
    let busy = place.command(&["--wait", "0", "status"]).output().unwrap();
    assert_eq!(busy.status.code(), Some(5), "this process owns the store");
    assert_eq!(watching.interrupt(), Some(0));
    for word in ["purplemark", "orangemark"] {
        let found = place.run(&["recall", word]);
        assert!(found.contains(word), "{found}");
    }
    assert!(place.run(&["doctor"]).contains("healthy"));
    // All is taken in: there is nothing left for an ingest.
    let summary = place.json(&["ingest"]);
    assert_eq!(summary["messages"], 0, "{summary}");
}

#[test]
fn a_file_is_kept_up_with_through_rotation_and_restart() {
    let place = Place::new();
    let chat = place.path("chat.jsonl");
    let arguments = ["ingest", "--watch", chat.to_str().unwrap()];
    let mut watching = Running::new(&place, &arguments);
    watching.wait("keeping up");
    append(&place, "chat.jsonl", &said(1, "first"));
    watching.wait("1 messages");
    assert_eq!(watching.interrupt(), Some(0));
    // While nobody looks: a rest, a rotation, and new lines.
    append(&place, "chat.jsonl", &said(2, "rest"));
    fs_err::rename(&chat, place.path("chat.jsonl.1")).unwrap();
    place.write("chat.jsonl", &said(3, "after"));
    let mut follow = Running::new(
        &place,
        &["stream", "tail", "kitchen", "-n", "1", "--follow", chat.to_str().unwrap()],
    );
    follow.wait("first");
    follow.wait("rest");
    follow.wait("after");
    append(&place, "chat.jsonl", &said(4, "shown"));
    follow.wait("shown");
    assert_eq!(follow.interrupt(), Some(0));
    assert!(place.run(&["stream", "tail", "kitchen"]).contains("shown"));
}

#[test]
fn standard_input_is_taken_in_as_it_comes() {
    let place = Place::new();
    let mut ingest = Running::new(
        &place,
        &["ingest", "-", "--name", "bot", "--map", "text=body.content,author=who"],
    );
    ingest
        .write("{\"who\":\"Ada\",\"time\":1700000000,\"body\":{\"content\":\"The greenmark\"}}\n");
    ingest.write("damaged\n");
    ingest.wait("line 2");
    drop(ingest.child.stdin.take());
    ingest.wait("2 lines, 1 messages");
    assert!(ingest.child.wait().unwrap().success());
    assert!(place.run(&["stream", "tail", "bot"]).contains("The greenmark"));
    for wrong in [
        &["ingest", "-", "chat.jsonl"][..],
        &["ingest", "-", "--watch"],
        &["ingest", "-", "--format", "csv"],
    ] {
        let refused = place.command(wrong).stdin(Stdio::null()).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
    }
    // Ctrl-C ends it while the pipe is open, with what was read.
    let mut ingest = Running::new(&place, &["ingest", "-", "--name", "bot"]);
    ingest.write(&format!("{}damaged\n", said(1, "The bluemark")));
    ingest.wait("line 2");
    assert_eq!(ingest.interrupt(), Some(130));
    assert!(place.run(&["stream", "tail", "kitchen"]).contains("The bluemark"));
}
