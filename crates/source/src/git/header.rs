//! A commit object's headers, read leniently: what git itself would still show is kept, what is odd is told.
//!
//! The strict parsers give up on commits that real histories hold (an author without an address, a time of twenty
//! digits). Git's own reading (`split_ident_line`, `parse_commit_date`) is the model here.

use std::borrow::Cow;

use encoding_rs::Encoding;
use gix::ObjectId;
use lichen_model::{Timestamp, Zoned};

/// The last second of the year 9999: later times are taken for damage.
const SECS_MAX: i64 = 253_402_300_799;
/// The widest offset that RFC 3339 readers accept: 25 hours, 59 minutes.
const OFFSET_MAX: i16 = 25 * 60 + 59;

/// Why an object is no commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// The first header is no `tree` with an object id.
    Tree,
    /// A `parent` header holds no object id.
    Parent,
}

impl Damage {
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Tree => "the commit names no tree; skipped",
            Self::Parent => "the commit names a parent that is no object id; skipped",
        }
    }
}

/// The part of a commit that the walk needs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Links {
    pub(crate) tree: ObjectId,
    pub(crate) parents: Vec<ObjectId>,
    /// Seconds since 1970, clamped.
    pub(crate) committed: i64,
}

/// A name, an address and a time, as recorded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) when: Zoned,
    /// What was wrong with it.
    pub(super) problem: Option<&'static str>,
}

/// A whole commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) links: Links,
    pub(super) author: Signature,
    pub(super) committer: Signature,
    pub(super) message: String,
    /// The message was not text in its encoding.
    pub(super) lossy: bool,
}

/// Reads tree, parents and commit time.
pub(super) fn links(data: &[u8]) -> Result<Links, Damage> {
    let mut lines = header_lines(data);
    let tree = lines.next().and_then(|line| oid(line, b"tree ")).ok_or(Damage::Tree)?;
    let mut parents = Vec::new();
    let mut committed = 0;
    for line in lines {
        if line.starts_with(b"parent ") {
            parents.push(oid(line, b"parent ").ok_or(Damage::Parent)?);
        } else if let Some(ident) = line.strip_prefix(b"committer ") {
            committed = time(ident).0.at.millis() / 1000;
            break;
        }
    }
    Ok(Links { tree, parents, committed })
}

/// Reads everything.
pub(super) fn header(data: &[u8]) -> Result<Header, Damage> {
    let links = links(data)?;
    let mut author = None;
    let mut committer = None;
    let mut label = None;
    for line in header_lines(data) {
        if let Some(ident) = line.strip_prefix(b"author ") {
            author.get_or_insert(ident);
        } else if let Some(ident) = line.strip_prefix(b"committer ") {
            committer.get_or_insert(ident);
        } else if let Some(name) = line.strip_prefix(b"encoding ") {
            label.get_or_insert(name);
        }
    }
    let encoding = label.and_then(Encoding::for_label);
    let (message, lossy) = text(body(data), encoding);
    let message = message.into_owned();
    Ok(Header {
        author: signature(author, encoding),
        committer: signature(committer, encoding),
        links,
        message,
        lossy,
    })
}

/// The header lines: up to the first empty one. Continuation lines (of signatures) come as they are, with their space.
fn header_lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|&byte| byte == b'\n').take_while(|line| !line.is_empty())
}

fn body(data: &[u8]) -> &[u8] {
    if data.first() == Some(&b'\n') {
        return &data[1..];
    }
    data.windows(2).position(|pair| pair == b"\n\n").map_or(&[], |at| &data[at + 2..])
}

fn oid(line: &[u8], prefix: &[u8]) -> Option<ObjectId> {
    ObjectId::from_hex(line.strip_prefix(prefix)?).ok()
}

/// The text in the encoding that the commit declares, else as UTF-8; the flag tells that something was lost.
fn text<'a>(bytes: &'a [u8], encoding: Option<&'static Encoding>) -> (Cow<'a, str>, bool) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Git's own default, and what an ASCII message of any declared encoding is too.
        let stateful = encoding.is_some_and(|encoding| !encoding.is_ascii_compatible());
        if !stateful && (encoding.is_none_or(|e| e == encoding_rs::UTF_8) || text.is_ascii()) {
            return (Cow::Borrowed(text), false);
        }
    }
    match encoding {
        Some(encoding) => {
            let (text, damaged) = encoding.decode_without_bom_handling(bytes);
            (text, damaged)
        }
        None => (String::from_utf8_lossy(bytes), true),
    }
}

fn signature(ident: Option<&[u8]>, encoding: Option<&'static Encoding>) -> Signature {
    let Some(ident) = ident else {
        return Signature { problem: Some("is missing"), ..Signature::default() };
    };
    let open = ident.iter().position(|&byte| byte == b'<');
    let (name, email) = match open {
        Some(open) => {
            let rest = &ident[open + 1..];
            let close = rest.iter().position(|&byte| byte == b'>').unwrap_or(rest.len());
            (&ident[..open], &rest[..close])
        }
        None => (ident, &[][..]),
    };
    let (when, problem) = time(ident);
    let problem = if open.is_none() { Some("has no address") } else { problem };
    Signature {
        name: text(name.trim_ascii(), encoding).0.into_owned(),
        email: text(email.trim_ascii(), encoding).0.into_owned(),
        when,
        problem,
    }
}

/// The time and zone after the last `>`.
fn time(ident: &[u8]) -> (Zoned, Option<&'static str>) {
    let tail = ident.iter().rposition(|&byte| byte == b'>').map_or(&[][..], |at| &ident[at + 1..]);
    let mut words = tail.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let Some(secs) = words.next().and_then(number) else {
        return (Zoned::default(), Some("has no time; taken as 1970"));
    };
    let mut problem = None;
    let clamped = secs.clamp(0, SECS_MAX);
    if clamped != secs {
        problem = Some("has a time out of range; clamped");
    }
    let offset = words.next().and_then(offset);
    if offset.is_none() {
        problem = problem.or(Some("has no valid time zone; taken as UTC"));
    }
    (Zoned { at: Timestamp::from_secs(clamped), offset_minutes: offset.unwrap_or(0) }, problem)
}

/// A decimal number; one too long for 64 bits saturates.
fn number(word: &[u8]) -> Option<i64> {
    let (negative, digits) = match word.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, word),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0_i64, |sum, &digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
    Some(if negative { -value } else { value })
}

/// `+hhmm` in minutes.
fn offset(word: &[u8]) -> Option<i16> {
    let (sign, digits) = match word.split_first()? {
        (b'+', digits) => (1, digits),
        (b'-', digits) => (-1, digits),
        _ => return None,
    };
    if digits.is_empty() || digits.len() > 4 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_i16, |sum, &digit| sum * 10 + i16::from(digit - b'0'));
    let (hours, minutes) = (value / 100, value % 100);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= OFFSET_MAX).then_some(sign * total)
}

#[cfg(test)]
mod tests;
