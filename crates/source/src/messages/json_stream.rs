//! The values of a large JSON document one by one, in bounded memory.
//!
//! Containers are entered on demand; a value that is wanted is copied as text, for a parser to judge. What came before
//! a damaged place has been yielded by then.

use std::io::{self, BufRead};

/// Why the rest of a document cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is no JSON from here on.
    Damaged(String),
    /// It could not be read.
    Read(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

type Result<T, E = Fault> = std::result::Result<T, E>;

/// How a value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    Object,
    Array,
    /// A string, number, `true`, `false` or `null`.
    Scalar,
}

/// What stands in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// An object's value, under this name.
    Key(String),
    /// An array's value.
    Item,
    /// The container's end, which has been passed.
    End,
}

/// The names in a document that is an object, as far as they stand in its head.
pub(super) fn names(head: &[u8]) -> Vec<String> {
    let mut stream = JsonStream::new(head, head.len());
    let mut seen = Vec::new();
    let mut walk = || -> Result<()> {
        if stream.begin()? != Begin::Object {
            return Ok(());
        }
        stream.enter()?;
        while let Next::Key(key) = stream.next()? {
            seen.push(key);
            stream.skip()?;
        }
        Ok(())
    };
    // The head may end anywhere.
    drop(walk());
    seen
}

/// A document that is read from its beginning to its end.
pub(super) struct JsonStream<R> {
    input: R,
    /// Bytes read.
    pub(super) offset: u64,
    limit: usize,
    /// The open containers: whether each is an object, and whether it had a value.
    open: Vec<(bool, bool)>,
}

/// Containers that may be open at once: those that a format has, and a few more.
const DEPTH_MAX: usize = 16;
const KEY_BYTES_MAX: usize = 64 << 10;

impl<R: BufRead> JsonStream<R> {
    /// Reads a document whose values have at most `limit` bytes.
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self { input, offset: 0, limit, open: Vec::new() }
    }

    /// What the document is read from.
    pub(super) fn into_inner(self) -> R {
        self.input
    }

    fn damaged<T>(&self, what: &str) -> Result<T> {
        Err(Fault::Damaged(format!("{what} at byte {}", self.offset)))
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn bump(&mut self) {
        self.input.consume(1);
        self.offset += 1;
    }

    /// The next byte that is no blank; it is not passed.
    fn token(&mut self) -> Result<u8> {
        if self.offset == 0 {
            for mark in b"\xEF\xBB\xBF" {
                if self.peek()? == Some(*mark) {
                    self.bump();
                }
            }
        }
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.bump(),
                Some(byte) => return Ok(byte),
                None => return self.damaged("ends in the middle"),
            }
        }
    }

    /// How the next value begins.
    pub(super) fn begin(&mut self) -> Result<Begin> {
        Ok(match self.token()? {
            b'{' => Begin::Object,
            b'[' => Begin::Array,
            b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Begin::Scalar,
            _ => return self.damaged("is no JSON value"),
        })
    }

    /// Enters the object or array that begins here.
    pub(super) fn enter(&mut self) -> Result<()> {
        let object = match self.token()? {
            b'{' => true,
            b'[' => false,
            _ => return self.damaged("is neither object nor array"),
        };
        if self.open.len() == DEPTH_MAX {
            return self.damaged("is nested too deeply");
        }
        self.bump();
        self.open.push((object, false));
        Ok(())
    }

    /// Goes to the next value of the innermost open container.
    pub(super) fn next(&mut self) -> Result<Next> {
        let Some(&(object, had)) = self.open.last() else { return Ok(Next::End) };
        let mut token = self.token()?;
        if token == if object { b'}' } else { b']' } {
            self.bump();
            self.open.pop();
            return Ok(Next::End);
        }
        if had {
            if token != b',' {
                return self.damaged("lacks a comma");
            }
            self.bump();
            token = self.token()?;
        }
        if let Some(last) = self.open.last_mut() {
            last.1 = true;
        }
        if !object {
            return Ok(Next::Item);
        }
        if token != b'"' {
            return self.damaged("lacks a name");
        }
        let mut key = Vec::new();
        let whole = self.copy(&mut key, KEY_BYTES_MAX)?;
        if self.token()? != b':' {
            return self.damaged("lacks a colon");
        }
        self.bump();
        let key = String::from_utf8_lossy(&key);
        let key =
            if whole { serde_json::from_str(&key).unwrap_or_default() } else { String::new() };
        Ok(Next::Key(key))
    }

    /// Copies the value that begins here; `false` where it is longer than the limit, and has been passed over.
    pub(super) fn value(&mut self, into: &mut Vec<u8>) -> Result<bool> {
        self.begin()?;
        self.copy(into, self.limit)
    }

    /// Passes over the value that begins here.
    pub(super) fn skip(&mut self) -> Result<()> {
        self.begin()?;
        self.copy(&mut Vec::new(), 0).map(|_| ())
    }

    fn copy(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<bool> {
        into.clear();
        self.token()?;
        let (mut depth, mut string, mut escaped, mut fits) = (0_u64, false, false, true);
        let mut scalar = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                if scalar && depth == 0 {
                    return Ok(fits);
                }
                return self.damaged("ends in the middle of a value");
            }
            let mut ended = None;
            for (place, &byte) in buffer.iter().enumerate() {
                if string {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => string = false,
                        _ => {}
                    }
                    if !string && depth == 0 {
                        ended = Some(place + 1);
                        break;
                    }
                    continue;
                }
                match byte {
                    b'"' => string = true,
                    b'{' | b'[' => depth += 1,
                    // The end of what surrounds a bare word.
                    b'}' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' | b':' if depth == 0 => {
                        ended = Some(place);
                        break;
                    }
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            ended = Some(place + 1);
                            break;
                        }
                    }
                    _ => scalar |= depth == 0,
                }
            }
            let used = ended.unwrap_or(buffer.len());
            if fits && into.len() + used <= limit {
                into.extend_from_slice(&buffer[..used]);
            } else {
                fits = false;
                into.clear();
            }
            self.input.consume(used);
            self.offset += used as u64;
            if ended.is_some() {
                return Ok(fits);
            }
        }
    }
}

#[cfg(test)]
mod tests;
