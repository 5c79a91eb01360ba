//! `lichen sql`: asks the store in SQL, without a way to change it.

use std::fmt::Write as _;
use std::io::Read as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use lichen_engine::{SqlLimits, Table, Value};

use super::Context;
use crate::failure::Refused;
use crate::json;
use crate::output::Output;

/// The widest column of a table on the terminal.
const COLUMN_CHARS_MAX: usize = 60;

/// Ask in SQL: read-only, without access to files
///
/// The tables are described in `docs/data.md`; `recall('question', k)` is a table function that joins with them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen sql 'FROM git_commits LIMIT 5'
  lichen sql \"SELECT r.rank, m.author, m.text FROM recall('one owner', 20) r JOIN messages m ON m.message_id = r.owner_id\"
  lichen sql --format csv 'SELECT author, count(*) FROM messages GROUP BY ALL' > authors.csv
  echo 'SELECT 1' | lichen sql -")]
pub(crate) struct SqlArgs {
    /// One statement; `-` reads it from standard input
    query: String,
    /// How to write the rows
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// At most so many rows
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    rows: usize,
    /// At most so many seconds
    #[arg(long, default_value_t = 30.0, value_name = "SECONDS")]
    timeout: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

pub(super) fn run(
    args: &SqlArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let query = match args.query.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
        query => query.to_owned(),
    };
    let timeout = Duration::try_from_secs_f64(args.timeout)
        .map_err(|_| Refused::user(format!("`{}` is not a number of seconds", args.timeout)))?;
    let table =
        context.open_prepared(output)?.sql(&query, SqlLimits { rows: args.rows, timeout })?;
    let format = if output.is_json() { Format::Json } else { args.format };
    match format {
        Format::Json => output.answer_json(&json::table(&table))?,
        Format::Csv => output.answer(&csv(&table))?,
        Format::Table => output.answer(&grid(&table))?,
    }
    if table.truncated && format != Format::Json {
        output.note(&format!("only the first {} rows; more with --rows", table.rows.len()));
    }
    Ok(ExitCode::SUCCESS)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(value) => value.clone(),
    }
}

/// Comma-separated values as in RFC 4180, with a header.
fn csv(table: &Table) -> String {
    let quoted = |text: &str| {
        if text.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let mut text = String::new();
    let header: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let _ = writeln!(text, "{}", header.join(","));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|value| quoted(&cell(value))).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

/// Columns side by side, long cells cut.
fn grid(table: &Table) -> String {
    let shown = |text: String| {
        let line = lichen_engine::printable(&text).replace(['\n', '\t'], " ");
        if line.chars().count() > COLUMN_CHARS_MAX {
            line.chars().take(COLUMN_CHARS_MAX - 3).chain("...".chars()).collect()
        } else {
            line
        }
    };
    let header: Vec<String> =
        table.columns.iter().map(|column| shown(column.name.clone())).collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|value| shown(cell(value))).collect()).collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|at| {
            rows.iter().chain([&header]).map(|row| row[at].chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::new();
    for cells in [&header, &rule].into_iter().chain(&rows) {
        let _ = writeln!(text, "{}", line(cells));
    }
    text
}
