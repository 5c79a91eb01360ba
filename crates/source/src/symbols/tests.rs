//! What every grammar has to be.

use super::*;

#[test]
fn every_query_compiles() {
    for language in Language::ALL {
        if let Some(grammar) = language.grammar() {
            let compiled = grammar.compiled();
            for name in grammar.wrappers.iter().chain(grammar.attributes) {
                // C's and C++'s lists are one.
                let is_c = matches!(language, Language::C | Language::JavaScript);
                assert!(
                    is_c || compiled.language.id_for_node_kind(name, true) != 0,
                    "{language:?} has no node {name}"
                );
            }
        }
    }
}

#[test]
fn more_bytes_may_take_more_steps() {
    let limits = Limits { steps: 10, steps_per_kib: 2, ..Limits::default() };
    assert_eq!(limits.steps_max(0), 10);
    assert_eq!(limits.steps_max(5 * 1024), 20);
}
