//! The history of symbols in toy repositories: every way in which code comes to stand where it stands.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use lichen_model::{Oid, RepoPath, SymbolChangeKind};
use lichen_source::history::{History, Lineage};
use lichen_testkit::repo::ToyRepo;

use crate::history_oracle::{check, check_told, extend, lineage, oid, open, read, told};

/// A function that says something of its own, in Python.
fn function(name: &str, noun: &str) -> String {
    format!(
        "def {name}(limit):\n    {noun}_total = 0\n    for {noun} in range(limit):\n        if {noun} % 3 == 0:\n            \
         {noun}_total += weigh_{noun}({noun}, limit)\n    return {noun}_total\n\n\n"
    )
}

/// One that says more than it, at its end.
fn longer(name: &str, noun: &str) -> String {
    let first = function(name, noun);
    format!("{}    log(\"{noun}\")\n\n\n", first.trim_end().to_owned() + "\n")
}

/// The past of what is defined on the line of a file that holds `text`: subjects of commits with what they did.
fn past(repo: &ToyRepo, history: &History, path: &str, text: &str) -> Vec<String> {
    past_at(repo, history, &repo.head(), path, text)
}

fn past_at(repo: &ToyRepo, history: &History, commit: &str, path: &str, text: &str) -> Vec<String> {
    let content = repo.git(&["show", &format!("{commit}:{path}")]);
    let line = content.lines().position(|line| line.contains(text)).expect("the text is there") + 1;
    let line = u32::try_from(line).unwrap();
    let past = history.past(&open(&repo.path), &oid(commit), &RepoPath::from(path), line).unwrap();
    let told = |change: lichen_source::history::PastChange| {
        let subject = repo.git(&["show", "--no-patch", "--format=%s", &change.commit.to_string()]);
        let kinds: Vec<_> = change.kinds.iter().map(SymbolChangeKind::as_str).collect();
        format!("{subject}: {}", kinds.join(" "))
    };
    past.changes.into_iter().map(told).collect()
}

fn toy() -> (tempfile::TempDir, ToyRepo) {
    let folder = tempfile::tempdir().unwrap();
    let repo = ToyRepo::init(folder.path());
    (folder, repo)
}

#[test]
fn a_function_is_changed_documented_reformatted_and_renamed() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.py", &function("sum", "seed"), "first");
    repo.commit_file(
        "a.py",
        &format!("\n\n# moved down\n\n\n{}", function("sum", "seed")),
        "shift",
    );
    repo.commit_file("a.py", &longer("sum", "seed"), "body");
    repo.commit_file(
        "a.py",
        &longer("sum", "seed").replace("sum(limit):\n", "sum(limit, step=1):\n"),
        "signature",
    );
    let documented = longer("sum", "seed")
        .replace("sum(limit):\n", "sum(limit, step=1):\n    \"\"\"Sums up.\"\"\"\n");
    repo.commit_file("a.py", &documented, "doc");
    let formatted = documented.replace("% 3 == 0", "%  3  ==  0");
    repo.commit_file("a.py", &formatted, "format");
    repo.commit_file("a.py", &formatted.replace('\n', "\r\n"), "crlf");
    repo.commit_file(
        "a.py",
        &formatted.replace('\n', "\r\n").replace("def sum", "def total"),
        "rename",
    );
    let (history, whole) = check(&repo);
    let expected = [
        "rename: renamed",
        "format: format",
        "doc: doc",
        "signature: signature",
        "body: body",
        "first: introduced",
    ];
    assert_eq!(past(&repo, &history, "a.py", "def total"), expected);
    assert_eq!(whole.symbols.len(), 1);
    assert_eq!(
        (whole.symbols[0].first.name.as_str(), whole.symbols[0].last.name.as_str()),
        ("sum", "total")
    );
    assert_eq!(whole.versions.len(), 6);
}

