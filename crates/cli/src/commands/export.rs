//! `lichen export`: everything out of the store, in open formats.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum, ValueHint};
use lichen_engine::ExportFormat;
use lichen_server::wire::human_bytes;
use serde_json::json;

use super::Context;
use crate::output::Output;

/// Write every table to a folder, as Parquet or JSONL
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen export backup/
  lichen export --format jsonl texts/")]
pub(crate) struct ExportArgs {
    /// A folder that does not exist or is empty
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// The format of the files
    #[arg(long, value_enum, default_value_t = Format::Parquet)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Parquet,
    Jsonl,
}

pub(super) fn run(
    args: &ExportArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let dir = context.here().join(&args.dir);
    let format = match args.format {
        Format::Parquet => ExportFormat::Parquet,
        Format::Jsonl => ExportFormat::Jsonl,
    };
    let files = context.open()?.export(&dir, format, &mut context.bars(output))?;
    if output.is_json() {
        let files: Vec<_> = files
            .iter()
            .map(|file| json!({ "table": file.table, "path": file.path, "rows": file.rows, "bytes": file.bytes }))
            .collect();
        output.answer_json(&json!({ "files": files }))?;
    } else {
        let lines: Vec<String> = files
            .iter()
            .map(|file| {
                format!("{:<24} {:>10} rows {:>12}", file.table, file.rows, human_bytes(file.bytes))
            })
            .collect();
        output.answer(&lines.join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
