//! `cargo xtask test`: all tests of the workspace, `tidy` among them.

use std::ffi::OsString;

use anyhow::Result;

use crate::process::run;
use crate::workspace::Workspace;
use crate::{Command, duckdb};

pub(crate) const COMMAND: Command = Command {
    name: "test",
    summary: "all tests of the workspace, or `cargo test` with the arguments given",
    help: "\
Obtains DuckDB's library when it is not there and runs the tests of every crate; `tidy` is one of them.

  cargo xtask test                        everything
  cargo xtask test -p lichen-store        what `cargo test -p lichen-store` runs",
    run: test,
};

pub(crate) fn test(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    let library = duckdb::ensure(workspace)?;
    // The examples in the documentation first: what is printed last is then the result of real test programs.
    let all: [&[&str]; 2] =
        [&["--workspace", "--doc"], &["--workspace", "--lib", "--bins", "--tests"]];
    if args.is_empty() {
        for selection in all {
            let mut test = workspace.cargo();
            library.apply(test.arg("test").args(selection));
            run(&mut test)?;
        }
        return Ok(());
    }
    let mut test = workspace.cargo();
    library.apply(test.arg("test").args(args));
    run(&mut test)
}
