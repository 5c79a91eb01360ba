//! Each rule with a checkout that keeps it and one that breaks it, and the real checkout.

use serde_json::{Value, json};

use super::tree::File;
use super::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    let files = files
        .iter()
        .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() });
    Tree { files: files.collect() }
}

/// The places that a rule complains about.
fn places(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.place.as_str()).collect()
}

#[test]
fn this_checkout_is_tidy() {
    let findings = check(&Workspace::find().unwrap()).unwrap();
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn every_file_opens_with_its_sentence() {
    let tree = tree(&[
        ("a/good.rs", "//! Owns a.\nuse std::fs;\n"),
        ("a/script.rs", "#!/usr/bin/env run\n//! Owns a script.\n"),
        ("a/outer.rs", "/// Documents the item below.\nfn f() {}\n"),
        ("a/empty_sentence.rs", "//!\nfn f() {}\n"),
        ("a/late.rs", "use std::fs;\n//! Owns a.\n"),
        ("a/empty.rs", ""),
        ("a/other.py", "import os\n"),
    ]);
    let findings = files::opens_with_its_sentence(&tree);
    assert_eq!(
        places(&findings),
        ["a/outer.rs:1", "a/empty_sentence.rs:1", "a/late.rs:1", "a/empty.rs:1"]
    );
}

#[test]
fn drawers_are_refused_as_files_and_folders() {
    let tree = tree(&[
        ("crates/a/src/utility_bill.rs", ""),
        ("crates/a/src/util.rs", ""),
        ("crates/a/src/common/mod.rs", ""),
        ("docs/misc.md", ""),
        ("crates/helpers/Cargo.toml", ""),
    ]);
    let expected = [
        "crates/a/src/util.rs",
        "crates/a/src/common/mod.rs",
        "docs/misc.md",
        "crates/helpers/Cargo.toml",
    ];
    assert_eq!(places(&files::no_drawers(&tree)), expected);
}

#[test]
fn long_files_are_found_and_their_numbers_only_fall() {
    let lines = |count: usize| "x\n".repeat(count);
    let with_tests = format!("{}#[cfg(test)]\nmod tests {{\n{}", lines(700), lines(400));
    let tests_apart = format!("{}#[cfg(test)]\nmod tests;\n{}", lines(700), lines(400));
    let tree = tree(&[
        ("a/short.rs", &lines(800)),
        ("a/long.rs", &lines(801)),
        ("a/with_tests.rs", &with_tests),
        ("a/tests_apart.rs", &tests_apart),
        ("a/tests.rs", &lines(2000)),
        ("a/tests/it/main.rs", &lines(2000)),
        ("a/accepted.rs", &lines(1000)),
        ("a/grown.rs", &lines(1001)),
        ("a/shrunk.rs", &lines(900)),
        ("a/cured.rs", &lines(300)),
    ]);
    let accepted =
        [("a/accepted.rs", 1000), ("a/grown.rs", 1000), ("a/shrunk.rs", 1000), ("a/cured.rs", 820)];
    let findings = files::ratchet(&tree, &accepted);
    assert_eq!(
        places(&findings),
        ["a/long.rs", "a/tests_apart.rs", "a/grown.rs", "a/shrunk.rs", "a/cured.rs"]
    );
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let tree = tree(&[
        ("Cargo.toml", "[workspace]\n"),
        ("crates/good/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
        ("crates/none/Cargo.toml", "[package]\nversion.workspace = true\nworkspace = true\n"),
        ("crates/own/Cargo.toml", "[lints.rust]\nunsafe_code = \"allow\"\n"),
        ("xtask/Cargo.toml", "[package]\n"),
        ("crates/good/fixtures/toy/Cargo.toml", ""),
    ]);
    let expected = ["crates/none/Cargo.toml", "crates/own/Cargo.toml", "xtask/Cargo.toml"];
    assert_eq!(places(&files::workspace_lints(&tree)), expected);
}

#[test]
fn paths_of_one_machine_are_found() {
    // Put together here, so that this file stays clean itself.
    let home = |rest: &str| format!("see `/{}/{rest}` for more", "home");
    let temporary = format!("cd /{}/try-1 && make", "tmp");
    let own = format!("cd /{}/checkouts/lichen", "srv");
    let (personal, example, relative) =
        (home("k.smith/lichen"), home("ada/project"), "in crates/home/x, ~/tmp/y");
    let tree = tree(&[
        ("docs/personal.md", &personal),
        ("docs/temporary.md", &temporary),
        (
            "docs/fine.md",
            &format!("{example}\n{relative}\nhttps://example.org/home/page\n$DIR/tmp/x\n"),
        ),
        ("crates/a/tests/it/made_up.rs", &personal),
        ("crates/a/fixtures/session.jsonl", &temporary),
        ("crates/a/tests/it/own.rs", &own),
    ]);
    let root = format!("/{}/checkouts/lichen", "srv");
    let findings = files::no_machine_paths(&tree, std::path::Path::new(&root));
    assert_eq!(
        places(&findings),
        ["docs/personal.md:1", "docs/temporary.md:1", "crates/a/tests/it/own.rs:1"]
    );
    assert_eq!(findings[0].text, format!("names `/{}/k.smith/lichen`", "home"));
}

#[test]
fn migrations_are_times_in_order_and_applied() {
    let migration = |name: &str| format!("crates/store/sql/migrations/{name}");
    let (first, second) =
        (migration("20260901T1200_windows.sql"), migration("20260902T0000_tags.sql"));
    let source = "crates/store/src/migrate.rs";
    let list = |names: &[&str]| {
        let lines: Vec<String> = names
            .iter()
            .map(|name| format!("include_str!(\"../sql/migrations/{name}\"),"))
            .collect();
        lines.join("\n")
    };
    let in_order = list(&["20260901T1200_windows.sql", "20260902T0000_tags.sql"]);
    let good = tree(&[(first.as_str(), ""), (second.as_str(), ""), (source, &in_order)]);
    assert_eq!(migrations::ordered_and_applied(&good), []);

    let by_stem = "//! Steps.\nsteps![\"20260901T1200_windows\", \"20260902T0000_tags\"]";
    let stems = tree(&[(first.as_str(), ""), (second.as_str(), ""), (source, by_stem)]);
    assert_eq!(migrations::ordered_and_applied(&stems), []);

    let reversed = list(&["20260902T0000_tags.sql", "20260901T1200_windows.sql"]);
    let findings = migrations::ordered_and_applied(&tree(&[
        (first.as_str(), ""),
        (second.as_str(), ""),
        (source, &reversed),
    ]));
    assert_eq!(places(&findings), ["crates/store/src"]);

    let forgotten = list(&["20260901T1200_windows.sql"]);
    let findings = migrations::ordered_and_applied(&tree(&[
        (first.as_str(), ""),
        (second.as_str(), ""),
        (source, &forgotten),
    ]));
    assert_eq!(places(&findings), [second.as_str()]);

    let twin = migration("20260901T1200_zones.sql");
    let twins = list(&["20260901T1200_windows.sql", "20260901T1200_zones.sql"]);
    let findings = migrations::ordered_and_applied(&tree(&[
        (first.as_str(), ""),
        (twin.as_str(), ""),
        (source, &twins),
    ]));
    assert_eq!(places(&findings), [twin.as_str()]);

    for name in [
        "001_first.sql",
        "20261301T1200_month.sql",
        "20260901T2400_hour.sql",
        "20260901T1200_.sql",
        "20260901T1200_Big.sql",
    ] {
        let path = migration(name);
        assert_eq!(
            places(&migrations::ordered_and_applied(&tree(&[(path.as_str(), "")]))),
            [path.as_str()]
        );
    }
}

#[test]
fn the_architecture_names_every_crate_and_nothing_else() {
    let base = [
        ("crates/store/Cargo.toml", ""),
        ("crates/store/sql/schema.sql", ""),
        ("crates/cli/src/main.rs", ""),
        ("crates/cli/Cargo.toml", ""),
        ("xtask/Cargo.toml", ""),
    ];
    let with = |document: &str| {
        let mut files = base.to_vec();
        files.push(("ARCHITECTURE.md", document));
        tree(&files)
    };
    let good = with(
        "### `crates/store`\nThe schema is `store/sql/schema.sql`, also `schema.sql`; routes like `/v1/embeddings`, types like\n\
         `application/json`, `Engine::recall`, a memory's `.lichen/store.duckdb` and `cargo xtask tidy` are no paths.\n\
         ### cli\n`cli/src/main.rs`\n### xtask\n```\nsource/gone.rs `store/gone.rs`\n```\n",
    );
    assert_eq!(architecture::names_every_crate(&good), []);
    assert_eq!(architecture::names_only_what_exists(&good), []);

    let stale =
        with("`store` has `store/sql/gone.sql`,\n`crates/store/views/` and `gone.rs`; `xtask`");
    assert_eq!(architecture::names_every_crate(&stale).len(), 1, "cli is not named");
    let findings = architecture::names_only_what_exists(&stale);
    assert_eq!(places(&findings), ["ARCHITECTURE.md:1", "ARCHITECTURE.md:2", "ARCHITECTURE.md:2"]);

    assert_eq!(
        architecture::names_every_crate(&tree(&base)).len(),
        1,
        "the document itself is missing"
    );
}

/// What a package depends on, and the kind of dependency as Cargo writes it: none, `dev` or `build`.
type Edges = Vec<(&'static str, Option<&'static str>)>;

/// The output of `cargo metadata`; packages of ours begin with `lichen` or are `xtask`.
fn metadata(packages: &[(&'static str, Edges)]) -> Value {
    let ours = |name: &str| name.starts_with("lichen") || name == "xtask";
    let described: Vec<Value> = packages
        .iter()
        .map(|(name, dependencies)| {
            let dependencies: Vec<Value> = dependencies
                .iter()
                .map(|(name, kind)| json!({ "name": name, "kind": kind }))
                .collect();
            json!({ "id": format!("id of {name}"), "name": name, "dependencies": dependencies })
        })
        .collect();
    let nodes: Vec<Value> = packages
        .iter()
        .map(|(name, dependencies)| {
            let deps: Vec<Value> = dependencies
                .iter()
                .map(|(name, kind)| json!({ "pkg": format!("id of {name}"), "dep_kinds": [{ "kind": kind }] }))
                .collect();
            json!({ "id": format!("id of {name}"), "deps": deps })
        })
        .collect();
    let members: Vec<String> = packages
        .iter()
        .filter(|(name, _)| ours(name))
        .map(|(name, _)| format!("id of {name}"))
        .collect();
    json!({ "packages": described, "workspace_members": members, "resolve": { "nodes": nodes } })
}

/// A workspace that keeps all rules, with extra dependencies `(of, on, kind)`.
fn graph(extra: &[(&'static str, &'static str, Option<&'static str>)]) -> Graph {
    let base: [(&str, &[&str]); 16] = [
        ("lichen-model", &[]),
        ("lichen-source", &["lichen-model", "gix"]),
        ("lichen-store", &["lichen-model", "duckdb"]),
        ("lichen-index", &["lichen-model", "tantivy"]),
        ("lichen-engine", &["lichen-model", "lichen-source", "lichen-store", "lichen-index"]),
        ("lichen-server", &["lichen-engine", "tokio"]),
        ("lichen", &["lichen-engine", "lichen-server", "anyhow"]),
        ("lichen-testkit", &["lichen-model"]),
        ("xtask", &["anyhow"]),
        ("duckdb", &["libduckdb-sys"]),
        ("libduckdb-sys", &[]),
        ("tantivy", &[]),
        ("gix", &[]),
        ("tokio", &[]),
        ("anyhow", &[]),
        ("reports", &["libduckdb-sys"]),
    ];
    let with_extra = |(name, dependencies): &(&'static str, &[&'static str])| {
        let more = extra.iter().filter(|(of, ..)| of == name).map(|(_, on, kind)| (*on, *kind));
        (*name, dependencies.iter().map(|on| (*on, None)).chain(more).collect())
    };
    let packages: Vec<(&str, Edges)> = base.iter().map(with_extra).collect();
    Graph::parse(&metadata(&packages)).unwrap()
}

#[test]
fn anyhow_stays_at_the_edge() {
    assert_eq!(graph::anyhow_at_the_edge(&graph(&[("lichen-store", "anyhow", Some("dev"))])), []);
    let broken =
        graph(&[("lichen-store", "anyhow", None), ("lichen-index", "anyhow", Some("build"))]);
    assert_eq!(places(&graph::anyhow_at_the_edge(&broken)), ["lichen-index", "lichen-store"]);
}

#[test]
fn crates_depend_downward_only() {
    let dev = Some("dev");
    assert_eq!(
        graph::layers(&graph(&[
            ("lichen-source", "lichen-testkit", dev),
            ("lichen", "lichen-store", dev)
        ])),
        []
    );
    for (of, on, kind) in [
        ("lichen-source", "lichen-store", None),
        ("lichen-model", "lichen-source", None),
        ("lichen-index", "lichen-testkit", None),
        ("lichen", "lichen-store", None),
        ("lichen-store", "lichen-index", dev),
        ("xtask", "lichen-model", None),
    ] {
        assert_eq!(places(&graph::layers(&graph(&[(of, on, kind)]))), [of], "{of} on {on}");
    }
}

#[test]
fn heavy_dependencies_stay_behind_their_walls() {
    let rule = graph::heavy_dependencies_stay_behind_their_crate;
    assert_eq!(rule(&graph(&[])), []);
    for (of, on, kind) in [
        ("lichen-source", "duckdb", None),
        ("lichen-source", "reports", None),
        ("lichen-index", "duckdb", Some("dev")),
        ("xtask", "gix", None),
    ] {
        assert_eq!(places(&rule(&graph(&[(of, on, kind)]))), [of], "{of} on {on}");
    }
    // What a tool is tested with is not compiled for whoever uses the tool.
    let tested = graph(&[
        ("lichen-source", "lichen-testkit", Some("dev")),
        ("lichen-testkit", "duckdb", Some("dev")),
    ]);
    assert_eq!(rule(&tested), []);
    let linked = graph(&[
        ("lichen-source", "lichen-testkit", Some("dev")),
        ("lichen-testkit", "duckdb", None),
    ]);
    assert_eq!(places(&rule(&linked)), ["lichen-source"]);
}

#[test]
fn a_wall_around_nothing_is_a_finding() {
    let mut broken = graph(&[]);
    broken.edges.remove("lichen-store");
    assert_eq!(
        places(&graph::heavy_dependencies_stay_behind_their_crate(&broken)),
        ["lichen-store"]
    );
    broken.members.remove("lichen-source");
    let findings = graph::heavy_dependencies_stay_behind_their_crate(&broken);
    assert!(places(&findings).contains(&"lichen-source"), "{findings:?}");
}
