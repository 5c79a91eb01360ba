//! `lichen hook`: has git tell the memory of new commits.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::failure::Refused;
use crate::output::Output;

/// After what git runs a hook when there may be new commits, or others than before.
const HOOKS: [&str; 4] = ["post-commit", "post-merge", "post-checkout", "post-rewrite"];
const BEGIN: &str = "# lichen hook: begin (`lichen hook uninstall` removes it)";
const END: &str = "# lichen hook: end";
/// Where a hook is put that is no shell script.
const ASIDE: &str = "before-lichen";
/// Seconds that an ingest waits for another one: one of them takes in what both were started for.
const WAIT_SECS: u32 = 20;

/// Take in new commits as git makes them
///
/// Installs git hooks that run `lichen ingest` quietly in the background after a commit, merge, checkout or rebase. They never keep git
/// waiting and never fail. Hooks that are there already stay and are run as before.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen hook install
  lichen hook status
  lichen hook uninstall")]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Install the hooks; what is installed already is brought up to date
    Install,
    /// Remove them, and leave everything else in their files
    Uninstall,
    /// Say which are installed
    Status,
}

pub(super) fn run(
    args: &HookArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let root = context.root();
    let folder = hooks_folder(&root)?;
    let call = match args.action {
        Action::Install => Some(call(context, &root)?),
        Action::Uninstall | Action::Status => None,
    };
    let mut installed = Vec::new();
    for name in HOOKS {
        let path = folder.join(name);
        match (args.action, &call) {
            (Action::Install, Some(call)) => install(&path, call)?,
            (Action::Uninstall, _) => uninstall(&path)?,
            _ => {}
        }
        if is_installed(&path) {
            installed.push(name);
        }
    }
    if output.is_json() {
        output.answer_json(&json!({ "folder": folder, "installed": installed }))?;
    } else if installed.is_empty() {
        output.answer(&format!("no hooks of lichen in {}", folder.display()))?;
    } else {
        output.answer(&format!("{} in {}", installed.join(", "), folder.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Where git looks for hooks: its settings may say.
fn hooks_folder(root: &Path) -> anyhow::Result<PathBuf> {
    let told = Command::new("git")
        .args(["rev-parse", "--git-path", "hooks"])
        .current_dir(root)
        .output()
        .map_err(|error| Refused::user(format!("could not ask `git` where hooks are: {error}")))?;
    let folder = String::from_utf8_lossy(&told.stdout).trim_end().to_owned();
    if !told.status.success() || folder.is_empty() {
        let what = format!("`{}` is no repository of git: hooks belong to one", root.display());
        return Err(Refused::user(what).into());
    }
    Ok(root.join(folder))
}

/// The lines of shell that a hook runs. The store is the one that is meant now, also from linked work trees.
fn call(context: &Context<'_>, root: &Path) -> anyhow::Result<String> {
    let dir = context.store_dir().unwrap_or_else(|_| context.new_store_dir());
    let program = std::env::current_exe().map_err(|error| {
        Refused::config(format!("could not tell where the program is: {error}"))
    })?;
    let [program, dir, root] = [program.as_path(), dir.as_path(), root].map(quoted);
    Ok(format!(
        "{BEGIN}\n(cd {root} && {program} --store {dir} -qq --wait {WAIT_SECS} ingest </dev/null >/dev/null 2>&1 &) \
         </dev/null >/dev/null 2>&1 || :\n{END}\n"
    ))
}

/// A path as the shell reads it.
fn quoted(path: &Path) -> String {
    // On Windows git runs hooks in a shell that takes slashes.
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() };
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn is_installed(path: &Path) -> bool {
    fs_err::read_to_string(path).is_ok_and(|script| script.contains(BEGIN))
}

fn install(path: &Path, call: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    let script = match fs_err::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => format!("#!/bin/sh\n{call}"),
        Err(error) => return Err(error.into()),
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(script) if shell_line(&script).is_some() => with_call(&without_call(&script), call),
            _ => {
                fs_err::rename(path, aside(path))?;
                format!("#!/bin/sh\n{call}exec \"$0.{ASIDE}\" \"$@\"\n")
            }
        },
    };
    write(path, &script)
}

fn uninstall(path: &Path) -> anyhow::Result<()> {
    if !is_installed(path) {
        return Ok(());
    }
    let aside = aside(path);
    if aside.exists() {
        fs_err::rename(aside, path)?;
        return Ok(());
    }
    let script = without_call(&fs_err::read_to_string(path)?);
    // A script that says nothing else was made by us.
    if script.trim() == "#!/bin/sh" {
        fs_err::remove_file(path)?;
        return Ok(());
    }
    write(path, &script)
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ASIDE);
    path.with_file_name(name)
}

/// Where a script's own lines begin, if a shell of the usual sort runs it.
fn shell_line(script: &str) -> Option<usize> {
    let line = script.lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace().flat_map(|word| word.rsplit('/').take(1));
    let program = words.find(|word| *word != "env" && !word.starts_with('-'))?;
    let is_shell = ["sh", "bash", "dash", "ksh", "zsh"].contains(&program);
    is_shell.then(|| script.find('\n').map_or(script.len(), |end| end + 1))
}

/// The call stands first: a script may end anywhere.
fn with_call(script: &str, call: &str) -> String {
    let (first, rest) = script.split_at(shell_line(script).unwrap_or(0));
    let end = if first.ends_with('\n') { "" } else { "\n" };
    format!("{first}{end}{call}{rest}")
}

fn without_call(script: &str) -> String {
    let Some((before, rest)) = script.split_once(BEGIN) else { return script.to_owned() };
    let after = rest.split_once(END).map_or("", |(_, after)| after);
    format!("{before}{}", after.strip_prefix('\n').unwrap_or(after))
}

fn write(path: &Path, script: &str) -> anyhow::Result<()> {
    fs_err::write(path, script)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = fs_err::metadata(path)?.permissions();
        permissions.set_mode(permissions.mode() | 0o111);
        fs_err::set_permissions(path, permissions)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Scripts with and without the call.

    use super::*;

    #[test]
    fn scripts_get_the_call_once_and_lose_it_without_a_trace() {
        let call = format!("{BEGIN}\nrun\n{END}\n");
        for script in ["#!/bin/sh\n", "#!/usr/bin/env bash\nset -e\nlint\n", "#!/bin/sh -e\nexit 0"]
        {
            let once = with_call(script, &call);
            assert_eq!(once.matches(BEGIN).count(), 1);
            assert!(once.lines().nth(1) == Some(BEGIN), "{once}");
            let twice = with_call(&without_call(&once), &call);
            assert_eq!(once, twice);
            assert_eq!(without_call(&once).trim_end(), script.trim_end());
        }
        for other in ["#!/usr/bin/env python3\nprint()\n", "#!/usr/bin/perl\n", "echo hi\n", ""] {
            assert_eq!(shell_line(other), None, "{other}");
        }
    }

    #[test]
    fn paths_are_quoted_for_the_shell() {
        assert_eq!(quoted(Path::new("a b'c")), r"'a b'\''c'");
    }
}
