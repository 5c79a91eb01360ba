//! Passages to index: made up, but like those of a store.

use lichen_index::{Embedder as _, Entry, Hit, Index, ModelKey, Query, Vectors};
use lichen_model::{CommitId, MessageId, Owner, PassageKind, Site, TextHash, Timestamp, VersionId};

const WORDS: [&str; 32] = [
    "parser",
    "lexer",
    "token",
    "stream",
    "buffer",
    "readToEnd",
    "write_all",
    "HTTPServer",
    "cache",
    "index",
    "vector",
    "search",
    "commit",
    "merge",
    "branch",
    "conflict",
    "test",
    "failing",
    "release",
    "deploy",
    "the",
    "of",
    "and",
    "with",
    "socket",
    "timeout",
    "retry",
    "backoff",
    "config",
    "src/main.rs",
    "panic",
    "café",
];

/// A passage with all it owns.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    pub(crate) kind: PassageKind,
    pub(crate) at: Timestamp,
    pub(crate) group: u64,
    pub(crate) author: String,
    pub(crate) context: String,
    pub(crate) text: String,
}

/// `count` passages that depend on nothing but `seed`.
pub(crate) fn passages(count: u32, seed: u64) -> Vec<Owned> {
    let mut state = seed;
    let mut pick = |from: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits fit") % from
    };
    (0..count)
        .map(|seq| {
            let len = 1 + pick(24);
            let words: Vec<&str> = (0..len)
                .map(|_| WORDS[pick(WORDS.len()) * pick(WORDS.len()) / WORDS.len()])
                .collect();
            Owned {
                kind: PassageKind::ALL[pick(PassageKind::ALL.len())],
                at: Timestamp(i64::from(seq) * 1000 - 5000),
                group: pick(7) as u64,
                author: ["", "Ann", "Bob", "Čeněk"][pick(4)].to_owned(),
                context: if pick(2) == 0 {
                    String::new()
                } else {
                    WORDS[pick(WORDS.len())].to_owned()
                },
                text: words.join(" "),
            }
        })
        .collect()
}

/// A site that differs for every passage.
pub(crate) fn site(seq: u32, text: &str) -> Site {
    let id = u128::from(seq) << 64 | 7;
    let owner = match seq % 3 {
        0 => Owner::Commit(CommitId::from_u128(id)),
        1 => Owner::Message(MessageId::from_u128(id)),
        _ => Owner::Version(VersionId::from_u128(id)),
    };
    let len = u32::try_from(text.len()).unwrap();
    Site { owner, ord: seq % 5, start: seq, end: seq + len, line: seq % 11 + 1 }
}

/// The entries of `passages`, numbered from `first` on.
pub(crate) fn entries(passages: &[Owned], first: u32) -> Vec<Entry<'_>> {
    (first..)
        .zip(passages)
        .map(|(seq, owned)| Entry {
            seq,
            kind: owned.kind,
            site: site(seq, &owned.text),
            at: owned.at,
            group: owned.group,
            author: &owned.author,
            context: &owned.context,
            text: &owned.text,
            text_hash: TextHash::of(&owned.text),
        })
        .collect()
}

/// The built-in model.
pub(crate) fn model() -> &'static lichen_index::embed::StaticModel {
    lichen_index::embed::StaticModel::builtin().expect("the asset is whole")
}

/// The built-in model's vectors.
pub(crate) fn embed(passages: &[Owned]) -> Vectors {
    let texts: Vec<&str> = passages.iter().map(|owned| owned.text.as_str()).collect();
    model().embed(&texts).expect("the built-in model does not fail")
}

/// Appends passages with the built-in model's vectors.
pub(crate) fn append(index: &mut Index, passages: &[Owned]) {
    let first = index.watermark();
    index.append(&entries(passages, first), &embed(passages)).expect("they follow");
}

/// An index of all passages, sealed once.
pub(crate) fn built(dir: &std::path::Path, passages: &[Owned]) -> Index {
    let mut index = Index::create(dir, &key()).expect("an empty folder");
    append(&mut index, passages);
    index.seal().expect("there is room");
    index
}

/// The built-in model's key.
pub(crate) fn key() -> ModelKey {
    model().key().clone()
}

/// What is asked, and what all sides answer, to the last bit.
pub(crate) fn answers(index: &Index) -> Vec<(Vec<Hit>, Vec<Hit>)> {
    let texts = [
        "failing test",
        "HTTPServer timeout",
        "\"merge conflict\" branch",
        "readToEnd",
        "café the of",
        "nothing",
    ];
    let mut found = Vec::new();
    for text in texts {
        let vector = model().embed_query(text).expect("the built-in model does not fail");
        for kinds in [&[][..], &[PassageKind::Code], &[PassageKind::Chat, PassageKind::Doc]] {
            let query = Query { text, vector: Some(&vector), kinds, ..Query::default() };
            let search = index.search(&query).expect("the index is whole");
            found.push((search.best_texts(20), search.best_vectors(20)));
        }
    }
    found
}
