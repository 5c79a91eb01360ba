//! One line of a log, whichever client wrote it.

use jiff::civil::Date;

use crate::messages::time;

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The log goes on on this day.
    Date(Date),
    /// The same, but the date cannot be read.
    BadDate,
    /// Another mark of the client's.
    Mark,
    /// Somebody said something, or something happened.
    Said { date: Option<Date>, secs: i64, utc: bool, said: Said },
}

/// How it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Text,
    Action,
    Notice,
    /// It happened: `join`, `topic`, ...
    Event(&'static str),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) what: What,
    pub(super) author: String,
    /// The sign before the nick: `@` for an operator, `+` for a voice.
    pub(super) mode: &'static str,
    pub(super) text: String,
}

impl Said {
    fn new(what: What, nick: &str, text: &str) -> Self {
        let nick = nick.trim();
        let modes = ["@", "+", "%", "&", "~"];
        let mode =
            modes.into_iter().find(|mode| nick.starts_with(mode) && nick.len() > 1).unwrap_or("");
        Self { what, author: nick[mode.len()..].to_owned(), mode, text: without_colours(text) }
    }

    fn event(text: &str) -> Self {
        let text = without_colours(text);
        Self { what: What::Event(event(&text)), author: String::new(), mode: "", text }
    }

    /// Whether it is of no use to a search.
    pub(super) const fn is_silent(&self) -> bool {
        match self.what {
            What::Event(event) => {
                matches!(event.as_bytes(), b"join" | b"part" | b"quit" | b"nick" | b"mode")
            }
            What::Text | What::Action | What::Notice => false,
        }
    }
}

fn event(text: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let starts = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    // The topic and reasons hold any words, so what opens the line comes first.
    if starts(&["mode/", "ServerMode/", "Mode "]) || has(&[" sets mode: "]) {
        "mode"
    } else if has(&["changed the topic", "changed topic", "changes topic", "Topic for "])
        || starts(&["Topic "])
    {
        "topic"
    } else if has(&["was kicked", "has kicked"]) {
        "kick"
    } else if starts(&["Joins: "]) || has(&["has joined", "Netsplit over, joins"]) {
        "join"
    } else if starts(&["Parts: "]) || has(&["has left"]) {
        "part"
    } else if starts(&["Quits: "]) || has(&["has quit", " quits: "]) {
        "quit"
    } else if has(&["is now known as", "are now known as"]) {
        "nick"
    } else {
        "other"
    }
}

/// The line, if a client wrote it.
pub(super) fn parse(line: &str) -> Option<Entry> {
    if let Some(mark) = line.strip_prefix("--- ") {
        return match mark.split_once(' ') {
            Some(("Log", rest)) if rest.starts_with("opened ") => Some(day(&rest[7..])),
            Some(("Log", rest)) if rest.starts_with("closed ") => Some(Entry::Mark),
            Some(("Day", rest)) if rest.starts_with("changed ") => Some(day(&rest[8..])),
            _ => None,
        };
    }
    if let Some(mark) = line.strip_prefix("Session ") {
        return match mark.split_once(": ") {
            Some(("Start" | "Time", date)) => Some(day(date)),
            Some(("Close" | "Ident", _)) => Some(Entry::Mark),
            _ => None,
        };
    }
    if line.starts_with('[') { bracketed(line) } else { weechat(line).or_else(|| irssi(line)) }
}

/// `Mon Aug 15 22:11:49 2016`: its day.
fn day(text: &str) -> Entry {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let words: Vec<_> = text.split_whitespace().collect();
    let found = words.windows(2).find_map(|pair| {
        let month = MONTHS.iter().position(|name| pair[0] == *name)?;
        Some((i8::try_from(month + 1).ok()?, pair[1].trim_end_matches(',').parse().ok()?))
    });
    let year = words.iter().filter(|word| word.len() == 4).find_map(|word| word.parse().ok());
    let named = found.zip(year).and_then(|((month, day), year)| Date::new(year, month, day).ok());
    let iso = || words.iter().find_map(|word| word.parse().ok());
    named.or_else(iso).map_or(Entry::BadDate, Entry::Date)
}

