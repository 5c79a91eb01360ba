//! The thread that owns the engine: takes the journal's records into store and index, seals, checkpoints, and does in
//! between what others ask of the engine.

use std::sync::mpsc;
use std::time::Duration;

use super::{LiveOptions, Shared, Task};
use crate::{Engine, Error};

/// How long it waits before it tries again what failed.
const AFTER_TROUBLE: Duration = Duration::from_millis(500);
/// How long it waits for records before it looks whether anything else is due.
const IDLE: Duration = Duration::from_millis(200);

/// Runs until the engine is to stop and everything is taken in, or cannot be.
pub(super) fn run(
    mut engine: Engine,
    work: &mpsc::Receiver<Task>,
    shared: &Shared,
    options: &LiveOptions,
) -> Engine {
    let journal = engine.store.journal();
    let mut settled = engine.reader.clock.monotonic_nanos();
    loop {
        let began = engine.reader.clock.monotonic_nanos();
        while let Ok(task) = work.try_recv() {
            task(&mut engine);
        }
        let stopping = shared.lock().stopping;
        let step = take_in(&mut engine, shared).and_then(|took| {
            let due = stopping && !took || is_due(&engine, options, began, settled);
            if due {
                settle(&mut engine)?;
                settled = engine.reader.clock.monotonic_nanos();
            }
            Ok(took)
        });
        match step {
            Ok(took) => {
                if shared.lock().trouble.is_some() {
                    shared.change(|state| state.trouble = None);
                }
                if stopping && !took {
                    return engine;
                }
                if took {
                    let spent = engine.reader.clock.monotonic_nanos().saturating_sub(began);
                    let rest = options.gather.saturating_sub(Duration::from_nanos(spent));
                    if !stopping && !rest.is_zero() {
                        pause(shared, rest);
                    }
                } else {
                    journal.wait_beyond(journal.applied(), IDLE);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "messages wait in the journal");
                shared.change(|state| state.trouble = Some(error.to_string()));
                if stopping {
                    return engine;
                }
                mend(&mut engine);
                pause(shared, AFTER_TROUBLE);
            }
        }
    }
}

/// Takes the next records into store and index; tells whether there were any.
fn take_in(engine: &mut Engine, shared: &Shared) -> Result<bool, Error> {
    let applied = engine.store.apply_journal()?;
    let (took, mut edits) = (applied.is_some(), 0);
    if let Some(applied) = applied {
        if !applied.refused.is_empty() {
            shared.change(|state| state.refused.extend(applied.refused));
        }
        engine.reader.derived.forget_directory();
        edits = applied.receipt.edits;
    }
    engine.index_new()?;
    if edits > 0 {
        engine.mask_superseded()?;
    }
    let searchable = engine.store.journal().applied();
    if shared.lock().searchable < searchable {
        shared.change(|state| state.searchable = searchable);
    }
    Ok(took)
}

fn is_due(engine: &Engine, options: &LiveOptions, now: u64, settled: u64) -> bool {
    let unsealed = engine.index().unsealed();
    let bytes = engine.store.log_bytes().max(engine.store.journal().bytes());
    let old = Duration::from_nanos(now.saturating_sub(settled)) >= options.settle;
    unsealed >= options.seal_passages
        || bytes >= options.checkpoint_bytes
        || old && (unsealed > 0 || bytes > 0)
}

/// Makes durable what is only in memory and in logs.
fn settle(engine: &mut Engine) -> Result<(), Error> {
    if engine.index().unsealed() > 0 {
        engine.change_index(lichen_index::Index::seal)?;
    }
    Ok(engine.store.checkpoint()?)
}

/// Opens the index as it was sealed last, where that could not be done when a write of it failed.
fn mend(engine: &mut Engine) {
    if engine.index().is_whole() {
        return;
    }
    if let Err(error) = engine.reopen_index() {
        tracing::warn!(%error, "the index could not be opened again");
    }
}

/// Waits, unless the engine is to stop.
fn pause(shared: &Shared, time: Duration) {
    let state = shared.lock();
    let waits = |state: &mut super::State| !state.stopping;
    // Whichever comes first.
    let _waited = shared.changed.wait_timeout_while(state, time, waits);
}
