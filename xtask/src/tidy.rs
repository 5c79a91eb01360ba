//! The house rules that a program can check; each rule is a function from the checkout to its findings.

mod architecture;
mod files;
mod graph;
mod migrations;
#[cfg(test)]
mod tests;
mod tree;

use std::fmt;

use anyhow::{Result, bail};

use self::graph::Graph;
use self::tree::Tree;
use crate::process::say;
use crate::workspace::Workspace;
use crate::{Command, no_arguments};

pub(crate) const COMMAND: Command = Command {
    name: "tidy",
    summary: "check the rules of the house that no compiler knows",
    help: "\
Every file says what it owns; every crate and path in ARCHITECTURE.md exists; migrations are ordered and applied in
that order; crates depend downward only and DuckDB stays behind `store`; `anyhow` stays at the edge; lints are the
workspace's; no file is a drawer (util, common), too long, or names a path of somebody's machine.
The same checks run as a test.

  cargo xtask tidy",
    run: |workspace, args| {
        no_arguments(args)?;
        run(workspace)
    },
};

/// One breach of a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Relative to the workspace, with a line number where there is one.
    place: String,
    text: String,
}

impl Finding {
    fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }

    fn at(path: &str, line_number: usize, text: impl Into<String>) -> Self {
        Self::new(format!("{path}:{line_number}"), text)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.text)
    }
}

/// Checks the checkout and prints what breaks a rule.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let findings = check(workspace)?;
    for finding in &findings {
        say(&finding.to_string());
    }
    match findings.len() {
        0 => say("tidy"),
        count => bail!("{count} places are not tidy"),
    }
    Ok(())
}

fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let tree = Tree::load(&workspace.root)?;
    let graph = Graph::load(workspace)?;
    let mut findings = Vec::new();
    findings.extend(files::opens_with_its_sentence(&tree));
    findings.extend(files::no_drawers(&tree));
    findings.extend(files::short_enough(&tree));
    findings.extend(files::workspace_lints(&tree));
    findings.extend(files::no_machine_paths(&tree, &workspace.root));
    findings.extend(migrations::ordered_and_applied(&tree));
    findings.extend(architecture::names_every_crate(&tree));
    findings.extend(architecture::names_only_what_exists(&tree));
    findings.extend(graph::anyhow_at_the_edge(&graph));
    findings.extend(graph::layers(&graph));
    findings.extend(graph::heavy_dependencies_stay_behind_their_crate(&graph));
    Ok(findings)
}
