//! Opening, appending, sealing, filtering, neighbours.

use lichen_index::{Error, Index, NO_AUTHOR, Opened, Query, Vectors};
use lichen_model::{PassageKind, TextHash, Timestamp};
use roaring::RoaringBitmap;

use crate::corpus::{answers, append, built, embed, entries, key, model, passages, site};

#[test]
fn what_is_sealed_comes_back_and_what_is_not_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(300, 1);
    assert!(
        matches!(Index::open(dir.path(), &key()).unwrap(), Opened::Missing(index) if index.watermark() == 0)
    );
    let mut index = built(dir.path(), &all[..200]);
    let sealed = answers(&index);
    append(&mut index, &all[200..]);
    assert_eq!(index.watermark(), 300);
    assert_ne!(answers(&index), sealed, "new passages are found at once");
    drop(index);
    let Opened::Ready(index) = Index::open(dir.path(), &key()).unwrap() else {
        panic!("it was sealed")
    };
    assert_eq!(index.watermark(), 200);
    assert_eq!(answers(&index), sealed);
    assert_eq!(index.verify(), []);
}

#[test]
fn steps_do_not_matter() {
    let all = passages(6000, 2);
    let once = tempfile::tempdir().unwrap();
    let expected = answers(&built(once.path(), &all));
    assert!(expected.iter().any(|(texts, vectors)| texts.len() == 20 && vectors.len() == 20));
    for (steps, seal_every, search_every) in
        [(&[1usize, 2, 40, 1500][..], 3, 2), (&[600], 1, 100), (&[3000, 1], 100, 1)]
    {
        let dir = tempfile::tempdir().unwrap();
        let mut index = Index::create(dir.path(), &key()).unwrap();
        let mut rest = &all[..];
        for (turn, step) in steps.iter().cycle().enumerate() {
            let (now, after) = rest.split_at(rest.len().min(*step));
            append(&mut index, now);
            if turn % search_every == 0 {
                answers(&index);
            }
            if turn % seal_every == 0 {
                index.seal().unwrap();
                index = Index::open(dir.path(), &key()).unwrap().into_index();
            }
            rest = after;
            if rest.is_empty() || turn > 200 {
                break;
            }
        }
        append(&mut index, rest);
        assert_eq!(answers(&index), expected, "{steps:?}, live");
        index.seal().unwrap();
        assert_eq!(answers(&index), expected, "{steps:?}, sealed");
        drop(index);
        let Opened::Ready(index) = Index::open(dir.path(), &key()).unwrap() else {
            panic!("it was sealed")
        };
        assert_eq!(answers(&index), expected, "{steps:?}, opened");
        assert_eq!(index.verify(), []);
    }
}

#[test]
fn small_seals_leave_few_files() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(150, 3);
    let mut index = Index::create(dir.path(), &key()).unwrap();
    for passage in all.chunks(1) {
        append(&mut index, passage);
        index.seal().unwrap();
    }
    let mut files = 0;
    let mut folders = vec![dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                files += 1;
            }
        }
    }
    assert!(files < 120, "{files} files");
    let once = tempfile::tempdir().unwrap();
    assert_eq!(answers(&index), answers(&built(once.path(), &all)));
    assert_eq!(index.verify(), []);
}

#[test]
fn filters_hold_on_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(500, 4);
    let mut index = built(dir.path(), &all[..400]);
    append(&mut index, &all[400..]);
    let dead: RoaringBitmap = (0..500).step_by(5).collect();
    index.set_dead(dead.clone());
    let allowed: RoaringBitmap = (0..450).filter(|seq| seq % 3 != 0).collect();
    let vector = embed(&all[..1]);
    for kinds in [&[][..], &[PassageKind::Commit], &[PassageKind::Chat, PassageKind::Code]] {
        for (since, until) in [
            (None, None),
            (Some(100_000), None),
            (None, Some(300_000)),
            (Some(50_000), Some(200_000)),
        ] {
            for allowed in [None, Some(&allowed)] {
                let query = Query {
                    text: "parser token test index",
                    vector: vector.row(0),
                    kinds,
                    since: since.map(Timestamp),
                    until: until.map(Timestamp),
                    allowed,
                    ..Query::default()
                };
                let passes = |seq: u32| {
                    let passage = &all[seq as usize];
                    !dead.contains(seq)
                        && (kinds.is_empty() || kinds.contains(&passage.kind))
                        && since.is_none_or(|since| passage.at.millis() >= since)
                        && until.is_none_or(|until| passage.at.millis() < until)
                        && allowed.is_none_or(|allowed| allowed.contains(seq))
                };
                let expected: Vec<u32> = (0..500).filter(|seq| passes(*seq)).collect();
                let search = index.search(&query).unwrap();
                assert_eq!(search.passing(), expected.len());
                let mut found: Vec<u32> =
                    search.best_vectors(500).iter().map(|hit| hit.seq).collect();
                found.sort_unstable();
                assert_eq!(found, expected, "as many as pass");
                let mut found: Vec<u32> =
                    search.best_texts(500).iter().map(|hit| hit.seq).collect();
                found.sort_unstable();
                let scored: Vec<u32> =
                    expected.iter().copied().filter(|seq| search.text_score(*seq) > 0.0).collect();
                assert_eq!(found, scored);
                for hit in search.best_vectors(7) {
                    assert_eq!(search.cosine(hit.seq), Some(hit.score));
                }
            }
        }
    }
}

