//! Other programs: running them, and what this one prints.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Prints a line for the person at the terminal.
#[expect(clippy::print_stdout, reason = "the one place where development commands print")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Prints a line to standard error.
#[expect(clippy::print_stderr, reason = "the one place where development commands report failure")]
pub(crate) fn complain(text: &str) {
    eprintln!("{text}");
}

/// Shows the command, then runs it with this terminal's input and output.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let text = describe(command);
    say(&format!("$ {text}"));
    let status = command.status().with_context(|| format!("could not start `{text}`"))?;
    if !status.success() {
        bail!("`{text}` failed ({status})");
    }
    Ok(())
}

/// Runs the command silently and returns what it printed; the error carries the end of its complaints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let text = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                anyhow::anyhow!("`{}` is not installed", command.get_program().to_string_lossy())
            }
            _ => error.into(),
        })
        .with_context(|| format!("could not run `{text}`"))?;
    if !output.status.success() {
        let complaints = String::from_utf8_lossy(&output.stderr);
        let end: Vec<&str> =
            complaints.lines().rev().filter(|line| !line.trim().is_empty()).take(3).collect();
        bail!(
            "`{text}` failed ({}): {}",
            output.status,
            end.into_iter().rev().collect::<Vec<_>>().join(" | ")
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{text}` printed something that is not UTF-8"))
}

fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program()];
    words.extend(command.get_args());
    let words: Vec<String> =
        words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    words.join(" ")
}
