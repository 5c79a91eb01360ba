//! The values of a Secret of Kubernetes: in Base64 under `data`, plain under `stringData`.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::redact::scan::REACH;
use crate::redact::shape;

/// Bytes of a value that is worth hiding.
const VALUE_MIN: usize = 6;

/// The values of the manifest that has `kind: Secret` at `kind`.
pub(super) fn secrets(text: &str, kind: usize) -> Vec<Range<usize>> {
    let low = text.ceil_char_boundary(kind.saturating_sub(REACH));
    let high = text.floor_char_boundary((kind + REACH).min(text.len()));
    // One manifest of several.
    let start = text[low..kind].rfind("\n---").map_or(low, |at| low + at);
    let end = text[kind..high].find("\n---").map_or(high, |at| kind + at);
    let mut spans = Vec::new();
    let mut block: Option<(usize, bool)> = None;
    let mut at = start;
    for line in text[start..end].split_inclusive('\n') {
        let begin = at;
        at += line.len();
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let body = line.trim();
        if matches!(body, "data:" | "stringData:" | "\"data\": {" | "\"stringData\": {") {
            block = Some((indent, !body.contains("string")));
            continue;
        }
        let Some((outer, encoded)) = block else { continue };
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        if indent <= outer {
            block = None;
            continue;
        }
        let Some(colon) = line.find(':') else { continue };
        let value = line[colon + 1..].trim_end();
        let value = value.trim_end_matches([',', '"', '\'']);
        let bare = value.trim_start_matches([' ', '"', '\'']);
        let from = begin + colon + 1 + value.len() - bare.len();
        if is_value(bare, encoded) {
            spans.push(from..from + bare.len());
        }
    }
    spans
}

fn is_value(value: &str, encoded: bool) -> bool {
    if value.contains(['{', '$', '<', ' ', '|', '>']) {
        return false;
    }
    if !encoded {
        return value.len() >= VALUE_MIN && !shape::is_stand_in(value);
    }
    let decoded = STANDARD.decode(value).ok();
    decoded.is_some_and(|decoded| {
        decoded.len() >= VALUE_MIN
            && std::str::from_utf8(&decoded).is_ok_and(|text| !shape::is_stand_in(text))
    })
}
