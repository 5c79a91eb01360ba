//! Texts whose literals are in pieces: joined, so that a key in two of them is looked at as one.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// What may stand between two pieces: the quotes around an operator or a line's end, or a line that goes on. The
/// letters beside it are looked at apart.
static GLUE: LazyLock<Regex> = LazyLock::new(|| {
    let operator = r"(?:[+.&]|\\\\)?";
    let line = r"(?:[ \t]*\r?\n[ \t]*)?";
    let pattern =
        format!(r#"["'`][ \t]*{operator}{line}[ \t]*{operator}[ \t]*["'`]|\\\r?\n[ \t]*"#);
    Regex::new(&pattern).expect("the pattern is valid")
});
/// Pieces of a text that are joined; there is no end of them in generated code.
const GLUES_MAX: usize = 10_000;

/// A text without what stands between its pieces.
pub(super) struct Joined {
    pub(super) text: String,
    /// Where something was left out of the joined text, and how much up to there, itself included.
    cuts: Vec<(usize, usize)>,
}

impl Joined {
    /// Joins a text; `None` for one in which nothing is split.
    pub(super) fn new(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let of_key = |at: Option<usize>| {
            at.and_then(|at| bytes.get(at))
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/=_-.:!#*%?~".contains(byte))
        };
        let mut joined = String::new();
        let (mut cuts, mut at, mut left_out) = (Vec::new(), 0, 0);
        for glue in GLUE.find_iter(text).take(GLUES_MAX) {
            let span = glue.range();
            let quoted = bytes[span.start] != b'\\';
            let same = bytes[span.start] == bytes[span.end - 1];
            let empty = glue.as_str()[1..].trim_matches([' ', '\t']).len() < 2;
            if !of_key(span.start.checked_sub(1))
                || !of_key(Some(span.end))
                || (quoted && (!same || empty))
            {
                continue;
            }
            joined.push_str(&text[at..span.start]);
            left_out += span.len();
            cuts.push((joined.len(), left_out));
            at = span.end;
        }
        if cuts.is_empty() {
            return None;
        }
        joined.push_str(&text[at..]);
        Some(Self { text: joined, cuts })
    }

    /// Where a span of the joined text stands in the text; `None` for one that is in one piece there.
    pub(super) fn split(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let before = |at: usize| match self.cuts.partition_point(|(cut, _)| *cut <= at) {
            0 => 0,
            count => self.cuts[count - 1].1,
        };
        let last = span.end.checked_sub(1)?;
        let (start, end) = (before(span.start), before(last));
        (start != end).then(|| span.start + start..span.end + end)
    }
}

#[cfg(test)]
mod tests;
