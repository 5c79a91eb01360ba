//! What a secret looks like, and what only looks like one.

/// Words that stand where a secret will: in small letters.
const STAND_INS: [&str; 27] = [
    "example",
    "your",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "dummy",
    "redacted",
    "replace",
    "insert",
    "xxxx",
    "****",
    "....",
    "0000000",
    "1111111",
    "deadbeef",
    "foobar",
    "1234567890",
    "0123456789",
    "abcdefgh",
    "00000000",
    "fffffff",
    "lorem",
    "<",
    ">",
    "…",
    "not-a-real",
];
/// Words of which a value in code and its tests is made, but rarely a secret.
const PLAIN_WORDS: [&str; 40] = [
    "password",
    "passwd",
    "secret",
    "token",
    "test",
    "sample",
    "admin",
    "qwerty",
    "letmein",
    "hunter",
    "hello",
    "world",
    "user",
    "foo",
    "bar",
    "baz",
    "demo",
    "fake",
    "mock",
    "invalid",
    "wrong",
    "correct",
    "default",
    "null",
    "none",
    "true",
    "false",
    "undefined",
    "string",
    "value",
    "name",
    "field",
    "account",
    "client",
    "server",
    "config",
    "abc123",
    "12345",
    "some",
    "login",
];

/// Whether a text stands in for a secret.
pub(super) fn is_stand_in(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    STAND_INS.iter().any(|word| small.contains(word)) || entropy(text.as_bytes()) < 2.0
}

/// Bits a byte, by how often each stands in the text.
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in text {
        counts[usize::from(byte)] += 1;
    }
    let len = text.len().max(1) as f64;
    let bits = |&count: &u32| {
        let share = f64::from(count) / len;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(bits).sum()
}

pub(super) fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A UUID, with or without braces.
pub(super) fn is_uuid(text: &str) -> bool {
    let text = text.trim_matches(['{', '}']).as_bytes();
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// How sure the name of what is assigned to makes us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trust {
    /// A token: it may be a word of a language as well.
    Token,
    /// A key or secret: it was made by a machine.
    Key,
    /// A password: a person may have chosen it.
    Password,
}

/// Whether a value that is assigned to such a name is a secret.
pub(super) fn is_secret(value: &str, trust: Trust) -> bool {
    let len = value.len();
    let len_min = match trust {
        Trust::Password => 8,
        Trust::Key | Trust::Token => 16,
    };
    if !(len_min..=1024).contains(&len) || !value.is_ascii() || is_stand_in(value) {
        return false;
    }
    let bytes = value.as_bytes();
    if bytes.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) {
        return false;
    }
    if is_uuid(value) {
        return trust == Trust::Key;
    }
    if is_reference(value) || is_time_or_version(value) {
        return false;
    }
    let unprefixed = value.strip_prefix("0x").unwrap_or(value);
    if is_hex(unprefixed) {
        let digits = unprefixed.bytes().filter(u8::is_ascii_digit).count();
        return unprefixed.len() >= 16
            && digits > 1
            && digits < unprefixed.len()
            && entropy(unprefixed.as_bytes()) >= 2.7;
    }
    let small = value.to_ascii_lowercase();
    let plain: usize =
        PLAIN_WORDS.iter().filter(|word| small.contains(**word)).map(|word| word.len()).sum();
    if plain > 0 && plain * 4 > len {
        return false;
    }
    let lower = bytes.iter().any(u8::is_ascii_lowercase);
    let upper = bytes.iter().any(u8::is_ascii_uppercase);
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let symbols = bytes.iter().filter(|byte| byte.is_ascii_punctuation()).count();
    let odd = bytes
        .iter()
        .filter(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'-' | b'.' | b'/'))
        .count();
    let kinds = usize::from(lower) + usize::from(upper) + usize::from(digits > 0);
    if digits == 0 && odd == 0 {
        // Letters alone: long enough, and not as words are spelt.
        if trust == Trust::Password && len >= 12 && is_jumbled(value) {
            return true;
        }
        return kinds == 2
            && symbols * 6 < len
            && len >= 20
            && !is_spelt(value)
            && entropy(bytes) >= 3.8;
    }
    if kinds < 2 && odd == 0 {
        return false;
    }
    if is_spelt(value) {
        // A person makes a password of a word, digits and a sign.
        return trust == Trust::Password && digits >= 2 && odd > 0 && odd * 4 < len && kinds == 3;
    }
    let bits = entropy(bytes);
    match trust {
        Trust::Password => bits >= 2.75 && (kinds + usize::from(odd > 0) >= 3 || len >= 10),
        Trust::Key => bits >= 3.0 && (digits > 1 || kinds == 3),
        Trust::Token => bits >= 3.2 && (digits > 1 || is_jumbled(value)),
    }
}

