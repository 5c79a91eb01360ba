//! Bytes as text: UTF-8, UTF-16 where a mark says so, else what loses least.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Git's own test for a binary file: a NUL in this many bytes from the start.
const BINARY_BYTES: usize = 8_000;

/// The text of a file, and what was wrong with it; `None` for a binary one.
pub(super) fn decode(bytes: &[u8]) -> Option<(Cow<'_, str>, Option<&'static str>)> {
    if let Some((encoding, mark)) =
        Encoding::for_bom(bytes).filter(|(encoding, _)| *encoding != UTF_8)
    {
        let (text, damaged) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return Some((
            text,
            damaged.then_some("is not valid UTF-16; unreadable parts were replaced"),
        ));
    }
    if bytes[..bytes.len().min(BINARY_BYTES)].contains(&0) {
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some((Cow::Borrowed(text), None));
    }
    // Mostly UTF-8 with a few broken characters, or an old 8-bit file in which hardly anything is UTF-8?
    let (mut valid, mut broken) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    if valid > broken {
        let text = String::from_utf8_lossy(bytes);
        return Some((text, Some("is not valid UTF-8; unreadable bytes were replaced")));
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    Some((text, Some("is not UTF-8; read as Windows-1252 (Latin-1)")))
}
