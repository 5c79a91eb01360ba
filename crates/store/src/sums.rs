//! Running sums of a stream: what windows are cut by, without reading a text.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use lichen_model::{MessageId, Standing, StreamId, Timestamp};

use crate::error::{Doing, Error, Result};
use crate::reader::Reader;
use crate::row::{self, At, Raw};

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

/// What of a stream is not as it was sent: late messages, and those that others have taken the place of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disorder {
    /// Late messages, in order.
    pub late: Vec<Late>,
    /// Places of timely messages that others have taken the place of, ascending.
    pub replaced: Vec<i64>,
}

const DOING: &str = "measure a stream";

impl Reader {
    /// Hands `into` the running sums of sizes of `stream`, up to and including each of its timely messages, in order and
    /// without gaps; for time, when each was sent. One pass, which holds a few thousand of them at a time: more only where
    /// rows lie far from the order of their stream.
    ///
    /// # Errors
    /// [`Error::Uncounted`] for tokens where some were never counted.
    pub fn measure(
        &self,
        stream: StreamId,
        measure: Measure,
        into: &mut dyn FnMut(&[i64]),
    ) -> Result<()> {
        // Every column and every condition is milliseconds for a million messages. A late message has place and sum of
        // the timely one that it follows, so it need not be told apart, but for its time.
        let (columns, timely) = match measure {
            Measure::Bytes => ("place, cum_bytes", ""),
            Measure::Tokens => ("place, cum_tokens", ""),
            Measure::Count => ("place, place", ""),
            Measure::Time => ("place, sent_at", " AND NOT late"),
        };
        let sql = format!(
            "SELECT {columns} FROM messages WHERE stream_id = '{}'::UUID{timely}",
            row::uuid(stream.as_u128())
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let mut order = Order { into, next: 0, apart: BTreeMap::new(), run: Vec::new() };
        for chunk in statement.stream_arrow([]).doing(DOING)? {
            let odd = || Error::Value { column: "messages.place".to_owned() };
            let places = chunk.column(0).as_primitive_opt::<Int64Type>().ok_or_else(odd)?.values();
            let column = chunk.column(1);
            if column.null_count() > 0 {
                return Err(Error::Uncounted);
            }
            if measure == Measure::Time {
                let times = column.as_primitive_opt::<TimestampMicrosecondType>();
                let times = times.ok_or_else(odd)?.values().iter();
                order.take(places, times.map(|sent| sent.div_euclid(1000)));
            } else {
                let sums = column.as_primitive_opt::<Int64Type>().ok_or_else(odd)?.values();
                let one = i64::from(measure == Measure::Count);
                order.take(places, sums.iter().map(|sum| sum + one));
            }
        }
        // Places of a stream are a sequence, so nothing is left apart; were something, a window must not hide it.
        if order.apart.is_empty() {
            Ok(())
        } else {
            Err(Error::Value { column: "messages.place".to_owned() })
        }
    }

    /// The last place of `stream` and when its last message was sent; `None` for one without messages.
    pub fn stream_end(&self, stream: StreamId) -> Result<Option<(i64, Timestamp)>> {
        let sql = format!(
            "SELECT max(place), max(sent_at) FROM messages WHERE stream_id = '{}'::UUID",
            row::uuid(stream.as_u128())
        );
        let end = self.conn.query_row(&sql, [], |row| {
            let (place, sent): (Option<i64>, Option<At>) = (row.get(0)?, row.get(1)?);
            Ok(place.zip(sent.map(|At(sent)| sent)))
        });
        end.doing(DOING)
    }

    /// The late and the replaced messages of `stream`.
    ///
    /// # Errors
    /// [`Error::Uncounted`] for tokens where some were never counted.
    pub fn disorder(&self, stream: StreamId, measure: Measure) -> Result<Disorder> {
        let stream = row::uuid(stream.as_u128());
        Ok(Disorder {
            late: self.late_sizes(&stream, measure)?,
            replaced: self.replaced_places(&stream)?,
        })
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
        let standings = self.standings_between(stream, first, last)?;
        Ok(standings.into_iter().map(|(id, _)| id).collect())
    }

    /// The same with where each stands.
    pub fn standings_between(
        &self,
        stream: StreamId,
        first: Standing,
        last: Standing,
    ) -> Result<Vec<(MessageId, Standing)>> {
        let sql = format!(
            "SELECT message_id, place, nth FROM (
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
        let rows = statement.query_map([], |row| {
            let at = Standing { place: row.get(1)?, late: row.get(2)? };
            Ok((MessageId::from_u128(row.get::<_, Raw>(0)?.0), at))
        });
        rows.and_then(Iterator::collect).doing(DOING)
    }

    /// How many late and how many replaced messages stand at each place of `stream` from `first` to `last` that has any.
    pub fn disorder_between(
        &self,
        stream: StreamId,
        first: i64,
        last: i64,
    ) -> Result<BTreeMap<i64, (u32, u32)>> {
        let sql = format!(
            "SELECT place, count(*) FILTER (late), count(*) FILTER (replaced) FROM (
                 SELECT place, late, message_id IN (SELECT message_id FROM replaced_messages) AS replaced
                 FROM messages WHERE stream_id = '{}'::UUID AND place BETWEEN {first} AND {last}
             ) WHERE late OR replaced GROUP BY place",
            row::uuid(stream.as_u128()),
        );
        let mut statement = self.conn.prepare(&sql).doing(DOING)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))));
        rows.and_then(Iterator::collect).doing(DOING)
    }
}

/// Brings timely messages into the order of their places: rows come as they were stored, by id within each batch, which
/// for messages of one millisecond is not that of the stream. What repeats a place is a late message after it.
struct Order<'a> {
    into: &'a mut dyn FnMut(&[i64]),
    /// The place to come.
    next: i64,
    /// Those whose turn has not come.
    apart: BTreeMap<i64, i64>,
    /// Those whose turn has come and that were not passed on yet.
    run: Vec<i64>,
}

impl Order<'_> {
    /// Takes the next rows and passes on what is in order.
    fn take(&mut self, places: &[i64], sums: impl Iterator<Item = i64>) {
        for (&place, sum) in places.iter().zip(sums) {
            if place == self.next {
                self.run.push(sum);
                self.next += 1;
                while !self.apart.is_empty()
                    && let Some(sum) = self.apart.remove(&self.next)
                {
                    self.run.push(sum);
                    self.next += 1;
                }
            } else if place > self.next {
                self.apart.insert(place, sum);
            }
        }
        (self.into)(&self.run);
        self.run.clear();
    }
}
