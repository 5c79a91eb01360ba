//! The part of a passage that answers a question best, on one line.

/// Cuts about `chars_max` characters out of `text` where most of `terms` stand together, and folds white space.
///
/// `terms` are lower-case words; a word of the text counts when it begins with the first letters of a term, so that
/// inflected forms count too.
pub(crate) fn snippet(text: &str, terms: &[String], chars_max: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let hits: Vec<bool> = words.iter().map(|word| counts(word, terms)).collect();
    let window = best_window(&words, &hits, chars_max);
    let mut line = String::with_capacity(chars_max + 8);
    if window.start > 0 {
        line.push_str("... ");
    }
    for (place, word) in words[window.clone()].iter().enumerate() {
        if place > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    let cut = line.chars().count() > chars_max + 8;
    if cut {
        line = line.chars().take(chars_max).collect();
    }
    if cut || window.end < words.len() {
        line.push_str(" ...");
    }
    line
}

/// Whether `word` shares the stem of one of `terms`.
fn counts(word: &str, terms: &[String]) -> bool {
    let lower = word.to_lowercase();
    lower
        .split(|char: char| !char.is_alphanumeric())
        .any(|part| terms.iter().any(|term| same_stem(part, term)))
}

/// Whether two lower-case words agree but for their last letters.
fn same_stem(word: &str, term: &str) -> bool {
    let stem_len = term.chars().count().saturating_sub(2).max(3);
    let stem: String = term.chars().take(stem_len).collect();
    word == term
        || (term.chars().count() > 3 && word.starts_with(&stem) && word.len() <= term.len() + 4)
}

/// The window of at most `chars_max` characters with most hits; among equals the first, led in by a few words.
fn best_window(words: &[&str], hits: &[bool], chars_max: usize) -> std::ops::Range<usize> {
    const LEAD_WORDS: usize = 6;
    let (mut best, mut best_hits) = (0..0, 0);
    let (mut end, mut len, mut inside) = (0, 0, 0);
    for start in 0..words.len() {
        if end < start {
            (end, len, inside) = (start, 0, 0);
        }
        while end < words.len() && len + words[end].chars().count() < chars_max {
            len += words[end].chars().count() + 1;
            inside += usize::from(hits[end]);
            end += 1;
        }
        if best.is_empty() || inside > best_hits {
            (best, best_hits) = (start..end.max(start + 1), inside);
        }
        if end == words.len() {
            break;
        }
        if end > start {
            len -= words[start].chars().count() + 1;
            inside -= usize::from(hits[start]);
        }
    }
    let first_hit = (best.start..best.end).find(|&at| hits[at]).unwrap_or(best.start);
    let start =
        best.start.max(first_hit.saturating_sub(LEAD_WORDS)).min(best.start.max(words.len()));
    extend(words, start, best.end, chars_max)
}

/// `start..end`, with more words at the end while they fit.
fn extend(
    words: &[&str],
    start: usize,
    mut end: usize,
    chars_max: usize,
) -> std::ops::Range<usize> {
    let mut len: usize =
        words[start.min(end)..end].iter().map(|word| word.chars().count() + 1).sum();
    while end < words.len() && len + words[end].chars().count() < chars_max {
        len += words[end].chars().count() + 1;
        end += 1;
    }
    start.min(end)..end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, terms: &str, chars_max: usize, expected: &str) {
        let terms: Vec<String> = terms.split_whitespace().map(str::to_owned).collect();
        assert_eq!(snippet(text, &terms, chars_max), expected);
    }

    #[test]
    fn short_texts_stay_whole_on_one_line() {
        check("one\n two\tthree", "two", 100, "one two three");
        check("", "two", 100, "");
        check("one", "", 100, "one");
    }

    #[test]
    fn the_window_is_where_the_words_are() {
        let text = "a b c d e f g h i j k l m n o p the journal keeps everything q r s t";
        check(text, "journal keep", 30, "... l m n o p the journal keeps ...");
        check(text, "nothing", 10, "a b c d e ...");
    }

    #[test]
    fn a_word_longer_than_the_window_is_cut() {
        check(&"x".repeat(50), "x", 10, &format!("{} ...", "x".repeat(10)));
    }

    proptest! {
        #[test]
        fn never_panics_and_never_runs_over(text in "\\PC{0,300}", term in "\\PC{0,12}", chars_max in 1usize..80) {
            let line = snippet(&text, &[term], chars_max);
            prop_assert!(line.chars().count() <= chars_max + 16);
            prop_assert!(!line.contains('\n'));
        }
    }
}
