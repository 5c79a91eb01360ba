//! What the programs print.

use std::io::Write as _;

use anyhow::Result;
use serde::Serialize;

/// Prints a line at once.
pub(crate) fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

/// Prints a value as one line of JSON.
pub(crate) fn say_json(value: &impl Serialize) -> Result<()> {
    say(&serde_json::to_string(value)?)
}

/// Prints rows with columns as wide as their longest cell; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(nth, (cell, &width))| {
            if nth == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        say(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
