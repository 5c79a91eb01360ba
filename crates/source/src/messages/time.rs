//! Points in time as chat tools write them.

use jiff::fmt::temporal::{DateTimeParser, PiecesOffset};
use lichen_model::{Timestamp, Zoned};

/// Seconds up to this, milliseconds up to a thousand times it, then micro- and nanoseconds: the year 5138 in seconds,
/// and March 1973 in milliseconds.
const SECS_MAX: f64 = 1e11;
const PARSER: DateTimeParser = DateTimeParser::new();

/// Reads RFC 3339 with its zone (a time without one is UTC), a date, or a number of seconds, milliseconds,
/// microseconds or nanoseconds since 1970, told apart by their size.
pub(super) fn parse(text: &str) -> Option<Zoned> {
    let text = text.trim();
    number(text).or_else(|| date_time(text))
}

/// A number since 1970; whole ones keep every digit.
pub(super) fn number(text: &str) -> Option<Zoned> {
    let first = text.strip_prefix('-').unwrap_or(text).bytes().next()?;
    if !first.is_ascii_digit()
        || text
            .bytes()
            .skip(1)
            .any(|byte| !matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let size = value.abs();
    let millis = if size < SECS_MAX {
        exact(text, 3)?
    } else if size < SECS_MAX * 1e3 {
        exact(text, 0)?
    } else if size < SECS_MAX * 1e6 {
        exact(text, -3)?
    } else {
        exact(text, -6)?
    };
    Some(Zoned { at: Timestamp(millis), offset_minutes: 0 })
}

/// The decimal number times ten to the `shift`, rounded down, without going through binary fractions.
fn exact(text: &str, shift: i32) -> Option<i64> {
    if text.contains(['e', 'E']) {
        let value: f64 = text.parse().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float cast saturates, and far times are clamped anyway"
        )]
        return Some((value * 10_f64.powi(shift)).floor() as i64);
    }
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: i128 = whole.parse().ok()?;
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanos = whole.checked_mul(1_000_000_000)?.checked_add(fraction.parse().ok()?)? * sign;
    i64::try_from(nanos.div_euclid(10_i128.pow(u32::try_from(9 - shift).ok()?))).ok()
}

/// A point in time as RFC 3339 writes it, in its zone.
pub(super) fn rfc3339_of(at: Zoned) -> String {
    let offset = jiff::tz::Offset::from_seconds(i32::from(at.offset_minutes) * 60);
    match (jiff::Timestamp::from_millisecond(at.at.0), offset) {
        (Ok(at), Ok(offset)) if offset.is_zero() => at.to_string(),
        (Ok(at), Ok(offset)) => at.display_with_offset(offset).to_string(),
        _ => String::new(),
    }
}

fn date_time(text: &str) -> Option<Zoned> {
    if let Some(zoned) = rfc3339(text.as_bytes()) {
        return Some(zoned);
    }
    let pieces = PARSER.parse_pieces(text).ok()?;
    let offset = pieces.offset().map_or(0, |offset| match offset {
        PiecesOffset::Numeric(offset) => offset.offset().seconds(),
        _ => 0,
    });
    let local = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let at = jiff::tz::Offset::from_seconds(offset).ok()?.to_timestamp(local).ok()?;
    let offset_minutes = i16::try_from(offset / 60).ok()?;
    Some(Zoned { at: Timestamp(at.as_millisecond()), offset_minutes })
}

/// The common form, `2023-11-14T22:13:20.123+01:00`, without the parser's detours.
fn rfc3339(text: &[u8]) -> Option<Zoned> {
    let two = |at: usize| match text.get(at..at + 2)? {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
        _ => None,
    };
    let is = |at: usize, byte: u8| (*text.get(at)? == byte).then_some(());
    let year = two(0)? * 100 + two(2)?;
    let (month, day, hour, minute, second) = (two(5)?, two(8)?, two(11)?, two(14)?, two(17)?);
    is(4, b'-')?;
    is(7, b'-')?;
    matches!(text.get(10)?, b'T' | b't' | b' ').then_some(())?;
    is(13, b':')?;
    is(16, b':')?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut at = 19;
    let mut millis = 0;
    if text.get(at) == Some(&b'.') {
        at += 1;
        let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        millis = (0..3).fold(0, |sum, place| {
            let digit = if place < digits { i64::from(text[at + place] - b'0') } else { 0 };
            sum * 10 + digit
        });
        at += digits;
    }
    let offset_minutes = match text.get(at)? {
        b'Z' | b'z' if text.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if text.len() == at + 6 => {
            is(at + 3, b':')?;
            let (hours, minutes) = (two(at + 1)?, two(at + 4)?);
            let minutes = (hours <= 23 && minutes <= 59).then_some(hours * 60 + minutes)?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        - offset_minutes * 60;
    Some(Zoned {
        at: Timestamp(seconds * 1000 + millis),
        offset_minutes: i16::try_from(offset_minutes).ok()?,
    })
}

/// Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests;
