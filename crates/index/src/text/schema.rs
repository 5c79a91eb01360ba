//! The fields of the full-text index and the tokenizers that fill them.

use std::sync::OnceLock;

use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::store::Compressor;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer, TokenizerManager};
use tantivy::{IndexBuilder, IndexSettings};

use super::analysis::{Analyzer, MANY};
use super::recipe::Class;

/// Counts with every change of schema or analysis: an index of another version is built anew.
pub(crate) const TEXT_VERSION: u32 = 1;

/// What of a passage a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its text, with positions.
    Body = 0,
    /// The words that place it.
    Context = 1,
}

impl Part {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Body, Self::Context];
}

/// Fields, by class and part.
pub(crate) const FIELDS: usize = Class::ALL.len() * Part::ALL.len();

/// The place of a field among all.
pub(crate) const fn field_index(class: Class, part: Part) -> usize {
    class as usize * Part::ALL.len() + part as usize
}

/// The field of a part of a class.
pub(crate) fn field(class: Class, part: Part) -> Field {
    Field::from_field_id(u32::try_from(field_index(class, part)).expect("few fields"))
}

/// The schema of every segment.
pub(crate) fn schema() -> Schema {
    let mut builder = Schema::builder();
    for class in Class::ALL {
        for part in Part::ALL {
            let records = match part {
                Part::Body => IndexRecordOption::WithFreqsAndPositions,
                Part::Context => IndexRecordOption::WithFreqs,
            };
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(tokenizer_name(class))
                .set_index_option(records);
            let name = format!("{class:?}_{part:?}").to_lowercase();
            let added = builder
                .add_text_field(&name, TextOptions::default().set_indexing_options(indexing));
            debug_assert_eq!(
                added,
                field(class, part),
                "fields are added in the order of their numbers"
            );
        }
    }
    builder.build()
}

/// How every segment is built.
pub(crate) fn builder() -> IndexBuilder {
    let settings = IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    tantivy::Index::builder().schema(schema()).settings(settings).tokenizers(tokenizers().clone())
}

/// The tokenizers that the fields name.
pub(crate) fn tokenizers() -> &'static TokenizerManager {
    static TOKENIZERS: OnceLock<TokenizerManager> = OnceLock::new();
    TOKENIZERS.get_or_init(|| {
        let manager = TokenizerManager::new();
        manager.register(tokenizer_name(Class::Prose), Terms::new(true));
        manager.register(tokenizer_name(Class::Code), Terms::new(false));
        manager
    })
}

const fn tokenizer_name(class: Class) -> &'static str {
    if class.stops() { "lichen_prose" } else { "lichen_code" }
}

/// The analyzer as the library wants it: all terms of a text at once.
struct Terms {
    analyzer: Analyzer,
    text: String,
    /// Where a term ends in `text`, and its position.
    ends: Vec<(usize, u32)>,
    next: usize,
    token: Token,
}

impl Terms {
    fn new(stop: bool) -> Self {
        Self {
            analyzer: Analyzer::new(stop, MANY),
            text: String::new(),
            ends: Vec::new(),
            next: 0,
            token: Token::default(),
        }
    }
}

impl Clone for Terms {
    fn clone(&self) -> Self {
        Self::new(self.analyzer.stops())
    }
}

impl Tokenizer for Terms {
    type TokenStream<'a> = &'a mut Terms;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        self.text.clear();
        self.ends.clear();
        self.next = 0;
        let Self { analyzer, text: terms, ends, .. } = self;
        analyzer.analyze(text, |term, position| {
            terms.push_str(term);
            ends.push((terms.len(), position));
        });
        self
    }
}

impl TokenStream for &mut Terms {
    fn advance(&mut self) -> bool {
        let Some((end, position)) = self.ends.get(self.next).copied() else { return false };
        let start = if self.next == 0 { 0 } else { self.ends[self.next - 1].0 };
        self.next += 1;
        let Terms { text, token, .. } = &mut **self;
        token.text.clear();
        token.text.push_str(&text[start..end]);
        token.position = position as usize;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
