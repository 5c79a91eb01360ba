//! A writer as a process of its own: started, listened to with patience that ends, killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;

use crate::writer::Arguments;

/// How long a store may take to open and to be looked through.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A writer that runs.
pub(crate) struct Writer {
    child: Child,
    lines: Receiver<String>,
}

/// What a writer said next.
pub(crate) enum Heard {
    Line(String),
    /// It ended before it said anything.
    Ended,
    /// It said nothing in the time.
    Nothing,
}

impl Writer {
    /// Starts one, by way of `wrapper` where there is one.
    pub(crate) fn start(arguments: &Arguments, wrapper: Option<&str>) -> Result<Self> {
        let program = std::env::current_exe()?;
        let mut command = match wrapper {
            Some(wrapper) => {
                let mut command = Command::new(wrapper);
                command.arg(program);
                command
            }
            None => Command::new(program),
        };
        command.arg("writer").arg("--store").arg(&arguments.store);
        command.arg("--oracle").arg(&arguments.oracle);
        command.args(["--seed", &arguments.seed.to_string()]);
        command.args(["--round", &arguments.round.to_string()]);
        command.args(["--writers", &arguments.writers.to_string()]);
        for (name, moment) in [("--abort", arguments.abort), ("--fail", arguments.fail)] {
            if let Some(moment) = moment {
                command.args([name, &moment.to_string()]);
            }
        }
        if let Some(batches) = arguments.batches {
            command.args(["--batches", &batches.to_string()]);
        }
        let flags = [
            ("--abort-early", arguments.abort_early),
            ("--only-check", arguments.only_check),
            ("--alone", arguments.alone),
        ];
        command.args(flags.iter().filter(|(_, set)| *set).map(|(name, _)| name));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {command:?}"))?;
        let out = child.stdout.take().context("it was piped")?;
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, lines })
    }

    /// What it says next, in `time`.
    pub(crate) fn hear(&self, time: Duration) -> Heard {
        match self.lines.recv_timeout(time) {
            Ok(line) => Heard::Line(line),
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => Heard::Ended,
        }
    }

    /// What it says next, as JSON; nothing where it ended or took too long.
    pub(crate) fn hear_json<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        match self.hear(PATIENCE) {
            Heard::Line(line) => {
                let said = serde_json::from_str(&line);
                Ok(Some(said.with_context(|| format!("a writer said `{line}`"))?))
            }
            Heard::Ended | Heard::Nothing => Ok(None),
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it. Tells whether it still ran, and what it wrote to standard error.
    pub(crate) fn kill(mut self) -> Result<(bool, String)> {
        let running = self.child.try_wait()?.is_none();
        if running {
            self.child.kill()?;
        }
        let output = self.child.wait_with_output()?;
        Ok((running, String::from_utf8_lossy(&output.stderr).into_owned()))
    }

    /// Waits for its end. Gives whether it ended as it should, and what it wrote to standard error.
    pub(crate) fn end(self) -> Result<(bool, String)> {
        // Until its standard output ends it runs; its standard input stays open meanwhile.
        while let Heard::Line(_) = self.hear(PATIENCE) {}
        let output = self.child.wait_with_output()?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}
