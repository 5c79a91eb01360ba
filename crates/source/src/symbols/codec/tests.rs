//! Extractions there and back.

use proptest::prelude::*;

use super::*;

fn span() -> impl Strategy<Value = Span> {
    any::<[u32; 4]>().prop_map(|[start_byte, end_byte, start_line, end_line]| Span {
        start_byte,
        end_byte,
        start_line,
        end_line,
    })
}

fn body() -> impl Strategy<Value = Body> {
    (any::<[u128; 4]>(), any::<[u32; 2]>(), prop::collection::vec(any::<u32>(), 0..200)).prop_map(
        |([raw_hash, norm_hash, anon_hash, own_hash], [tokens, lines], sketch)| Body {
            raw_hash,
            norm_hash,
            anon_hash,
            own_hash,
            tokens,
            lines,
            sketch: Sketch::new(sketch),
        },
    )
}

prop_compose! {
    fn symbol()(
        kind in prop::sample::select(SymbolKind::ALL.to_vec()),
        name in ".{0,8}",
        scope in prop::collection::vec(".{0,8}", 0..3),
        signature in ".{0,20}",
        numbers in any::<[u32; 3]>(),
        parent in any::<Option<u32>>(),
        spans in (span(), span(), prop::option::of(span())),
        doc_hash in any::<u128>(),
        is_test in any::<bool>(),
        body in body(),
    ) -> Symbol {
        let [duplicate, name_line, name_column] = numbers;
        let (span, definition, doc) = spans;
        Symbol { kind, name, scope, signature, duplicate, parent, span, definition, doc, doc_hash, name_line, name_column, is_test, body }
    }
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        status in prop::sample::select(ExtractionStatus::ALL.to_vec()),
        encoding in prop::sample::select(Encoding::ALL.to_vec()),
        lines in any::<u32>(),
        symbols in prop::collection::vec(symbol(), 0..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let extraction = Extraction { status, encoding, lines, symbols };
        let bytes = encode(&extraction);
        prop_assert_eq!(decode(&bytes), Some(extraction));
        prop_assert_eq!(decode(&bytes[..cut.index(bytes.len())]), None);
        prop_assert_eq!(decode(&[&bytes[..], &[0]].concat()), None);
    }

    #[test]
    fn any_bytes_are_an_extraction_or_none(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(extraction) = decode(&bytes) {
            prop_assert_eq!(encode(&extraction), bytes);
        }
    }
}
