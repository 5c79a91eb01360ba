//! Where new messages stand in their streams: the order of time where it agrees with that of arrival, a place after a
//! timely one where a message comes late.

use std::collections::{HashMap, HashSet};

use duckdb::Connection;
use lichen_model::{Message, StreamId, Timestamp};

use crate::append::stage;
use crate::columns::Columns;
use crate::error::{Doing, Result};
use crate::row::{At, Raw};

/// Running sums over the timely messages of a stream, up to one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Place among the timely ones, from 0; -1 before the first.
    pub(crate) place: i64,
    pub(crate) bytes: i64,
    /// `None` where one before it was not counted yet.
    pub(crate) tokens: Option<i64>,
}

impl Sums {
    const NONE: Self = Self { place: -1, bytes: 0, tokens: Some(0) };
}

/// The end of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// The ordinal of the next message.
    ordinal: i64,
    /// The time of the last timely message; `None` for an empty stream.
    sent: Option<Timestamp>,
    sums: Sums,
}

/// A message's place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) ordinal: i64,
    pub(crate) late: bool,
    pub(crate) sums: Sums,
}

/// The standing of each of `messages`, which are new, in their order.
pub(crate) fn standings(
    conn: &Connection,
    messages: &[&Message],
    ends: &mut HashMap<StreamId, End>,
) -> Result<Vec<Standing>> {
    learn_ends(conn, messages, ends)?;
    let mut standings = Vec::with_capacity(messages.len());
    // Timely messages of this batch, by stream: late ones may follow one of them.
    let mut here: HashMap<StreamId, Vec<(Timestamp, Sums)>> = HashMap::new();
    let mut late = Vec::new();
    for message in messages {
        let end =
            ends.entry(message.stream).or_insert(End { ordinal: 0, sent: None, sums: Sums::NONE });
        let is_late = end.sent.is_some_and(|last| message.sent.at < last);
        if is_late {
            late.push(standings.len());
        } else {
            let len = i64::try_from(message.text.len()).expect("a text fits in memory");
            end.sums = Sums {
                place: end.sums.place + 1,
                bytes: end.sums.bytes + len,
                tokens: end.sums.tokens.map(|tokens| tokens + i64::from(message.tokens)),
            };
            end.sent = Some(message.sent.at);
            here.entry(message.stream).or_default().push((message.sent.at, end.sums));
        }
        standings.push(Standing { ordinal: end.ordinal, late: is_late, sums: end.sums });
        end.ordinal += 1;
    }
    let mut elsewhere = Vec::new();
    for place in late {
        let message = messages[place];
        let timely = here.get(&message.stream).map_or(&[][..], Vec::as_slice);
        match timely.partition_point(|(sent, _)| *sent <= message.sent.at).checked_sub(1) {
            Some(before) => standings[place].sums = timely[before].1,
            None => elsewhere.push((place, message)),
        }
    }
    for (place, sums) in stored_before(conn, &elsewhere)? {
        standings[place].sums = sums;
    }
    Ok(standings)
}

/// Asks for the ends of the streams that were not asked for yet.
fn learn_ends(
    conn: &Connection,
    messages: &[&Message],
    ends: &mut HashMap<StreamId, End>,
) -> Result<()> {
    let doing = "find the ends of streams";
    let unknown: HashSet<StreamId> = messages
        .iter()
        .map(|message| message.stream)
        .filter(|stream| !ends.contains_key(stream))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    stage(conn, unknown.iter().map(|stream| stream.as_u128()))?;
    let mut statement = conn
        .prepare(
            "SELECT stream_id, max(ordinal) + 1, max(sent_at), max(place), max(cum_bytes),
                 CASE WHEN bool_and(cum_tokens IS NOT NULL) THEN max(cum_tokens) END
             FROM messages WHERE stream_id IN (SELECT id FROM temp.staged) GROUP BY stream_id",
        )
        .doing(doing)?;
    let rows = statement.query_map([], |row| {
        let sums = Sums { place: row.get(3)?, bytes: row.get(4)?, tokens: row.get(5)? };
        let sent = Some(row.get::<_, At>(2)?.0);
        Ok((StreamId::from_u128(row.get::<_, Raw>(0)?.0), End { ordinal: row.get(1)?, sent, sums }))
    });
    for row in rows.doing(doing)? {
        let (stream, end) = row.doing(doing)?;
        ends.insert(stream, end);
    }
    Ok(())
}

/// The sums of the stored timely message that each of `late` follows.
fn stored_before(conn: &Connection, late: &[(usize, &Message)]) -> Result<Vec<(usize, Sums)>> {
    let doing = "find the places of late messages";
    if late.is_empty() {
        return Ok(Vec::new());
    }
    conn.execute_batch(
        "CREATE OR REPLACE TEMP TABLE late (nth BIGINT, stream_id UUID, sent_at TIMESTAMP)",
    )
    .doing(doing)?;
    let nth = |place: usize| i64::try_from(place).expect("a batch is small");
    Columns::default()
        .i64s("nth", late.iter().map(|(place, _)| nth(*place)))
        .ids("stream_id", late.iter().map(|(_, message)| message.stream.as_u128()))
        .times("sent_at", late.iter().map(|(_, message)| message.sent.at))
        .append_to(conn, "temp", "late")
        .doing(doing)?;
    let mut statement = conn
        .prepare(
            "WITH timely AS (
                 SELECT stream_id, sent_at, max(place) AS place, max(cum_bytes) AS cum_bytes,
                     CASE WHEN bool_and(cum_tokens IS NOT NULL) THEN max(cum_tokens) END AS cum_tokens
                 FROM messages
                 WHERE NOT late AND stream_id IN (SELECT stream_id FROM temp.late)
                 GROUP BY stream_id, sent_at
             )
             SELECT l.nth, t.place, t.cum_bytes, t.cum_tokens
             FROM temp.late AS l ASOF LEFT JOIN timely AS t
                 ON l.stream_id = t.stream_id AND l.sent_at >= t.sent_at",
        )
        .doing(doing)?;
    let rows = statement.query_map([], |row| {
        let sums = match row.get::<_, Option<i64>>(1)? {
            Some(place) => Sums { place, bytes: row.get(2)?, tokens: row.get(3)? },
            None => Sums::NONE,
        };
        Ok((row.get::<_, usize>(0)?, sums))
    });
    rows.and_then(Iterator::collect).doing(doing)
}
