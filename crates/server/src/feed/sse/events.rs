//! The form of Server-Sent Events: bytes, cut anywhere, become events.
//!
//! As the HTML standard of the WHATWG says in "Interpreting an event stream". It sets no limits; here an event has one.

use std::mem;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its type; empty for `message`.
    pub(crate) kind: String,
    /// Its data, lines joined by line ends.
    pub(crate) data: Vec<u8>,
    /// The last id that was told up to here.
    pub(crate) id: String,
    /// It was longer than the limit: its data is gone.
    pub(crate) too_long: bool,
}

/// Reads a stream of events.
pub(crate) struct Events {
    limit: usize,
    /// Bytes of a line whose end has not come.
    line: Vec<u8>,
    line_too_long: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// Bytes of the mark before the stream that have come, up to the first byte that is none.
    mark: Option<usize>,
    event: Event,
    /// The event has data, even if it is empty.
    has_data: bool,
    last_id: String,
    retry_millis: Option<u64>,
}

const MARK: &[u8] = b"\xEF\xBB\xBF";

impl Events {
    /// A stream whose reading goes on behind `last_id`. Lines and events may have `limit` bytes.
    pub(crate) fn new(last_id: impl Into<String>, limit: usize) -> Self {
        let last_id = last_id.into();
        Self {
            limit,
            line: Vec::new(),
            line_too_long: false,
            after_cr: false,
            mark: Some(0),
            event: Event::default(),
            has_data: false,
            last_id,
            retry_millis: None,
        }
    }

    /// How long to wait before connecting again, where the stream has told it since the last call.
    pub(crate) const fn take_retry_millis(&mut self) -> Option<u64> {
        self.retry_millis.take()
    }

    /// Takes bytes; adds the events that they complete. An event that the stream ends in is never completed.
    pub(crate) fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        for &byte in bytes {
            if let Some(seen) = self.mark {
                if byte == MARK[seen] {
                    self.mark = Some(seen + 1).filter(|&seen| seen < MARK.len());
                    continue;
                }
                self.mark = None;
                // It only began like a mark.
                self.line.extend_from_slice(&MARK[..seen]);
            }
            let after_cr = mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\r' | b'\n' => {
                    self.after_cr = byte == b'\r';
                    self.end_line(events);
                }
                _ if self.line.len() >= self.limit => self.line_too_long = true,
                _ => self.line.push(byte),
            }
        }
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        let line = mem::take(&mut self.line);
        let too_long = mem::take(&mut self.line_too_long);
        if line.is_empty() {
            self.dispatch(events);
        } else if line[0] != b':' {
            let (name, value) = match line.iter().position(|&byte| byte == b':') {
                Some(colon) => {
                    let value = &line[colon + 1..];
                    (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
                }
                None => (&line[..], &[][..]),
            };
            self.field(name, value, too_long);
        }
        // The room is used for the next line.
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, name: &[u8], value: &[u8], too_long: bool) {
        match name {
            b"data" => {
                // A line end stands between two lines of data: the standard puts one behind each and takes the last away.
                if mem::replace(&mut self.has_data, true) {
                    self.event.data.push(b'\n');
                }
                if too_long || self.event.data.len() + value.len() > self.limit {
                    self.event.too_long = true;
                }
                if self.event.too_long {
                    self.event.data = Vec::new();
                } else {
                    self.event.data.extend_from_slice(value);
                }
            }
            b"event" if !too_long => self.event.kind = String::from_utf8_lossy(value).into_owned(),
            b"id" if !too_long && !value.contains(&0) => {
                self.event.id = String::from_utf8_lossy(value).into_owned();
                self.last_id.clone_from(&self.event.id);
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let digits = std::str::from_utf8(value).expect("digits are ASCII");
                self.retry_millis = digits.parse().ok().or(self.retry_millis);
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut Vec<Event>) {
        let mut event = mem::take(&mut self.event);
        // The standard drops an event whose data is the empty string.
        if mem::take(&mut self.has_data) && (event.too_long || !event.data.is_empty()) {
            event.id.clone_from(&self.last_id);
            events.push(event);
        }
    }
}

#[cfg(test)]
mod tests;
