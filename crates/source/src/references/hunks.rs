//! Hunks of unified diffs: which lines of which file they leave.

use std::sync::LazyLock;

use lichen_model::{Detector, Lines, Named};
use regex::Regex;

use super::{Found, lines};

static HUNK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@(?: (.*))?$").expect("the pattern is right")
});

pub(super) fn detect(text: &str, found: &mut Found) {
    // The file that the hunks to come are of, before and after.
    let (mut old, mut new): (Option<&str>, Option<&str>) = (None, None);
    let mut in_header = false;
    for (start, line) in lines(text) {
        let span = start..start + line.len();
        if let Some(rest) = line.strip_prefix("diff --git ") {
            (old, new, in_header) = (None, None, true);
            if let Some((_, after)) = rest.split_once(" b/") {
                new = Some(after);
            }
            found.take(span);
        } else if let Some(path) = line.strip_prefix("--- ") {
            (old, in_header) = (file(path), true);
            found.take(span);
        } else if let Some(path) = line.strip_prefix("+++ ") {
            new = file(path).or(old);
            found.take(span);
        } else if let Some(hunk) = HUNK.captures(line) {
            in_header = false;
            let (Some(path), Ok(first)) = (new.or(old), hunk[1].parse::<u32>()) else { continue };
            let count: u32 =
                hunk.get(2).map_or(Some(1), |count| count.as_str().parse().ok()).unwrap_or(1);
            let first = first.max(1);
            let lines = Lines { first, last: first + count.saturating_sub(1) };
            let function = hunk.get(3).map(|text| text.as_str().trim().to_owned());
            let named = Named::Place {
                path: path.to_owned(),
                lines: Some(lines),
                column: None,
                function: function.filter(|text| !text.is_empty()),
            };
            found.add(span, Detector::Hunk, named);
        } else if in_header && (line.starts_with("index ") || line.starts_with("similarity index "))
        {
            // Object ids of blobs, which are no commits.
            found.take(span);
        }
    }
}

/// The path of a `---` or `+++` line; `None` for no file.
fn file(text: &str) -> Option<&str> {
    let path = text.split('\t').next()?.trim_end();
    let path = path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path);
    (path != "/dev/null" && !path.is_empty()).then_some(path)
}
