//! Values assigned to names that secrets have: `password: ...`, `"api_key": "..."`, `SECRET=...`, `--token ...`.

use std::ops::Range;

use super::shape::{self, Trust, is_secret, is_stand_in};

/// Parts of names: in small letters, words with `_` between them.
#[rustfmt::skip]
pub(super) const WORDS: &[(&str, Trust)] = &[
    ("password", Trust::Password), ("passwd", Trust::Password), ("passphrase", Trust::Password), ("pwd", Trust::Password),
    ("pass_word", Trust::Password), ("db_pass", Trust::Password), ("user_pass", Trust::Password), ("smtp_pass", Trust::Password),
    ("secret", Trust::Key), ("credential", Trust::Key),
    ("api_key", Trust::Key), ("access_key", Trust::Key), ("private_key", Trust::Key), ("signing_key", Trust::Key),
    ("encryption_key", Trust::Key), ("master_key", Trust::Key), ("auth_key", Trust::Key), ("account_key", Trust::Key),
    ("license_key", Trust::Key), ("service_key", Trust::Key), ("app_key", Trust::Key), ("session_key", Trust::Key),
    ("shared_key", Trust::Key), ("deploy_key", Trust::Key), ("webhook_key", Trust::Key), ("admin_key", Trust::Key),
    ("storage_key", Trust::Key), ("subscription_key", Trust::Key), ("consumer_key", Trust::Key), ("hmac_key", Trust::Key),
    ("jwt_key", Trust::Key), ("application_key", Trust::Key),
    ("token", Trust::Token),
];
/// What may follow in a name without changing what is assigned to it.
const SUFFIXES: [&str; 32] = [
    "key",
    "token",
    "secret",
    "value",
    "val",
    "string",
    "prod",
    "production",
    "dev",
    "development",
    "staging",
    "live",
    "test",
    "default",
    "old",
    "new",
    "base",
    "s",
    "id",
    "access",
    "api",
    "auth",
    "password",
    "text",
    "plain",
    "primary",
    "secondary",
    "main",
    "admin",
    "root",
    "user",
    "db",
];
/// Names in which a token is a place in a list, not a secret.
const HARMLESS: [&str; 13] = [
    "next", "page", "cursor", "continu", "resume", "sync", "csrf", "xsrf", "public", "hash",
    "forgot", "reset", "tokeniz",
];
/// Words of a name by which a provider's key is told from its other things.
const KEY_WORDS: [&str; 9] =
    ["key", "token", "secret", "pass", "auth", "pat", "cred", "pwd", "access"];
/// Bytes between a word and what is assigned.
const GAP_MAX: usize = 48;
const VALUE_MAX: usize = 4000;

/// The ways in which programs write a name.
pub(super) fn forms(name: &str) -> Vec<String> {
    let words: Vec<_> = name.split('_').collect();
    let capital = |word: &&str| word[..1].to_ascii_uppercase() + &word[1..];
    let camel = words.iter().map(capital).collect::<String>();
    let mut forms = vec![
        words.join("_"),
        words.join("-"),
        words.join("."),
        words.concat(),
        words.join("_").to_ascii_uppercase(),
        words.join("-").to_ascii_uppercase(),
        words.concat().to_ascii_uppercase(),
        words.iter().map(capital).collect::<Vec<_>>().join("-"),
        words.iter().map(capital).collect::<Vec<_>>().join("_"),
        words[0].to_owned() + &words[1..].iter().map(capital).collect::<String>(),
        camel,
        words.join(" "),
        words.iter().map(capital).collect::<Vec<_>>().join(" "),
        capital(&words.join(" ").as_str()),
        words.join(" ").to_ascii_uppercase(),
    ];
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// A value and how it is assigned.
struct Assigned {
    span: Range<usize>,
    quoted: bool,
    /// With `=` and no blanks, up to a semicolon or a blank.
    terse: bool,
    /// Only a blank stands between.
    bare: bool,
}

/// The secret that is assigned to the name that has the word `start..end` in it.
pub(super) fn find(
    text: &str,
    start: usize,
    end: usize,
    trust: Trust,
) -> Option<(&'static str, Range<usize>)> {
    let bytes = text.as_bytes();
    let after = suffix(bytes, end)?;
    let assigned = assigned(text, start, after)?;
    let name = name_before(text, start);
    if trust != Trust::Password && HARMLESS.iter().any(|word| name.contains(word))
        || name.ends_with("public_")
    {
        return None;
    }
    let value = &text[assigned.span.clone()];
    if trust == Trust::Password && is_connection(text, start, &assigned) && is_password(value) {
        return Some(("connection-password", assigned.span));
    }
    if assigned.bare && !is_spoken(value, trust) {
        return None;
    }
    // Without quotes, what is assigned in a program is most often a name.
    if !assigned.quoted && !assigned.terse && value.len() < 12 && trust != Trust::Password {
        return None;
    }
    let rule = if trust == Trust::Password { "password" } else { "generic-secret" };
    is_secret(value, trust).then_some((rule, assigned.span))
}

/// The rule by which `text` under `name` is a secret as a whole.
pub(super) fn value(name: &str, text: &str) -> Option<&'static str> {
    if text.len() < 8 || text.len() > VALUE_MAX || name.len() > 100 {
        return None;
    }
    // Written as an assignment, so that one set of rules decides.
    let name = name.trim();
    let plain = !text.contains(['"', '\n', '\\']) && !name.contains(['"', '\n', '\\']);
    if !plain {
        return None;
    }
    let written = format!("{name}\": \"{text}\"");
    let found = super::find(&written);
    let whole = found.first().filter(|found| found.span == (name.len() + 4..written.len() - 1))?;
    super::find(text).is_empty().then_some(whole.rule)
}

