//! Appending a batch: one transaction, after which it is all there or nothing is.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use duckdb::Connection;
use lichen_model::{Batch, Owner, PassageKind, Problem, StreamId, Timestamp};

use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::journal::Step;
use crate::open::Store;
use crate::row::Raw;
use crate::{
    CATALOG, commits, documents, messages, passages, progress, refs, repos, row, runs, tags,
};

/// What an append changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Receipt {
    /// New commits.
    pub commits: usize,
    /// New versions of documents.
    pub versions: usize,
    /// New messages.
    pub messages: usize,
    /// Those of the new messages that take the place of another.
    pub edits: usize,
    /// New tool calls.
    pub tool_calls: usize,
    /// New labels.
    pub tags: usize,
    /// New facts about runs.
    pub runs: usize,
    /// Refs that were seen to have moved.
    pub ref_events: usize,
    /// The numbers of the new passages.
    pub seqs: Range<u64>,
    /// For each number of `seqs`, in order, the passage's place in the batch.
    pub passages: Vec<usize>,
    /// Facts of the batch that contradict what is stored, and were left out.
    pub problems: Vec<Problem>,
}

/// What appending must know of the tables, kept between batches so that it is asked only once.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) passages: u64,
    pub(crate) newest_commit: Option<u128>,
    pub(crate) newest_message: Option<u128>,
    /// The ends of the streams asked for so far.
    pub(crate) streams: HashMap<StreamId, messages::order::End>,
    /// The titles that streams were stored with.
    pub(crate) titles: HashMap<StreamId, String>,
}

impl Receipt {
    /// Adds what the append that came next changed.
    pub(crate) fn join(&mut self, next: Self) {
        self.commits += next.commits;
        self.versions += next.versions;
        self.messages += next.messages;
        self.edits += next.edits;
        self.tool_calls += next.tool_calls;
        self.tags += next.tags;
        self.ref_events += next.ref_events;
        if self.seqs.is_empty() {
            self.seqs = next.seqs;
        } else {
            self.seqs.end = self.seqs.end.max(next.seqs.end);
        }
        self.passages.extend(next.passages);
        self.problems.extend(next.problems);
    }
}

impl Known {
    fn load(conn: &Connection) -> Result<Self> {
        let newest = |sql: &str| -> Result<Option<u128>> {
            let raw = conn
                .query_row(sql, [], |row| row.get::<_, Option<Raw>>(0))
                .doing("find the newest id")?;
            Ok(raw.map(|raw| raw.0))
        };
        Ok(Self {
            passages: conn
                .query_row("SELECT count(*) FROM passages", [], |row| row.get(0))
                .doing("count the passages")?,
            newest_commit: newest("SELECT max(commit_id) FROM git_commits")?,
            newest_message: newest("SELECT max(message_id) FROM messages")?,
            streams: HashMap::new(),
            titles: HashMap::new(),
        })
    }
}

/// Owners that a batch brings and their texts.
pub(crate) type Owners<'a> = HashMap<Owner, &'a str>;

impl Store {
    /// Takes in `batch`, in one transaction. Facts that are there already are left alone, so that appending a batch
    /// again changes nothing; when an error leaves it open whether the transaction came through, append it again.
    pub fn append(&mut self, batch: &Batch) -> Result<Receipt> {
        self.ensure_attached()?;
        self.guard(room_for(batch))?;
        let now = self.options.clock.now();
        let known = match self.known.take() {
            Some(known) => known,
            None => Known::load(&self.conn)?,
        };
        let at_step = Arc::clone(&self.options.at_step);
        let commit = || at_step(Step::Apply).doing("go on");
        match append(&self.conn, batch, known, now, commit) {
            Ok((receipt, known)) => {
                self.known = Some(known);
                Ok(receipt)
            }
            Err(error) => Err(self.recover(error)),
        }
    }
}

fn append(
    conn: &Connection,
    batch: &Batch,
    mut known: Known,
    now: Timestamp,
    before_commit: impl FnOnce() -> Result<()>,
) -> Result<(Receipt, Known)> {
    // Rolls back when dropped before the commit.
    let transaction = conn.unchecked_transaction().doing("begin a transaction")?;
    let mut receipt = Receipt::default();
    let mut owners = Owners::new();
    repos::append_repos(conn, &batch.repos)?;
    repos::append_people(conn, &batch.people)?;
    commits::append(conn, &batch.commits, &mut known, &mut owners, &mut receipt)?;
    refs::append(conn, &batch.refs, now, &mut receipt)?;
    documents::append(conn, &batch.versions, &mut owners, &mut receipt)?;
    messages::append_streams(conn, &batch.streams, &mut known.titles)?;
    let edits = messages::append(conn, &batch.messages, &mut known, &mut owners, &mut receipt)?;
    let passages = edits.of_passages(&batch.passages);
    passages::append(conn, &passages, &mut known, &owners, &mut receipt)?;
    tags::append(conn, &batch.tags, &mut receipt)?;
    runs::append(conn, &batch.runs, &mut receipt)?;
    progress::append(conn, &batch.progress)?;
    before_commit()?;
    transaction.commit().doing("commit a batch")?;
    Ok((receipt, known))
}

/// Those of `ids` that `column` of `table` holds. `newest` is the greatest id there: newer ones are not looked up.
pub(crate) fn existing(
    conn: &Connection,
    table: &str,
    column: &str,
    ids: impl Iterator<Item = u128>,
    newest: Option<u128>,
) -> Result<HashSet<u128>> {
    let Some(newest) = newest else { return Ok(HashSet::new()) };
    let asked: Vec<u128> = ids.filter(|&id| id <= newest).collect();
    let (Some(&low), Some(&high)) = (asked.iter().min(), asked.iter().max()) else {
        return Ok(HashSet::new());
    };
    stage(conn, asked.into_iter())?;
    let (low, high) = (row::uuid(low), row::uuid(high));
    let sql = format!(
        "SELECT {column} FROM {CATALOG}.main.{table} WHERE {column} BETWEEN '{low}'::UUID AND '{high}'::UUID \
         AND {column} IN (SELECT id FROM temp.staged)"
    );
    let mut statement = conn.prepare(&sql).doing("look ids up")?;
    let found = statement.query_map([], |row| row.get::<_, Raw>(0)).doing("look ids up")?;
    found.map(|raw| raw.map(|raw| raw.0)).collect::<duckdb::Result<_>>().doing("look ids up")
}

/// Puts ids where statements can join with them: `temp.staged`.
pub(crate) fn stage(conn: &Connection, ids: impl Iterator<Item = u128>) -> Result<()> {
    conn.execute_batch("CREATE OR REPLACE TEMP TABLE staged (id UUID)").doing("stage ids")?;
    Columns::default().ids("id", ids).append_to(conn, "temp", "staged").doing("stage ids")
}

/// About the bytes of a batch.
fn room_for(batch: &Batch) -> u64 {
    const PER_ROW: usize = 512;
    let texts: usize = batch.commits.iter().map(|commit| commit.message.len()).sum::<usize>()
        + batch
            .versions
            .iter()
            .filter_map(|version| version.text.as_ref())
            .map(String::len)
            .sum::<usize>()
        + batch.messages.iter().map(|message| message.text.len()).sum::<usize>();
    let rows = batch.len() + batch.passages.len();
    texts as u64 + (rows * PER_ROW) as u64
}

/// The kinds of passages as numbers, as DuckDB numbers the values of its enum.
pub(crate) fn passage_kind(place: u8) -> Option<PassageKind> {
    PassageKind::ALL.get(usize::from(place)).copied()
}
