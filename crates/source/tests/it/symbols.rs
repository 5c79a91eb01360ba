//! What blobs define: golden files for every language, and what damage and guards do.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lichen_model::{Encoding, Extraction, ExtractionStatus, RepoPath, Span, Symbol};
use lichen_source::redact::Redactor;
use lichen_source::symbols::{self, Allowance, Job, Language, Limits, Pool, Program};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/symbols")
}

/// The symbols of a file as lines: kind, qualified name, marks, signature, then lines of all, of the definition and of the
/// documentation, and where the name stands.
fn listing(extraction: &Extraction) -> String {
    let mut out = format!("{}, {} lines\n", extraction.status.as_str(), extraction.lines);
    for symbol in &extraction.symbols {
        let mut depth = 0;
        let mut above = symbol.parent;
        while let Some(parent) = above {
            depth += 1;
            above = extraction.symbols[parent as usize].parent;
        }
        write!(out, "{}{} {}", "  ".repeat(depth), symbol.kind.as_str(), symbol.qualified_name())
            .unwrap();
        if symbol.duplicate > 0 {
            write!(out, " #{}", symbol.duplicate).unwrap();
        }
        if symbol.is_test {
            out.push_str(" test");
        }
        let (span, definition) = (symbol.span, symbol.definition);
        write!(out, " | {} | {}-{}", symbol.signature, span.start_line, span.end_line).unwrap();
        if definition.start_line != span.start_line {
            write!(out, " from {}", definition.start_line).unwrap();
        }
        if let Some(doc) = symbol.doc {
            write!(out, " doc {}-{}", doc.start_line, doc.end_line).unwrap();
        }
        writeln!(out, " name {}:{}", symbol.name_line, symbol.name_column).unwrap();
    }
    out
}

#[test]
fn every_language_has_its_definitions() {
    for language in Language::ALL {
        let folder = fixtures().join(language.as_str());
        let mut files: Vec<_> =
            fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| {
            file.extension().is_some_and(|extension| extension != "snap" && extension != "new")
        });
        files.sort();
        assert!(!files.is_empty(), "{language:?} has a fixture");
        for file in files {
            let bytes = fs_err::read(&file).unwrap();
            let name = file.file_name().unwrap().to_str().unwrap();
            assert_eq!(Language::detect(&RepoPath::from(name), &bytes), Some(language), "{name}");
            let extraction = symbols::extract(&bytes, language, &Limits::default());
            insta::with_settings!({
                snapshot_path => &folder, prepend_module_to_snapshot => false, omit_expression => true
            }, {
                insta::assert_snapshot!(name, listing(&extraction));
            });
        }
    }
}

/// Every fixture with its language.
fn every_fixture() -> Vec<(Language, PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for language in Language::ALL {
        for entry in fs_err::read_dir(fixtures().join(language.as_str())).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|extension| extension != "snap" && extension != "new") {
                let bytes = fs_err::read(&file).unwrap();
                found.push((language, file, bytes));
            }
        }
    }
    found.sort();
    found
}

fn extract(bytes: &[u8], language: Language) -> Extraction {
    symbols::extract(bytes, language, &Limits::default())
}

