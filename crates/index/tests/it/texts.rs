//! Search by words against a plain reading of BM25.

use std::collections::HashMap;

use lichen_index::{Index, Query, Vectors};
use lichen_model::PassageKind;
use proptest::prelude::*;

use crate::corpus::{Owned, append, entries, key, passages};

/// Scores of `texts` of chat for the words of `query`: no stop words, no identifiers, no stems among them.
fn naive(texts: &[Vec<&str>], query: &[&str], k1: f64, b: f64) -> Vec<f64> {
    let count = texts.len() as f64;
    let average = texts.iter().map(Vec::len).sum::<usize>() as f64 / count;
    let idf = |word: &str| {
        let with = texts.iter().filter(|text| text.contains(&word)).count() as f64;
        if with == 0.0 { 0.0 } else { (1.0 + (count - with + 0.5) / (with + 0.5)).ln() }
    };
    let mut distinct: HashMap<&str, f64> = HashMap::new();
    for word in query {
        distinct.insert(word, 1.0);
    }
    let total: f64 = distinct.keys().map(|word| idf(word)).sum();
    let score = |text: &Vec<&str>| {
        let discount = k1 * (1.0 - b + b * text.len() as f64 / average.max(1.0));
        let terms = distinct.iter().map(|(word, times)| {
            let freq = text.iter().filter(|other| *other == word).count() as f64;
            if freq == 0.0 { 0.0 } else { times * idf(word) / total * freq / (freq + discount) }
        });
        terms.sum()
    };
    texts.iter().map(score).collect()
}

const PLAIN: [&str; 8] = ["stack", "heap", "lock", "spin", "map", "port", "disk", "zinc"];

fn chat(text: String) -> Owned {
    let mut passage = passages(1, 1).remove(0);
    passage.kind = PassageKind::Chat;
    passage.context = String::new();
    passage.text = text;
    passage
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn equals_plain_bm25(
        texts in prop::collection::vec(prop::collection::vec(0usize..8, 0..20), 1..60),
        query in prop::collection::vec(0usize..8, 1..5),
        sealed in 0usize..60,
    ) {
        let words: Vec<Vec<&str>> = texts.iter().map(|text| text.iter().map(|at| PLAIN[*at]).collect()).collect();
        let query: Vec<&str> = query.iter().map(|at| PLAIN[*at]).collect();
        let all: Vec<Owned> = words.iter().map(|text| chat(text.join(" "))).collect();
        let dir = tempfile::tempdir().unwrap();
        let mut index = Index::create(dir.path(), &key()).unwrap();
        let (first, second) = all.split_at(sealed.min(all.len()));
        append(&mut index, first);
        index.seal().unwrap();
        append(&mut index, second);
        let text = query.join(" ");
        let search = index.search(&Query { text: &text, ..Query::default() }).unwrap();
        for (seq, expected) in (0..).zip(naive(&words, &query, 0.9, 0.3)) {
            prop_assert!((f64::from(search.text_score(seq)) - expected).abs() < 1e-4, "{} is not {expected}", search.text_score(seq));
        }
    }

    #[test]
    fn some_texts_are_weighed_as_if_there_were_no_others(
        texts in prop::collection::vec((prop::collection::vec(0usize..8, 0..20), any::<bool>()), 1..60),
        query in prop::collection::vec(0usize..8, 1..5),
        phrase: bool,
        sealed in 0usize..60,
    ) {
        let of = |words: &[usize]| words.iter().map(|at| PLAIN[*at]).collect::<Vec<_>>().join(" ");
        let all: Vec<Owned> = texts.iter().map(|(words, _)| chat(of(words))).collect();
        let some: Vec<u32> = (0..).zip(&texts).filter(|(_, (_, weighed))| *weighed).map(|(seq, _)| seq).collect();
        let (whole, part) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut index = Index::create(whole.path(), &key()).unwrap();
        let (first, second) = all.split_at(sealed.min(all.len()));
        append(&mut index, first);
        index.seal().unwrap();
        append(&mut index, second);
        let mut alone = Index::create(part.path(), &key()).unwrap();
        append(&mut alone, &some.iter().map(|seq| chat(of(&texts[*seq as usize].0))).collect::<Vec<_>>());
        let text = if phrase { format!("\"{}\"", of(&query)) } else { of(&query) };
        let weighed = some.iter().copied().collect();
        let search = index.search(&Query { text: &text, weighed: Some(&weighed), ..Query::default() }).unwrap();
        let expected = alone.search(&Query { text: &text, ..Query::default() }).unwrap();
        for (place, seq) in (0..).zip(some) {
            prop_assert_eq!(search.text_score(seq).to_bits(), expected.text_score(place).to_bits());
        }
    }

    #[test]
    fn any_text_can_be_asked(text: String) {
        let dir = tempfile::tempdir().unwrap();
        let mut index = Index::create(dir.path(), &key()).unwrap();
        append(&mut index, &passages(5, 3));
        append(&mut index, &[chat(text.clone())]);
        let quoted = format!("\"{text}\"");
        for text in [&text, &quoted] {
            index.search(&Query { text, ..Query::default() }).unwrap();
        }
        index.seal().unwrap();
        for text in [&text, &quoted] {
            index.search(&Query { text, ..Query::default() }).unwrap();
        }
    }
}

