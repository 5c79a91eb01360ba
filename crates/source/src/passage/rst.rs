//! reStructuredText: at section titles, then at paragraphs; an indented block stays with the line that introduces it.

use std::ops::Range;

use super::pack::{self, Block};
use super::{PROSE, Piece};

/// Cuts reStructuredText; the context is the path of section titles.
pub fn cut_rst(text: &str) -> Vec<Piece> {
    let (blocks, headings) = parse(text);
    let packed = pack::pack(text, blocks, PROSE);
    pack::pieces(text, packed, |section| headings.get(section).cloned().unwrap_or_default())
}

/// The text of the first section title.
pub(crate) fn first_heading(text: &str) -> Option<String> {
    parse(text).1.into_iter().find(|heading| !heading.is_empty())
}

/// How a title is marked: the character, and whether there is a line above it too. Levels go by first appearance.
type Style = (char, bool);

fn parse(text: &str) -> (Vec<Block>, Vec<String>) {
    let lines: Vec<_> = pack::lines(text, 0..text.len()).collect();
    let mut styles: Vec<Style> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut headings = vec![String::new()];
    let mut blocks = Vec::new();
    let mut from = 0;
    let mut at = 0;
    while at < lines.len() {
        let Some((style, title, count)) = title(&lines[at..]) else {
            at += 1;
            continue;
        };
        let start = lines[at].0.start;
        body(text, from..start, headings.len() - 1, &mut blocks);
        let level = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
            styles.push(style);
            styles.len() - 1
        });
        path.truncate(level);
        path.push(title.to_owned());
        headings.push(path.join(" > "));
        from = lines[at + count - 1].0.end;
        blocks.push(Block { range: start..from, section: headings.len() - 1 });
        at += count;
    }
    body(text, from..text.len(), headings.len() - 1, &mut blocks);
    (blocks, headings)
}

/// The section title that starts here: its style, its text, and how many lines it takes.
fn title<'a>(lines: &[(Range<usize>, &'a str)]) -> Option<(Style, &'a str, usize)> {
    let line = |at: usize| lines.get(at).map(|(_, line)| line.trim_end());
    if let (Some(over), Some(text), Some(under)) = (line(0), line(1), line(2))
        && let Some(mark) = adornment(over)
        && over == under
        && !text.trim().is_empty()
        && adornment(text).is_none()
        && over.chars().count() >= text.trim_end().chars().count()
    {
        return Some(((mark, true), text.trim(), 3));
    }
    let (text, under) = (line(0)?, line(1)?);
    let mark = adornment(under)?;
    let titled = !text.is_empty() && !text.starts_with([' ', '\t']) && adornment(text).is_none();
    // Docutils takes an underline that is too short for a title from four characters on, with a warning.
    let long = under.chars().count() >= text.chars().count().min(4);
    (titled && long).then_some(((mark, false), text, 2))
}

/// The character of a line that consists of one punctuation character, at least twice.
fn adornment(line: &str) -> Option<char> {
    let mark = line.chars().next().filter(char::is_ascii_punctuation)?;
    (line.len() >= 2 && line.chars().all(|char| char == mark)).then_some(mark)
}

/// The paragraphs between two titles; indented ones join the paragraph before them while they fit.
fn body(text: &str, range: Range<usize>, section: usize, blocks: &mut Vec<Block>) {
    let first = blocks.len();
    for block in pack::paragraphs(text, range, section) {
        let indented = text[block.range.clone()].starts_with([' ', '\t']);
        let joins = blocks.len() > first && indented;
        match blocks.last_mut() {
            Some(last) if joins && block.range.end - last.range.start <= PROSE.target => {
                last.range.end = block.range.end;
            }
            _ => blocks.push(block),
        }
    }
}
