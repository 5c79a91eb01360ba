//! Runs: what consumers claimed, and how that ended.

use std::collections::HashMap;

use duckdb::{Connection, Row, params};
use lichen_model::{
    AnyId, Extent, Outcome, Problem, Run, RunEvent, RunId, Standing, StreamId, Timestamp,
};

use crate::append::Receipt;
use crate::columns::micros;
use crate::error::{Doing, Error, Result};
use crate::reader::Reader;
use crate::row::{self, At, Raw};

/// A run and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// The run.
    pub run: Run,
    /// When and how it ended; `None` while it is claimed, and where its claim expired.
    pub end: Option<(Timestamp, Outcome)>,
}

const APPENDING: &str = "store a run";
const READING: &str = "read runs";

/// Columns that tell an extent, but for its stream.
const EXTENT: &str =
    "first_place, first_late, last_place, last_late, late, replaced, start_byte, end_byte";

/// Appends those of `events` that are new. One that contradicts what is stored is left out and told: a window has one
/// claim at a time, and a run one end.
pub(crate) fn append(conn: &Connection, events: &[RunEvent], receipt: &mut Receipt) -> Result<()> {
    for event in events {
        let (run, refused) = match event {
            RunEvent::Claimed(run) => (run.id, claim(conn, run, receipt)?),
            RunEvent::Ended { run, at, outcome } => (*run, end(conn, *run, *at, outcome, receipt)?),
        };
        if let Some(what) = refused {
            receipt.problems.push(Problem::new("runs", run.any().to_string(), what));
        }
    }
    Ok(())
}

fn claim(conn: &Connection, run: &Run, receipt: &mut Receipt) -> Result<Option<&'static str>> {
    let window = row::uuid(run.extent.id().as_u128());
    let sql = "SELECT r.run_id, r.attempt, r.lease_until, e.outcome::VARCHAR
         FROM runs AS r LEFT JOIN run_ends AS e USING (run_id)
         WHERE r.window_id = ?::UUID AND r.consumer = ? AND r.signature = ? ORDER BY r.attempt";
    let mut statement = conn.prepare(sql).doing(APPENDING)?;
    let rows = statement.query_map(params![window, run.consumer, run.signature], |row| {
        let ended: Option<String> = row.get(3)?;
        Ok((row.get::<_, Raw>(0)?.0, row.get::<_, u32>(1)?, row.get::<_, At>(2)?.0, ended))
    });
    let before: Vec<(u128, u32, Timestamp, Option<String>)> =
        rows.and_then(Iterator::collect).doing(APPENDING)?;
    if before.iter().any(|(id, ..)| *id == run.id.as_u128()) {
        return Ok(None);
    }
    match before.last() {
        Some((_, attempt, ..)) if attempt + 1 != run.attempt => {
            return Ok(Some("its attempt does not follow the one before"));
        }
        None if run.attempt != 1 => {
            return Ok(Some("its attempt does not follow the one before"));
        }
        Some((_, _, lease, None)) if *lease > run.claimed => {
            return Ok(Some("the window was claimed while another had it"));
        }
        Some((.., Some(ended))) if ended != "failed" => {
            return Ok(Some("the window was claimed after it was done"));
        }
        _ => {}
    }
    let (start, end) = bytes(&run.extent);
    receipt.runs += conn
        .execute(
            &format!(
                "INSERT INTO runs (run_id, consumer, signature, window_id, stream_id, {EXTENT}, attempt, claimed_at,
                     lease_until)
                 VALUES (?::UUID, ?, ?, ?::UUID, ?::UUID, ?, ?, ?, ?, ?, ?, ?, ?, ?, make_timestamp(?), make_timestamp(?))"
            ),
            params![
                row::uuid(run.id.as_u128()),
                run.consumer,
                run.signature,
                window,
                row::uuid(run.extent.stream.as_u128()),
                run.extent.first.place,
                run.extent.first.late,
                run.extent.last.place,
                run.extent.last.late,
                run.extent.late,
                run.extent.replaced,
                start,
                end,
                run.attempt,
                micros(run.claimed),
                micros(run.lease),
            ],
        )
        .doing(APPENDING)?;
    Ok(None)
}

