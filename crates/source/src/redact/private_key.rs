//! Private keys: PEM, OpenSSH, PGP, SSH2 and `PuTTY`, whole or cut short.

use std::ops::Range;

/// How the line before a private key begins.
pub(super) const BEGINS: [&str; 3] = ["-----BEGIN ", "---- BEGIN ", "Private-Lines:"];
/// How the line after one begins.
pub(super) const END: &str = "-----END ";
/// Longest key, with what an editor put around it.
const BYTES_MAX: usize = 64 << 10;
/// Letters of Base64 without which there is no key.
const BODY_MIN: usize = 32;
/// Bytes of the line that begins or ends a key.
const LINE_MAX: usize = 100;

/// The key whose first line begins at `start`.
pub(super) fn from_begin(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = &text[start..text.floor_char_boundary((start + BYTES_MAX).min(text.len()))];
    let body = if let Some(after) = rest.strip_prefix("Private-Lines:") {
        let count = after.bytes().take_while(|byte| matches!(byte, b' ' | b'0'..=b'9')).count();
        "Private-Lines:".len() + count
    } else {
        let head = rest[..rest.floor_char_boundary(LINE_MAX)].find(" KEY")?;
        if !rest[..head].ends_with("PRIVATE") || rest[..head].contains(['\n', '\\']) {
            return None;
        }
        let dashes = rest[head..].find("---")? + head;
        if dashes > LINE_MAX {
            return None;
        }
        dashes + rest[dashes..].bytes().take_while(|byte| *byte == b'-').count()
    };
    let stop = rest[body..].find("-----BEGIN ").map_or(rest.len(), |next| body + next);
    let end = rest[body..stop].find("-- END ").or_else(|| rest[body..stop].find("-----END "));
    if let Some(end) = end.map(|end| body + end) {
        if letters(&rest[body..end]) < BODY_MIN {
            return None;
        }
        let last = &rest[end..];
        let line = last.find("KEY").filter(|&at| at < LINE_MAX).map_or(9, |key| {
            let after = &last[key..];
            let dashes = after.find("--").filter(|&at| at < 16).unwrap_or(0);
            key + dashes + after[dashes..].bytes().take_while(|byte| *byte == b'-').count().max(3)
        });
        let whole = end + line.min(last.len());
        return Some(start..text.floor_char_boundary(start + whole));
    }
    let cut = body + body_len(&rest[body..stop]);
    (letters(&rest[body..cut]) >= BODY_MIN).then_some(start..start + cut)
}

/// The key whose last line begins at `end`, where its first line is missing.
pub(super) fn from_end(text: &str, from: usize, end: usize) -> Option<Range<usize>> {
    let last = &text[end..text.floor_char_boundary((end + LINE_MAX).min(text.len()))];
    let key = last.find("PRIVATE KEY")?;
    if last[..key].contains('\n') {
        return None;
    }
    let tail = key + "PRIVATE KEY".len();
    let tail = tail
        + last[tail..].find("---").filter(|&at| at < 8).map_or(0, |at| {
            at + last[tail + at..].bytes().take_while(|byte| *byte == b'-').count()
        });
    let low = text.ceil_char_boundary(from.max(end.saturating_sub(BYTES_MAX)));
    let before = &text[low..end];
    let mut start = before.len();
    for line in before.split_inclusive('\n').rev() {
        if !is_body(line) && !line.trim().is_empty() {
            break;
        }
        start -= line.len();
    }
    let body = &before[start..];
    let start = low + start + (body.len() - body.trim_start().len());
    (letters(body) >= BODY_MIN).then_some(start..end + tail)
}

/// Letters of Base64 on lines that are of a key.
fn letters(body: &str) -> usize {
    let lines = body.split(['\n', '"', '\'']).flat_map(|line| line.split("\\n")).map(str::trim);
    lines.filter(|line| is_body(line)).map(str::len).sum()
}

/// How much of a text goes on as a private key does, line by line.
fn body_len(text: &str) -> usize {
    let mut len = 0;
    let mut end = 0;
    // Line breaks may be written as `\n`: then the whole key is one line.
    for line in text.split_inclusive('\n') {
        let parts: Vec<_> = line.split("\\n").collect();
        let good = parts
            .iter()
            .take_while(|part| part.trim().is_empty() || is_body(part) || is_header(part))
            .count();
        if good < parts.len() {
            let upto: usize = parts[..good].iter().map(|part| part.len() + 2).sum();
            let part = parts[good].trim_start_matches([' ', '\t']);
            let skipped = parts[good].len() - part.len();
            let run = part.bytes().take_while(|byte| is_base64(*byte)).count();
            if run >= 16 {
                end = len + upto + skipped + run;
            } else if good > 0 {
                end = end.max((len + upto).saturating_sub(2));
            }
            break;
        }
        len += line.len();
        if !line.trim().is_empty() {
            end = len - (line.len() - line.trim_end().len());
        }
    }
    end.min(text.len())
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// A line of Base64, with what diffs, quotes and comments put in front of it and programs after it.
fn is_body(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['>', '|', '#', '*', '+', '-', ' ', '\t', '"', '\'']);
    let line = line.trim_end_matches(['"', '\'', ',', '+', ' ', '\\', '\t', ';', ')']);
    let line = line.strip_suffix("\\n").unwrap_or(line);
    let line = line.strip_suffix("\\r").unwrap_or(line);
    line.len() >= 4
        && line.bytes().all(is_base64)
        && (line.len() >= 40
            || line.contains(['=', '+', '/'])
            || line.bytes().any(|byte| byte.is_ascii_digit())
            || line.len() == 4)
}

fn is_header(line: &str) -> bool {
    const NAMES: [&str; 8] = [
        "Proc-Type:",
        "DEK-Info:",
        "Version:",
        "Comment:",
        "Hash:",
        "Charset:",
        "Subject:",
        "MessageID:",
    ];
    let line = line.trim().trim_start_matches(['>', '|', '#', '*', '+', ' ', '"']);
    NAMES.iter().any(|name| line.starts_with(name))
}