#[test]
fn what_moves_between_files_is_followed() {
    let (_folder, mut repo) = toy();
    repo.write("a.py", function("one", "seed") + &function("two", "moss"));
    repo.write("b.py", function("three", "lichen"));
    repo.commit("first");
    // Moved and changed a little.
    repo.write("a.py", function("one", "seed"));
    repo.write("b.py", function("three", "lichen") + &longer("two", "moss"));
    repo.commit("move");
    // The whole file, and a change in it.
    repo.git(&["mv", "b.py", "c.py"]);
    repo.write("c.py", longer("three", "lichen") + &longer("two", "moss"));
    repo.commit("file");
    repo.git(&["mv", "c.py", "C.py"]);
    repo.commit("case");
    let (history, whole) = check(&repo);
    let two =
        ["case: file_moved", "file: file_moved", "move: body file_moved", "first: introduced"];
    assert_eq!(past(&repo, &history, "C.py", "def two"), two);
    let three = ["case: file_moved", "file: body file_moved", "first: introduced"];
    assert_eq!(past(&repo, &history, "C.py", "def three"), three);
    assert_eq!(past(&repo, &history, "a.py", "def one"), ["first: introduced"]);
    assert_eq!(whole.symbols.len(), 3);
}

#[test]
fn copies_and_splits_name_what_they_came_from() {
    let (_folder, mut repo) = toy();
    let inner = "    for grain in range(limit):\n        if grain % 7 == 0:\n            heap.append(weigh(grain, limit))\n    \
                 heap.sort(reverse=True)\n    sieve(heap, coarse=True, rounds=limit)\n";
    let outer = |middle: &str| {
        format!(
            "def outer(limit):\n    heap = []\n    prepare(limit, heap, early=True)\n{middle}    finish(heap, late=True)\n    return heap\n\n\n"
        )
    };
    repo.commit_file("a.py", &(outer(inner) + &function("one", "seed")), "first");
    let split = outer("    fill(limit, heap)\n")
        + &format!("def fill(limit, heap):\n{inner}\n\n")
        + &function("one", "seed");
    repo.commit_file("a.py", &split, "split");
    repo.commit_file("a.py", &(split + &function("other", "seed")), "copy");
    let (history, whole) = check(&repo);
    assert_eq!(past(&repo, &history, "a.py", "def fill"), ["split: introduced split"]);
    assert_eq!(past(&repo, &history, "a.py", "def other"), ["copy: introduced copied"]);
    let place =
        |name: &str| whole.symbols.iter().position(|symbol| symbol.last.name == name).unwrap();
    let before = |name: &str| whole.symbols[place(name)].predecessor.map(|before| before as usize);
    assert_eq!(before("fill"), Some(place("outer")));
    assert_eq!(before("other"), Some(place("one")));
    assert_eq!(before("one"), None);
}

#[test]
fn what_is_deleted_and_comes_back_is_the_same() {
    let (_folder, mut repo) = toy();
    let both = function("one", "seed") + &function("two", "moss");
    repo.commit_file("a.py", &both, "first");
    let deleted = repo.commit_file("a.py", &function("one", "seed"), "delete");
    repo.git(&["revert", "--no-edit", &deleted]);
    repo.tick(60);
    repo.remove("a.py");
    repo.commit("gone");
    let (_, whole) = check(&repo);
    assert_eq!(whole.symbols.len(), 2);
    let two: Vec<_> = whole.versions.iter().filter(|version| version.key.name == "two").collect();
    let spans: Vec<_> = two.iter().map(|version| (version.from, version.to)).collect();
    assert_eq!(spans, [(0, Some(1)), (2, Some(3))]);
    assert_eq!(two[0].symbol, two[1].symbol);
    assert!(whole.symbols.iter().all(|symbol| symbol.deleted == whole.chain.last().cloned()));
}

