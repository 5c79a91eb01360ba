//! The text of a chat, line by line, and what a first reading of it tells: the shape of headers, the order of dates.

use std::collections::HashMap;
use std::io::{self, BufRead, Read as _};

use super::Position;
use super::header::{Header, Shape};
use super::order::{Dates, Order};
use crate::{Error, Result};

/// Shapes of headers that are told apart while the dates are gathered.
const SHAPES_MAX: usize = 256;

/// The lines of a text with their places.
pub(super) struct Text {
    input: Box<dyn BufRead + Send>,
    pub(super) limit: usize,
    /// Bytes and lines read.
    pub(super) offset: u64,
    pub(super) line: u64,
    hasher: blake3::Hasher,
}

pub(super) enum Line {
    Read,
    TooLong,
    /// The rest cannot be read.
    Damaged(String),
}

impl Text {
    pub(super) fn new(input: Box<dyn BufRead + Send>, limit: usize) -> Self {
        Self { input, limit, offset: 0, line: 0, hasher: blake3::Hasher::new() }
    }

    /// Reads a line without its end; the hash is brought up to date by [`taken`](Self::taken).
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Line>> {
        buffer.clear();
        match self.read(buffer) {
            Ok(line) => Ok(line),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Ok(Some(Line::Damaged(error.to_string())))
            }
            Err(error) => Err(Error::ReadFile(error)),
        }
    }

    fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Line>> {
        let take = self.limit as u64 + 1;
        let mut read = (&mut self.input).take(take).read_until(b'\n', buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.offset += read as u64;
        if buffer.len() <= self.limit || buffer.ends_with(b"\n") {
            return Ok(Some(Line::Read));
        }
        let mut rest = Vec::new();
        while read > 0 && !rest.ends_with(b"\n") {
            rest.clear();
            read = (&mut self.input).take(take).read_until(b'\n', &mut rest)?;
            self.offset += read as u64;
        }
        Ok(Some(Line::TooLong))
    }

    pub(super) fn taken(&mut self, line: &[u8]) {
        self.hasher.update(line);
    }

    pub(super) fn hash(&self) -> String {
        self.hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// What the first reading of a file finds.
pub(super) struct Survey {
    pub(super) shape: Option<Shape>,
    pub(super) order: Order,
    /// Whether days cannot be told from months.
    pub(super) open: bool,
    pub(super) bytes: u64,
    /// Whether the text still begins with what the position has.
    pub(super) same: bool,
}

pub(super) fn survey(mut text: Text, position: Option<&Position>) -> Result<Survey> {
    let mut shapes: HashMap<Shape, (u64, u64, Dates)> = HashMap::new();
    let mut buffer = Vec::new();
    let mut same = false;
    while let Some(line) = text.next(&mut buffer)? {
        text.taken(&buffer);
        if let Line::Damaged(_) = line {
            break;
        }
        let line = String::from_utf8_lossy(&buffer);
        if let Some(header) = Header::parse(line.trim_end_matches(['\n', '\r']))
            && (shapes.len() < SHAPES_MAX || shapes.contains_key(&header.shape))
        {
            let entry = shapes.entry(header.shape).or_insert((0, text.line, Dates::default()));
            entry.0 += 1;
            entry.2.add(header.date);
        }
        same |= position.is_some_and(|at| at.offset == text.offset && at.hash == text.hash());
    }
    let most = shapes.iter().max_by_key(|(_, (count, first, _))| (*count, u64::MAX - first));
    let (order, open) = most.map_or((Order::DayMonth, false), |(shape, (_, _, dates))| {
        dates.decide(shape.year, shape.separator)
    });
    let shape = most.map(|(shape, _)| *shape);
    Ok(Survey { shape, order, open, bytes: text.offset, same })
}
