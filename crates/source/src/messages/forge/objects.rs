//! The objects of a JSON file one by one, whether they stand in arrays, in arrays of arrays, in several arrays one after
//! the other, or on lines of their own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;

use fs_err::File;

use crate::{Error, Result};

/// A file read object by object.
pub(super) struct Objects {
    file: BufReader<File>,
    /// Bytes read; no object stands open there.
    pub(super) offset: u64,
    /// Where the last object begins.
    pub(super) begun: u64,
    /// Objects read.
    pub(super) count: u64,
    end: u64,
    limit: usize,
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// What stands between two braces.
    Object(Vec<u8>),
    /// Bytes that were passed over.
    Damaged(&'static str),
    /// The file ends in an object: the offset stays before it.
    Unended,
}

impl Objects {
    /// The objects of the first `end` bytes; larger ones than `limit` are passed over.
    pub(super) fn open(path: &Path, end: u64, limit: usize) -> Result<Self> {
        let file = BufReader::new(File::open(path).map_err(Error::ReadFile)?);
        Ok(Self { file, offset: 0, begun: 0, count: 0, end, limit })
    }

    /// The next object; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Next>> {
        let mut object = Open { raw: Vec::new(), depth: 0, string: false, escape: false };
        let (mut junk, mut too_long, mut line_start) = (false, false, false);
        loop {
            let chunk = self.file.fill_buf().map_err(Error::ReadFile)?;
            let rest = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
            let chunk = &chunk[..chunk.len().min(rest)];
            if chunk.is_empty() {
                break;
            }
            let mut found = None;
            let mut used = chunk.len();
            for (place, &byte) in chunk.iter().enumerate() {
                let at = self.offset + place as u64;
                if object.depth > 0 {
                    // Inside an object no line begins like this: the object has lost its end.
                    if line_start && matches!(byte, b'{' | b'[') {
                        used = place;
                        found = Some(Next::Damaged("is a JSON object without an end; skipped"));
                        break;
                    }
                    too_long |= object.raw.len() >= self.limit;
                    object.step(byte, !too_long);
                    if object.depth == 0 {
                        used = place + 1;
                        found = Some(if too_long {
                            Next::Damaged("is longer than the limit; skipped")
                        } else {
                            Next::Object(std::mem::take(&mut object.raw))
                        });
                        break;
                    }
                } else if byte == b'{' {
                    if junk {
                        used = place;
                        found = Some(Next::Damaged("is followed by what is no JSON object"));
                        break;
                    }
                    self.begun = at;
                    self.count += 1;
                    object.step(byte, true);
                } else {
                    let is_between = byte.is_ascii_whitespace() || b"[],".contains(&byte);
                    let is_mark = at < 3 && b"\xEF\xBB\xBF".contains(&byte);
                    junk |= !is_between && !is_mark;
                }
                line_start = byte == b'\n';
            }
            self.file.consume(used);
            self.offset += used as u64;
            if found.is_some() {
                return Ok(found);
            }
        }
        if object.depth > 0 {
            self.offset = self.begun;
            self.end = self.begun;
            return Ok(Some(Next::Unended));
        }
        if junk {
            return Ok(Some(Next::Damaged("is followed by what is no JSON object")));
        }
        Ok(None)
    }
}

/// An object whose end has not come yet.
struct Open {
    raw: Vec<u8>,
    depth: usize,
    string: bool,
    escape: bool,
}

impl Open {
    fn step(&mut self, byte: u8, keep: bool) {
        if keep {
            self.raw.push(byte);
        }
        if self.string {
            match byte {
                _ if self.escape => self.escape = false,
                b'\\' => self.escape = true,
                // No string reaches over a line: the quote is damaged.
                b'"' | b'\n' => self.string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
    }
}

/// The names in the first object of a file whose beginning is `head`; nothing for a file that begins otherwise.
pub(in crate::messages) fn first_names(head: &[u8]) -> Vec<String> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let start = head.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b'[');
    let Some(object) = start.map(|start| &head[start..]).filter(|rest| rest[0] == b'{') else {
        return Vec::new();
    };
    let mut names = Vec::new();
    let mut open = Open { raw: Vec::new(), depth: 0, string: false, escape: false };
    let mut last = Vec::new();
    for &byte in object {
        let was = open.string;
        open.step(byte, false);
        match (was, open.string) {
            (false, true) => last.clear(),
            (true, true) => last.push(byte),
            (false, false) if byte == b':' && open.depth == 1 => {
                names.push(String::from_utf8_lossy(&last).into_owned());
            }
            _ => {}
        }
        if open.depth == 0 {
            break;
        }
    }
    names
}
