//! What the path of a log tells: network, channel, date.

use std::path::Path;

use jiff::civil::Date;

/// Folders that are no network's.
const GENERIC: [&str; 9] =
    ["chatlogs", "fixtures", "irc", "irclogs", "log", "logs", "tmp", "weechat", "znc"];

/// `<network>/<channel>`, or the channel alone where no network is told.
pub(super) fn stream(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let folders: Vec<_> = path
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        })
        .collect();
    let mut folders = folders.iter().rev();
    // weechat: `irc.<server>.<channel>.weechatlog`
    if let Some((server, channel)) = stem.strip_prefix("irc.").and_then(|rest| rest.split_once('.'))
    {
        let channel = without_date(channel);
        if !channel.is_empty() {
            return format!("{server}/{channel}");
        }
    }
    let mut channel = without_date(&stem).to_owned();
    if channel.is_empty() {
        // ZNC: `<network>/<channel>/<date>.log`
        channel = folders.next().map_or_else(|| stem.to_string(), ToString::to_string);
    }
    let network = folders.next().filter(|name| {
        let generic = GENERIC.iter().any(|generic| name.eq_ignore_ascii_case(generic));
        !generic && !name.starts_with('.')
    });
    match network {
        Some(network) if channel.starts_with(['#', '&', '!', '+']) => {
            format!("{network}/{channel}")
        }
        _ => channel,
    }
}

/// The date in a file's name: `2024-01-02`, `20240102`, `2024_01_02`, `2024.01.02`.
pub(super) fn date(path: &Path) -> Option<Date> {
    let stem = path.file_stem()?.to_string_lossy();
    find_date(&stem).map(|(_, date)| date)
}

fn find_date(name: &str) -> Option<(std::ops::Range<usize>, Date)> {
    let bytes = name.as_bytes();
    let number = |at: usize, len: usize| -> Option<i16> {
        let digits = bytes.get(at..at + len)?;
        digits.iter().all(u8::is_ascii_digit).then_some(())?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    (0..bytes.len()).find_map(|at| {
        if at > 0 && bytes[at - 1].is_ascii_digit() {
            return None;
        }
        let gap = usize::from(matches!(bytes.get(at + 4), Some(b'-' | b'_' | b'.')));
        let (month_at, day_at) = (at + 4 + gap, at + 6 + 2 * gap);
        if gap == 1 && bytes.get(at + 4) != bytes.get(at + 7) {
            return None;
        }
        let (year, month, day) = (number(at, 4)?, number(month_at, 2)?, number(day_at, 2)?);
        let end = day_at + 2;
        if bytes.get(end).is_some_and(u8::is_ascii_digit) || year < 1980 {
            return None;
        }
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        Some((at..end, date))
    })
}

/// A name without its date and what joined the two.
fn without_date(name: &str) -> &str {
    const JOINTS: [char; 4] = ['-', '_', '.', ' '];
    match find_date(name) {
        Some((range, _)) if range.start == 0 => name[range.end..].trim_start_matches(JOINTS),
        Some((range, _)) => name[..range.start].trim_end_matches(JOINTS),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_logs() {
        let cases = [
            ("irclogs/libera/#rust.log", "libera/#rust", None),
            ("irclogs/#rust.log", "#rust", None),
            ("libera/bob.log", "bob", None),
            ("logs/irc.libera.#rust.weechatlog", "libera/#rust", None),
            ("logs/irc.libera.#rust.2024-01-02.weechatlog", "libera/#rust", Some("2024-01-02")),
            ("libera/#rust/2024-01-02.log", "libera/#rust", Some("2024-01-02")),
            ("libera/#rust_20240102.log", "libera/#rust", Some("2024-01-02")),
            ("#rust.2024.13.02.log", "#rust.2024.13.02", None),
            ("é2024-01-0", "é2024-01-0", None),
        ];
        for (path, name, told) in cases {
            let path = Path::new(path);
            assert_eq!(stream(path), name);
            assert_eq!(date(path).map(|date| date.to_string()).as_deref(), told, "{name}");
        }
    }
}
