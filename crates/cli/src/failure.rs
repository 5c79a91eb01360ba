//! The one table from kinds of failure to exit codes, and how failures are told.

use std::process::ExitCode;

use lichen_engine::ErrorKind;

use crate::output::Output;

const INTERRUPTED: u8 = 130;

/// A failure that the command line itself finds.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Refused {
    pub(crate) kind: ErrorKind,
    pub(crate) what: String,
}

impl Refused {
    pub(crate) fn user(what: impl Into<String>) -> Self {
        Self { kind: ErrorKind::User, what: what.into() }
    }

    pub(crate) fn config(what: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Config, what: what.into() }
    }
}

fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Internal => 1,
        ErrorKind::User => 2,
        ErrorKind::Config => 3,
        ErrorKind::NotFound => 4,
        ErrorKind::Busy => 5,
        ErrorKind::Cancelled => INTERRUPTED,
    }
}

fn kind_of(error: &anyhow::Error) -> ErrorKind {
    if let Some(error) = error.downcast_ref::<lichen_server::Error>() {
        error.kind()
    } else if let Some(error) = error.downcast_ref::<lichen_engine::Error>() {
        error.kind()
    } else if let Some(refused) = error.downcast_ref::<Refused>() {
        refused.kind
    } else {
        ErrorKind::Internal
    }
}

fn hint_of(error: &anyhow::Error) -> Option<String> {
    match error.downcast_ref::<lichen_server::Error>() {
        Some(error) => error.hint(),
        None => error.downcast_ref::<lichen_engine::Error>()?.hint().map(str::to_owned),
    }
}

/// Tells `error`, its causes and the next step; a reader that went away (`lichen ... | head`) is no failure.
pub(crate) fn report(error: &anyhow::Error, output: &mut Output) -> ExitCode {
    let closed = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    });
    if closed {
        return ExitCode::SUCCESS;
    }
    let hint = hint_of(error);
    let kind = kind_of(error);
    let code = exit_code(kind);
    output.failure(&format!("{error:#}"), hint.as_deref(), code);
    ExitCode::from(code)
}

/// Ends the program for the second Ctrl-C.
#[expect(
    clippy::exit,
    reason = "the person asked twice; the store survives it as it survives a crash"
)]
pub(crate) fn exit_interrupted() -> ! {
    std::process::exit(i32::from(INTERRUPTED))
}
