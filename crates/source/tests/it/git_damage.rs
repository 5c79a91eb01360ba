//! Repositories with missing and broken objects: the rest is read.

use lichen_model::Batch;
use lichen_source::git::Repository;
use lichen_testkit::repo::ToyRepo;

use crate::git_oracle::{check_batch, read};

fn toy() -> (tempfile::TempDir, ToyRepo) {
    let folder = tempfile::tempdir().unwrap();
    let repo = ToyRepo::init(&folder.path().join("toy"));
    (folder, repo)
}

fn problems(batch: &Batch) -> Vec<String> {
    batch.problems.iter().map(ToString::to_string).collect()
}

fn messages(batch: &Batch) -> Vec<&str> {
    batch.commits.iter().map(|commit| commit.message.trim_end()).collect()
}

#[test]
fn a_missing_tree_leaves_changes_unknown() {
    let (_folder, mut repo) = toy();
    repo.commit_file("dir/a", "1", "one");
    repo.commit_file("dir/a", "2", "two");
    repo.commit_file("b", "3", "three");
    let lost = repo.git(&["rev-parse", "HEAD^:dir"]);
    repo.lose(&lost);
    let batch = read(&repo.path);
    check_batch(&batch);
    assert_eq!(messages(&batch), ["one", "two", "three"]);
    let known: Vec<_> = batch.commits.iter().map(|commit| commit.changes.is_some()).collect();
    assert_eq!(known, [true, false, true], "the third does not open the folder");
    let found = problems(&batch);
    assert!(found.len() == 1 && found[0].contains(&format!("tree {lost} is missing")), "{found:?}");
}

#[test]
fn a_missing_blob_is_never_looked_at() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    repo.commit_file("a", "2", "two");
    repo.lose(&repo.git(&["rev-parse", "HEAD:a"]));
    let batch = read(&repo.path);
    assert!(
        batch.problems.is_empty() && batch.commits.iter().all(|commit| commit.changes.is_some())
    );
}

#[test]
fn a_partial_clone() {
    let (folder, mut repo) = toy();
    for at in 0..4 {
        repo.commit_file("dir/a", &at.to_string(), &format!("commit {at}"));
    }
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", repo.path.display());
    repo.git(&["clone", "--quiet", "--bare", "--filter=tree:0", &url, "../partial"]);
    let batch = read(&folder.path().join("partial"));
    assert_eq!(batch.commits.len(), 4);
    assert!(batch.commits.iter().all(|commit| commit.changes.is_none()));
    assert_eq!(batch.problems.len(), 4);
}

#[test]
fn a_missing_commit_ends_history_there() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    let lost = repo.commit_file("a", "2", "two");
    repo.commit_file("a", "3", "three");
    repo.commit_file("a", "4", "four");
    repo.lose(&lost);
    let batch = read(&repo.path);
    assert_eq!(messages(&batch), ["three", "four"]);
    assert!(batch.commits[0].changes.is_none() && batch.commits[1].changes.is_some());
    let found = problems(&batch);
    assert!(
        found.iter().any(|text| text.contains(&format!("commit {lost}: is missing"))),
        "{found:?}"
    );
}

#[test]
fn broken_commits_are_skipped_and_told() {
    let (_folder, mut repo) = toy();
    let good = repo.commit_file("a", "1", "one");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let who = "A <a@example.com> 1600000500 +0000";
    for (at, content) in [
        "no headers at all".to_owned(),
        format!("tree {tree}\nparent nonsense\nauthor {who}\ncommitter {who}\n\nbad parent\n"),
        format!("parent {good}\nauthor {who}\ncommitter {who}\n\nno tree\n"),
        String::new(),
    ]
    .into_iter()
    .enumerate()
    {
        let oid = repo.object("commit", content.as_bytes());
        fs_err::write(repo.path.join(format!(".git/refs/heads/broken-{at}")), format!("{oid}\n"))
            .unwrap();
    }
    let batch = read(&repo.path);
    assert_eq!(messages(&batch), ["one"]);
    assert_eq!(batch.problems.len(), 4, "{:?}", problems(&batch));
}

