//! The bare database under the same load: every batch is appended and committed, and the writer waits for that.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, anyhow};
use duckdb::{Connection, params};
use lichen_model::Batch;
use serde::Serialize;

use super::Arguments;
use super::pace::{Pace, lines};
use crate::clock::{SystemClock, pause};
use crate::latency::{Latencies, Spread};
use crate::load::Feed;
use crate::scratch;

/// What the bare database came to.
#[derive(Serialize)]
pub(super) struct Bare {
    pub(super) committed: Spread,
    /// Messages committed a second.
    pub(super) per_second: f64,
}

pub(super) fn run(arguments: &Arguments, feed: &Feed, run: u64) -> Result<Bare> {
    let folder = scratch::on_disk(arguments.dir.as_ref())?;
    let conn = Connection::open(folder.path().join("bare.duckdb"))?;
    conn.execute_batch(
        "CREATE TABLE messages (message_id UUID, stream_id UUID, external_id TEXT, author TEXT, sent_at TIMESTAMP, text TEXT);
         CREATE TABLE passages (message_id UUID, ord UINTEGER, kind TEXT, first UINTEGER, last UINTEGER, context TEXT)",
    )?;
    let conn = Mutex::new(conn);
    let clock = SystemClock::new();
    let end = Duration::from_secs(arguments.bare_seconds);
    let mut committed = Latencies::default();
    std::thread::scope(|scope| -> Result<()> {
        scope.spawn(|| -> Result<()> {
            while clock.elapsed() < end {
                pause(Duration::from_secs(arguments.settle));
                lock(&conn).execute_batch("CHECKPOINT")?;
            }
            Ok(())
        });
        let writers: Vec<_> = (0..arguments.writers)
            .map(|writer| {
                let conn = &conn;
                scope.spawn(move || -> Result<Latencies> {
                    let Arguments { writers, rate, .. } = *arguments;
                    let pace = Pace::new(clock, writer, writers, rate, end);
                    let mut latencies = Latencies::default();
                    for nth in 0.. {
                        let Some(due) = pace.wait(nth) else { break };
                        if clock.elapsed() > end {
                            break;
                        }
                        let text = lines("bare", run, writer, nth, 1);
                        let batch = feed.batch(&text)?;
                        commit(&lock(conn), &batch)?;
                        latencies.add(pace.late(due));
                    }
                    Ok(latencies)
                })
            })
            .collect();
        for writer in writers {
            committed.join(&writer.join().map_err(|_| anyhow!("a writer panicked"))??);
        }
        Ok(())
    })?;
    let committed = committed.spread();
    Ok(Bare { per_second: committed.count as f64 / clock.elapsed().as_secs_f64(), committed })
}

fn lock(conn: &Mutex<Connection>) -> std::sync::MutexGuard<'_, Connection> {
    conn.lock().unwrap_or_else(PoisonError::into_inner)
}

fn commit(conn: &Connection, batch: &Batch) -> Result<()> {
    let transaction = conn.unchecked_transaction()?;
    let mut messages = transaction.appender("messages")?;
    for message in &batch.messages {
        messages.append_row(params![
            uuid(message.id.as_u128()),
            uuid(message.stream.as_u128()),
            message.external_id,
            message.author,
            duckdb::types::Value::Timestamp(
                duckdb::types::TimeUnit::Millisecond,
                message.sent.at.millis()
            ),
            message.text
        ])?;
    }
    drop(messages);
    let mut passages = transaction.appender("passages")?;
    for passage in &batch.passages {
        passages.append_row(params![
            uuid(passage.owner.any().id.as_u128()),
            passage.ord,
            passage.kind.name(),
            passage.span.start,
            passage.span.end,
            passage.context
        ])?;
    }
    drop(passages);
    Ok(transaction.commit()?)
}

fn uuid(id: u128) -> String {
    let text = format!("{id:032x}");
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}
