//! An extraction as bytes, for the way from a worker to the process that started it: both are the same program.

use lichen_model::{
    Body, Encoding, Extraction, ExtractionStatus, Sketch, Span, Symbol, SymbolKind,
};

/// The extraction as bytes.
pub(super) fn encode(extraction: &Extraction) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + extraction.symbols.len() * 256);
    out.push(place(&ExtractionStatus::ALL, &extraction.status));
    out.push(place(&Encoding::ALL, &extraction.encoding));
    number(&mut out, extraction.lines);
    count(&mut out, extraction.symbols.len());
    for symbol in &extraction.symbols {
        self::symbol(&mut out, symbol);
    }
    out
}

/// The extraction of [`encode`]; `None` for other bytes.
pub(super) fn decode(bytes: &[u8]) -> Option<Extraction> {
    let mut input = Input(bytes);
    let status = *ExtractionStatus::ALL.get(usize::from(input.byte()?))?;
    let encoding = *Encoding::ALL.get(usize::from(input.byte()?))?;
    let lines = input.number()?;
    let len = input.number()?;
    let symbols = (0..len).map(|_| input.symbol()).collect::<Option<_>>()?;
    input.0.is_empty().then_some(Extraction { status, encoding, lines, symbols })
}

fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    let at = all.iter().position(|other| other == one).expect("`ALL` holds every one");
    u8::try_from(at).expect("there are a few")
}

fn symbol(out: &mut Vec<u8>, symbol: &Symbol) {
    out.push(place(&SymbolKind::ALL, &symbol.kind));
    text(out, &symbol.name);
    count(out, symbol.scope.len());
    for part in &symbol.scope {
        text(out, part);
    }
    text(out, &symbol.signature);
    number(out, symbol.duplicate);
    option(out, symbol.parent.as_ref(), |out, parent| number(out, *parent));
    span(out, &symbol.span);
    span(out, &symbol.definition);
    option(out, symbol.doc.as_ref(), span);
    hash(out, symbol.doc_hash);
    number(out, symbol.name_line);
    number(out, symbol.name_column);
    out.push(u8::from(symbol.is_test));
    let Body { raw_hash, norm_hash, anon_hash, own_hash, tokens, lines, sketch } = &symbol.body;
    for of in [raw_hash, norm_hash, anon_hash, own_hash] {
        hash(out, *of);
    }
    number(out, *tokens);
    number(out, *lines);
    let sketch = sketch.to_bytes();
    count(out, sketch.len());
    out.extend_from_slice(&sketch);
}

fn number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn count(out: &mut Vec<u8>, count: usize) {
    number(out, u32::try_from(count).expect("a blob is smaller than 4 GiB"));
}

fn hash(out: &mut Vec<u8>, hash: u128) {
    out.extend_from_slice(&hash.to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn span(out: &mut Vec<u8>, span: &Span) {
    for of in [span.start_byte, span.end_byte, span.start_line, span.end_line] {
        number(out, of);
    }
}

fn option<T>(out: &mut Vec<u8>, value: Option<&T>, write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        write(out, value);
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const LEN: usize>(&mut self) -> Option<[u8; LEN]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn hash(&mut self) -> Option<u128> {
        self.array().map(u128::from_le_bytes)
    }

    fn bool(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        self.take(len as usize)
    }

    fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.bytes()?).ok().map(str::to_owned)
    }

    #[expect(
        clippy::option_option,
        reason = "damaged input, and a value that is not there, are two things"
    )]
    fn option<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.bool()? { read(self).map(Some) } else { Some(None) }
    }

    fn span(&mut self) -> Option<Span> {
        Some(Span {
            start_byte: self.number()?,
            end_byte: self.number()?,
            start_line: self.number()?,
            end_line: self.number()?,
        })
    }

    fn symbol(&mut self) -> Option<Symbol> {
        Some(Symbol {
            kind: *SymbolKind::ALL.get(usize::from(self.byte()?))?,
            name: self.text()?,
            scope: (0..self.number()?).map(|_| self.text()).collect::<Option<_>>()?,
            signature: self.text()?,
            duplicate: self.number()?,
            parent: self.option(Self::number)?,
            span: self.span()?,
            definition: self.span()?,
            doc: self.option(Self::span)?,
            doc_hash: self.hash()?,
            name_line: self.number()?,
            name_column: self.number()?,
            is_test: self.bool()?,
            body: Body {
                raw_hash: self.hash()?,
                norm_hash: self.hash()?,
                anon_hash: self.hash()?,
                own_hash: self.hash()?,
                tokens: self.number()?,
                lines: self.number()?,
                sketch: Sketch::from_bytes(self.bytes()?)?,
            },
        })
    }
}

#[cfg(test)]
mod tests;