#[test]
fn a_merge_lands_what_others_made() {
    let (_folder, mut repo) = toy();
    let file = |one: &str, two: &str| format!("{one}{two}");
    repo.commit_file("a.py", &file(&function("one", "seed"), &function("two", "moss")), "first");
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    let side =
        repo.commit_file("a.py", &file(&longer("one", "seed"), &function("two", "moss")), "side");
    repo.commit_file("b.py", &function("three", "lichen"), "side file");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.commit_file("a.py", &file(&function("one", "seed"), &longer("two", "moss")), "main");
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "side"]);
    repo.tick(60);
    let (history, whole) = check(&repo);
    let one = whole
        .versions
        .iter()
        .find(|version| version.key.name == "one" && version.to.is_none())
        .unwrap();
    assert_eq!((one.landed.to_string(), one.origin.to_string()), (repo.head(), side));
    assert_eq!(past(&repo, &history, "a.py", "def one"), ["side: body", "first: introduced"]);
    assert_eq!(past(&repo, &history, "a.py", "def two"), ["main: body", "first: introduced"]);
    assert_eq!(past(&repo, &history, "b.py", "def three"), ["side file: introduced"]);
    assert_eq!(history.changes(&oid(&repo.head())).unwrap(), []);
    // Off the chain, and of a commit that is not known.
    let side = repo.git(&["rev-parse", "side~1"]);
    assert_eq!(
        past_at(&repo, &history, &side, "a.py", "def one"),
        ["side: body", "first: introduced"]
    );
    assert!(history.changes(&Oid(vec![7; 20])).is_none());
}

#[test]
fn an_evil_merge_changes_by_itself() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.py", &function("one", "seed"), "first");
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    repo.commit_file("a.py", &function("one", "seed").replace("% 3", "% 5"), "side");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.commit_file("a.py", &function("one", "seed").replace("% 3", "% 7"), "main");
    repo.git(&["merge", "--quiet", "-s", "ours", "--no-commit", "side"]);
    repo.write("a.py", function("one", "seed").replace("% 3", "% 35"));
    repo.write("new.py", function("two", "moss"));
    repo.commit("merge");
    let (history, whole) = check(&repo);
    let last = whole
        .versions
        .iter()
        .find(|version| version.key.name == "one" && version.to.is_none())
        .unwrap();
    assert_eq!(last.origin.to_string(), repo.head());
    let one = past(&repo, &history, "a.py", "def one");
    assert_eq!(one, ["merge: body", "main: body", "side: body", "first: introduced"]);
    assert_eq!(past(&repo, &history, "new.py", "def two"), ["merge: introduced"]);
    assert_eq!(history.changes(&oid(&repo.head())).unwrap().len(), 2);
}

#[test]
fn an_octopus_and_a_cherry_pick_are_no_changes_of_their_own() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.py", &function("one", "seed"), "first");
    let mut picked = String::new();
    for (branch, noun) in [("left", "moss"), ("right", "lichen")] {
        repo.git(&["checkout", "--quiet", "-b", branch, "main"]);
        picked = repo.commit_file(&format!("{branch}.py"), &function(branch, noun), branch);
    }
    repo.git(&["checkout", "--quiet", "main"]);
    repo.commit_file("a.py", &longer("one", "seed"), "main");
    repo.git(&["cherry-pick", &picked]);
    repo.tick(60);
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "octopus", "left", "right"]);
    repo.tick(60);
    let (history, whole) = check(&repo);
    assert_eq!(past(&repo, &history, "left.py", "def left"), ["left: introduced"]);
    // The pick was there first.
    assert_eq!(past(&repo, &history, "right.py", "def right"), ["right: introduced"]);
    let right = whole.versions.iter().find(|version| version.key.name == "right").unwrap();
    assert_eq!((right.from, &right.origin), (2, &whole.chain[2]));
}

#[test]
fn files_become_folders_links_and_submodules() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.py", &function("one", "seed"), "first");
    repo.remove("a.py");
    repo.commit_file("a.py/b.py", &function("one", "seed"), "folder");
    repo.remove("a.py");
    repo.commit_file("a.py", &function("one", "seed"), "file");
    repo.git(&["update-index", "--chmod=+x", "a.py"]);
    repo.git(&["commit", "--quiet", "-m", "mode"]);
    let (history, _) = check(&repo);
    assert_eq!(
        past(&repo, &history, "a.py", "def one"),
        ["file: file_moved", "folder: file_moved", "first: introduced"]
    );
    let head = repo.head();
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},module.py")]);
    repo.git(&["commit", "--quiet", "-m", "module"]);
    repo.remove("a.py");
    std::os::unix::fs::symlink("target.py", repo.path.join("a.py")).unwrap();
    repo.git(&["add", "a.py"]);
    repo.git(&["commit", "--quiet", "-m", "link"]);
    let (_, whole) = check(&repo);
    assert!(whole.symbols.iter().all(|symbol| symbol.deleted.is_some()));
}

