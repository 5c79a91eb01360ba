//! What a session wrote: edits of agents' tools, held against what commits brought.
//!
//! Nearness in time and a common file say nothing: bots change the same files at the same time. The only thing that counts is that
//! the very text of the edit came with the commit, and that what the edit took out went with it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use lichen_model::{RepoPath, Timestamp};
use regex::Regex;

static HUNK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@").expect("the pattern is right")
});
/// Letters, digits and marks that an edit must hold to tell it from others: an import or a bracket is written by everyone.
const MARKS_MIN: usize = 24;

/// One hunk of an edit: lines that were taken out, and lines that took their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub path: RepoPath,
    /// The lines that went.
    pub removed: Vec<String>,
    /// The lines that came.
    pub added: Vec<String>,
}

/// The edits that a patch holds: one for each run of changed lines.
pub fn edits(patch: &str) -> Vec<Edit> {
    placed_edits(patch).into_iter().map(|(_, edit)| edit).collect()
}

/// The edits that a patch holds, each with the bytes of its first line.
fn placed_edits(patch: &str) -> Vec<(Range<u32>, Edit)> {
    let mut edits = Vec::new();
    let mut place = 0..0;
    let (mut old, mut path) = (None, None);
    let mut edit = Edit::default();
    // Lines of the hunk that are still to come, before and after.
    let mut left = (0_u32, 0_u32);
    for line in patch.lines() {
        let start = line.as_ptr().addr() - patch.as_ptr().addr();
        if left == (0, 0) {
            finish(&place, &mut edit, &mut edits);
            if let Some(name) = line.strip_prefix("--- ") {
                old = file(name);
            } else if let Some(name) = line.strip_prefix("+++ ") {
                path = file(name).or(old.take());
            } else if let Some(hunk) = HUNK.captures(line) {
                let count = |group| {
                    hunk.get(group).map_or(1, |text| text.as_str().parse::<u32>().unwrap_or(0))
                };
                left = (count(1), count(2));
            }
            continue;
        }
        let Some(path) = &path else { break };
        let (mark, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        let is_first = edit.removed.is_empty() && edit.added.is_empty()
            || mark == "-" && !edit.added.is_empty();
        let before = place.clone();
        if is_first {
            let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            place = byte(start)..byte(start + line.len());
        }
        match mark {
            "-" => {
                if !edit.added.is_empty() {
                    finish(&before, &mut edit, &mut edits);
                }
                edit.removed.push(text.to_owned());
                left.0 = left.0.saturating_sub(1);
            }
            "+" => {
                edit.added.push(text.to_owned());
                left.1 = left.1.saturating_sub(1);
            }
            // Says that a line has no end, which is not part of the text.
            "\\" => continue,
            _ => {
                finish(&before, &mut edit, &mut edits);
                left = (left.0.saturating_sub(1), left.1.saturating_sub(1));
                continue;
            }
        }
        edit.path.clone_from(path);
    }
    finish(&place, &mut edit, &mut edits);
    edits
}

fn finish(place: &Range<u32>, edit: &mut Edit, edits: &mut Vec<(Range<u32>, Edit)>) {
    let Edit { path, removed, added } = std::mem::take(edit);
    if !removed.is_empty() || !added.is_empty() {
        edits.push((place.clone(), Edit { path, removed, added }));
    }
}

/// Edits of many sessions, by the lines that they wrote: what a commit brought is looked up, not compared with all of them.
#[derive(Debug)]
pub struct Edits<K> {
    edits: Vec<(K, Timestamp, Range<u32>, String, Edit)>,
    by_line: HashMap<RepoPath, HashMap<u64, Vec<usize>>>,
}

impl<K> Default for Edits<K> {
    fn default() -> Self {
        Self { edits: Vec::new(), by_line: HashMap::new() }
    }
}

impl<K: Clone> Edits<K> {
    /// Adds the edits of a patch that was written at a time.
    pub fn add(&mut self, key: &K, at: Timestamp, patch: &str) {
        for (place, edit) in placed_edits(patch) {
            let nth = self.edits.len();
            let lines = if edit.added.is_empty() { &edit.removed } else { &edit.added };
            let by_line = self.by_line.entry(edit.path.clone()).or_default();
            let distinct: HashSet<u64> =
                lines.iter().map(|line| hash(line.trim_end_matches('\r').as_bytes())).collect();
            for line in distinct {
                by_line.entry(line).or_default().push(nth);
            }
            let first = patch[place.start as usize..place.end as usize].to_owned();
            self.edits.push((key.clone(), at, place, first, edit));
        }
    }

    /// The files that were edited.
    pub fn paths(&self) -> HashSet<RepoPath> {
        self.by_line.keys().cloned().collect()
    }

    /// Whether any of them is of a file.
    pub fn is_of(&self, path: &RepoPath) -> bool {
        self.by_line.contains_key(path)
    }

    /// The edits that a change of a file brought, made until a time: each with its first line and the bytes of that in its patch.
    pub fn brought(
        &self,
        path: &RepoPath,
        until: Timestamp,
        old: &[u8],
        new: &[u8],
    ) -> Vec<(&K, Range<u32>, &str)> {
        let Some(by_line) = self.by_line.get(path) else { return Vec::new() };
        let mut counts: HashMap<&[u8], i64> = HashMap::new();
        for line in lines(old) {
            *counts.entry(line).or_default() -= 1;
        }
        for line in lines(new) {
            *counts.entry(line).or_default() += 1;
        }
        let changed = counts.into_iter().filter(|(_, count)| *count != 0);
        let found: BTreeSet<usize> =
            changed.filter_map(|(line, _)| by_line.get(&hash(line))).flatten().copied().collect();
        let found = found.into_iter().map(|nth| &self.edits[nth]);
        found
            .filter(|(_, at, _, _, edit)| *at <= until && wrote(edit, old, new))
            .map(|(key, _, place, first, _)| (key, place.clone(), first.as_str()))
            .collect()
    }
}

fn hash(line: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(line)
}

fn file(name: &str) -> Option<RepoPath> {
    let name = name.split('\t').next()?.trim_end();
    let name = name.strip_prefix("a/").or_else(|| name.strip_prefix("b/")).unwrap_or(name);
    (name != "/dev/null" && !name.is_empty()).then(|| RepoPath::from(name))
}

/// Whether a change of the edit's file from `old` to `new` brought exactly what the edit wrote, and took what it took.
pub fn wrote(edit: &Edit, old: &[u8], new: &[u8]) -> bool {
    let marks = |lines: &[String]| -> usize {
        lines.iter().map(|line| line.chars().filter(|char| !char.is_whitespace()).count()).sum()
    };
    let (old, new) = (lines(old), lines(new));
    let came = edit.added.is_empty() || count(&new, &edit.added) > count(&old, &edit.added);
    let went = edit.removed.is_empty()
        || is_within(&edit.removed, &edit.added)
        || count(&old, &edit.removed) > count(&new, &edit.removed);
    let says_enough = marks(&edit.added) >= MARKS_MIN
        || edit.added.is_empty() && marks(&edit.removed) >= MARKS_MIN;
    says_enough && came && went
}

/// Lines without what ends them: tools write `\n` where files have `\r\n`.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let lines = text.split(|&byte| byte == b'\n');
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

/// How often a run of lines stands in a text.
fn count(text: &[&[u8]], run: &[String]) -> usize {
    let is_run = |window: &&[&[u8]]| {
        window
            .iter()
            .zip(run)
            .all(|(line, wanted)| *line == wanted.strip_suffix('\r').unwrap_or(wanted).as_bytes())
    };
    text.windows(run.len()).filter(is_run).count()
}

/// Whether all lines that went came again as part of what came: then nothing was taken out.
fn is_within(removed: &[String], added: &[String]) -> bool {
    added.windows(removed.len().max(1)).any(|window| window == removed)
}

#[cfg(test)]
mod tests {
    use lichen_model::RepoPath;

    use super::{Edit, edits, wrote};

    const OLD: &str = "fn first() {}\n\nfn weigh(jar: &Jar) -> u32 {\n    jar.grams\n}\n";
    const NEW: &str =
        "fn first() {}\n\nfn weigh(jar: &Jar) -> u32 {\n    jar.grams + jar.lid.grams()\n}\n";

    fn edit(removed: &[&str], added: &[&str]) -> Edit {
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Edit { path: RepoPath::from("src/jar.rs"), removed: owned(removed), added: owned(added) }
    }

    #[test]
    fn patches_are_read_run_by_run() {
        let patch = "--- a/src/jar.rs\n+++ b/src/jar.rs\n@@ -1,4 +1,4 @@\n context\n-old\n+new\n+newer\n more\n-gone\n@@ -9,0 +9 @@\n+--- a\n\\ No newline at end of file\n\
                     --- /dev/null\n+++ b/b.py\n@@ -0,0 +1 @@\n+x = 1\n--- a/c.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-y = 1\n";
        let found = edits(patch);
        let told: Vec<String> = found
            .iter()
            .map(|edit| format!("{} {:?} {:?}", edit.path.to_text(), edit.removed, edit.added))
            .collect();
        assert_eq!(
            told,
            [
                r#"src/jar.rs ["old"] ["new", "newer"]"#,
                r#"src/jar.rs ["gone"] []"#,
                r#"src/jar.rs [] ["--- a"]"#,
                r#"b.py [] ["x = 1"]"#,
                r#"c.py ["y = 1"] []"#,
            ]
        );
        assert_eq!(edits("no patch\n+at all"), []);
    }

    #[test]
    fn only_the_very_text_counts() {
        let line = "    jar.grams + jar.lid.grams()";
        let cases = [
            ("what came", edit(&["    jar.grams"], &[line]), true),
            ("without what went", edit(&[], &[line]), true),
            ("another layout", edit(&[], &["jar.grams + jar.lid.grams()"]), false),
            (
                "another text of the same place",
                edit(&["    jar.grams"], &["    jar.grams + jar.label.grams()"]),
                false,
            ),
            ("what was there before", edit(&[], &["fn weigh(jar: &Jar) -> u32 {"]), false),
            ("took something else", edit(&["    jar.ounces_of_everything"], &[line]), false),
            ("too little", edit(&["    jar.grams"], &["}"]), false),
            ("nothing", edit(&[], &[]), false),
        ];
        for (name, edit, expected) in cases {
            assert_eq!(wrote(&edit, OLD.as_bytes(), NEW.as_bytes()), expected, "{name}");
        }
        let windows = NEW.replace('\n', "\r\n");
        assert!(wrote(&edit(&[], &[line]), OLD.as_bytes(), windows.as_bytes()));
        // A file that came or went as a whole.
        assert!(wrote(
            &edit(&[], &["fn weigh(jar: &Jar) -> u32 {", "    jar.grams"]),
            b"",
            OLD.as_bytes()
        ));
        assert!(wrote(
            &edit(&["fn weigh(jar: &Jar) -> u32 {", "    jar.grams"], &[]),
            OLD.as_bytes(),
            b""
        ));
    }
}
