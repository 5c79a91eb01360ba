//! Filters: each against what the passages are known to be.

use std::collections::BTreeSet;

use lichen_model::{Batch, Owner, PassageKind, StreamKind, Tag, Timestamp};
use lichen_store::{AsOf, Filter, Store};
use tempfile::TempDir;

use crate::sample::{
    START_SECS, batch, commit_id, cut, document, message_id, open, repo, stream, version,
};

fn filled() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path());
    store.append(&batch()).unwrap();
    let first = version("docs/guide.md", None, Some("# Guide\n\nTabs are refused.\n"), 0);
    let second = version("docs/guide.md", Some(first.id), Some("# Guide\n\nTabs are fine.\n"), 500);
    let readme = version("README.md", None, Some("# Toy\n"), 0);
    let gone = version("README.md", Some(readme.id), None, 600);
    store.append(&cut(Batch { versions: vec![second, gone], ..Batch::default() })).unwrap();
    (dir, store)
}

/// The owners of what the filter lets through, by name.
fn owners(store: &Store, filter: &Filter) -> BTreeSet<String> {
    let seqs = store.read().filter(filter).unwrap();
    let entries = store.read().entries(0, 1000).unwrap();
    let name = |owner: Owner| match owner {
        Owner::Commit(id) => {
            (0..4).find(|&n| commit_id(n) == id).map(|n| format!("commit {n}")).unwrap()
        }
        Owner::Message(id) => {
            let known = [("general", 0), ("general", 1), ("ops", 2)];
            known
                .iter()
                .find(|(s, n)| message_id(s, *n) == id)
                .map(|(s, n)| format!("{s} {n}"))
                .unwrap()
        }
        Owner::Version(id) => {
            let view = store.read().version(id).unwrap().unwrap();
            format!("{} {}", view.version.document.path.to_text(), view.ord)
        }
    };
    assert!(seqs.is_sorted());
    seqs.iter().map(|&seq| name(entries[seq as usize].site.owner)).collect()
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(START_SECS + secs)
}

#[test]
fn each_filter_lets_through_what_it_names() {
    let (_dir, store) = filled();
    let none = Filter::default;
    let commits: &[&str] = &["commit 0", "commit 1", "commit 2", "commit 3"];
    let field =
        |field: &str, value: &str| Filter { fields: vec![(field.into(), value.into())], ..none() };
    let path = |path: &str| Filter { path: Some(path.into()), ..none() };
    let as_of = |as_of| Filter {
        as_of: Some(as_of),
        kinds: vec![PassageKind::Doc, PassageKind::Commit],
        ..none()
    };
    let general = &["general 0", "general 1"];
    let docs = ["README.md 0", "docs/guide.md 0", "docs/guide.md 1"];
    let all: Vec<&str> = [commits, general, &["ops 2"], &docs].concat();
    let cases: Vec<(Filter, Vec<&str>)> = vec![
        (none(), all.clone()),
        (Filter { kinds: vec![PassageKind::Commit], ..none() }, commits.to_vec()),
        (
            Filter { kinds: vec![PassageKind::Commit, PassageKind::Doc], ..none() },
            [commits, &docs].concat(),
        ),
        (Filter { kinds: vec![PassageKind::Agent], ..none() }, vec![]),
        (Filter { repo: Some(repo().id), ..none() }, all),
        (path("src/part1.rs"), vec!["commit 1", "general 1"]),
        (path("src"), [commits, &["general 1"]].concat()),
        (path("./src/"), [commits, &["general 1"]].concat()),
        (path("sr"), vec![]),
        (path("*.md"), [commits, &docs].concat()),
        (path("docs/*.md"), [commits, &docs[1..]].concat()),
        (path("*/part[23].rs"), vec!["commit 2", "commit 3"]),
        (path("**/part1.*"), vec!["commit 1", "general 1"]),
        (Filter { stream: Some("ops".into()), ..none() }, vec!["ops 2"]),
        (Filter { stream: Some("#general".into()), ..none() }, general.to_vec()),
        (Filter { stream: Some("o'ps".into()), ..none() }, vec![]),
        (Filter { tags: vec!["parser".into()], ..none() }, vec!["general 0"]),
        (Filter { tags: vec!["parser".into(), "other".into()], ..none() }, vec![]),
        (field("channel", "general"), general.to_vec()),
        (field("labels", "l1"), vec!["general 1"]),
        (field("status", "accepted"), docs.to_vec()),
        (field("stat", "accepted"), vec![]),
        (field("a.b\"c'd", "e'f"), vec![]),
        (
            Filter { since: Some(at(120)), ..none() },
            vec!["commit 2", "commit 3", "docs/guide.md 1"],
        ),
        (
            Filter { until: Some(at(10)), ..none() },
            vec!["commit 0", "general 0", "README.md 0", "docs/guide.md 0"],
        ),
        (Filter { since: Some(at(10)), until: Some(at(20)), ..none() }, vec!["general 1"]),
        (
            Filter { since: Some(Timestamp(-5)), until: Some(at(10)), ..none() },
            vec!["commit 0", "general 0", "README.md 0", "docs/guide.md 0"],
        ),
        (as_of(AsOf::Time(at(60))), vec!["commit 0", "commit 1", "README.md 0", "docs/guide.md 0"]),
        (as_of(AsOf::Time(at(550))), [commits, &["README.md 0", "docs/guide.md 1"]].concat()),
        (as_of(AsOf::Time(at(600))), [commits, &["docs/guide.md 1"]].concat()),
        (
            as_of(AsOf::Commit(commit_id(1))),
            vec!["commit 0", "commit 1", "README.md 0", "docs/guide.md 0"],
        ),
    ];
    for (filter, expected) in cases {
        let expected: BTreeSet<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(owners(&store, &filter), expected, "{filter:?}");
    }
}

#[test]
fn superseded_passages_are_those_of_old_and_gone_versions() {
    let (_dir, store) = filled();
    let superseded: BTreeSet<u32> =
        store.read().superseded_passages().unwrap().into_iter().collect();
    let old = Filter { until: Some(at(400)), kinds: vec![PassageKind::Doc], ..Filter::default() };
    assert_eq!(superseded, store.read().filter(&old).unwrap().into_iter().collect());
    assert!(!superseded.is_empty());
}

#[test]
fn labels_of_streams_and_documents_reach_their_passages() {
    let (_dir, mut store) = filled();
    let tag = |thing| Tag { thing, name: "team".into() };
    let tags = vec![
        tag(stream("ops", StreamKind::Chat).id.any()),
        tag(document("docs/guide.md").id.any()),
        tag(commit_id(2).any()),
    ];
    assert_eq!(store.append(&Batch { tags, ..Batch::default() }).unwrap().tags, 3);
    let filter = Filter { tags: vec!["team".into()], ..Filter::default() };
    let expected = ["ops 2", "docs/guide.md 0", "docs/guide.md 1", "commit 2"].map(str::to_owned);
    assert_eq!(owners(&store, &filter), expected.into());
}

#[test]
fn a_pattern_that_cannot_be_read_is_refused() {
    let (_dir, store) = filled();
    let error =
        store.read().filter(&Filter { path: Some("a[".into()), ..Filter::default() }).unwrap_err();
    assert!(error.is_user(), "{error}");
}
