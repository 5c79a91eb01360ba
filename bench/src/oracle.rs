//! The oracle: what a writer attempted and what became of it, written where the store's crashes do not reach.
//!
//! A batch is told by numbers from which its messages are made again, so that they can be compared byte by byte.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use fs_err::{File, OpenOptions};

use crate::load::{self, Said};
use crate::seeded::Seeded;

/// What a batch is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A few messages.
    Few,
    /// A hundred.
    Many,
    /// A few that were sent long before the last ones.
    Late,
    /// Another text of the first message of the batch with this content.
    Edit { of: u64 },
    /// A file that is taken in around the journal.
    Bulk,
}

/// A batch that somebody wants to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) round: u64,
    pub(crate) writer: u64,
    /// Its number among the writer's attempts of the round.
    pub(crate) nth: u64,
    /// What it says: an attempt that repeats another has the other's.
    pub(crate) content: u64,
    pub(crate) shape: Shape,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Outcome {
    Acknowledged,
    Refused,
    /// The writer was not told, or told that nobody knows.
    #[default]
    Unknown,
}

impl Attempt {
    /// Its messages.
    pub(crate) fn lines(&self, seed: u64) -> String {
        let Self { round, writer, content, .. } = *self;
        let mut seeded = Seeded::new(&[seed, round, writer, content]);
        let mut lines = String::new();
        if let Shape::Edit { of } = self.shape {
            let original = Self { content: of, shape: Shape::Few, ..*self };
            let text = format!("edited {}", load::text(&mut seeded, 12));
            original.message(
                &mut Seeded::new(&[seed, round, writer, of, 0]),
                0,
                Some(&text),
                &mut lines,
            );
            return lines;
        }
        let count = match self.shape {
            Shape::Few | Shape::Late => 1 + seeded.below(8),
            Shape::Many => 100,
            Shape::Bulk => 40,
            Shape::Edit { .. } => 1,
        };
        for k in 0..count {
            self.message(&mut Seeded::new(&[seed, round, writer, content, k]), k, None, &mut lines);
        }
        lines
    }

    /// Message `k`, with another text where one is given.
    fn message(&self, seeded: &mut Seeded, k: u64, text: Option<&str>, lines: &mut String) {
        let Self { round, writer, content, .. } = *self;
        let stream = format!("s{}", seeded.below(5));
        let words = 3 + seeded.below(25);
        let own = format!("mark{round}q{writer}q{content}q{k} {}", load::text(seeded, words));
        let late = if self.shape == Shape::Late { 50_000 } else { 0 };
        Said {
            id: &format!("{round}-{writer}-{content}-{k}"),
            stream: &stream,
            author: &format!("author{writer}"),
            at: 1_700_000_000 + round * 1000 + content - late,
            text: text.unwrap_or(&own),
        }
        .write(lines);
    }

    fn key(&self) -> (u64, u64, u64) {
        (self.round, self.writer, self.nth)
    }

    fn write(&self) -> String {
        let Self { round, writer, nth, content, .. } = self;
        let (word, of) = match self.shape {
            Shape::Few => ("few", 0),
            Shape::Many => ("many", 0),
            Shape::Late => ("late", 0),
            Shape::Edit { of } => ("edit", of),
            Shape::Bulk => ("bulk", 0),
        };
        format!("A {round} {writer} {nth} {content} {word} {of}\n")
    }

    fn read(words: &[&str]) -> Option<Self> {
        let number = |place: usize| words.get(place)?.parse::<u64>().ok();
        let shape = match *words.get(5)? {
            "few" => Shape::Few,
            "many" => Shape::Many,
            "late" => Shape::Late,
            "edit" => Shape::Edit { of: number(6)? },
            "bulk" => Shape::Bulk,
            _ => return None,
        };
        Some(Self {
            round: number(1)?,
            writer: number(2)?,
            nth: number(3)?,
            content: number(4)?,
            shape,
        })
    }
}

/// Where attempts and outcomes of a round are written.
pub(crate) struct Oracle(Mutex<File>);

impl Oracle {
    /// That of the round, in `dir`.
    pub(crate) fn of_round(dir: &Path, round: u64) -> Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(dir.join(format!("{round:06}.oracle")))?;
        Ok(Self(Mutex::new(file)))
    }

    /// Notes that a batch is about to be handed in.
    pub(crate) fn attempt(&self, attempt: &Attempt) -> Result<()> {
        self.write(&attempt.write())
    }

    /// Notes what its writer was told.
    pub(crate) fn outcome(&self, attempt: &Attempt, outcome: Outcome) -> Result<()> {
        let (round, writer, nth) = attempt.key();
        let letter = match outcome {
            Outcome::Acknowledged => 'K',
            Outcome::Refused => 'R',
            Outcome::Unknown => 'U',
        };
        self.write(&format!("{letter} {round} {writer} {nth}\n"))
    }

    fn write(&self, line: &str) -> Result<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())?;
        file.sync_data()?;
        Ok(())
    }
}

/// All that the oracle in `dir` knows, in the order of the attempts.
pub(crate) fn read(dir: &Path) -> Result<Vec<(Attempt, Outcome)>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|name| name == "oracle") {
            files.push(path);
        }
    }
    files.sort();
    let mut all: Vec<(Attempt, Outcome)> = Vec::new();
    for path in files {
        let mut places = HashMap::new();
        let text = fs_err::read_to_string(path)?;
        // A line that was not ended says nothing: its writer was killed in the middle of it.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let words: Vec<&str> = line.split(' ').collect();
            if words[0] == "A" {
                let attempt = Attempt::read(&words).with_context(|| format!("odd line: {line}"))?;
                places.insert(format!("{} {} {}", words[1], words[2], words[3]), all.len());
                all.push((attempt, Outcome::Unknown));
            } else {
                let place = places.get(&words[1..].join(" "));
                let place = *place.with_context(|| format!("an outcome of nothing: {line}"))?;
                all[place].1 = match words[0] {
                    "K" => Outcome::Acknowledged,
                    "R" => Outcome::Refused,
                    _ => Outcome::Unknown,
                };
            }
        }
    }
    Ok(all)
}
