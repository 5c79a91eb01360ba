//! What a question asks for: its words without the names, dates and function words that would mislead a search.

use std::collections::{HashMap, HashSet};
use std::ops::{Range, RangeInclusive};

use lichen_index::is_stop_word;
use lichen_model::Timestamp;

use super::dates::named_date;

/// A question taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Question {
    /// For the full text: without speakers' names and without the date.
    pub(crate) lexical: String,
    /// For the vectors: without function words too, which drown the rest of a short text in a static model.
    pub(crate) content: String,
    /// The speakers that it names, by their numbers in the index, ascending.
    pub(crate) authors: Vec<u32>,
    /// The days, months or year that it names.
    pub(crate) during: Vec<Range<Timestamp>>,
    /// Its content words in lower case: what a snippet shows.
    pub(crate) terms: Vec<String>,
}

/// Who speaks in the store: from a name or a part of one, in lower case, to the speakers who bear it.
#[derive(Clone, Debug)]
pub(crate) struct Speakers {
    by_name: HashMap<String, Vec<u32>>,
    count: usize,
    /// The first and the last year in which anything was said or committed.
    years: RangeInclusive<i16>,
}

impl Speakers {
    /// Indexes `names`, whose places are the speakers' numbers, and notes the years in which they spoke.
    pub(crate) fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        years: RangeInclusive<i16>,
    ) -> Self {
        let mut by_name: HashMap<String, Vec<u32>> = HashMap::new();
        let mut count = 0;
        for (number, name) in names.into_iter().enumerate() {
            let number = u32::try_from(number).expect("an index numbers its speakers in 32 bits");
            count += 1;
            let parts: HashSet<String> = name_parts(name).collect();
            for part in parts {
                by_name.entry(part).or_default().push(number);
            }
        }
        Self { by_name, count, years }
    }

    /// Whether these are the first `count` speakers of an index, who spoke in `years`.
    pub(crate) fn are_of(&self, count: usize, years: &RangeInclusive<i16>) -> bool {
        self.count == count && self.years == *years
    }

    /// The speakers whom `word` names. Only a capitalised word does: `Will`, not `will`; and never a function word.
    fn named_by(&self, word: &str) -> &[u32] {
        let name = name_of(word);
        let capitalised = name.chars().next().is_some_and(char::is_uppercase);
        if !capitalised || is_stop_word(&name.to_lowercase()) {
            return &[];
        }
        self.by_name.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }
}

fn name_parts(name: &str) -> impl Iterator<Item = String> + '_ {
    name.split(|char: char| !char.is_alphanumeric())
        .filter(|part| part.chars().count() > 1)
        .map(str::to_lowercase)
}

/// A word without the marks around it and without the possessive ending.
fn name_of(word: &str) -> &str {
    let word = bare(word);
    word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word)
}

fn bare(word: &str) -> &str {
    word.trim_matches(|char: char| !char.is_alphanumeric())
}

impl Question {
    /// Takes `text` apart. Where nothing would be left to search for, names or function words stay.
    pub(crate) fn new(text: &str, speakers: &Speakers) -> Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        let date = named_date(&words, &speakers.years);
        let dated: HashSet<usize> =
            date.iter().flat_map(|date| date.words.iter().copied()).collect();
        let mut authors: Vec<u32> =
            words.iter().flat_map(|word| speakers.named_by(word)).copied().collect();
        authors.sort_unstable();
        authors.dedup();
        let undated: Vec<&str> = words
            .iter()
            .enumerate()
            .filter(|(place, _)| !dated.contains(place))
            .map(|(_, word)| *word)
            .collect();
        let is_content =
            |word: &&str| !bare(word).is_empty() && !is_stop_word(&bare(word).to_lowercase());
        let unnamed: Vec<&str> =
            undated.iter().copied().filter(|word| speakers.named_by(word).is_empty()).collect();
        let searched = if unnamed.iter().any(is_content) { unnamed } else { undated };
        let content: Vec<&str> = searched.iter().copied().filter(is_content).collect();
        let content = if content.is_empty() { searched.clone() } else { content };
        Self {
            lexical: searched.join(" "),
            content: content.join(" "),
            authors,
            during: date.unwrap_or_default().during,
            terms: content
                .iter()
                .map(|word| bare(word).to_lowercase())
                .filter(|word| !word.is_empty())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(text: &str) -> Question {
        Question::new(text, &Speakers::new(["Caroline", "Will Smith", "Ana-Maria"], 2022..=2023))
    }

    #[track_caller]
    fn check(text: &str, lexical: &str, content: &str, authors: &[u32]) {
        let found = question(text);
        assert_eq!((found.lexical.as_str(), found.content.as_str()), (lexical, content), "{text}");
        assert_eq!(found.authors, authors, "{text}");
    }

    #[test]
    fn names_of_speakers_are_set_aside() {
        check("What did Caroline research?", "What did research?", "research?", &[0]);
        check("What is Caroline's plan?", "What is plan?", "plan?", &[0]);
        check("does Maria like tea", "does like tea", "like tea", &[2]);
        check("what will the index do", "what will the index do", "index", &[]);
    }

    #[test]
    fn something_is_always_left_to_search_for() {
        check("Who is Caroline?", "Who is Caroline?", "Caroline?", &[0]);
        check("who is it", "who is it", "who is it", &[]);
        check("", "", "", &[]);
        check("?!", "?!", "?!", &[]);
    }

    #[test]
    fn dates_become_a_range() {
        let found = question("What happened to the build on 7 May 2023?");
        assert_eq!(found.lexical, "What happened to the build on");
        assert_eq!(found.during.len(), 1);
        assert_eq!(found.terms, ["happened", "build"]);
    }
}
