//! The changes that a model proposes in an answer: `SEARCH` and `REPLACE` blocks, and unified diffs in fences.

use std::path::{Path, PathBuf};

use lichen_model::ToolCall;
use serde_json::json;

use crate::messages::agent::tools;

/// The tool that a change is kept as a call of.
const TOOL: &str = "edit";

/// The changes of an answer, in order. `root` is the folder that paths count from.
pub(super) fn read(text: &str, roots: &[PathBuf], root: &Path) -> Vec<ToolCall> {
    let mut calls = Vec::new();
    let mut lines = text.lines();
    // The file's name stands alone in the line before the block, or before its fence.
    let mut above = "";
    while let Some(line) = lines.next() {
        if is_mark(line, '<', "SEARCH") {
            if let Some((old, new)) = block(&mut lines) {
                let input = json!({ "path": name(above), "old_string": old, "new_string": new });
                calls.push(tools::call("", TOOL, &input, roots, root));
            }
        } else if line.trim_end() == "```diff" {
            calls.extend(diff(&mut lines, roots, root));
        } else if !line.trim().is_empty() && !line.starts_with("```") {
            above = line;
        }
    }
    calls
}

/// A line of five to nine marks and a word.
fn is_mark(line: &str, mark: char, word: &str) -> bool {
    let rest = line.trim_start_matches(mark);
    (5..=9).contains(&(line.len() - rest.len())) && rest.trim() == word
}

/// What is searched for, and what takes its place; `None` if the block does not end.
fn block<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<(String, String)> {
    let mut part = |end: &dyn Fn(&str) -> bool| {
        let mut text = String::new();
        loop {
            let line = lines.next()?;
            if end(line) {
                return Some(text);
            }
            text.push_str(line);
            text.push('\n');
        }
    };
    let old = part(&|line| is_mark(line, '=', ""))?;
    let new = part(&|line| is_mark(line, '>', "REPLACE"))?;
    Some((old, new))
}

/// A file's name without what Markdown puts around it.
fn name(line: &str) -> &str {
    line.trim().trim_matches(['`', '*', ':', '#']).trim()
}

/// A unified diff, up to the end of its fence; one call for every file.
fn diff<'a>(
    lines: &mut impl Iterator<Item = &'a str>,
    roots: &[PathBuf],
    root: &Path,
) -> Vec<ToolCall> {
    let mut files: Vec<(String, String)> = Vec::new();
    let mut before = None;
    for line in lines.by_ref().take_while(|line| line.trim_end() != "```") {
        match (line.strip_prefix("--- "), line.strip_prefix("+++ ")) {
            (Some(_), _) => before = Some(line),
            (_, Some(path)) if before.is_some() => {
                let path = path.trim();
                let path = path.strip_prefix("b/").unwrap_or(path);
                let header = format!("{}\n{line}\n", before.take().unwrap_or_default());
                files.push((path.to_owned(), header));
            }
            _ => {
                if let Some((_, body)) = files.last_mut() {
                    body.push_str(line);
                    body.push('\n');
                }
            }
        }
    }
    let call = |(path, body): (String, String)| {
        let mut call = tools::call("", TOOL, &json!({ "path": path, "diff": body }), roots, root);
        call.patch = Some(body);
        call
    };
    files.into_iter().map(call).collect()
}

#[cfg(test)]
mod tests;
