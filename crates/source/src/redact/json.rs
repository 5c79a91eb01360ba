//! JSON whose strings are redacted one by one, so that it stays JSON.

use std::borrow::Cow;

use super::Redactor;

/// Walks the strings of `json`; what lies between them is kept as it is. Text that is no JSON comes out with its
/// quoted parts redacted, and is redacted as a whole besides: see [`Redactor::redact_json`].
pub(super) fn redact<'a>(redactor: &Redactor, json: &'a str) -> Cow<'a, str> {
    let bytes = json.as_bytes();
    let mut out = String::new();
    // Everything before has been written, or is unchanged while `out` is empty.
    let mut written = 0;
    let mut key: Option<Cow<'_, str>> = None;
    let mut at = 0;
    while let Some(quote) =
        bytes[at..].iter().position(|&byte| byte == b'"').map(|found| at + found)
    {
        let Some(end) = end_of_string(bytes, quote) else { break };
        // A value belongs to the key before it only if nothing but a colon lies between.
        if !is_colon(&json[at..quote]) {
            key = None;
        }
        let text = decoded(&json[quote..end]);
        let redacted = match &key {
            Some(key) => redactor.redact_value(key, &text),
            None => redactor.redact(&text),
        };
        if let Cow::Owned(redacted) = &redacted {
            out.push_str(&json[written..quote]);
            out.push_str(&serde_json::to_string(redacted).expect("a string is always JSON"));
            written = end;
        }
        drop(redacted);
        // Items of an array share the key before it.
        key = if key.is_some() && is_colon(&json[at..quote]) { None } else { Some(text) };
        at = end;
    }
    if written == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[written..]);
    Cow::Owned(out)
}

fn is_colon(between: &str) -> bool {
    between.trim() == ":"
}

/// The byte after a string's closing quote.
pub(super) fn end_of_string(bytes: &[u8], quote: usize) -> Option<usize> {
    let mut at = quote + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The text of a quoted string; as written where its escapes are damaged.
fn decoded(quoted: &str) -> Cow<'_, str> {
    let inner = &quoted[1..quoted.len() - 1];
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str::<String>(quoted).map_or(Cow::Borrowed(inner), Cow::Owned)
}
