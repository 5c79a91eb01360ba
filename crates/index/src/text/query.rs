//! From what a person typed to terms and phrases. There is no syntax and so no error: quotes mark phrases, and all
//! else is words.

use super::analysis::{Analyzer, FEW};
use super::recipe::Class;

/// A word that stands for a word of the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similar<'a> {
    /// The word of the query.
    pub word: &'a str,
    /// The word that stands for it.
    pub other: &'a str,
    /// What it counts against the word itself, 0 to 1.
    pub weight: f32,
}

/// A query as the texts of one class meet it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ClassQuery {
    /// Distinct terms in the order of their first place.
    pub(crate) terms: Vec<QueryTerm>,
    /// Phrases: their terms, each with its distance from the first.
    pub(crate) phrases: Vec<Vec<(String, u32)>>,
}

/// A term, and those that stand for it where they score more, with what they count.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct QueryTerm {
    pub(crate) term: String,
    pub(crate) similar: Vec<(String, f32)>,
}

impl ClassQuery {
    /// Reads `text`. The words of a phrase are terms too.
    pub(crate) fn new(class: Class, text: &str, similar: &[Similar<'_>]) -> Self {
        let mut analyzer = Analyzer::new(class.stops(), FEW);
        let mut query = Self::default();
        analyzer.analyze(text, |term, _| {
            if query.terms.iter().all(|known| known.term != term) {
                query.terms.push(QueryTerm { term: term.to_owned(), similar: Vec::new() });
            }
        });
        for Similar { word, other, weight } in similar {
            let (word, other) = (only_term(&mut analyzer, word), only_term(&mut analyzer, other));
            if let (Some(word), Some(other)) = (word, other)
                && word != other
                && let Some(known) = query.terms.iter_mut().find(|known| known.term == word)
            {
                known.similar.push((other, *weight));
            }
        }
        for quoted in quoted(text) {
            let mut phrase: Vec<(String, u32)> = Vec::new();
            analyzer.analyze(quoted, |term, position| phrase.push((term.to_owned(), position)));
            let first = phrase.first().map_or(0, |(_, position)| *position);
            for (_, position) in &mut phrase {
                *position -= first;
            }
            if phrase.len() > 1 {
                query.phrases.push(phrase);
            }
        }
        query
    }
}

/// The term of a single word; `None` for a stop word or for several.
fn only_term(analyzer: &mut Analyzer, word: &str) -> Option<String> {
    let mut terms = Vec::new();
    analyzer.analyze(word, |term, _| terms.push(term.to_owned()));
    if terms.len() == 1 { terms.pop() } else { None }
}

/// What stands between pairs of double quotes; a last quote without a partner opens nothing.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('"')?;
        let (inside, after) = after.split_once('"')?;
        rest = after;
        Some(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_a_query() {
        let query = ClassQuery::new(Class::Talk, "why \"connection refused\" AND (refused", &[]);
        let terms: Vec<_> = query.terms.iter().map(|known| known.term.as_str()).collect();
        assert_eq!(terms, ["connect", "refus"]);
        assert_eq!(query.phrases, [vec![("connect".to_owned(), 0), ("refus".to_owned(), 1)]]);
        for odd in ["", "\"", "\"\"", "a:b^2 ~ [ TO ]", "\" \"x", "+-!(){}"] {
            assert_eq!(
                ClassQuery::new(Class::Code, odd, &[]).phrases,
                Vec::<Vec<_>>::new(),
                "{odd}"
            );
        }
    }
    #[test]
    fn similar_words_join_the_words_they_stand_for() {
        let similar = |word, other| Similar { word, other, weight: 0.5 };
        let all = [
            similar("deleting", "remove"),
            similar("delete", "deletes"),
            similar("list", "array"),
            similar("a b", "c"),
        ];
        let query = ClassQuery::new(Class::Code, "delete a file", &all);
        assert_eq!(
            query.terms[0],
            QueryTerm { term: "delet".to_owned(), similar: vec![("remov".to_owned(), 0.5)] }
        );
        assert!(query.terms[1..].iter().all(|known| known.similar.is_empty()));
    }
}