fn index_of(dir: &std::path::Path, texts: &[(PassageKind, &str, &str)], sealed: bool) -> Index {
    let all: Vec<Owned> = texts
        .iter()
        .map(|(kind, context, text)| Owned {
            kind: *kind,
            context: (*context).to_owned(),
            ..chat((*text).to_owned())
        })
        .collect();
    let mut index = Index::create(dir, &key()).unwrap();
    index
        .append(
            &entries(&all, 0),
            &Vectors::from_values(key().dims, vec![0.0; key().dims * all.len()]).unwrap(),
        )
        .unwrap();
    if sealed {
        index.seal().unwrap();
    }
    index
}

#[test]
fn words_find_what_people_mean_by_them() {
    use PassageKind::{Chat, Code, Commit, Doc};
    let texts = [
        (Chat, "", "we should fix the parsers before the release"),
        (Chat, "", "connection was refused by the proxy"),
        (Chat, "", "the refused offer left no connection between them"),
        (
            Code,
            "src/http/server.rs Server::accept",
            "fn accept(&self) -> TcpStream { self.listener.accept() }",
        ),
        (Code, "src/text.rs", "fn isNotEmpty(value: &str) -> bool { !value.is_empty() }"),
        (Doc, "docs/guide.md Installing", "Run the installer, then open a new shell."),
        (Commit, "", "readToEnd: keep reading after an interrupt"),
        (Doc, "", "Über das Café: a naïve résumé"),
    ];
    for (query, expected) in [
        ("parser", &[0u32][..]),
        ("fixing a parser", &[0]),
        ("\"connection refused\"", &[1, 2]),
        ("connections", &[1, 2]),
        ("tcp stream", &[3]),
        ("TcpStream", &[3]),
        ("server", &[3]),
        ("isNotEmpty", &[4]),
        ("is_not_empty", &[4]),
        ("is empty", &[4]),
        ("installing", &[5]),
        ("guide", &[5]),
        ("read_to_end", &[6]),
        ("readtoend", &[6]),
        ("cafe resume", &[7]),
        ("the of and", &[]),
        ("zebra", &[]),
    ] {
        for sealed in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let index = index_of(dir.path(), &texts, sealed);
            let search = index.search(&Query { text: query, ..Query::default() }).unwrap();
            let mut found: Vec<u32> = search.best_texts(9).iter().map(|hit| hit.seq).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{query}, sealed: {sealed}");
        }
    }
}

#[test]
fn a_phrase_in_order_comes_first() {
    let texts = [
        (PassageKind::Chat, "", "refused the connection refused it not, connection then refused"),
        (PassageKind::Chat, "", "a connection refused error"),
        (PassageKind::Chat, "", "connection"),
        (PassageKind::Code, "", "let connection_refused = 1; connection.refused()"),
    ];
    for sealed in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let index = index_of(dir.path(), &texts, sealed);
        let kinds = [PassageKind::Chat];
        let ask = |text| {
            let search = index.search(&Query { text, kinds: &kinds, ..Query::default() }).unwrap();
            search.best_texts(9).iter().map(|hit| hit.seq).collect::<Vec<_>>()
        };
        assert_eq!(
            ask("\"error connection\" \"connection refused error\"")[0],
            1,
            "sealed: {sealed}"
        );
        let plain = index
            .search(&Query { text: "refused connection", kinds: &kinds, ..Query::default() })
            .unwrap();
        let quoted = index
            .search(&Query { text: "\"refused connection\"", kinds: &kinds, ..Query::default() })
            .unwrap();
        // "the" is dropped but keeps its place, so the words do not stand together.
        for seq in 0..3 {
            assert_eq!(quoted.text_score(seq).to_bits(), plain.text_score(seq).to_bits());
        }
    }
}
