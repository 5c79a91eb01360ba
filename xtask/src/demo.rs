//! `cargo xtask demo`: from nothing to answered questions.

use std::env;
use std::ffi::OsString;

use anyhow::Result;

use crate::process::{run, say};
use crate::workspace::Workspace;
use crate::{Command, duckdb};

pub(crate) const COMMAND: Command = Command {
    name: "demo",
    summary: "build Lichen, make a throw-away memory of this repository and ask it three questions",
    help: "\
Obtains DuckDB's library when it is not there, builds the program in the dev profile and runs `lichen demo`.
What is given behind the command is handed to `lichen demo`.

  cargo xtask demo
  cargo xtask demo -- --help",
    run: demo,
};

fn demo(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    let library = duckdb::ensure(workspace)?;
    let args = args.strip_prefix(&[OsString::from("--")]).unwrap_or(args);
    // No `--package`: the workspace's default members are built with the features that `cargo run`, `cargo build` and
    // the tests build them with, so that nothing is compiled twice.
    let mut build = workspace.cargo();
    library.apply(build.args(["build"]));
    run(&mut build)?;
    let mut demo = workspace.cargo();
    library.apply(demo.args(["run", "--quiet", "--bin", "lichen", "--", "demo"]).args(args));
    run(&mut demo)?;
    // What to do with the program is said by the program.
    let built =
        workspace.target_dir.join("debug").join(format!("lichen{}", env::consts::EXE_SUFFIX));
    say(&format!("\nThe program is `{}`; `cargo xtask test` runs its tests.", built.display()));
    Ok(())
}
