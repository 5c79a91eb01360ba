//! Lines of a file that grows, against a naive reading.

use proptest::prelude::*;

use super::{Line, Lines};

fn all(lines: &mut Lines) -> Vec<String> {
    let mut buffer = Vec::new();
    let mut found = Vec::new();
    while let Some(line) = lines.next(&mut buffer).unwrap() {
        let text = String::from_utf8(buffer.clone()).unwrap();
        found.push(match line {
            Line::Read => text,
            Line::TooLong => "<too long>".to_owned(),
            Line::Unended => format!("{text}<end>"),
        });
    }
    found
}

proptest! {
    #[test]
    fn agrees_with_split(text in "([a-c]{0,12}\n){0,8}[a-c]{0,12}", cut in 0_usize..100) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let limit = 8;
        fs_err::write(&path, &text[..cut.min(text.len())]).unwrap();
        let mut lines = Lines::open(&path, None, limit).unwrap();
        let mut found = all(&mut lines);
        // A line without an end is taken back until it has one.
        if found.last().is_some_and(|line| line.ends_with("<end>")) {
            found.pop();
            lines.unread();
        }
        let position = lines.position("").unwrap();
        fs_err::write(&path, &text).unwrap();
        found.extend(all(&mut Lines::open(&path, Some(&position), limit).unwrap()));
        let mut expected: Vec<_> = text.split_inclusive('\n').map(|line| match line.strip_suffix('\n') {
            Some(line) if line.len() > limit => "<too long>".to_owned(),
            Some(line) => line.to_owned(),
            None => format!("{line}<end>"),
        }).collect();
        // One that is too long and has no end is left for later.
        expected.retain(|line| !(line.ends_with("<end>") && line.len() > limit + "<end>".len()));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_position(position in "\\PC{0,60}|[0-9]{1,30} [0-9]{1,30} [0-9a-f]{32}( [a-z ]{0,9})?") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs_err::write(&path, "one\ntwo\n").unwrap();
        // A position of another file is no position: everything is read.
        prop_assert_eq!(all(&mut Lines::open(&path, Some(&position), 0).unwrap()), ["one", "two"]);
    }
}

#[test]
fn the_format_s_own_words_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs_err::write(&path, "one\ntwo\n").unwrap();
    let mut lines = Lines::open(&path, None, 0).unwrap();
    lines.next(&mut Vec::new()).unwrap();
    let position = lines.position("4 a title").unwrap();
    let lines = Lines::open(&path, Some(&position), 0).unwrap();
    assert_eq!((lines.at.offset, lines.at.lines, lines.at.extra.as_str()), (4, 1, "4 a title"));
}
