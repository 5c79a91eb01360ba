//! `cargo xtask model`: rebuilds the embedding model that ships inside the program.

use std::ffi::OsString;
use std::process::Command as Process;

use anyhow::{Context as _, Result};

use crate::Command;
use crate::process::{run, say};
use crate::workspace::Workspace;

pub(crate) const COMMAND: Command = Command {
    name: "model",
    summary: "rebuild the embedding model that ships inside the program (Python, long)",
    help: "\
Makes a Python environment in the target directory, installs what the script lists and runs
`crates/index/model/distill.py` with the arguments given. Needed only to change the model: the built one is committed.

  cargo xtask model -- --help",
    run: model,
};

fn model(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    let args = args.strip_prefix(&[OsString::from("--")]).unwrap_or(args);
    let sources = workspace.root.join("crates").join("index").join("model");
    let environment = workspace.target_dir.join("model-venv");
    let binaries = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let python = binaries.join(if cfg!(windows) { "python.exe" } else { "python" });
    if !python.exists() {
        let name = if cfg!(windows) { "python" } else { "python3" };
        run(Process::new(name).args(["-m", "venv"]).arg(&environment)).context(
            "could not make a Python environment; Debian has it in the package `python3-venv`",
        )?;
    }
    let requirements = sources.join("requirements.txt");
    if requirements.exists() {
        run(Process::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(&requirements))?;
    } else {
        say("no `requirements.txt` beside the script: nothing is installed");
    }
    run(Process::new(&python)
        .arg(sources.join("distill.py"))
        .args(args)
        .current_dir(&workspace.root))
}
