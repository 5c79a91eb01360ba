//! Answers as text, where the engine has no text of its own for them.

use std::fmt::Write as _;

use lichen_engine::{
    DoctorFinding, DocumentInfo, RunInfo, RunState, Status, StreamInfo, Table, Timestamp, Value,
    Window, format_date, format_instant, printable,
};

/// The widest column of a table.
const COLUMN_CHARS_MAX: usize = 60;

pub(crate) fn status(status: &Status) -> String {
    let mut text = format!("store    {}\n", status.dir.display());
    for (name, count) in &status.counts {
        let _ = writeln!(text, "{name:<24} {count:>10}");
    }
    for head in &status.heads {
        let lag = match head.lag {
            Some(0) => "up to date".to_owned(),
            Some(lag) => format!("{lag} commits behind: run `lichen ingest`"),
            None => "the repository cannot be asked".to_owned(),
        };
        let oid = head.oid.get(..8).unwrap_or(&head.oid);
        let _ = writeln!(text, "head     {} {} {oid} ({lag})", head.repo, head.name);
    }
    let index = &status.index;
    let _ = writeln!(
        text,
        "index    {} passages, {} to do, model {}, {}",
        index.indexed, index.lag, index.model, index.state
    );
    for (name, bytes) in &status.sizes {
        let _ = writeln!(text, "size     {name:<16} {:>10}", human_bytes(*bytes));
    }
    text
}

pub(crate) fn doctor(findings: &[DoctorFinding]) -> String {
    if findings.is_empty() {
        return "healthy: index, store and sources agree".to_owned();
    }
    let mut text = String::new();
    for finding in findings {
        let _ = writeln!(text, "{}: {}\n  repair: {}", finding.check, finding.what, finding.repair);
    }
    text
}

pub(crate) fn stream(one: &StreamInfo) -> String {
    let day = |millis| format_date(Timestamp(millis));
    let span = if one.messages == 0 {
        String::new()
    } else {
        format!("{} to {}", day(one.first), day(one.last))
    };
    let title = if one.stream.title.is_empty() { &one.stream.name } else { &one.stream.title };
    format!(
        "{}  {:<12} {:>9} messages {:>12}  {span}  {}",
        one.stream.id.any(),
        one.stream.source,
        one.messages,
        human_bytes(one.bytes),
        printable(title)
    )
}

pub(crate) fn document(one: &DocumentInfo) -> String {
    let size = human_bytes(one.bytes);
    format!("{}  {size:>12}  {}  {}", one.id, format_date(one.seen), printable(&one.path))
}

pub(crate) fn window(window: &Window) -> String {
    let part = window.part.as_ref().map_or_else(String::new, |part| {
        format!("  part {} of {} of a larger message", part.nth + 1, part.of)
    });
    format!("{:>6}  {:>7} messages {:>12}{part}", window.nth, window.count, window.size)
}

pub(crate) fn run(info: &RunInfo) -> String {
    let run = &info.run;
    let state = match &info.state {
        RunState::Claimed => format!("claimed until {}", format_instant(run.lease)),
        RunState::Expired => format!("expired at {}", format_instant(run.lease)),
        RunState::Done => "done".to_owned(),
        RunState::Failed(reason) if reason.is_empty() => "failed".to_owned(),
        RunState::Failed(reason) => format!("failed: {}", printable(reason)),
        RunState::Split(parts) => format!("split in {parts}"),
    };
    let who = [run.consumer.as_str(), run.signature.as_str()];
    let who: Vec<&str> = who.into_iter().filter(|part| !part.is_empty()).collect();
    format!(
        "{}  {}  attempt {}  {}  {state}",
        run.id.any(),
        run.extent.id().any(),
        run.attempt,
        printable(&who.join(" "))
    )
}

/// Lines, one a thing.
pub(crate) fn lines<T>(all: &[T], line: impl Fn(&T) -> String) -> String {
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A number of bytes for people.
pub fn human_bytes(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut size = bytes as f64;
    let mut unit = None;
    for name in units {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = Some(name);
    }
    unit.map_or_else(|| format!("{bytes} B"), |unit| format!("{size:.2} {unit}"))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(value) => value.clone(),
    }
}

/// Comma-separated values as in RFC 4180, with a header.
pub(crate) fn csv(table: &Table) -> String {
    let quoted = |text: &str| {
        if text.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let mut text = String::new();
    let header: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let _ = writeln!(text, "{}", header.join(","));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|value| quoted(&cell(value))).collect();
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
}

/// Columns side by side, long cells cut.
pub(crate) fn grid(table: &Table) -> String {
    let shown = |text: String| {
        let line = printable(&text).replace(['\n', '\t'], " ");
        if line.chars().count() > COLUMN_CHARS_MAX {
            line.chars().take(COLUMN_CHARS_MAX - 3).chain("...".chars()).collect()
        } else {
            line
        }
    };
    let header: Vec<String> =
        table.columns.iter().map(|column| shown(column.name.clone())).collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(|value| shown(cell(value))).collect()).collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|at| {
            rows.iter().chain([&header]).map(|row| row[at].chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::new();
    for cells in [&header, &rule].into_iter().chain(&rows) {
        let _ = writeln!(text, "{}", line(cells));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_in_the_largest_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1536, "1.50 KiB"),
            (5 << 20, "5.00 MiB"),
            (u64::MAX, "16.00 EiB"),
        ] {
            assert_eq!(human_bytes(bytes), text);
        }
    }
}
