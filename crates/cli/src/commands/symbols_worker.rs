//! `lichen symbols-worker`: the process in which blobs are parsed; started by an ingest, never by people.

use std::process::ExitCode;

/// Answers requests on standard input until there are no more.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    lichen_engine::serve_symbols(std::io::stdin(), std::io::stdout())?;
    Ok(ExitCode::SUCCESS)
}
