//! Markdown: at headings, then at paragraphs; fenced code is kept together where it fits.
//!
//! The block structure follows `CommonMark` as far as cutting needs it: ATX and setext headings, fences, front matter.

use super::pack::{self, Block};
use super::{PROSE, Piece};

/// Cuts Markdown; the context is the path of headings.
pub fn cut_markdown(text: &str) -> Vec<Piece> {
    let parsed = parse(text);
    let packed = pack::pack(text, parsed.blocks, PROSE);
    pack::pieces(text, packed, |section| parsed.headings.get(section).cloned().unwrap_or_default())
}

/// The blocks of a text that may hold Markdown.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    parse(text).blocks
}

/// The text of the first heading.
pub(crate) fn first_heading(text: &str) -> Option<String> {
    parse(text).headings.into_iter().find(|heading| !heading.is_empty())
}

#[derive(Default)]
struct Parsed {
    blocks: Vec<Block>,
    /// The path of headings of each section; the first section has none.
    headings: Vec<String>,
    path: Vec<(usize, String)>,
    /// The last block takes further lines.
    open: bool,
}

/// A fence that has been opened: its character, its length, and how deep its opening is indented.
struct Fence {
    mark: u8,
    len: usize,
}

fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed { headings: vec![String::new()], ..Parsed::default() };
    let mut fence: Option<Fence> = None;
    let front_end = front_matter_end(text);
    if front_end > 0 {
        parsed.blocks.push(Block { range: 0..front_end, section: 0 });
    }
    for (range, line) in pack::lines(text, front_end..text.len()) {
        let content = line.trim_end();
        if let Some(open) = &fence {
            parsed.extend(range.end);
            if closes(content, open) {
                fence = None;
                parsed.open = false;
            }
        } else if let Some(opened) = opens(content) {
            parsed.open = false;
            parsed.line(range, line);
            fence = Some(opened);
        } else if let Some((level, title)) = atx(content) {
            parsed.heading(level, title);
            parsed.line(range, line);
            parsed.open = false;
        } else if let Some(level) = setext(content).filter(|_| parsed.open) {
            parsed.extend(range.end);
            parsed.setext(text, level);
        } else {
            parsed.line(range, line);
        }
    }
    parsed
}

impl Parsed {
    fn line(&mut self, range: std::ops::Range<usize>, line: &str) {
        if line.trim().is_empty() {
            self.open = false;
        } else if self.open {
            self.extend(range.end);
        } else {
            self.blocks.push(Block { range, section: self.headings.len() - 1 });
            self.open = true;
        }
    }

    fn extend(&mut self, end: usize) {
        if let Some(block) = self.blocks.last_mut() {
            block.range.end = end;
        }
    }

    fn heading(&mut self, level: usize, title: &str) {
        self.path.retain(|(above, _)| *above < level);
        self.path.push((level, title.to_owned()));
        let path: Vec<_> = self
            .path
            .iter()
            .map(|(_, title)| title.as_str())
            .filter(|title| !title.is_empty())
            .collect();
        self.headings.push(path.join(" > "));
    }

    /// The open paragraph turns out to be a heading.
    fn setext(&mut self, text: &str, level: usize) {
        let Some(block) = self.blocks.pop() else { return };
        let title = text[block.range.clone()].lines().next().unwrap_or_default().trim().to_owned();
        self.heading(level, &title);
        self.blocks.push(Block { section: self.headings.len() - 1, ..block });
        self.open = false;
    }
}

/// Where the front matter ends: `---` or `+++` on the first line up to the same on a later one; 0 for none.
pub(crate) fn front_matter_end(text: &str) -> usize {
    let mut lines = pack::lines(text, 0..text.len());
    let Some((_, first)) = lines.next() else { return 0 };
    let mark = first.trim_end();
    if mark != "---" && mark != "+++" {
        return 0;
    }
    lines.find(|(_, line)| line.trim_end() == mark).map_or(0, |(range, _)| range.end)
}

/// Up to three spaces before a block's mark are no indented code.
fn unindented(line: &str) -> Option<&str> {
    let content = line.trim_start_matches(' ');
    (line.len() - content.len() <= 3).then_some(content)
}

fn opens(line: &str) -> Option<Fence> {
    // Fences stand in lists too, at any depth.
    let content = line.trim_start();
    let mark = *content.as_bytes().first().filter(|mark| matches!(mark, b'`' | b'~'))?;
    let len = content.bytes().take_while(|&byte| byte == mark).count();
    let info = &content[len..];
    (len >= 3 && !(mark == b'`' && info.contains('`'))).then_some(Fence { mark, len })
}

fn closes(line: &str, fence: &Fence) -> bool {
    let content = line.trim_start();
    content.len() >= fence.len && content.bytes().all(|byte| byte == fence.mark)
}

fn atx(line: &str) -> Option<(usize, &str)> {
    let content = unindented(line)?;
    let level = content.bytes().take_while(|&byte| byte == b'#').count();
    let rest = &content[level..];
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let rest = rest.trim();
    let title = rest.trim_end_matches('#');
    Some((
        level,
        if title.is_empty() || title.ends_with([' ', '\t']) { title.trim_end() } else { rest },
    ))
}

fn setext(line: &str) -> Option<usize> {
    let content = unindented(line)?;
    match content.as_bytes().first()? {
        b'=' if content.bytes().all(|byte| byte == b'=') => Some(1),
        b'-' if content.bytes().all(|byte| byte == b'-') => Some(2),
        _ => None,
    }
}
