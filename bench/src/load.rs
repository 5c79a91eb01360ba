//! Messages for loads and proofs: JSON lines as a feed would bring them, and what the source makes of them.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Result, ensure};
use lichen_model::Batch;
use lichen_source::messages::Source;
use lichen_source::messages::jsonl::{Intake, Repeats};
use lichen_source::redact::Redactor;

use crate::seeded::Seeded;

/// Words of the vocabulary: as many as a team uses.
const WORDS: u64 = 4000;

/// Makes batches of lines as the product does: parsed, without secrets, cut into passages.
pub(crate) struct Feed {
    redactor: Arc<Redactor>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { redactor: Arc::new(Redactor::new([7; 32])) }
    }

    /// The batch of some lines.
    pub(crate) fn batch(&self, lines: &str) -> Result<Batch> {
        let source = Source {
            label: "feed".to_owned(),
            redactor: Some(Arc::clone(&self.redactor)),
            ..Source::default()
        };
        let mut intake = Intake::new(source, "feed", "line", Repeats::One);
        intake.lines(lines.as_bytes());
        let batch = intake.batch(None);
        ensure!(batch.problems.is_empty(), "{:?}", batch.problems);
        Ok(batch)
    }
}

/// A text of about `words` words.
pub(crate) fn text(seeded: &mut Seeded, words: u64) -> String {
    let mut text = String::new();
    for nth in 0..words {
        // Low numbers come often, as frequent words do.
        let word = seeded.below(WORDS) * seeded.below(WORDS) / WORDS;
        if nth > 0 {
            text.push(' ');
        }
        spell(word, &mut text);
    }
    text
}

/// A word of two or three syllables for each number.
fn spell(mut number: u64, text: &mut String) {
    const ONSETS: [&str; 16] =
        ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "sh"];
    const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ei", "ou", "ia"];
    for _ in 0..2 + number % 2 {
        text.push_str(ONSETS[usize::try_from(number % 16).expect("below the length")]);
        number /= 16;
        text.push_str(VOWELS[usize::try_from(number % 8).expect("below the length")]);
        number = number / 8 + 7;
    }
}

/// A message as a line of JSON.
pub(crate) struct Said<'a> {
    pub(crate) id: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) author: &'a str,
    /// Seconds since 1970.
    pub(crate) at: u64,
    pub(crate) text: &'a str,
}

impl Said<'_> {
    pub(crate) fn write(&self, lines: &mut String) {
        let Self { id, stream, author, at, text } = self;
        // Neither names nor texts of loads hold anything that JSON escapes.
        writeln!(
            lines,
            r#"{{"id":"{id}","stream":"{stream}","author":"{author}","time":{at},"text":"{text}"}}"#
        )
        .expect("a string takes all that is written");
    }
}
