//! Progress bars on long work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lichen_engine::Observer;

use crate::output::Output;

/// Draws one bar for the present stage, and leaves notes above it.
pub(crate) struct Bars {
    bar: Option<ProgressBar>,
    draws: bool,
    quiet: bool,
    stop: Arc<AtomicBool>,
}

impl Bars {
    pub(crate) fn new(output: &Output, quiet: bool, stop: Arc<AtomicBool>) -> Self {
        Self { bar: None, draws: output.draws_progress(), quiet, stop }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Bars {
    fn stage(&mut self, name: &str, total: Option<u64>) {
        self.clear();
        if !self.draws {
            return;
        }
        let bar = match total {
            Some(total) => ProgressBar::new(total).with_style(counted()),
            None => ProgressBar::new_spinner()
                .with_style(style("{msg:24} {spinner} {human_pos} {per_sec}")),
        };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        bar.set_message(name.to_owned());
        self.bar = Some(bar);
    }

    fn stage_total(&mut self, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_style(counted());
        }
    }

    fn done(&mut self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    #[expect(
        clippy::print_stderr,
        reason = "notes go above the bar, or to standard error without one"
    )]
    fn note(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None if !self.quiet => eprintln!("{text}"),
            None => {}
        }
    }

    fn cancelled(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.clear();
    }
}

fn counted() -> ProgressStyle {
    style("{msg:24} [{bar:30}] {human_pos}/{human_len} {per_sec} eta {eta}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates above are well formed")
        .progress_chars("=> ")
}
