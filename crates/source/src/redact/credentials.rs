//! Credentials told by what stands in front of them: headers, URLs, arguments of programs; and Discord's tokens.

mod kubernetes;

use std::ops::Range;

use super::assignment::is_password;
use super::scan::{is_free_before, window};
use super::shape::{self, Trust, is_secret, is_stand_in};

/// What a word stands in front of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Bearer,
    Basic,
    Authorization,
    /// A program and an argument of it.
    Argument(&'static Argument),
    /// An entry of a file of settings whose value is a name and a password in Base64.
    Auth,
    Cookie,
    /// A manifest of Kubernetes whose values are secrets.
    Kubernetes,
}

/// How a program is given a password.
#[derive(Debug)]
pub(super) struct Argument {
    /// Each with the blank before it.
    flags: &'static [&'static str],
    /// The value is `name:password`.
    named: bool,
    /// The value may follow without a blank: `-psecret`; then it must.
    glued: bool,
}

static CURL: Argument = Argument { flags: &[" -u", " --user"], named: true, glued: false };
static SSHPASS: Argument = Argument { flags: &[" -p"], named: false, glued: false };
static MYSQL: Argument = Argument { flags: &[" -p"], named: false, glued: true };
static REDIS: Argument = Argument { flags: &[" -a ", " --pass "], named: false, glued: false };
static DOCKER: Argument = Argument { flags: &[" -p ", " --password "], named: false, glued: false };

/// The words.
#[rustfmt::skip]
pub(super) const WORDS: &[(&str, Kind)] = &[
    ("Bearer ", Kind::Bearer), ("bearer ", Kind::Bearer), ("BEARER ", Kind::Bearer), ("Bearer%20", Kind::Bearer),
    ("Basic ", Kind::Basic), ("basic ", Kind::Basic), ("BASIC ", Kind::Basic),
    ("uthorization", Kind::Authorization), ("UTHORIZATION", Kind::Authorization),
    ("curl ", Kind::Argument(&CURL)), ("sshpass ", Kind::Argument(&SSHPASS)), ("redis-cli ", Kind::Argument(&REDIS)),
    ("mysql ", Kind::Argument(&MYSQL)), ("mysqldump ", Kind::Argument(&MYSQL)), ("mysqladmin ", Kind::Argument(&MYSQL)),
    ("docker login ", Kind::Argument(&DOCKER)), ("podman login ", Kind::Argument(&DOCKER)), ("helm registry login ", Kind::Argument(&DOCKER)),
    ("_auth=", Kind::Auth), ("_auth = ", Kind::Auth), ("\"auth\": \"", Kind::Auth), ("\"auth\":\"", Kind::Auth),
    ("ookie: ", Kind::Cookie), ("OOKIE: ", Kind::Cookie),
    ("kind: Secret", Kind::Kubernetes), ("\"kind\": \"Secret\"", Kind::Kubernetes), ("\"kind\":\"Secret\"", Kind::Kubernetes),
];

/// The credentials around such a word.
pub(super) fn find(
    text: &str,
    kind: Kind,
    start: usize,
    end: usize,
) -> Vec<(&'static str, Range<usize>)> {
    let one =
        |rule, span: Option<Range<usize>>| span.map(|span| (rule, span)).into_iter().collect();
    match kind {
        Kind::Bearer => one("bearer-token", bearer(text, end)),
        Kind::Basic | Kind::Auth => one("basic-auth", basic(text, end)),
        Kind::Authorization => one("authorization", authorization(text, end)),
        Kind::Argument(argument) => one("password", self::argument(text, argument, start)),
        Kind::Cookie => cookies(text, end).map(|span| ("session-cookie", span)).collect(),
        Kind::Kubernetes => {
            let spans = kubernetes::secrets(text, start).into_iter();
            spans.map(|span| ("kubernetes-secret", span)).collect()
        }
    }
}

fn run(text: &str, start: usize, of_run: impl Fn(&u8) -> bool) -> Range<usize> {
    let len = window(text, start).bytes().take_while(of_run).count();
    start..start + len
}

fn skip(text: &str, start: usize, of: &[u8]) -> usize {
    run(text, start, |byte| of.contains(byte)).end
}

/// The characters of RFC 6750.
fn of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

fn bearer(text: &str, end: usize) -> Option<Range<usize>> {
    let span = run(text, skip(text, end, b" "), |byte| of_token(*byte));
    let token = text[span.clone()].trim_end_matches('.');
    let span = span.start..span.start + token.len();
    (token.len() >= 16 && is_secret(token, Trust::Token)).then_some(span)
}

fn basic(text: &str, end: usize) -> Option<Range<usize>> {
    use base64::Engine as _;
    let span = run(text, skip(text, end, b" "), |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
    });
    let decoded = base64::engine::general_purpose::STANDARD.decode(&text[span.clone()]).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (user, password) = decoded.split_once(':')?;
    let secret = !decoded.chars().any(char::is_control)
        && password.len() >= 6
        && password != user
        && is_password(password);
    let key = user.len() >= 16 && is_secret(user, Trust::Key);
    (secret || key).then_some(span)
}