/// Whether small letters, capitals and digits follow each other as they do in no name.
pub(super) fn is_jumbled(text: &str) -> bool {
    let kind = |byte: &u8| (byte.is_ascii_lowercase(), byte.is_ascii_uppercase());
    let letters: Vec<_> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let turns = letters.windows(2).filter(|two| kind(&two[0]) != kind(&two[1])).count();
    turns * 3 >= letters.len() && !is_spelt(text)
}

/// Whether most of a text is words: runs of letters that go on as words do, joined by case, digits or dashes.
fn is_spelt(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut in_words = 0;
    let mut start = 0;
    while start < bytes.len() {
        let mut end = start;
        while end < bytes.len() && bytes[end].is_ascii_alphabetic() {
            // A word ends where a capital follows a small letter.
            if end > start && bytes[end].is_ascii_uppercase() && bytes[end - 1].is_ascii_lowercase()
            {
                break;
            }
            end += 1;
        }
        let word = &bytes[start..end];
        if word.len() >= 4 && is_word(word) {
            in_words += word.len();
        }
        start = end.max(start + 1);
    }
    in_words * 2 >= bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count()
}

/// A run of letters in one case (a capital may lead) with vowels where words have them.
fn is_word(word: &[u8]) -> bool {
    let rest = &word[1..];
    let one_case =
        rest.iter().all(u8::is_ascii_lowercase) || word.iter().all(u8::is_ascii_uppercase);
    let vowel =
        |byte: &u8| matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    let vowels = word.iter().filter(|byte| vowel(byte)).count();
    let longest = word.split(vowel).map(<[u8]>::len).max().unwrap_or(0);
    one_case && vowels * 5 >= word.len() && longest <= 4
}

/// Code or a template that names a value somewhere else.
fn is_reference(value: &str) -> bool {
    let bytes = value.as_bytes();
    let first = bytes[0];
    let starts = matches!(
        first,
        b'$' | b'%'
            | b'&'
            | b'*'
            | b'/'
            | b'~'
            | b'('
            | b'['
            | b'{'
            | b'\\'
            | b':'
            | b','
            | b';'
            | b'|'
            | b'='
    ) || value.starts_with("./")
        || value.starts_with("../")
        || value.starts_with("@/")
        || (value.starts_with("--") && !value.contains('='));
    let holds = [
        "${", "{{", "$(", "%(", "%s", "://", "()", "->", "::", "=>", "==", "||", "&&", "\\u00",
        "+=", "({", "[0",
    ]
    .iter()
    // What fills up Base64 compares nothing.
    .any(|mark| value.trim_end_matches('=').contains(mark));
    // `f(x)`, `a[b]`: a name and what it is applied to.
    let call = value.find(['(', '[']).is_some_and(|at| {
        at > 0
            && bytes[..at].iter().all(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'!')
            })
    });
    // `config.api.key2`, `a/b/c.pem`: names with dots or slashes between them.
    let names = |separator: char| {
        value.contains(separator)
            && value.split(separator).all(|name| {
                let name = name.as_bytes();
                !name.is_empty() && name.len() < 24 && (is_name(name))
            })
    };
    starts || holds || call || names('.') || names('/')
}

/// As programs name things: words, few digits, and those at the end of a word.
fn is_name(name: &[u8]) -> bool {
    let ok = name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let turns = name
        .windows(2)
        .filter(|two| two[0].is_ascii_digit() && two[1].is_ascii_alphabetic())
        .count();
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    ok && turns == 0 && digits <= 3
}

/// Digits and what stands between them in times, versions, addresses and numbers.
fn is_time_or_version(value: &str) -> bool {
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    letters <= 3
        && digits > 0
        && value.bytes().all(|byte| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'.' | b'-' | b'+' | b':' | b'_' | b'/' | b',')
        })
}

#[cfg(test)]
mod tests;
