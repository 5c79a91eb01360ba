//! Child processes that extract, so that a crash in a grammar's C code costs one blob.

use std::ffi::OsString;
use std::io::{self, BufReader, BufWriter};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use lichen_model::{Extraction, ExtractionStatus};

use super::worker::{read_frame, write_frame};
use super::{Language, Limits, codec};
use crate::{Error, Result};

/// How much longer than it may compute a blob may take by the clock on the wall.
const WALL_PER_COMPUTED: u64 = 20;

/// What is started as a worker: it has to call [`worker::serve`](super::worker::serve) on its standard streams.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program's file.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// What one blob may cost before its worker is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What extraction holds itself to.
    pub limits: Limits,
    /// Seconds of computing: a step of a parser can be long. By the clock on the wall a blob may take a multiple of it, so
    /// that a machine that is busy with other things makes no difference.
    pub seconds: u64,
    /// Memory of a worker.
    pub memory_bytes: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { limits: Limits::default(), seconds: 20, memory_bytes: 2 << 30 }
    }
}

impl Allowance {
    const FIELDS: usize = 7;

    fn encode(&self) -> Vec<u8> {
        let Limits { bytes_max, nesting_max, nodes_max, steps, steps_per_kib } = self.limits;
        let sizes = [bytes_max, nesting_max, nodes_max, steps, steps_per_kib];
        let sizes = sizes.into_iter().map(|size| u64::try_from(size).unwrap_or(u64::MAX));
        sizes.chain([self.seconds, self.memory_bytes]).flat_map(u64::to_le_bytes).collect()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (fields, rest) = bytes.as_chunks::<8>();
        let fields: [u64; Self::FIELDS] = rest
            .is_empty()
            .then(|| fields.iter().map(|field| u64::from_le_bytes(*field)).collect::<Vec<_>>())?
            .try_into()
            .ok()?;
        let size = |field: u64| usize::try_from(field).unwrap_or(usize::MAX);
        let [bytes_max, nesting_max, nodes_max, steps, steps_per_kib, seconds, memory_bytes] =
            fields;
        let limits = Limits {
            bytes_max: size(bytes_max),
            nesting_max: size(nesting_max),
            nodes_max: size(nodes_max),
            steps: size(steps),
            steps_per_kib: size(steps_per_kib),
        };
        Some(Self { limits, seconds, memory_bytes })
    }
}

/// A blob to be read.
#[derive(Clone, Debug)]
pub struct Job<K> {
    /// What the caller knows it by.
    pub key: K,
    /// Its language.
    pub language: Language,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What came of a blob.
#[derive(Clone, Debug)]
pub struct Outcome<K> {
    /// What the caller knows it by.
    pub key: K,
    /// What it defines. The status `crashed` marks a blob that should not be tried again.
    pub extraction: Extraction,
}

/// Workers that wait for blobs. They end when it is dropped.
#[derive(Debug)]
pub struct Pool {
    program: Program,
    allowance: Allowance,
    workers: Vec<Worker>,
}

impl Pool {
    /// Starts `workers` processes of a program, one at least.
    pub fn start(program: Program, workers: usize, allowance: Allowance) -> Result<Self> {
        let started = (0..workers.max(1))
            .map(|_| Worker::start(&program, &allowance))
            .collect::<Result<_>>()?;
        Ok(Self { program, allowance, workers: started })
    }

