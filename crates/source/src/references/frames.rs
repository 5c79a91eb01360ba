//! Frames of stack traces, and places as compilers and test runners give them, in the forms of each language.

use std::sync::LazyLock;

use lichen_model::{Detector, Lines, Named};
use regex::{Captures, Regex};

use super::{Found, lines};

/// One form of a frame: its groups are `path`, and where the form has them `line`, `column`, `function`.
struct Form {
    /// What every frame of the form holds: looked for before the pattern is tried.
    hint: &'static str,
    pattern: Regex,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    [
        // Python
        ("File \"", r#"File "(?P<path>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<function>\S+))?"#),
        // JavaScript and TypeScript
        ("at ", r"\bat (?:(?P<function>[^()\n]{1,200}?) \()(?P<path>[^()\s]+?):(?P<line>\d+):(?P<column>\d+)\)"),
        ("at ", r"\bat (?:async )?(?P<path>(?:file://|/|\.{0,2}/|[A-Za-z]:[\\/]|[\w@.-]+/)[^()\s:]*?):(?P<line>\d+):(?P<column>\d+)"),
        // Java, Kotlin, Scala: the file's name alone; the class tells the rest
        ("at ", r"\bat (?P<function>[\w.$<>/@]+)\((?P<path>[^():\s]+\.(?:java|kt|scala|groovy)):(?P<line>\d+)\)"),
        // .NET
        (":line ", r"\bat (?P<function>[^()\n]{1,200}\([^()\n]*\)) in (?P<path>[^\n:]+(?::[\\/][^\n:]+)?):line (?P<line>\d+)"),
        // Ruby
        (".rb:", r"(?P<path>[^\s:()]+\.rb):(?P<line>\d+):in [`'](?P<function>[^'\n]+)'"),
        // PHP
        ("#", r"#\d+ (?P<path>[^\s()]+\.php)\((?P<line>\d+)\)"),
        // Go, behind the line of its function
        (".go:", r"^\s+(?P<path>\S+\.go):(?P<line>\d+)(?: \+0x[0-9a-f]+)?\s*$"),
        // Rust
        ("panicked at ", r"panicked at (?P<path>[^\s:']+):(?P<line>\d+):(?P<column>\d+)"),
        ("--> ", r"--> (?P<path>[^\s:]+):(?P<line>\d+):(?P<column>\d+)"),
        (".rs:", r"^\s+at (?P<path>[^\s:]+\.rs):(?P<line>\d+)(?::(?P<column>\d+))?"),
        // Compilers of C and many others
        (": ", r"^(?P<path>[^\s:()]+):(?P<line>\d+):(?:(?P<column>\d+):)? (?:fatal )?(?:error|warning|note)\b"),
        // TypeScript's and Microsoft's compilers
        ("): ", r"^(?P<path>[^\s()]+)\((?P<line>\d+),(?P<column>\d+)\): (?:error|warning)\b"),
        // pytest
        (".py::", r"(?P<path>[^\s:]+\.py)::(?P<function>\w+(?:::\w+)*)"),
        // gdb
        (" at ", r"^#\d+ .* at (?P<path>[^\s:]+):(?P<line>\d+)$"),
    ]
    .into_iter()
    .map(|(hint, pattern)| Form {
        hint,
        pattern: Regex::new(pattern).expect("the pattern is right"),
    })
    .collect()
});

pub(super) fn detect(text: &str, found: &mut Found) {
    for (start, line) in lines(text) {
        for form in FORMS.iter().filter(|form| line.contains(form.hint)) {
            for frame in form.pattern.captures_iter(line) {
                let whole = frame.get(0).expect("a match has a whole");
                if let Some(named) = place(&frame) {
                    let leading = whole.as_str().len() - whole.as_str().trim_start().len();
                    let span = start + whole.start() + leading..start + whole.end();
                    found.add(span, Detector::Frame, named);
                }
            }
        }
    }
}

fn place(frame: &Captures<'_>) -> Option<Named> {
    let number = |name: &str| frame.name(name).map(|text| text.as_str().parse::<u32>().ok());
    let line = match number("line") {
        Some(line) => Some(line.filter(|line| *line > 0)?),
        None => None,
    };
    let path = frame.name("path")?.as_str().trim();
    let path = path.strip_prefix("file://").unwrap_or(path);
    // Frames of programs without sources: `<string>`, `[native code]`.
    let is_path = path.chars().any(char::is_alphanumeric) && !path.contains(['<', '>']);
    is_path.then(|| Named::Place {
        path: path.to_owned(),
        lines: line.map(Lines::one),
        column: number("column").flatten(),
        function: frame.name("function").map(|text| text.as_str().trim().to_owned()),
    })
}
