//! Issues and requests by their numbers: `#12`, `owner/name#12`, `!12`, `GH-12`.

use std::sync::LazyLock;

use lichen_model::{Detector, Named};
use regex::Regex;

use super::{Found, before, is_word};

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?P<repository>\b[A-Za-z0-9][\w.-]*/[\w.-]+)?(?P<mark>#|!|\b(?:GH|gh)-)(?P<number>[1-9]\d{0,9})\b")
        .expect("the pattern is right")
});

pub(super) fn detect(text: &str, found: &mut Found) {
    for issue in NUMBER.captures_iter(text) {
        let (Some(whole), Some(mark)) = (issue.get(0), issue.name("mark")) else { continue };
        let Ok(number) = issue["number"].parse() else { continue };
        let repository = issue.name("repository").map(|text| text.as_str().to_owned());
        let alone = repository.is_some()
            || before(text, whole.start()).is_none_or(|char| {
                !is_word(char) && !matches!(char, '&' | '#' | '!' | '/' | '-' | '@')
            });
        // `0.5!1` and colours such as `#123456`, which begin with digits at times.
        let colour = mark.as_str() == "#" && repository.is_none() && issue["number"].len() >= 6;
        if alone && !colour {
            let request = mark.as_str() == "!";
            found.add(whole.range(), Detector::Issue, Named::Issue { repository, number, request });
        }
    }
}
