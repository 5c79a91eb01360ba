//! Addresses of pages of GitHub, GitLab and forges that work like them.

use std::borrow::Cow;
use std::sync::LazyLock;

use lichen_model::{Detector, Lines, Named, Page};
use regex::Regex;

use super::Found;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"https?://[^\s<>"'`\\^{|}\[\]]+"#).expect("the pattern is right")
});
static LINES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^L(\d+)(?:C\d+)?(?:-L?(\d+)(?:C\d+)?)?$").expect("the pattern is right")
});

pub(super) fn detect(text: &str, found: &mut Found) {
    for address in ADDRESS.find_iter(text) {
        let end = address.start() + trimmed(address.as_str()).len();
        let span = address.start()..end;
        match page(&text[span.clone()]) {
            Some(named) => {
                found.add(span, Detector::Link, named);
            }
            // Whatever stands in another address names nothing here.
            None => found.take(span),
        }
    }
}

/// An address without the marks of the sentence around it.
fn trimmed(address: &str) -> &str {
    let mut rest = address;
    loop {
        let cut = rest.trim_end_matches(['.', ',', ';', ':', '!', '?', '*']);
        // A bracket belongs to the address where it was opened in it.
        let closes = cut.ends_with(')') && cut.matches('(').count() < cut.matches(')').count();
        let cut = if closes { &cut[..cut.len() - 1] } else { cut };
        if cut.len() == rest.len() {
            return rest;
        }
        rest = cut;
    }
}

fn page(address: &str) -> Option<Named> {
    let (_, rest) = address.split_once("://")?;
    let (host, rest) = rest.split_once('/')?;
    let (rest, anchor) = rest.split_once('#').unwrap_or((rest, ""));
    let path = rest.split('?').next().unwrap_or(rest).trim_end_matches('/');
    let (repository, page) = if let Some((repository, rest)) = path.split_once("/-/") {
        (repository.to_owned(), gitlab(rest, anchor)?)
    } else {
        let mut parts = path.splitn(3, '/');
        let repository = format!("{}/{}", parts.next()?, parts.next()?);
        (repository, github(parts.next()?, anchor)?)
    };
    Some(Named::Page { host: host.to_ascii_lowercase(), repository, page })
}

fn github(rest: &str, anchor: &str) -> Option<Page> {
    let (kind, rest) = rest.split_once('/')?;
    match kind {
        "blob" | "blame" | "raw" | "edit" => file(rest, anchor),
        "commit" | "commits" => commit(rest),
        "issues" => issue(rest, false),
        "pull" => match rest.split_once("/commits/") {
            Some((_, rev)) => commit(rev),
            None => issue(rest, true),
        },
        _ => None,
    }
}

fn gitlab(rest: &str, anchor: &str) -> Option<Page> {
    let (kind, rest) = rest.split_once('/')?;
    match kind {
        "blob" | "blame" | "raw" => file(rest, anchor),
        "commit" => commit(rest),
        "issues" => issue(rest, false),
        "merge_requests" => issue(rest, true),
        _ => None,
    }
}

fn file(rest: &str, anchor: &str) -> Option<Page> {
    let rest = percent_decoded(rest);
    rest.contains('/').then(|| Page::File { lines: lines(anchor), rest: rest.into_owned() })
}

fn lines(anchor: &str) -> Option<Lines> {
    let found = LINES.captures(anchor)?;
    let first: u32 = found[1].parse().ok()?;
    let last = match found.get(2) {
        Some(last) => last.as_str().parse().ok()?,
        None => first,
    };
    (first >= 1).then_some(Lines { first: first.min(last), last: first.max(last) })
}

fn commit(rest: &str) -> Option<Page> {
    let rev = rest.split(['/', '.']).next()?;
    (!rev.is_empty()).then(|| Page::Commit { rev: rev.to_owned() })
}

fn issue(rest: &str, request: bool) -> Option<Page> {
    let number = rest.split('/').next()?.parse().ok()?;
    Some(Page::Issue { number, request })
}

/// Text in which bytes may be written as `%2F`.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let coded = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(coded.unwrap_or(*first));
        rest = if coded.is_some() { &tail[2..] } else { tail };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}
