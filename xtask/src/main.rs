//! Development commands, run as `cargo xtask <command>`.
//!
//! Must never depend on `DuckDB`, the workspace's crates or anything heavy: it is compiled and run before the library is
//! there (`tidy` checks it).

mod ci;
mod demo;
mod deny;
mod duckdb;
mod model;
mod process;
mod test;
mod tidy;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::process::say;
use crate::workspace::Workspace;

/// One command of this program.
struct Command {
    name: &'static str,
    summary: &'static str,
    /// What `--help` prints below the summary.
    help: &'static str,
    run: fn(&Workspace, &[OsString]) -> Result<()>,
}

const COMMANDS: &[Command] =
    &[demo::COMMAND, test::COMMAND, duckdb::COMMAND, tidy::COMMAND, ci::COMMAND, model::COMMAND];

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let name = args.next().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    match dispatch(&name, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(name: &str, args: &[OsString]) -> Result<()> {
    if matches!(name, "" | "help" | "-h" | "--help") {
        say(&overview());
        return Ok(());
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        bail!("there is no command `{name}`\n\n{}", overview());
    };
    // Arguments behind `--` belong to the program that the command runs.
    if args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--help" || arg == "-h") {
        say(&format!("cargo xtask {}: {}\n\n{}", command.name, command.summary, command.help));
        return Ok(());
    }
    (command.run)(&Workspace::find()?, args)
}

fn overview() -> String {
    let commands: Vec<String> =
        COMMANDS.iter().map(|command| format!("  {:8}{}", command.name, command.summary)).collect();
    format!(
        "cargo xtask <command>\n\n{}\n\n`cargo xtask <command> --help` says more",
        commands.join("\n")
    )
}

/// For commands that take no arguments.
fn no_arguments(args: &[OsString]) -> Result<()> {
    match args.first() {
        None => Ok(()),
        Some(arg) => bail!("`{}` is not expected here, see --help", arg.to_string_lossy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_listed_and_explained() {
        let overview = overview();
        for command in COMMANDS {
            assert!(overview.contains(command.summary), "{}", command.name);
            assert!(
                command.help.contains("cargo xtask"),
                "the help of `{}` has no example",
                command.name
            );
        }
    }

    #[test]
    fn an_unknown_command_names_itself_and_the_known_ones() {
        let text = dispatch("tset", &[]).unwrap_err().to_string();
        assert!(text.contains("`tset`") && text.contains("\n  test "), "{text}");
    }
}
