//! Jupyter notebooks: the text of their cells in the percent format, without outputs.

use serde_json::Value;

use crate::passage::{self, CODE_CELL, MARKDOWN_CELL};

/// The text of a notebook of format 3, 4 or later; the message says why it is none.
pub(super) fn text(json: &str) -> Result<String, String> {
    let notebook: Value = serde_json::from_str(json)
        .map_err(|error| format!("is no notebook ({error}); left out"))?;
    let cells = notebook
        .get("cells")
        .or_else(|| notebook.pointer("/worksheets/0/cells"))
        .and_then(Value::as_array);
    let cells = cells.ok_or("is no notebook (it has no cells); left out")?;
    let mut text = String::new();
    for cell in cells {
        let source =
            cell.get("source").or_else(|| cell.get("input")).map(lines).unwrap_or_default();
        if source.trim().is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let code = cell.get("cell_type").and_then(Value::as_str) == Some("code");
        text.push_str(if code { CODE_CELL } else { MARKDOWN_CELL });
        text.push('\n');
        text.push_str(source.trim_end());
        text.push('\n');
    }
    Ok(text)
}

/// The first heading of any cell of prose.
pub(super) fn title(text: &str) -> Option<String> {
    let cells = text
        .split(CODE_CELL)
        .filter_map(|cell| cell.strip_prefix(MARKDOWN_CELL.strip_prefix(CODE_CELL)?));
    cells.into_iter().find_map(passage::first_markdown_heading)
}

/// A string, or the strings of an array one after another.
fn lines(source: &Value) -> String {
    match source {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}
