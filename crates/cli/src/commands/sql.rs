//! `lichen sql`: asks the store in SQL, without a way to change it.

use std::io::Read as _;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use lichen_server::Shape;
use lichen_server::ask::{Ask, SqlAsk, TableFormat};

use super::{Context, shape};
use crate::output::Output;

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
    let format = match args.format {
        Format::Csv => TableFormat::Csv,
        Format::Table | Format::Json => TableFormat::Table,
    };
    let ask = Ask::Sql(SqlAsk { query, rows: args.rows, timeout: args.timeout, format });
    let shape = if args.format == Format::Json { Shape::Json } else { shape(output) };
    let reply = context.memory(output, true)?.ask(&ask, shape)?;
    output.answer(&reply.body)?;
    for note in &reply.notes {
        output.note(note);
    }
    Ok(ExitCode::SUCCESS)
}
