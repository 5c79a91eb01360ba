//! A live engine: messages are acknowledged as soon as they cannot be lost, and taken in behind that, while questions
//! are answered.
//!
//! One thread owns the [`Engine`] and does all that changes store and index: see [`applier`]. Writers wait for the journal
//! alone, so neither a checkpoint nor the sealing of an index makes them wait. Readers have connections of their own.

mod applier;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use lichen_index::embed::{StaticModel, TokenCounter};
use lichen_model::Batch;
use lichen_store::Journal;

use crate::{Engine, Error, Reader};

/// How a live engine works.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// How long messages are gathered before they are taken in: short times make them found sooner, long ones take less
    /// work.
    pub gather: Duration,
    /// Passages after which the index is made durable.
    pub seal_passages: u32,
    /// Bytes of DuckDB's log, and of the journal, after which a checkpoint is written.
    pub checkpoint_bytes: u64,
    /// Time after which both are done in any case.
    pub settle: Duration,
    /// Readers that are there from the start: so many questions are answered at once while the engine does something long.
    pub readers: usize,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            gather: Duration::from_millis(50),
            seal_passages: 32_768,
            checkpoint_bytes: 64 << 20,
            settle: Duration::from_mins(1),
            readers: 1,
        }
    }
}

/// What a writer gets for messages that cannot be lost any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The number of the record in the journal: its messages are found once [`LiveStatus::searchable`] has reached it.
    pub seq: u64,
    /// How many messages there were, those that were known before included.
    pub messages: usize,
}

/// How far a live engine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveStatus {
    /// The number of the last record that is on the disk.
    pub durable: u64,
    /// The number of the last record whose messages are found.
    pub searchable: u64,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// Why nothing is taken in at the moment; `None` where all is well.
    pub trouble: Option<String>,
    /// Records that the database refused, and where they are kept.
    pub refused: Vec<String>,
}

/// An engine that takes messages in while it answers.
pub struct Live {
    journal: Journal,
    shared: Arc<Shared>,
    tasks: mpsc::Sender<Task>,
    /// Readers that nobody uses at the moment.
    readers: Mutex<Vec<Reader>>,
    counters: Mutex<Vec<TokenCounter<'static>>>,
    /// Taken when it is stopped.
    applier: Option<JoinHandle<Engine>>,
}

/// Work for the thread that owns the engine.
type Task = Box<dyn FnOnce(&mut Engine) + Send>;

/// What the thread that owns the engine tells the others.
struct Shared {
    state: Mutex<State>,
    /// Anything in the state has changed.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    searchable: u64,
    trouble: Option<String>,
    refused: Vec<String>,
    stopping: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

impl Live {
    /// Hands `engine`, whose index is brought up, to a thread of its own.
    pub fn start(engine: Engine, options: LiveOptions) -> Result<Self, Error> {
        let journal = engine.store.journal();
        let state = State { searchable: journal.applied(), ..State::default() };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let readers = (0..options.readers).map(|_| engine.reader());
        let readers = Mutex::new(readers.collect::<Result<Vec<_>, _>>()?);
        let (tasks, work) = mpsc::channel();
        let applier = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("lichen-applier".to_owned())
                .spawn(move || applier::run(engine, &work, &shared, &options))
                .map_err(|source| Error::File { source })?
        };
        Ok(Self {
            journal,
            shared,
            tasks,
            readers,
            counters: Mutex::default(),
            applier: Some(applier),
        })
    }

    /// Takes the messages of a batch and waits until they cannot be lost: milliseconds, whatever else goes on. Sent again,
    /// they change nothing.
    ///
    /// # Errors
    /// A store that is behind or whose disk is full refuses, which [`Error::kind`] tells as busy and as configuration;
    /// nothing was taken then. See [`Journal::append`] for the one that leaves it open.
    pub fn append(&self, mut batch: Batch) -> Result<Acknowledged, Error> {
        self.count_tokens(&mut batch)?;
        let seq = self.journal.append(&batch)?;
        Ok(Acknowledged { seq, messages: batch.messages.len() })
    }

    fn count_tokens(&self, batch: &mut Batch) -> Result<(), Error> {
        let idle = self.counters.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut counter = match idle {
            Some(counter) => counter,
            None => StaticModel::builtin()?.token_counter(),
        };
        for message in &mut batch.messages {
            message.tokens = counter.count(&message.text);
        }
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).push(counter);
        Ok(())
    }

    /// Reads, beside all others that do. What DuckDB refuses because a checkpoint has failed, as on a full disk, is read again once
    /// the engine has taken the file again.
    pub fn read<T>(&self, mut read: impl FnMut(&Reader) -> Result<T, Error>) -> Result<T, Error> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let reader = match idle {
            Some(reader) => reader,
            None => self.on_engine(|engine| {
                engine.store.ensure_readable()?;
                engine.reader()
            })??,
        };
        let mut answer = read(&reader);
        if matches!(&answer, Err(Error::Store(error)) if error.is_given_up()) {
            answer = self.while_held(|| read(&reader));
        }
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        answer
    }

    /// Does what only the engine can, between two batches of messages, and waits for it.
    pub fn on_engine<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (send, receive) = mpsc::sync_channel(1);
        let task = move |engine: &mut Engine| {
            // Nobody waits any more: then nobody needs the answer.
            let _unheard = send.send(work(engine));
        };
        self.tasks.send(Box::new(task)).map_err(|_| Error::Stopped)?;
        self.journal.wake();
        receive.recv().map_err(|_| Error::Stopped)
    }

    /// Does `work` while the engine does nothing else and its file can be read: on a full disk it gives the file up and takes it
    /// again with every attempt to write.
    fn while_held<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let (send, held) = mpsc::sync_channel(1);
        let (done, until_done) = mpsc::sync_channel::<()>(0);
        let task = move |engine: &mut Engine| {
            let _unheard = send.send(engine.store.ensure_readable());
            let _done = until_done.recv();
        };
        self.tasks.send(Box::new(task)).map_err(|_| Error::Stopped)?;
        self.journal.wake();
        held.recv().map_err(|_| Error::Stopped)??;
        let answer = work();
        drop(done);
        answer
    }

    /// Waits until the messages of record `seq` are found, `time` at most; tells whether they are.
    pub fn wait_searchable(&self, seq: u64, time: Duration) -> bool {
        let waits = |state: &mut State| state.searchable < seq;
        let (state, _timed_out) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), time, waits)
            .unwrap_or_else(PoisonError::into_inner);
        state.searchable >= seq
    }

    /// How far it is.
    pub fn status(&self) -> LiveStatus {
        let state = self.shared.lock();
        LiveStatus {
            durable: self.journal.durable(),
            searchable: state.searchable,
            journal_bytes: self.journal.bytes(),
            trouble: state.trouble.clone(),
            refused: state.refused.clone(),
        }
    }

    /// Takes in what was acknowledged, seals the index, and gives the engine back. Where the disk is full, what is left
    /// waits in the journal for the next start.
    pub fn stop(mut self) -> Result<Engine, Error> {
        self.end().ok_or(Error::Stopped)
    }

    fn end(&mut self) -> Option<Engine> {
        self.shared.change(|state| state.stopping = true);
        self.journal.wake();
        self.applier.take()?.join().ok()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // The store is let go before this returns.
        drop(self.end());
    }
}

#[cfg(test)]
mod tests;
