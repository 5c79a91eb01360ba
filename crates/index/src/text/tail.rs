//! The newest texts, indexed in memory: what live messages need, one at a time, without a file written for each.

use std::collections::HashMap;

use tantivy::fieldnorm::FieldNormReader;

use super::analysis::{Analyzer, MANY};
use super::recipe::Class;
use super::schema::{FIELDS, Part, field_index};
use super::segment::count_aligned;

/// A passage in the tail, kept until it goes into a segment.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) class: Class,
    pub(crate) body: String,
    pub(crate) context: String,
    /// The lengths of body and context, rounded as segments round them.
    lens: [u32; 2],
}

/// One passage that has a term: its place in the tail and the term's positions.
#[derive(Debug)]
struct Posting {
    doc: u32,
    positions: Vec<u32>,
}

/// Texts from passage `first` on.
pub(crate) struct Tail {
    first: u32,
    texts: Vec<Text>,
    lists: [HashMap<String, Vec<Posting>>; FIELDS],
    tokens: [u64; FIELDS],
    analyzers: [Analyzer; 2],
}

impl Tail {
    /// No texts; the first to come is passage `first`.
    pub(crate) fn new(first: u32) -> Self {
        Self {
            first,
            texts: Vec::new(),
            lists: Default::default(),
            tokens: [0; FIELDS],
            analyzers: [Analyzer::new(false, MANY), Analyzer::new(true, MANY)],
        }
    }

    /// The first passage.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    /// Passages.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.texts.len()).expect("the tail is bounded")
    }

    /// Takes in the next text.
    pub(crate) fn add(&mut self, class: Class, body: &str, context: &str) {
        let doc = self.len();
        let mut lens = [0; 2];
        for (part, text) in Part::ALL.into_iter().zip([body, context]) {
            let field = field_index(class, part);
            let lists = &mut self.lists[field];
            let mut count = 0u32;
            self.analyzers[usize::from(class.stops())].analyze(text, |term, position| {
                count += 1;
                if !lists.contains_key(term) {
                    lists.insert(term.to_owned(), Vec::new());
                }
                let list = lists.get_mut(term).expect("inserted where it was missing");
                match list.last_mut() {
                    Some(last) if last.doc == doc => last.positions.push(position),
                    _ => list.push(Posting { doc, positions: vec![position] }),
                }
            });
            self.tokens[field] += u64::from(count);
            lens[part as usize] =
                FieldNormReader::id_to_fieldnorm(FieldNormReader::fieldnorm_to_id(count));
        }
        self.texts.push(Text { class, body: body.to_owned(), context: context.to_owned(), lens });
    }

    /// Gives the texts away; the next to come follows them.
    pub(crate) fn take(&mut self) -> Vec<Text> {
        self.first += self.len();
        self.lists = Default::default();
        self.tokens = [0; FIELDS];
        std::mem::take(&mut self.texts)
    }

    /// Tokens of a field in all passages.
    pub(crate) fn tokens(&self, class: Class, part: Part) -> u64 {
        self.tokens[field_index(class, part)]
    }

    /// The class of a passage.
    pub(crate) fn class(&self, doc: u32) -> Class {
        self.texts[doc as usize].class
    }

    /// The length of a part of a passage.
    pub(crate) fn text_len(&self, doc: u32, part: Part) -> u32 {
        self.texts[doc as usize].lens[part as usize]
    }

    /// In how many passages a field has the term.
    pub(crate) fn doc_freq(&self, class: Class, part: Part, term: &str) -> u32 {
        let list = self.lists[field_index(class, part)].get(term);
        list.map_or(0, |list| u32::try_from(list.len()).expect("the tail is bounded"))
    }

    /// Calls `each` with the places of the passages whose field has the term, in order, and how often it does.
    pub(crate) fn postings(
        &self,
        class: Class,
        part: Part,
        term: &str,
        mut each: impl FnMut(u32, u32),
    ) {
        for posting in self.lists[field_index(class, part)].get(term).into_iter().flatten() {
            each(posting.doc, u32::try_from(posting.positions.len()).unwrap_or(u32::MAX));
        }
    }

    /// Calls `each` with the places of the passages whose body has the terms at these distances, and how often.
    pub(crate) fn phrase(
        &self,
        class: Class,
        terms: &[(String, u32)],
        mut each: impl FnMut(u32, u32),
    ) {
        let lists = &self.lists[field_index(class, Part::Body)];
        let Some(found) = terms
            .iter()
            .map(|(term, offset)| Some((*offset, lists.get(term)?)))
            .collect::<Option<Vec<_>>>()
        else {
            return;
        };
        let Some((_, first)) = found.first() else { return };
        for posting in *first {
            let places = found.iter().map(|(offset, list)| {
                let at = list.binary_search_by_key(&posting.doc, |other| other.doc).ok()?;
                Some((*offset, list[at].positions.as_slice()))
            });
            let count =
                places.collect::<Option<Vec<_>>>().map_or(0, |places| count_aligned(&places));
            if count > 0 {
                each(posting.doc, count);
            }
        }
    }
}
