//! Asks as requests: the other half of the routes.

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use serde::Serialize;

use crate::ask::{Ask, RunEnd};
use crate::client::Outgoing;
use crate::memory::Shape;

/// The header that names a batch of messages.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The media type of asks and answers.
const JSON: &str = "application/json";
/// The media type of messages, one a line.
pub(crate) const LINES: &str = "application/x-ndjson";

/// The request that asks for it.
pub(crate) fn of(ask: &Ask, shape: Shape) -> Outgoing {
    let request = match ask {
        Ask::Recall(ask) => get("/v1/recall", &[&query(ask)]),
        Ask::Get(ask) => get("/v1/get", &[&query(ask)]),
        Ask::At(ask) => get("/v1/at", &[&query(ask)]),
        Ask::History(ask) => get("/v1/history", &[&query(ask)]),
        Ask::Blame(ask) => get("/v1/blame", &[&query(ask)]),
        Ask::Symbols(ask) => get("/v1/symbols", &[&query(ask)]),
        Ask::Review(ask) => get("/v1/review", &[&query(ask)]),
        Ask::Links(ask) => get("/v1/links", &[&query(ask)]),
        Ask::Status => get("/v1/status", &[]),
        Ask::Streams(ask) => get("/v1/streams", &[&query(ask)]),
        Ask::Stream(ask) => get(&format!("/v1/streams/{}", encoded(&ask.stream)), &[]),
        Ask::Tail(ask, tail) => {
            get(&format!("/v1/streams/{}/messages", encoded(&ask.stream)), &[&query(tail)])
        }
        Ask::Windows(ask, cut) => {
            get(&format!("/v1/streams/{}/windows", encoded(&ask.stream)), &[&query(cut)])
        }
        Ask::Window(ask, number, cut, format) => {
            let path = format!("/v1/streams/{}/windows/{number}", encoded(&ask.stream));
            get(&path, &[&query(cut), &query(format)])
        }
        Ask::DocumentWindows(document, cut) => {
            get("/v1/documents/windows", &[&query(document), &query(cut)])
        }
        Ask::DocumentWindow(document, number, cut) => {
            get(&format!("/v1/documents/windows/{number}"), &[&query(document), &query(cut)])
        }
        Ask::ClaimedWindow(asked, format) => {
            get(&format!("/v1/windows/{}", encoded(asked)), &[&query(format)])
        }
        Ask::Documents(ask) => get("/v1/documents", &[&query(ask)]),
        Ask::Runs(ask) => get("/v1/runs", &[&query(ask)]),
        Ask::Claim(ask, format) => post(&format!("/v1/runs?{}", query(format)), ask),
        Ask::EndRun(run, end) => {
            let run = encoded(run);
            match end {
                RunEnd::Done => bare(Method::POST, format!("/v1/runs/{run}/done")),
                RunEnd::Fail(fail) => post(&format!("/v1/runs/{run}/fail"), fail),
                RunEnd::Split(split) => post(&format!("/v1/runs/{run}/split"), split),
            }
        }
        Ask::Doctor(ask) => post("/v1/doctor", ask),
        Ask::Sql(ask) => post("/v1/sql", ask),
        Ask::Keys => get("/v1/keys", &[]),
        Ask::CreateKey(ask) => post("/v1/keys", ask),
        Ask::RotateKey(id, ask) => post(&format!("/v1/keys/{}/rotate", encoded(id)), ask),
        Ask::RevokeKey(id) => bare(Method::DELETE, format!("/v1/keys/{}", encoded(id))),
        Ask::Audit => get("/v1/audit", &[]),
    };
    let accepted = match shape {
        Shape::Json => JSON,
        Shape::Text => "text/plain",
    };
    with(request, ACCEPT, accepted)
}

/// The request that asks how the owner is.
pub(crate) fn health() -> Outgoing {
    get("/healthz", &[])
}

/// The request that hands in messages.
pub(crate) fn append(lines: &[u8], key: Option<&str>) -> Outgoing {
    let request = Outgoing {
        body: Bytes::copy_from_slice(lines),
        ..bare(Method::POST, "/v1/messages".to_owned())
    };
    let request = with(request, CONTENT_TYPE, LINES);
    match key {
        Some(key) => with(request, HeaderName::from_static(IDEMPOTENCY_KEY), &encoded(key)),
        None => request,
    }
}

/// The request that follows a stream.
pub(crate) fn follow(stream: &str, count: usize, shape: Shape) -> Outgoing {
    let format = match shape {
        Shape::Json => "json",
        Shape::Text => "text",
    };
    let stream = encoded(stream);
    get(&format!("/v1/streams/{stream}/events?last={count}&format={format}"), &[])
}

fn bare(method: Method, target: String) -> Outgoing {
    Outgoing { method, target, headers: Vec::new(), body: Bytes::new() }
}

fn with(mut request: Outgoing, name: HeaderName, value: &str) -> Outgoing {
    request.headers.push((name, value.to_owned()));
    request
}

fn get(path: &str, queries: &[&str]) -> Outgoing {
    let queries: Vec<&str> = queries.iter().copied().filter(|query| !query.is_empty()).collect();
    let mark = if queries.is_empty() { "" } else { "?" };
    bare(Method::GET, format!("{path}{mark}{}", queries.join("&")))
}

fn post(target: &str, body: &impl Serialize) -> Outgoing {
    let body = serde_json::to_vec(body).expect("asks hold nothing that JSON cannot");
    let request = Outgoing { body: body.into(), ..bare(Method::POST, target.to_owned()) };
    with(request, CONTENT_TYPE, JSON)
}

fn query(ask: &impl Serialize) -> String {
    serde_html_form::to_string(ask).expect("asks are flat")
}

/// Text as a part of a path, or in a header: everything but letters, digits and a few marks as `%XX`.
pub(crate) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut all = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            write!(all, "%{byte:02X}").expect("a string takes all that is written");
        }
    }
    all
}

/// Text that was [`encoded`].
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = (*first == b'%').then(|| text_of(behind.get(..2)?)).flatten();
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn text_of(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_their_way_through_a_header() {
        for text in ["", "plain", "a b/c?d&e=f%g", "100%", "%zz", "über\n\u{1f331}", "%2"] {
            let written = encoded(text);
            assert!(written.bytes().all(|byte| byte.is_ascii_graphic()), "{written}");
            assert_eq!(decoded(&written), text);
        }
        assert_eq!(decoded("100%"), "100%");
    }
}
