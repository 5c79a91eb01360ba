//! The beginning of a message's first line: date, clock, and how the phone's language writes them.

use super::words::{self, Half};

/// Characters that may stand between a date and a clock, or between a clock and what ends the header.
const WORDS_CHARS_MAX: usize = 24;

/// Letters of the words that connect a date and a clock: `à`, `klo`, `a las`.
const CONNECTING_LETTERS_MAX: usize = 6;

/// What surrounds the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Frame {
    /// `[date, time] text`: iOS.
    Brackets,
    /// `date, time - text`: Android.
    Dash,
    /// `date time: text`: iOS of old.
    Colon,
}

/// How a file writes its headers. All lines of one export are written alike, so that a header of another shape is part
/// of a text that somebody pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    frame: Frame,
    pub(super) separator: char,
    /// The place of a year of four digits.
    pub(super) year: Option<usize>,
    seconds: bool,
    /// Whether the half of the day is told, and whether before the clock.
    half: Option<bool>,
}

/// A message's date and clock, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) shape: Shape,
    pub(super) date: [i16; 3],
    /// Hour of 24, minute, second.
    pub(super) clock: [i8; 3],
    /// What follows on the line.
    pub(super) rest: &'a str,
}

impl<'a> Header<'a> {
    /// Reads the header that `line` begins with, if it does.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let mut at = Cursor(line);
        at.marks();
        let brackets = at.eat('[').is_some();
        let mut date = [0; 3];
        let (mut year, mut longest) = (None, 0);
        let mut separators = ['\0'; 2];
        for place in 0..3 {
            at.blanks();
            let (number, digits) = at.number(4)?;
            date[place] = number;
            if place != 1 {
                longest = longest.max(digits);
            }
            match digits {
                1 | 2 => {}
                4 if place != 1 && year.is_none() => year = Some(place),
                _ => return None,
            }
            if place < 2 {
                at.blanks();
                separators[place] = at.eat_any(&['/', '.', '-', '年', '月', '년', '월'])?;
            }
        }
        // No language writes a year with one digit.
        if longest < 2 {
            return None;
        }
        match separators {
            ['年', '月'] | ['년', '월'] => {}
            [first, second] if first == second => {}
            _ => return None,
        }
        let between = at.words()?;
        let half_before = words::half(between);
        if half_before.is_none() && !connects(between) {
            return None;
        }
        let hour = at.number(2)?.0;
        at.blanks();
        let separator = at.eat_any(&[':', '.', 'h', '：'])?;
        at.blanks();
        let (minute, 2) = at.number(2)? else { return None };
        let before_second = at;
        let second = at.eat(separator).and_then(|()| at.number(2));
        let second = if let Some((second, 2)) = second {
            Some(second)
        } else {
            at = before_second;
            None
        };
        let (frame, after) = at.end(brackets)?;
        let half_after = words::half(after);
        if half_after.is_none() && !words::is_clock_word(after) {
            return None;
        }
        let half = match (half_before, half_after) {
            (Some(_), Some(_)) => return None,
            (before, after) => before.or(after),
        };
        let second_or_zero = second.unwrap_or(0);
        if hour > 24 || minute > 59 || second_or_zero > 60 {
            return None;
        }
        let shape = Shape {
            frame,
            separator: separators[0],
            year,
            seconds: second.is_some(),
            half: half.map(|_| half_before.is_some()),
        };
        let small = |number: i16| i8::try_from(number).ok();
        let clock =
            [small(hour_of_24(hour, half))?, small(minute)?, small(second_or_zero.min(59))?];
        Some(Self { shape, date, clock, rest: at.0 })
    }
}

fn hour_of_24(hour: i16, half: Option<Half>) -> i16 {
    match half {
        Some(Half::Morning) if hour == 12 => 0,
        Some(Half::Evening) if hour < 12 => hour + 12,
        Some(Half::Noon) if hour < 11 => hour + 12,
        _ if hour == 24 => 0,
        _ => hour,
    }
}

/// Whether text between a date and a clock is what some language puts there: a comma, blanks, a short word.
fn connects(between: &str) -> bool {
    let begins = between.starts_with(|c: char| c.is_whitespace() || ",،.、日일".contains(c));
    let words = between.chars().all(|c| {
        c.is_alphabetic() || c.is_whitespace() || ",،.、'’".contains(c) || words::is_mark(c)
    });
    let letters = between.chars().filter(|c| c.is_alphabetic()).count();
    begins && words && letters <= CONNECTING_LETTERS_MAX
}

#[derive(Clone, Copy)]
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn eat(&mut self, wanted: char) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    fn eat_any(&mut self, wanted: &[char]) -> Option<char> {
        let found = self.0.chars().next().filter(|found| wanted.contains(found))?;
        self.0 = &self.0[found.len_utf8()..];
        Some(found)
    }

    /// Passes over marks of direction.
    fn marks(&mut self) {
        self.0 = self.0.trim_start_matches(words::is_mark);
    }

    fn blanks(&mut self) {
        self.0 = self.0.trim_start_matches(|c: char| words::is_mark(c) || is_blank(c));
    }

    /// A number of at most that many digits of one script, and how many there were.
    fn number(&mut self, digits_max: usize) -> Option<(i16, usize)> {
        let (mut number, mut digits) = (0_i16, 0);
        let mut rest = self.0.chars();
        while let Some(digit) = rest.clone().next().and_then(words::digit) {
            if digits == digits_max {
                return None;
            }
            number = number * 10 + digit;
            digits += 1;
            rest.next();
        }
        self.0 = rest.as_str();
        (digits > 0).then_some((number, digits))
    }

    /// The text before the next digit.
    fn words(&mut self) -> Option<&'a str> {
        let (end, _) = self
            .0
            .char_indices()
            .take(WORDS_CHARS_MAX)
            .find(|(_, c)| words::digit(*c).is_some())?;
        let (words, rest) = self.0.split_at(end);
        self.0 = rest;
        (!words.is_empty()).then_some(words)
    }

    /// The text before the header's end, which is passed over.
    fn end(&mut self, brackets: bool) -> Option<(Frame, &'a str)> {
        let mut blank_before = false;
        for (place, c) in self.0.char_indices().take(WORDS_CHARS_MAX) {
            let after = &self.0[place + c.len_utf8()..];
            let ends = after.is_empty() || after.starts_with(is_blank);
            let frame = match c {
                ']' if brackets => Some(Frame::Brackets),
                '-' | '–' | '—' if !brackets && blank_before && ends => Some(Frame::Dash),
                ':' if !brackets && ends => Some(Frame::Colon),
                _ if words::digit(c).is_some() => return None,
                _ => None,
            };
            if let Some(frame) = frame {
                let words = &self.0[..place];
                self.0 = after.strip_prefix(is_blank).unwrap_or(after);
                return Some((frame, words));
            }
            blank_before = is_blank(c);
        }
        None
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\u{a0}' || c == '\u{202f}' || c == '\u{2009}'
}

#[cfg(test)]
mod tests;