    /// Reads blobs; `each` gets what came of them as they are done, in no order.
    ///
    /// Blobs are pulled as workers come free, so large ones first ends soonest. A blob whose worker ends is `crashed`, one whose
    /// worker has to be ended is `timeout`; either way another worker is started and the rest is read.
    pub fn extract<K: Send>(
        &mut self,
        jobs: impl IntoIterator<Item = Job<K>, IntoIter: Send>,
        mut each: impl FnMut(Outcome<K>),
    ) -> Result<()> {
        let jobs = Mutex::new(jobs.into_iter());
        let (program, allowance) = (&self.program, &self.allowance);
        std::thread::scope(|scope| {
            let (sender, outcomes) = mpsc::sync_channel(2 * self.workers.len());
            let threads: Vec<_> = self
                .workers
                .iter_mut()
                .map(|worker| {
                    let (sender, jobs) = (sender.clone(), &jobs);
                    scope.spawn(move || -> Result<()> {
                        loop {
                            let job =
                                jobs.lock().expect("the iterator of blobs does not panic").next();
                            let Some(Job { key, language, bytes }) = job else { return Ok(()) };
                            let extraction =
                                worker.extract(&bytes, language, program, allowance)?;
                            if sender.send(Outcome { key, extraction }).is_err() {
                                return Ok(());
                            }
                        }
                    })
                })
                .collect();
            drop(sender);
            outcomes.into_iter().for_each(&mut each);
            threads.into_iter().try_for_each(|thread| {
                thread.join().expect("a thread that waits for a worker does not panic")
            })
        })
    }
}

/// A process, and the thread that reads what it says.
#[derive(Debug)]
struct Worker {
    child: Child,
    requests: Option<BufWriter<ChildStdin>>,
    answers: Receiver<Option<Vec<u8>>>,
}

impl Worker {
    fn start(program: &Program, allowance: &Allowance) -> Result<Self> {
        let failed = |source| Error::StartWorker { path: program.path.clone(), source };
        let mut child = Command::new(&program.path)
            .args(&program.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let stdin = child.stdin.take().expect("it was piped");
        let stdout = child.stdout.take().expect("it was piped");
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            // The end of the answers is told too, whatever it comes from.
            while let Ok(Some(answer)) = read_frame(&mut stdout) {
                if sender.send(Some(answer)).is_err() {
                    return;
                }
            }
            drop(sender.send(None));
        });
        let mut requests = BufWriter::new(stdin);
        // A worker that is gone already is found out at its first blob.
        drop(write_frame(&mut requests, &[&allowance.encode()]));
        Ok(Self { child, requests: Some(requests), answers })
    }

    fn extract(
        &mut self,
        bytes: &[u8],
        language: Language,
        program: &Program,
        allowance: &Allowance,
    ) -> Result<Extraction> {
        match self.ask(bytes, language, allowance) {
            Ok(extraction) => Ok(extraction),
            Err(status) => {
                self.end();
                *self = Self::start(program, allowance)?;
                Ok(Extraction::without_symbols(status))
            }
        }
    }

    fn ask(
        &mut self,
        bytes: &[u8],
        language: Language,
        allowance: &Allowance,
    ) -> Result<Extraction, ExtractionStatus> {
        let place = Language::ALL.iter().position(|other| *other == language);
        let place =
            place.and_then(|place| u8::try_from(place).ok()).expect("`ALL` holds every one");
        let requests = self.requests.as_mut().expect("it is taken at the end only");
        // A worker reads a whole request before it begins: writing does not wait for its work.
        write_frame(requests, &[&[place], bytes]).map_err(|_| ExtractionStatus::Crashed)?;
        match self
            .answers
            .recv_timeout(Duration::from_secs(allowance.seconds.saturating_mul(WALL_PER_COMPUTED)))
        {
            Ok(Some(answer)) => codec::decode(&answer).ok_or(ExtractionStatus::Crashed),
            Ok(None) | Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
            Err(RecvTimeoutError::Timeout) => Err(ExtractionStatus::Timeout),
        }
    }

    /// Why a worker ended by itself.
    fn ended(&mut self) -> ExtractionStatus {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt;
            let spent = rustix::process::Signal::XCPU.as_raw();
            let status: io::Result<_> = self.child.wait();
            if status.is_ok_and(|status| status.signal() == Some(spent)) {
                return ExtractionStatus::Timeout;
            }
        }
        ExtractionStatus::Crashed
    }

    fn end(&mut self) {
        // Its input is closed first: a worker that waits ends by itself.
        self.requests = None;
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}
