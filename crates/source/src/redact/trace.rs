//! Redaction that tells what it does: which bytes it replaces, and what stood there.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Found, Redactor, line_breaks};

/// A redacted text, and how it came from the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// The text without its secrets.
    pub text: String,
    /// The rounds in which it was made, in order. Of each: the bytes that were replaced, and how many took their place.
    pub rounds: Vec<Vec<(Range<usize>, usize)>>,
}

impl Redactor {
    /// The text without its secrets; `None` where it has none.
    pub fn trace(&self, text: &str) -> Option<Traced> {
        let mut rounds = Vec::new();
        let redacted = self.run(text, &mut |before, found| {
            let replaced = |Found { rule, span }: &Found| {
                let secret = &before[span.clone()];
                let breaks: usize = line_breaks(secret).map(char::len_utf8).sum();
                (span.clone(), self.placeholder(rule, secret).len() + breaks)
            };
            rounds.push(found.iter().map(replaced).collect());
        });
        match redacted {
            Cow::Owned(text) => Some(Traced { text, rounds }),
            Cow::Borrowed(_) => None,
        }
    }

    /// What takes the place of a purged text.
    pub fn placeholder_of_purged(&self, text: &str) -> String {
        self.placeholder(super::PURGED, text)
    }

    /// This redactor, which tells `heard` of everything that it replaces.
    #[must_use]
    pub fn told_to(mut self, heard: Arc<Heard>) -> Self {
        self.heard = Some(heard);
        self
    }

    /// This redactor without its rules: only texts that it remembers are replaced.
    #[must_use]
    pub fn without_rules(mut self) -> Self {
        self.rules = false;
        self
    }
}

/// The secrets that redactors replaced, and how often.
///
/// **Invariant:** it is never stored or logged.
#[derive(Default)]
pub struct Heard(Mutex<BTreeMap<String, (&'static str, u64)>>);

impl Heard {
    pub(super) fn add(&self, rule: &'static str, secret: &str) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = heard.get_mut(secret) {
            *count += 1;
        } else {
            heard.insert(secret.to_owned(), (rule, 1));
        }
    }

    /// The secrets, each with its rule and how often it was replaced.
    pub fn secrets(&self) -> Vec<(String, &'static str, u64)> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().map(|(secret, (rule, count))| (secret.clone(), *rule, *count)).collect()
    }
}
