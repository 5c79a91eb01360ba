//! A live engine in the foreground: feeds run until they end or Ctrl-C is pressed.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lichen_engine::{Engine, Live, LiveOptions};
use lichen_model::Problem;
use lichen_server::feed::{Feeder, Report, Taken, stop};
use serde_json::json;

use super::Context;
use crate::output::Output;

/// How often it is looked whether Ctrl-C was pressed.
const LOOK: Duration = Duration::from_millis(50);

/// Runs feeds over `engine`, whose index is brought up, and closes it when they have ended: all that was acknowledged is
/// taken in and found then.
pub(super) fn run<T>(
    engine: Engine,
    context: &Context<'_>,
    report: Arc<dyn Report>,
    feeds: impl AsyncFnOnce(Arc<Live>, Feeder) -> lichen_server::Result<T>,
) -> anyhow::Result<T> {
    let live = Arc::new(Live::start(engine, LiveOptions::default())?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let (stopper, hears) = stop();
    let feeder = Feeder::new(Arc::clone(&live), report, hears);
    let asked = context.stop();
    let done = runtime.block_on(async {
        let look = async {
            let mut look = tokio::time::interval(LOOK);
            while !asked.load(Ordering::SeqCst) {
                look.tick().await;
            }
            stopper.stop();
        };
        let feeds = feeds(Arc::clone(&live), feeder);
        let mut feeds = std::pin::pin!(feeds);
        tokio::select! {
            done = &mut feeds => return done,
            () = look => {}
        }
        // Told to end, they end where nothing is half done.
        feeds.await
    });
    // A thread may be waiting for a line on standard input that never comes.
    runtime.shutdown_background();
    if let Some(live) = Arc::into_inner(live) {
        live.stop()?.close()?;
    }
    Ok(done?)
}

/// Tells what is taken in: a line each, for people on standard error, as JSON with the answers.
pub(super) struct Lines {
    output: Mutex<Output>,
}

impl Lines {
    pub(super) fn report(output: &Output) -> Arc<dyn Report> {
        Arc::new(Self { output: Mutex::new(output.beside()) })
    }
}

impl Report for Lines {
    fn taken(&self, taken: &Taken) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = [
            (taken.commits, "commits"),
            (taken.versions, "document versions"),
            (taken.messages, "messages"),
        ];
        if output.is_json() {
            let line = json!({
                "from": taken.feed,
                "commits": taken.commits,
                "versions": taken.versions,
                "messages": taken.messages,
            });
            if let Err(error) = output.answer_json(&line) {
                tracing::warn!(%error, "could not print");
            }
        } else {
            let counts = counts.iter().filter(|(count, _)| *count > 0);
            let counts: Vec<String> =
                counts.map(|(count, what)| format!("{count} {what}")).collect();
            output.note(&format!("{} from {}", counts.join(", "), taken.feed));
        }
    }

    fn problem(&self, problem: &Problem) {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).problem(&problem.to_string());
    }

    fn note(&self, text: &str) {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).note(text);
    }
}