#[test]
fn odd_bytes_and_paths_are_taken_as_they_are() {
    let (_folder, mut repo) = toy();
    let utf16 = |text: &str| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xFF, 0xFE].into_iter().chain(units).collect::<Vec<u8>>()
    };
    repo.write("wide.py", utf16(&function("wide", "moss")));
    repo.write(OsStr::from_bytes(b"caf\xe9.py"), function("latin", "seed"));
    repo.write("new\nline \"quoted\".py", function("odd", "lichen"));
    repo.write("deep.py", format!("{}{}", function("before", "fern"), "(".repeat(200_000)));
    repo.write("binary.py", b"def no(): pass\0".as_slice());
    repo.commit("first");
    repo.write("wide.py", utf16(&longer("wide", "moss")));
    repo.git(&["mv", "new\nline \"quoted\".py", "plain.py"]);
    repo.write("deep.py", function("before", "fern"));
    repo.commit("second");
    let (history, whole) = check(&repo);
    assert_eq!(
        past(&repo, &history, "plain.py", "def odd"),
        ["second: file_moved", "first: introduced"]
    );
    let wide: Vec<_> = whole.versions.iter().filter(|version| version.key.name == "wide").collect();
    assert!(wide.len() == 2 && wide[1].kinds.has(SymbolChangeKind::Body));
    let names: Vec<_> = whole.symbols.iter().map(|symbol| symbol.last.name.as_str()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn the_language_goes_by_path_and_text() {
    let (_folder, mut repo) = toy();
    let text = "class Meadow {\n public:\n  int area() { return width * height + border; }\n};\n";
    repo.write("a.h", text);
    repo.write("a.c", text);
    repo.write("tool", "#!/usr/bin/env python3\ndef run(limit):\n    return limit + 1\n");
    repo.commit("first");
    repo.write("tool", "#!/bin/bash\nrun() {\n  echo \"$1\"\n}\n");
    repo.commit("second");
    let (_, whole) = check(&repo);
    let languages: std::collections::BTreeSet<_> = whole
        .versions
        .iter()
        .map(|version| (version.site.path.to_text().into_owned(), version.key.language))
        .collect();
    for expected in [("a.h", "cpp"), ("tool", "python"), ("tool", "bash")] {
        assert!(languages.contains(&(expected.0.to_owned(), expected.1)), "{languages:?}");
    }
}

#[test]
fn history_was_there_before_a_shallow_clone_begins() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.py", &function("one", "seed"), "first");
    repo.commit_file("b.py", &function("two", "moss"), "second");
    repo.commit_file("a.py", &longer("one", "seed"), "third");
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    let url = format!("file://{}", repo.path.display());
    repo.git(&["clone", "--quiet", "--depth=2", &url, clone.to_str().unwrap()]);
    let shallow = ToyRepo::at(&clone);
    let (mut history, whole) = check(&shallow);
    assert_eq!(past(&shallow, &history, "a.py", "def one"), ["third: body", "second: boundary"]);
    assert!(whole.symbols.iter().all(|symbol| symbol.introduced_confidence <= 0.0));
    shallow.git(&["fetch", "--quiet", "--unshallow"]);
    let tip = oid(&shallow.head());
    let mut moving = lineage(&history, &tip);
    extend(&mut history, &open(&shallow.path), std::slice::from_ref(&tip));
    assert_eq!(moving.follow(&history, &tip), Some(0));
    let (_, deepened) = check(&shallow);
    assert_eq!(told(&history, &moving), deepened);
    assert_eq!(past(&shallow, &history, "a.py", "def one"), ["third: body", "first: introduced"]);
}

