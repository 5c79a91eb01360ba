//! Dates that a question names: `7 May 2023`, `May 2023`, `May`, `2023`, `2023-05-07`.

use std::ops::{Range, RangeInclusive};

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
/// Years tried for a month without one.
const YEARS_MAX: usize = 50;

/// The days, months or year that a question names, in UTC, and which of its words name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedDate {
    /// Each from its first moment to the first moment after it: one, or where no year is named one for each year.
    pub(crate) during: Vec<Range<Timestamp>>,
    /// Places of the words that name it.
    pub(crate) words: Vec<usize>,
}

/// The first date among `words`; for one without a year that of each of `years`. A lower-case `may` or `march` alone is
/// a word like others, and a bare year counts only where it lies in `years`.
pub(crate) fn named_date(words: &[&str], years: &RangeInclusive<i16>) -> Option<NamedDate> {
    let in_order = |find: &dyn Fn(usize) -> Option<NamedDate>| (0..words.len()).find_map(find);
    in_order(&|at| iso(words, at))
        .or_else(|| in_order(&|at| written(words, at, years)))
        .or_else(|| in_order(&|at| bare_year(words, at, years)))
}

fn bare(word: &str) -> &str {
    let word = word.trim_matches(|char: char| !char.is_alphanumeric());
    word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word)
}

fn iso(words: &[&str], at: usize) -> Option<NamedDate> {
    let word = bare(words[at]);
    let date: Date = (word.len() == 10).then(|| word.parse().ok())??;
    Some(NamedDate { during: vec![range(date, date)?], words: vec![at] })
}

/// `May 7, 2023`, `7 May 2023`, `7th of May`, `May 2023`, `May`.
fn written(words: &[&str], at: usize, years: &RangeInclusive<i16>) -> Option<NamedDate> {
    let month = month(words[at])?;
    let is_of =
        |place: usize| words.get(place).is_some_and(|word| bare(word).eq_ignore_ascii_case("of"));
    let mut named_by = vec![at];
    let mut day = None;
    let mut next = at + 1;
    if let Some(number) = words.get(next).and_then(|word| day_of_month(word)) {
        day = Some(number);
        named_by.push(next);
        next += 1;
    } else if let Some(place) = at.checked_sub(if at > 0 && is_of(at - 1) { 2 } else { 1 })
        && let Some(number) = day_of_month(words[place])
    {
        day = Some(number);
        named_by.push(place);
    }
    next += usize::from(is_of(next));
    let named_year = words.get(next).and_then(|word| year(word));
    if named_year.is_some() {
        named_by.push(next);
    } else if day.is_none() && !words[at].starts_with(char::is_uppercase) {
        return None;
    }
    let ranges = match named_year {
        Some(year) => vec![of_year(year, month, day)?],
        None => years
            .clone()
            .rev()
            .take(YEARS_MAX)
            .filter_map(|year| of_year(year, month, day))
            .collect(),
    };
    (!ranges.is_empty()).then_some(NamedDate { during: ranges, words: named_by })
}

fn bare_year(words: &[&str], at: usize, years: &RangeInclusive<i16>) -> Option<NamedDate> {
    let year = year(words[at]).filter(|year| years.contains(year))?;
    let first = Date::new(year, 1, 1).ok()?;
    Some(NamedDate { during: vec![range(first, first.last_of_year())?], words: vec![at] })
}

fn of_year(year: i16, month: i8, day: Option<i8>) -> Option<Range<Timestamp>> {
    let first = Date::new(year, month, day.unwrap_or(1)).ok()?;
    range(first, if day.is_some() { first } else { first.last_of_month() })
}

fn range(first: Date, last: Date) -> Option<Range<Timestamp>> {
    let moment = |date: Date| {
        Some(Timestamp(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
    };
    Some(moment(first)?..moment(last.tomorrow().ok()?)?)
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
    bare(word).parse().ok().filter(|year| (1970..=2200).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::when::format_date;

    #[track_caller]
    fn check(question: &str, expected: &str) {
        let words: Vec<&str> = question.split_whitespace().collect();
        let found = named_date(&words, &(2022..=2023)).unwrap_or_default();
        let days: Vec<String> = found
            .during
            .iter()
            .map(|during| {
                let last = Timestamp(during.end.millis() - 1);
                format!("{}..{}", format_date(during.start), format_date(last))
            })
            .collect();
        assert_eq!(days.join(" "), expected, "{question}");
    }

    #[test]
    fn days_months_and_years() {
        let day = "2023-05-07..2023-05-07";
        check("What happened on 7 May 2023?", day);
        check("What happened on May 7, 2023?", day);
        check("on the 7th of May, 2023", day);
        check("the 7th of may of 2023", day);
        check("since (2023-05-07)?", day);
        check("plans for May 2023", "2023-05-01..2023-05-31");
        check("in Feb 2024", "2024-02-01..2024-02-29");
        check("what changed in 2022?", "2022-01-01..2022-12-31");
    }

    #[test]
    fn a_date_without_a_year_is_that_of_every_year() {
        check("What happened in July?", "2023-07-01..2023-07-31 2022-07-01..2022-07-31");
        check("on 3 june", "2023-06-03..2023-06-03 2022-06-03..2022-06-03");
        check("on 29 February", "");
    }

    #[test]
    fn words_that_only_look_like_dates_are_left_alone() {
        for question in
            ["may I march on", "31 February 2031", "port 2024", "version 9", "", "in 1999"]
        {
            check(question, "");
        }
    }
}
