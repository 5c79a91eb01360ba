//! From what a person typed to terms and phrases. There is no syntax and so no error: quotes mark phrases, and all
//! else is words.

use super::analysis::{Analyzer, FEW};
use super::recipe::Class;

/// A query as the texts of one class meet it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ClassQuery {
    /// Terms and how often the query has them, in the order of their first place.
    pub(crate) terms: Vec<(String, f32)>,
    /// Phrases: their terms, each with its distance from the first.
    pub(crate) phrases: Vec<Vec<(String, u32)>>,
}

impl ClassQuery {
    /// Reads `text`. The words of a phrase are terms too.
    pub(crate) fn new(class: Class, text: &str) -> Self {
        let mut analyzer = Analyzer::new(class.stops(), FEW);
        let mut query = Self::default();
        analyzer.analyze(text, |term, _| {
            match query.terms.iter_mut().find(|(known, _)| known == term) {
                Some((_, count)) => *count += 1.0,
                None => query.terms.push((term.to_owned(), 1.0)),
            }
        });
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
        let query = ClassQuery::new(Class::Talk, "why \"connection refused\" AND (refused");
        let terms: Vec<_> =
            query.terms.iter().map(|(term, count)| (term.as_str(), *count)).collect();
        assert_eq!(terms, [("connect", 1.0), ("refus", 2.0)]);
        assert_eq!(query.phrases, [vec![("connect".to_owned(), 0), ("refus".to_owned(), 1)]]);
        for odd in ["", "\"", "\"\"", "a:b^2 ~ [ TO ]", "\" \"x", "+-!(){}"] {
            assert_eq!(ClassQuery::new(Class::Code, odd).phrases, Vec::<Vec<_>>::new(), "{odd}");
        }
    }
}
