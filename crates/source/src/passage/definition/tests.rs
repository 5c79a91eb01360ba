//! Names and first sentences of pieces in many languages.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(about(text), expected, "{text}");
}

#[test]
fn names_and_first_sentences_of_many_languages() {
    check(
        "def load_model(path):\n    \"\"\"Load a model. Slowly.\n\n    :param path: where\n    \"\"\"\n    return 1\n",
        "load_model Load a model",
    );
    check("def f(a):\n    '''Adds one'''\n    return a + 1\n", "f Adds one");
    check(
        "/// Dries seeds.\n#[must_use]\npub(crate) async fn dry(seeds: u32) -> u32 {\n    seeds / 2\n}\n",
        "dry Dries seeds.",
    );
    check(
        "// Serve answers requests.\nfunc (s *Server) Serve(l net.Listener) error {\n\treturn nil\n}\n",
        "Serve Serve answers requests.",
    );
    check(
        "/**\n * Joins the parts\n * with a comma.\n * @param parts what\n */\npublic static String join(List<String> parts) {\n",
        "join Joins the parts with a comma.",
    );
    check("static int *find_first(struct list *l)\n{\n", "find_first");
    check("export default class Store {\n  get(key) {\n    if (key) {\n", "Store");
    check("struct A;\nenum B {}\ntrait C {}\nfn d() {}\n", "A B C");
}

#[test]
fn lines_that_define_nothing_tell_nothing() {
    for text in [
        "",
        "\n\n",
        "x = f(1)\n",
        "if (ready) {\n  go();\n}\n",
        "return call(a)\n",
        "foo.bar(1)\n",
        "#include <stdio.h>\n",
        "let a = g(2);\n",
    ] {
        check(text, "");
    }
}

proptest! {
    #[test]
    fn any_text_can_be_asked(text in "(\\PC|\n|\"\"\"|/// |fn ){0,200}") {
        prop_assert!(about(&text).len() <= 4 * SENTENCE_BYTES + text.len());
        prop_assert!(!about(&text).contains('\n'));
    }
}
