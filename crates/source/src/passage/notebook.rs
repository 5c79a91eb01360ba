//! Notebooks as text in the percent format: `# %%` opens a code cell, `# %% [markdown]` one of prose.

use super::pack;
use super::{Piece, code, markdown};

/// The line that opens a code cell.
pub(crate) const CODE_CELL: &str = "# %%";
/// The line that opens a cell of prose.
pub(crate) const MARKDOWN_CELL: &str = "# %% [markdown]";

/// Cuts each cell by what it holds. The context of prose is the path of headings in its cell, that of code the
/// definitions around it.
pub fn cut_notebook(text: &str) -> Vec<Piece> {
    let mut starts: Vec<(usize, bool)> = vec![(0, false)];
    for (range, line) in pack::lines(text, 0..text.len()) {
        if let Some(prose) = opens_cell(line) {
            starts.push((range.start, prose));
        }
    }
    let mut pieces = Vec::new();
    let mut line = 0;
    let mut counted = 0;
    for (at, &(start, prose)) in starts.iter().enumerate() {
        let end = starts.get(at + 1).map_or(text.len(), |next| next.0);
        let cell = &text[start..end];
        line += pack::line_ends(&text[counted..start]);
        counted = start;
        let cut = if prose { markdown::cut_markdown(cell) } else { code::cut_code(cell) };
        let above = u32::try_from(line).unwrap_or(u32::MAX);
        pieces.extend(cut.into_iter().map(|piece| Piece {
            span: start + piece.span.start..start + piece.span.end,
            line: piece.line.saturating_add(above),
            ..piece
        }));
    }
    pieces
}

fn opens_cell(line: &str) -> Option<bool> {
    let rest = line.trim_end().strip_prefix(CODE_CELL)?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim_start().starts_with("[markdown]"))
}
