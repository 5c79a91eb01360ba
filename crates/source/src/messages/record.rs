//! One JSON object whose fields are read in place, by name.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::parts::{Object, scalar, string};

/// An object of an export.
#[derive(Default)]
pub(super) struct Record<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Record<'a> {
    /// Reads an object.
    pub(super) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        Object::parse(text).map(|object| Self(object.0))
    }

    /// The value under a name, unless it is `null`.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(key, _)| key == name)?.1;
        (found.get() != "null").then_some(found)
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).and_then(string).filter(|text| !text.is_empty())
    }

    /// The text of a string or number.
    pub(super) fn scalar(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).and_then(scalar).filter(|text| !text.is_empty())
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.scalar(name).map(Cow::into_owned)
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.scalar(name)?.parse().ok()
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|raw| raw.get() == "true")
    }

    /// The object under a name.
    pub(super) fn record(&self, name: &str) -> Option<Self> {
        Self::parse(self.raw(name)?.get()).ok()
    }

    /// The values of the array under a name.
    pub(super) fn items(&self, name: &str) -> Vec<&'a RawValue> {
        self.raw(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    /// The objects of the array under a name.
    pub(super) fn records(&self, name: &str) -> Vec<Self> {
        self.items(name).into_iter().filter_map(|raw| Self::parse(raw.get()).ok()).collect()
    }
}

/// Text of a file as UTF-8, and whether all of it was.
pub(super) fn utf8(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let text = String::from_utf8_lossy(bytes);
    let whole = matches!(text, Cow::Borrowed(_));
    (text, whole)
}
