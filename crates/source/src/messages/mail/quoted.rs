//! Which parts of a mail its sender did not write: quoted lines, and whole mails below the answer.

use std::ops::Range;

/// The quoted spans in order: runs of lines that start with `>`, with the line above that tells whose they are; and
/// everything from a mark of a forwarded or answered mail on.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        lines.push((at, line.trim()));
        at += line.len();
    }
    let start = |place: usize| lines.get(place).map_or(text.len(), |line| line.0);
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut place = 0;
    while place < lines.len() {
        if is_original(&lines[place..]) {
            spans.push(start(place)..text.len());
            break;
        }
        if !lines[place].1.starts_with('>') {
            place += 1;
            continue;
        }
        let first = attribution(&lines, place);
        let mut end = place;
        while end < lines.len() && lines[end].1.starts_with('>') {
            end += 1;
        }
        let from = start(first).max(spans.last().map_or(0, |span| span.end));
        spans.push(from..start(end));
        place = end;
    }
    spans
}

/// Where the quote at `place` begins: `On …, … wrote:` may take two lines, and a blank one may follow it.
fn attribution(lines: &[(usize, &str)], place: usize) -> usize {
    let Some(last) = (place.saturating_sub(2)..place).rev().find(|at| !lines[*at].1.is_empty())
    else {
        return place;
    };
    let line = lines[last].1;
    if !line.ends_with(':') || line.starts_with('>') || line.len() > 300 {
        return place;
    }
    let opens = |line: &str| ["On ", "Am ", "Le ", "El "].iter().any(|word| line.starts_with(word));
    let verbs = ["wrote:", "writes:", "said:", "schrieb:", "écrit :", "escribió:"];
    if opens(line) || verbs.iter().any(|verb| line.ends_with(verb)) {
        let two = last > 0 && !opens(line) && opens(lines[last - 1].1);
        return if two { last - 1 } else { last };
    }
    place
}

/// `-----Original Message-----`, or Outlook's block of headers.
fn is_original(lines: &[(usize, &str)]) -> bool {
    let line = lines[0].1;
    let ruled = line.starts_with("-----") && line.ends_with("-----");
    if ruled && ["Original Message", "Forwarded Message"].iter().any(|word| line.contains(word)) {
        return true;
    }
    let header = |place: usize, names: &[&str]| {
        lines.get(place).is_some_and(|(_, line)| names.iter().any(|name| line.starts_with(name)))
    };
    header(0, &["From: ", "*From:*", "Von: "])
        && header(1, &["Sent: ", "Date: ", "*Sent:*", "*Date:*", "Gesendet: "])
        && header(2, &["To: ", "*To:*", "An: ", "Cc: ", "Subject: "])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_spans() {
        let quoted = |text: &'static str| -> Vec<&str> {
            spans(text).into_iter().map(|span| &text[span]).collect()
        };
        assert_eq!(quoted("a\n> b\n> c\nd\n> e"), ["> b\n> c\n", "> e"]);
        assert_eq!(
            quoted("On Monday, Ann <a@b>\nwrote:\n\n> b\nyes"),
            ["On Monday, Ann <a@b>\nwrote:\n\n> b\n"]
        );
        assert_eq!(quoted("Example:\n> b\nyes"), ["> b\n"]);
        assert_eq!(
            quoted("yes\n-----Original Message-----\nx\n"),
            ["-----Original Message-----\nx\n"]
        );
        assert_eq!(quoted("ok\nFrom: A\nSent: B\nTo: C\n\nx"), ["From: A\nSent: B\nTo: C\n\nx"]);
        assert_eq!(quoted("From: A\nb"), [""; 0]);
    }
}
