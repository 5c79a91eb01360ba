//! Paths, with the lines that are named behind them.
//!
//! The forms of what follows a path are those that editors' terminals know: `a.rs:12`, `a.rs:12:5`, `a.rs:12-20`,
//! `a.rs#L12-L20`, `a.rs(12,5)`, `a.rs, line 12`, `"a.rs" line 12`, `lines 12-20 of a.rs`.

use std::ops::Range;
use std::sync::LazyLock;

use lichen_model::{Detector, Lines, Named};
use regex::Regex;

use super::{Found, before, is_word, lines};

/// Characters that end a path.
const ENDS: &[char] = &[
    ' ', '\t', '\u{a0}', '<', '>', '?', '|', '!', '`', '&', '*', '(', ')', '\'', '"', ':', ';',
    ',', '[', ']', '{', '}', '=', '#', '^', '~', '%', '…', '“', '”', '‘', '’', '→', '│',
];
/// The longest path that is taken for one.
const PATH_BYTES_MAX: usize = 512;

/// Lines behind a path.
static BEHIND: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"^:(?P<first>\d+)(?:[:.](?P<column>\d+))?(?:-(?P<last>\d+)(?:[:.]\d+)?)?",
        r"^#L(?P<first>\d+)(?:C\d+)?(?:-L?(?P<last>\d+)(?:C\d+)?)?",
        r"^[(\[](?P<first>\d+)(?:[,:] ?(?P<column>\d+))?[)\]]",
        r#"^['"`]?(?:,| on|:|, on|, at| at)? lines? (?P<first>\d+)(?: ?(?:-|–|to) ?(?P<last>\d+))?"#,
    ]
    .map(|pattern| Regex::new(pattern).expect("the pattern is right"))
    .into()
});

/// Lines before a path.
static AHEAD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)\blines? (?P<first>\d+)(?: ?(?:-|–|to) ?(?P<last>\d+))? (?:of|in) ['"`]?$"#)
        .expect("the pattern is right")
});

pub(super) fn detect(text: &str, found: &mut Found) {
    for (start, line) in lines(text) {
        let mut at = 0;
        while let Some(word) = next_word(line, at) {
            at = word.end;
            let Some(path) = path_in(line, word) else { continue };
            let span = start + path.start..start + path.end;
            if found.is_taken(&span) {
                continue;
            }
            let named = |lines, column| Named::Place {
                path: line[path.clone()].to_owned(),
                lines,
                column,
                function: None,
            };
            if let Some((lines, column, end)) = behind(line, path.end) {
                let span = start + path.start..start + end;
                if found.add(span, Detector::PathLine, named(Some(lines), column)) {
                    at = at.max(end);
                    continue;
                }
            }
            match ahead(line, path.start) {
                Some((lines, from)) if !found.is_taken(&(start + from..start + path.end)) => {
                    let span = start + from..start + path.end;
                    found.add(span, Detector::PathLine, named(Some(lines), None));
                }
                _ => {
                    found.add(span, Detector::Path, named(None, None));
                }
            }
        }
    }
}

/// The next run of characters that a path may have, from `at` on.
fn next_word(line: &str, at: usize) -> Option<Range<usize>> {
    let start = at + line.get(at..)?.find(|char| !ENDS.contains(&char))?;
    let len = line[start..].find(ENDS).unwrap_or(line.len() - start);
    // A drive's letter with its colon is part of a path.
    let bytes = &line.as_bytes()[start..];
    let drive = len == 1
        && bytes[0].is_ascii_alphabetic()
        && matches!(bytes.get(1..3), Some(b":\\" | b":/"));
    if drive {
        let rest = start + 2;
        let len = line[rest..].find(ENDS).unwrap_or(line.len() - rest);
        return Some(start..rest + len);
    }
    Some(start..start + len)
}

