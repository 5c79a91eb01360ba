//! Symbols: what a blob defines, with everything that tells whether two of them are the same.

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    /// A module, namespace or package that has a body or stands for the rest of its file.
    Module,
    /// A class, record or anonymous class.
    Class,
    /// A struct.
    Struct,
    /// A union of C, C++ or Rust.
    Union,
    /// An enum.
    Enum,
    /// An interface, protocol or concept.
    Interface,
    /// A trait.
    Trait,
    /// An annotation type.
    Annotation,
    /// A single object of Kotlin or Scala.
    Object,
    /// A block that adds members to a type defined elsewhere: Rust's `impl`, Swift's and Scala's `extension`.
    Extension,
    /// A name for a type, or a type that a trait leaves open.
    Type,
    /// A function that is no member of a type.
    Function,
    /// A function that is a member of a type.
    Method,
    /// A constructor or destructor.
    Constructor,
    /// A macro.
    Macro,
    /// A value that does not change.
    Constant,
    /// A variable that outlives every call.
    Variable,
    /// A member of a type that holds a value, or behaves as if it did.
    Field,
    /// One of the values of an enum.
    Variant,
    /// A test that is a call with a title and a function (`it("...", () => ...)`).
    Test,
    /// A heading and what stands under it.
    Section,
}

impl SymbolKind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::Module,
        Self::Class,
        Self::Struct,
        Self::Union,
        Self::Enum,
        Self::Interface,
        Self::Trait,
        Self::Annotation,
        Self::Object,
        Self::Extension,
        Self::Type,
        Self::Function,
        Self::Method,
        Self::Constructor,
        Self::Macro,
        Self::Constant,
        Self::Variable,
        Self::Field,
        Self::Variant,
        Self::Test,
        Self::Section,
    ];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Union => "union",
            Self::Enum => "enum",
            Self::Interface => "interface",
            Self::Trait => "trait",
            Self::Annotation => "annotation",
            Self::Object => "object",
            Self::Extension => "extension",
            Self::Type => "type",
            Self::Function => "function",
            Self::Method => "method",
            Self::Constructor => "constructor",
            Self::Macro => "macro",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::Field => "field",
            Self::Variant => "variant",
            Self::Test => "test",
            Self::Section => "section",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether functions in it are its methods.
    pub const fn is_type(self) -> bool {
        matches!(
            self,
            Self::Class
                | Self::Struct
                | Self::Union
                | Self::Enum
                | Self::Interface
                | Self::Trait
                | Self::Annotation
                | Self::Object
                | Self::Extension
                | Self::Variant
        )
    }

    /// Whether it is part of what its container is, rather than something that stands in it: see [`Body::own_hash`].
    pub const fn is_part(self) -> bool {
        matches!(self, Self::Field | Self::Variant)
    }
}

/// A stretch of a blob: bytes from `start_byte` up to `end_byte`, on lines that count from 1, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start_byte: u32,
    /// The byte behind the last.
    pub end_byte: u32,
    /// The line of the first byte.
    pub start_line: u32,
    /// The line of the last byte.
    pub end_line: u32,
}

impl Span {
    /// How many lines it touches.
    pub const fn lines(&self) -> u32 {
        self.end_line.saturating_sub(self.start_line) + 1
    }
}

/// Which words a body is made of, how often: enough to estimate how alike two bodies are.
///
/// A body's words are a multiset; the n-th occurrence of a word is an element of its own, so the sets that arise have the
/// Jaccard index of the multisets. Kept are the least [`Sketch::LEN`] hashes of the elements: all of them for a small
/// body, for which the estimate is then exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch(Vec<u32>);

impl Sketch {
    /// The most hashes that are kept; the standard error of an estimate is at most 0.05.
    pub const LEN: usize = 128;
    /// Keys under which a body is filed for finding bodies like it.
    pub const BANDS: usize = 8;

    /// The sketch of elements with these hashes.
    pub fn new(mut hashes: Vec<u32>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        hashes.truncate(Self::LEN);
        hashes.shrink_to_fit();
        Self(hashes)
    }

    /// The least hashes, in order.
    pub fn hashes(&self) -> &[u32] {
        &self.0
    }

    /// As bytes of the same order on every machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| hash.to_le_bytes()).collect()
    }

    /// The sketch of [`Sketch::to_bytes`]; `None` for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<4>();
        let hashes: Vec<u32> = hashes.iter().map(|&hash| u32::from_le_bytes(hash)).collect();
        let fits = rest.is_empty() && hashes.len() <= Self::LEN;
        (fits && hashes.is_sorted_by(|a, b| a < b)).then_some(Self(hashes))
    }

    /// An estimate of the Jaccard index of two bodies' multisets of words: exact where both are kept whole.
    pub fn similarity(&self, other: &Self) -> f64 {
        // Below the lesser of the two horizons both sketches hold every element.
        let horizon = |sketch: &Self| match sketch.0.last() {
            Some(&last) if sketch.0.len() == Self::LEN => last,
            _ => u32::MAX,
        };
        let horizon = horizon(self).min(horizon(other));
        let (left, right) = (self.up_to(horizon), other.up_to(horizon));
        let (mut at_left, mut at_right, mut both) = (0, 0, 0);
        // Without branches on what is compared: nobody can foretell them.
        while let (Some(a), Some(b)) = (left.get(at_left), right.get(at_right)) {
            both += usize::from(a == b);
            at_left += usize::from(a <= b);
            at_right += usize::from(b <= a);
        }
        let either = left.len() + right.len() - both;
        if either == 0 { 0.0 } else { both as f64 / either as f64 }
    }

    fn up_to(&self, horizon: u32) -> &[u32] {
        &self.0[..self.0.partition_point(|&hash| hash <= horizon)]
    }

    /// Keys to file it under: bodies with a similarity of .5 share one in nine cases of ten, from .6 on nearly always.
    ///
    /// The hashes are dealt to twice as many hands by their low bits; a key is the least hash of two neighbouring hands.
    pub fn bands(&self) -> [u64; Self::BANDS] {
        const HANDS: usize = 2 * Sketch::BANDS;
        let mut least = [u32::MAX; HANDS];
        for &hash in &self.0 {
            let hand = &mut least[hash as usize % HANDS];
            *hand = hash.min(*hand);
        }
        std::array::from_fn(|band| {
            u64::from(least[2 * band]) << 32 | u64::from(least[2 * band + 1])
        })
    }
}

