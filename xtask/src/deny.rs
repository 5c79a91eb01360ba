//! `cargo deny` without its network part: licences, forbidden and wrapped crates, where crates come from.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::{output, run, say};
use crate::workspace::Workspace;

/// The version that is installed when there is none.
const VERSION: &str = "0.20.2";

/// Checks `deny.toml`. Advisories are left out: they need a network, and turn a build red that nobody touched.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let program = ensure(workspace)?;
    let mut deny = Command::new(program);
    deny.current_dir(&workspace.root).args([
        "--workspace",
        "--all-features",
        "--log-level",
        "error",
    ]);
    run(deny.args(["check", "bans", "licenses", "sources"]))
}

/// The installed `cargo-deny`, else one that is built once into the target directory.
fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    let program = "cargo-deny";
    if output(Command::new(program).arg("--version")).is_ok() {
        return Ok(program.into());
    }
    let tools = workspace.tools();
    let built = tools.join("bin").join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    let wanted = output(Command::new(&built).arg("--version"))
        .is_ok_and(|text| text.trim().ends_with(VERSION));
    if !wanted {
        say("cargo-deny is not installed: building it once");
        // The dev profile builds in a third of the time, and the check takes two seconds either way.
        let mut install = workspace.cargo();
        install.args([
            "install",
            program,
            "--version",
            VERSION,
            "--locked",
            "--debug",
            "--no-default-features",
        ]);
        install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_DEV_INCREMENTAL", "false");
        install.arg("--root").arg(&tools).arg("--target-dir").arg(tools.join("build"));
        run(&mut install)
            .context("could not build cargo-deny, which checks licences and forbidden crates")?;
        // Its intermediate products are of no further use, and do no harm when they stay.
        drop(fs_err::remove_dir_all(tools.join("build")));
    }
    Ok(built)
}