fn end(
    conn: &Connection,
    run: RunId,
    at: Timestamp,
    outcome: &Outcome,
    receipt: &mut Receipt,
) -> Result<Option<&'static str>> {
    let id = row::uuid(run.as_u128());
    let sql = "SELECT e.outcome::VARCHAR, l.run_id IS NOT NULL
         FROM runs AS r LEFT JOIN run_ends AS e USING (run_id)
         LEFT JOIN runs AS l ON l.window_id = r.window_id AND l.consumer = r.consumer AND l.signature = r.signature
             AND l.attempt > r.attempt
         WHERE r.run_id = ?::UUID";
    let mut statement = conn.prepare(sql).doing(APPENDING)?;
    let rows = statement.query_map([&id], |row| Ok((row.get(0)?, row.get(1)?)));
    let found: Vec<(Option<String>, bool)> = rows.and_then(Iterator::collect).doing(APPENDING)?;
    match found.first() {
        None => return Ok(Some("a run ended that nobody claimed")),
        Some((Some(ended), _)) if ended == word(outcome) => return Ok(None),
        Some((Some(_), _)) => return Ok(Some("the run had ended otherwise")),
        Some((None, true)) => return Ok(Some("the run ended after another took its window over")),
        Some((None, false)) => {}
    }
    let reason = match outcome {
        Outcome::Failed { reason } => reason.as_str(),
        Outcome::Done | Outcome::Split { .. } => "",
    };
    receipt.runs += conn
        .execute(
            "INSERT INTO run_ends (run_id, ended_at, outcome, reason) VALUES (?::UUID, make_timestamp(?), ?, ?)",
            params![id, micros(at), word(outcome), reason],
        )
        .doing(APPENDING)?;
    if let Outcome::Split { parts } = outcome {
        for (ord, part) in (0_u32..).zip(parts) {
            append_part(conn, &id, ord, part)?;
        }
    }
    Ok(None)
}

fn append_part(conn: &Connection, run: &str, ord: u32, part: &Extent) -> Result<()> {
    let (start, end) = bytes(part);
    conn.execute(
        &format!(
            "INSERT INTO run_parts (run_id, ord, window_id, {EXTENT})
             VALUES (?::UUID, ?, ?::UUID, ?, ?, ?, ?, ?, ?, ?, ?)"
        ),
        params![
            run,
            ord,
            row::uuid(part.id().as_u128()),
            part.first.place,
            part.first.late,
            part.last.place,
            part.last.late,
            part.late,
            part.replaced,
            start,
            end
        ],
    )
    .doing(APPENDING)?;
    Ok(())
}

/// The word that `run_ends.outcome` keeps.
const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed { .. } => "failed",
        Outcome::Split { .. } => "split",
    }
}

fn bytes(extent: &Extent) -> (Option<u32>, Option<u32>) {
    (extent.bytes.as_ref().map(|bytes| bytes.start), extent.bytes.as_ref().map(|bytes| bytes.end))
}

/// The extent that stands in `row` from column `from` on.
fn extent(row: &Row<'_>, from: usize, stream: StreamId) -> duckdb::Result<Extent> {
    let start: Option<u32> = row.get(from + 6)?;
    let end: Option<u32> = row.get(from + 7)?;
    Ok(Extent {
        stream,
        first: Standing { place: row.get(from)?, late: row.get(from + 1)? },
        last: Standing { place: row.get(from + 2)?, late: row.get(from + 3)? },
        late: row.get(from + 4)?,
        replaced: row.get(from + 5)?,
        bytes: start.zip(end).map(|(start, end)| start..end),
    })
}

