//! `cargo xtask ci`: what a change must pass, cheapest first.

use std::ffi::OsString;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::process::{run, say};
use crate::workspace::Workspace;
use crate::{Command, deny, duckdb, test, tidy};

pub(crate) const COMMAND: Command = Command {
    name: "ci",
    summary: "everything a change must pass: fmt, tidy, deny, clippy, doc, test",
    help: "\
Runs the steps in this order and stops at the first that fails; steps can be named.

  cargo xtask ci
  cargo xtask ci fmt clippy",
    run: ci,
};

struct Step {
    name: &'static str,
    run: fn(&Workspace) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", run: fmt },
    Step { name: "tidy", run: tidy::run },
    Step { name: "deny", run: deny::check },
    Step { name: "clippy", run: clippy },
    Step { name: "doc", run: doc },
    Step { name: "test", run: |workspace| test::test(workspace, &[]) },
];

fn ci(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    let steps = chosen(args)?;
    let mut taken = Vec::new();
    for step in steps {
        say(&format!("\n== {} ==", step.name));
        #[expect(
            clippy::disallowed_methods,
            reason = "the time a step takes is shown, nothing depends on it"
        )]
        let start = Instant::now();
        (step.run)(workspace).with_context(|| format!("step `{}`", step.name))?;
        taken.push(format!("{} {} s", step.name, start.elapsed().as_secs()));
    }
    say(&format!("\nAll steps passed: {}", taken.join(", ")));
    Ok(())
}

fn chosen(args: &[OsString]) -> Result<Vec<&'static Step>> {
    if args.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    let find = |arg: &OsString| match STEPS.iter().find(|step| arg.as_os_str() == step.name) {
        Some(step) => Ok(step),
        None => bail!("there is no step `{}`", arg.to_string_lossy()),
    };
    args.iter().map(find).collect()
}

fn fmt(workspace: &Workspace) -> Result<()> {
    run(workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    let library = duckdb::ensure(workspace)?;
    let mut clippy = workspace.cargo();
    library.apply(clippy.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    run(&mut clippy)
}

fn doc(workspace: &Workspace) -> Result<()> {
    let library = duckdb::ensure(workspace)?;
    let mut doc = workspace.cargo();
    library.apply(doc.args(["doc", "--workspace", "--no-deps", "--document-private-items"]));
    run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_all_unless_named_and_unknown_ones_are_refused() {
        assert_eq!(chosen(&[]).unwrap().len(), STEPS.len());
        let named: Vec<&str> =
            chosen(&["doc".into(), "fmt".into()]).unwrap().iter().map(|step| step.name).collect();
        assert_eq!(named, ["doc", "fmt"]);
        assert!(chosen(&["clipy".into()]).is_err());
    }
}
