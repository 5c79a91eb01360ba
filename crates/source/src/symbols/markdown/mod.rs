//! Markdown: a heading and what stands under it is a section; sections nest by level.

use std::ops::Range;

use lichen_model::{Extraction, Span, Symbol, SymbolKind};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::body::{self, Stretch};
use super::guard::Text;
use super::tokens::Tokens;
use super::walk::count_duplicates;

/// A heading of the document itself: none in a list or a quotation.
struct Heading {
    level: usize,
    title: String,
    range: Range<usize>,
}

/// The sections of a document.
pub(super) fn extract(text: &Text<'_>) -> Extraction {
    let source = String::from_utf8_lossy(&text.bytes);
    // What is no UTF-8 has no positions in the blob once it is replaced.
    let mut symbols = match &source {
        std::borrow::Cow::Borrowed(source) => sections(source),
        std::borrow::Cow::Owned(_) => sections(&latin(&text.bytes)),
    };
    count_duplicates(&mut symbols);
    Extraction { symbols, ..Extraction::default() }
}

/// Every byte that is no ASCII as a question mark: positions stay.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect()
}

fn sections(source: &str) -> Vec<Symbol> {
    let headings = headings(source);
    let tokens = words(source);
    let rows = Rows::new(source);
    let mut symbols: Vec<Symbol> = Vec::with_capacity(headings.len());
    let ends: Vec<usize> = ends(&headings, source.len());
    // Sections that are open, outermost first.
    let mut open: Vec<usize> = Vec::new();
    for (at, heading) in headings.iter().enumerate() {
        while open.last().is_some_and(|&above| headings[above].level >= heading.level) {
            open.pop();
        }
        let bytes = heading.range.start..ends[at];
        let end = bytes.start + source[bytes.clone()].trim_end().len();
        let holes = inside(&headings, &ends, at, &tokens);
        let whole = tokens.within(bytes.start..end);
        let stretch = Stretch { doc: whole.start..whole.start, whole, holes: &holes };
        let span = rows.span(bytes.start..end);
        let raw = [&source.as_bytes()[bytes.start..end]];
        symbols.push(Symbol {
            kind: SymbolKind::Section,
            name: heading.title.clone(),
            scope: open.iter().map(|&above| headings[above].title.clone()).collect(),
            signature: format!("{} {}", "#".repeat(heading.level), heading.title),
            duplicate: 0,
            parent: open.last().map(|&above| u32::try_from(above).unwrap_or(u32::MAX)),
            span,
            definition: span,
            doc: None,
            doc_hash: 0,
            name_line: span.start_line,
            name_column: 1,
            is_test: false,
            body: body::measure(&tokens, &stretch, &heading.title, &raw, span.lines()),
        });
        open.push(at);
    }
    symbols
}

fn headings(source: &str) -> Vec<Heading> {
    let options = Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS
        | Options::ENABLE_TABLES;
    let mut headings: Vec<Heading> = Vec::new();
    let mut depth = 0_usize;
    let mut inside = false;
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                headings.push(Heading { level: level as usize, title: String::new(), range });
                inside = true;
                depth += 1;
            }
            Event::Start(_) => depth += 1,
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                inside &= !matches!(end, TagEnd::Heading(_));
            }
            Event::Text(text) | Event::Code(text) if inside => {
                headings.last_mut().expect("one is open").title.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak if inside => {
                headings.last_mut().expect("one is open").title.push(' ');
            }
            _ => {}
        }
    }
    for heading in &mut headings {
        heading.title = heading.title.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    headings
}

/// Where each section ends: at the next heading that is no deeper.
fn ends(headings: &[Heading], len: usize) -> Vec<usize> {
    let mut ends = vec![len; headings.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, heading) in headings.iter().enumerate() {
        while let Some(above) = open.pop_if(|above| headings[*above].level >= heading.level) {
            ends[above] = heading.range.start;
        }
        open.push(at);
    }
    ends
}

/// The sections right in a section.
fn inside(headings: &[Heading], ends: &[usize], at: usize, tokens: &Tokens) -> Vec<Range<usize>> {
    let mut holes = Vec::new();
    let mut reached = headings[at].range.end;
    for (next, heading) in headings.iter().enumerate().skip(at + 1) {
        if heading.range.start >= ends[at] {
            break;
        }
        if heading.range.start >= reached {
            holes.push(tokens.within(heading.range.start..ends[next]));
            reached = ends[next];
        }
    }
    holes
}

fn words(source: &str) -> Tokens {
    let mut tokens = Tokens::default();
    let start = source.as_ptr() as usize;
    for word in source.split_whitespace() {
        let at = word.as_ptr() as usize - start;
        tokens.token(source.as_bytes(), at..at + word.len(), false);
    }
    tokens
}

/// Where lines begin.
struct Rows(Vec<usize>);

impl Rows {
    fn new(source: &str) -> Self {
        let ends = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect())
    }

    fn span(&self, bytes: Range<usize>) -> Span {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let line = |at: usize| number(self.0.partition_point(|&start| start <= at));
        Span {
            start_byte: number(bytes.start),
            end_byte: number(bytes.end),
            start_line: line(bytes.start),
            end_line: line(bytes.end.saturating_sub(1).max(bytes.start)),
        }
    }
}
