//! The built-in model against vectors made by the script that built it.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    text: String,
    /// Only some cases carry one.
    embedding: Option<Vec<f32>>,
    ids: Vec<u32>,
    tokens: Vec<String>,
}

#[test]
fn gives_the_tokens_and_vectors_that_it_was_built_with() {
    let golden: Vec<Golden> =
        serde_json::from_str(include_str!("../../../model/golden.json")).unwrap();
    assert!(golden.len() > 10);
    let model = StaticModel::builtin().unwrap();
    let texts: Vec<&str> = golden.iter().map(|case| case.text.as_str()).collect();
    let vectors = model.embed(&texts).unwrap();
    let mut with_vectors = 0;
    for (case, vector) in golden.iter().zip(vectors.rows()) {
        let ids = model.tokens(&case.text);
        assert_eq!(ids, case.ids, "{:?} is {:?}", case.text, case.tokens);
        with_vectors += usize::from(case.embedding.is_some());
        for (got, expected) in vector.iter().zip(case.embedding.iter().flatten()) {
            assert!((got - expected).abs() < 2e-4, "{:?}: {got} is not {expected}", case.text);
        }
        assert_eq!(
            model.embed_query(&case.text).unwrap(),
            vector,
            "queries and passages are embedded alike"
        );
    }
    assert!(with_vectors > 5);
}

#[test]
fn the_file_has_its_checksum() {
    assert!(StaticModel::is_whole());
    assert_eq!(StaticModel::builtin_key(), StaticModel::builtin().unwrap().key);
    assert!(StaticModel::asset_len() <= 8_000_000, "at most 8 MiB in the program");
}

#[test]
fn a_damaged_file_is_refused() {
    for cut in [0, 7, 23, 24, 1000, ASSET.len() - 1] {
        assert!(StaticModel::parse(&ASSET[..cut]).is_err(), "{cut}");
    }
    assert!(StaticModel::parse(&ASSET[1..]).is_err());
}

proptest::proptest! {
    #[test]
    fn any_text_has_a_vector_of_length_one_or_none(text: String) {
        let vector = StaticModel::builtin().unwrap().embed_query(&text).unwrap();
        let length: f32 = vector.iter().map(|value| value * value).sum();
        proptest::prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-3, "{length}");
    }
}
