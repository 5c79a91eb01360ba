//! Which language a file is in.

use lichen_model::RepoPath;

use super::Language;

fn detected(path: &str, text: &str) -> Option<Language> {
    Language::detect(&RepoPath::from(path), text.as_bytes())
}

#[test]
fn names_tell() {
    for (path, language) in [
        ("src/lib.rs", Some(Language::Rust)),
        ("a/b.PY", Some(Language::Python)),
        ("stub.pyi", Some(Language::Python)),
        ("app.jsx", Some(Language::JavaScript)),
        ("app.mjs", Some(Language::JavaScript)),
        ("app.ts", Some(Language::TypeScript)),
        ("app.tsx", Some(Language::Tsx)),
        ("main.go", Some(Language::Go)),
        ("go.mod", None),
        ("A.java", Some(Language::Java)),
        ("build.gradle.kts", Some(Language::Kotlin)),
        ("a.c", Some(Language::C)),
        ("a.h", Some(Language::C)),
        ("a.hpp", Some(Language::Cpp)),
        ("a.cs", Some(Language::CSharp)),
        ("Rakefile", Some(Language::Ruby)),
        ("a.php", Some(Language::Php)),
        ("a.bats", Some(Language::Bash)),
        ("a.swift", Some(Language::Swift)),
        ("build.sbt", Some(Language::Scala)),
        ("README.md", Some(Language::Markdown)),
        ("a.vue", None),
        ("a.pyx", None),
        ("jquery.min.js", None),
        ("package-lock.json", None),
        ("a.txt", None),
        ("a.unknown", None),
        ("LICENSE", None),
    ] {
        assert_eq!(detected(path, ""), language, "{path}");
    }
}

#[test]
fn a_first_line_tells_where_a_name_does_not() {
    for (line, language) in [
        ("#!/bin/sh", Some(Language::Bash)),
        ("#!/usr/bin/env python3.11", Some(Language::Python)),
        ("#! /usr/bin/env -S NODE_ENV=x node --flag", Some(Language::JavaScript)),
        ("#!/usr/local/bin/ruby -w", Some(Language::Ruby)),
        ("#!/usr/bin/perl", None),
        ("#!", None),
        ("", None),
        ("#!/usr/bin/env", None),
    ] {
        assert_eq!(detected("bin/tool", &format!("{line}\necho\n")), language, "{line}");
    }
    assert_eq!(
        detected("a.unknown", "#!/bin/sh\n"),
        None,
        "an ending says that it is something else"
    );
}

#[test]
fn headers_show_what_they_are() {
    for (text, language) in [
        ("struct a { int b; };\n", Language::C),
        ("#ifdef __cplusplus\nextern \"C\" {\n#endif\nint f(void);\n", Language::C),
        ("/* class struggle */ int f(void);\n", Language::C),
        ("namespace a {\n", Language::Cpp),
        ("  template <class T>\n", Language::Cpp),
        ("class A : public B {\n", Language::Cpp),
        ("struct A {\n public:\n};\n", Language::Cpp),
    ] {
        assert_eq!(detected("include/a.h", text), Some(language), "{text}");
    }
}

#[test]
fn words_stand_for_one_language_each() {
    for language in Language::ALL {
        assert_eq!(Language::parse(language.as_str()), Some(language));
    }
}

#[test]
fn words_are_those_that_everybody_knows() {
    assert_eq!(Language::ALL.map(Language::as_str), lichen_model::LANGUAGES);
}