/// What has to be true of every extraction.
fn check(extraction: &Extraction, bytes: &[u8]) {
    let len = u32::try_from(bytes.len()).unwrap();
    let mut keys = std::collections::HashSet::new();
    for (at, symbol) in extraction.symbols.iter().enumerate() {
        assert!(!symbol.name.is_empty());
        let key =
            (symbol.kind, symbol.qualified_name(), symbol.signature.clone(), symbol.duplicate);
        assert!(keys.insert(key), "{} has a key of its own", symbol.qualified_name());
        let Span { start_byte, end_byte, start_line, end_line } = symbol.span;
        assert!(start_byte <= end_byte && end_byte <= len, "{symbol:?}");
        assert!(
            1 <= start_line && start_line <= end_line && end_line <= extraction.lines.max(1),
            "{symbol:?}"
        );
        let inner = symbol.definition;
        assert!(start_byte <= inner.start_byte && inner.end_byte <= end_byte, "{symbol:?}");
        assert!(start_line <= symbol.name_line && symbol.name_line <= end_line, "{symbol:?}");
        assert!(
            symbol.body.lines >= 1
                && symbol.body.sketch.hashes().len() <= symbol.body.tokens as usize
        );
        assert_eq!(symbol.doc.is_some(), symbol.doc_hash != 0);
        if let Some(parent) = symbol.parent {
            assert!((parent as usize) < at, "containers come first");
            let around = &extraction.symbols[parent as usize];
            assert!(!around.is_test || symbol.is_test, "what stands in a test is one");
        }
        if at > 0 {
            let before = extraction.symbols[at - 1].definition;
            assert!(before.start_byte <= inner.start_byte, "they are in order: {symbol:?}");
        }
    }
}

#[test]
fn extraction_is_pure_and_in_order() {
    let fixtures = every_fixture();
    let first: Vec<_> =
        fixtures.iter().map(|(language, _, bytes)| extract(bytes, *language)).collect();
    for ((language, file, bytes), first) in fixtures.iter().zip(first).rev() {
        check(&first, bytes);
        assert_eq!(extract(bytes, *language), first, "{}", file.display());
    }
}

#[test]
fn line_ends_change_bytes_and_nothing_else() {
    for (language, file, bytes) in every_fixture() {
        let crlf = String::from_utf8(bytes.clone()).unwrap().replace('\n', "\r\n").into_bytes();
        let (lf, crlf) = (extract(&bytes, language), extract(&crlf, language));
        let name = file.display();
        assert_eq!(lf.symbols.len(), crlf.symbols.len(), "{name}");
        assert_eq!((lf.status, lf.lines), (crlf.status, crlf.lines), "{name}");
        for (a, b) in lf.symbols.iter().zip(&crlf.symbols) {
            let what = |symbol: &Symbol| {
                let Symbol {
                    kind,
                    duplicate,
                    parent,
                    doc_hash,
                    name_line,
                    name_column,
                    is_test,
                    ..
                } = *symbol;
                let lines =
                    [symbol.span, symbol.definition].map(|span| (span.start_line, span.end_line));
                let of = &symbol.body;
                let hashes = (
                    of.norm_hash,
                    of.anon_hash,
                    of.own_hash,
                    of.tokens,
                    of.lines,
                    of.sketch.clone(),
                );
                (
                    (kind, duplicate, parent, doc_hash, name_line, name_column, is_test),
                    (symbol.qualified_name(), symbol.signature.clone(), lines, hashes),
                )
            };
            assert_eq!(what(a), what(b), "{name}");
        }
    }
}

#[test]
fn marks_and_utf_16_move_positions_and_nothing_else() {
    for (language, file, bytes) in every_fixture() {
        let text =
            String::from_utf8(bytes.clone()).unwrap().replace("shape", "sh\u{e4}pe \u{1f600}");
        let plain = extract(text.as_bytes(), language);
        let marked = extract(&[b"\xEF\xBB\xBF", text.as_bytes()].concat(), language);
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let (le, be) = ([b"\xFF\xFE", &le[..]].concat(), [b"\xFE\xFF", &be[..]].concat());
        let slice = |blob: &[u8], span: Span| {
            blob[span.start_byte as usize..span.end_byte as usize].to_vec()
        };
        for (blob, extraction, encoding) in [
            (&le, extract(&le, language), Encoding::Utf16Le),
            (&be, extract(&be, language), Encoding::Utf16Be),
        ] {
            assert_eq!(extraction.encoding, encoding);
            assert_eq!(listing(&extraction), listing(&plain), "{}", file.display());
            for (symbol, of) in extraction.symbols.iter().zip(&plain.symbols) {
                assert_eq!(symbol.body, of.body);
                let units = slice(blob, symbol.definition);
                let (pairs, rest) = units.as_chunks::<2>();
                assert!(rest.is_empty());
                let units: Vec<u16> = pairs
                    .iter()
                    .map(|&pair| {
                        if encoding == Encoding::Utf16Le {
                            u16::from_le_bytes(pair)
                        } else {
                            u16::from_be_bytes(pair)
                        }
                    })
                    .collect();
                assert_eq!(
                    String::from_utf16(&units).unwrap().into_bytes(),
                    slice(text.as_bytes(), of.definition)
                );
            }
        }
        assert_eq!(listing(&marked), listing(&plain));
        for (symbol, of) in marked.symbols.iter().zip(&plain.symbols) {
            assert_eq!(symbol.definition.start_byte, of.definition.start_byte + 3);
            assert_eq!(symbol.body, of.body);
        }
    }
}

