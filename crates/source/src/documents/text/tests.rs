//! Bytes as documents, whatever they are.

use lichen_model::DocumentKind;
use proptest::prelude::*;

use super::{Refused, read};

const KINDS: [DocumentKind; 5] = [
    DocumentKind::Markdown,
    DocumentKind::Rst,
    DocumentKind::Text,
    DocumentKind::Code,
    DocumentKind::Notebook,
];

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for kind in KINDS {
            drop(read(&bytes, kind, None));
        }
    }

    #[test]
    fn any_front_matter(inner in "[a-z:\\[\\]{}&*!|>'\"#,\n -]{0,80}", toml in any::<bool>()) {
        let mark = if toml { "+++" } else { "---" };
        let text = format!("{mark}\n{inner}\n{mark}\nrest\n");
        let read = read(text.as_bytes(), DocumentKind::Markdown, None).unwrap();
        prop_assert_eq!(read.text, text);
    }

    #[test]
    fn any_json(json in "[\\[\\]{}\",:a-z0-9]{0,60}") {
        drop(read(json.as_bytes(), DocumentKind::Notebook, None));
        drop(read(format!("{{\"cells\":{json}}}").as_bytes(), DocumentKind::Notebook, None));
    }
}

#[test]
fn prose_may_have_long_lines_code_not() {
    let line = "a word ".repeat(200);
    assert!(read(line.as_bytes(), DocumentKind::Markdown, None).is_ok());
    assert_eq!(read(line.as_bytes(), DocumentKind::Code, None), Err(Refused::NoText));
}