#[test]
fn rows_authors_and_neighbours_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(90, 5);
    let mut index = built(dir.path(), &all[..40]);
    append(&mut index, &all[40..70]);
    index.seal().unwrap();
    drop(index);
    let mut index = Index::open(dir.path(), &key()).unwrap().into_index();
    append(&mut index, &all[70..]);
    for (seq, passage) in (0..).zip(&all) {
        let row = index.row(seq).unwrap();
        assert_eq!((row.kind, row.at, row.group), (passage.kind, passage.at, passage.group));
        assert_eq!(row.len as usize, passage.text.len());
        assert_eq!(row.site, site(seq, &passage.text));
        assert_eq!(u128::from(row.text_hash), TextHash::of(&passage.text).0 & u128::from(u64::MAX));
        let author =
            if row.author == NO_AUTHOR { "" } else { &index.authors()[row.author as usize] };
        assert_eq!(author, passage.author);
        let same = |other: &u32| all[*other as usize].group == passage.group && passage.group != 0;
        let before: Vec<u32> = (0..seq).rev().filter(same).take(3).collect();
        let after: Vec<u32> = (seq + 1..90).filter(same).take(3).collect();
        assert_eq!(index.neighbours(seq, 3), (before, after));
    }
    assert_eq!(index.row(90), None);
    assert_eq!(index.neighbours(90, 3), (vec![], vec![]));
    assert_eq!(index.authors().len(), 3);
}

#[test]
fn what_does_not_follow_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(20, 6);
    let mut index = built(dir.path(), &all[..10]);
    let before = answers(&index);
    let vectors = embed(&all[10..]);
    assert!(matches!(
        index.append(&entries(&all[10..], 11), &vectors),
        Err(Error::Sequence { held: 10, got: 11 })
    ));
    assert!(matches!(
        index.append(&entries(&all[10..], 9), &vectors),
        Err(Error::Sequence { held: 10, got: 9 })
    ));
    assert!(matches!(
        index.append(&entries(&all[11..], 10), &vectors),
        Err(Error::Count { vectors: 10, passages: 9 })
    ));
    let short = Vectors::from_values(3, vec![0.0; 30]).unwrap();
    assert!(matches!(
        index.append(&entries(&all[10..], 10), &short),
        Err(Error::Dimensions { got: 3, .. })
    ));
    let query = Query { vector: Some(&[1.0]), ..Query::default() };
    assert!(matches!(index.search(&query), Err(Error::Dimensions { got: 1, .. })));
    assert_eq!(index.watermark(), 10);
    assert_eq!(answers(&index), before);
}

#[test]
fn an_empty_index_finds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut index = Index::create(dir.path(), &key()).unwrap();
    assert!(answers(&index).iter().all(|(texts, vectors)| texts.is_empty() && vectors.is_empty()));
    index.append(&[], &Vectors::new(model_dims())).unwrap();
    index.seal().unwrap();
    assert_eq!(index.verify(), []);
    drop(index);
    assert!(
        matches!(Index::open(dir.path(), &key()).unwrap(), Opened::Ready(index) if index.watermark() == 0)
    );
}

fn model_dims() -> usize {
    use lichen_index::Embedder as _;
    model().key().dims
}

#[test]
fn threads_may_share_an_index() {
    fn shared<T: Send + Sync>(_: &T) {}
    let dir = tempfile::tempdir().unwrap();
    let all = passages(2000, 7);
    let mut index = built(dir.path(), &all[..100]);
    append(&mut index, &all[100..]);
    shared(&index);
    let index = &index;
    let found = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(move || answers(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(found.iter().all(|answers| *answers == found[0]));
}
