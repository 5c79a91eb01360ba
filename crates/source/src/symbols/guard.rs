//! What is looked at before a blob is parsed: whether it is text worth parsing, and whether parsing it is safe.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, UTF_16LE};
use lichen_model::{Encoding, ExtractionStatus, Span, Symbol};

use super::{Language, Limits};
use crate::documents;

/// Git's own test for a binary file: a NUL in this many bytes from the start.
const BINARY_BYTES: usize = 8_000;
/// Code whose lines are longer than this on average was written by a machine for a machine,
const LINE_BYTES_MAX: usize = 500;
/// unless there is this little of it.
const GENERATED_BYTES_MIN: usize = 2_000;
/// How a file begins that stands for one that git-lfs keeps elsewhere.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
const LFS_BYTES_MAX: usize = 1_024;

/// A blob's text, as it is parsed.
pub(super) struct Text<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) encoding: Encoding,
    /// Bytes of the mark before it.
    pub(super) mark: usize,
}

/// The text of a blob, or why it is not parsed.
pub(super) fn text<'a>(
    blob: &'a [u8],
    language: Language,
    limits: &Limits,
) -> Result<Text<'a>, ExtractionStatus> {
    if blob.len() <= LFS_BYTES_MAX && blob.starts_with(LFS_POINTER) {
        return Err(ExtractionStatus::LfsPointer);
    }
    let text = decode(blob).ok_or(ExtractionStatus::Binary)?;
    // Whatever a setting says: positions have 32 bits.
    if blob.len().max(text.bytes.len()) > limits.bytes_max.min(u32::MAX as usize / 2) {
        return Err(ExtractionStatus::TooLarge);
    }
    if language != Language::Markdown {
        if is_generated(&text.bytes) {
            return Err(ExtractionStatus::Generated);
        }
        if nesting(&text.bytes) > limits.nesting_max {
            return Err(ExtractionStatus::TooDeep);
        }
    }
    Ok(text)
}

/// The lines of a blob that is not parsed.
pub(super) fn lines(blob: &[u8], status: ExtractionStatus) -> u32 {
    match status {
        ExtractionStatus::Binary => 0,
        _ => decode(blob).map_or(0, |text| text.lines()),
    }
}

pub(super) fn decode(blob: &[u8]) -> Option<Text<'_>> {
    for (mark, encoding, coding) in
        [(b"\xFF\xFE", Encoding::Utf16Le, UTF_16LE), (b"\xFE\xFF", Encoding::Utf16Be, UTF_16BE)]
    {
        if let Some(rest) = blob.strip_prefix(mark) {
            let (text, _) = coding.decode_without_bom_handling(rest);
            let bytes = Cow::Owned(text.into_owned().into_bytes());
            return Some(Text { bytes, encoding, mark: mark.len() });
        }
    }
    if blob[..blob.len().min(BINARY_BYTES)].contains(&0) {
        return None;
    }
    let bytes = blob.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(blob);
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    let encoding = if is_utf8 { Encoding::Utf8 } else { Encoding::Other };
    let mark = blob.len() - bytes.len();
    // A NUL is the end of a file to grammars.
    let bytes = if bytes.contains(&0) {
        Cow::Owned(bytes.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect())
    } else {
        Cow::Borrowed(bytes)
    };
    Some(Text { bytes, encoding, mark })
}

impl Text<'_> {
    /// How many lines there are; the last needs no end.
    pub(super) fn lines(&self) -> u32 {
        let ends = line_ends(&self.bytes);
        let open = self.bytes.last().is_some_and(|&byte| byte != b'\n');
        u32::try_from(ends + usize::from(open)).unwrap_or(u32::MAX)
    }

    /// Makes positions in the text positions in the blob.
    pub(super) fn place_in_blob(&self, symbols: &mut [Symbol]) {
        if self.mark == 0 {
            return;
        }
        let is_utf16 = matches!(self.encoding, Encoding::Utf16Le | Encoding::Utf16Be);
        let mark = u32::try_from(self.mark).unwrap_or_default();
        let mut spans: Vec<&mut u32> = symbols
            .iter_mut()
            .flat_map(|symbol| {
                [Some(&mut symbol.span), Some(&mut symbol.definition), symbol.doc.as_mut()]
            })
            .flatten()
            .flat_map(|Span { start_byte, end_byte, .. }| [start_byte, end_byte])
            .collect();
        if !is_utf16 {
            for at in spans {
                *at += mark;
            }
            return;
        }
        // A character takes as many bytes in the one as its code units take in the other.
        spans.sort_unstable();
        let text = String::from_utf8_lossy(&self.bytes);
        let mut chars = text.char_indices();
        let (mut units, mut reached) = (0_u32, 0);
        for at in spans {
            while reached < *at as usize
                && let Some((start, char)) = chars.next()
            {
                reached = start + char.len_utf8();
                units += u32::try_from(char.len_utf16()).unwrap_or_default();
            }
            *at = mark + 2 * units;
        }
    }
}

fn is_generated(bytes: &[u8]) -> bool {
    if bytes.len() < GENERATED_BYTES_MIN {
        return false;
    }
    let lines = 1 + line_ends(bytes);
    bytes.len() / lines > LINE_BYTES_MAX
        || documents::is_generated(&String::from_utf8_lossy(&bytes[..GENERATED_BYTES_MIN]))
}

/// How many lines end in a text.
pub(super) fn line_ends(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// By how much each byte changes the number of open brackets.
const STEPS: [i8; 256] = {
    let mut steps = [0; 256];
    steps[b'(' as usize] = 1;
    steps[b'[' as usize] = 1;
    steps[b'{' as usize] = 1;
    steps[b')' as usize] = -1;
    steps[b']' as usize] = -1;
    steps[b'}' as usize] = -1;
    steps
};

/// How many brackets are open at once, at most; one that closes nothing counts for nothing.
fn nesting(bytes: &[u8]) -> usize {
    let (mut open, mut most) = (0_i64, 0);
    for &byte in bytes {
        open = (open + i64::from(STEPS[usize::from(byte)])).max(0);
        most = most.max(open);
    }
    usize::try_from(most).expect("it is 0 at least")
}

#[cfg(test)]
mod tests;
