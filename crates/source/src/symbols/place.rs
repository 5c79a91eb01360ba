//! Places in a blob: what stands around a line, or around a column of it.

use lichen_model::{Encoding, Extraction, Symbol};

use super::guard;

/// The symbols around a line (from 1), outermost first, by their places among the symbols; with the byte of a column
/// ([`byte_at`]) those around that.
///
/// The innermost of a line that several symbols share is the smallest, and of those on the same lines the one whose name is on it.
pub fn around(extraction: &Extraction, line: u32, byte: Option<u32>) -> Vec<u32> {
    let holds = |symbol: &Symbol| {
        let span = symbol.span;
        let on_line = (span.start_line..=span.end_line).contains(&line);
        on_line && byte.is_none_or(|byte| (span.start_byte..span.end_byte).contains(&byte))
    };
    let around = (0_u32..).zip(&extraction.symbols).filter(|(_, symbol)| holds(symbol));
    let innermost = around.min_by_key(|(ord, symbol)| {
        let span = symbol.span;
        // With a byte, what is shorter is further in; a line alone is shared by whatever begins or ends on it.
        let bytes = byte.map_or(0, |_| span.end_byte - span.start_byte);
        (bytes, span.lines(), symbol.name_line != line, std::cmp::Reverse(*ord))
    });
    let mut chain = Vec::new();
    let mut at = innermost.map(|(ord, _)| ord);
    while let Some(ord) = at {
        chain.push(ord);
        at = extraction.symbols[ord as usize].parent;
    }
    chain.reverse();
    chain
}

/// The byte of a blob at a column of a line, both from 1, the column in characters; `None` beyond the last line. A column beyond
/// the end of its line is the end.
pub fn byte_at(blob: &[u8], line: u32, column: u32) -> Option<u32> {
    let text = guard::decode(blob)?;
    let bytes: &[u8] = &text.bytes;
    let mut start = 0;
    for _ in 1..line.max(1) {
        start += 1 + memchr::memchr(b'\n', &bytes[start..])?;
    }
    if start >= bytes.len() {
        return None;
    }
    let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
    let own = String::from_utf8_lossy(&bytes[start..end]);
    let own = own.trim_end_matches('\r');
    // What is no UTF-8 is one character a byte, near enough: the replacement has three.
    let wanted = column.max(1) as usize - 1;
    let before = match text.encoding {
        Encoding::Other => wanted.min(end - start),
        Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be => {
            own.char_indices().nth(wanted).map_or(own.len(), |(at, _)| at)
        }
    };
    let at = start + before;
    let place = match text.encoding {
        Encoding::Utf8 | Encoding::Other => text.mark + at,
        Encoding::Utf16Le | Encoding::Utf16Be => {
            let units = |text: &[u8]| String::from_utf8_lossy(text).encode_utf16().count();
            text.mark + 2 * units(&bytes[..at])
        }
    };
    u32::try_from(place).ok()
}

#[cfg(test)]
mod tests;
