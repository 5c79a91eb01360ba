//! Applying the journal: records into the tables, in the order of their numbers, many in one transaction.

use std::collections::HashSet;

use lichen_model::{Batch, MessageId, Progress};

use crate::append::Receipt;
use crate::error::{Doing, Error, Result};
use crate::journal::{self, Frames, Journal, Step, record};
use crate::open::Store;

/// The name under which the database remembers how far it applied the journal.
pub(crate) const SOURCE: &str = "journal";
/// Messages of one transaction, unless one record has more.
const MESSAGES_MAX: usize = 8192;
/// Bytes of records of one transaction, unless one record has more.
const BYTES_MAX: usize = 8 << 20;

/// What one step of applying came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// The number of the last record that is in the database now.
    pub seq: u64,
    /// Records that were applied.
    pub records: usize,
    /// What the batch of them changed.
    pub receipt: Receipt,
    /// Records that the database refused, and where they are kept.
    pub refused: Vec<String>,
}

/// Records that go into one transaction.
#[derive(Default)]
struct Joined {
    batch: Batch,
    ids: HashSet<MessageId>,
    records: usize,
    bytes: usize,
    /// The number of the last of them.
    seq: u64,
}

impl Joined {
    /// Whether the messages of `batch` can be told apart from those that are here. Two texts of one message are
    /// an edit only for a transaction that finds the first one stored.
    fn takes(&self, batch: &Batch) -> bool {
        let named = |message: &lichen_model::Message| {
            self.ids.contains(&message.id)
                || message.replaces.is_some_and(|id| self.ids.contains(&id))
        };
        !batch.messages.iter().any(named)
    }

    fn is_full(&self) -> bool {
        self.batch.messages.len() >= MESSAGES_MAX || self.bytes >= BYTES_MAX
    }

    fn add(&mut self, seq: u64, bytes: usize, batch: Batch) {
        self.ids.extend(
            batch
                .messages
                .iter()
                .flat_map(|message| [Some(message.id), message.replaces])
                .flatten(),
        );
        self.batch.streams.extend(batch.streams);
        self.batch.messages.extend(batch.messages);
        self.batch.passages.extend(batch.passages);
        self.batch.tags.extend(batch.tags);
        self.batch.runs.extend(batch.runs);
        self.batch.progress.extend(batch.progress);
        (self.records, self.bytes, self.seq) = (self.records + 1, self.bytes + bytes, seq);
    }
}

/// Where the applying of a journal stands.
pub(crate) struct Applier {
    pub(crate) journal: Journal,
    frames: Frames,
    /// A record that was read and did not fit.
    held: Option<(u64, Vec<u8>, Batch)>,
}

impl Applier {
    /// Goes on behind `applied`.
    pub(crate) fn new(journal: Journal, applied: u64) -> Self {
        // Twice, for both slots of the mark: a loss that was told now is not told again.
        journal.applied_to(applied);
        journal.applied_to(applied);
        let frames = journal.frames(applied);
        Self { journal, frames, held: None }
    }

    /// The next records that fit in one transaction.
    fn joined(&mut self, refused: &mut Vec<String>, dir: &std::path::Path) -> Result<Joined> {
        let mut joined = Joined::default();
        while !joined.is_full() {
            let next = match self.held.take() {
                Some(held) => Some(held),
                None => self.read(refused, dir, &mut joined)?,
            };
            let Some((seq, payload, batch)) = next else { break };
            if joined.takes(&batch) {
                joined.add(seq, payload.len(), batch);
            } else {
                self.held = Some((seq, payload, batch));
                break;
            }
        }
        Ok(joined)
    }

    /// The next record that can be read. One that cannot is kept aside: nobody could ever apply it.
    fn read(
        &mut self,
        refused: &mut Vec<String>,
        dir: &std::path::Path,
        joined: &mut Joined,
    ) -> Result<Option<(u64, Vec<u8>, Batch)>> {
        while let Some((seq, payload)) = self.frames.next().doing("read the journal back")? {
            match record::decode(&payload) {
                Ok(batch) => return Ok(Some((seq, payload, batch))),
                Err(error @ Error::NewerRecord { .. }) => return Err(error),
                Err(error) => {
                    refused.push(keep_record(dir, seq, &payload, &error)?);
                    joined.seq = seq;
                }
            }
        }
        Ok(None)
    }