#[test]
fn damaged_files_are_read_as_far_as_they_go() {
    for (language, _, bytes) in every_fixture() {
        for cut in (0..bytes.len()).step_by(97) {
            let prefix = &bytes[..cut];
            check(&extract(prefix, language), prefix);
            let mut broken = bytes.clone();
            broken[cut] = b"({\xFF\"\\"[cut % 5];
            check(&extract(&broken, language), &broken);
        }
    }
}

#[test]
fn bytes_that_are_no_utf_8_stand_where_they_stood() {
    let extraction = extract(
        b"// caf\xE9\nint caf\xE9(void) { return 1; }\nint after(void) { return 2; }\n",
        Language::C,
    );
    assert_eq!(extraction.encoding, Encoding::Other);
    let after = extraction.symbols.iter().find(|symbol| symbol.name == "after").unwrap();
    assert_eq!((after.name_line, after.definition.start_byte), (3, 37));
    let late = [b"int a;\n".repeat(1_300), b"int b = '\0';\nint c;\n".to_vec()].concat();
    let late = extract(&late, Language::C);
    assert!(
        late.symbols.iter().any(|symbol| symbol.name == "c"),
        "a NUL far from the start is no sign of a binary"
    );
}

#[test]
fn guards_end_what_takes_too_long() {
    let limits = Limits::default();
    let status = |bytes: &[u8], language| symbols::extract(bytes, language, &limits).status;
    for language in Language::ALL {
        if language == Language::Markdown {
            continue;
        }
        assert_eq!(
            status(&b"(\n".repeat(200_000), language),
            ExtractionStatus::TooDeep,
            "{language:?}"
        );
        assert_eq!(status(b"\x89PNG\r\n\x1a\n\0\0", language), ExtractionStatus::Binary);
        // Deep, and still within what is parsed.
        let deep = [b"f(\n".repeat(900), b")\n".repeat(900)].concat();
        let nested = symbols::extract(&deep, language, &limits);
        assert!(
            matches!(nested.status, ExtractionStatus::Ok | ExtractionStatus::HasError),
            "{language:?}: {nested:?}"
        );
        let hasty = Limits { steps: 1, steps_per_kib: 0, ..limits };
        let opening: &[u8] = if language == Language::Php { b"<?php\n" } else { b"" };
        let long = [opening, &b"a = b + c;\n".repeat(2_000)].concat();
        assert_eq!(
            symbols::extract(&long, language, &hasty).status,
            ExtractionStatus::Timeout,
            "{language:?}"
        );
        let few = Limits { nodes_max: 100, ..limits };
        assert_eq!(
            symbols::extract(&long, language, &few).status,
            ExtractionStatus::TooLarge,
            "{language:?}"
        );
    }
    let line = [b"let a = [".to_vec(), b"1, ".repeat(100_000), b"];".to_vec()].concat();
    assert_eq!(status(&line, Language::JavaScript), ExtractionStatus::Generated);
}

