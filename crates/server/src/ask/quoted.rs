//! Paths in asks: as they are, or quoted as Git quotes them where they are not UTF-8 (`"caf\351.py"`), so that every path can be asked
//! about, whichever way an ask travels.
//!
//! **Invariant:** what [`path_text`] and [`word_text`] write is read back as it was, byte by byte.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The escapes of one letter, and what they stand for.
const LETTERS: [(u8, u8); 9] = [
    (b'a', 7),
    (b'b', 8),
    (b't', b'\t'),
    (b'n', b'\n'),
    (b'v', 11),
    (b'f', 12),
    (b'r', b'\r'),
    (b'"', b'"'),
    (b'\\', b'\\'),
];

/// A path as asks name it.
pub fn path_text(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) if unquoted(text).is_none() => text.to_owned(),
        _ => quote(bytes),
    }
}

/// A text as one of a list that is joined by commas.
pub fn word_text(text: &str) -> String {
    if text.contains(',') || text.trim() != text || unquoted(text).is_some() {
        quote(text.as_bytes())
    } else {
        text.to_owned()
    }
}

/// The path that an ask names.
pub(super) fn path_of(text: &str) -> PathBuf {
    unquoted(text).map_or_else(|| PathBuf::from(text), |bytes| os_string(bytes).into())
}

/// The text that a word of a list stands for.
pub(super) fn word_of(text: &str) -> Cow<'_, str> {
    match unquoted(text).map(String::from_utf8) {
        Some(Ok(word)) => Cow::Owned(word),
        _ => Cow::Borrowed(text),
    }
}

fn quote(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("\"");
    for &byte in bytes {
        if byte.is_ascii_graphic() && !b"\",\\".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "\\{byte:03o}").expect("a string takes all that is written");
        }
    }
    text.push('"');
    text
}

/// What a quoted text stands for; `None` for one that is not. One without an escape is not: it may be a name in quotation marks.
fn unquoted(text: &str) -> Option<Vec<u8>> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let (mut bytes, mut is_escaped) = (Vec::with_capacity(rest.len()), false);
    while let Some((&first, behind)) = rest.split_first() {
        let (byte, behind) = match first {
            b'"' => return None,
            b'\\' => {
                is_escaped = true;
                escape(behind)?
            }
            _ => (first, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    is_escaped.then_some(bytes)
}

/// What stands behind a backslash, and the rest.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (letter, behind) = text.split_first()?;
    if let Some((_, byte)) = LETTERS.iter().find(|(known, _)| known == letter) {
        return Some((*byte, behind));
    }
    let digits = std::str::from_utf8(text.get(..3)?).ok()?;
    let is_octal = digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let byte = is_octal.then(|| u8::from_str_radix(digits, 8).ok()).flatten()?;
    Some((byte, &text[3..]))
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_has_to_be_is_quoted() {
        for (path, text) in [
            (&b"src/a b.rs"[..], "src/a b.rs"),
            ("caf\u{e9}.py".as_bytes(), "caf\u{e9}.py"),
            (b"caf\xE9.py", "\"caf\\351.py\""),
            (b"\"a title\"", "\"a title\""),
            (b"\"a\\tb\"", "\"\\042a\\134tb\\042\""),
            (b"", ""),
        ] {
            assert_eq!(path_text(Path::new(OsStr::from_bytes(path))), text);
        }
        assert_eq!(word_text("HEAD:a,b.rs"), "\"HEAD:a\\054b.rs\"");
        assert_eq!(word_text("HEAD:a.rs"), "HEAD:a.rs");
    }

    #[test]
    fn what_git_quotes_is_read() {
        for (text, path) in [
            (r#""caf\303\251.txt""#, "caf\u{e9}.txt"),
            (r#""a\tb\"c\\d""#, "a\tb\"c\\d"),
            (r#""not closed\351"#, r#""not closed\351"#),
            (r#""no such \x""#, r#""no such \x""#),
            (r#""\777""#, r#""\777""#),
            (r#""in\351"the middle""#, r#""in\351"the middle""#),
            ("\"", "\""),
        ] {
            assert_eq!(path_of(text), Path::new(path), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_path_comes_back(bytes: Vec<u8>) {
            let path = Path::new(OsStr::from_bytes(&bytes));
            prop_assert_eq!(path_of(&path_text(path)), path);
        }

        #[test]
        fn every_word_comes_back_from_a_list(words in prop::collection::vec("[\"\\\\, a-c0-7\u{e9}]{1,8}", 1..4)) {
            let list: Vec<String> = words.iter().map(|word| word_text(word)).collect();
            let list = list.join(",");
            let back: Vec<Cow<'_, str>> = list.split(',').map(str::trim).map(word_of).collect();
            prop_assert_eq!(back, words);
        }
    }
}