/// Seconds of the day of `12:34` or `12:34:56`, and what follows.
fn clock(text: &str) -> Option<(i64, &str)> {
    let bytes = text.as_bytes();
    let two = |at: usize| match bytes.get(at..at + 2)? {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
        _ => None,
    };
    let (hour, minute) = (two(0)?, two(3)?);
    if bytes[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    match (bytes.get(5), two(6)) {
        // A leap second is the last one of its minute.
        (Some(b':'), Some(second)) if second <= 60 => {
            Some((hour * 3600 + minute * 60 + second.min(59), text.get(8..)?))
        }
        _ => Some((hour * 3600 + minute * 60, text.get(5..)?)),
    }
}

/// irssi: `12:34 <@nick> text`, `12:34  * nick acts`, `12:34 -!- nick [u@h] has joined #c`.
fn irssi(line: &str) -> Option<Entry> {
    let (secs, rest) = clock(line)?;
    let rest = rest.strip_prefix(' ')?;
    let said =
        if let Some(text) = rest.strip_prefix("-!- ") { Said::event(text) } else { said(rest)? };
    Some(Entry::Said { date: None, secs, utc: false, said })
}

/// energymech: `[12:34:56] <nick> text`, `[12:34:56] * nick acts`, `[12:34:56] *** Joins: nick (u@h)`; a date may
/// stand before the time.
fn bracketed(line: &str) -> Option<Entry> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once(']')?;
    let (date, stamp) = match stamp.split_once([' ', 'T']) {
        Some((date, stamp)) => (Some(date.parse().ok()?), stamp),
        None => (None, stamp),
    };
    let (secs, "") = clock(stamp)? else { return None };
    let rest = rest.strip_prefix(' ')?;
    let said =
        if let Some(text) = rest.strip_prefix("*** ") { Said::event(text) } else { said(rest)? };
    Some(Entry::Said { date, secs, utc: false, said })
}

/// What stands after the time: `<nick> text`, `* nick acts`, `-nick- notice`.
fn said(rest: &str) -> Option<Said> {
    if let Some(rest) = rest.strip_prefix('<') {
        let (nick, text) = rest.split_once('>')?;
        let fits = !nick.trim().is_empty() && (text.is_empty() || text.starts_with(' '));
        return fits.then(|| Said::new(What::Text, nick, text.get(1..).unwrap_or_default()));
    }
    if let Some(rest) = rest.trim_start().strip_prefix("* ") {
        let (nick, text) = rest.split_once(' ').unwrap_or((rest, ""));
        return (!nick.is_empty()).then(|| Said::new(What::Action, nick, text));
    }
    let (nick, text) = rest.strip_prefix('-')?.split_once("- ")?;
    // irssi names the channel of a notice: `-nick:#channel-`.
    let nick = nick.split_once(':').map_or(nick, |(nick, _)| nick);
    (!nick.is_empty() && !nick.contains(' ')).then(|| Said::new(What::Notice, nick, text))
}

/// weechat: `2024-01-02 12:34:56<TAB>nick<TAB>text`, with `-->`, `<--`, `--` for what happened and ` *` for actions.
fn weechat(line: &str) -> Option<Entry> {
    let (stamp, rest) = line.split_once('\t')?;
    let (prefix, text) = rest.split_once('\t')?;
    stamp.as_bytes().first().filter(|first| first.is_ascii_digit())?;
    let date: Date = stamp.get(..10)?.parse().ok()?;
    // Newer versions write microseconds and, where the user wants it, UTC.
    let (_, rest) = clock(stamp.get(11..)?)?;
    let fits = rest.is_empty()
        || rest.starts_with(['.', 'Z', '+', '-'])
            && rest
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'Z' | b'+' | b'-' | b':'));
    let (date, secs, utc) = if rest.is_empty() {
        (date, clock(stamp.get(11..)?)?.0, false)
    } else {
        let at = time::parse(stamp)?;
        let secs = at.at.0.div_euclid(1000);
        let days = secs.div_euclid(86_400);
        let date = Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?);
        (date.ok()?, secs.rem_euclid(86_400), rest.ends_with('Z'))
    };
    if !fits {
        return None;
    }
    let said = match prefix.trim() {
        "-->" | "<--" | "=!=" | "" => Said::event(text),
        "--" => notice(text).unwrap_or_else(|| Said::event(text)),
        "*" => {
            let (nick, text) = text.split_once(' ').unwrap_or((text, ""));
            Said::new(What::Action, nick, text)
        }
        nick => Said::new(What::Text, nick, text),
    };
    Some(Entry::Said { date: Some(date), secs, utc, said })
}

/// weechat writes notices as `Notice(nick): text`.
fn notice(text: &str) -> Option<Said> {
    let (nick, text) = text.strip_prefix("Notice(")?.split_once("): ")?;
    Some(Said::new(What::Notice, nick, text))
}

/// Without the signs that colour words or make them bold: they are no text.
fn without_colours(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            '\u{2}' | '\u{f}' | '\u{11}' | '\u{16}' | '\u{1d}' | '\u{1e}' | '\u{1f}' => {}
            '\u{3}' => {
                let digits = |rest: &mut std::iter::Peekable<std::str::Chars<'_>>| {
                    (0..2).filter(|_| rest.next_if(char::is_ascii_digit).is_some()).count()
                };
                if digits(&mut rest) > 0 {
                    let mut ahead = rest.clone();
                    if ahead.next() == Some(',') && digits(&mut ahead) > 0 {
                        rest = ahead;
                    }
                }
            }
            _ => clean.push(sign),
        }
    }
    clean
}

#[cfg(test)]
mod tests;