#[test]
fn a_missing_blob_leaves_symbols_as_they_were() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.py", &(function("one", "seed") + &function("two", "moss")), "first");
    repo.commit_file("a.py", &(longer("one", "seed") + &function("two", "moss")), "lost");
    let lost = repo.git(&["rev-parse", "HEAD:a.py"]);
    repo.git(&["mv", "a.py", "b.py"]);
    repo.commit("moved");
    repo.commit_file("b.py", &(longer("one", "lichen") + &function("two", "moss")), "last");
    repo.lose(&lost);
    let tip = oid(&repo.head());
    let history = read(&repo.path, &tip, 2);
    let whole = told(&history, &lineage(&history, &tip));
    check_told(&whole);
    assert_eq!(whole.symbols.len(), 2);
    let two: Vec<_> = whole.versions.iter().filter(|version| version.key.name == "two").collect();
    let story: Vec<_> =
        two.iter().map(|version| (version.from, version.to, version.score)).collect();
    assert_eq!(story, [(0, Some(2), 1.0), (2, None, 0.5)]);
    let mut back = lineage(&history, &tip);
    for len in (0..4).rev() {
        back.truncate(&history, len);
        let mut again = lineage(&history, &tip);
        again.truncate(&history, len);
        assert_eq!(told(&history, &back), told(&history, &again));
        again.follow(&history, &tip).unwrap();
        assert_eq!(told(&history, &again), whole);
    }
}

#[test]
fn another_branch_takes_the_place_of_a_rewritten_one() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a.py", &function("one", "seed"), "first");
    repo.commit_file("a.py", &longer("one", "seed"), "second");
    repo.commit_file("b.py", &function("two", "moss"), "third");
    let before = oid(&repo.head());
    repo.git(&["reset", "--quiet", "--hard", "HEAD~2"]);
    repo.commit_file("a.py", &(longer("one", "seed") + &function("three", "fern")), "rewritten");
    let after = oid(&repo.head());
    let mut history = read(&repo.path, &before, 2);
    let mut moving = lineage(&history, &before);
    extend(&mut history, &open(&repo.path), std::slice::from_ref(&after));
    assert_eq!(moving.follow(&history, &after), Some(1));
    let (fresh, whole) = check(&repo);
    assert_eq!(told(&history, &moving), whole);
    // What was rewritten can still be asked for.
    assert_eq!(history.changes(&before).unwrap().len(), 1);
    assert!(fresh.changes(&before).is_none());
    assert_eq!(moving.follow(&history, &before), Some(1));
    assert_eq!(told(&history, &moving), told(&history, &lineage(&history, &before)));
    assert_eq!(Lineage::default().follow(&history, &Oid(vec![1; 20])), None);
}

#[test]
fn child_processes_read_what_this_one_reads() {
    let (_folder, mut repo) = toy();
    repo.write("a.py", function("one", "seed"));
    repo.write("tool", "#!/bin/bash\nrun() {\n  echo \"$1\"\n}\n");
    repo.write("data", "neither a script nor text with symbols\n");
    repo.commit("first");
    repo.commit_file("a.py", &longer("one", "seed"), "second");
    let tip = oid(&repo.head());
    let here = read(&repo.path, &tip, 2);
    let mut apart = History::new(2).unwrap();
    let mut pool = crate::symbols::pool(2, lichen_source::symbols::Allowance::default());
    let mut extractor = lichen_source::history::Extractor::Apart(&mut pool);
    let mut told_of = 0;
    let mut count = |_: &RepoPath,
                     _: &lichen_model::BlobKey,
                     _: Option<_>,
                     _: &lichen_model::Extraction| told_of += 1;
    apart
        .extend(&open(&repo.path), std::slice::from_ref(&tip), &mut extractor, &mut count)
        .unwrap();
    assert_eq!(told_of, 4);
    assert_eq!(told(&apart, &lineage(&apart, &tip)), told(&here, &lineage(&here, &tip)));
}