impl Reader {
    /// The runs of a consumer, or of all; under one signature, or under all: in the order of their claims.
    pub fn runs(&self, consumer: Option<&str>, signature: Option<&str>) -> Result<Vec<RunView>> {
        let mut filters = Vec::new();
        filters.extend(consumer.map(|name| format!("r.consumer = {}", row::literal(name))));
        filters.extend(signature.map(|text| format!("r.signature = {}", row::literal(text))));
        self.runs_where(&filters.join(" AND "))
    }

    /// A run.
    pub fn run(&self, id: RunId) -> Result<Option<RunView>> {
        Ok(self.runs_where(&format!("r.run_id = '{}'::UUID", row::uuid(id.as_u128())))?.pop())
    }

    /// The runs over a window, in the order of their claims.
    pub fn runs_of_window(&self, window: AnyId) -> Result<Vec<RunView>> {
        self.runs_where(&format!("r.window_id = '{}'::UUID", row::uuid(window.id.as_u128())))
    }

    fn runs_where(&self, filter: &str) -> Result<Vec<RunView>> {
        let filter = if filter.is_empty() { String::new() } else { format!("WHERE {filter}") };
        let sql = format!(
            "SELECT r.run_id, r.consumer, r.signature, r.stream_id, r.attempt, r.claimed_at, r.lease_until,
                 e.ended_at, e.outcome::VARCHAR, e.reason, {EXTENT}
             FROM runs AS r LEFT JOIN run_ends AS e USING (run_id)
             {filter} ORDER BY r.claimed_at, r.run_id"
        );
        let mut parts = self.run_parts(&filter)?;
        let mut statement = self.conn.prepare(&sql).doing(READING)?;
        let mut rows = statement.query([]).doing(READING)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().doing(READING)? {
            let stream = StreamId::from_u128(row.get::<_, Raw>(3).doing(READING)?.0);
            let run = Run {
                id: RunId::from_u128(row.get::<_, Raw>(0).doing(READING)?.0),
                consumer: row.get(1).doing(READING)?,
                signature: row.get(2).doing(READING)?,
                extent: extent(row, 10, stream).doing(READING)?,
                attempt: row.get(4).doing(READING)?,
                claimed: row.get::<_, At>(5).doing(READING)?.0,
                lease: row.get::<_, At>(6).doing(READING)?.0,
            };
            let ended: Option<At> = row.get(7).doing(READING)?;
            let outcome: Option<String> = row.get(8).doing(READING)?;
            let end = match (ended, outcome.as_deref()) {
                (Some(At(at)), Some("done")) => Some((at, Outcome::Done)),
                (Some(At(at)), Some("failed")) => {
                    Some((at, Outcome::Failed { reason: row.get(9).doing(READING)? }))
                }
                (Some(At(at)), Some("split")) => {
                    let parts = parts.remove(&run.id).unwrap_or_default();
                    Some((at, Outcome::Split { parts }))
                }
                (None, None) => None,
                _ => return Err(Error::Value { column: "run_ends.outcome".to_owned() }),
            };
            all.push(RunView { run, end });
        }
        Ok(all)
    }

    /// What runs were split in.
    fn run_parts(&self, filter: &str) -> Result<HashMap<RunId, Vec<Extent>>> {
        let columns: Vec<String> = EXTENT.split(", ").map(|column| format!("p.{column}")).collect();
        let sql = format!(
            "SELECT p.run_id, r.stream_id, {} FROM run_parts AS p JOIN runs AS r USING (run_id)
             {filter} ORDER BY p.run_id, p.ord",
            columns.join(", ")
        );
        let mut statement = self.conn.prepare(&sql).doing(READING)?;
        let mut rows = statement.query([]).doing(READING)?;
        let mut parts: HashMap<RunId, Vec<Extent>> = HashMap::new();
        while let Some(row) = rows.next().doing(READING)? {
            let run = RunId::from_u128(row.get::<_, Raw>(0).doing(READING)?.0);
            let stream = StreamId::from_u128(row.get::<_, Raw>(1).doing(READING)?.0);
            parts.entry(run).or_default().push(extent(row, 2, stream).doing(READING)?);
        }
        Ok(parts)
    }
}
