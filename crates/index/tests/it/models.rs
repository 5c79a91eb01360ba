//! Models of different dimensions side by side.

use lichen_index::{Error, Index, ModelKey, Opened, Query, Vectors};

use crate::corpus::{append, built, entries, key, passages};

fn other() -> ModelKey {
    ModelKey { name: "a service: its/model".to_owned(), dims: 6 }
}

/// Vectors that point at their passage's number.
fn numbered(range: std::ops::Range<u32>) -> Vectors {
    let mut vectors = Vectors::new(6);
    for seq in range {
        let at = f64::from(seq) / 10.0;
        #[expect(clippy::cast_possible_truncation, reason = "test data")]
        let vector = [at.cos() as f32, at.sin() as f32, 0.0, 0.5, 0.0, 0.0];
        assert!(vectors.push(&vector));
    }
    vectors
}

#[test]
fn a_second_model_is_built_in_steps_and_then_searched() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(60, 11);
    let mut index = built(dir.path(), &all[..40]);
    assert_eq!(index.begin_model(&other()), 0);
    index.append_vectors(&other(), 0, &numbered(0..25)).unwrap();
    index.seal().unwrap();
    drop(index);
    let mut index = Index::open(dir.path(), &key()).unwrap().into_index();
    assert_eq!(index.model(), &key());
    assert_eq!(index.begin_model(&other()), 25, "goes on where it stopped");
    append(&mut index, &all[40..]);
    assert!(matches!(index.switch_model(&other()), Err(Error::Model { .. })));
    assert!(matches!(
        index.append_vectors(&other(), 24, &numbered(24..60)),
        Err(Error::VectorSequence { held: 25, got: 24, .. })
    ));
    assert!(matches!(
        index.append_vectors(&other(), 25, &numbered(25..61)),
        Err(Error::VectorSequence { .. })
    ));
    index.append_vectors(&other(), 25, &numbered(25..60)).unwrap();
    index.switch_model(&other()).unwrap();
    let before: Vec<(ModelKey, u32)> =
        index.models().map(|(key, len)| (key.clone(), len)).collect();
    assert_eq!(before, [(key(), 60), (other(), 60)]);
    drop(index);
    let Opened::Ready(mut index) = Index::open(dir.path(), &key()).unwrap() else {
        panic!("it was sealed")
    };
    assert_eq!(index.model(), &other(), "the model searched is part of what is sealed");
    let query = numbered(33..34);
    let search = |index: &Index| {
        let query = Query { vector: query.row(0), ..Query::default() };
        index.search(&query).unwrap().best_vectors(1)[0].seq
    };
    assert_eq!(search(&index), 33);
    assert!(matches!(index.drop_model(&other()), Err(Error::Model { .. })));
    index.drop_model(&key()).unwrap();
    assert!(matches!(index.drop_model(&key()), Err(Error::UnknownModel(_))));
    assert_eq!(index.models().count(), 1);
    drop(index);
    let Opened::Ready(index) = Index::open(dir.path(), &key()).unwrap() else {
        panic!("it was sealed")
    };
    assert_eq!(search(&index), 33);
    assert_eq!(index.verify(), []);
    assert_eq!(
        fs_err::read_dir(dir.path().join("vectors")).unwrap().count(),
        1,
        "dropped vectors are swept"
    );
}

#[test]
fn passages_may_wait_for_their_vectors() {
    let dir = tempfile::tempdir().unwrap();
    let all = passages(30, 12);
    let mut index = Index::create(dir.path(), &other()).unwrap();
    index.append_without_vectors(&entries(&all[..20], 0)).unwrap();
    index.seal().unwrap();
    assert_eq!(index.vectors(&other()), Some(0));
    assert!(matches!(
        index.append(&entries(&all[20..], 20), &numbered(20..30)),
        Err(Error::VectorSequence { .. })
    ));
    assert_eq!(index.watermark(), 20);
    index.append_vectors(&other(), 0, &numbered(0..7)).unwrap();
    let query = numbered(3..4);
    let query = Query { text: "parser", vector: query.row(0), ..Query::default() };
    let search = index.search(&query).unwrap();
    assert_eq!(search.best_vectors(100).len(), 7);
    assert_eq!(search.cosine(7), None);
    assert!(search.cosine(3).unwrap() > 0.999);
}
