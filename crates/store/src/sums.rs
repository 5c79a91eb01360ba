//! Running sums of a stream: what windows are cut by, without reading a text.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use lichen_model::{MessageId, StreamId};

use crate::error::{Doing, Error, Result};
use crate::reader::Reader;
use crate::row::{self, Raw};

/// What a window's size counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// UTF-8 bytes of texts.
    Bytes,
    /// Tokens as the built-in tokenizer counts them.
    Tokens,
    /// Messages.
    Count,
    /// Milliseconds from the first message.
    Time,
}

/// Where a message stands in the order of its stream: the timely one of a place, or one of the late ones after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// The place of the timely message; -1 before the first.
    pub place: i64,
    /// 0 for the timely one itself, then 1, 2, ... for the late ones that follow it.
    pub late: u32,
}

/// A late message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// Where it stands.
    pub at: Standing,
    /// Its own size; for time, when it was sent in milliseconds.
    pub size: i64,
    /// Whether another message has taken its place.
    pub replaced: bool,
}

/// A stream measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// By place: the sum of sizes up to and including each timely message; for time, when each was sent.
    pub timely: Vec<i64>,
    /// Late messages, in order.
    pub late: Vec<Late>,
    /// Places of timely messages that others have taken the place of, ascending.
    pub replaced: Vec<i64>,
}

const DOING: &str = "measure a stream";

impl Reader {
    /// The running sums of `stream`. Reads eight bytes a message, and late ones one by one.
    ///
    /// # Errors
    /// [`Error::Uncounted`] for tokens where some were never counted.
    pub fn sums(&self, stream: StreamId, measure: Measure) -> Result<Sums> {
        let stream = row::uuid(stream.as_u128());
        Ok(Sums {
            timely: self.timely_sums(&stream, measure)?,
            late: self.late_sizes(&stream, measure)?,
            replaced: self.replaced_places(&stream)?,
        })
    }

    fn timely_sums(&self, stream: &str, measure: Measure) -> Result<Vec<i64>> {
        let column = match measure {
            Measure::Bytes => "cum_bytes",
            Measure::Tokens => "cum_tokens",
            Measure::Count => "place + 1",
            Measure::Time => "sent_at",
        };
        let sql = format!(
            "SELECT place, {column} FROM messages WHERE stream_id = '{stream}'::UUID AND NOT late"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut timely: Vec<i64> = Vec::new();
        // Rows come in the order in which they were stored, which need not be that of a stream.
        let mut apart: Vec<(i64, i64)> = Vec::new();
        for chunk in statement.query_arrow([]).doing(DOING)? {
            let odd = || Error::Value { column: format!("messages.{column}") };
            let places = chunk.column(0).as_primitive_opt::<Int64Type>().ok_or_else(odd)?;
            let sums: &[i64] = if measure == Measure::Time {
                chunk
                    .column(1)
                    .as_primitive_opt::<TimestampMicrosecondType>()
                    .ok_or_else(odd)?
                    .values()
            } else {
                let sums = chunk.column(1).as_primitive_opt::<Int64Type>().ok_or_else(odd)?;
                if sums.null_count() > 0 {
                    return Err(Error::Uncounted);
                }
                sums.values()
            };
            let ordered = |(nth, place): (usize, &i64)| {
                usize::try_from(*place).is_ok_and(|place| place == timely.len() + nth)
            };
            if apart.is_empty() && places.values().iter().enumerate().all(ordered) {
                timely.extend_from_slice(sums);
            } else {
                apart.extend(places.values().iter().copied().zip(sums.iter().copied()));
            }
        }
        if !apart.is_empty() {
            apart.sort_unstable();
            timely.extend(apart.into_iter().map(|(_, sum)| sum));
            // Chunks taken as a whole stood before all others, or the stream's places would not be a sequence.
        }
        if measure == Measure::Time {
            for sent in &mut timely {
                *sent = sent.div_euclid(1000);
            }
        }
        Ok(timely)
    }

    fn late_sizes(&self, stream: &str, measure: Measure) -> Result<Vec<Late>> {
        let size = match measure {
            Measure::Bytes => "byte_len::BIGINT",
            Measure::Tokens => "tokens::BIGINT",
            Measure::Count => "1::BIGINT",
            Measure::Time => "epoch_ms(sent_at)",
        };
        let sql = format!(
            "SELECT place, {size}, message_id IN (SELECT message_id FROM replaced_messages) FROM messages
             WHERE stream_id = '{stream}'::UUID AND late ORDER BY place, sent_at, ordinal"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut rows = statement.query([]).doing(DOING)?;
        let mut all: Vec<Late> = Vec::new();
        while let Some(row) = rows.next().doing(DOING)? {
            let place: i64 = row.get(0).doing(DOING)?;
            let before = all.last().filter(|late| late.at.place == place);
            let at = Standing { place, late: before.map_or(0, |late| late.at.late) + 1 };
            let size: Option<i64> = row.get(1).doing(DOING)?;
            all.push(Late {
                at,
                size: size.ok_or(Error::Uncounted)?,
                replaced: row.get(2).doing(DOING)?,
            });
        }
        Ok(all)
    }

    fn replaced_places(&self, stream: &str) -> Result<Vec<i64>> {
        let sql = format!(
            "SELECT place FROM messages WHERE stream_id = '{stream}'::UUID AND NOT late
             AND message_id IN (SELECT message_id FROM replaced_messages) ORDER BY place"
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| row.get(0));
        rows.and_then(Iterator::collect).doing(DOING)
    }

    /// The messages of `stream` that stand from `first` to `last`, in order, without those that others have taken the
    /// place of.
    pub fn messages_between(
        &self,
        stream: StreamId,
        first: Standing,
        last: Standing,
    ) -> Result<Vec<MessageId>> {
        let sql = format!(
            "SELECT message_id FROM (
                 SELECT message_id, place,
                     CASE WHEN late THEN row_number() OVER (PARTITION BY place, late ORDER BY sent_at, ordinal)
                         ELSE 0 END AS nth
                 FROM messages
                 WHERE stream_id = '{4}'::UUID AND place BETWEEN {0} AND {1}
             )
             WHERE (place > {0} OR place = {0} AND nth >= {2}) AND (place < {1} OR place = {1} AND nth <= {3})
                 AND message_id NOT IN (SELECT message_id FROM replaced_messages)
             ORDER BY place, nth",
            first.place,
            last.place,
            first.late,
            last.late,
            row::uuid(stream.as_u128()),
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| Ok(MessageId::from_u128(row.get::<_, Raw>(0)?.0)));
        rows.and_then(Iterator::collect).doing(DOING)
    }
}