    /// Begins again behind what is applied, as after a transaction that failed.
    fn rewind(&mut self) {
        self.held = None;
        self.frames.seek(self.journal.applied());
    }
}

impl Store {
    /// Takes the next records of the journal into the tables, in one transaction. `None` where all are in.
    ///
    /// # Errors
    /// A full disk and the like: nothing is lost, try again. A record that the database refuses for what it says is kept
    /// aside and told, and holds nothing up.
    pub fn apply_journal(&mut self) -> Result<Option<Applied>> {
        let mut refused = Vec::new();
        let joined = self.applier.joined(&mut refused, &self.dir)?;
        if joined.seq == 0 {
            return Ok(None);
        }
        let seq = joined.seq;
        match self.apply(joined) {
            Ok(mut applied) => {
                applied.refused.splice(0..0, refused);
                Ok(Some(applied))
            }
            Err(error) if is_about_content(&error) => {
                self.applier.rewind();
                let mut applied = self.apply_singly(seq, &error)?;
                applied.refused.splice(0..0, refused);
                Ok(Some(applied))
            }
            Err(error) => {
                self.applier.rewind();
                Err(error)
            }
        }
    }

    fn apply(&mut self, joined: Joined) -> Result<Applied> {
        let Joined { mut batch, records, seq, .. } = joined;
        let journal = self.applier.journal.clone();
        batch
            .progress
            .push(Progress { source: SOURCE.to_owned(), position: journal.position(seq) });
        let receipt = self.append(&batch)?;
        self.step(Step::Mark)?;
        journal.applied_to(seq);
        Ok(Applied { seq, records, receipt, refused: Vec::new() })
    }

    /// Applies the records up to `last` one by one and keeps those aside that the database refuses.
    fn apply_singly(&mut self, last: u64, why: &Error) -> Result<Applied> {
        tracing::warn!(error = %why, "records are applied one by one: the database refused one of them");
        let mut all = Applied::default();
        while self.applier.journal.applied() < last {
            let mut one = Joined::default();
            let Some((seq, payload, batch)) =
                self.applier.read(&mut all.refused, &self.dir, &mut one)?
            else {
                break;
            };
            one.add(seq, payload.len(), batch);
            let applied = match self.apply(one) {
                Err(error) if is_about_content(&error) => {
                    all.refused.push(keep_record(&self.dir, seq, &payload, &error)?);
                    self.applier.rewind();
                    self.apply(Joined { seq, ..Joined::default() })
                }
                other => other,
            };
            let Applied { seq, records, receipt, .. } =
                applied.inspect_err(|_| self.applier.rewind())?;
            self.applier.frames.seek(seq);
            all.seq = seq;
            all.records += records;
            all.receipt.join(receipt);
        }
        Ok(all)
    }
}

/// Whether the database refused a batch for what it says, and not for the state that database or disk are in.
fn is_about_content(error: &Error) -> bool {
    let Error::Query { source, .. } = error else { return false };
    let text = source.to_string();
    ["Constraint Error", "Conversion Error", "Out of Range Error", "Invalid Input Error"]
        .iter()
        .any(|sign| text.contains(sign))
}

fn keep_record(dir: &std::path::Path, seq: u64, payload: &[u8], why: &Error) -> Result<String> {
    let doing = "keep a record that was refused";
    let folder = dir.join(journal::DAMAGED);
    fs_err::create_dir_all(&folder).doing(doing)?;
    let kept = folder.join(format!("record-{seq}"));
    fs_err::write(&kept, payload).doing(doing)?;
    fs_err::File::open(&kept).and_then(|file| file.sync_all()).doing(doing)?;
    let mut what = why.to_string();
    if let Some(source) = std::error::Error::source(why) {
        what = format!("{what}: {source}");
    }
    Ok(format!(
        "journal: record {seq} could not be taken in ({what}); kept as `{}`",
        kept.display()
    ))
}