/// `Authorization: <scheme> <value>`, also as code and as JSON write it.
fn authorization(text: &str, end: usize) -> Option<Range<usize>> {
    let operator = skip(text, end, b"\"'\\] \t");
    let after = skip(text, operator, b":=,>");
    if after == operator {
        return None;
    }
    let mut at = skip(text, after, b" \t\"'\\`");
    let scheme = run(text, at, u8::is_ascii_alphabetic);
    if scheme.len() < 12 && text[scheme.end..].starts_with(' ') {
        at = skip(text, scheme.end, b" ");
        at = if text[at..].starts_with("token=") { at + 6 } else { at };
        at = skip(text, at, b"\"");
    }
    let span = run(text, at, |byte| of_token(*byte) || *byte == b':');
    let value = &text[span.clone()];
    (value.len() >= 16 && is_secret(value, Trust::Token)).then_some(span)
}

/// `curl -u name:password`, `sshpass -p password`, `mysql -ppassword`.
fn argument(text: &str, argument: &Argument, start: usize) -> Option<Range<usize>> {
    let window = window(text, start);
    let line = &window[..window.floor_char_boundary(400)];
    let line = &line[..line.find('\n').unwrap_or(line.len())];
    let (at, flag) = argument.flags.iter().find_map(|flag| Some((line.find(flag)?, flag)))?;
    let value = at + flag.len();
    let before: &[u8] = if argument.glued { b"\"'" } else { b" =\"'" };
    let value = value + line[value..].bytes().take_while(|byte| before.contains(byte)).count();
    let len = line[value..]
        .bytes()
        .take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`'))
        .count();
    let given = &line[value..value + len];
    let skipped = if argument.named { given.find(':')? + 1 } else { 0 };
    let password = &given[skipped..];
    // `-p8080:80` is a port, `-parallel` another flag.
    let plain = argument.glued && !password.bytes().any(|byte| byte.is_ascii_digit());
    (!plain && is_password(password)).then_some(start + value + skipped..start + value + len)
}

/// The values of a header's cookies by which a session is known.
fn cookies(text: &str, end: usize) -> impl Iterator<Item = Range<usize>> {
    const NAMES: [&str; 5] = ["sess", "token", "auth", "sid", "jwt"];
    let line = run(text, end, |byte| !matches!(byte, b'\n' | b'\r' | b'"' | b'\''));
    let mut at = line.start;
    text[line].split_inclusive(';').filter_map(move |cookie| {
        let start = at;
        at += cookie.len();
        let (name, value) = cookie.trim_end_matches(';').split_once('=')?;
        let small = name.to_ascii_lowercase();
        let secret = NAMES.iter().any(|word| small.contains(word))
            && !small.contains("csrf")
            && is_secret(value.trim_end(), Trust::Token);
        let begin = start + name.len() + 1;
        secret.then(|| begin..begin + value.trim_end().len())
    })
}

/// The password of `scheme://name:password@host`; `colon` is where `://` stands.
pub(super) fn url_password(text: &str, colon: usize) -> Option<Range<usize>> {
    let start = colon + 3;
    if !text.as_bytes()[..colon].last().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let rest = window(text, start);
    let authority = rest
        .bytes()
        .take(512)
        .take_while(|byte| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'\\')
        })
        .count();
    let authority = &rest[..authority];
    let name = authority.find([':', '/', '@', '?', '#'])?;
    let (user, after) = (&authority[..name], &authority[name..]);
    if let Some(after) = after.strip_prefix(':') {
        // A password may hold what should have been escaped, but a host and its port come first.
        let end = after.find('@')?;
        let port = after[..end].split(['/', '?']).next().unwrap_or_default();
        if port.len() < end && (port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit())) {
            return None;
        }
        // The last sign before the path is the one that ends the password.
        let host = after[end..].find('/').map_or(after.len(), |slash| end + slash);
        let end = after[..host].rfind('@').unwrap_or(end);
        let password = &after[..end];
        let begin = start + name + 1;
        return (password != user && !password.contains("://") && is_password(password))
            .then_some(begin..begin + end);
    }
    // A token as the name, and no password.
    let token = after.starts_with('@') && user.len() >= 20 && is_secret(user, Trust::Token);
    token.then_some(start..start + name)
}

/// The first letters of Discord's tokens: the Base64 of a number's first digits.
pub(super) fn discord_words() -> Vec<String> {
    const FIRST: [&str; 9] = ["MT", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"];
    const SECOND: [&str; 10] = ["A", "E", "I", "M", "Q", "U", "Y", "c", "g", "k"];
    FIRST
        .iter()
        .flat_map(|first| SECOND.iter().map(move |second| format!("{first}{second}")))
        .collect()
}

pub(super) fn discord_token(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let of_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let mut at = start;
    for (min, max, dot) in [(23, 28, true), (6, 7, true), (27, 40, false)] {
        let len = bytes[at..].iter().take(max + 1).take_while(|byte| of_part(byte)).count();
        if !(min..=max).contains(&len) {
            return None;
        }
        at += len;
        if dot {
            if bytes.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
    }
    let token = std::str::from_utf8(&bytes[start..at]).ok()?;
    let likely = !is_stand_in(token) && shape::entropy(token.as_bytes()) > 3.5;
    (likely && is_free_before(bytes, start, true)).then_some(start..at)
}
