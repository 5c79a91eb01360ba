//! The program `lichen`: the only crate that prints, reads the environment or knows the home directory.

mod args;
mod clock;
mod commands;
mod config;
mod failure;
mod json;
mod output;
mod progress;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser as _;

use crate::args::Arguments;
use crate::commands::Context;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new(&arguments.global);
    let result = Context::new(&arguments.global, stop_on_interrupt())
        .and_then(|context| commands::run(arguments.command, &context, &mut output));
    match result {
        Ok(code) => code,
        Err(error) => failure::report(&error, &mut output),
    }
}

/// A flag that the first Ctrl-C raises, so that work stops where the store is whole. The second ends the program
/// at once, which the store survives as it survives a crash.
fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    let handler = move || {
        if seen.swap(true, Ordering::SeqCst) {
            failure::exit_interrupted();
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!("could not listen for Ctrl-C: {error}");
    }
    stop
}
