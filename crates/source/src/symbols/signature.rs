//! A declaration on one line: its tokens, with blanks where reading needs them and never where layout put them.

/// Longer ones are cut.
const BYTES_MAX: usize = 1_000;

/// Joins the tokens of a declaration.
pub(super) fn join<'a>(tokens: impl Iterator<Item = (&'a [u8], bool)>) -> String {
    let mut joined = String::new();
    let mut previous = String::new();
    let mut was_in_string = false;
    for (token, in_string) in tokens {
        let token = String::from_utf8_lossy(token);
        let token = if in_string { token.as_ref() } else { token.trim() };
        if token.is_empty() {
            continue;
        }
        let glued = in_string && was_in_string;
        was_in_string = in_string;
        if !previous.is_empty() && !glued && is_apart(&previous, token) {
            joined.push(' ');
        }
        // A literal over several lines.
        let mut lines = token.lines();
        joined.push_str(lines.next().unwrap_or_default());
        for line in lines {
            joined.push(' ');
            joined.push_str(line.trim());
        }
        previous.clear();
        previous.push_str(token);
        if joined.len() > BYTES_MAX {
            break;
        }
    }
    let mut end = joined.as_str();
    while let Some(shorter) = ["=>", "=", ":", "{", ";", ",", " default"]
        .iter()
        .find_map(|end_mark| end.strip_suffix(end_mark))
    {
        end = shorter.trim_end();
    }
    end[..end.floor_char_boundary(BYTES_MAX)].to_owned()
}

/// Whether a blank stands between two tokens.
fn is_apart(before: &str, after: &str) -> bool {
    match (before, after) {
        ("," | "=", "[" | "..." | "?") => true,
        (_, "," | ";" | ")" | "]" | "." | "?" | "::" | "?." | "[" | "..." | ":" | ">" | "\\") => {
            false
        }
        ("," | ":" | "=" | "->" | "=>" | "|" | "&&" | "||", "(" | "<") => true,
        (_, "(" | "<") => false,
        (
            "(" | "[" | "." | "::" | "?." | "!" | "~" | "<" | "@" | "#" | "..." | "$" | "\\" | "'"
            | "&" | "*",
            _,
        ) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