/// The value after a provider's name, where the name tells that it is a key.
pub(super) fn named_value(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    if start > 0 && bytes[start - 1].is_ascii_lowercase() && bytes[start].is_ascii_lowercase() {
        return None;
    }
    let name_end = |blanks: bool| {
        let of_name = |byte: &&u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.')
                || (blanks && **byte == b' ')
        };
        let len = bytes[end..].iter().take(GAP_MAX).take_while(of_name).count();
        // A blank before the operator is no part of the name.
        let trailing = bytes[end..end + len].iter().rev().take_while(|byte| **byte == b' ').count();
        end + len - trailing
    };
    // Names in prose hold blanks; after an argument's name a blank ends it.
    [false, true].into_iter().find_map(|blanks| {
        let after = name_end(blanks);
        let after = text[end..after].find(" is ").map_or(after, |is| end + is);
        let small = text[start..after].to_ascii_lowercase();
        KEY_WORDS.iter().any(|word| small.contains(word)).then_some(())?;
        let assigned = assigned(text, start, after)?;
        Some(assigned.span)
    })
}

/// Digits among letters: the shapes of keys without a mark fit long words as well.
pub(super) fn is_mixed(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (digits >= 2 || shape::is_jumbled(value)) && shape::entropy(value.as_bytes()) >= 2.7
}

/// The end of the name: what follows the word is one of a few words, or the name means something else.
fn suffix(bytes: &[u8], end: usize) -> Option<usize> {
    let of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let len = bytes[end..].iter().take(GAP_MAX).take_while(of_name).count();
    if len == 0 {
        return Some(end);
    }
    let rest = std::str::from_utf8(&bytes[end..end + len]).ok()?.to_ascii_lowercase();
    let mut rest = rest.as_str();
    loop {
        rest = rest.trim_start_matches(|char: char| matches!(char, '_' | '-' | '.' | '0'..='9'));
        if rest.is_empty() {
            return Some(end + len);
        }
        // The longest first: `secondary` begins with `s`.
        let suffix = SUFFIXES
            .iter()
            .filter(|suffix| rest.starts_with(**suffix))
            .max_by_key(|suffix| suffix.len())?;
        rest = &rest[suffix.len()..];
    }
}

/// Whether what is said to be a secret, in prose, is one: words that describe it are not.
fn is_spoken(value: &str, trust: Trust) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    match trust {
        Trust::Token => value.len() >= 20 && (digits >= 3 || shape::is_jumbled(value)),
        Trust::Key | Trust::Password => digits > 0,
    }
}

/// The part of the name before the word, in small letters.
fn name_before(text: &str, start: usize) -> String {
    let bytes = text.as_bytes();
    let of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let len = bytes[..start].iter().rev().take(GAP_MAX).take_while(of_name).count();
    text[start - len..start].to_ascii_lowercase()
}

