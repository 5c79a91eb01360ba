//! Notebooks as text in the percent format: `# %%` opens a code cell, `# %% [markdown]` one of prose.

use super::pack;
use super::{MAX_BYTES, Piece, code, markdown};

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
        let above = u32::try_from(line).unwrap_or(u32::MAX);
        let cut = if at == 0 { code::cut_code(cell) } else { cut_cell(cell, prose) };
        pieces.extend(cut.into_iter().map(|piece| Piece {
            span: start + piece.span.start..start + piece.span.end,
            line: piece.line.saturating_add(above),
            ..piece
        }));
    }
    pieces
}

/// Cuts a cell. The line that opens it says nothing, yet it belongs to the first piece.
fn cut_cell(cell: &str, prose: bool) -> Vec<Piece> {
    let mark = cell.find('\n').map_or(cell.len(), |end| end + 1);
    let body = &cell[mark..];
    let mut pieces = if prose { markdown::cut_markdown(body) } else { code::cut_code(body) };
    for piece in &mut pieces {
        piece.span = piece.span.start + mark..piece.span.end + mark;
        piece.line += 1;
    }
    match pieces.first_mut() {
        Some(first) if first.span.end <= MAX_BYTES => {
            first.span.start = 0;
            first.line = 1;
        }
        _ => {
            let span = 0..cell[..mark].trim_end().len();
            pieces.insert(0, Piece { span, line: 1, context: String::new(), code: !prose });
        }
    }
    pieces
}

fn opens_cell(line: &str) -> Option<bool> {
    let rest = line.trim_end().strip_prefix(CODE_CELL)?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim_start().starts_with("[markdown]"))
}
