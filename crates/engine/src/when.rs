//! Points in time as people write them.

use jiff::Span;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use lichen_model::{Timestamp, Zoned};

use crate::Error;

/// Reads a date (`2026-03-01`, its first moment), a date and time (UTC unless it tells an offset), or an age
/// before `now` (`90s`, `15m`, `12h`, `7d`, `3w`).
///
/// # Errors
/// [`Error::When`] for anything else.
pub fn parse_when(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let trimmed = text.trim();
    age(trimmed)
        .and_then(|millis| now.millis().checked_sub(millis))
        .or_else(|| instant(trimmed))
        .map(Timestamp)
        .ok_or_else(|| Error::When { text: text.to_owned() })
}

/// The first moment after the day, month or year that `text` names, where it names one; else the moment itself.
/// So `--until 2026-03-01` includes that day.
///
/// # Errors
/// [`Error::When`] as for [`parse_when`].
pub fn parse_until(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let at = parse_when(text, now)?;
    match text.trim().parse::<Date>() {
        Ok(date) if text.trim().len() == 10 => {
            let next = date.checked_add(Span::new().days(1)).ok().and_then(start_of);
            next.map(Timestamp).ok_or_else(|| Error::When { text: text.to_owned() })
        }
        _ => Ok(at),
    }
}

/// `Timestamp` as `2026-03-01`, in UTC.
pub fn format_date(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| "?".to_owned(), |at| at.to_zoned(TimeZone::UTC).date().to_string())
}

/// `Timestamp` as `2026-03-01T10:00:00Z`, in UTC, to the second unless it has milliseconds.
pub fn format_instant(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or_else(|_| "?".to_owned(), |at| at.to_string())
}

/// The year of a point in time, in UTC; the last that can be told where it lies beyond.
pub(crate) fn year(at: Timestamp) -> i16 {
    jiff::Timestamp::from_millisecond(at.millis())
        .map_or(i16::MAX, |at| at.to_zoned(TimeZone::UTC).year())
}

/// `Zoned` as `2026-03-01T10:00:00+01:00`.
pub(crate) fn format_zoned(at: Zoned) -> String {
    let offset = Offset::from_seconds(i32::from(at.offset_minutes) * 60).unwrap_or(Offset::UTC);
    jiff::Timestamp::from_millisecond(at.at.millis())
        .map_or_else(|_| "?".to_owned(), |time| time.display_with_offset(offset).to_string())
}

fn start_of(date: Date) -> Option<i64> {
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

fn instant(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    if text.len() == 10
        && let Ok(date) = text.parse::<Date>()
    {
        return start_of(date);
    }
    let time: DateTime = text.trim_end_matches(['Z', 'z']).parse().ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// Milliseconds of an age.
fn age(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let count: i64 =
        text[..text.len() - unit.len_utf8()].parse().ok().filter(|&count| count >= 0)?;
    let millis: i64 = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 7 * 86_400_000,
        _ => return None,
    };
    count.checked_mul(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_225_600_000); // 2026-01-01T00:00:00Z

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = parse_when(text, NOW).map_or_else(|error| error.to_string(), format_instant);
        assert!(found.starts_with(expected), "{text}: {found}");
    }

    #[test]
    fn times_as_people_write_them() {
        check("2025-12-31", "2025-12-31T00:00:00Z");
        check(" 2025-12-31T10:30Z ", "2025-12-31T10:30:00Z");
        check("2025-12-31T10:30:05", "2025-12-31T10:30:05Z");
        check("2025-12-31 10:30", "2025-12-31T10:30:00Z");
        check("2025-12-31T10:30:00+02:00", "2025-12-31T08:30:00Z");
        check("7d", "2025-12-25T00:00:00Z");
        check("90s", "2025-12-31T23:58:30Z");
        check("2w", "2025-12-18T00:00:00Z");
    }

    #[test]
    fn other_texts_are_refused_with_examples() {
        for text in [
            "",
            "d",
            "-3d",
            "yesterday",
            "2025-13-01",
            "99999999999999999999d",
            "9223372036854775807w",
            "1é",
        ] {
            check(text, &format!("`{text}` is not a time"));
        }
    }

    #[test]
    fn until_a_day_includes_it() {
        assert_eq!(format_instant(parse_until("2025-12-31", NOW).unwrap()), "2026-01-01T00:00:00Z");
        assert_eq!(
            format_instant(parse_until("2025-12-31T10:00Z", NOW).unwrap()),
            "2025-12-31T10:00:00Z"
        );
    }
}
