//! Which commit was current when a text was written: a ladder of evidence, the best first.
//!
//! Nothing here tells whether a text speaks of code that was uncommitted then, so every rung is what its writer had at most.

use std::sync::LazyLock;

use lichen_model::{AsOf, Oid, Rung, Timestamp};
use regex::Regex;

/// What `git commit` prints: `[main 1f2e3d4] subject`, `[main (root-commit) 1f2e3d4] subject`.
static COMMITTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\[[^\]\n]{1,200} ([0-9a-f]{7,64})\] ").expect("the pattern is right")
});
/// Other things that git says of what is checked out.
static MOVED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^HEAD is now at ([0-9a-f]{7,64}) ").expect("the pattern is right")
});
/// Commands that print the current commit and nothing else.
static ASKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\bgit\b[^|;&\n]*\brev-parse\b[^|;&\n]*\bHEAD\s*$").expect("the pattern is right")
});

/// The commit that a tool's answer says to be checked out, by the beginning of its object id.
///
/// `command` is what the tool ran. Logs and diffs name commits, too, but not what is checked out.
pub fn recorded<'a>(command: &str, answer: &'a str) -> Option<&'a str> {
    if ASKED.is_match(command) {
        let line = answer.trim();
        let is_oid = (7..=64).contains(&line.len())
            && line.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        return is_oid.then_some(line);
    }
    if !command.contains("git") {
        return None;
    }
    let last = |pattern: &Regex| {
        pattern
            .captures_iter(answer)
            .last()
            .and_then(|found| found.get(1))
            .map(|oid| (oid.start(), oid.as_str()))
    };
    last(&COMMITTED).into_iter().chain(last(&MOVED)).max_by_key(|(at, _)| *at).map(|(_, oid)| oid)
}

/// What a session tells of the commit that was current.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// A tool told it in that very message.
    pub recorded: Option<Oid>,
    /// The session told it at its start, or a tool in a message before, and when.
    pub session: Option<(Timestamp, Oid)>,
}

/// What is known of which commits were current when.
#[derive(Clone, Debug, Default)]
pub struct Heads {
    /// What was checked out from when on, the oldest first.
    reflog: Vec<(Timestamp, Oid)>,
    /// The commits of a branch along first parents, the oldest first, each with the latest time of it and all before it: clocks
    /// are set wrong now and then.
    chain: Vec<(Timestamp, Oid)>,
}

impl Heads {
    /// Of a work tree's reflog and a branch's first parents, each the oldest first.
    pub fn new(reflog: Vec<(Timestamp, Oid)>, chain: Vec<(Timestamp, Oid)>) -> Self {
        let mut latest = Timestamp(i64::MIN);
        let chain = chain
            .into_iter()
            .map(|(committed, oid)| {
                latest = latest.max(committed);
                (latest, oid)
            })
            .collect();
        Self { reflog, chain }
    }

    /// The commit that was current at a time, and the best that tells it.
    pub fn as_of(&self, at: Timestamp, evidence: &Evidence) -> Option<AsOf> {
        let found = |commit: &Oid, rung| AsOf { commit: commit.clone(), rung };
        if let Some(commit) = &evidence.recorded {
            return Some(found(commit, Rung::Recorded));
        }
        if let Some((_, commit)) = last_until(&self.reflog, at) {
            return Some(found(commit, Rung::Reflog));
        }
        if let Some((_, commit)) = evidence.session.as_ref().filter(|(told, _)| *told <= at) {
            return Some(found(commit, Rung::Session));
        }
        last_until(&self.chain, at).map(|(_, commit)| found(commit, Rung::Committed))
    }
}

/// The last entry that is not later than `at`, of entries in the order of their times.
fn last_until(entries: &[(Timestamp, Oid)], at: Timestamp) -> Option<&(Timestamp, Oid)> {
    let behind = entries.partition_point(|(time, _)| *time <= at);
    entries[..behind].last()
}

#[cfg(test)]
mod tests {
    use lichen_model::{AsOf, Oid, Rung, Timestamp};

    use super::{Evidence, Heads, recorded};

    fn oid(byte: u8) -> Oid {
        Oid(vec![byte; 20])
    }

    fn at(entries: &[(i64, u8)]) -> Vec<(Timestamp, Oid)> {
        entries.iter().map(|(time, byte)| (Timestamp(*time), oid(*byte))).collect()
    }

    #[test]
    fn the_best_evidence_is_taken() {
        let reflog = at(&[(100, 1), (200, 2)]);
        let chain = at(&[(10, 11), (90, 12), (80, 13), (150, 14)]);
        let heads = Heads::new(reflog, chain.clone());
        let none = Evidence::default();
        let session = Evidence { session: Some((Timestamp(40), oid(21))), ..Evidence::default() };
        let all = Evidence { recorded: Some(oid(31)), ..session.clone() };
        let cases = [
            // Nothing is as old.
            (5, &none, None),
            // Before the reflog begins, the branch tells it.
            (50, &none, Some((11, Rung::Committed))),
            (60, &session, Some((21, Rung::Session))),
            // The session had not begun.
            (30, &session, Some((11, Rung::Committed))),
            (100, &session, Some((1, Rung::Reflog))),
            (199, &none, Some((1, Rung::Reflog))),
            (1000, &none, Some((2, Rung::Reflog))),
            (1000, &all, Some((31, Rung::Recorded))),
        ];
        for (time, evidence, expected) in cases {
            let found = heads.as_of(Timestamp(time), evidence);
            let expected = expected.map(|(byte, rung)| AsOf { commit: oid(byte), rung });
            assert_eq!(found, expected, "at {time}");
        }
        // A commit whose clock was behind is on top of the one before it all the same.
        let heads = Heads::new(Vec::new(), chain);
        let committed = |time| heads.as_of(Timestamp(time), &none).map(|as_of| as_of.commit);
        assert_eq!(committed(85), Some(oid(11)));
        assert_eq!(committed(90), Some(oid(13)));
        assert_eq!(committed(150), Some(oid(14)));
    }

    #[test]
    fn tools_tell_what_is_checked_out() {
        let told = [
            (
                "git rev-parse HEAD",
                "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c\n",
                Some("1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c"),
            ),
            ("cd x && git -C . rev-parse --short HEAD", "1f2e3d4", Some("1f2e3d4")),
            ("git rev-parse HEAD", "fatal: not a git repository", None),
            ("git rev-parse HEAD~1", "1f2e3d4", None),
            (
                "git commit -qam x && git log -1",
                "[main 1f2e3d4] store: x\n 1 file changed",
                Some("1f2e3d4"),
            ),
            ("git commit -m x", "[feature/a (root-commit) 1f2e3d4] x", Some("1f2e3d4")),
            (
                "git commit -m x; git reset --hard HEAD~1",
                "[main 1f2e3d4] x\nHEAD is now at 5a6b7c8 y",
                Some("5a6b7c8"),
            ),
            ("git log --oneline", "1f2e3d4 x\n5a6b7c8 y", None),
            ("cat notes", "[main 1f2e3d4] x", None),
        ];
        for (command, answer, expected) in told {
            assert_eq!(recorded(command, answer), expected, "{command}");
        }
    }
}
