//! Dates that a question names: `7 May 2023`, `May 2023`, `2023-05-07`.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use lichen_model::Timestamp;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A day or a month that a question names, in UTC, and which of its words name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedDate {
    /// From its first moment to the first moment after it.
    pub(crate) during: Range<Timestamp>,
    /// Places of the words that name it.
    pub(crate) words: Vec<usize>,
}

/// The first date among `words`: a day, or a month with its year. A month alone names no date, since it says not
/// which year and often is no month at all (`may`, `march`).
pub(crate) fn named_date(words: &[&str]) -> Option<NamedDate> {
    (0..words.len()).find_map(|at| iso(words, at).or_else(|| written(words, at)))
}

fn bare(word: &str) -> &str {
    word.trim_matches(|char: char| !char.is_alphanumeric())
}

fn iso(words: &[&str], at: usize) -> Option<NamedDate> {
    let word = bare(words[at]);
    let date: Date = (word.len() == 10).then(|| word.parse().ok())??;
    named(date, date.tomorrow().ok()?, vec![at])
}

/// `May 7, 2023`, `7 May 2023`, `7th of May 2023`, `May 2023`.
fn written(words: &[&str], at: usize) -> Option<NamedDate> {
    let month = month(words[at])?;
    let mut named_by = vec![at];
    let mut day = None;
    let mut next = at + 1;
    if let Some(number) = words.get(next).and_then(|word| day_of_month(word)) {
        day = Some(number);
        named_by.push(next);
        next += 1;
    }
    if words.get(next).is_some_and(|word| bare(word).eq_ignore_ascii_case("of")) {
        next += 1;
    }
    let year = words.get(next).and_then(|word| year(word))?;
    named_by.push(next);
    if day.is_none() {
        let mut before = at.checked_sub(1);
        if before.is_some_and(|place| bare(words[place]).eq_ignore_ascii_case("of")) {
            before = at.checked_sub(2);
        }
        if let Some(place) = before
            && let Some(number) = day_of_month(words[place])
        {
            day = Some(number);
            named_by.push(place);
        }
    }
    let first = Date::new(year, month, day.unwrap_or(1)).ok()?;
    let last = if day.is_some() { first } else { first.last_of_month() };
    named(first, last.tomorrow().ok()?, named_by)
}

fn named(first: Date, end: Date, words: Vec<usize>) -> Option<NamedDate> {
    let moment = |date: Date| {
        Some(Timestamp(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
    };
    Some(NamedDate { during: moment(first)?..moment(end)?, words })
}

fn month(word: &str) -> Option<i8> {
    let word = bare(word).to_lowercase();
    let place = MONTHS
        .iter()
        .position(|month| *month == word || (word.len() == 3 && month.starts_with(&word)))?;
    i8::try_from(place + 1).ok()
}

fn day_of_month(word: &str) -> Option<i8> {
    let word = bare(word).to_lowercase();
    let digits =
        ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(&word);
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

fn year(word: &str) -> Option<i16> {
    let word = bare(word);
    let word = word.strip_suffix("'s").unwrap_or(word);
    word.parse().ok().filter(|year| (1970..=2200).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::when::format_date;

    #[track_caller]
    fn check(question: &str, expected: Option<(&str, &str)>) {
        let words: Vec<&str> = question.split_whitespace().collect();
        let found = named_date(&words).map(|date| {
            (format_date(date.during.start), format_date(Timestamp(date.during.end.millis() - 1)))
        });
        assert_eq!(
            found,
            expected.map(|(from, to)| (from.to_owned(), to.to_owned())),
            "{question}"
        );
    }

    #[test]
    fn days_and_months_with_their_year() {
        let day = Some(("2023-05-07", "2023-05-07"));
        check("What happened on 7 May 2023?", day);
        check("What happened on May 7, 2023?", day);
        check("on the 7th of May, 2023", day);
        check("the 7th of may of 2023", day);
        check("since (2023-05-07)?", day);
        check("plans for May 2023", Some(("2023-05-01", "2023-05-31")));
        check("in Feb 2024", Some(("2024-02-01", "2024-02-29")));
    }

    #[test]
    fn words_that_only_look_like_dates_are_left_alone() {
        for question in
            ["may I march 7 miles", "in May", "31 February 2023", "version 2023", "", "dec 99"]
        {
            check(question, None);
        }
    }
}
