//! What a purge makes of each text: the redactor's doing, and the traces that texts leave in what was made of them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use lichen_index::embed::{StaticModel, TokenCounter};
use lichen_model::{PassageKind, TextHash};
use lichen_source::redact::{BYTES_MIN, Heard, Redactor};
use lichen_store::{Rewrite, Rewritten};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::bytes::{Forms, json_form};
use crate::Error;
use crate::catch_up::whole_text;

/// Rewrites the texts of a store.
pub(super) struct Purger {
    redactor: Redactor,
    heard: Arc<Heard>,
    /// What is to be gone, as far as it is known.
    secrets: Vec<String>,
    forms: Forms,
    counter: TokenCounter<'static>,
}

impl Purger {
    pub(super) fn new(
        redactor: Redactor,
        heard: Arc<Heard>,
        texts: &[String],
    ) -> Result<Self, Error> {
        Ok(Self {
            redactor,
            heard,
            secrets: texts.to_vec(),
            forms: Forms::new(texts),
            counter: StaticModel::builtin()?.token_counter(),
        })
    }

    /// The search for every text that is to be gone.
    pub(super) fn into_forms(self) -> Forms {
        self.forms
    }

    /// In how many places `text` was found; where it stood within another text too.
    pub(super) fn count_of(&self, text: &str) -> u64 {
        let json = json_form(text);
        let heard = self.heard.secrets();
        let held = |secret: &str| secret.contains(text) || secret.contains(&json);
        heard.iter().filter(|(secret, ..)| held(secret)).map(|(.., count)| count).sum()
    }

    /// How often each rule found something.
    pub(super) fn by_rule(&self) -> Vec<(String, u64)> {
        let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, rule, count) in self.heard.secrets() {
            *rules.entry(rule).or_default() += count;
        }
        rules.into_iter().map(|(rule, count)| (rule.to_owned(), count)).collect()
    }

    /// The beginning of a secret at the end of a line, where the line was cut off within it.
    fn cut_off(&self, line: &str) -> Option<String> {
        let (len, secret) = self
            .secrets
            .iter()
            .filter_map(|secret| Some((beginning_at_end(line, secret)?, secret)))
            .max_by_key(|(len, _)| *len)?;
        let kept = &line[..line.len() - len];
        Some(format!("{kept}{}", self.redactor.placeholder_of_purged(secret)))
    }
}

impl Rewrite for Purger {
    fn text(&self, text: &str) -> Option<Rewritten> {
        let traced = self.redactor.trace(text)?;
        Some(Rewritten { text: traced.text, rounds: traced.rounds })
    }

    fn json(&self, json: &str) -> Option<String> {
        owned(self.redactor.redact_json(json))
    }

    fn fields(&self, json: &str, text: Option<&Rewritten>) -> Option<String> {
        let placed = text.and_then(|text| quoted_moved(json, text));
        let redacted = self.json(placed.as_deref().unwrap_or(json));
        redacted.or(placed)
    }

    fn words(&self, words: &str, cut: bool) -> Option<String> {
        let new = owned(self.redactor.redact(words));
        if !cut {
            return new;
        }
        let mut changed = new.is_some();
        let new = new.unwrap_or_else(|| words.to_owned());
        let lines: Vec<Cow<'_, str>> = new
            .split('\n')
            .map(|line| match self.cut_off(line) {
                Some(line) => {
                    changed = true;
                    Cow::Owned(line)
                }
                None => Cow::Borrowed(line),
            })
            .collect();
        changed.then(|| lines.join("\n"))
    }

    fn settle(&mut self) {
        self.secrets.extend(self.heard.secrets().into_iter().map(|(secret, ..)| secret));
        self.secrets.retain(|secret| secret.len() >= BYTES_MIN);
        self.secrets.sort_unstable();
        self.secrets.dedup();
        self.forms = Forms::new(&self.secrets);
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        self.forms.stand_in(bytes)
    }

    fn tokens(&mut self, text: &str) -> u32 {
        self.counter.count(text)
    }

    fn embedded(&self, kind: PassageKind, context: &str, text: &str) -> TextHash {
        TextHash::of(&whole_text(kind, context, text))
    }
}

/// How many bytes of the beginning of `secret`, and not the whole of it, `line` ends with.
fn beginning_at_end(line: &str, secret: &str) -> Option<usize> {
    let longest = line.len().min(secret.len().saturating_sub(1));
    (BYTES_MIN..=longest)
        .rev()
        .filter(|&len| secret.is_char_boundary(len))
        .find(|&len| line.ends_with(&secret[..len]))
}

fn owned(text: Cow<'_, str>) -> Option<String> {
    match text {
        Cow::Owned(text) => Some(text),
        Cow::Borrowed(_) => None,
    }
}

/// A mail's fields that name places in its text.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    quoted: Option<&'a RawValue>,
}

/// Fields whose quoted spans follow the text; `None` where they hold none.
fn quoted_moved(json: &str, text: &Rewritten) -> Option<String> {
    let quoted = serde_json::from_str::<Fields<'_>>(json).ok()?.quoted?.get();
    let spans: Vec<[usize; 2]> = serde_json::from_str(quoted).ok()?;
    let moved: Vec<[usize; 2]> =
        spans.iter().map(|span| span.map(|at| text.place_of(at))).collect();
    let start = quoted.as_ptr().addr() - json.as_ptr().addr();
    let moved = serde_json::json!(moved).to_string();
    Some(format!("{}{moved}{}", &json[..start], &json[start + quoted.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purger(texts: &[&str]) -> Purger {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let plain = Redactor::new([1; 32]);
        let marks: Vec<_> = texts.iter().filter_map(|text| plain.mark(0, text)).collect();
        let heard = Arc::new(Heard::default());
        let redactor = plain.without_rules().remembering(&marks).told_to(Arc::clone(&heard));
        Purger::new(redactor, heard, &texts).unwrap()
    }

    #[test]
    fn quoted_spans_of_a_mail_follow_its_text() {
        let purger = purger(&["hunter2x"]);
        let text = "my hunter2x\n> said\n";
        let new = purger.text(text).unwrap();
        let fields = r#"{"subject":"a, hunter2x","quoted":[[12,19]],"z":1}"#;
        let moved = purger.fields(fields, Some(&new)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&moved).unwrap();
        let at =
            |place: usize| usize::try_from(value["quoted"][0][place].as_u64().unwrap()).unwrap();
        assert_eq!(&new.text[at(0)..at(1)], "> said\n");
        assert!(!moved.contains("hunter2x") && moved.ends_with(r#","z":1}"#), "{moved}");
        assert_eq!(purger.fields(r#"{"quoted":"yes"}"#, Some(&new)), None);
    }

    #[test]
    fn a_secret_whose_end_was_cut_off_goes_too() {
        let purger = purger(&["correct-horse-battery"]);
        let words = "Bash\nlogin --with correct-horse-ba\nsrc/a.rs";
        let new = purger.words(words, true).unwrap();
        assert!(!new.contains("correct") && new.ends_with(">\nsrc/a.rs"), "{new}");
        assert_eq!(purger.words(words, false), None);
        assert_eq!(purger.words("it is corre", true), None);
    }

    #[test]
    fn places_are_counted_by_text() {
        let purger = purger(&["abcdef", "defghi", "never-there"]);
        for text in ["abcdefghi", "abcdef", "x defghi"] {
            purger.text(text).unwrap();
        }
        let counts = ["abcdef", "defghi", "never-there"].map(|text| purger.count_of(text));
        assert_eq!(counts, [2, 2, 0]);
    }
}