#[test]
fn odd_commits_are_kept() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let cases = [
        (
            "author A <a@b> 99999999999999999999 +0000",
            "the author has a time out of range; clamped",
        ),
        ("author A <a@b> -5 +0000", "the author has a time out of range; clamped"),
        ("author A <a@b> 1600000000 +9999", "the author has no valid time zone; taken as UTC"),
        ("author A <a@b>", "the author has no time; taken as 1970"),
        ("author A 1600000000 +0000", "the author has no address"),
        ("author", "the author is missing"),
    ];
    for (at, (author, _)) in cases.iter().enumerate() {
        let content = format!(
            "tree {tree}\n{author}\ncommitter C <c@d> {} +0000\n\ncase {at}\n",
            1_700_000_000 + at
        );
        let oid = repo.object("commit", content.as_bytes());
        fs_err::write(repo.path.join(format!(".git/refs/heads/odd-{at}")), format!("{oid}\n"))
            .unwrap();
    }
    let batch = read(&repo.path);
    check_batch(&batch);
    assert_eq!(batch.commits.len(), 1 + cases.len());
    let mut found = problems(&batch);
    found.sort();
    let mut expected: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(at, (_, what))| {
            let commit = batch
                .commits
                .iter()
                .find(|commit| commit.message == format!("case {at}\n"))
                .unwrap();
            format!(".: commit {}: {what}", commit.oid)
        })
        .collect();
    expected.sort();
    assert_eq!(found, expected);
    let late = batch.commits.iter().find(|commit| commit.message == "case 0\n").unwrap();
    assert_eq!(late.authored.at.millis(), 253_402_300_799_000);
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let mut content = format!(
        "tree {tree}\nauthor A <a@b> 1600000500 +0000\ncommitter A <a@b> 1600000500 +0000\n\n"
    );
    content.push_str("caf");
    let mut content = content.into_bytes();
    content.extend_from_slice(b"\xe9\n");
    let oid = repo.object("commit", &content);
    repo.git(&["update-ref", "refs/heads/latin", &oid]);
    let batch = read(&repo.path);
    assert_eq!(messages(&batch), ["one", "caf\u{fffd}"]);
    assert_eq!(batch.problems.len(), 1);
}

#[test]
fn broken_refs_are_told() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    let heads = repo.path.join(".git/refs/heads");
    fs_err::write(heads.join("garbage"), "this is no ref\n").unwrap();
    fs_err::write(heads.join("missing"), format!("{}\n", "ab".repeat(20))).unwrap();
    repo.git(&["symbolic-ref", "refs/heads/dangling", "refs/heads/nowhere"]);
    repo.git(&["symbolic-ref", "refs/heads/loop-a", "refs/heads/loop-b"]);
    repo.git(&["symbolic-ref", "refs/heads/loop-b", "refs/heads/loop-a"]);
    let batch = read(&repo.path);
    assert_eq!(messages(&batch), ["one"]);
    let target = |name: &str| {
        let state =
            batch.refs.iter().find(|state| state.reference.name == format!("refs/heads/{name}"));
        state.map(|state| state.target.is_some())
    };
    assert_eq!(target("main"), Some(true));
    assert_eq!(target("missing"), Some(false));
    assert_eq!(target("dangling"), Some(false));
    assert_eq!(target("loop-a"), Some(false));
    assert_eq!(batch.problems.len(), 2, "{:?}", problems(&batch));
}

#[test]
fn a_damaged_pack_loses_only_what_it_held() {
    let (_folder, mut repo) = toy();
    repo.commit_file("a", "1", "one");
    repo.git(&["repack", "-a", "-d", "-q"]);
    repo.commit_file("a", "2", "two");
    let packs = std::fs::read_dir(repo.path.join(".git/objects/pack")).unwrap();
    let pack = packs
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|name| name == "pack"));
    let pack = pack.unwrap();
    let mut bytes = fs_err::read(&pack).unwrap();
    let len = bytes.len();
    bytes[12..len - 20].fill(0xff);
    std::fs::remove_file(&pack).unwrap();
    fs_err::write(&pack, bytes).unwrap();
    let batch = read(&repo.path);
    assert_eq!(messages(&batch), ["two"]);
    assert!(!batch.problems.is_empty());
}

#[test]
fn a_folder_that_only_looks_like_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    assert!(Repository::open(folder.path(), ".").is_err());
}