#[test]
fn a_deep_tree_costs_memory_and_no_stack() {
    // A chain of operators is as deep as it is long, and no bracket tells.
    let chain = [b"int a = 1".to_vec(), b"\n + 1".repeat(50_000), b";\nint b;\n".to_vec()].concat();
    let extraction = extract(&chain, Language::C);
    assert_eq!(extraction.symbols.len(), 2, "{:?}", extraction.status);
}

#[test]
fn what_layout_changes_is_not_the_syntax() {
    for (language, before, after, same) in [
        (
            Language::Rust,
            "fn f(a: u8, b: u8) -> u8 { g(a, b) }",
            "fn f(\n    a: u8,\n    b: u8,\n) -> u8 {\n    // Why.\n    g(a, b)\n}",
            true,
        ),
        (Language::Rust, "fn f() { \"a b\" }", "fn f() { \"a  b\" }", false),
        (Language::Rust, "fn f() { a + b }", "fn f() { a - b }", false),
        (
            Language::Python,
            "def f(a):\n    if a:\n        b()\n    c()\n",
            "def f(a):\n    if a:\n        b()\n        c()\n",
            false,
        ),
        (
            Language::Python,
            "def f(a):\n    return g(a, 1)\n",
            "def f(\n    a,\n):\n    return g(\n        a,\n        1,\n    )\n",
            true,
        ),
        (
            Language::Python,
            "def f():\n    \"\"\"Old.\"\"\"\n    return 1\n",
            "def f():\n    \"\"\"New words.\"\"\"\n    return 1\n",
            true,
        ),
        (
            Language::Python,
            "def f():\n    return 1\n",
            "def f():\n    \"\"\"Now there is one.\"\"\"\n    return 1\n",
            true,
        ),
        (Language::Go, "func f(a int) { g(a) }", "func f(a int) {\n\tg(a) // why\n}", true),
        (
            Language::Java,
            "class A { int f(int a) { return a; } }",
            "class A\n{\n  int f( int a )\n  {\n    return a;\n  }\n}",
            true,
        ),
        (
            Language::JavaScript,
            "function f(a) { return `x ${a}`; }",
            "function f(a) {\n  return `x  ${a}`;\n}",
            false,
        ),
        (Language::Bash, "f() { echo a; }", "f() {   echo   a; }", true),
    ] {
        let of = |text: &str| extract(text.as_bytes(), language).symbols[0].clone();
        let (before_symbol, after_symbol) = (of(before), of(after));
        assert_eq!(
            before_symbol.body.norm_hash == after_symbol.body.norm_hash,
            same,
            "{before}\n{after}"
        );
        let is_documented_otherwise = before_symbol.doc_hash != after_symbol.doc_hash;
        assert_eq!(
            before_symbol.body.raw_hash == after_symbol.body.raw_hash,
            is_documented_otherwise,
            "{before}\n{after}"
        );
        if same {
            assert_eq!(before_symbol.signature, after_symbol.signature);
        }
    }
}

#[test]
fn a_change_shows_where_it_is() {
    let of = |text: &str| {
        let symbols = extract(text.as_bytes(), Language::Java).symbols;
        (symbols[0].clone(), symbols[1].clone())
    };
    let (class, method) = of("class A { int f() { return 1; } }");
    let (other_class, other_method) = of("class A { int f() { return 2; } }");
    assert_ne!(method.body.norm_hash, other_method.body.norm_hash);
    assert_ne!(class.body.norm_hash, other_class.body.norm_hash);
    assert_eq!(class.body.own_hash, other_class.body.own_hash, "the class itself is as it was");
    let (renamed, _) = of("class B { int f() { return 1; } }");
    assert_eq!(class.body.anon_hash, renamed.body.anon_hash);
    let (_, annotated) = of("class A { @Old int f() { return 1; } }");
    assert_eq!(method.signature, annotated.signature);
    assert_ne!(method.body.norm_hash, annotated.body.norm_hash);
    let (_, documented) = of("class A { /** Why. */ int f() { return 1; } }");
    assert_eq!(method.body, documented.body);
    assert_ne!(method.doc_hash, documented.doc_hash);
}