fn assigned(text: &str, start: usize, name_end: usize) -> Option<Assigned> {
    let bytes = text.as_bytes();
    let get = |at: usize| bytes.get(at).copied();
    let mut at = name_end;
    // The end of a quoted name, of an index or of a markup.
    let mut name_quoted = false;
    while let Some(byte) =
        get(at).filter(|byte| matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b']' | b')' | b'*'))
    {
        name_quoted |= matches!(byte, b'"' | b'\'');
        at += 1;
        if at > name_end + 6 {
            return None;
        }
    }
    let blanks = |mut at: usize| {
        while matches!(get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        at
    };
    let spaced = blanks(at);
    let flag = {
        let before = &bytes[..start];
        let name = before
            .iter()
            .rev()
            .take(GAP_MAX)
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            .count();
        name >= 2 && bytes[start - name..].starts_with(b"--")
    };
    let mut bare = false;
    let mut terse = false;
    let line = before_line(text, start);
    // The name alone stands on its line, but for what leads it.
    let leads = |words: &[&str]| {
        let line = line.trim_end_matches(|char: char| {
            char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '`')
        });
        words.contains(&line.trim())
    };
    let quote_follows = |at: usize| matches!(get(blanks(at)), Some(b'"' | b'\'' | b'`'));
    let mut value = match (get(spaced), get(spaced + 1)) {
        _ if let Some(value) = value_beside(text, at) => value,
        (Some(b'|'), Some(b'|')) | (Some(b'?'), Some(b'?' | b':')) if quote_follows(spaced + 2) => {
            spaced + 2
        }
        (Some(b':'), Some(b'-')) if spaced == name_end => spaced + 2,
        (Some(b'|'), _) if leads(&["|"]) => spaced + 1,
        (Some(b','), _) if at == name_end && (leads(&[""]) || quote_follows(spaced + 1)) => {
            spaced + 1
        }
        _ if spaced > at && leads(&["ENV", "ARG", "setenv"]) => spaced,
        (Some(b'='), Some(b'=' | b'~')) | (Some(b'!'), _) => return None,
        (Some(b':'), Some(b':')) => return None,
        (Some(b'=' | b'-'), Some(b'>')) | (Some(b':'), Some(b'=')) => spaced + 2,
        (Some(b'='), _) => {
            terse = spaced == at;
            spaced + 1
        }
        (Some(b':'), _) => spaced + 1,
        (Some(b','), _) if name_quoted => spaced + 1,
        (Some(b'>'), _) if at == name_end => spaced + 1,
        _ if text[spaced..].starts_with("is ") => {
            bare = true;
            spaced + 3
        }
        _ if spaced > at && (flag || line.contains("login ")) => {
            bare = !flag;
            spaced
        }
        _ => return None,
    };
    terse &= !matches!(get(value), Some(b' ' | b'\t'));
    value = blanks(value);
    // `password: &str = "..."`
    if get(name_end) == Some(b':') {
        let typed = bytes[value..]
            .iter()
            .take(40)
            .take_while(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'&' | b'<' | b'>' | b'_' | b'[' | b']' | b'\'' | b'?')
            })
            .count();
        let equals = blanks(value + typed);
        if typed > 0
            && equals > value + typed
            && get(equals) == Some(b'=')
            && get(equals + 1) != Some(b'=')
        {
            value = blanks(equals + 1);
        }
    }
    // Prefixes of strings, and calls that only wrap one.
    if matches!(get(value), Some(b'b' | b'r' | b'f' | b'u'))
        && matches!(get(value + 1), Some(b'"' | b'\''))
    {
        value += 1;
    }
    // A value in brackets, as one in pieces is.
    if get(value) == Some(b'(') {
        let inner =
            bytes[value + 1..].iter().take(80).take_while(|byte| byte.is_ascii_whitespace());
        let inner = value + 1 + inner.count();
        if matches!(get(inner), Some(b'"' | b'\'' | b'`')) {
            value = inner;
        }
    }
    let escaped = bytes[value..].iter().take(4).take_while(|byte| **byte == b'\\').count();
    let quote = get(value + escaped).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    if let Some(quote) = quote {
        let begin = value + escaped + 1;
        let len = bytes[begin..]
            .iter()
            .take(VALUE_MAX)
            .position(|byte| *byte == quote || *byte == b'\n')?;
        if bytes[begin + len] != quote {
            return None;
        }
        let end = begin + len;
        let end = end
            - bytes[begin..end]
                .iter()
                .rev()
                .take(escaped)
                .take_while(|byte| **byte == b'\\')
                .count();
        return (end > begin && text.is_char_boundary(end)).then_some(Assigned {
            span: begin..end,
            quoted: true,
            terse,
            bare,
        });
    }
    if escaped > 0 {
        return None;
    }
    let stop = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'"' | b'\'' | b'`' | b';' | b',' | b'<' | b'>' | b'|' | b'\\')
            || (*byte == b'&' && terse)
            || (*byte == b'}' && get(spaced + 1) == Some(b'-'))
    };
    let len = bytes[value..]
        .iter()
        .take(VALUE_MAX)
        .position(stop)
        .unwrap_or((bytes.len() - value).min(VALUE_MAX));
    let mut end = value + len;
    // Brackets and full stops that close what stands around the value.
    while end > value && matches!(bytes[end - 1], b')' | b']' | b'}' | b'.' | b':' | b'*') {
        end -= 1;
    }
    (end > value && text.is_char_boundary(end) && text.is_char_boundary(value))
        .then_some(Assigned { span: value..end, quoted: false, terse, bare })
}

