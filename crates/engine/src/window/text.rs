//! Windows as text for a model, and the parts of a message that is larger than one.

use std::fmt::Write as _;
use std::ops::Range;

use lichen_model::Role;
use lichen_store::MessageView;

use super::Claimed;
use crate::format_instant;

/// How a window's messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowFormat {
    /// A line that says who and when, then the text.
    Text,
    /// Elements with ids, for a prompt. No text can end the element it stands in.
    Prompt,
}

/// The messages of a window, written for a reader.
pub fn window_text(messages: &[MessageView], format: WindowFormat) -> String {
    let mut all = String::new();
    for MessageView { message, .. } in messages {
        let id = message.id.any();
        let at = format_instant(message.sent.at);
        let speaker = if message.author.is_empty() { role(message.role) } else { &message.author };
        let text = &message.text;
        let written = match format {
            WindowFormat::Text => write!(all, "[{at}] {speaker} ({id})\n{text}\n\n"),
            WindowFormat::Prompt => write!(
                all,
                "<message id=\"{id}\" at=\"{at}\" author=\"{}\" role=\"{}\">\n{}\n</message>\n",
                escaped(speaker),
                role(message.role),
                escaped(text)
            ),
        };
        written.expect("a string takes all that is written");
    }
    all
}

/// A claimed window, written for a reader: what it is, then its messages.
pub fn claimed_text(claimed: &Claimed, format: WindowFormat) -> String {
    let Claimed { run, stream, messages } = claimed;
    let (id, window) = (run.id.any(), run.extent.id().any());
    let until = format_instant(run.lease);
    let text = window_text(messages, format);
    let part = run.extent.bytes.as_ref();
    match format {
        WindowFormat::Text => {
            let part = part.map_or_else(String::new, |part| {
                format!(", bytes {} to {} of a message", part.start, part.end)
            });
            format!(
                "run {id} until {until}, attempt {}\nwindow {window} of {}{part}\n\n{text}",
                run.attempt, stream.name
            )
        }
        WindowFormat::Prompt => {
            let part = part
                .map_or_else(String::new, |part| format!(" bytes=\"{}-{}\"", part.start, part.end));
            format!(
                "<window id=\"{window}\" run=\"{id}\" stream=\"{}\" messages=\"{}\"{part}>\n{text}</window>\n",
                escaped(&stream.name),
                messages.len()
            )
        }
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
        Role::System => "system",
        Role::Thinking => "thinking",
    }
}

/// Text that cannot end the element it stands in.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Spans of `text`, in order and without gaps, each of which `size` puts at `limit` or less; a single character may be
/// more.
pub(super) fn parts(
    text: &str,
    limit: usize,
    size: &mut impl FnMut(&str) -> usize,
) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        let one = rest.chars().next().map_or(1, char::len_utf8);
        // A token is seldom longer than this; where all are, parts come out smaller than they might.
        let mut high = rest.floor_char_boundary(limit.saturating_mul(32).min(rest.len())).max(one);
        let mut low = one;
        if size(&rest[..high]) <= limit {
            low = high;
        }
        while low < high {
            let middle = rest.ceil_char_boundary(low + (high - low).div_ceil(2));
            if middle > low && size(&rest[..middle]) <= limit {
                low = middle;
            } else {
                let below = rest.floor_char_boundary(middle - 1);
                high = below.max(low);
            }
        }
        parts.push(start..start + low);
        start += low;
    }
    parts
}