pub(crate) fn pool(workers: usize, allowance: Allowance) -> Pool {
    let path = env!("CARGO_BIN_EXE_symbols-worker").into();
    Pool::start(Program { path, args: Vec::new() }, workers, allowance).unwrap()
}

fn outcomes(pool: &mut Pool, inputs: &[&str]) -> Vec<(ExtractionStatus, usize)> {
    let jobs: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(key, input)| Job { key, language: Language::Bash, bytes: input.as_bytes().to_vec() })
        .collect();
    let mut found = vec![None; inputs.len()];
    pool.extract(jobs, |outcome| {
        let of = (outcome.extraction.status, outcome.extraction.symbols.len());
        assert!(found[outcome.key].replace(of).is_none(), "each once");
    })
    .unwrap();
    found.into_iter().map(Option::unwrap).collect()
}

#[test]
fn a_worker_that_ends_costs_one_blob() {
    let mut pool = pool(2, Allowance { memory_bytes: 1 << 30, ..Allowance::default() });
    let (ok, crashed) = ((ExtractionStatus::Ok, 1), (ExtractionStatus::Crashed, 0));
    let good = "f() { echo 1; }";
    let inputs =
        [good, "abort", good, good, "panic", good, "swallow", "lie", good, "abort", "abort", good];
    let expected = [ok, crashed, ok, ok, crashed, ok, crashed, crashed, ok, crashed, crashed, ok];
    assert_eq!(outcomes(&mut pool, &inputs), expected);
    // The pool goes on with workers that were started in between.
    assert_eq!(outcomes(&mut pool, &[good]), [ok]);
    assert_eq!(outcomes(&mut pool, &[]), []);
}

#[test]
fn a_worker_that_does_not_end_is_ended() {
    let mut pool = pool(1, Allowance { seconds: 2, ..Allowance::default() });
    let expected = [(ExtractionStatus::Timeout, 0), (ExtractionStatus::Ok, 1)];
    assert_eq!(outcomes(&mut pool, &["hang", "f() { echo 1; }"]), expected);
}

#[test]
fn workers_find_what_this_process_finds() {
    let mut pool = pool(2, Allowance::default());
    let fixtures = every_fixture();
    let jobs: Vec<_> = fixtures
        .iter()
        .enumerate()
        .map(|(key, (language, _, bytes))| Job { key, language: *language, bytes: bytes.clone() })
        .collect();
    let mut count = 0;
    pool.extract(jobs, |outcome| {
        let (language, file, bytes) = &fixtures[outcome.key];
        assert_eq!(outcome.extraction, extract(bytes, *language), "{}", file.display());
        count += 1;
    })
    .unwrap();
    assert_eq!(count, fixtures.len());
}

#[test]
fn what_is_no_program_is_told() {
    let program = Program { path: PathBuf::from("no-such-program"), args: Vec::new() };
    let error = Pool::start(program, 1, Allowance::default()).unwrap_err();
    assert_eq!(error.to_string(), "could not start `no-such-program` to read symbols");
}

#[test]
fn secrets_leave_signatures() {
    let key = concat!("AKIA", "Z7Q4XW2NPLM3VKTR");
    let mut extraction =
        extract(format!("def f(key=\"{key}\"):\n    pass\n").as_bytes(), Language::Python);
    assert!(extraction.symbols[0].signature.contains(key));
    symbols::redact(&mut extraction, &Redactor::new([7; 32]));
    let signature = &extraction.symbols[0].signature;
    assert!(
        !signature.contains(key) && signature.starts_with("def f(key = \"<redacted:"),
        "{signature}"
    );
}