/// The path that a word is, without the marks of a sentence around it.
fn path_in(line: &str, word: Range<usize>) -> Option<Range<usize>> {
    let text = &line[word.clone()];
    let trimmed = text.trim_end_matches(['.', '-', '/', '\\', '+']);
    let start = word.start + (trimmed.len() - trimmed.trim_start_matches(['-', '+', '@']).len());
    let end = word.start + trimmed.len();
    let path = line.get(start..end)?;
    let fits = path.len() <= PATH_BYTES_MAX && is_path(path, text.ends_with('/'));
    // `app.route(x)` is a call; `main.rs(3)` is a line.
    let called = line[end..]
        .strip_prefix('(')
        .is_some_and(|rest| !rest.starts_with(|char: char| char.is_ascii_digit()));
    // `user@host`, or a word that only begins behind another.
    let alone = before(line, start).is_none_or(|char| !is_word(char) && char != '@');
    // `owner/repository#34` is an issue; `file.rs#L4` is not.
    let numbered = line[end..]
        .strip_prefix('#')
        .is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()));
    (fits && alone && !called && !numbered).then_some(start..end)
}

/// Whether a word looks like a path: names between slashes, or a name with an ending.
fn is_path(word: &str, is_folder: bool) -> bool {
    let letters = word.chars().filter(|char| char.is_alphabetic()).count();
    if letters == 0 || word.contains("//") || word.contains("::") {
        return false;
    }
    let mut names = word.split(['/', '\\']);
    let last = names.next_back().unwrap_or_default();
    let has_folder =
        names.any(|name| name.chars().any(char::is_alphanumeric)) || word.starts_with("./");
    if has_folder {
        // `and/or`, `I/O`, `1/2`: two plain words are no path, unless one of them has an ending or more stand around.
        let plain = |name: &str| !name.contains(['.', '_', '-']);
        let parts = word.split(['/', '\\']).filter(|name| !name.is_empty()).count();
        let sure = is_folder || parts > 2 || !plain(last) || word.starts_with(['.', '/']);
        // Whether `tests/data` is a folder is told when it is looked up.
        return sure
            || parts == 2 && word.chars().all(|char| char.is_ascii_lowercase() || char == '/');
    }
    !word.contains('@') && has_ending(last)
}

/// Whether a name ends as files of code, text and settings do: a stem, a dot, and a few letters.
fn has_ending(name: &str) -> bool {
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let letters = ending.chars().all(|char| char.is_ascii_alphanumeric());
    let named = stem.chars().any(char::is_alphanumeric) || stem.is_empty() && ending.len() > 3;
    // `1.5`, `v2.0`, `e.g`, `Parser.next`.
    let begins = ending.starts_with(|char: char| {
        char.is_ascii_lowercase() || char == 'R' || char == 'C' || char == 'H'
    });
    // `libcurl.3`: a page of a manual.
    let is_page = matches!(ending.as_bytes(), [b'1'..=b'8'])
        && stem.chars().filter(char::is_ascii_lowercase).count() > 2
        && !stem.contains(|char: char| char.is_ascii_digit() || char == '.');
    // `IOUtils.writeLines`: no file ends so.
    let humps = ending.chars().skip(1).any(char::is_uppercase);
    letters
        && named
        && (begins && !humps || is_page)
        && (1..=10).contains(&ending.len())
        && stem.len() + ending.len() > 2
        && !(stem.len() == 1 && ending.len() == 1 && !"chmrdvs".contains(ending))
}

/// The lines named behind a path that ends at `at`, and where they end.
fn behind(line: &str, at: usize) -> Option<(Lines, Option<u32>, usize)> {
    let rest = &line[at..];
    // A quotation mark may stand between.
    let (rest, skipped) = match rest.chars().next() {
        Some('`' | '\'' | '"') if rest[1..].starts_with([':', '#', '(']) => (&rest[1..], 1),
        _ => (rest, 0),
    };
    BEHIND.iter().find_map(|pattern| {
        let found = pattern.captures(rest)?;
        let end = found.get(0)?.end();
        if rest[end..].starts_with(is_word) {
            return None;
        }
        let number =
            |name: &str| found.name(name).and_then(|text| text.as_str().parse::<u32>().ok());
        let first = number("first").filter(|line| *line > 0)?;
        let last = number("last").unwrap_or(first).max(first);
        Some((Lines { first, last }, number("column"), at + skipped + end))
    })
}

/// The lines named before a path that begins at `at`, and where that begins.
fn ahead(line: &str, at: usize) -> Option<(Lines, usize)> {
    let found = AHEAD.captures(&line[..at])?;
    let number = |name: &str| found.name(name).and_then(|text| text.as_str().parse::<u32>().ok());
    let first = number("first").filter(|line| *line > 0)?;
    let last = number("last").unwrap_or(first).max(first);
    Some((Lines { first, last }, found.get(0)?.start()))
}