/// Where the value stands that is told beside the name: `name: X, value: ...`, `key="X" value="..."`, `set X --body ...`.
fn value_beside(text: &str, name_end: usize) -> Option<usize> {
    const NAMES: [&str; 4] = ["value", "Value", "--body", "--value"];
    let rest = &text[name_end..text.floor_char_boundary((name_end + 80).min(text.len()))];
    let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
    let between = &rest[..rest.len() - trimmed.len()];
    if between.is_empty() || between.matches('\n').count() > 1 {
        return None;
    }
    let quoted = trimmed.strip_prefix(['"', '\'']).unwrap_or(trimmed);
    let name = NAMES.iter().find(|name| quoted.starts_with(**name))?;
    let after = &quoted[name.len()..];
    let after = after.strip_prefix(['"', '\'']).unwrap_or(after);
    let operator = after.trim_start_matches([' ', '\t']);
    let flag = name.starts_with('-') && operator.len() < after.len();
    let value = if flag { operator } else { operator.strip_prefix([':', '=']).unwrap_or("") };
    (!value.is_empty()).then(|| name_end + rest.len() - value.len())
}

/// The line up to `at`, a part of it where it is long.
fn before_line(text: &str, at: usize) -> &str {
    let low = text.ceil_char_boundary(at.saturating_sub(300));
    let before = &text[low..at];
    &before[before.rfind('\n').map_or(0, |newline| newline + 1)..]
}

/// `Server=...;Password=...;`, `host=... password=...`, `machine ... login ... password ...`.
fn is_connection(text: &str, start: usize, assigned: &Assigned) -> bool {
    let before = before_line(text, start);
    let small = before.to_ascii_lowercase();
    let has = |word: &str| small.contains(word);
    let parts = assigned.terse && before.ends_with(';') && has("=");
    let words =
        assigned.terse && before.ends_with(' ') && (has("user=") || has("host=") || has("dbname="));
    let netrc = assigned.bare && has("machine ") && has("login ");
    parts || words || netrc
}

/// A password where nothing else can stand: short ones too.
pub(super) fn is_password(value: &str) -> bool {
    const COMMON: [&str; 30] = [
        "password",
        "passwd",
        "pass",
        "pwd",
        "secret",
        "postgres",
        "root",
        "admin",
        "guest",
        "test",
        "user",
        "username",
        "mypassword",
        "mypass",
        "mysecret",
        "token",
        "xxx",
        "foo",
        "bar",
        "none",
        "null",
        "key",
        "api_key",
        "apikey",
        "pw",
        "hunter2",
        "abc",
        "pass123",
        "password123",
        "s3cret",
    ];
    let small = value.to_ascii_lowercase();
    value.len() >= 6
        && value.is_ascii()
        && !COMMON.contains(&small.trim_matches(|char: char| !char.is_ascii_alphanumeric()))
        && !small.contains("password")
        && !is_stand_in(value)
        && !value.contains(['{', '}', '$', '<', '(', '[', '|'])
        && !(value.starts_with('%') && value.len() < 12)
        && value.bytes().any(|byte| {
            byte.is_ascii_digit() || byte.is_ascii_punctuation() || byte.is_ascii_uppercase()
        })
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}
