//! What a piece of source code defines, and the first sentence of what it says about itself: told by the shape of its
//! lines, for any language.
//!
//! Names and first sentences are what people search code by; they are kept with a passage as words that place it.

/// Names told of a piece.
const NAMES_MAX: usize = 3;
/// Bytes of a first sentence.
const SENTENCE_BYTES: usize = 200;
/// Lines of a piece that are looked at.
const LINES_MAX: usize = 80;

/// Words that a name follows.
const KEYWORDS: [&str; 20] = [
    "def",
    "fn",
    "func",
    "fun",
    "function",
    "class",
    "struct",
    "enum",
    "trait",
    "interface",
    "module",
    "type",
    "sub",
    "proc",
    "object",
    "record",
    "namespace",
    "protocol",
    "macro_rules!",
    "union",
];
/// Words that may stand before a keyword or a type.
const MODIFIERS: [&str; 26] = [
    "pub",
    "pub(crate)",
    "pub(super)",
    "async",
    "static",
    "public",
    "private",
    "protected",
    "export",
    "default",
    "abstract",
    "final",
    "const",
    "unsafe",
    "extern",
    "\"C\"",
    "inline",
    "override",
    "virtual",
    "open",
    "data",
    "sealed",
    "internal",
    "suspend",
    "partial",
    "local",
];
/// Words before a parenthesis that call nothing and define nothing.
const CONTROL: [&str; 14] = [
    "if", "for", "while", "switch", "return", "catch", "match", "else", "elif", "assert", "with",
    "new", "throw", "await",
];

/// The names that `text` defines at its outermost level, and its first sentence about them, on one line.
pub(super) fn about(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take(LINES_MAX).collect();
    let code = |line: &&&str| !line.trim().is_empty() && comment(line).is_none();
    let outermost = lines.iter().filter(code).map(|line| indent(line)).min().unwrap_or(0);
    let mut about: Vec<&str> = Vec::new();
    for line in lines.iter().filter(|line| indent(line) == outermost) {
        if let Some(name) = name(line).filter(|name| !about.contains(name)) {
            about.push(name);
        }
        if about.len() == NAMES_MAX {
            break;
        }
    }
    let sentence = sentence(&lines);
    let mut about = about.join(" ");
    if !sentence.is_empty() {
        if !about.is_empty() {
            about.push(' ');
        }
        about.push_str(&sentence);
    }
    about
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The name that a line defines.
fn name(line: &str) -> Option<&str> {
    let mut rest = line.trim();
    loop {
        let (word, after) = rest.split_once(char::is_whitespace)?;
        let keyword = word.split_once('<').map_or(word, |(word, _)| word);
        if KEYWORDS.contains(&keyword) {
            return identifier(receiver_skipped(after.trim_start()));
        }
        if !MODIFIERS.contains(&word) {
            break;
        }
        rest = after.trim_start();
    }
    called(rest)
}

/// Go writes a receiver before a method's name.
fn receiver_skipped(rest: &str) -> &str {
    match rest.strip_prefix('(').and_then(|inside| inside.split_once(')')) {
        Some((_, after)) => after.trim_start(),
        None => rest,
    }
}

/// The identifier at the start of `text`.
fn identifier(text: &str) -> Option<&str> {
    let end =
        text.find(|char: char| !(char.is_alphanumeric() || char == '_')).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

/// The name before the parenthesis of a definition as C and Java write it: a type stands before it, a body after it.
fn called(line: &str) -> Option<&str> {
    if !line.ends_with(['{', ')']) {
        return None;
    }
    let (before, _) = line.split_once('(')?;
    let (types, name) = before.trim_end().rsplit_once([' ', '*', '&', '>', ':', '~'])?;
    let first = types.split_whitespace().next()?;
    let plain = !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || char == '_');
    (plain
        && !CONTROL.contains(&first)
        && !CONTROL.contains(&name)
        && !types.contains(['=', '"', '.']))
    .then_some(name)
}

/// The text of a comment line.
fn comment(line: &str) -> Option<&str> {
    const MARKS: [&str; 9] = ["///", "//!", "//", "/**", "/*", "*/", "--", "#", "*"];
    let line = line.trim();
    let bare = MARKS.iter().find_map(|mark| line.strip_prefix(mark))?;
    // `#[attribute]` and `#include` are no words about the code.
    (!line.starts_with("#[")
        && !line.starts_with("#!")
        && !line.starts_with("#include")
        && !line.starts_with("#define"))
    .then(|| bare.trim_end_matches("*/").trim())
}

/// The first sentence of the first comment or documentation string.
fn sentence(lines: &[&str]) -> String {
    let mut words = String::new();
    let mut inside: Option<&str> = None;
    for line in lines {
        let trimmed = line.trim();
        let said = if let Some(quotes) = inside {
            let ends = trimmed.contains(quotes);
            let said = trimmed.split(quotes).next().unwrap_or_default();
            if ends {
                push(&mut words, said);
                break;
            }
            said
        } else if let Some(said) = comment(line) {
            said
        } else if let Some((quotes, said)) = documentation(trimmed) {
            if let Some((said, _)) = said.split_once(quotes) {
                push(&mut words, said);
                break;
            }
            inside = Some(quotes);
            said
        } else if words.is_empty() {
            continue;
        } else {
            break;
        };
        let ends = said.is_empty()
            || [":param", "@param", "@return", "Args:", "Parameters"]
                .iter()
                .any(|mark| said.starts_with(mark));
        if ends && !words.is_empty() {
            break;
        }
        push(&mut words, said);
        if said.ends_with('.') || words.len() >= SENTENCE_BYTES {
            break;
        }
    }
    let first = words.split_once(". ").map_or(words.as_str(), |(first, _)| first);
    first[..first.floor_char_boundary(SENTENCE_BYTES)].to_owned()
}

fn push(words: &mut String, said: &str) {
    if !words.is_empty() && !said.is_empty() {
        words.push(' ');
    }
    words.push_str(said);
}

/// A documentation string that begins on a line.
fn documentation(line: &str) -> Option<(&'static str, &str)> {
    let line = line.trim_start_matches(['r', 'u', 'b']);
    ["\"\"\"", "'''"].into_iter().find_map(|quotes| Some((quotes, line.strip_prefix(quotes)?)))
}

#[cfg(test)]
mod tests;
