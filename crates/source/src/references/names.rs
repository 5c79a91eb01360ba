//! Names of symbols, in the forms in which people write them among words. A plain word is never taken for one.

use std::sync::LazyLock;

use lichen_model::{Detector, NameForm, Named};
use regex::Regex;

use super::{Found, after, before, is_word};

/// A name of one or more parts, with the marks that languages put between them, and a call's brackets.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z_$][\w$]*(?:(?:::|\.|#|->)~?[A-Za-z_$][\w$]*)*(?P<call>\((?P<inside>[^()\n]{0,80})\))?")
        .expect("the pattern is right")
});
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`([^`\n]{1,200})`").expect("the pattern is right"));
/// Parts of one name.
const PARTS_MAX: usize = 8;

pub(super) fn detect(text: &str, found: &mut Found) {
    for quoted in QUOTED.captures_iter(text) {
        let (Some(whole), Some(inside)) = (quoted.get(0), quoted.get(1)) else { continue };
        if let Some(path) = whole_name(inside.as_str()) {
            let form = if path.len() > 1 { NameForm::Qualified } else { NameForm::Quoted };
            found.add(whole.range(), Detector::Symbol, Named::Symbol { path, form });
        } else {
            // Code in backticks: the names in it that are called or qualified.
            in_prose(text, inside.range(), found);
        }
    }
    in_prose(text, 0..text.len(), found);
}

fn in_prose(text: &str, range: std::ops::Range<usize>, found: &mut Found) {
    let mut from = range.start;
    while let Some(name) = NAME.captures(&text[from..range.end]) {
        let Some(whole) = name.get(0) else { break };
        let bare = whole.as_str().split('(').next().unwrap_or_default();
        let start = from + whole.start();
        let inside = name.name("inside").is_some_and(|inside| !inside.is_empty());
        // What a call is given is looked through, too.
        let end = if inside { start + bare.len() } else { from + whole.end() };
        from = end.max(start + 1);
        if !stands_alone(text, &(start..end), name.name("call").is_some()) {
            continue;
        }
        let called = name.name("call").is_some();
        let path = parts(bare);
        let form = if path.len() > 1 && is_qualified(bare, &path, called) {
            NameForm::Qualified
        } else if path.len() == 1 && called && is_call(&name) {
            NameForm::Called
        } else if path.len() == 1 && !called && is_shaped(bare) {
            NameForm::Shaped
        } else {
            continue;
        };
        found.add(start..end, Detector::Symbol, Named::Symbol { path, form });
    }
}

/// Whether a name is not part of something longer. Calls may stand side by side: `read()/write()`.
fn stands_alone(text: &str, span: &std::ops::Range<usize>, called: bool) -> bool {
    let begins = match before(text, span.start) {
        None => true,
        Some('/') => text[..span.start].ends_with(")/"),
        Some(char) => !is_word(char) && !matches!(char, '@' | '\\' | '.' | '-' | '$' | '%' | '&'),
    };
    let ends = match after(text, span.end) {
        Some('/') => called,
        Some(char) => !is_word(char) && char != '@',
        None => true,
    };
    begins && ends
}

/// The parts of a name that was taken for that of a file, as `Parser.next`; `None` where it has the form of none.
pub(super) fn qualified(text: &str) -> Option<Vec<String>> {
    let whole = NAME.find(text).filter(|found| found.len() == text.len())?;
    let path = parts(whole.as_str());
    (path.len() > 1 && !text.contains('(') && is_qualified(text, &path, false)).then_some(path)
}

/// The parts of a text that is one name and nothing else.
fn whole_name(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let text = text.strip_suffix('!').unwrap_or(text);
    let text = text.trim_start_matches(['&', '*', '@', '.', '#', ':']);
    let found = NAME.captures(text)?;
    let whole = found.get(0)?;
    if whole.as_str().len() != text.len() {
        return None;
    }
    let bare = text.split('(').next()?;
    let letters = bare.chars().filter(|char| char.is_alphabetic()).count();
    (letters >= 2).then(|| parts(bare)).filter(|path| path.len() <= PARTS_MAX)
}

fn parts(name: &str) -> Vec<String> {
    name.split(['.', '#', ':', '-', '>'])
        .map(|part| part.trim_start_matches('~'))
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a name of several parts stands for one in code: marks that prose has not, a call, or a form that words have not.
fn is_qualified(bare: &str, path: &[String], called: bool) -> bool {
    if path.len() > PARTS_MAX {
        return false;
    }
    if bare.contains("::") || bare.contains("->") || called {
        return true;
    }
    // `example.com`, `e.g`: a stop between plain words says little.
    let shaped = path.iter().any(|part| is_shaped(part));
    let typed = path.first().is_some_and(|part| {
        part.len() > 2
            && part.starts_with(char::is_uppercase)
            && part.chars().any(char::is_lowercase)
    });
    path.iter().all(|part| part.len() > 1) && (shaped || typed && path.len() == 2)
}

/// Whether brackets behind a name are a call's: `next()`, `next(a, b)`; not `word (an aside)`.
fn is_call(name: &regex::Captures<'_>) -> bool {
    let inside = name.name("inside").map_or("", |text| text.as_str());
    let bare = name.get(0).map_or("", |text| text.as_str());
    let bare = bare.split('(').next().unwrap_or_default();
    let words = inside.split_whitespace().count();
    bare.len() > 1 && (inside.is_empty() || words <= 1 || inside.contains([',', '=', ':', '"', '&']))
        // A plural: `file(s)`.
        && !matches!(inside, "s" | "es" | "ies")
}

/// Whether a word has a form that prose has not: `camelCase`, `CamelCase`, `snake_case`, `CONSTANT_CASE`.
fn is_shaped(word: &str) -> bool {
    let inner = word.trim_matches(['_', '$']);
    let snake =
        inner.contains('_') && inner.chars().filter(|char| char.is_alphabetic()).count() > 2;
    let mut humps = 0;
    let mut lower_before = false;
    for char in inner.chars() {
        if char.is_uppercase() && lower_before {
            humps += 1;
        }
        lower_before = char.is_lowercase() || char.is_ascii_digit();
    }
    let has_lower = inner.chars().any(char::is_lowercase);
    // `JSONEncoder`, `CURLcode`; not `APIs`.
    let capitals = inner.chars().take_while(|char| char.is_uppercase()).count();
    let acronym = capitals > 1 && inner.chars().filter(|char| char.is_lowercase()).count() > 2;
    // `GitHub`, `JavaScript` and the like are words of prose.
    snake || (humps > 0 || acronym) && has_lower && inner.len() > 4 && !is_brand(inner)
}

/// Names of products that are written in the form of symbols.
fn is_brand(word: &str) -> bool {
    const BRANDS: [&str; 34] = [
        "GitHub",
        "GitLab",
        "JavaScript",
        "TypeScript",
        "CoffeeScript",
        "PostgreSQL",
        "MySQL",
        "SQLite",
        "NoSQL",
        "MongoDB",
        "DuckDB",
        "OpenSSL",
        "LibreSSL",
        "OpenAI",
        "ChatGPT",
        "YouTube",
        "LinkedIn",
        "FreeBSD",
        "OpenBSD",
        "NetBSD",
        "macOS",
        "WebAssembly",
        "IntelliJ",
        "PyPI",
        "NumPy",
        "SciPy",
        "OAuth2",
        "GraphQL",
        "DevOps",
        "WebSocket",
        "StackOverflow",
        "BitBucket",
        "CircleCI",
        "AppVeyor",
    ];
    BRANDS.contains(&word)
}
