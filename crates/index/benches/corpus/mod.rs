//! Passages for benchmarks: from files, folders and bare repositories named on the command line, or made up.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads what it is told to and measures time"
)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Characters per passage.
const PASSAGE_CHARS: usize = 500;

/// The arguments of a benchmark: `--name value` pairs, and paths. Cargo's own `--bench` is dropped.
pub(crate) struct Arguments {
    pub(crate) paths: Vec<PathBuf>,
    options: Vec<(String, String)>,
}

impl Arguments {
    pub(crate) fn read() -> Self {
        let (mut paths, mut options) = (Vec::new(), Vec::new());
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some(name) => options.push((name.to_owned(), arguments.next().unwrap_or_default())),
                None => paths.push(argument.into()),
            }
        }
        Self { paths, options }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str, usual: usize) -> usize {
        self.text(name).and_then(|value| value.parse().ok()).unwrap_or(usual)
    }
}

/// Up to `count` different passages, mixed.
pub(crate) fn passages(paths: &[PathBuf], count: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for path in paths {
        for text in texts(path) {
            for passage in cut(&text) {
                if seen.insert(passage.clone()) {
                    found.push(passage);
                }
            }
        }
    }
    if paths.is_empty() {
        found = made_up(count);
    }
    assert!(!found.is_empty(), "the paths hold no text");
    shuffle(&mut found);
    found.truncate(count);
    found
}

/// The texts of a file, of all files of a folder, or of the head and the log of a bare repository.
fn texts(path: &Path) -> Vec<String> {
    if path.join("objects").is_dir() && path.join("HEAD").is_file() {
        let git = |arguments: &[&str]| {
            let run = Command::new("git")
                .arg("--git-dir")
                .arg(path)
                .args(arguments)
                .output()
                .expect("git runs");
            String::from_utf8_lossy(&run.stdout).into_owned()
        };
        let log = git(&["log", "--format=%B%x00"]);
        let mut texts: Vec<String> = log.split('\0').map(str::to_owned).collect();
        texts.push(git(&["grep", "-I", "-h", "-e", "", "HEAD"]));
        return texts;
    }
    if path.is_dir() {
        let entries = fs_err::read_dir(path).expect("a folder can be listed");
        return entries
            .flat_map(|entry| texts(&entry.expect("an entry can be read").path()))
            .collect();
    }
    let bytes = fs_err::read(path).unwrap_or_default();
    if bytes.contains(&0) { Vec::new() } else { vec![String::from_utf8_lossy(&bytes).into_owned()] }
}

/// Runs of lines of about [`PASSAGE_CHARS`].
fn cut(text: &str) -> Vec<String> {
    let mut passages = Vec::new();
    let mut passage = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if passage.len() + line.len() > PASSAGE_CHARS && passage.len() > 40 {
            passages.push(std::mem::take(&mut passage));
        }
        passage.push_str(&line[..line.floor_char_boundary(PASSAGE_CHARS)]);
        passage.push('\n');
    }
    if passage.len() > 40 {
        passages.push(passage);
    }
    passages
}

/// Passages of made-up topics: words of a topic's own mixed with common ones.
fn made_up(count: usize) -> Vec<String> {
    let mut state = 1;
    let mut pick = |from: usize| usize::try_from(next(&mut state) % from as u64).expect("small");
    let syllables = [
        "ba", "co", "di", "fu", "ge", "ha", "jo", "ki", "lu", "me", "no", "pa", "re", "si", "tu",
        "vo",
    ];
    let word = |number: usize| {
        let mut rest = number;
        let mut word = String::new();
        for _ in 0..3 {
            word.push_str(syllables[rest % syllables.len()]);
            rest /= syllables.len();
        }
        word
    };
    (0..count)
        .map(|_| {
            let topic = pick(400);
            let words: Vec<String> =
                (0..60)
                    .map(|_| {
                        if pick(3) == 0 { word(pick(300)) } else { word(300 + topic * 9 + pick(9)) }
                    })
                    .collect();
            words.join(" ")
        })
        .collect()
}

fn shuffle(passages: &mut [String]) {
    let mut state = 7;
    for at in (1..passages.len()).rev() {
        let other = usize::try_from(next(&mut state) % (at as u64 + 1)).expect("an index");
        passages.swap(at, other);
    }
}

/// `SplitMix64`.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What `work` gives and how many milliseconds it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64() * 1000.0)
}

/// The median and the 99th percentile.
pub(crate) fn percentiles(mut millis: Vec<f64>) -> (f64, f64) {
    millis.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        millis.get((millis.len() * percent / 100).min(millis.len().saturating_sub(1))).copied()
    };
    (at(50).unwrap_or(0.0), at(99).unwrap_or(0.0))
}