/// What a symbol's text says, without where it stands: two symbols with equal hashes have equal texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Hash of the bytes: attributes and definition, without documentation; how lines end does not count.
    pub raw_hash: u128,
    /// Hash of the syntax: no layout, no comments, no documentation.
    pub norm_hash: u128,
    /// [`Body::norm_hash`] with the symbol's own name masked wherever it stands.
    pub anon_hash: u128,
    /// [`Body::norm_hash`] without the symbols in it but fields and variants: tells a change of a type from one of its methods.
    pub own_hash: u128,
    /// Words and marks.
    pub tokens: u32,
    /// Lines, without documentation.
    pub lines: u32,
    /// Its words, with the symbol's own name masked.
    pub sketch: Sketch,
}

/// One definition in a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What it is.
    pub kind: SymbolKind,
    /// Its own name.
    pub name: String,
    /// The names of what it stands in, outermost first.
    pub scope: Vec<String>,
    /// The declaration without body, documentation and attributes, on one line, as its layout cannot change it.
    pub signature: String,
    /// Counts symbols of the same kind, qualified name and signature in the blob, from 0.
    pub duplicate: u32,
    /// The symbol it stands in: its place in [`Extraction::symbols`], which is before this one's.
    pub parent: Option<u32>,
    /// All that belongs to it: documentation, attributes, definition.
    pub span: Span,
    /// The definition alone.
    pub definition: Span,
    /// The comments right before it, or the documentation string in it.
    pub doc: Option<Span>,
    /// Hash of the documentation's words and lines; zero for none.
    pub doc_hash: u128,
    /// The line of its name, from 1.
    pub name_line: u32,
    /// The byte of its name in that line, from 1.
    pub name_column: u32,
    /// Whether it is a test, or stands in one.
    pub is_test: bool,
    /// Its text.
    pub body: Body,
}

impl Symbol {
    /// Scope and name, joined by dots in every language.
    pub fn qualified_name(&self) -> String {
        let mut name = String::new();
        for part in &self.scope {
            name.push_str(part);
            name.push('.');
        }
        name.push_str(&self.name);
        name
    }
}

/// Words for the languages that symbols are known in.
pub const LANGUAGES: [&str; 17] = [
    "bash",
    "c",
    "cpp",
    "csharp",
    "go",
    "java",
    "javascript",
    "kotlin",
    "markdown",
    "php",
    "python",
    "ruby",
    "rust",
    "scala",
    "swift",
    "tsx",
    "typescript",
];

/// The word for a language, as it is kept in [`LANGUAGES`].
pub fn language_word(word: &str) -> Option<&'static str> {
    LANGUAGES.into_iter().find(|language| *language == word)
}

/// How a blob could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtractionStatus {
    /// In full.
    #[default]
    Ok,
    /// Parts are no valid syntax; what stands around them was read.
    HasError,
    /// It takes more work than a blob of its size may.
    Timeout,
    /// Reading it ended the process that read it.
    Crashed,
    /// It is larger than is read.
    TooLarge,
    /// Brackets are nested deeper than is read.
    TooDeep,
    /// It is no text.
    Binary,
    /// A program wrote it for a program.
    Generated,
    /// It stands for a file that git-lfs keeps elsewhere.
    LfsPointer,
    /// There is no grammar for its language.
    Unsupported,
    /// It is not in the repository.
    Missing,
}

impl ExtractionStatus {
    /// Every status.
    pub const ALL: [Self; 11] = [
        Self::Ok,
        Self::HasError,
        Self::Timeout,
        Self::Crashed,
        Self::TooLarge,
        Self::TooDeep,
        Self::Binary,
        Self::Generated,
        Self::LfsPointer,
        Self::Unsupported,
        Self::Missing,
    ];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::HasError => "has_error",
            Self::Timeout => "timeout",
            Self::Crashed => "crashed",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::Binary => "binary",
            Self::Generated => "generated",
            Self::LfsPointer => "lfs_pointer",
            Self::Unsupported => "unsupported",
            Self::Missing => "missing",
        }
    }

    /// The status of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// How a blob's bytes are text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// UTF-8, with or without a mark.
    #[default]
    Utf8,
    /// UTF-16 with a mark, least byte first.
    Utf16Le,
    /// UTF-16 with a mark, greatest byte first.
    Utf16Be,
    /// Some superset of ASCII.
    Other,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 4] = [Self::Utf8, Self::Utf16Le, Self::Utf16Be, Self::Other];

    /// The word for it in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Other => "other",
        }
    }

    /// The encoding of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.as_str() == word)
    }
}

/// What a blob defines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extraction {
    /// How it could be read.
    pub status: ExtractionStatus,
    /// How its bytes are text.
    pub encoding: Encoding,
    /// Its lines; 0 for what is no text.
    pub lines: u32,
    /// In the order of their starts, containers first.
    pub symbols: Vec<Symbol>,
}

impl Extraction {
    /// A blob of which nothing is known but why.
    pub fn without_symbols(status: ExtractionStatus) -> Self {
        Self { status, ..Self::default() }
    }
}

#[cfg(test)]
mod tests;
