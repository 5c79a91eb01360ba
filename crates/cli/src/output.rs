//! The only printing: answers to standard output, everything else to standard error.
#![expect(clippy::print_stderr, reason = "this is where printing lives")]

use std::io::{self, IsTerminal as _, Write as _};

use tracing_subscriber::filter::LevelFilter;

use crate::args::Global;
use crate::json;

/// How loud the program is, and where its words go.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: u8,
    colour: bool,
    out: io::Stdout,
}

impl Output {
    /// Sets up logging too.
    pub(crate) fn new(global: &Global) -> Self {
        let level = match (global.quiet, global.verbose) {
            (0, 0) => LevelFilter::WARN,
            (0, 1) => LevelFilter::INFO,
            (0, _) => LevelFilter::TRACE,
            _ => LevelFilter::ERROR,
        };
        let colour = crate::config::colour_allowed() && io::stdout().is_terminal();
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(io::stderr)
            .with_ansi(colour && io::stderr().is_terminal())
            .without_time()
            .init();
        Self { json: global.json, quiet: global.quiet, colour, out: io::stdout() }
    }

    /// Another one that is as loud, for another thread.
    pub(crate) fn beside(&self) -> Self {
        Self { json: self.json, quiet: self.quiet, colour: self.colour, out: io::stdout() }
    }

    /// Another one that tells problems and no notes, and answers nothing.
    pub(crate) fn quieter(&self) -> Self {
        Self { json: false, quiet: self.quiet.max(1), ..self.beside() }
    }

    /// Whether answers are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether progress bars may be drawn.
    pub(crate) fn draws_progress(&self) -> bool {
        self.quiet == 0 && io::stderr().is_terminal()
    }

    /// An answer, as it is, with a line end where it has none.
    pub(crate) fn answer(&mut self, text: &str) -> io::Result<()> {
        let mut out = self.out.lock();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    /// An answer as JSON on one line.
    pub(crate) fn answer_json(&mut self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        Ok(self.answer(&serde_json::to_string(value)?)?)
    }

    /// A word on the way, for people.
    pub(crate) fn note(&self, text: &str) {
        if self.quiet == 0 {
            eprintln!("{text}");
        }
    }

    /// Something that was wrong in the input but did not stop the work.
    pub(crate) fn problem(&self, text: &str) {
        if self.quiet < 2 {
            eprintln!("{} {text}", self.paint("33", "problem:"));
        }
    }

    /// Why the program failed, and what to do.
    pub(crate) fn failure(&mut self, what: &str, hint: Option<&str>, code: u8) {
        if self.json {
            eprintln!("{}", json::failure(what, hint, code));
            return;
        }
        eprintln!("{} {what}", self.paint("1;31", "error:"));
        if let Some(hint) = hint {
            eprintln!("{} {hint}", self.paint("36", "hint:"));
        }
    }

    /// `text` in a colour of the terminal (SGR parameters), where colour is wanted.
    pub(crate) fn paint(&self, sgr: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{sgr}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
